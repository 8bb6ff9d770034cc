-- The configuration that a journal is replayed with: as the file says, but for what would reach outside: the store is
-- memory, nothing listens, and a secret that is missing on this machine is made up.

local config = require "weiyue.config"

local M = {}

-- On the first line, so that the file's own lines keep their numbers.
local BEFORE <const> = [[local env = (function(e)
  local function made_up(name)
    if name:find("AES", 1, true) then return "wxtestwxtestwxtestwxtestwxtestwxtestwxtest0" end
    if name:find("APPID", 1, true) then return "wx00000000000000aa" end
    return "wxtest" .. (name:lower():gsub("[^%w]", ""))
  end
  return function(n, d)
    if d == nil and type(n) == "string" then d = made_up(n:upper()) end
    return e(n, d)
  end
end)(env)
local conf = (function() ]]

local BEHIND <const> = "\n" .. [[end)()
if type(conf) == "table" then
  conf.store, conf.admin, conf.reload, conf.workers, conf.token_server = "memory", false, nil, 1, nil
  conf.log = { level = "debug" }
  if type(conf.accounts) == "table" then
    for _, account in ipairs(conf.accounts) do if type(account) == "table" then account.access_token = nil end end
  end
end
return conf
]]

---@class weiyue.replay.Config
---@field text string for the host
---@field accounts table<string, { number: integer, place: table }> by id

--- Reads it.
---@param text string
---@param name string
---@return weiyue.replay.Config?
---@return table[]? problems weiyue.config.Problem
function M.read(text, name)
  text = BEFORE:gsub("\n", " ") .. text .. BEHIND
  local conf, problems = config.load_string(text, name, {})
  if not conf then return nil, problems end
  local accounts = {}
  for i, account in ipairs(conf.accounts) do
    local place = {}
    for key, value in pairs(account) do place[key] = value end
    if type(place.token) == "table" then place.token = place.token[1] end -- while it is being changed
    accounts[account.id] = { number = i, place = place }
  end
  return { text = text, accounts = accounts }
end

return M
