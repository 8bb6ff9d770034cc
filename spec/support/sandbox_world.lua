-- A world of the sandbox with a clock that stands still, and calls to its API as a client would make them: built from
-- the row, sent as bytes, read back.

local api = require "weiyue.sandbox.api"
local catalogue = require "weiyue.api.catalogue"
local form = require "weiyue.form"
local reply = require "weiyue.api.reply"
local request = require "weiyue.api.request"
local world = require "weiyue.sandbox.world"

local M = {}

M.APPID, M.SECRET = "wxtest0123456789ab", "wxtest-secret"
M.COMPONENT, M.COMPONENT_SECRET = "wxtestcomponent", "wxtest-component-secret"
M.OPENID = "oTestUser0000000000000000001"
M.START = 1767225600 -- 2026-01-01 00:00 UTC

local EVERYTHING <const> = {}
for _, row in ipairs(require("weiyue.capabilities").rows) do EVERYTHING[row[1]] = true end

local function multipart(parts)
  local boundary, out = "wxtestboundary", {}
  for _, part in ipairs(parts) do
    out[#out + 1] = ('--%s\r\nContent-Disposition: form-data; name="%s"'):format(boundary, part.name)
    if part.filename then out[#out + 1] = ('; filename="%s"\r\nContent-Type: %s'):format(part.filename, part.type) end
    out[#out + 1] = "\r\n\r\n" .. (part.data or part.value) .. "\r\n"
  end
  out[#out + 1] = ("--%s--\r\n"):format(boundary)
  return table.concat(out), "multipart/form-data; boundary=" .. boundary
end

---@class spec.Sandbox
---@field world weiyue.sandbox.World
---@field account table
---@field time number
local Sandbox = {}
Sandbox.__index = Sandbox

--- What is sent for a request of lua/weiyue/api/request.lua.
function Sandbox.wire(made)
  local path, query = made.url:match "^%a+://[^/]+([^?#]*)%??([^#]*)"
  local headers = {}
  for name, value in pairs(made.headers or {}) do headers[name:lower()] = value end
  local body = made.body
  if made.multipart then body, headers["content-type"] = multipart(made.multipart) end
  return { method = made.method, path = path, query = assert(form.parse(query)), headers = headers, body = body }
end

--- A token that is good, whatever time it is.
function Sandbox:token(row)
  local is_component = row.auth == "component_access_token"
  return self.world.tokens:issue(row.token and row.auth or "access_token", is_component and M.COMPONENT or M.APPID).value
end

--- Sends a request as it is.
function Sandbox:send(wire) return api.handle(self.world, wire) end

--- The bytes of a call.
function Sandbox:request(key, args, more)
  local row = assert(catalogue.find(key), key)
  local ctx = {
    base = "http://127.0.0.1:9000", hosts = { ["mp.weixin.qq.com"] = "http://127.0.0.1:9000" }, appid = M.APPID,
    secret = M.SECRET, component_appid = M.COMPONENT, component_secret = M.COMPONENT_SECRET,
    component_verify_ticket = self.verify_ticket or "ticket@@@wxtest", token = row.token and self:token(row) or nil,
  }
  for name, value in pairs(more or {}) do ctx[name] = value end
  local made, err = request.build(row, args or {}, ctx)
  if not made then error(tostring(err), 2) end
  return self.wire(made), row
end

--- Calls an endpoint: what a plugin would get.
---@return table? reply, table? err
function Sandbox:call(key, args, more)
  local wire, row = self:request(key, args, more)
  self.response = self:send(wire)
  return reply.read(row, self.response)
end

--- The errcode of a call that must fail.
function Sandbox:code(key, args, more)
  local ok, err = self:call(key, args, more)
  if ok then error(key .. " did not fail", 2) end
  return err.code
end

--- The errcode of a call whose body the program would not build.
function Sandbox:raw(key, body, query)
  local row = assert(catalogue.find(key), key)
  local all = { [row.token or "-"] = row.token and self:token(row) or nil }
  for name, value in pairs(query or {}) do all[name] = value end
  self.response = self:send { method = row.method, path = row.path, query = all, headers = {}, body = body }
  local ok, err = reply.read(row, self.response)
  return ok and 0 or err.code
end

--- Moves the clock.
function Sandbox:advance(seconds) self.time = self.time + seconds end

--- The pushes that are due after some seconds.
---@return table[] messages
function Sandbox:pushed(after)
  self:advance(after or 0)
  local list = {}
  for i, one in ipairs(self.world:due()) do list[i] = one.message end
  return list
end

Sandbox.OPENID, Sandbox.COMPONENT = M.OPENID, M.COMPONENT

function Sandbox:user(options) return self.world:new_user(M.APPID, options) end

function Sandbox:received(openid) return self.world:received(M.APPID, openid or M.OPENID) end

---@param own? table of the account
---@return spec.Sandbox
function M.new(own)
  local self = setmetatable({ time = M.START }, Sandbox)
  local account = { id = "demo", appid = M.APPID, secret = M.SECRET, token = "wxtesttoken", can = EVERYTHING }
  for key, value in pairs(own or {}) do account[key] = value end
  self.world = world.new {
    now = function() return self.time end,
    accounts = { account, { appid = M.COMPONENT, secret = M.COMPONENT_SECRET, kind = "component" } },
  }
  self.account = self.world:account(M.APPID)
  self.world:new_user(M.APPID, { openid = M.OPENID, nickname = "小微" })
  return self
end

return M
