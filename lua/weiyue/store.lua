-- wx.store: values that stay, of one plugin and one account; under store:user(openid), what belongs to a user
-- and goes when he is forgotten.
--
-- A value stands in the store as text: an integer in decimal (what kv:incr adds to), a table as JSON, and behind
-- a letter a string (s), a boolean (b1, b0), a float (d and its eight bytes).

local keep = require "weiyue.keep"

local M = {}

local NAME <const> = "weiyue.store"
local BATCH <const>, SCAN_MAX <const> = 100, 1000

---@class weiyue.Store
local Store = {}

-- What a store is of, out of the plugins' reach: { plugin = name, host = what dsl has, account? = object, openid? }.
local inside = setmetatable({}, { __mode = "k" })

keep.is_ours(debug.getinfo(1, "S").source)

local function misuse(method, text) keep.misuse(("wx.store:%s: %s"):format(method, text)) end

-- Values ------------------------------------------------------------------------------------------------

local WRITE <const> = {
  string = function(value) return "s" .. value end,
  boolean = function(value) return value and "b1" or "b0" end,
  number = function(value)
    return math.type(value) == "integer" and ("%d"):format(value) or "d" .. string.pack("<d", value)
  end,
  table = keep.encode,
}

--- The text of a value, or nil and why it has none.
---@return string? text, string? err
function M.write(value) return WRITE[type(value)](value) end

--- The value of a text. What nobody can have written is nil, and the reason.
---@param text string
---@return any value, weiyue.Error? err
function M.read(text)
  local kind = text:sub(1, 1)
  local value
  if kind == "s" then
    value = text:sub(2)
  elseif kind == "{" or kind == "[" then
    value = keep.decode(text)
  elseif kind == "d" and #text == 9 then
    value = string.unpack("<d", text, 2)
  elseif text == "b1" or text == "b0" then
    value = text == "b1"
  else
    value = text:find "^%-?%d+$" and tonumber(text) or nil
  end
  if value == nil then
    return nil, keep.fault("store.value", "what stands there is no value of wx.store",
      { "这个键是别的程序写的：换一个键，或先删除它", "another program has written it: use another key, or delete it" })
  end
  return value
end

--- The text of a plugin's value, or nil and an error.
---@param method string for messages
---@return string? text, weiyue.Error? err
function M.text_of(method, value)
  if not WRITE[type(value)] then
    keep.misuse(method .. ": a value is a text, a number, a boolean or a table, not " .. type(value))
  end
  local text, err = M.write(value)
  if not text then
    return nil, keep.fault("store.value", "this table cannot be kept: " .. tostring(err),
      { "表里只能有文字、数字、布尔值和这样的表", "a table holds texts, numbers, booleans and tables of these" })
  end
  return text
end

-- Whose ----------------------------------------------------------------------------------------------------

local function self_of(self, method, arguments)
  local of = inside[self]
  if not of then misuse(method, ("call it with a colon: wx.store:%s(%s)"):format(method, arguments)) end
  return of
end

local function prefix_of(of, method)
  local account = of.account or of.host.current()
  if not account then
    misuse(method, "of which account? Outside a message: wx.store:account(id):" .. method .. "(…)")
  end
  if of.openid then return keep.user(account.id, of.openid) .. keep.key("p", of.plugin) .. "/" end
  return keep.key("p", account.id, of.plugin) .. "/"
end

local function key_of(of, method, key)
  if type(key) ~= "string" then misuse(method, "a key is a text, not " .. type(key)) end
  if key == "" then misuse(method, "a key has at least one byte") end
  local full = prefix_of(of, method) .. keep.escape(key)
  if #full > keep.KEY_MAX then misuse(method, "this key is too long; 300 bytes always do") end
  return full
end

-- Methods --------------------------------------------------------------------------------------------------

---@async
function Store:get(key)
  local full = key_of(self_of(self, "get", "key"), "get", key)
  local kv, err = keep.kv()
  if not kv then return nil, err end
  local text
  text, err = kv:get(full)
  if text == nil then return nil, err end
  return M.read(text)
end

---@async
function Store:set(key, value, ttl)
  local full, ms = key_of(self_of(self, "set", "key, value"), "set", key), keep.ms("wx.store:set", ttl)
  local text, kv, err
  if value ~= nil then
    text, err = M.text_of("wx.store:set", value)
    if not text then return nil, err end
  end
  kv, err = keep.kv()
  if not kv then return nil, err end
  if text then return kv:set(full, text, ms) end
  local deleted
  deleted, err = kv:del(full)
  if deleted == nil then return nil, err end
  return true
end

---@async
function Store:add(key, value, ttl)
  local full, ms = key_of(self_of(self, "add", "key, value"), "add", key), keep.ms("wx.store:add", ttl)
  local text, err = M.text_of("wx.store:add", value)
  if not text then return nil, err end
  local kv
  kv, err = keep.kv()
  if not kv then return nil, err end
  return kv:add(full, text, ms)
end

---@async
function Store:cas(key, old, new, ttl)
  local full, ms = key_of(self_of(self, "cas", "key, old, new"), "cas", key), keep.ms("wx.store:cas", ttl)
  local before, after, kv, err
  if old ~= nil then
    before, err = M.text_of("wx.store:cas", old)
    if not before then return nil, err end
  end
  if new ~= nil then
    after, err = M.text_of("wx.store:cas", new)
    if not after then return nil, err end
  end
  kv, err = keep.kv()
  if not kv then return nil, err end
  local done, current = kv:cas(full, before, after, ms)
  if done == false and current ~= nil then return false, (M.read(current)) end
  return done, current
end

---@async
function Store:incr(key, n, ttl)
  local full, ms = key_of(self_of(self, "incr", "key"), "incr", key), keep.ms("wx.store:incr", ttl)
  local by = n == nil and 1 or math.type(n) and math.tointeger(n) or nil
  if not by then misuse("incr", "what is added is an integer") end
  local kv, err = keep.kv()
  if not kv then return nil, err end
  return kv:incr(full, by, ms)
end

---@async
function Store:delete(key)
  local full = key_of(self_of(self, "delete", "key"), "delete", key)
  local kv, err = keep.kv()
  if not kv then return nil, err end
  return kv:del(full)
end

local function check_scan(method, prefix, after, limit)
  if prefix ~= nil and type(prefix) ~= "string" then misuse(method, "a prefix is a text, not " .. type(prefix)) end
  if after ~= nil and type(after) ~= "string" then misuse(method, "after is a key, not " .. type(after)) end
  if limit ~= nil and not (math.type(limit) == "integer" and limit >= 1 and limit <= SCAN_MAX) then
    misuse(method, ("a limit is an integer from 1 to %d"):format(SCAN_MAX))
  end
end

-- A list of { key, value } and the key to go on after. An entry that cannot be read is left out.
---@async
local function scan(base, prefix, after, limit)
  local kv, err = keep.kv()
  if not kv then return nil, err end
  local found, following = kv:scan(base .. keep.escape(prefix or ""), after and base .. keep.escape(after), limit)
  if not found then return nil, following end
  local list = {}
  for _, entry in ipairs(found) do
    local value = M.read(entry[2])
    if value ~= nil then list[#list + 1] = { keep.unescape(entry[1]:sub(#base + 1)), value } end
  end
  return list, following and keep.unescape(following:sub(#base + 1))
end

---@async
function Store:scan(prefix, after, limit)
  local of = self_of(self, "scan", "prefix")
  check_scan("scan", prefix, after, limit)
  return scan(prefix_of(of, "scan"), prefix, after, limit or BATCH)
end

function Store:each(prefix)
  local of = self_of(self, "each", "prefix")
  check_scan("each", prefix)
  local base = prefix_of(of, "each") -- now: the loop's body may be another account's
  local list, i, following = {}, 0, ""
  return function()
    i = i + 1
    while i > #list do
      if not following then return nil end
      local err
      list, err = scan(base, prefix, following ~= "" and following or nil, BATCH)
      if not list then error(err, 2) end
      i, following = 1, err
    end
    return list[i][1], list[i][2]
  end
end

local function make(of)
  local store = setmetatable({}, M.metatable)
  inside[store] = of
  return store
end

function Store:user(openid)
  local of = self_of(self, "user", "openid")
  if type(openid) ~= "string" or openid == "" or #openid > 128 then misuse("user", "an openid is a text") end
  return make { plugin = of.plugin, host = of.host, account = of.account, openid = openid }
end

function Store:account(account)
  local of = self_of(self, "account", "id")
  local id = type(account) == "table" and account.id or account
  if type(id) ~= "string" then misuse("account", "an account's id is a text") end
  local object = of.host.find(id, account)
  if not object then misuse("account", "no account " .. id) end
  return make { plugin = of.plugin, host = of.host, account = object, openid = of.openid }
end

local function index(_, key)
  local method = Store[key]
  if method then return method end
  error(("wx.store has no method %s"):format(tostring(key)), 2)
end

local function refuse(_, key)
  error(("wx.store.%s: values are kept by wx.store:set(%q, value)"):format(tostring(key), tostring(key)), 2)
end

M.metatable = { __name = NAME, __metatable = NAME, __index = index, __newindex = refuse,
  __tostring = function() return "wx.store" end }

--- wx.store of one plugin.
---@param plugin string its name
---@param host { current: (fun(): table?), find: (fun(id: string, given?: any): table?) } the account of what runs, or
---  the only one; find may wait where accounts come at run time
---@return weiyue.Store
function M.new(plugin, host) return make { plugin = plugin, host = host } end

return M
