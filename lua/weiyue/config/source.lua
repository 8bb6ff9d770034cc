-- Lua source seen without what stands in its comments and strings.

local M = {}

-- Where a short string ends whose quote stands at `from`; nil and the end of its line: it is not closed.
local function string_end(text, from)
  local quote, at = text:sub(from, from), from + 1
  while true do
    local stop = text:find("[\\\r\n" .. quote .. "]", at)
    local char = stop and text:sub(stop, stop)
    if char == quote then return stop end
    if char ~= "\\" then return nil, (stop or #text + 1) - 1 end
    if text:sub(stop + 1, stop + 1) == "z" then
      at = text:match("^%s*()", stop + 2)
    else
      at = stop + (text:find("^\r\n", stop + 1) and 3 or 2)
    end
  end
end

---The source with comments and the inside of strings blanked; every byte keeps its place.
---@param text string
---@return string
---@return integer? from  the first string that is not closed: where it opens and where its line ends
---@return integer? to
function M.bare(text)
  local out, at = {}, 1
  local open_from, open_to
  local function keep(upto)
    out[#out + 1] = text:sub(at, upto)
    at = upto + 1
  end
  local function blank(upto)
    out[#out + 1] = text:sub(at, upto):gsub("[^\n]", " ")
    at = upto + 1
  end
  while true do
    local from = text:find("[-\"'%[]", at)
    if not from then break end
    keep(from - 1)
    local comment = text:match("^%-%-()", from)
    local level = text:match("^%[(=*)%[", comment or from)
    local char = text:sub(from, from)
    if level then
      local _, close = text:find("]" .. level .. "]", from, true)
      blank(close or #text)
    elseif comment then
      blank((text:find("\n", from, true) or #text + 1) - 1)
    elseif char == '"' or char == "'" then
      local close, stop = string_end(text, from)
      if not (close or open_from) then open_from, open_to = from, stop end
      blank(close or stop)
    else
      keep(from)
    end
  end
  keep(#text)
  return table.concat(out), open_from, open_to
end

---The line of a byte.
---@param text string
---@param position integer
---@return integer
function M.line_of(text, position)
  local _, newlines = text:sub(1, position - 1):gsub("\n", "")
  return newlines + 1
end

return M
