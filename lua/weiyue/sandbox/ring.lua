-- A list that forgets its oldest items, so that a sandbox that runs for days does not grow.

---@class weiyue.sandbox.Ring
---@field private items table
---@field private first integer
---@field private last integer
---@field private most integer
local Ring = {}
Ring.__index = Ring

function Ring:push(item)
  self.last = self.last + 1
  self.items[self.last] = item
  if self.last - self.first >= self.most then
    self.items[self.first] = nil
    self.first = self.first + 1
  end
end

function Ring:__len() return self.last - self.first + 1 end

--- The items for which keep(item) is true, or all; oldest first, as a new table.
---@param keep? fun(item: any): boolean?
---@return any[]
function Ring:list(keep)
  local list = {}
  for i = self.first, self.last do
    local item = self.items[i]
    if not keep or keep(item) then list[#list + 1] = item end
  end
  return list
end

--- The newest for which is(item) is true.
---@param is fun(item: any): boolean?
function Ring:find(is)
  for i = self.last, self.first, -1 do
    if is(self.items[i]) then return self.items[i] end
  end
end

---@param most integer
---@return weiyue.sandbox.Ring
return function(most) return setmetatable({ items = {}, first = 1, last = 0, most = most }, Ring) end
