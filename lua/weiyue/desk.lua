-- The customer service desk (多客服): whether a human has a user. WeChat tells by kf_* events, and a transfer reply
-- puts him into the queue. What is known stands in the store, with a dictionary of this host in front of it.

local core = require "weiyue_core"
local keep = require "weiyue.keep"

local M = {}

local TTL <const> = { queue = 1800, open = 86400 } -- seconds; WeChat does not tell of all that ends
local FRESH <const> = 60 -- seconds that the dictionary is believed: another host may know more
local NOBODY <const> = "none"

--- Events that tell of the desk, and what they make of it.
M.events = { kf_create_session = "open", kf_switch_session = "open", kf_close_session = NOBODY }

---@class weiyue.Desk
---@field private kv fun(): weiyue.KV?
---@field private dict weiyue.mailbox.Dict
local Desk = {}
Desk.__index = Desk

-- No plugin's own key in wx.shared begins so.
local function front_key(account_id, openid) return ("\0kf%d:%s%s"):format(#account_id, account_id, openid) end

local function store_key(account_id, openid) return keep.user(account_id, openid) .. "kf" end

local function warn(account_id, err)
  core.log.write("warn", "desk.failed", tostring(err), { account = account_id })
end

--- "queue": he waits for a human; "open": one has him; nil: neither. Waits for the store where this host has not
--- looked for a while.
---@async
---@param account_id string
---@param openid string
---@return "queue"|"open"|nil
function Desk:state(account_id, openid)
  local key = front_key(account_id, openid)
  local state = self.dict:get(key)
  if not state then
    local kv, err = self.kv(), nil
    if kv then state, err = kv:get(store_key(account_id, openid)) end
    if err then warn(account_id, err) end
    state = TTL[state] and state or NOBODY
    self.dict:set(key, state, FRESH)
    -- what is personal is looked at once more: he may have been forgotten since it was read
    if state ~= NOBODY then
      local still, why = kv:get(store_key(account_id, openid))
      if not still and not why then
        self.dict:delete(key)
        state = NOBODY
      end
    end
  end
  if state ~= NOBODY then return state end
end

---@async
---@param state "queue"|"open"|"none"
function Desk:set(account_id, openid, state)
  self.dict:set(front_key(account_id, openid), state, FRESH)
  local kv = self.kv()
  if not kv then return end
  local ok, err
  if state == NOBODY then
    ok, err = kv:del(store_key(account_id, openid))
  else
    ok, err = kv:set(store_key(account_id, openid), state, TTL[state] * 1000)
  end
  if ok == nil then warn(account_id, err) end
end

---@async
---@param msg weiyue.Message an event of the desk's
function Desk:hear(msg) self:set(msg.account.id, msg.openid, M.events[msg.event]) end

--- What the dictionary has of him goes; the store's is personal data like the rest.
function Desk:forget(account_id, openid) self.dict:delete(front_key(account_id, openid)) end

---@param options { kv: (fun(): weiyue.KV?), dict: weiyue.mailbox.Dict }
---@return weiyue.Desk
function M.new(options) return setmetatable({ kv = options.kv, dict = options.dict }, Desk) end

return M
