-- Cuts a text into pages for WeChat's limit in bytes, where a reader would turn the page.
local grapheme = require "weiyue.grapheme"

local M = {}

-- A page may well end behind these; \u{3000} is the wide blank.
local SOFT <const> = { ["。"] = true, ["！"] = true, ["？"] = true, ["；"] = true, ["，"] = true, ["\u{3000}"] = true }

local function is_inside(text, at)
  local byte = text:byte(at)
  return byte and byte >= 0x80 and byte < 0xC0
end

-- The last boundary between characters at or before `at`. Broken UTF-8 is cut where it has none.
local function boundary(text, at)
  for back = 0, 3 do
    if not is_inside(text, at - back) then return at - back end
  end
  return at
end

-- The code point that begins at this byte; -1 where none does.
local function code_at(text, at)
  return utf8.len(text, at, at) and utf8.codepoint(text, at) or -1
end

-- Whether what the reader sees as one character stays whole when a page begins at this boundary.
local function is_whole(text, at)
  return grapheme.is_boundary(code_at(text, boundary(text, at - 1)), code_at(text, at))
end

local function is_soft(text, at)
  local byte = text:byte(at - 1)
  return byte == 32 or byte == 9 or SOFT[text:sub(at - 3, at - 1)]
end

-- Where the page after the one at `from` begins: behind a line break, else a blank or punctuation in
-- the last quarter of what fits; else behind any character that stays whole; else behind any.
local function next_page(text, from, room)
  local last = boundary(text, from + room)
  local at, soft, whole = last, nil, nil
  while at > from + room * 3 // 4 do
    local line = text:byte(at - 1) == 10
    local gentle = not soft and is_soft(text, at)
    if (line or gentle or not whole) and is_whole(text, at) then
      if line then return at end
      whole = whole or at
      soft = soft or gentle and at
    end
    at = boundary(text, at - 1)
  end
  return soft or whole or last
end

---Pages of a text, each at most `max` bytes and never cut inside a character. All but the last end
---with `more`; without it they are the text again.
---@param text string
---@param max integer bytes
---@param more? string what tells the reader that there is more
---@return string[] pages one at least
function M.split(text, max, more)
  more = more or ""
  local room = max - #more
  if room < 4 then error("a page must have room for a character beside `more`", 2) end
  local pages, from = {}, 1
  while #text - from + 1 > max do
    local at = next_page(text, from, room)
    pages[#pages + 1] = text:sub(from, at - 1) .. more
    from = at
  end
  pages[#pages + 1] = text:sub(from)
  return pages
end

return M
