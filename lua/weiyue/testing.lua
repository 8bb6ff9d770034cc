--- weiyue.testing: accounts offline, for busted: plugins in a host on a virtual clock, users who speak, the fake
--- WeChat. In `weiyue test`, and in a stock lua5.4 with weiyue_core. Types and examples: lua/meta/testing.lua.

local apps = require "weiyue.testing.app"
local codec = require "weiyue.codec"
local config = require "weiyue.testing.config"
local leaks = require "weiyue.testing.leaks"
local nearest = require "weiyue.nearest"
local replies = require "weiyue.testing.replies"
local say = require "weiyue.testing.say"
local stubs = require "weiyue.testing.stubs"
local worlds = require "weiyue.sandbox.world"
local zones = require "weiyue.testing.zones"

local M = {}

local START <const> = 1704074400 -- 2024-01-01 10:00 in Beijing

-- The hosts: the program's own, or those of the module that stock Lua has loaded.
local function rig_module()
  local found, rig = pcall(require, "weiyue.rig")
  if found then return rig end
  return require "weiyue_core.rig"
end

-- Random bytes that are the same each time: splitmix64.
local function randomness(seed)
  local state = seed
  local function word()
    state = state + 0x9E3779B97F4A7C15
    local z = state
    z = (z ~ z >> 30) * 0xBF58476D1CE4E5B9
    z = (z ~ z >> 27) * 0x94D049BB133111EB
    return z ~ z >> 31
  end
  return function(n)
    local parts = {}
    for i = 1, (n + 7) // 8 do parts[i] = string.pack("<i8", word()) end
    return table.concat(parts):sub(1, n)
  end
end

local function start_of(now)
  if now == nil then return START end
  if type(now) == "number" then return now end
  local y, mo, d, h, mi, s = tostring(now):match "^(%d%d%d%d)-(%d%d)-(%d%d)[ T]?(%d*):?(%d*):?(%d*)$"
  if not y then
    say.raise("now 写成 unix 秒数，或 \"2024-05-01 09:00\"（北京时间）",
      "now is unix seconds, or \"2024-05-01 09:00\" (Beijing time)")
  end
  local noon = os.date("*t", os.time { year = y, month = mo, day = d, hour = 12 })
  local is_day = noon.month == tonumber(mo) and noon.day == tonumber(d)
  if not is_day or (tonumber(h) or 0) > 23 or (tonumber(mi) or 0) > 59 or (tonumber(s) or 0) > 59 then
    say.raise("没有 %s 这个时间", "there is no %s", now)
  end
  local days = os.time { year = y, month = mo, day = d, hour = 12 } -- the date alone, whatever the zone is
  local date = os.date("!*t", days)
  local ahead = os.time(date) - days -- how far os.time is from UTC
  local utc = os.time { year = y, month = mo, day = d, hour = tonumber(h) or 0, min = tonumber(mi) or 0,
    sec = tonumber(s) or 0, isdst = false }
  return utc - ahead - 8 * 3600
end

local count = 0

local function wants_socket(options)
  if options.socket ~= nil then return options.socket == true end
  if os.getenv "WEIYUE_TEST_SOCKET" == "1" then return true end
  return leaks.name():find("#socket", 1, true) ~= nil
end

-- Of the configuration that the host has: its accounts, with defaults filled in.
local function read(text)
  local conf, problems = require("weiyue.config").load_string(text, "weiyue.lua")
  local lines = {}
  for _, p in ipairs(problems) do
    if p.level == "error" then
      local at = (p.file or "") .. (p.line and ":" .. p.line or "") .. (p.key and ": " .. p.key or "")
      lines[#lines + 1] = ("%s: %s"):format(at, say.tr(p.zh, p.en))
    end
  end
  if not conf or #lines > 0 then
    say.raise("配置有误：\n%s", "the configuration is wrong:\n%s", table.concat(lines, "\n"))
  end
  return conf
end

-- An account as the pusher wants it.
local function wire_of(account, format)
  local key = account.aes_key
  return { appid = account.appid, token = type(account.token) == "table" and account.token[1] or account.token,
    aes_key = type(key) == "table" and key[1] or key, mode = account.mode, format = format,
    username = account.username }
end

local function accounts_of(conf, format)
  local list = {}
  for i, account in ipairs(conf.accounts) do
    list[i] = { index = i, id = account.id, appid = account.appid, mode = account.mode, path = account.path,
      url = account.url, host = account.url and account.url:match "^%a+://([^/]*)", wire = wire_of(account, format) }
  end
  return list
end

local function world_of(conf, seed, clock)
  local accounts = {}
  for i, account in ipairs(conf.accounts) do
    local wire = wire_of(account)
    accounts[i] = { id = account.id, appid = account.appid, secret = account.secret,
      aes_key = wire.aes_key, mode = account.mode, kind = account.kind, verified = account.verified, can = account.can,
      username = account.username }
  end
  return worlds.new { now = clock, random = randomness(seed), accounts = accounts,
    base = "https://mmbiz.weixin.qq.com" }
end

local FAULT <const> = {
  errcode = true, errmsg = true, status = true, drop = true, lost = true, garbage = true, delay = true, times = true,
}

-- What a spec may ask of the fake WeChat.
local function wechat_of(app)
  local wechat = { world = app.world }
  local function check(pattern)
    if type(pattern) ~= "string" then return end
    local family, name = pattern:match "^([%w_]+)%.([%w_*]+)$"
    local catalogue = require "weiyue.api.catalogue"
    if not family or name:find("*", 1, true) and catalogue.is_family(family) or catalogue.find(pattern) then return end
    local near = catalogue.near(pattern)
    if name == "*" then
      near = nearest.slip(family, catalogue.families())
      near = near and near .. ".*"
    end
    say.raise("没有接口 %s%s", "there is no API %s%s", pattern, near and (say.tr("；最接近的是 ", "; the nearest is ")) .. near
      or "")
  end
  --- How many calls there were: "template.send", "template.*"; all without one.
  function wechat.count(_, pattern)
    check(pattern)
    app:_run()
    return app.world:count(pattern)
  end
  --- The calls, oldest first: { api, args, reply, errcode, at }.
  function wechat.calls(_, pattern)
    check(pattern)
    app:_run()
    return app.world:calls(pattern)
  end
  --- Has calls fail: { errcode = -1, times = 2 }, { status = 502 }, { drop = true }, { delay = 3 } …
  function wechat.fail(_, pattern, how)
    if type(pattern) ~= "string" or type(how) ~= "table" then
      say.raise('写成 app.wechat:fail("user.info", { errcode = 40003 })',
        'write app.wechat:fail("user.info", { errcode = 40003 })')
    end
    say.check_keys("app.wechat:fail", how, FAULT)
    check(pattern)
    local own = {}
    for key, value in pairs(how or {}) do own[key] = key == "delay" and say.seconds(value) or value end
    return app.world:fail(pattern, own)
  end
  --- Ends that.
  function wechat.heal(_, pattern) return app.world:heal(pattern) end
  --- All that a user has got by the API.
  function wechat.received(_, user)
    app:_run()
    local openid = type(user) == "table" and user.openid or user
    local account = type(user) == "table" and user.account or app.accounts[1]
    return app.world:received(account.appid, openid)
  end
  return setmetatable(wechat, say.class("app.wechat", {}))
end

--- Loads plugins into a host of their own.
---@param given string|table the path of a weiyue.lua, or options: lua/meta/testing.lua
---@return weiyue.testing.App
function M.load(given)
  local options = config.options(given)
  local rig, socket = rig_module(), wants_socket(options)
  local at = say.where()
  local now, seed = start_of(options.now), options.seed or 20240101
  if math.type(seed) ~= "integer" then say.raise("seed 是整数：seed = 7", "a seed is an integer: seed = 7") end
  count = count + 1
  local state = os.tmpname()
  os.remove(state)
  state = state .. ".weiyue"
  local format = options.format or "xml"
  say.check_keys("format", { [format] = true }, { xml = true, json = true })
  local fd, port
  local _ <close> = setmetatable({}, { __close = function()
    if fd then rig.close(fd) end
  end })
  if socket then
    fd, port = rig.socket()
    options.api = ("http://127.0.0.1:%d"):format(port)
  end
  local text, folder = config.text(options, state)
  local conf = read(text)
  local zone = zones.check(options.zone or "CST-8")
  zones.enter(rig, zone)
  local host, problems = rig.new(text, folder, now, false, { wire = true, seed = seed, zh = say.is_zh() })
  if not host then
    zones.leave()
    say.raise("没有装上：\n%s", "it does not load:\n%s", table.concat(problems, "\n"))
  end
  local world = world_of(conf, seed, function() return host:now() end)
  local app = apps.new { host = host, world = world, accounts = accounts_of(conf, format), format = format,
    state = state, socket = socket, at = at, leaks = options.leaks, rig = rig, zone = zone, bases = {}, opens = {},
    inboxes = {} }
  for _, account in ipairs(conf.accounts) do
    for _, key in ipairs { "api", "mp" } do
      if account[key] then app.bases[#app.bases + 1] = account[key] end
    end
    if account.open then app.opens[account.open:match "^%a+://[^/]*" or account.open] = true end
  end
  if socket then
    host:serve(fd, port) -- the fake API; and the host itself
    fd = nil
    app.port = host:listen()
  end
  app.http, app.wechat, app.codec = stubs.new(app), wechat_of(app), codec
  world:on("deliver", function(event)
    local user = app.inboxes[event.appid .. "/" .. event.openid]
    if user then user.inbox[#user.inbox + 1] = event.item end
  end)
  leaks.watch(app)
  app:_run()
  leaks.begin(app)
  return app
end

replies.install()
leaks.hook()

return M
