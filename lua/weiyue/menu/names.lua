-- Names of menu buttons: what WeChat takes, and what its app shows of them.

local core = require "weiyue_core"

local M = {}

-- Bytes that WeChat takes, and columns that are shown before "…": a Chinese character has two.
local TOP <const> = { bytes = 16, columns = 8 }
local SUB <const> = { bytes = 60, columns = 16 }

-- Ranges of characters that are two columns wide.
local WIDE <const> = {
  { 0x1100, 0x115F }, { 0x2E80, 0x303E }, { 0x3041, 0xA4CF }, { 0xAC00, 0xD7A3 }, { 0xF900, 0xFAFF },
  { 0xFE30, 0xFE6F }, { 0xFF00, 0xFF60 }, { 0xFFE0, 0xFFE6 }, { 0x1F300, 0x1FAFF }, { 0x20000, 0x3FFFD },
}

local function width(code)
  for _, range in ipairs(WIDE) do
    if code < range[1] then return 1 end
    if code <= range[2] then return 2 end
  end
  return 1
end

--- How many columns a text takes.
---@param text string valid UTF-8
---@return integer
function M.columns(text)
  local n = 0
  for _, code in utf8.codes(text) do n = n + width(code) end
  return n
end

--- What is wrong with a button's name.
---@param name any
---@param path string
---@param is_sub boolean
---@param add fun(level: string, path: string, zh: string, en: string)
function M.check(name, path, is_sub, add)
  local limit = is_sub and SUB or TOP
  if name == nil then return add("error", path, "按钮要有名字", "a button has a name") end
  if type(name) ~= "string" then return add("error", path, "名字是文字", "a name is a text") end
  if not core.text.valid(name) then return add("error", path, "不是 UTF-8", "is no UTF-8") end
  if not name:find "%S" then return add("error", path, "名字是空的", "is empty") end
  if name:find "%c" then return add("error", path, "名字里有控制字符", "has control characters") end
  if #name > limit.bytes then
    return add("error", path, ("%d 字节，最多 %d 字节"):format(#name, limit.bytes),
      ("has %d bytes; at most %d"):format(#name, limit.bytes))
  end
  local columns = M.columns(name)
  if columns > limit.columns then
    add("warning", path, ("显示时会被截断：最多 %d 个汉字的宽度"):format(limit.columns // 2),
      ("is cut where it is shown: %d columns, at most %d"):format(columns, limit.columns))
  end
end

return M
