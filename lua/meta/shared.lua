---@meta weiyue.shared
error("lua/meta is for editors, not for require")

--- wx.shared (共享内存字典): values that all plugins and all workers of this host have in common. They are
--- gone when the host ends, and before that when their time is over or the memory is full: the least
--- recently used go first. It is one space for all plugins: let keys begin with your plugin's name.
--- Keys are strings of 1 to 1024 bytes. Misuse raises; no method waits.
---@class weiyue.shared
local shared = {}

--- What may be kept; each comes back as it was, an integer as an integer.
---@alias weiyue.shared.Value string|number|boolean

--- How long a value stays: seconds, or "500ms", "5m", "1h30m"; more than 0, at most a year. Absent: until
--- it is deleted, or the memory is full.
---@alias weiyue.shared.Ttl number|string

--- What could not be kept; `tostring(err)` is its message.
---@class weiyue.shared.Error
---@field code "too_large"|"not_a_number"|"nomem"
---@field message string
---@field hint string what to do, in Chinese
---@field hint_en string

--- The value (读取), or nil.
---@param key string
---@return weiyue.shared.Value?
function shared:get(key) end

--- Keeps a value (写入) in place of what stands there; nil deletes.
---@param key string
---@param value? weiyue.shared.Value
---@param ttl? weiyue.shared.Ttl
---@return true? ok
---@return weiyue.shared.Error? err
function shared:set(key, value, ttl) end

--- Keeps a value only where there is none (不存在时写入): of several callers one gets true. false: there
--- is one already.
---@param key string
---@param value weiyue.shared.Value
---@param ttl? weiyue.shared.Ttl
---@return boolean? added
---@return weiyue.shared.Error? err
function shared:add(key, value, ttl) end

--- Adds to a number (计数) in one step and returns the sum, by the rules of Lua's +. An absent key counts
--- as 0, and the ttl runs from then: later calls do not prolong it.
---@param key string
---@param n? number default 1
---@param ttl? weiyue.shared.Ttl
---@return number? sum
---@return weiyue.shared.Error? err
function shared:incr(key, n, ttl) end

--- Deletes (删除).
---@param key string
---@return boolean deleted false: there was none
function shared:delete(key) end

--- Seconds that a value has left (剩余时间); math.huge: it stays; nil: there is none.
---@param key string
---@return number?
function shared:ttl(key) end

return shared
