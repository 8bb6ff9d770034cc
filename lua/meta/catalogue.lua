---@meta weiyue.api
error("lua/meta is for editors, not for require")

--- What there is of WeChat's API (微信接口的目录); calls are made by `account.api`, described in lua/meta/api.lua.
---@class weiyue.api
local api = {}

--- The families, those that plugins have added included.
---@return string[]
function api.families() end

--- The names of a family's calls; nil: there is no such family.
---@param family string
---@return string[]?
function api.names(family) end

--- Whether there is such a call.
---@param key string "family.name"
---@return boolean
function api.has(key) end

return api
