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

-- The place of a key in the source. Best effort: a table put together by code is found by its key's
-- first assignment, or not at all.

-- Looks through the fields of a table constructor (from … to in the source, behind its opening brace)
-- for a name or a position; returns where the field starts and, if its value is a table, its inside.
local function child(source, from, to, want)
  local position = 0
  while true do
    local start = source:match("^%s*()", from)
    local stop, depth = start, 0
    while true do
      stop = source:find("[,;{}()%[%]]", stop) or to + 1
      local char = source:sub(stop, stop)
      if stop > to or depth == 0 and char:find("[,;})%]]") then break end
      if char:find("[{(%[]") then depth = depth + 1 elseif char:find("[})%]]") then depth = depth - 1 end
      stop = stop + 1
    end
    -- a text is blank: what stands between two commas may well be one
    if stop == start and not (stop <= to and source:find("^[,;]", stop)) then return nil end
    local name, value = source:match("^([%a_][%w_]*)%s*=%s*()", start)
    if not name then
      position = position + 1
      value = start
    end
    if (name or position) == want then
      if source:sub(value, value) == "{" then return start, value + 1, stop - 1 end
      return start
    end
    if stop > to or not source:find("^[,;]", stop) then return nil end
    from = stop + 1
  end
end

---The line of a key path such as accounts[2].token; that of the table it is missing from when it is
---not there.
---@param text string
---@param source string  the same, bare
---@param key string
---@return integer?
function M.locate(text, source, key)
  local last = source:match("^.*()%f[%w_]return%s*{")
  local from = last and source:match("^return%s*{()", last)
  local to, found, rest = #source, nil, key
  while from and rest ~= "" do
    local segment, after = rest:match("^%.?([%a_][%w_]*)()")
    if not segment then
      segment, after = rest:match("^%[(%d+)%]()")
      segment = math.tointeger(tonumber(segment))
    end
    local start, inner, upto
    if segment then start, inner, upto = child(source, from, to, segment) end
    if not start then return found and M.line_of(text, found) end
    found, rest, from, to = start, rest:sub(after), inner, upto
  end
  if rest ~= "" then -- the table is no constructor at that place
    local name = key:match("([%a_][%w_]*)$")
    found = name and source:match("%f[%w_]()" .. name .. "%s*=[^=]") or found
  end
  return found and M.line_of(text, found)
end

return M
