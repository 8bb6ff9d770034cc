-- Sessions of browsers in memory, beside the store that has them: a page that shows one does not ask the store each
-- time. A session is written by comparing with what was read, so that an old copy here is found out and put right; no
-- copy is used for long.

local keep = require "weiyue.keep"

local M = {}

local KEEP <const> = 5 -- seconds
local LARGEST <const> = 8192 -- bytes of one
local NONE <const> = "" -- there is nothing in the store; false: what is there is too large for here

---@class weiyue.web.Visitors
---@field private dict? table shared by all workers; nil: other machines write the store as well
local Visitors = {}
Visitors.__index = Visitors

--- The text of a session.
---@async
---@return string? text
---@return weiyue.Error? err
function Visitors:read(key)
  local text = self.dict and self.dict:get(key)
  if text == NONE then return nil end
  if type(text) == "string" then return text end
  local kv, err = keep.kv()
  if not kv then return nil, err end
  text, err = kv:get(key)
  -- who has written it meanwhile knows better
  if text and self.dict and #text <= LARGEST then self.dict:add(key, text, KEEP) end
  return text, err
end

--- What the store has now; nil: nothing.
function Visitors:wrote(key, text)
  if not self.dict then return end
  if text and #text > LARGEST then text = false end
  self.dict:set(key, text == nil and NONE or text, KEEP)
end

--- Of a browser that is known by this request first: the store has nothing of his.
M.unknown = { read = function() return nil end, wrote = function() end }

---@param dict? table
---@return weiyue.web.Visitors
function M.new(dict) return setmetatable({ dict = dict }, Visitors) end

return M
