-- QR codes by ISO/IEC 18004: byte mode, versions 1 to 10, level M or, where that is too small, L. To a matrix, an SVG
-- or a PNG. Enough for the addresses of the sandbox: 271 bytes at most.

local M = {}

local FIRST <const>, LAST <const> = 1, 10

-- By version: all codewords; of a level: error-correction codewords in a block, blocks.
local CODEWORDS <const> = { 26, 44, 70, 100, 134, 172, 196, 242, 292, 346 }
local LEVELS <const> = {
  { bits = 0, ecc = { 10, 16, 26, 18, 24, 16, 18, 22, 22, 26 }, blocks = { 1, 1, 1, 2, 2, 4, 4, 4, 5, 5 } }, -- M
  { bits = 1, ecc = { 7, 10, 15, 20, 26, 18, 20, 24, 30, 18 }, blocks = { 1, 1, 1, 1, 1, 2, 2, 2, 2, 4 } }, -- L
}
local ALIGNMENT <const> = {
  {}, { 6, 18 }, { 6, 22 }, { 6, 26 }, { 6, 30 }, { 6, 34 }, { 6, 22, 38 }, { 6, 24, 42 }, { 6, 26, 46 }, { 6, 28, 50 },
}

-- --- error correction: GF(256) over 0x11D ---

local EXP <const>, LOG <const> = {}, {}
do
  local x = 1
  for i = 0, 254 do
    EXP[i], LOG[x] = x, i
    x = x << 1
    if x > 255 then x = x ~ 0x11D end
  end
end

local function multiply(a, b)
  if a == 0 or b == 0 then return 0 end
  return EXP[(LOG[a] + LOG[b]) % 255]
end

-- The generator polynomial of n codewords, without its first coefficient.
local function generator(n)
  local poly = {}
  for i = 1, n do poly[i] = i == n and 1 or 0 end
  local root = 1
  for _ = 1, n do
    for i = 1, n do
      poly[i] = multiply(poly[i], root) ~ (poly[i + 1] or 0)
    end
    root = multiply(root, 2)
  end
  return poly
end

local function remainder(data, poly)
  local n, rest = #poly, {}
  for i = 1, n do rest[i] = 0 end
  for _, byte in ipairs(data) do
    local factor = byte ~ rest[1]
    table.move(rest, 2, n, 1)
    rest[n] = 0
    for i = 1, n do rest[i] = rest[i] ~ multiply(poly[i], factor) end
  end
  return rest
end

-- --- data to codewords ---

-- The first version and level that has room.
local function fit(length)
  for _, level in ipairs(LEVELS) do
    for version = FIRST, LAST do
      local room = CODEWORDS[version] - level.ecc[version] * level.blocks[version]
      local head = version < 10 and 12 or 20 -- mode and length, bits
      if (head + 8 * length + 7) // 8 <= room then return version, level, room end
    end
  end
end

local function data_codewords(text, version, room)
  local bits = {}
  local function put(value, n)
    for i = n - 1, 0, -1 do bits[#bits + 1] = (value >> i) & 1 end
  end
  put(4, 4)
  put(#text, version < 10 and 8 or 16)
  for i = 1, #text do put(text:byte(i), 8) end
  put(0, math.min(4, room * 8 - #bits))
  put(0, -#bits % 8)
  local words = {}
  for i = 1, #bits, 8 do
    local byte = 0
    for k = i, i + 7 do byte = byte << 1 | bits[k] end
    words[#words + 1] = byte
  end
  for i = 1, room - #words do words[#words + 1] = i % 2 == 1 and 0xEC or 0x11 end
  return words
end

-- Blocks with their error correction, interleaved.
local function interleave(words, version, level)
  local ecc, count = level.ecc[version], level.blocks[version]
  local short, long_from = CODEWORDS[version] // count - ecc, count - CODEWORDS[version] % count + 1
  local poly, blocks, at = generator(ecc), {}, 1
  for b = 1, count do
    local size = short + (b >= long_from and 1 or 0)
    local data = table.move(words, at, at + size - 1, 1, {})
    at = at + size
    blocks[b] = { data = data, ecc = remainder(data, poly) }
  end
  local out = {}
  for i = 1, short + 1 do
    for _, block in ipairs(blocks) do out[#out + 1] = block.data[i] end
  end
  for i = 1, ecc do
    for _, block in ipairs(blocks) do out[#out + 1] = block.ecc[i] end
  end
  return out
end

-- --- the matrix: rows and columns from 0; dark[y][x], fixed[y][x] ---

local function new_matrix(size)
  local m = { size = size, dark = {}, fixed = {} }
  for y = 0, size - 1 do m.dark[y], m.fixed[y] = {}, {} end
  return m
end

local function set(m, x, y, is_dark)
  m.dark[y][x], m.fixed[y][x] = is_dark, true
end

local function finder(m, cx, cy)
  for dy = -4, 4 do
    for dx = -4, 4 do
      local x, y, ring = cx + dx, cy + dy, math.max(math.abs(dx), math.abs(dy))
      if x >= 0 and y >= 0 and x < m.size and y < m.size then set(m, x, y, ring ~= 2 and ring ~= 4) end
    end
  end
end

local function alignment(m, version)
  local at = ALIGNMENT[version]
  for i, y in ipairs(at) do
    for j, x in ipairs(at) do
      local corner = (i == 1 and (j == 1 or j == #at)) or (i == #at and j == 1)
      for dy = corner and 3 or -2, 2 do
        for dx = -2, 2 do set(m, x + dx, y + dy, math.max(math.abs(dx), math.abs(dy)) ~= 1) end
      end
    end
  end
end

-- value with its remainder by a polynomial behind it.
local function with_bch(value, bits, poly)
  local rest = value << bits
  for i = 20, bits, -1 do
    if rest >> i & 1 == 1 then rest = rest ~ poly << (i - bits) end
  end
  return value << bits | rest
end

local function format_bits(m, level, mask)
  local bits, size = with_bch(level.bits << 3 | mask, 10, 0x537) ~ 0x5412, m.size
  local function bit(i) return bits >> i & 1 == 1 end
  for i = 0, 5 do set(m, 8, i, bit(i)) end
  set(m, 8, 7, bit(6)); set(m, 8, 8, bit(7)); set(m, 7, 8, bit(8))
  for i = 9, 14 do set(m, 14 - i, 8, bit(i)) end
  for i = 0, 7 do set(m, size - 1 - i, 8, bit(i)) end
  for i = 8, 14 do set(m, 8, size - 15 + i, bit(i)) end
  set(m, 8, size - 8, true)
end

local function version_bits(m, version)
  if version < 7 then return end
  local bits = with_bch(version, 12, 0x1F25)
  for i = 0, 17 do
    local a, b, is_dark = m.size - 11 + i % 3, i // 3, bits >> i & 1 == 1
    set(m, a, b, is_dark)
    set(m, b, a, is_dark)
  end
end

local function frame(version, level)
  local m = new_matrix(17 + 4 * version)
  for i = 0, m.size - 1 do
    set(m, 6, i, i % 2 == 0)
    set(m, i, 6, i % 2 == 0)
  end
  finder(m, 3, 3); finder(m, m.size - 4, 3); finder(m, 3, m.size - 4)
  alignment(m, version)
  version_bits(m, version)
  format_bits(m, level, 0) -- its place; the mask comes later
  return m
end

-- Codewords go up and down in columns of two, from the right.
local function fill(m, words)
  local bit, total = 0, #words * 8
  local right = m.size - 1
  while right > 0 do
    if right == 6 then right = 5 end
    local up = (right + 1) & 2 == 0
    for step = 0, m.size - 1 do
      local y = up and m.size - 1 - step or step
      for x = right, right - 1, -1 do
        if not m.fixed[y][x] then
          m.dark[y][x] = bit < total and words[(bit >> 3) + 1] >> (7 - bit & 7) & 1 == 1
          bit = bit + 1
        end
      end
    end
    right = right - 2
  end
end

local MASKS <const> = {
  [0] = function(x, y) return (x + y) % 2 == 0 end, function(_, y) return y % 2 == 0 end,
  function(x) return x % 3 == 0 end, function(x, y) return (x + y) % 3 == 0 end,
  function(x, y) return (x // 3 + y // 2) % 2 == 0 end, function(x, y) return x * y % 2 + x * y % 3 == 0 end,
  function(x, y) return (x * y % 2 + x * y % 3) % 2 == 0 end,
  function(x, y) return ((x + y) % 2 + x * y % 3) % 2 == 0 end,
}

local function apply(m, mask)
  local flips = MASKS[mask]
  for y = 0, m.size - 1 do
    local dark, fixed = m.dark[y], m.fixed[y]
    for x = 0, m.size - 1 do
      if not fixed[x] and flips(x, y) then dark[x] = not dark[x] end
    end
  end
end

-- What makes a code hard to read: long runs, blocks, one colour prevailing.
local function penalty(m)
  local size, dark, total, n = m.size, m.dark, 0, 0
  for y = 0, size - 1 do
    local run_x, run_y = 0, 0
    for x = 0, size - 1 do
      run_x = x > 0 and dark[y][x] == dark[y][x - 1] and run_x + 1 or 1
      run_y = x > 0 and dark[x][y] == dark[x - 1][y] and run_y + 1 or 1
      total = total + (run_x == 5 and 3 or run_x > 5 and 1 or 0) + (run_y == 5 and 3 or run_y > 5 and 1 or 0)
      if dark[y][x] then n = n + 1 end
      local one = dark[y][x]
      if x > 0 and y > 0 and one == dark[y][x - 1] and one == dark[y - 1][x] and one == dark[y - 1][x - 1] then
        total = total + 3
      end
    end
  end
  return total + math.abs(n * 20 - size * size * 10) // (size * size) * 10
end

--- The modules of a code.
---@param text string 1 to 271 bytes
---@return { size: integer, dark: boolean[][], version: integer }? matrix rows and columns from 0
---@return string? err
function M.matrix(text)
  local version, level, room = fit(#text)
  if not version then return nil, "too long for a QR code: " .. #text .. " bytes" end
  local m = frame(version, level)
  fill(m, interleave(data_codewords(text, version, room), version, level))
  local best, least
  for mask = 0, 7 do
    apply(m, mask)
    format_bits(m, level, mask)
    local own = penalty(m)
    if not least or own < least then best, least = mask, own end
    apply(m, mask)
  end
  apply(m, best)
  format_bits(m, level, best)
  m.version = version
  return m
end

local QUIET <const> = 4 -- modules around it

--- As an SVG.
---@param text string
---@return string? svg, string? err
function M.svg(text)
  local m, err = M.matrix(text)
  if not m then return nil, err end
  local path, side = {}, m.size + 2 * QUIET
  for y = 0, m.size - 1 do
    for x = 0, m.size - 1 do
      if m.dark[y][x] then path[#path + 1] = ("M%d %dh1v1h-1z"):format(x + QUIET, y + QUIET) end
    end
  end
  return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges">'
    .. '<path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>'):format(side, side, side, side, table.concat(path))
end

--- As a PNG, 8 pixels a module.
---@param text string
---@return string? png, string? err
function M.png(text)
  local m, err = M.matrix(text)
  if not m then return nil, err end
  local side, rows = m.size + 2 * QUIET, {}
  local blank = "\0" .. ("\xFF"):rep(side)
  for y = -QUIET, m.size + QUIET - 1 do
    local row = blank
    if m.dark[y] then
      local bytes = { ("\0") .. ("\xFF"):rep(QUIET) }
      for x = 0, m.size - 1 do bytes[x + 2] = m.dark[y][x] and "\0" or "\xFF" end
      row = table.concat(bytes) .. ("\xFF"):rep(QUIET)
    end
    rows[#rows + 1] = row:rep(8)
  end
  return require("weiyue.sandbox.png")(side * 8, side * 8, table.concat(rows))
end

return M
