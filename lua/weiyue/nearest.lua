-- Nearest names: what somebody may have meant.

local M = {}

local LONGEST <const> = 64 -- bytes looked at: names are short

--- How many bytes must be inserted, dropped or changed to make b of a.
---@param a string
---@param b string
---@return integer
function M.distance(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local diagonal = row[0]
    row[0] = i
    for j = 1, #b do
      local same = a:byte(i) == b:byte(j)
      local best = math.min(row[j] + 1, row[j - 1] + 1, diagonal + (same and 0 or 1))
      diagonal, row[j] = row[j], best
    end
  end
  return row[#b]
end

--- The nearest of the names, and its distance; the first in order of the alphabet where several are.
---@param name string
---@param names string[]
---@return string?, integer?
function M.of(name, names)
  local best, least
  name = name:sub(1, LONGEST):lower()
  for _, one in ipairs(names) do
    local d = M.distance(name, one)
    if not least or d < least or (d == least and one < best) then best, least = one, d end
  end
  return best, least
end

---@param t table
---@return string[] names its keys that are texts
function M.names(t)
  local names = {}
  for key in next, t do
    if type(key) == "string" then names[#names + 1] = key end
  end
  return names
end

--- The name that was likely meant: a slip or two away, or a third of its length. Nil: none is.
---@param name string
---@param names string[]
---@return string?
function M.slip(name, names)
  local near, distance = M.of(name, names)
  if near and (distance <= 2 and distance < #name or 3 * distance <= #name) then return near end
  return nil
end

return M
