-- Plain Lua without WeChat, so that a spec can test it alone. 与微信无关的纯 Lua，测试起来最简单
local M = {}

local PRICES <const> = { { "绿茶", 12 }, { "红茶", 15 }, { "咖啡", 20 } }

-- One line, or nil when we do not have it. 没有这种饮料时返回 nil
function M.line(name)
  for _, row in ipairs(PRICES) do
    if row[1] == name then return ("%s %d 元"):format(row[1], row[2]) end
  end
end

function M.list()
  local lines = {}
  for i, row in ipairs(PRICES) do lines[i] = M.line(row[1]) end
  return table.concat(lines, "\n")
end

return M
