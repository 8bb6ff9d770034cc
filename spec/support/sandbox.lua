-- `weiyue sandbox` as a child process, with what its chat page asks.

local json = require "weiyue.json"
local serve = require "spec.support.serve"
local socket = require "socket"
local url = require "weiyue.url"

local M = {}

---@class spec.Sandbox
---@field server spec.Server
---@field accounts table[] of /-/state
---@field users table[]
local Sandbox = {}
Sandbox.__index = Sandbox

--- One with these files; its configuration is weiyue.lua among them.
---@param files table<string, string>
---@param options? table of serve.start
function M.start(files, options)
  local copy = { verb = "sandbox" }
  for key, value in pairs(options or {}) do copy[key] = value end
  local sandbox = setmetatable({ server = serve.start(files, copy) }, Sandbox)
  local state = sandbox:get "/-/state"
  sandbox.accounts, sandbox.users = state.accounts, state.users
  sandbox.appid, sandbox.openid = state.accounts[1].appid, state.users[1].openid
  return sandbox
end

function Sandbox:stop() self.server:stop() end

--- A response, with its body decoded where it is JSON.
function Sandbox:ask(r)
  r.host = r.host or "127.0.0.1:" .. self.server.port
  local response = self.server:request(r)
  if (response.headers["content-type"] or ""):find "json" then response.json = json.decode(response.body) end
  return response
end

function Sandbox:get(target)
  local response = self:ask { method = "GET", target = target }
  assert(response.status == 200, target .. " " .. response.status .. " " .. response.body)
  return response.json or response.body
end

--- A POST of JSON; what it answers, and its status.
function Sandbox:post(target, body, headers)
  local response = self:ask { target = target, body = json.encode(body),
    headers = "Content-Type: application/json\r\n" .. (headers or "") }
  return response.json, response.status
end

--- As the first user, to the first account.
function Sandbox:does(what, body)
  local all = { appid = self.appid, openid = self.openid }
  for key, value in pairs(body or {}) do all[key] = value end
  local answer, status = self:post("/-/" .. what, all)
  assert(status == 200, what .. " " .. status .. " " .. tostring(answer and answer.message))
  return answer
end

function Sandbox:history()
  return self:get(("/-/history?appid=%s&openid=%s"):format(self.appid, self.openid))
end

--- Waits until the chat has an item that this is true of.
function Sandbox:item(what, is_it)
  local found
  serve.eventually(what, function()
    for _, item in ipairs(self:history()) do
      if is_it(item) then found = item end
    end
    if not found then socket.sleep(0.02) end
    return found
  end)
  return found
end

--- Sends a text; the account's next item.
function Sandbox:says(text)
  local before = #self:history()
  self:does("send", { type = "text", text = text })
  return self:item("an answer to " .. text, function(item) return item.id > before and item.from ~= "user" and item end)
end

-- The stream of events

local Events = {}
Events.__index = Events

--- What happens from now on. last: the number of an event, to go on behind it.
function Sandbox:events(last)
  local connection = assert(self.server:open())
  connection:send(serve.request { method = "GET", target = "/-/events", host = "127.0.0.1:" .. self.server.port,
    headers = last and ("Last-Event-ID: %d\r\n"):format(last) or "" })
  local status = assert(connection.socket:receive "*l")
  assert(status:find "200", status)
  repeat local line = assert(connection.socket:receive "*l") until line == ""
  return setmetatable({ connection = connection }, Events)
end

local PATIENCE <const> = 30 -- seconds: the stream's own beats keep it from ending before

--- The next event of a kind that this is true of: its data, its number.
function Events:next(kind, is_it)
  local event, ends = {}, socket.gettime() + PATIENCE
  while true do
    if socket.gettime() > ends then error(("no event %s in %d seconds"):format(kind, PATIENCE), 2) end
    local line, err = self.connection.socket:receive "*l"
    if not line then error(("no event %s: %s"):format(kind, err), 2) end
    line = line:gsub("\r$", "")
    local name, value = line:match "^(%a+): (.*)$"
    if name then event[name] = value end
    if line == "" and event.event then
      local data = json.decode(event.data)
      if event.event == kind and (not is_it or is_it(data)) then return data, tonumber(event.id) end
      event = {}
    end
  end
end

function Events:close() self.connection:close() end

--- The parameters of an address.
function M.query(address)
  local query = {}
  for name, value in (address:match "%?([^#]*)" or ""):gmatch "([^&=]+)=([^&]*)" do
    query[name] = url.unescape((value:gsub("%+", " ")))
  end
  return query
end

return M
