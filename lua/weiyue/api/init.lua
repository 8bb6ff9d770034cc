-- weiyue.api: WeChat's API beyond account.api: what there is, and errors in words.

local catalogue = require "weiyue.api.catalogue"

local M = {}

--- The families of WeChat's API.
---@return string[]
function M.families() return catalogue.families() end

--- The names of a family's calls; nil: there is no such family.
---@param family string
---@return string[]?
function M.names(family) return catalogue.names(family) end

--- Whether there is such a call.
---@param key string family.name
---@return boolean
function M.has(key) return catalogue.has(key) end

return M
