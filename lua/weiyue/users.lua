-- Users of an account as WeChat knows them: who one is (msg:user), and all who follow (account:followers).

local core = require "weiyue_core"
local fault = require "weiyue.token.fault"
local flight = require "weiyue.flight"
local keep = require "weiyue.keep"

local M = {}

-- Who has left may come back at any time, and WeChat says nothing of him but that.
local LEFT <const> = 60 -- seconds

---@class weiyue.Users
---@field private kv fun(): weiyue.KV?
---@field private told fun(account: table, name: string, args: table, reply: table) of what the store had
---@field private fly function
local Users = {}
Users.__index = Users

local function warn(account, err)
  core.log.write("warn", "user.cache_failed", tostring(err), { account = account.id })
end

-- Keeps it, unless he was forgotten since `mark` was read. Gives an error, or nil.
---@async
local function store(kv, account, openid, mark, key, text, ms)
  local ok, err = kv:set(key, text, ms)
  if not ok then return err end
  local now
  now, err = keep.marked(kv, account.id, openid)
  if err or now ~= mark then kv:del(key) end
  return err
end

---@async
local function ask(self, account, openid, key, ttl)
  local kv, mark, why = ttl > 0 and self.kv(), nil, nil
  if kv then mark, why = keep.marked(kv, account.id, openid) end
  local info, err = self.call(account, "user.info", { openid = openid, lang = "zh_CN" })
  if not info then return nil, err end
  if kv and not why then
    if info.subscribe ~= 1 then ttl = math.min(ttl, LEFT) end
    why = store(kv, account, openid, mark, key, core.json.encode(info), math.ceil(ttl * 1000))
  end
  if why then warn(account, why) end
  return info
end

--- What user.info tells of him, from the store where it is not older than `ttl` seconds.
---@async
---@param account table msg.account
---@param openid string
---@param ttl number 0: it is asked anew, and not kept
---@param fresh? boolean it is asked anew
---@return table? info
---@return weiyue.Fault? err
function Users:info(account, openid, ttl, fresh)
  local key = keep.user(account.id, openid) .. "info"
  local kv = ttl > 0 and not fresh and self.kv()
  if kv then
    local text, err = kv:get(key)
    if err then warn(account, err) end
    local info = text and core.json.decode(text)
    if type(info) == "table" then
      self.told(account, "user.info", { openid = openid }, info)
      return info
    end
  end
  local info, err = self.fly(key, function() return ask(self, account, openid, key, ttl) end)
  if not info then return nil, err end
  local copy = {} -- several may have it
  for name, value in pairs(info) do copy[name] = value end
  return copy
end

-- Followers ----------------------------------------------------------------------------------------------

local Followers = { __name = "weiyue.followers" }

-- The next page; false: there is none.
local function turn(self)
  if self.finished then return false end
  local reply, err = self.call(self.account, "user.list", { next_openid = self.next })
  if not reply then
    self.err = err
    return false
  end
  local list = type(reply.data) == "table" and reply.data.openid or {}
  local behind = reply.next_openid
  if type(list) ~= "table" then
    self.err = fault("api.protocol", "the list has no openids", nil, { api = "user.list" })
    return false
  end
  self.total = reply.total
  self.page, self.at = list, 0
  self.finished = #list == 0 or behind == nil or behind == "" or behind == self.next
  self.next = behind
  return #list > 0
end

---@async
function Followers:__call()
  if self.err then return nil end
  if self.at == #self.page and not turn(self) then return nil end
  self.at = self.at + 1
  self.last = self.page[self.at]
  return self.last
end

--- An iterator over all who follow, page by page as it goes.
---@param account table
---@param options? { from?: string } from: an openid, behind which it begins
function Users:followers(account, options)
  if options ~= nil and type(options) ~= "table" then error("account:followers wants { from = openid }", 3) end
  for key, value in pairs(options or {}) do
    if key ~= "from" then error(("account:followers has no option %s"):format(tostring(key)), 3) end
    if type(value) ~= "string" then error("account:followers: from is an openid", 3) end
  end
  local from = options and options.from
  from = from ~= "" and from or nil
  return setmetatable({ call = self.call, account = account, next = from, page = {}, at = 0 }, Followers)
end

---@param options { kv: (fun(): weiyue.KV?), call: fun(), told: fun() } call: as of weiyue.upload
---@return weiyue.Users
function M.new(options)
  return setmetatable({ kv = options.kv, call = options.call, told = options.told, fly = flight.new() }, Users)
end

return M
