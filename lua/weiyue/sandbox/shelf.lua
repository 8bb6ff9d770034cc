-- A map that knows the order in which its keys came, and forgets the oldest beyond what it may hold: what a family of
-- the sandbox keeps grows no further.

---@class weiyue.sandbox.Shelf
---@field private by_key table
---@field private order any[] keys; false: taken out
---@field private at table key → its place in order
---@field private n integer
---@field private most integer
local Shelf = {}
Shelf.__index = Shelf

function Shelf:__len() return self.n end

local function tidy(self)
  local order, at = {}, {}
  for _, key in ipairs(self.order) do
    if key then
      order[#order + 1] = key
      at[key] = #order
    end
  end
  self.order, self.at = order, at
end

--- Puts a value; a new key comes last. What has no room any more is gone.
---@return any value
function Shelf:put(key, value)
  if self.by_key[key] == nil then
    if self.n >= self.most then
      for _, oldest in ipairs(self.order) do
        if oldest then
          self:drop(oldest)
          break
        end
      end
    end
    self.order[#self.order + 1] = key
    self.at[key] = #self.order
    self.n = self.n + 1
  end
  self.by_key[key] = value
  return value
end

---@return any value
function Shelf:get(key) return self.by_key[key] end

---@return any value what was there
function Shelf:drop(key)
  local value = self.by_key[key]
  if value == nil then return nil end
  self.order[self.at[key]] = false
  self.by_key[key], self.at[key] = nil, nil
  self.n = self.n - 1
  if #self.order > 2 * self.n + 16 then tidy(self) end
  return value
end

--- The values for which keep(value) is true, or all; oldest first.
---@param keep? fun(value: any): any
---@return any[]
function Shelf:list(keep)
  local list = {}
  for _, key in ipairs(self.order) do
    local value = self.by_key[key]
    if key and (not keep or keep(value)) then list[#list + 1] = value end
  end
  return list
end

local M = {}

---@param most integer
---@return weiyue.sandbox.Shelf
function M.new(most) return setmetatable({ by_key = {}, order = {}, at = {}, n = 0, most = most }, Shelf) end

--- A part of a list.
---@param list any[]
---@param offset integer from 0
---@param count integer
---@return any[]
function M.part(list, offset, count)
  if offset >= #list then return {} end
  return table.move(list, offset + 1, offset + math.min(#list - offset, count), 1, {})
end

--- The same list, newest first.
---@return any[]
function M.newest(list)
  local out = {}
  for i = #list, 1, -1 do out[#out + 1] = list[i] end
  return out
end

return M
