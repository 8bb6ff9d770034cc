-- A browser as far as logins need one: curl, with a jar of cookies that keeps to their rules.
--
--   local b = require("spec.support.browser").new("http://127.0.0.1:8080")
--   local response = b:get "/me"         -- { status, headers, body }; nothing is followed
--   b:close()

local program = require "spec.support.program"

local M = {}

---@class spec.Browser
---@field origin string
---@field jar string
local Browser = {}
Browser.__index = Browser

local function read(text)
  local head, body = text:match "^(.-)\r\n\r\n(.*)$"
  local response = { status = tonumber(head:match "^HTTP/%S+ (%d+)"), headers = {}, cookies = {}, body = body }
  for name, value in head:gmatch "\n([^:\r\n]+): *([^\r\n]*)" do
    name = name:lower()
    response.headers[name] = value
    if name == "set-cookie" then response.cookies[#response.cookies + 1] = value end
  end
  return response
end

-- The command of a request.
local function command(self, target, arguments)
  local url = target:find "^https?://" and target or self.origin .. target
  arguments = arguments or ""
  if not arguments:find "Accept:" then arguments = arguments .. " -H 'Accept: text/html'" end
  return ("curl -s -i -m 20 -b %s -c %s %s %s"):format(program.quote(self.jar), program.quote(self.jar), arguments,
    program.quote(url))
end

--- One request.
---@param target string a path, or a whole address
---@param arguments? string further ones of curl
function Browser:get(target, arguments)
  local pipe = assert(io.popen(command(self, target, arguments)))
  local text = pipe:read "a"
  pipe:close()
  return read(text)
end

function Browser:post(target, arguments) return self:get(target, "-X POST " .. (arguments or "")) end

--- The same request n times at a time; what they set is not kept.
function Browser:together(target, n)
  local folder, parts, list = program.folder(), {}, {}
  for i = 1, n do
    parts[i] = ("%s >%s/%d &"):format(command(self, target, ""):gsub(" %-c %S+", ""), folder, i)
  end
  os.execute(("( %s wait )"):format(table.concat(parts, " ")))
  for i = 1, n do list[i] = read(assert(program.read(folder .. "/" .. i))) end
  program.remove(folder)
  return list
end

function Browser:close() os.remove(self.jar) end

---@param origin string
---@return spec.Browser
function M.new(origin) return setmetatable({ origin = origin, jar = os.tmpname() }, Browser) end

return M
