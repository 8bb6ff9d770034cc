-- The tokens that the sandbox has given out. A token that is replaced stays good for 5 minutes, unless it was revoked.

local ids = require "weiyue.sandbox.ids"

local M = {}

M.LIFE = 7200 -- seconds
M.OVERLAP = 300
local LENGTH <const> = 136 -- that of real ones; a client keeps room for 512
local KEPT <const> = 512 -- dead tokens that are remembered, to say 42001 rather than 40001

---@class weiyue.sandbox.Token
---@field value string
---@field kind string "access_token", "component_access_token", …
---@field appid string whose calls it is for
---@field at number
---@field ends number
---@field revoked? boolean another took its place: 40001, not 42001, from its end on

---@class weiyue.sandbox.Tokens
---@field private world table
---@field private by_value table<string, weiyue.sandbox.Token>
---@field private order string[]
local Tokens = {}
Tokens.__index = Tokens

-- Forgets the oldest beyond what is kept; only dead ones.
local function tidy(self, now)
  local order, n = self.order, #self.order
  if n <= KEPT then return end
  local left = {}
  for i, value in ipairs(order) do
    local token = self.by_value[value]
    if i <= n - KEPT and token.ends <= now then self.by_value[value] = nil else left[#left + 1] = value end
  end
  self.order = left
end

---@param kind string
---@param appid string
---@param life? number seconds
---@return weiyue.sandbox.Token
function Tokens:issue(kind, appid, life)
  local now = self.world.now()
  tidy(self, now)
  self.serial = self.serial + 1
  local value = ("%d_"):format(40 + self.serial % 60) .. ids.text(self.world.random, LENGTH - 3)
  local token = { value = value, kind = kind, appid = appid, at = now, ends = now + (life or M.LIFE) }
  self.by_value[value] = token
  self.order[#self.order + 1] = value
  return token
end

--- Another has taken its place: it is good for `overlap` more seconds, at most to its own end.
function Tokens:replace(token, overlap)
  token.ends, token.revoked = math.min(token.ends, self.world.now() + overlap), true
end

--- The token, when it is good.
---@param value string
---@return weiyue.sandbox.Token? token, integer? errcode
function Tokens:check(value)
  local token = self.by_value[value]
  if not token then return nil, 40001 end
  if token.ends > self.world.now() then return token end
  return nil, token.revoked and 40001 or 42001
end

--- Ends every token of an account at once, as a reset AppSecret does.
---@param appid string
function Tokens:revoke(appid)
  for _, token in pairs(self.by_value) do
    if token.appid == appid then self:replace(token, 0) end
  end
end

---@param world table
---@return weiyue.sandbox.Tokens
function M.new(world) return setmetatable({ world = world, by_value = {}, order = {}, serial = 0 }, Tokens) end

return M
