-- A fake WeChat: accounts, their users, what WeChat would push and what users get to see. Pure Lua without I/O; nothing
-- waits. The clock and the random bytes are given, so that a spec's world is always the same.
--
-- Beside what `World` has below, a world's parts are:
--   world.now()            unix seconds, as given         world.random(n)     n random bytes
--   world.tokens           tokens.lua: issue(kind, appid, life) → token {value, ends …}; check(value) → token | nil,
--                          errcode; replace(token, overlap); revoke(appid). A call with auth "access_token" is for the
--                          account whose appid the token has; kinds are those of the catalogue ("access_token",
--                          "component_access_token", "authorizer_access_token": it stands for an access_token)
--   account                {appid, id, secret, token, aes_key, mode, kind, verified, username, can, users (by
--                          openid), openids (in order of arrival), <family> (what api/FAMILY.lua keeps)}
--                          What decides how it behaves: format ("xml", "json": of its pushes), mass_confirm (its
--                          administrator is asked about mass messages: world:confirm_mass), admin_openid (whom the
--                          end of one is told)
--   user                   users.lua. What decides how he behaves: platform (1 iOS, 2 Android, 3 other), language, wxid
--                          (his WeChat id), refuses_templates, blocked (on the account's blacklist: whoever pushes
--                          drops what he writes)
--   world:state(account, "family", fresh)   what a family keeps, made by fresh() when it is first asked for; its name
--                          is none of the account's own keys (token, component, url …)
--   sandbox/library.lua    media and material of an account: where every family looks up a media_id; drafts go in, too
--   sandbox/qr.lua         QR codes as pictures (png, svg, matrix)
-- `world:due()` itself notes the pushes that it gives (windows, last contact); whoever pushes something else calls
-- note_push.

local capabilities = require "weiyue.capabilities"
local consents = require "weiyue.sandbox.consents"
local faults = require "weiyue.sandbox.faults"
local ids = require "weiyue.sandbox.ids"
local mass = require "weiyue.sandbox.mass"
local menus = require "weiyue.sandbox.menus"
local ring = require "weiyue.sandbox.ring"
local scene = require "weiyue.sandbox.scene"
local sns = require "weiyue.sandbox.sns"
local templates = require "weiyue.sandbox.templates"
local tokens = require "weiyue.sandbox.tokens"
local users = require "weiyue.sandbox.users"
local windows = require "weiyue.sandbox.windows"

local M = {}

local CALLS <const> = 1000 -- remembered, of all accounts
local PENDING <const> = 10000 -- pushes that wait for their time

-- Events that WeChat sends by itself: nothing the user did.
local NOT_HIS <const> = {
  MASSSENDJOBFINISH = true, TEMPLATESENDJOBFINISH = true, PUBLISHJOBFINISH = true, unsubscribe = true,
  subscribe_msg_sent_event = true, card_pass_check = true, card_not_pass_check = true, poi_check_notify = true,
  kf_create_session = true, kf_close_session = true, kf_switch_session = true, user_consume_card = true,
  update_member_card = true, update_invoice_status = true, cloud_invoice_invoiceresult_event = true,
  guide_invite_result_event = true,
}

---@class weiyue.sandbox.World
---@field now fun(): number
---@field random fun(n: integer): string
---@field base string where links lead
---@field tokens weiyue.sandbox.Tokens
---@field accounts table<string, table> by appid
---@field appids string[]
local World = {}
World.__index = World

-- --- accounts ---

-- What a configuration says of an account.
local function describe(world, account, own)
  for key, value in pairs(own) do account[key] = value end
  account.kind = own.kind or "service"
  account.verified = own.verified == nil and account.kind == "service" or own.verified == true
  account.can = capabilities.of(account.kind, account.verified, own.can)
  account.id = own.id or own.appid
  account.username = own.username or account.username or "gh_" .. ids.hex(world.random, 12)
end

--- Adds an account: {appid, id?, secret, kind?, verified?, can?, …}. What nothing is said of is a verified service
--- account.
---@param own table
---@return table account
function World:add_account(own)
  local appid = own.appid or error("an account of the sandbox has an appid", 2)
  if self.accounts[appid] then error(("account %s exists"):format(appid), 2) end
  local account = { users = {}, openids = {} }
  describe(self, account, own)
  self.accounts[appid] = account
  self.appids[#self.appids + 1] = appid
  return account
end

--- Changes what is said of an account, as after a reload; its users and all that it has stay.
---@param own table as for add_account
---@return table account
function World:update_account(own)
  local account = self.accounts[own.appid] or error("no account " .. tostring(own.appid), 2)
  describe(self, account, own)
  return account
end

---@param appid string
---@return table? account
function World:account(appid) return self.accounts[appid] end

--- What a family keeps of an account.
---@param account table
---@param family string
---@param fresh fun(): table
function World:state(account, family, fresh)
  local state = account[family]
  if state == nil then
    state = fresh(self)
    account[family] = state
  end
  return state
end

-- --- users ---

---@param appid string
---@param openid string
---@return weiyue.sandbox.User?
function World:user(appid, openid)
  local account = self.accounts[appid]
  return account and account.users[openid] or nil
end

--- A new user of an account; a follower unless subscribed = false. No push comes of it: see scene.lua.
---@param appid string
---@param options? table nickname, openid, unionid, avatar, language, subscribed, remark
---@return weiyue.sandbox.User
function World:new_user(appid, options)
  local account = self.accounts[appid] or error("no account " .. tostring(appid), 2)
  return users.new(self, account, options)
end

--- A user follows, leaves, scans a QR code: his state changes, and the event is pushed. Nil where nothing happens.
---@return table? message, string? err
function World:follow(appid, openid) return scene.follow(self, appid, openid) end

function World:unfollow(appid, openid) return scene.unfollow(self, appid, openid) end

---@param what { ticket: string?, url: string?, scene: string|integer|nil }
function World:scan(appid, openid, what) return scene.scan(self, appid, openid, what) end

--- The buttons that a user sees; nil: the account has no menu.
---@return table? buttons
function World:menu(appid, openid)
  local account = self.accounts[appid]
  return account and menus.of(account, account.users[openid])
end

--- A code of OAuth: see sns.lua. The value of a ticket that is good now; nil: none was fetched.
---@return string code
function World:new_code(appid, openid, scope, options) return sns.new_code(self, appid, openid, scope, options) end

---@param kind "jsapi"|"wx_card"
---@return string?
function World:ticket(appid, kind)
  local account = self.accounts[appid]
  local held = account and account.jssdk and account.jssdk[kind]
  return held and held.ends > self.now() and held.value or nil
end

--- The user answers the popup of subscription messages, withdraws, agrees to a one-time message: see consents.lua.
function World:consent(appid, openid, choices, scene_of_popup)
  return consents.answer(self, appid, openid, choices, scene_of_popup)
end

function World:withdraw(appid, openid, template_id) return consents.withdraw(self, appid, openid, template_id) end

function World:consent_once(appid, openid, template_id, number)
  return consents.once(self, appid, openid, template_id, number)
end

--- A template that the account has: {template_id, title, content = "{{thing1.DATA}}"}. From the first on, others are
--- 40037.
---@param appid string
---@param own table
---@param kind? "template"|"subscribe" default "template"
function World:add_template(appid, own, kind)
  return templates.add(self, self.accounts[appid], kind or "template", own)
end

--- The account's administrator answers what he was asked about a mass message (account.mass_confirm).
---@return boolean was_waiting
function World:confirm_mass(appid, msg_id, agreed) return mass.confirm(self, appid, msg_id, agreed) end

-- --- pushes ---

--- Has a message pushed later; CreateTime and ToUserName are filled in when it is due.
---@param appid string
---@param message table by WeChat's names: MsgType, Event, FromUserName …
---@param after? number seconds
---@param when_due? fun(at: number) called when its time has come: to have the next one pushed
---@return table entry for World:cancel
function World:emit(appid, message, after, when_due)
  local pending = self.pending
  if #pending >= PENDING then table.remove(pending, 1) end
  local at = self.now() + (after or 0)
  local i = #pending
  while i > 0 and pending[i].at > at do i = i - 1 end
  local entry = { appid = appid, message = message, at = at, when_due = when_due }
  table.insert(pending, i + 1, entry)
  self:tell("emit", entry)
  return entry
end

--- Takes back a push that has not been sent.
---@return boolean
function World:cancel(entry)
  for i, one in ipairs(self.pending) do
    if one == entry then return table.remove(self.pending, i) ~= nil end
  end
  return false
end

--- Takes the pushes whose time has come, oldest first.
---@return { appid: string, message: table, at: number }[]
function World:due()
  local pending, now, list = self.pending, self.now(), {}
  while pending[1] and pending[1].at <= now do
    local one = table.remove(pending, 1)
    local message, account = one.message, self.accounts[one.appid]
    if not message.InfoType then message.ToUserName = message.ToUserName or (account and account.username) end
    message.CreateTime = message.CreateTime or math.floor(one.at)
    if message.FromUserName then self:note_push(message, one.appid, message.FromUserName, one.at) end
    list[#list + 1] = one
    if one.when_due then one.when_due(one.at) end
  end
  return list
end

--- When the next push is due; nil: none waits.
---@return number? at unix seconds
function World:next_due()
  return self.pending[1] and self.pending[1].at
end

--- Notes that a user did something: it may open a window for customer-service messages.
---@param kind string|table MsgType of a message, Event of an event, or the whole message
---@param appid string
---@param openid string
---@param at? number unix seconds
function World:note_push(kind, appid, openid, at)
  local user = self:user(appid, openid)
  if not user then return end
  if type(kind) == "table" then kind = kind.MsgType == "event" and kind.Event or kind.MsgType end
  if NOT_HIS[kind] then return end
  windows.open(user, kind, at or self.now())
end

--- The open windows of a user, the one that ends first at the front.
---@return { name: string, left: integer, messages: integer, ends: number }[]
function World:windows(appid, openid)
  local user = self:user(appid, openid)
  return user and windows.list(user, self.now()) or {}
end

-- --- what users get ---

--- Shows an item to a user.
---@param appid string
---@param openid string
---@param item table way, type, text|media|articles|… as each family writes
---@return table? item with at and id; nil: there is no such user
function World:deliver(appid, openid, item)
  local user = self:user(appid, openid)
  if not user then return nil end
  self.serial = self.serial + 1
  item.id, item.at = self.serial, self.now()
  user.received:push(item)
  self:tell("deliver", { appid = appid, openid = openid, item = item })
  return item
end

--- What a user has got, oldest first.
---@return table[]
function World:received(appid, openid)
  local user = self:user(appid, openid)
  return user and user.received:list() or {}
end

-- --- faults and calls ---

--- Has calls fail: faults.lua tells how.
---@param pattern string "template.send", "token.*", "*"
---@param how table
---@return weiyue.sandbox.Fault
function World:fail(pattern, how)
  local fault = faults.new(pattern, how)
  self.faults[#self.faults + 1] = fault
  return fault
end

--- Ends the faults of this very pattern, or all.
---@param pattern? string
function World:heal(pattern)
  local left = {}
  for _, fault in ipairs(self.faults) do
    if pattern and fault.pattern ~= pattern then left[#left + 1] = fault end
  end
  self.faults = left
end

--- How many calls there were, those that failed among them.
---@param pattern? string "template.send", "template.*"; nil: all
---@return integer
function World:count(pattern)
  local glob, n = faults.glob(pattern or "*"), 0
  for key, times in pairs(self.counts) do
    if key:find(glob) then n = n + times end
  end
  return n
end

--- The calls that are remembered, oldest first; secrets are masked.
---@param pattern? string
---@return { api: string, appid: string?, args: table, reply: table?, errcode: integer, at: number, id: integer }[]
function World:calls(pattern)
  local glob = faults.glob(pattern or "*")
  return self.call_log:list(function(call) return call.api:find(glob) ~= nil end)
end

--- Notes a call. Only api.lua does.
function World:note_call(call)
  self.call_serial = self.call_serial + 1
  call.id = self.call_serial
  self.counts[call.api] = (self.counts[call.api] or 0) + 1
  self.call_log:push(call)
  self:tell("call", call)
end

-- --- who watches ---

--- Calls fn(what happened) from now on.
---@param what "call"|"deliver"|"emit"|"menu"|"typing" menu: {appid}, it has changed; typing: {appid, openid, ends}
---@param fn fun(event: table)
---@return fun() stop
function World:on(what, fn)
  local list = self.listeners[what] or error(("no event %q"):format(tostring(what)), 2)
  list[#list + 1] = fn
  return function()
    for i, one in ipairs(list) do
      if one == fn then return table.remove(list, i) and nil end
    end
  end
end

--- Tells those who watch.
function World:tell(what, event)
  for _, fn in ipairs(self.listeners[what]) do fn(event) end
end

---@class weiyue.sandbox.Options
---@field now? fun(): number unix seconds
---@field random? fun(n: integer): string
---@field accounts? table[]
---@field base? string where links lead

---@param options? weiyue.sandbox.Options
---@return weiyue.sandbox.World
function M.new(options)
  options = options or {}
  local world = setmetatable({
    now = options.now or os.time, random = options.random or require("weiyue.crypto").random,
    base = (options.base or "http://127.0.0.1:9000"):gsub("/+$", ""),
    accounts = {}, appids = {}, pending = {}, faults = {}, counts = {}, call_log = ring(CALLS),
    serial = 0, call_serial = 0, listeners = { call = {}, deliver = {}, emit = {}, menu = {}, typing = {} },
  }, World)
  world.tokens = tokens.new(world)
  for _, own in ipairs(options.accounts or {}) do world:add_account(own) end
  return world
end

return M
