-- Templates to Lua: {{ expression }} escaped, {{{ expression }}} as it is, {% if … %} {% for … %} {% else %} {% end %}
-- and any other statement, {# left out #}, {% include "name", { more values } %}. Lines of the code are lines of the
-- template, so that an error tells where it is.

local M = {}

local find, sub, gsub = string.find, string.sub, string.gsub
local write <const> = require "weiyue_core".html.write

local CLOSING <const> = { ["{{{"] = "}}}", ["{{"] = "}}", ["{%"] = "%}", ["{#"] = "#}" }

-- The next tag from `at`: where it begins, its opening.
local function next_tag(text, at)
  local from = find(text, "{[{%%#]", at)
  if not from then return nil end
  local open = sub(text, from, from + 2)
  if open ~= "{{{" then open = sub(text, from, from + 1) end
  return from, open
end

local function newlines(text) return (gsub(text, "[^\n]+", "")) end

local MOST <const> = 16 -- pieces that one call writes

local WANTS <const> = { ["if"] = "then", ["elseif"] = "then", ["for"] = "do", ["while"] = "do" }

-- A statement as Lua: `then` and `do` may be left out.
local function statement(code)
  local word = code:match "^%s*(%a+)"
  if word == "include" then
    local given = code:match "^%s*include%s*%((.*)%)%s*$" or code:match "^%s*include(.*)$"
    local name, values = given:match "^%s*([\"'][^\"'\n]+[\"'])%s*,?(.*)$"
    if name and not find(values, "%S") then return ("__i(%s,__o,_ENV)"):format(name) .. newlines(code) end
    if name then return ("__i(%s,__o,__e(_ENV,%s))"):format(name, values) end
  end
  local want = WANTS[word]
  local is_whole = want and (find(code, "%f[%w_]" .. want .. "%s*$")
    or find(code, "%f[%w_]" .. want .. "%f[^%w_].*%f[%w_]end%s*$"))
  return want and not is_whole and code .. " " .. want or code
end

-- Where what begins at `at`, a text or a long bracket, ends.
local function end_of_text(code, at)
  local level = code:match("^%[(=*)%[", at)
  if level then
    local _, last = find(code, "]" .. level .. "]", at, true)
    return last or #code
  end
  local quote, i = sub(code, at, at), at
  repeat
    i = find(code, "[\\" .. quote .. "]", i + 1)
    if not i then return #code end
    local ends = sub(code, i, i) == quote
    if not ends then i = i + 1 end
  until ends
  return i
end

-- Where a tag whose code begins at `at` is closed: what stands in a text of the code closes nothing.
local function end_of_tag(text, at, close)
  local first = find(text, close, at, true)
  local to = first
  while to and close ~= "#}" do
    local from = find(text, "[\"'%[%-]", at)
    if not from or from > to then return to end
    local is_comment = find(text, "^%-%-", from) ~= nil
    local opens = is_comment and from + 2 or from
    if find(text, "^%[=*%[", opens) or (not is_comment and find(text, "^[\"']", from)) then
      at = end_of_text(text, opens) + 1
      if not find(text, "^%[", opens) and find(sub(text, from, at - 1), "\n", 1, true) then return first end
    elseif is_comment then
      at = find(text, "\n", from, true) or to + 1
      if at > to then return to end
    else
      at = from + 1
    end
    to = find(text, close, at, true)
  end
  return first
end

-- Without the comment that it ends with, which would take what stands behind the tag with it.
local function uncommented(code)
  if not find(code, "--", 1, true) then return code end
  local at = 1
  while true do
    local from = find(code, "[\"'%[%-]", at)
    if not from then return code end
    if find(code, "^%-%-", from) and not find(code, "^%[=*%[", from + 2) then
      local line_end = find(code, "\n", from, true)
      if not line_end then return sub(code, 1, from - 1) end
      at = line_end
    elseif find(code, "^[\"']", from) or find(code, "^%[=*%[", from) then
      at = end_of_text(code, from) + 1
    else
      at = from + 1
    end
  end
end

local function line_of(text, at)
  local n = 1
  for _ in sub(text, 1, at - 1):gmatch "\n" do n = n + 1 end
  return n
end

--- The Lua text of a template and what it includes, or nil, the line and what is wrong.
---@param text string
---@return string? code
---@return integer|{ name: string, line: integer }[] line
---@return string? why
function M.translate(text)
  local code, at, includes = {}, 1, {}
  local line = 1 -- where a line begins, as far as that is known
  local pieces, has_values = {}, false -- of the next call of write: HTML and values by turns
  local above = "" -- line ends before its values
  local function flush()
    if #pieces > 0 then code[#code + 1] = (";__w%s(__o,%s) "):format(above, table.concat(pieces, ",")) end
    pieces, has_values, above = {}, false, ""
  end
  local function add(piece)
    if piece == "" then return end
    flush()
    code[#code + 1] = piece
  end
  local function html(piece)
    if #pieces >= MOST then flush() end
    if #pieces % 2 == 1 then pieces[#pieces + 1] = "nil" end
    pieces[#pieces + 1] = piece
  end
  -- Its line ends stand outside of the text: a call is where its "(" is, and so are the values that it writes.
  local function literal(piece)
    if piece == "" then return end
    local lines = newlines(piece)
    html((("%q"):format(piece):gsub("\\\n", "\\n")))
    if has_values then add(lines) else above = above .. lines end
  end
  -- What a call changes is not to show in the values before it.
  local function value(expression, raw)
    if has_values and (expression:find "[%({\"']" or expression:find "%[=*%[") then flush() end
    if raw then
      html(("__r((%s))"):format(expression))
    else
      if #pieces % 2 == 0 then html '""' end
      pieces[#pieces + 1] = "(" .. expression .. ")"
    end
    has_values = true
  end
  while true do
    local from, open = next_tag(text, at)
    if not from then break end
    local close = CLOSING[open]
    local inside = from + #open
    local to = end_of_tag(text, inside, close)
    if not to then return nil, line_of(text, from), ("%s without %s"):format(open, close) end
    local before, body, after = sub(text, at, from - 1), sub(text, inside, to - 1), to + #close
    local alone = ""
    if open == "{%" or open == "{#" then -- a tag that has a line for itself leaves none
      local blank = before:match "\n[ \t]*$" or (at == line and before:match "^[ \t]*$")
      local rest = text:match("^[ \t]*\r?\n", after)
      if blank and rest then
        before = before:gsub("[ \t]*$", "")
        after, alone = after + #rest, "\n"
        line = after
      end
    end
    literal(before)
    if open == "{{" then value(uncommented(body))
    elseif open == "{{{" then value(uncommented(body), true)
    elseif open == "{%" then
      local name = body:match "^%s*include%s*%(?%s*[\"']([^\"'\n]+)[\"']"
      if name then includes[#includes + 1] = { name = name, line = line_of(text, from) } end
      add(statement(uncommented(body)) .. " ")
    else add(newlines(body)) end
    add(alone)
    at = after
  end
  literal(sub(text, at))
  flush()
  return table.concat(code), includes
end

local function raw(value) return value == nil and "" or tostring(value) end

-- What an included template sees: the values that it is given, before those of who includes it.
local function with(env, values)
  if type(values) ~= "table" then error("include: { name = value } is what it is given", 2) end
  local own = {}
  for name, value in next, values do own[name] = value end
  return setmetatable(own, { __index = env, __newindex = env })
end

local HEAD <const> = "return function(__w,__r,__e,__o,__i,_ENV) "

--- The function of a template: f(writer, include, env) writes it. Raises "path:line: …" where the template is wrong.
---@param text string
---@param path string
---@return fun(writer: userdata, include: function, env: table)
---@return { name: string, line: integer }[] includes
function M.compile(text, path)
  local code, line, why = M.translate(text)
  if not code then error(("%s:%d: %s"):format(path, line, why), 0) end
  local includes = line
  local ok, err = load(code, "@" .. path, "t", {}) -- by itself: its faults are not to be told as those of HEAD
  if not ok then error(err, 0) end
  local made
  made, err = load(HEAD .. code .. "\nend", "@" .. path, "t", {})
  if not made then error(err, 0) end
  local run = made()
  return function(writer, include, env) return run(write, raw, with, writer, include, env) end, includes
end

return M
