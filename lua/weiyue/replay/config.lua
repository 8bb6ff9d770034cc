-- The configuration that a journal is replayed with: as the file says, but for what would reach outside: the store is
-- memory, nothing listens, and a secret that is missing on this machine is made up.

local config = require "weiyue.config"

local M = {}

-- On the first line, so that the file's own lines keep their numbers.
local BEFORE <const> = [[local made = {}
local env = (function(e)
  return function(n, d)
    if d == nil and type(n) == "string" then
      d = "wxtest" .. (n:lower():gsub("[^%w]", ""))
      made[d] = true
    end
    return e(n, d)
  end
end)(env)
local conf = (function() ]]

-- What was made up takes the form that its place wants, whatever its variable is called.
local BEHIND <const> = "\n" .. [[end)()
local AES_KEY = "wxtestwxtestwxtestwxtestwxtestwxtestwxtest0"
local function fill(account, i)
  local keys = account.aes_key
  if type(keys) == "table" then
    local own = {}
    for _, key in ipairs(keys) do if not made[key] then own[#own + 1] = key end end
    account.aes_key = own[1] and own or AES_KEY
  end
  local values = { appid = ("wx%016x"):format(0xaa + i), token = "wxtesttoken", aes_key = AES_KEY }
  for key, value in pairs(values) do if made[account[key] or 0] then account[key] = value end end
end
if type(conf) == "table" then
  conf.store, conf.admin, conf.reload, conf.workers, conf.token_server = "memory", false, nil, 1, nil
  conf.log = { level = "debug" }
  if type(conf.accounts) == "table" then
    for i, account in ipairs(conf.accounts) do
      if type(account) == "table" then
        fill(account, i)
        account.access_token = nil
      end
    end
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
