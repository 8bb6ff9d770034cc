-- A PNG of one bit a pixel: white is 1. Nothing is compressed: what the sandbox draws is small.

local CRC <const> = {}
for i = 0, 255 do
  local c = i
  for _ = 1, 8 do c = c & 1 == 1 and 0xEDB88320 ~ c >> 1 or c >> 1 end
  CRC[i] = c
end

local function crc(text)
  local c = 0xFFFFFFFF
  for i = 1, #text do c = CRC[(c ~ text:byte(i)) & 0xFF] ~ c >> 8 end
  return c ~ 0xFFFFFFFF
end

local function adler(text)
  local a, b = 1, 0
  for i = 1, #text do
    a = (a + text:byte(i)) % 65521
    b = (b + a) % 65521
  end
  return b << 16 | a
end

local function chunk(name, data) return (">I4"):pack(#data) .. name .. data .. (">I4"):pack(crc(name .. data)) end

-- Stored blocks of at most 65535 bytes.
local function zlib(data)
  local parts = { "\x78\x01" }
  for from = 1, #data, 65535 do
    local block = data:sub(from, from + 65534)
    parts[#parts + 1] = ("<BI2I2"):pack(from + 65535 > #data and 1 or 0, #block, ~#block & 0xFFFF) .. block
  end
  return table.concat(parts) .. (">I4"):pack(adler(data))
end

--- A picture.
---@param width integer
---@param height integer
---@param rows string each row a filter byte (0) and its pixels
---@return string
return function(width, height, rows)
  return "\x89PNG\r\n\x1A\n" .. chunk("IHDR", (">I4I4BBBBB"):pack(width, height, 1, 0, 0, 0, 0))
    .. chunk("IDAT", zlib(rows)) .. chunk("IEND", "")
end
