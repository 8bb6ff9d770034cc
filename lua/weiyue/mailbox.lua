-- The mailbox: answers that came too late, kept until the user asks for them. One entry of the
-- dictionary holds what one user of one account has not read: a list of { reply, tag }.
local json = require "weiyue_core".json

local TTL <const> = 48 * 3600 -- seconds
local KEEP <const> = 20
-- What could be written is read again, however a plugin nested its table; a NUL becomes U+FFFD, as it
-- would in a passive reply.
local READ <const> = { depth = 512, lenient = true }

---@class weiyue.mailbox.Dict what wx.shared is; keys are any bytes
---@field get fun(self, key: string): string?
---@field set fun(self, key: string, value: string, ttl: number): true?, any
---@field delete fun(self, key: string)

---@class weiyue.Mailbox
---@field private dict weiyue.mailbox.Dict
---@field private untold fun(change: integer) hears of users who were not told, and of those who were
---@field private gone? weiyue.mailbox.Dict whose answers had to go: the same keys
---@field private ttl number
---@field private keep integer
local Mailbox = {}
Mailbox.__index = Mailbox

-- The length keeps accounts apart: ("a", "bc") is not ("ab", "c").
local function key_of(account_id, openid) return #account_id .. ":" .. account_id .. openid end

-- Before the key of what waits, where the user was not told of it.
local UNTOLD <const> = "?"

local function read(self, key)
  local text = self.dict:get(key)
  return text and json.decode(text, READ)
end

---@return true? ok, any err
local function write(self, key, list)
  local text, err = json.encode(list)
  if not text then return nil, err end
  return self.dict:set(key, text, self.ttl)
end

---Adds answers behind those that wait; all of them then wait for 48 h more. Nothing has changed on
---failure.
---@param account_id string
---@param openid string
---@param replies (string|weiyue.Reply)[] texts over WeChat's limit are paged before
---@param tag? integer of the last of them
---@return integer? waiting how many wait now
---@return any dropped how many of the oldest had to go; or why nothing could be stored
function Mailbox:put(account_id, openid, replies, tag)
  local key = key_of(account_id, openid)
  local list = read(self, key) or {}
  for i, reply in ipairs(replies) do list[#list + 1] = { reply, i == #replies and tag or nil } end
  local dropped = math.max(#list - self.keep, 0)
  list = table.move(list, dropped + 1, #list, 1, {})
  if #list == 0 then return 0, 0 end
  local ok, err = write(self, key, list)
  while not ok and err.code == "too_large" and #list > 1 do -- what one user may have is bounded in bytes, too
    table.remove(list, 1)
    dropped = dropped + 1
    ok, err = write(self, key, list)
  end
  if not ok then return nil, err end
  return #list, dropped
end

---Takes out the oldest answer. The others wait for 48 h more.
---@param account_id string
---@param openid string
---@return string|weiyue.Reply|nil reply nil: none waits
---@return any left how many still wait; or, without a reply, why it could not be taken out; "gone": told once, where
---  answers that waited had to go for others
---@return integer? tag that it was put with
function Mailbox:take(account_id, openid)
  local key = key_of(account_id, openid)
  local list = read(self, key)
  if not list then
    local had = self.gone and self.gone:get(key)
    if had then self.gone:delete(key) end
    return nil, had and "gone" or nil
  end
  self:show(account_id, openid)
  local oldest = table.remove(list, 1)
  if #list == 0 then
    self.dict:delete(key)
    return oldest[1], 0, oldest[2]
  end
  local ok, err = write(self, key, list)
  if not ok then return nil, err end
  return oldest[1], #list, oldest[2]
end

---Whether an answer waits, or one that waited is gone.
---@return boolean
function Mailbox:waits(account_id, openid)
  local key = key_of(account_id, openid)
  return self.dict:get(key) ~= nil or self.gone ~= nil and self.gone:get(key) ~= nil
end

---Notes that nobody could tell the user of what waits for him.
---@return boolean first he was told of all before
function Mailbox:hide(account_id, openid)
  local key = UNTOLD .. key_of(account_id, openid)
  local first = self.dict:get(key) == nil
  if first then self.untold(1) end
  self.dict:set(key, "1", self.ttl)
  return first
end

---He was told now.
function Mailbox:show(account_id, openid)
  local key = UNTOLD .. key_of(account_id, openid)
  if self.dict:get(key) == nil then return end
  self.dict:delete(key)
  self.untold(-1)
end

---Whether an answer waits of which the user was not told.
---@return boolean
function Mailbox:hides(account_id, openid)
  local key = key_of(account_id, openid)
  return self.dict:get(UNTOLD .. key) ~= nil and self.dict:get(key) ~= nil
end

---Forgets what waits for a user.
function Mailbox:drop(account_id, openid)
  local key = key_of(account_id, openid)
  self.dict:delete(key)
  self:show(account_id, openid)
  if self.gone then self.gone:delete(key) end
end

local M = {}

---@param dict weiyue.mailbox.Dict
---@param options? { ttl?: number, keep?: integer, gone?: weiyue.mailbox.Dict, untold?: function } seconds an answer
---  waits; answers per user; whose answers had to go; hears of each user who was not told (1), or is told now (-1)
---@return weiyue.Mailbox
function M.new(dict, options)
  options = options or {}
  return setmetatable({
    dict = dict, gone = options.gone, ttl = options.ttl or TTL, keep = options.keep or KEEP,
    untold = options.untold or function() end,
  }, Mailbox)
end

return M
