-- `require "weiyue"` outside a plugin: a spec under `weiyue test`, or code of the host's own. It has
-- the same functions; rules declared here belong to no account, and timers are refused.

local plugin = { name = "main", priority = 0, rules = {}, uses = {} }

return require("weiyue.dsl").new(plugin, {
  account = function() error("there is no account outside a host that serves one", 3) end,
  current = function() end, find = function() end,
})
