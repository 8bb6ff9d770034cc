-- Templates to Lua: {{ expression }} escaped, {{{ expression }}} as it is, {% if … %} {% for … %} {% else %} {% end %}
-- and any other statement, {# left out #}, {% include "name" %}. Lines of the code are lines of the template, so that
-- an error tells where it is.

local M = {}

local find, sub, gsub = string.find, string.sub, string.gsub

local ESCAPED <const> = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&#34;", ["'"] = "&#39;" }

--- A value as HTML text, also in a quoted attribute. nil is nothing.
---@param value any
---@return string
function M.escape(value)
  if value == nil then return "" end
  if type(value) ~= "string" then value = tostring(value) end
  if not find(value, "[&<>\"']") then return value end
  return (gsub(value, "[&<>\"']", ESCAPED))
end

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

local WANTS <const> = { ["if"] = "then", ["elseif"] = "then", ["for"] = "do", ["while"] = "do" }

-- A statement as Lua: `then` and `do` may be left out.
local function statement(code)
  local word = code:match "^%s*(%a+)"
  local name = word == "include" and code:match "^%s*include%s*%(?%s*([\"'][^\"'\n]+[\"'])%s*%)?%s*$"
  if name then return ("__n=__i(%s,__o,__n,_ENV)"):format(name) end
  local want = WANTS[word]
  if want and not find(code, "%f[%w_]" .. want .. "%s*$") then return code .. " " .. want end
  return code
end

local function line_of(text, at)
  local n = 1
  for _ in sub(text, 1, at - 1):gmatch "\n" do n = n + 1 end
  return n
end

--- The Lua text of a template, or nil, the line and what is wrong.
---@param text string
---@return string? code
---@return integer? line
---@return string? why
function M.translate(text)
  local code, at = { "local __o,__n,__e,__i,_ENV=... " }, 1
  local line = 1 -- where a line begins, as far as that is known
  local function add(piece) code[#code + 1] = piece end
  local function literal(piece)
    if piece ~= "" then add(("__n=__n+1;__o[__n]=%q "):format(piece)) end
  end
  while true do
    local from, open = next_tag(text, at)
    if not from then break end
    local close = CLOSING[open]
    local inside = from + #open
    local to = find(text, close, inside, true)
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
    if open == "{{" then add(("__n=__n+1;__o[__n]=__e((%s)) "):format(body))
    elseif open == "{{{" then add(("__n=__n+1;__o[__n]=__e((%s),true) "):format(body))
    elseif open == "{%" then add(statement(body) .. " ")
    else add(newlines(body)) end
    add(alone)
    at = after
  end
  literal(sub(text, at))
  add "return __n"
  return table.concat(code)
end

local function write(value, raw)
  if not raw then return M.escape(value) end
  return value == nil and "" or tostring(value)
end

--- The function of a template: f(out, n, include, env) → n. Raises "path:line: …" where the template is wrong.
---@param text string
---@param path string
---@return fun(out: string[], n: integer, include: function, env: table): integer
function M.compile(text, path)
  local code, line, why = M.translate(text)
  if not code then error(("%s:%d: %s"):format(path, line, why), 0) end
  local chunk, err = load(code, "@" .. path, "t", {})
  if not chunk then error(err, 0) end
  return function(out, n, include, env) return chunk(out, n, write, include, env) end
end

return M
