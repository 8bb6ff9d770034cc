-- app.http: who answers the HTTP calls of plugins. WeChat's are answered by the fake WeChat, all others by stubs; a
-- call without a stub fails the spec.

local core = require "weiyue_core"
local library = require "weiyue.sandbox.library"
local say = require "weiyue.testing.say"
local web = require "weiyue.testing.web"
local wechat = require "weiyue.sandbox.api"

local M = {}

local REPLY <const> = {
  json = true, body = true, status = true, headers = true, after = true, times = true, fault = true,
}
local FAULTS <const> = {
  timeout = true, connect = true, resolve = true, tls = true, aborted = true, protocol = true, denied = true,
  large = true, busy = true,
}

---@class weiyue.testing.Http
---@field package list table[] the stubs, the newest first
---@field package seen table[] requests
local Http = {}

local function glob(pattern)
  return "^" .. pattern:gsub("[%^%$%(%)%%%.%[%]%+%-%?]", "%%%0"):gsub("%*", ".*") .. "$"
end

local function check_reply(reply)
  say.check_keys("app.http:on", reply, REPLY)
  if reply.fault ~= nil then say.check_keys("fault", { [tostring(reply.fault)] = true }, FAULTS) end
  if reply.headers ~= nil then say.check_type("headers", reply.headers, "table") end
  local _, err
  if reply.json ~= nil then _, err = core.json.encode(reply.json) end
  if err then say.raise("json 写不出来：%s", "json cannot be encoded: %s", tostring(err)) end
end

--- Answers calls from now on; the newest stub that fits counts.
---@param method string "GET", "*" for any
---@param pattern string of the URL, with *; without a ? it fits whatever the query is
---@param reply table|fun(request: table): table|string
function Http:on(method, pattern, reply)
  if type(method) ~= "string" or type(pattern) ~= "string" then
    say.raise("写成 app.http:on(\"GET\", \"http://erp/*\", { json = {} })",
      "write app.http:on(\"GET\", \"http://erp/*\", { json = {} })")
  end
  local meta = type(reply) == "table" and getmetatable(reply)
  if meta and meta.__call then -- such as spy.new of busted
    local called = reply
    reply = function(request) return called(request) end
  end
  if type(reply) == "table" then
    check_reply(reply)
  elseif type(reply) ~= "function" then
    say.raise("app.http:on 的第三个参数是表或函数", "the third argument of app.http:on is a table or a function")
  end
  local stub = { method = method:upper(), pattern = pattern, glob = glob(pattern), reply = reply, count = 0,
    left = type(reply) == "table" and reply.times or nil }
  if stub.left ~= 0 then table.insert(self.list, 1, stub) end
  return stub
end

local function fits(one, request)
  if one.method ~= "*" and one.method ~= request.method then return false end
  if request.url:find(one.glob) then return true end
  return not one.pattern:find("?", 1, true) and request.url:match "^[^?]*":find(one.glob) ~= nil
end

--- The calls that there were, oldest first: { method, url, query, headers, body, json, at }.
---@param method? string
---@param pattern? string
function Http:calls(method, pattern)
  local one, list = { method = (method or "*"):upper(), pattern = pattern or "*", glob = glob(pattern or "*") }, {}
  for _, request in ipairs(self.seen) do
    if fits(one, request) then list[#list + 1] = request end
  end
  return list
end

--- How many there were.
function Http:count(method, pattern) return #self:calls(method, pattern) end

-- Requests ---------------------------------------------------------------------------------------------------------

local Request = { __index = function(request, key)
  local value
  if key == "json" then value = core.json.decode(request.body)
  elseif key == "form" then value = core.form.decode(request.body)
  elseif key == "query" then value = web.query(request.url)
  elseif key == "path" then value = web.split(request.url).path
  else return nil end
  rawset(request, key, value)
  return value
end }

local function request_of(call)
  return setmetatable({ method = call.method, url = call.url, headers = web.headers(call.head), body = call.body,
    at = call.at ~= "" and call.at or nil }, Request)
end

-- Answers ----------------------------------------------------------------------------------------------------------

-- { status, headers, body } | nil, fault, detail; and the seconds that it takes.
local function of_stub(stub, request)
  local reply = stub.reply
  if type(reply) == "function" then reply = reply(request) end
  if type(reply) == "string" then reply = { body = reply } end
  if reply == nil then reply = {} end
  if type(reply) ~= "table" then
    say.raise("%s 的桩返回了 %s，应为表或文字", "the stub of %s returned a %s: a table or a text is wanted",
      stub.pattern, type(reply))
  end
  if reply ~= stub.reply then check_reply(reply) end
  local after = reply.after and say.seconds(reply.after) or 0
  if reply.fault then return nil, "http." .. reply.fault, "", after end
  local headers, body = {}, reply.body or ""
  for name, value in pairs(reply.headers or {}) do headers[name:lower()] = value end
  if reply.json ~= nil then
    body = assert(core.json.encode(reply.json))
    headers["content-type"] = headers["content-type"] or "application/json"
  end
  return { status = reply.status or 200, headers = headers, body = tostring(body) }, nil, nil, after
end

local function is_wechat(self, host, url)
  if host:find "%.weixin%.qq%.com$" then return true end
  for _, base in ipairs(self.app.bases) do
    if url:sub(1, #base) == base then return true end
  end
  return false
end

local function of_wechat(self, request)
  local parts = web.split(request.url)
  local file = library.file(self.app.world, parts.path)
  if file then return { status = 200, headers = { ["content-type"] = file.type }, body = file.data }, nil, nil, 0 end
  local response = wechat.handle(self.app.world, {
    method = request.method, host = parts.host, path = parts.path, query = web.query(request.url),
    headers = request.headers, body = request.body,
  })
  if response.drop then return nil, "http.aborted", "", response.delay or 0 end
  return response, nil, nil, response.delay or 0
end

local function unstubbed(self, request)
  local base = request.url:match "^[^?]*"
  local text = say.tr("%s%s %s 没有桩：app.http:on(\"%s\", \"%s\", { json = {} })",
    "%s%s %s has no stub: app.http:on(\"%s\", \"%s\", { json = {} })"):format(
    request.at and request.at .. ": " or "", request.method, request.url, request.method, base)
  local faults = self.app.faults
  faults[#faults + 1] = text
  return nil, "http.connect", "no stub", 0
end

local function answer(self, request)
  for i, stub in ipairs(self.list) do
    if fits(stub, request) then
      stub.count = stub.count + 1
      if stub.left then
        stub.left = stub.left - 1
        if stub.left <= 0 then table.remove(self.list, i) end
      end
      return of_stub(stub, request)
    end
  end
  if is_wechat(self, web.split(request.url).host, request.url) then return of_wechat(self, request) end
  return unstubbed(self, request)
end

local REDIRECT <const> = { [301] = true, [302] = true, [303] = true, [307] = true, [308] = true }

-- Answers one call of the host's; redirects are followed as the host's client would.
function Http:_take(call)
  local request, took, hops = request_of(call), 0, 0
  while true do
    self.seen[#self.seen + 1] = request
    local response, fault, detail, after = answer(self, request)
    took = took + (after or 0)
    local timeout = call.timeout
    if fault == "http.timeout" and took == 0 then took = timeout or 10 end
    if timeout and (took > timeout or fault == "http.timeout") then
      return self.app.host:answer(call.id, nil, "http.timeout", "", math.min(took, timeout))
    end
    if not response then return self.app.host:answer(call.id, nil, fault, detail, took) end
    local location = REDIRECT[response.status] and response.headers.location
    if not location or (call.redirects or 0) == 0 then
      return self.app.host:answer(call.id, response.status, web.head(response.headers), response.body, took,
        hops > 0 and request.url or nil)
    end
    local to = web.resolve(request.url, location)
    if not to:lower():find "^https?://" then return self.app.host:answer(call.id, nil, "http.denied", "", took) end
    hops = hops + 1
    if hops > call.redirects then return self.app.host:answer(call.id, nil, "http.redirects", "", took) end
    local keeps = response.status == 307 or response.status == 308
    request = setmetatable({ method = keeps and request.method or "GET", url = to,
      headers = request.headers, body = keeps and request.body or "", at = request.at }, Request)
  end
end

local class = say.class("app.http", Http)

function M.new(app) return setmetatable({ app = app, list = {}, seen = {} }, class) end

return M
