-- Finds the full-width punctuation that a Chinese input method leaves in code, where Lua only says
-- "unexpected symbol near '<\226>'".

local source = require "weiyue.config.source"

local M = {}

-- Full-width to half-width. The quotes also close a string that began with a half-width one.
local QUOTES <const> = { ["“"] = '"', ["”"] = '"', ["＂"] = '"', ["‘"] = "'", ["’"] = "'", ["＇"] = "'" }
local OTHERS <const> = {
  ["（"] = "(", ["）"] = ")", ["，"] = ",", ["、"] = ",", ["；"] = ";", ["｛"] = "{", ["｝"] = "}",
  ["＝"] = "=", ["："] = ":", ["。"] = ".", ["．"] = ".", ["［"] = "[", ["］"] = "]", ["【"] = "[", ["】"] = "]",
}
local BLANKS <const> = { ["\u{3000}"] = true, ["\u{a0}"] = true }

-- The first character from `from` on that one of these tables has; its place.
local function first(text, from, ...)
  for at, char in text:gmatch("()(" .. utf8.charpattern .. ")", from) do
    if #char > 1 then
      for _, known in ipairs { ... } do
        if known[char] then return char, at end
      end
    end
  end
  return nil
end

---What is likely wrong with a source that does not compile: its first full-width character outside
---strings and comments, or a string closed by a full-width quote.
---@param text string    the whole source
---@param line? integer  where Lua stopped: what stands behind that line is not to blame
---@return string? zh    nil: nothing of the kind
---@return string? en
function M.hint(text, line)
  if type(text) ~= "string" then error("hint takes the source", 2) end
  local bare, open_from, open_to = source.bare(text)
  local char, at = first(bare, 1, QUOTES, OTHERS, BLANKS)
  if open_from and not (at and at < open_from) then
    char, at = first(text:sub(1, open_to), open_from, QUOTES)
  end
  local number = at and source.line_of(text, at)
  if not number or line and number > line then return nil end
  if BLANKS[char] then
    return ("第 %d 行有全角空格，请改成半角空格"):format(number),
      ("line %d has a full-width blank: write a plain one"):format(number)
  end
  local plain = QUOTES[char] or OTHERS[char]
  return ("第 %d 行有全角标点 %s，请改成半角 %s"):format(number, char, plain),
    ("line %d has the full-width %s: write %s"):format(number, char, plain)
end

return M
