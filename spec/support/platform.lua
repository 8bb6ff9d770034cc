-- The fake WeChat for specs in stock Lua: a world whose clock is moved, and calls of its API as a client makes them. Each
-- event that it pushes is held against spec/facts/messages.tsv.

local api = require "weiyue.sandbox.api"
local catalogue = require "weiyue.api.catalogue"
local facts = require "spec.support.facts"
local json = require "weiyue.json"
local request = require "weiyue.api.request"
local worlds = require "weiyue.sandbox.world"

local M = {}

M.APPID, M.OTHER, M.COMPONENT = "wxtest0000000000001", "wxtest0000000000002", "wxtest0000000000003"
local SECRET <const> = "wxtestsecret"
local START <const> = 1788000000

-- The fields of an event, as its row of messages.tsv names them: name → fields of an object | true.
local function fields_of(text)
  local map = {}
  text = text:gsub("%b()", "")
  for name, inner in (text .. ","):gmatch "([%a_][%w_]*)[^,{]*(%b{})" do
    map[name] = fields_of((inner:sub(2, -2):gsub("^[^{]*|", "")))
  end
  for name in text:gsub("%b{}", ""):gmatch "[%a_][%w_]*" do map[name] = map[name] or true end
  return map
end

local rows
local function row_of(message)
  if not rows then
    rows = {}
    for _, row in ipairs(facts.rows "messages.tsv") do
      if row.event ~= "-" then rows[row.event] = row end
    end
  end
  return rows[message.InfoType or message.Event]
end

local HEAD <const> = { MsgType = true, Event = true, InfoType = true, FromUserName = true, ToUserName = true, CreateTime = true }

local function stray(message, fields, path)
  for name, value in pairs(message) do
    if type(name) == "string" and not (path == "" and HEAD[name]) then
      if not fields[name] then return path .. name end
      if type(value) == "table" and type(fields[name]) == "table" then
        for _, one in ipairs(#value > 0 and value or { value }) do
          local bad = type(one) == "table" and stray(one, fields[name], path .. name .. ".")
          if bad then return bad end
        end
      end
    end
  end
end

-- What the row says must be there: names without "?".
local function missing(message, text)
  for name, mark in text:gsub("%b()", ""):gsub("%b{}", ""):gmatch "([%a_][%w_]*)[%[%]]*(%??)" do
    if mark == "" and message[name] == nil then return name end
  end
end

--- Fails unless the table names this event, with all of its fields and no others.
function M.check_event(message)
  local row = row_of(message)
  assert(row, "messages.tsv has no " .. tostring(message.InfoType or message.Event))
  local text = row.fields
  if text:find "^same as" then text = row_of { InfoType = text:match "same as ([%w_]+)" }.fields end
  if text:find "^%(" then text = "" end
  local bad = stray(message, fields_of(text), "")
  assert(not bad, ("%s has no field %s"):format(row.event, tostring(bad)))
  bad = missing(message, text)
  assert(not bad, ("%s lacks %s"):format(row.event, tostring(bad)))
end

---@class spec.Platform
---@field world table
---@field clock number
local Platform = {}
Platform.__index = Platform

local function form(parts)
  local out = {}
  for _, part in ipairs(parts) do
    local head = ('--spec\r\nContent-Disposition: form-data; name="%s"'):format(part.name)
    if part.data then
      head = head .. ('; filename="%s"\r\nContent-Type: %s'):format(part.filename, part.type or "application/octet-stream")
    end
    out[#out + 1] = ("%s\r\n\r\n%s\r\n"):format(head, part.data or part.value)
  end
  return table.concat(out) .. "--spec--\r\n"
end

local function unescape(text)
  return (text:gsub("+", " "):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

--- The token of an account.
function Platform:token(appid)
  local token = self.tokens[appid]
  if not token or token.ends <= self.clock then
    local kind = appid == M.COMPONENT and "component_access_token" or "access_token"
    token = self.world.tokens:issue(kind, appid)
    self.tokens[appid] = token
  end
  return token.value
end

--- Sends a call; gives what WeChat answers.
---@param key string FAMILY.NAME
---@param args? table
---@param appid? string whose call it is
---@return table reply
function Platform:call(key, args, appid)
  local row = assert(catalogue.find(key))
  appid = appid or (row.auth == "component_access_token" and M.COMPONENT or M.APPID)
  local sent = assert(request.build(row, args or {}, { appid = appid, secret = SECRET, token = row.token and self:token(appid),
    component_appid = M.COMPONENT, component_secret = SECRET, component_verify_ticket = self.ticket }))
  local path, query = sent.url:match "^https://[^/]+([^?#]*)%??([^#]*)", {}
  for name, value in (sent.url:match "%?([^#]*)" or ""):gmatch "([^&=]+)=([^&]*)" do query[unescape(name)] = unescape(value) end
  local headers, body = { ["content-type"] = "application/json" }, sent.body
  if sent.multipart then headers["content-type"], body = "multipart/form-data; boundary=spec", form(sent.multipart) end
  local response = api.handle(self.world, { method = sent.method, path = path, query = query, headers = headers, body = body })
  assert(response.headers["x-weiyue-sandbox"] ~= "stateless", key .. " is stateless")
  return assert(json.decode(response.body))
end

--- The same, which must succeed.
function Platform:ok(key, args, appid)
  local reply = self:call(key, args, appid)
  assert((reply.errcode or 0) == 0, ("%s: %s"):format(key, reply.errmsg))
  return reply
end

--- The errcode of a call.
function Platform:errcode(key, args, appid) return self:call(key, args, appid).errcode or 0 end

--- What is at an address that WeChat gave.
---@return { status: integer, headers: table, body: string }
function Platform:file(url)
  local path, query = url:match "^http://[^/]+([^?]*)%??(.*)"
  return api.handle(self.world, { method = "GET", path = path, query = { ticket = query:match "^ticket=(.*)" } })
end

--- Lets time pass, and gives what is pushed meanwhile.
---@param seconds? number
---@return table[] messages
function Platform:pushed(seconds)
  self.clock = self.clock + (seconds or 0)
  local list = {}
  for i, one in ipairs(self.world:due()) do
    M.check_event(one.message)
    one.message.to = nil
    list[i] = one.message
  end
  return list
end

--- A material of the account.
---@return string media_id
function Platform:picture()
  return self:ok("material.add", { type = "image", media = { data = "\xFF\xD8\xFFpicture", filename = "a.jpg" } }).media_id
end

function Platform:user(nickname, appid) return self.world:new_user(appid or M.APPID, { nickname = nickname }).openid end

---@return spec.Platform
function M.new()
  local self = setmetatable({ clock = START, tokens = {}, seed = 1 }, Platform)
  self.world = worlds.new {
    now = function() return self.clock end,
    random = function(n)
      local bytes = {}
      for i = 1, n do
        self.seed = (self.seed * 1103515245 + 12345) % 2147483648
        bytes[i] = string.char(self.seed >> 16 & 0xFF)
      end
      return table.concat(bytes)
    end,
    accounts = {
      { appid = M.APPID, secret = SECRET, kind = "service", verified = true, can = { cards = true } },
      { appid = M.OTHER, secret = SECRET, kind = "service", verified = true, can = { cards = true } },
      { appid = M.COMPONENT, secret = SECRET, kind = "component" },
    },
  }
  return self
end

return M
