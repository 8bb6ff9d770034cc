-- For whom a conditional menu is: its matchrule.

local nearest = require "weiyue.nearest"

local M = {}

local PLATFORMS <const> = { ios = "1", android = "2", others = "3" }

local LANGUAGES <const> = {}
for name in ("zh_CN zh_TW zh_HK en id ms es ko it ja pl pt ru th vi ar hi he tr de fr"):gmatch "%S+" do
  LANGUAGES[name] = true
end
M.LANGUAGES = LANGUAGES -- that WeChat has

-- WeChat has given these up: a rule of them alone is an empty one.
local RETIRED <const> = { sex = true, country = true, province = true, city = true, group_id = true }

local read = {}

function read.tag_id(value)
  local number = math.tointeger(tonumber(value))
  if number and number >= 0 then return ("%d"):format(number) end
  return nil, "标签的编号", "is the number of a tag"
end

function read.client_platform_type(value)
  local text = PLATFORMS[value] or tostring(math.tointeger(tonumber(value)) or value)
  if text == "1" or text == "2" or text == "3" then return text end
  return nil, '"ios"、"android" 或 "others"（1、2、3）', 'is "ios", "android" or "others" (1, 2, 3)'
end

function read.language(value)
  if LANGUAGES[value] then return value end
  local near = type(value) == "string" and nearest.slip(value, nearest.names(LANGUAGES))
  return nil, "没有这种语言" .. (near and "；最接近的是 " .. near or "，例如 zh_CN"),
    "is no language of WeChat's" .. (near and "; the nearest is " .. near or ", such as zh_CN")
end

--- A rule in WeChat's form.
---@param rule any
---@param add fun(level: string, path: string, zh: string, en: string)
---@return table rule
function M.read(rule, add)
  local out, is_told = {}, false
  if type(rule) ~= "table" then
    add("error", "matchrule", "是一个表，例如 { tag_id = 2 }", "is a table, such as { tag_id = 2 }")
    return out
  end
  local function wrong(path, zh, en)
    is_told = true
    add("error", path, zh, en)
  end
  for key, value in pairs(rule) do
    local path = "matchrule." .. tostring(key)
    if RETIRED[key] then
      add("error", path, "微信已不支持这个条件", "WeChat has given this condition up")
    elseif not read[key] then
      local near = type(key) == "string" and nearest.slip(key, nearest.names(read))
      wrong(path, "没有这个条件" .. (near and "；最接近的是 " .. near or ""),
        "no such condition" .. (near and "; the nearest is " .. near or ""))
    elseif value ~= "" then
      local text, zh, en = read[key](value)
      if text then out[key] = text else wrong(path, zh, en) end
    end
  end
  if next(out) == nil and not is_told then
    add("error", "matchrule", "条件不能全空：写 tag_id、client_platform_type、language 至少一个",
      "is empty: at least one of tag_id, client_platform_type, language")
  end
  return out
end

return M
