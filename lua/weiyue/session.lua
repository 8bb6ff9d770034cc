-- Sessions: a table of each user's that is there again with his next message. It is read on first use, and what
-- has changed is written once, before the answer leaves.
--
-- Two handlers of one user may run at a time (a menu's while a conversation waits), and a browser asks for several
-- pages at once. So it is written only where the store has what was read; else both changes are put together, field by
-- field, and it is tried again.

local caller = require "weiyue.caller"
local core = require "weiyue_core"
local dispatch = require "weiyue.dispatch"
local keep = require "weiyue.keep"
local task = require "weiyue.task"

local json, log = core.json, core.log

local M = {}

local TTL <const> = 30 * 86400 * 1000 -- ms from the last change on
local TRIES <const>, APART <const> = 60, 0.04 -- of a write that others hinder, and seconds between them at most

---@class weiyue.session.State
---@field account table
---@field openid string
---@field plugin? weiyue.Caller who asked for it first
---@field where? string file:line of that
---@field rule? string file:line of the rule that has answered
---@field key string
---@field value table what the plugins have
---@field base? string the text in the store that value comes from; nil: none
---@field stale boolean it was written, and time has passed: others may have changed it
---@field began number when it was read; seconds
---@field mark? string of its user's last forgetting, where nothing was in the store
---@field dropped boolean its user was forgotten
---@field visitor? weiyue.web.Visitors it is no user's, but a browser's
---@field renews? boolean it is written even where nothing has changed, to be kept for longer

-- By push, as long as one of its messages is there: of a handler that was ended nothing is left to tidy up.
---@type table<integer, weiyue.session.State>
local by_push = setmetatable({}, { __mode = "v" })
local held = setmetatable({}, { __mode = "k" }) -- message → its state

local function read(state, text)
  if not text then return {} end
  local value = keep.decode(text)
  if type(value) == "table" then return value end
  log.write("error", "session.failed", "what is kept is no session: it begins anew", { account = state.account.id })
  return {}
end

-- The text of a session; nil: an empty one, which is not kept.
local function write(value)
  if next(value) == nil then return nil end
  return keep.encode(value)
end

local function same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return rawequal(a, b) end
  return json.encode(a) == json.encode(b)
end

-- Puts into `ours` what `theirs` has made of the fields that we have left as they were.
local function merge(base, ours, theirs)
  local names = {}
  for name in pairs(base) do names[name] = true end
  for name in pairs(theirs) do names[name] = true end
  for name in pairs(names) do
    if same(ours[name], base[name]) then ours[name] = theirs[name] end
  end
end

-- The store has another text than the one that we know.
local function take_over(state, text)
  merge(read(state, state.base), state.value, read(state, text))
  state.base = text
end

--- The session of a message's sender, or of who visits a page.
---@async
---@param msg { push: integer, account: table, openid: string, where?: string }
---@return table? session, weiyue.Error? err
function M.of(msg)
  local number = msg.push
  local state = by_push[number]
  if state and not state.stale then
    held[msg] = state
    return state.value
  end
  local account, openid = msg.account, msg.openid
  local key = keep.user(account.id, openid) .. "s"
  local kv, err = keep.kv()
  if not kv then return nil, err end
  local text, mark
  text, err = kv:get(key)
  if text == nil and not err then mark, err = keep.marked(kv, account.id, openid) end
  if err then return nil, err end
  local other = by_push[number] -- somebody else of the handler's may have asked meanwhile
  if other and not other.stale then
    held[msg] = other
    return other.value
  elseif other then
    take_over(other, text)
    other.stale, other.mark, state = false, mark, other
  else
    state = {
      account = account, openid = openid, key = key, base = text, stale = false, dropped = false,
      began = core.time.now(), mark = mark,
    }
    state.value = read(state, text)
    by_push[number] = state
  end
  held[msg] = state
  if not state.where then
    if msg.where then state.where = msg.where else state.plugin, state.where = caller.plugin() end
  end
  dispatch.session = M
  return state.value
end

--- The session of a browser whose user is not known: what stands in the store belongs to the page that shows it.
---@async
---@param account table
---@param id string the browser's
---@param visitor weiyue.web.Visitors
---@param where string file:line of the page
---@return weiyue.session.State? state
---@return weiyue.Error? err
function M.visit(account, id, visitor, where)
  local key = keep.visitor(account.id, id) .. "s"
  local text, err = visitor:read(key)
  if err then return nil, err end
  local state = {
    account = account, key = key, base = text, dropped = false, visitor = visitor, where = where, rule = where,
    value = false,
  }
  state.value = read(state, text)
  return state
end

-- Told with the rule that has answered, or else with who asked first: what cannot be kept is likely theirs.
local function failed(state, err)
  local plugin = state.rule and caller.of_rule(state.rule) or state.plugin
  log.write("warn", "session.failed", tostring(err), {
    account = state.account.id, plugin = plugin and plugin.name, where = state.rule or state.where,
  })
  return false
end

-- Another worker, another generation or another machine may have forgotten him while the handler ran.
---@async
---@return boolean? gone, weiyue.Error? err
local function was_forgotten(kv, state)
  local mark, err = keep.marked(kv, state.account.id, state.openid)
  if err then return nil, err end
  if mark ~= nil and mark ~= state.mark and (state.base == nil or not keep.is_before(mark, state.began)) then
    return true
  end
  state.mark = mark
  return false
end

-- Writes it where the store has what was read: true; false and what it has; nil and an error. What is new is looked
-- at behind its writing: he was perhaps forgotten just before.
---@async
local function swap(kv, state, text)
  local done, current = kv:cas(state.key, state.base, text, TTL)
  if state.visitor then -- nobody's whose forgetting would be known
    state.visitor:wrote(state.key, done and text or current)
    return done, current
  end
  if not done or state.base ~= nil then return done, current end
  local gone, err = was_forgotten(kv, state)
  if gone == false then return true end
  state.dropped = true
  local undone, why = kv:cas(state.key, text, nil)
  if gone == nil or undone == nil then return nil, err or why end
  return true
end

-- Others have written meanwhile: both changes as a text; nil: nothing is left to write, or an error.
---@async
local function put_together(kv, state, current)
  local err
  if not state.visitor then state.dropped, err = was_forgotten(kv, state) end
  if err or state.dropped then return nil, err end
  take_over(state, current)
  local text = write(state.value)
  return text ~= state.base and { text } or nil
end

--- Writes what has changed. A failure is told in the log.
---@async
---@param state weiyue.session.State
---@return boolean kept false: what has changed is lost
function M.write(state)
  if state.dropped then return true end
  local text, err = write(state.value)
  if err then return failed(state, "it cannot be kept: " .. err) end
  local has_changed = text ~= state.base
  if not has_changed and not (state.renews and text) then return true end
  local kv
  kv, err = keep.kv()
  if not kv then return failed(state, err) or not has_changed end
  for i = 1, TRIES do
    local done, current = swap(kv, state, text)
    if done then
      state.base = text
      return true
    elseif done == nil then
      return failed(state, current) or not has_changed
    end
    local both
    both, err = put_together(kv, state, current)
    if err then return failed(state, err) end
    if not both then return true end
    text, has_changed = both[1], true
    if i > 1 then task.sleep(math.random() * APART) end -- who hinders one another would go on so
  end
  return failed(state, "others change it all the time")
end

--- The same of a message's.
---@async
---@param msg table
---@param rule? string file:line of the rule that has answered
---@return boolean kept
function M.save(msg, rule)
  local state = by_push[msg.push]
  if not state then return true end
  state.rule = rule
  return M.write(state)
end

--- A question leaves: what has changed is written, and read again where it is asked for after the answer.
---@async
---@param msg table
function M.rest(msg)
  M.save(msg)
  local state = by_push[msg.push]
  if state then state.stale = true end
end

--- A user is forgotten: what handlers still have of his session is not written any more.
---@param account_id string
---@param openid string
function M.drop(account_id, openid)
  for _, state in pairs(by_push) do
    if state.account.id == account_id and state.openid == openid then state.dropped = true end
  end
end

return M
