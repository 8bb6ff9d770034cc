---@meta weiyue.store
error("lua/meta is for editors, not for require")

--- wx.store, also `require "weiyue.store"` (持久存储): values that stay, of this plugin and of one account: in a
--- handler the message's, and where there is only one account that; else wx.store:account(id). Other plugins
--- have keys of their own. What belongs to a user goes under store:user(openid): it is deleted when he is
--- forgotten. Keys are texts of any bytes; with the account's and the plugin's name they have at most 1024 (`/` and
--- `%` count three), a value at most 1 MiB.
---
--- Every method but user, account and each waits for the store. It gives nil and an error when the store fails; misuse
--- raises. What was acknowledged stays, as far as `store.durability` says.
---@class weiyue.Store
local store = {}

--- What may be kept; each comes back as it was: an integer as an integer, every byte of a text. A table must be
--- one that JSON can say: texts in it are UTF-8, its keys texts, or it is a sequence.
---@alias weiyue.store.Value string|number|boolean|table

--- How long a value stays: seconds, or "500ms", "5m", "1h30m"; more than 0, at most a year. Absent: until it is
--- deleted.
---@alias weiyue.store.Ttl number|string

--- Why something did not work; `tostring(err)` is its message.
---@class weiyue.Error
---@field code string such as "store.timeout", "store.full", "store.unreachable", "store.value", "lock.busy"
---@field message string
---@field hint string what to do, in Chinese (怎么办)
---@field hint_en string

--- The value (读取); nil alone: there is none.
---@async
---@param key string
---@return weiyue.store.Value? value
---@return weiyue.Error? err
function store:get(key) end

--- Keeps a value (写入) in place of what stands there; nil deletes.
---@async
---@param key string
---@param value? weiyue.store.Value
---@param ttl? weiyue.store.Ttl
---@return true? ok
---@return weiyue.Error? err
function store:set(key, value, ttl) end

--- Keeps a value only where there is none (不存在时写入): of several callers one gets true. false: there is one.
---@async
---@param key string
---@param value weiyue.store.Value
---@param ttl? weiyue.store.Ttl
---@return boolean? added
---@return weiyue.Error? err
function store:add(key, value, ttl) end

--- Writes `new` only where `old` stands (比较后写入); nil as old: where there is nothing; nil as new: deletes. Tables
--- are compared by what is in them. false, and what stands there instead: it was another.
---@async
---@param key string
---@param old? weiyue.store.Value
---@param new? weiyue.store.Value
---@param ttl? weiyue.store.Ttl
---@return boolean? done
---@return weiyue.store.Value|weiyue.Error|nil current
function store:cas(key, old, new, ttl) end

--- Adds to an integer (计数) in one step and returns the sum. An absent key counts as 0, and the ttl runs from then:
--- later calls do not prolong it.
---@async
---@param key string
---@param n? integer default 1
---@param ttl? weiyue.store.Ttl
---@return integer? sum
---@return weiyue.Error? err
function store:incr(key, n, ttl) end

--- Deletes (删除).
---@async
---@param key string
---@return boolean? deleted false: there was none
---@return weiyue.Error? err
function store:delete(key) end

--- Some entries whose keys begin so (按前缀列出), in a fixed order, each as { key, value }; and, when there are more,
--- the key to go on after.
---@async
---@param prefix? string
---@param after? string
---@param limit? integer 1 to 1000; default 100. A page may have fewer
---@return { [1]: string, [2]: weiyue.store.Value }[]? entries
---@return string|weiyue.Error|nil next
function store:scan(prefix, after, limit) end

--- All entries whose keys begin so (遍历): `for key, value in wx.store:each "cart/" do … end`. Raises when the store
--- fails.
---@param prefix? string
---@return async fun(): string?, weiyue.store.Value?
function store:each(prefix) end

--- The same for what belongs to one user (个人数据).
---@param openid string
---@return weiyue.Store
function store:user(openid) end

--- The same for another account (别的账号).
---@param account string|weiyue.Account
---@return weiyue.Store
function store:account(account) end

return store
