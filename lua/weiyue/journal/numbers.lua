-- Telephone and card numbers in a text, however their groups are written: 138 1234 5678, 138-1234-5678, 138.1234.5678,
-- 138/1234/5678, (010) 8765 4321, +852 9123 4567, in full-width digits.

local M = {}

local WIDE <const> = "\u{FF10}" -- the digits behind it have the next last bytes
local WIDE_HEAD <const>, WIDE_ZERO <const> = WIDE:sub(1, 2), WIDE:byte(3)

-- What may stand between two groups beside ASCII: spaces, dashes, dots, parentheses.
local BETWEEN <const> = { "\u{A0}", "\u{B7}", "\u{2009}", "\u{3000}", "\u{2010}", "\u{2011}", "\u{2012}", "\u{2013}",
  "\u{2014}", "\u{2212}", "\u{FF0D}", "\u{FF0E}", "\u{FF08}", "\u{FF09}" }
local GAP <const> = 9 -- bytes of it at most

local function is_gap(gap)
  if gap == "" or #gap > GAP then return false end
  gap = gap:gsub("[%s%-%.()/,]", "")
  for _, one in ipairs(BETWEEN) do gap = gap:gsub(one, "") end
  return gap == ""
end

local function is_dotted(gap) return gap:find(".", 1, true) ~= nil or gap:find("\u{FF0E}", 1, true) ~= nil end

-- The digit at a place: its value and the place behind it; nil: there is none.
local function digit_at(text, at)
  local byte = text:byte(at)
  if not byte then return nil end
  if byte >= 48 and byte <= 57 then return byte - 48, at + 1 end
  if byte ~= 0xEF or text:sub(at, at + 1) ~= WIDE_HEAD then return nil end
  local value = (text:byte(at + 2) or 0) - WIDE_ZERO
  if value >= 0 and value <= 9 then return value, at + 3 end
end

-- The groups of digits of a text: { from, to, digits, joined, dotted, plus }; joined: to the one before it.
local function groups_of(text)
  local list, at = {}, 1
  while true do
    at = text:find("[%d\xEF]", at)
    if not at then return list end
    local value, behind = digit_at(text, at)
    if value then
      local digits, from = {}, at
      while value do
        digits[#digits + 1] = value
        at = behind
        value, behind = digit_at(text, at)
      end
      local last = list[#list]
      local gap = last and text:sub(last.to + 1, from - 1) or ""
      local joined = is_gap(gap)
      list[#list + 1] = { from = from, to = at - 1, digits = table.concat(digits), joined = joined,
        dotted = joined and is_dotted(gap),
        plus = text:sub(from - 1, from - 1) == "+" or from > 3 and text:sub(from - 3, from - 1) == "\u{FF0B}" }
    else
      at = at + 1
    end
  end
end

-- Cards ------------------------------------------------------------------------------------------------------------

local CARD_LEAST <const>, CARD_MOST <const> = 16, 19

-- Four and four, as on a bank card; or six, eight and the rest, as on an identity card.
local function is_card_shape(groups, i, j)
  if i == j then return true end
  if j - i == 2 and #groups[i].digits == 6 and #groups[i + 1].digits == 8 then return true end
  for k = i, j - 1 do
    if #groups[k].digits ~= 4 then return false end
  end
  return #groups[j].digits <= 4
end

-- The last group of a card number that begins with group i; nil: none does.
local function card(text, groups, i)
  if text:sub(groups[i].from - 1, groups[i].from - 1):find "%w" then return nil end
  local n, best = 0, nil
  for j = i, #groups do
    if j > i and not groups[j].joined then break end
    n = n + #groups[j].digits
    if n > CARD_MOST then break end
    local behind = text:match("^%w*", groups[j].to + 1)
    local whole = behind == "" and n >= CARD_LEAST or n == 17 and behind:lower() == "x"
    if whole and is_card_shape(groups, i, j) then best = j end
  end
  return best
end

-- Telephones -------------------------------------------------------------------------------------------------------

local ABROAD_LEAST <const>, ABROAD_MOST <const> = 10, 15 -- digits behind a +

local function abroad(groups, i)
  local digits = ""
  for j = i, #groups do
    if j > i and not groups[j].joined then return nil end
    digits = digits .. groups[j].digits
    if #digits > ABROAD_MOST then return nil end
    local is_last = not (groups[j + 1] and groups[j + 1].joined)
    if #digits >= ABROAD_LEAST or is_last and #digits >= 8 then return j, digits:match "^86" or "" end
  end
end

-- What precedes a number within its digits: "" or a prefix that tells nothing; nil: they are none. Masked ones begin
-- with other digits; what a prefix and a masked number behind it look like together is one as it stands, too.
local function prefix_of(digits, first, masked)
  local n = #digits
  local head, rest = digits:match "^(0?0?86)(1%d%d%d%d%d%d%d%d%d%d)$"
  rest = rest or digits:match "^1%d%d%d%d%d%d%d%d%d%d$"
  if rest and (rest:find "^1[3-9]" or masked and rest:find "^100") then return head or "" end
  if n == 11 and digits:find(masked and "^8520" or "^852[04-9]") then return "852" end
  if n == 11 and digits:find(masked and "^8530" or "^853[068]") then return "853" end
  if n == 12 and digits:find(masked and "^8860" or "^886[09]") then return "886" end
  if n >= 10 and n <= 17 and digits:find(masked and "^00" or "^00[1-9]") then return "00" end
  if n >= 11 and n <= 13 and first == "86" then return "86" end
  if n >= 10 and n <= 12 and digits:find(masked and "^0" or "^0[1-9]") then return "" end
end

local function is_tail(group) return #group.digits >= 2 and #group.digits <= 8 end

local COUNTRY <const> = { ["86"] = true, ["086"] = true }

-- The last group of a telephone number that begins with group i, and the prefix of its digits that stays.
local function telephone(groups, i, masked)
  local first = groups[i].digits
  if groups[i].plus then return abroad(groups, i) end
  local digits, dotted = first, false
  for j = i, math.min(#groups, i + 6) do
    if j > i then
      if not groups[j].joined or not is_tail(groups[j]) or #first < 3 and not COUNTRY[first] then return nil end
      digits, dotted = digits .. groups[j].digits, dotted or groups[j].dotted
    end
    if #digits > 17 then return nil end
    local prefix = prefix_of(digits, j > i and first or nil, masked)
    if prefix and digits:find "^0[1-9]" and j > i and #first > 4 then prefix = nil end -- 20240501 has no area code
    -- with dots, only what no address of a network looks like
    if prefix and dotted and #groups[j].digits < 4 then prefix = nil end
    if prefix then return j, prefix end
  end
end

-- ------------------------------------------------------------------------------------------------------------------

--- Replaces them.
---@param text string
---@param masked boolean those, too, that a journal has in place of others
---@param replace fun(raw: string, digits: string, prefix: string, kind: "telephone"|"card"): string prefix: the digits
---  in front that may stay
---@return string
function M.replace(text, masked, replace)
  if not text:find "%d%d" and not text:find(WIDE_HEAD, 1, true) then return text end
  local groups = groups_of(text)
  local out, at, i = {}, 1, 1
  while i <= #groups do
    local kind, prefix = "card", ""
    local j = card(text, groups, i)
    if not j then
      kind = "telephone"
      j, prefix = telephone(groups, i, masked)
    end
    if j then
      local digits = {}
      for k = i, j do digits[#digits + 1] = groups[k].digits end
      out[#out + 1] = text:sub(at, groups[i].from - 1)
      out[#out + 1] = replace(text:sub(groups[i].from, groups[j].to), table.concat(digits), prefix, kind)
      at = groups[j].to + 1
    end
    i = (j or i) + 1
  end
  return #out > 0 and table.concat(out) .. text:sub(at) or text
end

--- A number's text with other digits in place of its own, one by one, as wide as those.
---@param raw string
---@param digits string
---@return string
function M.with_digits(raw, digits)
  local out, at, n = {}, 1, 0
  while at <= #raw do
    local value, behind = digit_at(raw, at)
    if value then
      n = n + 1
      local one = digits:sub(n, n)
      out[#out + 1] = behind - at == 1 and one or WIDE_HEAD .. string.char(WIDE_ZERO + tonumber(one))
      at = behind
    else
      out[#out + 1] = raw:sub(at, at)
      at = at + 1
    end
  end
  return table.concat(out)
end

--- The digits of a text, in ASCII.
---@param raw string
---@return string
function M.digits(raw)
  local out, at = {}, 1
  while at <= #raw do
    local value, behind = digit_at(raw, at)
    out[#out + 1] = value
    at = behind or at + 1
  end
  return table.concat(out)
end

return M
