-- The sandbox at work: its world, with a clock and sockets. Pushes leave by the real schedule, what comes back is read
-- as WeChat would, and all of it is told to who watches.

local core = require "weiyue_core"
local exchanges = require "weiyue.sandbox.exchange"
local guest = require "weiyue.guest"
local lives = require "weiyue.sandbox.live"
local log_line = require "weiyue.sandbox.log_line"
local menus = require "weiyue.sandbox.menus"
local pusher = require "weiyue.sandbox.pusher"
local ring = require "weiyue.sandbox.ring"
local setup = require "weiyue.sandbox.setup"
local task = require "weiyue.task"
local worlds = require "weiyue.sandbox.world"

local json, time = core.json, core.time

local M = {}

local HISTORY <const>, EXCHANGES <const>, LOGS <const> = 300, 200, 500
local LATE <const> = 600 -- seconds for which a call is still counted to the push that it follows
local CALLS <const>, CALLS_BYTES <const> = 50, 256 * 1024 -- that are kept with one push
local CHAT_BYTES <const> = 4 * 1024 * 1024 -- of a chat that are told at once
local NAMES <const> = { "小微", "小月" }

---@class weiyue.sandbox.Runtime
---@field world weiyue.sandbox.World
---@field live table
local Runtime = {}
Runtime.__index = Runtime

--- Unix seconds in the sandbox: the time, and what the clock was moved ahead by.
function Runtime:now() return time.now() + self.ahead end

-- --- accounts and users ---

local function openid_of(n) return "oSandbox" .. core.crypto.sha256("user/" .. n, "hex"):sub(1, 20) end

local function user_in(world, account, user, subscribed)
  if account.users[user.openid] then return end
  world:new_user(account.appid, { openid = user.openid, nickname = user.nickname, unionid = "u" .. user.openid:sub(2),
    subscribed = subscribed })
end

--- Reads the accounts of the configuration, at first and after each reload.
function Runtime:read_accounts()
  local list = setup.accounts(self.path, self.setup)
  for _, own in ipairs(list or {}) do
    local account = self.world:account(own.appid)
    if account then
      self.world:update_account(own)
    else
      account = self.world:add_account(own)
      if own.kind == "component" then
        self.component = account
        task.after(0.1, function() require("weiyue.sandbox.api.component").start(self.world, account.appid) end)
      end
    end
    for i, user in ipairs(self.users) do user_in(self.world, account, user, i == 1) end
  end
  if list then
    self.appids = {}
    for i, own in ipairs(list) do self.appids[i] = own.appid end
  end
end

--- One more person, known to every account and following none.
---@return table user
function Runtime:new_user(nickname)
  local n = #self.users + 1
  local user = { openid = openid_of(n), nickname = nickname or NAMES[n] or "用户" .. n }
  self.users[n] = user
  for _, appid in ipairs(self.appids) do user_in(self.world, self.world:account(appid), user, n == 1) end
  return user
end

---@return table? user
function Runtime:find_user(openid)
  for _, user in ipairs(self.users) do
    if user.openid == openid then return user end
  end
end

function Runtime:user_view(user)
  local subscribed = {}
  for _, appid in ipairs(self.appids) do
    local own = self.world:user(appid, user.openid)
    subscribed[appid] = own ~= nil and own.subscribed
  end
  return { openid = user.openid, nickname = user.nickname, avatar = user.avatar, subscribed = subscribed }
end

--- A user has changed: he follows, or does no more.
function Runtime:tell_user(openid)
  local user = self:find_user(openid)
  if user then self.live:tell("user", self:user_view(user)) end
end

function Runtime:menu_of(appid, openid)
  local account = self.world:account(appid)
  local list = menus.of(account, openid and account.users[openid])
  return list and { button = list } or json.null
end

function Runtime:accounts_view(openid)
  local list = json.array {}
  for i, appid in ipairs(self.appids) do
    local account = self.world:account(appid)
    list[i] = { id = account.id, appid = appid, name = account.id, kind = account.kind, mode = account.mode,
      verified = account.verified, push = account.push, menu = self:menu_of(appid, openid) }
  end
  return list
end

function Runtime:faults_view()
  local list = json.array {}
  for i, fault in ipairs(self.world.faults) do
    list[i] = { pattern = fault.pattern, errcode = fault.errcode, status = fault.status, delay = fault.delay,
      drop = fault.drop, garbage = fault.garbage, lost = fault.lost, times = fault.times }
  end
  return list
end

-- --- the chat ---

function Runtime:history(appid, openid)
  local key = appid .. " " .. openid
  self.chats[key] = self.chats[key] or ring(HISTORY)
  return self.chats[key]
end

local function media_url(appid, media_id)
  return "/-/media?" .. "appid=" .. core.url.escape(appid) .. "&media_id=" .. core.url.escape(media_id)
end

-- Where the browser gets the pictures and sounds of an item.
local function with_media(appid, item)
  local media = item.media
  if type(media) ~= "table" and not item.media_id then return item end
  local copy = {}
  for key, value in pairs(item) do copy[key] = value end
  copy.media = {}
  for key, value in pairs(type(media) == "table" and media or {}) do copy.media[key] = value end
  local id = item.media_id or copy.media.media_id
  if id and not copy.media.url then copy.media.url = media_url(appid, id) end
  local thumb = item.thumb_media_id or copy.media.thumb_media_id
  if thumb then copy.media.thumb = media_url(appid, thumb) end
  copy.media.title, copy.media.description = copy.media.title or item.title, copy.media.description or item.description
  return copy
end

--- The administrator of an account authorises a third-party platform. nil: the page's pre_auth_code is not good.
---@return string? auth_code, integer? seconds that it is good for
function Runtime:authorize(platform, account, pre_auth_code)
  local component = require "weiyue.sandbox.api.component"
  local code = component.authorize(self.world, platform.appid, account.appid, nil, pre_auth_code)
  if not code then return nil end
  account.authorized_by = platform.appid
  return code, 3600
end

--- Something stands in the chat of a user.
---@return table item
function Runtime:say(appid, openid, item)
  self.serial = self.serial + 1
  local copy = exchanges.brief(with_media(appid, item))
  copy.id, copy.appid, copy.openid, copy.at = self.serial, appid, openid, self:now()
  copy.from = copy.from or "account"
  self:history(appid, openid):push(copy)
  self.sizes[copy] = self.live:tell("item", copy)
  return copy
end

--- What stands in a chat, oldest first: as much of the newest as can be told at once.
---@return table[] items
function Runtime:chat(appid, openid)
  local list, bytes = self:history(appid, openid):list(), 0
  local first = #list
  while first > 0 and bytes + self.sizes[list[first]] <= CHAT_BYTES do
    bytes = bytes + self.sizes[list[first]]
    first = first - 1
  end
  return json.array(table.move(list, first + 1, #list, 1, {}))
end

-- --- pushes ---

--- Pushes a message. It is complete: world:due() and pusher.complete have seen to that.
---@async
function Runtime:push(appid, message) exchanges.push(self, appid, message) end

--- The same push once more, as WeChat repeats one whose answer was lost.
function Runtime:again(id)
  for _, one in ipairs(self.exchanges:list()) do
    if one.id == id then
      task.spawn(function() self:push(one.appid, one.message) end)
      return true
    end
  end
  return false
end

local DAY <const> = 86400
local TICK <const> = 0.001 -- seconds: timers count milliseconds, and would come just before what they are for

-- A timer for what is due next. What is told to be pushed leaves after whoever tells has been answered.
local function arm(self)
  local at = self.world:next_due()
  if not at or self.armed and self.armed <= at then return end
  self.armed = at
  task.after(math.min(math.max(0, at - self:now()) + TICK, DAY), function()
    if self.armed == at then self.armed = nil end
    self:pump()
  end)
end

--- Pushes what is due.
function Runtime:pump()
  for _, one in ipairs(self.world:due()) do
    local account = self.world:account(one.appid)
    local message = pusher.complete(account or {}, one.message, one.at)
    task.spawn(function() self:push(one.appid, message) end)
  end
  arm(self)
end

function Runtime:on_emit() arm(self) end

--- What a user does: pushed now.
function Runtime:emit(appid, message)
  self.world:emit(appid, message)
end

-- --- calls of the API ---

-- The push that a call follows: the last of this user, or of the account where the call names no user.
local function exchange_of(self, call)
  local args = type(call.args) == "table" and call.args or {}
  local openid = args.touser or args.openid
  local exchange = self.exchanges:find(function(one)
    return one.appid == call.appid and (type(openid) ~= "string" or one.openid == openid)
  end)
  if exchange and exchange.ended and self:now() - exchange.ended > (openid and LATE or 1) then return nil end
  return exchange
end

-- Who watches puts the call to its push: the push itself is not told again, which would be all of them each time.
function Runtime:on_call(call)
  local view = { id = call.id, appid = call.appid, api = call.api, errcode = call.errcode, at = call.at,
    args = exchanges.exact(call.args), reply = exchanges.exact(call.reply), stateless = call.stateless,
    warning = call.warning }
  view.ms = math.floor((time.monotonic() - (self.call_started or time.monotonic())) * 1000)
  local exchange = exchange_of(self, call)
  if not exchange then return self.live:tell("call", view) end
  view.exchange = exchange.id
  if #exchange.calls >= CALLS or exchange.calls_bytes > CALLS_BYTES then
    exchange.left_out = (exchange.left_out or 0) + 1
    view.left_out = exchange.left_out
  else
    table.insert(exchange.calls, view)
  end
  exchange.calls_bytes = exchange.calls_bytes + self.live:tell("call", view)
  if call.api == "message_custom.send" and call.errcode == 0 and exchange.ended and exchange.way == "success" then
    exchange.way = "late"
    exchanges.tell(self, exchange)
  end
end

function Runtime:on_deliver(event)
  self:say(event.appid, event.openid, event.item)
end

-- --- the log of the host beside this one ---

function Runtime:note(level, line)
  local event = log_line.read(line)
  event.level = ({ [0] = "debug", "info", "warn", "error" })[level] or "info"
  event.at = self:now()
  self.log_serial = self.log_serial + 1
  event.id = self.log_serial
  self.logs:push(event)
  self.live:tell("log", event)
  if event.event == "reload.done" then self:read_accounts() end
end

--- Takes the lines that come within so many seconds.
---@async
function Runtime:listen(seconds)
  local ends = time.monotonic() + seconds
  while true do
    local left = ends - time.monotonic()
    if left <= 0 then return end
    local level, line = guest.next(left)
    if line then self:note(level, line) end
  end
end

-- --- the clock ---

--- Moves the time ahead, for the host beside this one as well; what is due then leaves.
function Runtime:advance(seconds)
  self.ahead = self.ahead + seconds
  self.armed = nil -- a timer of before counts real seconds: what it waits for comes earlier now
  guest.advance(seconds)
  self.live:tell("clock", { now = self:now() })
  self:pump()
end

---@param options { setup: weiyue.sandbox.Setup, path: string }
---@return weiyue.sandbox.Runtime
function M.new(options)
  local self = setmetatable({
    setup = options.setup, path = options.path, ahead = 0, users = {}, appids = {}, chats = {}, serial = 0,
    exchange_serial = 0, log_serial = 0, exchanges = ring(EXCHANGES), logs = ring(LOGS), live = lives.new(),
    pressed = {}, sizes = setmetatable({}, { __mode = "k" }), -- of items, in bytes
  }, Runtime)
  self.world = worlds.new {
    now = function() return self:now() end, random = core.crypto.random, base = options.setup.base,
  }
  self.world:on("call", function(call) self:on_call(call) end)
  self.world:on("deliver", function(event) self:on_deliver(event) end)
  self.world:on("emit", function(event) self:on_emit(event) end)
  self.world:on("menu", function(event)
    self.live:tell("menu", { appid = event.appid, menu = self:menu_of(event.appid) })
  end)
  for _ = 1, #NAMES do self:new_user() end
  self:read_accounts()
  return self
end

return M
