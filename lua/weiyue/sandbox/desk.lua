-- What the chat page asks under /-/: JSON, and the stream of what happens.

local consents = require "weiyue.sandbox.consents"
local core = require "weiyue_core"
local exchanges = require "weiyue.sandbox.exchange"
local faults = require "weiyue.sandbox.faults"
local levers = require "weiyue.sandbox.levers"
local library = require "weiyue.sandbox.library"
local phone = require "weiyue.sandbox.phone"
local scene = require "weiyue.sandbox.scene"

local json = core.json

local M = {}

M.COOKIE = "weiyue_phone" -- who is using it

local YEAR <const> = 366 * 86400

-- --- answers ---

local function refused(wx, status, fault)
  return wx.response { status = status, body = {
    error = fault.code, message = fault.zh .. " / " .. fault.en, zh = fault.zh, en = fault.en,
  } }
end

local UNKNOWN <const> = { code = "unknown", zh = "没有这个公众号或用户", en = "there is no such account or user" }
local MALFORMED <const> = { code = "malformed", zh = "请求不对", en = "the request is malformed" }

-- A handler of a POST with the account and the user that its body names.
local function of_user(wx, runtime, handler)
  return function(req)
    local body = req.json
    if type(body) ~= "table" then return refused(wx, 400, MALFORMED) end
    local account = type(body.appid) == "string" and runtime.world:account(body.appid)
    local user = account and type(body.openid) == "string" and account.users[body.openid]
    if not user then return refused(wx, 404, UNKNOWN) end
    local result, fault = handler(account, user, body)
    if not result then return refused(wx, 400, fault) end
    return result == true and { ok = true } or result
  end
end

local function of_body(wx, handler)
  return function(req)
    local body = req.json
    if type(body) ~= "table" then return refused(wx, 400, MALFORMED) end
    local result, fault = handler(body, req)
    if not result then return refused(wx, 400, fault) end
    return result == true and { ok = true } or result
  end
end

-- --- faults ---

local FAULTS <const> = {
  errcode = "integer", status = "integer", delay = "number", drop = "boolean", garbage = "boolean", lost = "boolean",
  times = "integer",
}

local function has_type(value, want)
  if want == "integer" then return math.type(value) == "integer" end
  return type(value) == want
end

local function read_fault(body)
  if type(body.pattern) ~= "string" or not body.pattern:find "^[%w_.*]+$" then return nil end
  local how = {}
  for key, want in pairs(FAULTS) do
    if body[key] ~= nil then
      if not has_type(body[key], want) then return nil end
      how[key] = body[key]
    end
  end
  if how.status and (how.status < 200 or how.status > 599) then return nil end
  if how.delay and (how.delay < 0 or how.delay > 120) then return nil end
  if how.times ~= 0 and not faults.is_any(how) then return nil end -- 0: it ends
  return how
end

local function set_fault(runtime, body)
  local how = read_fault(body)
  if not how then
    return nil, { code = "fault", zh = "故障写得不对",
      en = "this is no fault: { pattern, errcode | status | delay | drop | garbage | lost, times }" }
  end
  if how.times == 0 then runtime.world:heal(body.pattern) else runtime.world:fail(body.pattern, how) end
  runtime.live:tell("fault", { faults = runtime:faults_view() })
  return { faults = runtime:faults_view() }
end

-- --- pushes ---

-- What a push is recognised and addressed by.
local TEXTS <const> = { "MsgType", "Event", "InfoType", "FromUserName", "ToUserName", "AppId" }
local NUMBERS <const> = { "CreateTime", "MsgId" }

local function push_fault(name)
  return { code = "push", zh = ("推送的 %s 不对"):format(name), en = ("the push has no good %s"):format(name) }
end

-- What WeChat could push to this account; nil and the reason.
local function read_push(account, user, message)
  if type(message) ~= "table" then return nil, push_fault "message" end
  for _, name in ipairs(TEXTS) do
    if message[name] ~= nil and type(message[name]) ~= "string" then return nil, push_fault(name) end
  end
  for _, name in ipairs(NUMBERS) do
    if message[name] ~= nil and not tonumber(message[name]) then return nil, push_fault(name) end
  end
  if message.InfoType then -- a notice, to third-party platforms alone
    if account.kind ~= "component" then return nil, push_fault "InfoType" end
  elseif not message.MsgType then
    return nil, push_fault "MsgType"
  else
    message.FromUserName = message.FromUserName or user.openid
  end
  return message
end

-- --- the routes ---

-- Whoever opens the page later sees what was there before.
local function greet(runtime, out)
  for _, one in ipairs(runtime.exchanges:list()) do
    if not out:event { event = "exchange", data = exchanges.view(one) } then return false end
  end
  for _, one in ipairs(runtime.logs:list()) do
    if not out:event { event = "log", data = one } then return false end
  end
  return true
end

local function seconds(value) return type(value) == "number" and value >= 0 and value <= YEAR and value or nil end

--- Adds the routes.
function M.routes(wx, runtime)
  local world = runtime.world

  wx.route("GET", "/-/state", function(req)
    local users = json.array {}
    for i, user in ipairs(runtime.users) do users[i] = runtime:user_view(user) end
    local language = (req:header "accept-language" or "zh"):lower()
    return {
      accounts = runtime:accounts_view(req.query.openid), users = users, now = runtime:now(),
      faults = runtime:faults_view(), lang = language:find "^zh" and "zh" or "en",
    }
  end)

  wx.route("GET", "/-/history", function(req)
    local account = world:account(req.query.appid or "")
    if not account or not account.users[req.query.openid or ""] then return refused(wx, 404, UNKNOWN) end
    return runtime:chat(account.appid, req.query.openid)
  end)

  wx.route("GET", "/-/events", function(req)
    local after = math.tointeger(tonumber(req:header "last-event-id" or req.query.after or ""))
    return wx.response { headers = { ["content-type"] = "text/event-stream" }, stream = function(out)
      if after or greet(runtime, out) then runtime.live:stream(out, after) end
    end }
  end)

  wx.route("GET", "/-/media", function(req)
    local account = world:account(req.query.appid or "")
    local item = account and library.find(world, account, req.query.media_id or "")
    if not (item and item.data) then return refused(wx, 404, UNKNOWN) end
    local kind = require("weiyue.sandbox.files").TYPES[item.ending or ""] or "application/octet-stream"
    return wx.response {
      headers = { ["content-type"] = kind, ["content-security-policy"] = "sandbox" }, body = item.data,
    }
  end)

  wx.route("POST", "/-/send", of_user(wx, runtime, function(account, user, body)
    return phone.send(runtime, account, user, body)
  end))

  wx.route("POST", "/-/click", of_user(wx, runtime, function(account, user, body)
    return phone.press(runtime, account, user, body.button)
  end))

  wx.route("POST", "/-/scan", of_user(wx, runtime, function(account, user, body)
    local result, fault = phone.scan(runtime, account, user, body)
    runtime:tell_user(user.openid)
    return result, fault
  end))

  wx.route("POST", "/-/follow", of_user(wx, runtime, function(account, user)
    scene.follow(world, account.appid, user.openid)
    runtime:tell_user(user.openid)
    return true
  end))

  wx.route("POST", "/-/unfollow", of_user(wx, runtime, function(account, user)
    scene.unfollow(world, account.appid, user.openid)
    runtime:tell_user(user.openid)
    return true
  end))

  -- Whatever WeChat may push, for who wants to see what becomes of it.
  wx.route("POST", "/-/push", of_user(wx, runtime, function(account, user, body)
    local message, fault = read_push(account, user, body.message)
    if not message then return nil, fault end
    consents.note(world, account.appid, message)
    runtime:emit(account.appid, message)
    return true
  end))

  wx.route("GET", "/-/levers", function(req)
    local account = world:account(req.query.appid or "")
    local user = account and account.users[req.query.openid or ""]
    if not user then return refused(wx, 404, UNKNOWN) end
    return levers.view(world, account, user)
  end)

  for _, lever in ipairs { "account", "mass", "review", "comment", "session", "consent" } do
    wx.route("POST", "/-/" .. lever, of_user(wx, runtime, function(account, user, body)
      local result, fault = levers[lever](world, account, body, user)
      if not result then return nil, fault end
      return levers.view(world, account, user)
    end))
  end

  wx.route("POST", "/-/user", of_body(wx, function(body)
    local name = body.nickname
    if name ~= nil and (type(name) ~= "string" or name == "" or #name > 128) then return nil, MALFORMED end
    if #runtime.users >= 200 then return nil, { code = "users", zh = "用户太多", en = "too many users" } end
    local user = runtime:user_view(runtime:new_user(name))
    runtime.live:tell("user", user)
    return user
  end))

  wx.route("POST", "/-/clock", of_body(wx, function(body)
    local s = seconds(body.advance)
    if not s then return nil, MALFORMED end
    runtime:advance(s)
    return { now = runtime:now() }
  end))

  wx.route("POST", "/-/fault", of_body(wx, function(body) return set_fault(runtime, body) end))

  wx.route("POST", "/-/again", of_body(wx, function(body)
    if runtime:again(body.exchange) then return true end
    return nil, { code = "exchange", zh = "没有这次推送", en = "there is no such push" }
  end))

  wx.route("POST", "/-/enter", of_body(wx, function(body)
    if not runtime:find_user(body.openid) then return nil, UNKNOWN end
    return wx.response { body = { ok = true }, cookies = { [M.COOKIE] = { body.openid, path = "/", max_age = 86400 } } }
  end))
end

return M
