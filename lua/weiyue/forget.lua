-- Forgetting a user: everything that is kept of him goes. By account:forget and msg:forget at once; when he has
-- left, or takes back or ends what he had allowed, after the time that `forget` says, if he does not come back.
--
-- What is to be forgotten stands in the store, so that it survives the host: u/ACCOUNT/OPENID/f has when and why,
-- f/ACCOUNT/WHEN/OPENID finds it in the order of time. The first counts; one of the second alone is out of date.

local core = require "weiyue_core"
local keep = require "weiyue.keep"
local limits = require "weiyue.limits"
local task = require "weiyue.task"

local log, time = core.log, core.time

local M = {}

local FIRST <const>, EVERY <const> = 5, 60 -- seconds: a worker looks for what is due
local WAITS <const> = 7 * 86400 -- seconds: what could not be written
local IN_A_ROW <const> = 3 -- failures, and the store is away
local LEASE <const> = 90000 -- ms: of the one who looks; no task lives longer
local TRIES <const> = 3 -- of the handlers of plugins, before a user is forgotten without them
local PAGE <const> = 20

-- What WeChat tells, and why it makes us forget. A new follow takes the first back.
local CAUSES <const> = {
  unsubscribe = "unsubscribe", user_authorization_revoke = "revoke", user_authorization_cancellation = "cancellation",
}
local EVENTS <const> = { subscribe = true }
for event in pairs(CAUSES) do EVENTS[event] = true end

---@class weiyue.forget.Place
---@field object table msg.account
---@field index integer its number in the configuration, or its platform's
---@field number? integer what task.account() is where it came at run time
---@field delay number|false seconds; false: never by itself
---@field handlers { fn: function, plugin: string, where: string }[] of wx.on_forget

---@class weiyue.Forgetting
---@field events table<string, true> names of those that it wants to hear of
---@field private places table<table, weiyue.forget.Place>
---@field private box weiyue.Mailbox
---@field private push table the module weiyue.push
---@field private find? async fun(id: string): table?
---@field private dict? weiyue.mailbox.Dict what could not be written yet, for all workers and beyond a reload
---@field private tries table<string, integer> by entry: how often its handlers began
local Forgetting = { events = EVENTS }
Forgetting.__index = Forgetting

local function truth_key(account_id, openid) return keep.user(account_id, openid) .. "f" end
local function index_key(account_id, due, openid) return keep.key("f", account_id, ("%015d"):format(due), openid) end

-- "DUE CAUSE LEFT": ms, a word, seconds.
local function read_plan(text)
  local due, cause, left = (text or ""):match "^(%d+) (%a+) (%d+)$"
  return due and { due = tonumber(due), cause = cause, left = tonumber(left) }
end

local function warn(account, event, text, fields)
  fields = fields or {}
  fields.account = account.id
  log.write("warn", event, tostring(text), fields)
end

-- What could not be written waits in the memory of the process, until something later of its kind is to be done
-- about the user: under forget/KIND/USER what it is, and under forget/NUMBER that key, in the order of trying.
local KINDS <const> = { "follows", "allows" }
local FIRST_KEY <const>, LAST_KEY <const> = "forget/first", "forget/last"
local function number_key(n) return ("forget/%d"):format(n) end
local function job_key(kind, account_id, openid)
  return ("forget/%s/%s"):format(kind, keep.user(account_id, openid))
end

function Forgetting:memory()
  if not self.dict then self.dict = require("weiyue.hub").memory() end
  return self.dict
end

-- At once ------------------------------------------------------------------------------------------------

-- What plugins do about it, before anything goes: they may need it. Gives how many failed.
---@async
local function tell(place, openid)
  local failed, before = 0, task.account(place.number or place.index)
  for _, handler in ipairs(place.handlers) do
    local ok, err = pcall(limits.call, handler.fn, openid, place.object)
    if not ok then
      failed = failed + 1
      log.write("error", "lua.error", tostring(err), { plugin = handler.plugin, where = handler.where })
    end
  end
  task.account(before)
  return failed
end

-- What this process has: on all workers.
function Forgetting:clear(place, openid)
  local account = place.object
  self.box:drop(account.id, openid)
  if package.loaded["weiyue.session"] then package.loaded["weiyue.session"].drop(account.id, openid) end
  if self.push then self.push.forget(place.index, openid) end
  if self.services then self.services.desk:forget(account.id, openid) end
  for _, kind in ipairs(KINDS) do self:memory():delete(job_key(kind, account.id, openid)) end
end

-- Nothing in the store: what was planned, and his prefix.
---@async
---@return integer? keys, any err
local function delete(account, openid)
  local kv, err = keep.kv()
  if not kv then return nil, err end
  local marked, planned
  marked, err = keep.mark(kv, account.id, openid)
  if not marked then return nil, err end
  planned, err = kv:get(truth_key(account.id, openid))
  if planned == nil and err then return nil, err end
  local plan = read_plan(planned)
  if plan then
    local deleted
    deleted, err = kv:del(index_key(account.id, plan.due, openid))
    if deleted == nil then return nil, err end
  end
  return kv:del_prefix(keep.user(account.id, openid))
end

--- Forgets a user now.
---@async
---@param account table
---@param openid string
---@param cause string for the log
---@param quiet? boolean the plugins are not told
---@return true? ok
---@return weiyue.Error? err nothing in the store was deleted, or not all
function Forgetting:forget(account, openid, cause, quiet)
  local place = self.places[account]
  local failed = quiet and #place.handlers or tell(place, openid)
  self:clear(place, openid)
  local n, err = delete(account, openid)
  if not n then
    warn(account, "forget.failed", err)
    return nil, err
  end
  self:clear(place, openid) -- what a handler of his has left meanwhile
  log.write("info", "forget", "a user was forgotten",
    { account = account.id, cause = cause, keys = n, handlers_failed = failed > 0 and failed or nil })
  return true
end

-- Later --------------------------------------------------------------------------------------------------

-- Writes a plan. What was planned before stays due when it was; who took back what he had allowed is forgotten
-- even if he follows again.
---@async
---@return true? ok, any err
local function write_plan(account, openid, plan)
  local kv, err = keep.kv()
  if not kv then return nil, err end
  local key = truth_key(account.id, openid)
  for _ = 1, 3 do
    local text, done
    text, err = kv:get(key)
    if text == nil and err then return nil, err end
    local old, due, cause = read_plan(text), plan.due, plan.cause
    if old then
      due = math.min(old.due, due)
      if old.cause ~= "unsubscribe" then cause = old.cause end
    end
    done, err = kv:set(index_key(account.id, due, openid), "")
    if not done then return nil, err end
    done, err = kv:cas(key, text, ("%d %s %d"):format(due, cause, plan.left))
    if done then return true end
    if done == nil then return nil, err end
  end
  return nil, keep.fault("store.busy", "others change it all the time")
end

-- He follows again. A plan of a later leaving stays.
---@async
---@return true? ok, any err
local function take_back(account, openid, followed)
  local kv, err = keep.kv()
  if not kv then return nil, err end
  local key = truth_key(account.id, openid)
  local text
  text, err = kv:get(key)
  if text == nil then
    if err then return nil, err end
    return true
  end
  local plan = read_plan(text)
  if not plan or plan.cause ~= "unsubscribe" or plan.left > followed then return true end
  local done
  done, err = kv:cas(key, text, nil)
  if done then done, err = kv:del(index_key(account.id, plan.due, openid)) end
  if done == nil then return nil, err end
  return true
end

---@return true? ok, any err
local function enqueue(dict, key)
  local n, err = dict:incr(LAST_KEY)
  if not n then return nil, err end
  return dict:set(number_key(n), key, WAITS)
end

---@async
---@return true? ok, any err
local function run_job(job)
  local account = { id = job.account }
  if job.followed then return take_back(account, job.openid, job.followed) end
  return write_plan(account, job.openid, job)
end

-- Does it now, or notes it for `retry`.
---@async
---@param kind "follows"|"allows"
---@param job table
function Forgetting:try(kind, job)
  local dict, text, why = self:memory(), core.json.encode(job)
  local key, noted = job_key(kind, job.account, job.openid), nil
  if text then noted, why = dict:set(key, text, WAITS) end
  local ok, err = run_job(job)
  if noted and dict:get(key) ~= text then return end -- something later
  if ok then
    dict:delete(key)
    return
  end
  if noted then noted, why = enqueue(dict, key) end
  warn({ id = job.account }, "forget.failed", noted and err or ("%s; and it is not tried again: %s"):format(err, why))
end

--- What could not be written, once more.
---@async
function Forgetting:retry()
  local dict = self:memory()
  local first, last = dict:get(FIRST_KEY) or 1, dict:get(LAST_KEY) or 0
  local failures = 0
  for n = first <= last + 1 and first or 1, last do
    local key = dict:get(number_key(n))
    local text = key and dict:get(key)
    if text then
      local ok = run_job(core.json.decode(text))
      failures = ok and 0 or failures + 1
      if not ok and not enqueue(dict, key) then return end
      if ok and dict:get(key) == text then dict:delete(key) end
    end
    dict:delete(number_key(n))
    dict:set(FIRST_KEY, n + 1)
    if failures == IN_A_ROW then return end
  end
end

--- One of its events has come; behind its handlers. Those who leave are planned before the event is answered.
---@async
---@param msg table
function Forgetting:hears(msg)
  local account, openid, created = msg.account, msg.openid, msg.created
  local place, cause = self.places[account], CAUSES[msg.event]
  if not place or not place.delay or not openid then return end
  if cause then
    self:try(cause == "unsubscribe" and "follows" or "allows", {
      account = account.id, openid = openid,
      due = math.floor((time.now() + place.delay) * 1000), cause = cause, left = created,
    })
  else
    task.after(0, function() -- the answer does not wait for that
      self:try("follows", { account = account.id, openid = openid, followed = created })
    end)
  end
end

--- The same event's handlers are done, and have not failed.
---@async
---@param msg table
function Forgetting:heard(msg)
  local cause = CAUSES[msg.event]
  if cause and self.places[msg.account].delay == 0 and msg.openid then
    self:forget(msg.account, msg.openid, cause)
  end
end

-- What is due ----------------------------------------------------------------------------------------------

-- One entry of the index that is due.
---@async
---@return true? done
function Forgetting:run(kv, place, entry)
  local account, openid = place.object, keep.unescape(entry:match "([^/]*)$")
  local due = tonumber(entry:match "/(%d+)/[^/]*$")
  local text, err = kv:get(truth_key(account.id, openid))
  if text == nil and err then return nil end
  local plan = read_plan(text)
  if plan and plan.due == due then
    local tries = (self.tries[entry] or 0) + 1
    self.tries[entry] = tries
    if not self:forget(account, openid, plan.cause, tries > TRIES) then return nil end
    self.tries[entry] = nil
  end
  return kv:del(entry) ~= nil
end

-- What is due of one account. One who shares the store may be at it already.
---@async
function Forgetting:sweep(place)
  local kv = keep.kv()
  if not kv then return end
  local prefix, due = keep.key("f", place.object.id) .. "/", math.floor(time.now() * 1000)
  local list = kv:scan(prefix, nil, 1) -- nearly always nothing
  if not list or #list == 0 or tonumber(list[1][1]:match "/(%d+)/[^/]*$") > due then return end
  local name = keep.key("f", place.object.id)
  local fence = kv:lock(name, LEASE, 0)
  if not fence then return end
  local _ <close> = setmetatable({}, { __close = function()
    pcall(keep.unlock, kv, name, fence)
  end })
  local following
  repeat
    list, following = kv:scan(prefix, following, PAGE)
    if not list then return end -- the store is lost: the next look goes on
    for _, entry in ipairs(list) do
      if tonumber(entry[1]:match "/(%d+)/[^/]*$") > due then return end
      self:run(kv, place, entry[1])
      if not kv:extend(name, fence, LEASE) then return end
    end
  until not following
end

-- The same of accounts that came at run time: of those that have plans.
---@async
function Forgetting:sweep_others()
  local kv, known, after = keep.kv(), {}, "f/"
  for object in pairs(self.places) do known[object.id] = true end
  while kv do
    local list = kv:scan("f/", after, 1)
    local id = list and list[1] and list[1][1]:match "^f/([^/]+)/"
    if not id then return end
    after = ("f/%s0"):format(id) -- behind all of its keys: "0" comes after "/"
    id = keep.unescape(id)
    local object = not known[id] and self.find(id)
    local place = object and self.places[object]
    if place and place.delay then self:sweep(place) end
  end
end

--- Looks for what is due now and then; gives the function that ends that.
---@return fun()
function Forgetting:start()
  local pending
  local function look()
    pending = task.after(EVERY, look) -- before the work, which may be ended
    self:retry()
    for _, place in pairs(self.places) do
      if place.delay then task.after(0, function() self:sweep(place) end) end
    end
    if self.find then task.after(0, function() self:sweep_others() end) end
  end
  pending = task.after(FIRST, look)
  return function() pending:cancel() end
end

---@param places weiyue.forget.Place[]
---@param box weiyue.Mailbox
---@param push table the module weiyue.push
---@param services? weiyue.Services
---@param platform? fun(object: table): table?, integer? of an account that came at run time: whose settings are his
---@param find? async fun(id: string): table? an account that came at run time
---@return weiyue.Forgetting
function M.new(places, box, push, services, platform, find)
  local by_object = setmetatable({}, { __index = function(list, object)
    if not platform then return nil end
    local of, number = platform(object)
    local owner = rawget(list, of or false)
    return owner and
      { object = object, index = owner.index, number = number, delay = owner.delay, handlers = owner.handlers }
  end })
  for _, place in ipairs(places) do by_object[place.object] = place end
  return setmetatable({
    places = by_object, box = box, push = push, services = services, tries = {},
    find = find,
  }, Forgetting)
end

return M
