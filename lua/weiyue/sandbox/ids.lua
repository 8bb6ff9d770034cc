-- Ids as WeChat's look, from the world's source of random bytes.

local M = {}

local ALPHABET <const> = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

--- n characters of A–Z, a–z, 0–9, - and _.
---@param random fun(n: integer): string
---@param n integer
---@return string
function M.text(random, n)
  local chars = {}
  for i, byte in ipairs { random(n):byte(1, n) } do
    local at = byte % 64 + 1
    chars[i] = ALPHABET:sub(at, at)
  end
  return table.concat(chars)
end

---@return string openid 28 characters
function M.openid(random) return "o" .. M.text(random, 27) end

--- n hexadecimal digits.
function M.hex(random, n)
  return ((random((n + 1) // 2):gsub(".", function(c) return ("%02x"):format(c:byte()) end)):sub(1, n))
end

--- The part of an errmsg that WeChat's openapi/rid/get takes: "65a0b1c2-12345678-9abcdef0".
function M.rid(random, now)
  local hex = M.hex(random, 16)
  return ("%08x-%s-%s"):format(math.floor(now) & 0xFFFFFFFF, hex:sub(1, 8), hex:sub(9))
end

return M
