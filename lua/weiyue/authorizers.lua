-- What is kept of third-party platforms: tickets, the records of who has authorised them, and authorisations that
-- are still to be dealt with. In the store; and in memory of this process beside it, which goes on when it is lost.
--
-- Under c/PLATFORM/: `ticket`; a/APPID, a record as JSON: { appid, refresh_token, service_type, … }; w/APPID, what an
-- event has told and nothing could be made of yet: { id, appid, code? | refresh_token? | gone?, since, due }.

local core = require "weiyue_core"
local fault = require "weiyue.token.fault"
local keep = require "weiyue.keep"
local task = require "weiyue.task"

local json, log, time = core.json, core.log, core.time

local SECRETS <const> = 1000 -- tickets, codes, refresh tokens that no line shows; older ones are of no use any more
local TRIES <const> = 10     -- of a change that others come between
local PAGE <const> = 100
local LEASE <const> = 60000  -- ms: of who deals with an event; no task lives longer
local WAIT <const> = 3000    -- ms that a new event waits for him
local AGAIN <const>, AGAIN_MAX <const> = 5, 60 -- seconds: what could not be done
local FIRST <const>, EVERY <const> = 5, 60     -- seconds: a worker looks for what others have left

local M = {}

---@class weiyue.Authorizers
---@field private hub weiyue.Hub
---@field private hidden table texts that no line shows
---@field private n_hidden integer
---@field private jobs table<string, table> by key: what this state tries again
local Authorizers = {}
Authorizers.__index = Authorizers

--- Keeps a text out of logs, until many others have come.
function Authorizers:hide(text)
  if self.hidden[text] then return end
  core.secrets.add(text)
  self.hidden[text], self.n_hidden = true, self.n_hidden + 1
  self.hidden[self.n_hidden] = text
  local old = self.hidden[self.n_hidden - SECRETS]
  if not old then return end
  core.secrets.remove(old)
  self.hidden[old], self.hidden[self.n_hidden - SECRETS] = nil, nil
end

local function key_of(component, rest) return ("c/%s/%s"):format(core.url.escape(component.appid), rest) end
local function record_key(component, appid) return key_of(component, "a/" .. core.url.escape(appid)) end
local function job_key(component, appid) return key_of(component, "w/" .. core.url.escape(appid)) end

-- What stands there and is no table is nobody's of ours.
local function decode(text)
  local value = text and json.decode(text, { lenient = true })
  return type(value) == "table" and value or nil
end

local function lost(err) return fault(err.code or "store", tostring(err.message or err)) end

-- In memory: what stood in the store before a change that it has missed.
local function missed_key(key) return "missed/" .. key end

-- Values ------------------------------------------------------------------------------------------------------

-- The store has missed a change: it is told, unless another has changed that since.
---@async
function Authorizers:catch_up(key)
  local dict = self.hub.dict
  local before = dict:get(missed_key(key))
  if not before then return end
  local new = dict:get(key)
  if not new or self.hub.kv:cas(key, before, new) ~= nil then dict:delete(missed_key(key)) end
end

-- The store, or memory of this process where there is none: then a restart needs new authorisations, which is told.
---@return string? text
---@return weiyue.Fault? err
function Authorizers:get(key)
  local kv = self.hub.kv
  if kv then
    self:catch_up(key)
    local value, err = kv:get(key)
    if value or not err then return value end
    local cached = self.hub.dict:get(key)
    if cached then return cached end
    return nil, lost(err)
  end
  return self.hub.dict:get(key)
end

---@param ttl? integer ms
---@return true? ok
---@return weiyue.Fault? err it is in memory alone
function Authorizers:set(key, value, ttl)
  local kv = self.hub.kv
  self.hub.dict:set(key, value, ttl and ttl / 1000)
  if not kv then return true end
  local ok, err = kv:set(key, value, ttl)
  if ok then return true end
  return nil, lost(err)
end

---@return true? ok
---@return weiyue.Fault? err
function Authorizers:delete(key)
  self.hub.dict:delete(key)
  self.hub.dict:delete(missed_key(key))
  if not self.hub.kv then return true end
  local deleted, err = self.hub.kv:del(key)
  if deleted ~= nil then return true end
  return nil, lost(err)
end

-- Others may change a value at the same time: `f` makes the new one of what stands there, as often as it takes.
---@param f fun(value?: table): table? nil: it stays as it is
---@return true? ok
---@return weiyue.Fault? err
function Authorizers:change(key, f)
  local kv, dict = self.hub.kv, self.hub.dict
  for _ = 1, TRIES do
    local text, err
    if kv then
      self:catch_up(key)
      text, err = kv:get(key)
    end
    if not kv or err then text = dict:get(key) end
    local value = f(decode(text))
    local new = value and json.encode(value)
    local done = not new or new == text
    if not done and kv and not err then
      done, err = kv:cas(key, text, new)
      if done == false then err = nil end -- it is what stands there now
    end
    if new and not done and err and text then dict:add(missed_key(key), text) end -- the first: it stands there
    if new and (done or not kv or err) then dict:set(key, new) end
    if err then return nil, lost(err) end
    if done or not kv then return true end
  end
  return nil, fault("store.busy", "others change it all the time")
end

-- Tickets and records -----------------------------------------------------------------------------------------

function Authorizers:ticket(component) return self:get(key_of(component, "ticket")) end
function Authorizers:set_ticket(component, ticket, ttl) return self:set(key_of(component, "ticket"), ticket, ttl) end

--- What is known of an authorizer.
---@async
---@return table? record nil: he has not authorised
---@return weiyue.Fault? err
function Authorizers:record(component, appid)
  local text, err = self:get(record_key(component, appid))
  return decode(text), err
end

--- Changes the fields of a record that `f` changes, and no others.
---@async
---@param f fun(record?: table): table?
---@return true? ok
---@return weiyue.Fault? err
function Authorizers:amend(component, appid, f) return self:change(record_key(component, appid), f) end

---@async
---@return true? ok
---@return weiyue.Fault? err
function Authorizers:forget(component, appid) return self:delete(record_key(component, appid)) end

-- All values whose keys begin so, one after another.
local function each(kv, prefix)
  local rows, at, after, is_last = {}, 0, nil, not kv
  return function()
    at = at + 1
    while not rows[at] do
      if is_last then return nil end
      local page, following = kv:scan(prefix, after, PAGE)
      if not page then error(("the store does not tell the accounts: %s"):format(tostring(following)), 2) end
      rows, at, after, is_last = page, 1, following, following == nil
    end
    return rows[at][2]
  end
end

--- The records of all who have authorised a platform; one that cannot be read hides no other.
---@return async fun(): table?
function Authorizers:records(component)
  local next_text = each(self.hub.kv, key_of(component, "a/"))
  return function()
    for text in next_text do
      local record = decode(text)
      if record and type(record.appid) == "string" then return record end
    end
  end
end

-- What is to be done ------------------------------------------------------------------------------------------

-- Of all that share the store one deals with an account's events at a time. nil: another does just now.
local function lock(self, key, wait)
  local kv = self.hub.kv
  local fence = kv and kv:lock(key, LEASE, wait)
  if fence == false then return nil end
  return setmetatable({}, { __close = function()
    if fence then pcall(keep.unlock, kv, key, fence) end
  end })
end

--- Whether nothing newer has come, and nobody has done it.
---@async
function Authorizers:is_open(job)
  local text, err = self:get(job.key)
  local there = decode(text)
  if err or there and there.id == job.what.id then return true end
  return not job.kept and not (there and there.since > job.what.since) -- the store was lost when it came
end

--- What has been done of it so far.
---@async
function Authorizers:note(job)
  local ttl = math.max(1, math.floor((job.what.due - time.now()) * 1000))
  if self:set(job.key, json.encode(job.what), ttl) then job.kept = true end
end

-- It is done. Where the store is lost it stays there until its time is over; to do it again does no harm.
---@async
local function strike(self, job)
  local text = self:get(job.key)
  local there = decode(text)
  if not there or there.id ~= job.what.id then return end
  self.hub.dict:delete(job.key)
  if self.hub.kv then self.hub.kv:cas(job.key, text, nil) end
end

-- One try. Gives its error; job.done: it needs no other.
---@async
function Authorizers:attempt(job, wait)
  local mine <close> = lock(self, job.key, wait)
  if not mine then return nil, fault("component.busy", "another process is at it") end
  if not self:is_open(job) then
    job.done = true
    return true
  end
  local ok, err, is_final = self.deal(job.component, job)
  job.done = ok or is_final
  if job.done then strike(self, job) end
  return ok, err
end

-- Again and again, until it is done or its time is over.
function Authorizers:again(job)
  local delay = AGAIN
  local function try()
    if self.jobs[job.key] ~= job then return end
    local _, err = self:attempt(job, 0)
    if self.jobs[job.key] ~= job then return end
    local is_over = time.now() + delay >= job.what.due
    if not job.done and not is_over then
      task.after(delay, try)
      delay = math.min(delay * 2, AGAIN_MAX)
      return
    end
    self.jobs[job.key] = nil
    if err then
      log.write("error", "component.event", "given up: " .. tostring(err),
        { account = job.component.id, appid = job.what.appid, code = err.code })
    end
  end
  self.jobs[job.key] = job
  task.after(delay, try)
end

--- An event has told this: it is kept, dealt with, and tried again if that fails.
---@async
---@param component weiyue.Place
---@param what { appid: string, code?: string, gone?: true, due: number } due: when it is of no use any more
---@return true? ok
---@return weiyue.Fault? err of this first try
function Authorizers:enqueue(component, what)
  local key = job_key(component, what.appid)
  local job = { component = component, key = key, what = what, kept = false, done = false }
  what.id, what.since = core.crypto.random_string(16), time.now()
  self.jobs[key] = nil -- older news
  self:note(job)       -- that the store is lost, whoever needs it next tells
  local ok, err = self:attempt(job, WAIT)
  if not job.done then self:again(job) end
  return ok, err
end

local function is_job(what)
  return what and type(what.appid) == "string" and type(what.due) == "number" and type(what.since) == "number"
end

-- What a host that is gone, or this one before a reload, has not brought to its end.
---@async
function Authorizers:resume(component)
  for text in each(self.hub.kv, key_of(component, "w/")) do
    local what = decode(text)
    local key = is_job(what) and job_key(component, what.appid)
    if key and not self.jobs[key] and what.due > time.now() then
      if what.code then self:hide(what.code) end
      if what.refresh_token then self:hide(what.refresh_token) end
      local job = { component = component, key = key, what = what, kept = true, done = false }
      self:attempt(job, 0)
      if not job.done then self:again(job) end
    end
  end
end

--- Looks for such now and then; gives the function that ends that.
---@return fun()
function Authorizers:start()
  local pending
  local function look()
    pending = task.after(EVERY, look) -- before the work, which may be ended
    for _, place in ipairs(self.hub:places()) do
      if place.kind == "component" then task.after(0, function() self:resume(place) end) end
    end
  end
  pending = task.after(FIRST, look)
  return function() pending:cancel() end
end

---@param hub weiyue.Hub
---@param deal async fun(component: weiyue.Place, job: table): true?, weiyue.Fault?, boolean? the last: no try helps
---@return weiyue.Authorizers
function M.new(hub, deal)
  return setmetatable({ hub = hub, deal = deal, hidden = {}, n_hidden = 0, jobs = {} }, Authorizers)
end

return M
