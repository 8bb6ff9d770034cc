-- Pages of a text: their size, what they keep whole, where they end; for random texts too.
local page = require "weiyue.page"

local MORE <const> = "（未完，回复“继续”看下一页）"

-- The text again, after looking at each page's size and end.
local function joined(pages, max, more)
  local parts = {}
  for i, text in ipairs(pages) do
    assert.is_true(#text <= max, ("page %d has %d bytes"):format(i, #text))
    if i < #pages then
      assert.equal(more, text:sub(#text - #more + 1))
      text = text:sub(1, #text - #more)
    end
    assert.is_truthy(utf8.len(text), ("page %d is cut inside a character"):format(i))
    assert.is_true(text ~= "" or #pages == 1, ("page %d is empty"):format(i))
    parts[i] = text
  end
  return table.concat(parts)
end

-- Characters, and what a reader takes for one: none of these may be cut.
local WHOLE <const> = {
  "\r\n", "e\u{301}", "か\u{3099}", "❤\u{FE0F}", "1\u{FE0F}\u{20E3}", "👍\u{1F3FD}", "🇨🇳",
  "👨\u{200D}👩\u{200D}👧", "葛\u{E0100}", "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
  "\u{E17}\u{E35}\u{E48}", "\u{E19}\u{E33}", "\u{E9A}\u{EB3}", "\u{915}\u{93F}", "\u{915}\u{94D}\u{937}\u{93E}", -- Thai, Lao, Devanagari
  "\u{F66}\u{FB3}\u{F74}", "\u{628}\u{651}\u{64F}", "\u{5E9}\u{5C1}\u{5B8}", -- Tibetan, Arabic, Hebrew
  "\u{1820}\u{180B}", "\u{1112}\u{1161}\u{11AB}", "\u{AC00}\u{11A8}", "\u{B95}\u{BCB}", "\u{995}\u{9BF}", -- Mongolian, Hangul, Tamil, Bengali
  "\u{1780}\u{17D2}\u{1798}\u{17B6}", "\u{1000}\u{1039}\u{1001}\u{102D}", "\u{D9A}\u{DCA}\u{200D}\u{DBB}", -- Khmer, Burmese, Sinhala
}
local PLAIN <const> = { "月", "微", "a", "7", "é", "😀", "𠮷" }
local SOFT <const> = { " ", "。", "！", "？", "；", "，", "\n", "\t", "\u{3000}" }

local function random_text(n)
  local parts, soft, whole = {}, math.random(0, 3), math.random(0, 3)
  for i = 1, n do
    local dice = math.random(100)
    local from = dice <= soft and SOFT or dice <= soft + whole and WHOLE or PLAIN
    parts[i] = from[math.random(#from)]
  end
  return table.concat(parts)
end

describe("weiyue.page", function()
  it("leaves a text that fits as one page without an end", function()
    for _, text in ipairs { "", "a", ("月"):rep(682) .. "ab" } do assert.same({ text }, page.split(text, 2048, MORE)) end
  end)

  it("splits one byte more, and counts the end in", function()
    local pages = page.split(("a"):rep(2049), 2048, MORE)
    assert.equal(2, #pages)
    assert.equal(2048, #pages[1])
    assert.equal(("a"):rep(2049), joined(pages, 2048, MORE))
    assert.same({ "aaaa", "aa" }, page.split("aaaaaa", 4))
  end)

  it("ends a page behind a line break, else a blank or Chinese punctuation, of its last quarter", function()
    local a = ("a"):rep(90)
    for _, case in ipairs {
      { a .. "\nb。c ddddd", a .. "\n" }, { a .. "b。cc ddddd", a .. "b。cc " }, { a .. "b cc。ddddd", a .. "b cc。" },
      { a .. "！" .. ("b"):rep(20), a .. "！" }, { a .. "\u{3000}" .. ("b"):rep(20), a .. "\u{3000}" },
      { ("a"):rep(70) .. "\n" .. ("b"):rep(60), ("a"):rep(70) .. "\n" .. ("b"):rep(29) },
    } do
      assert.equal(case[2], page.split(case[1], 100)[1])
    end
  end)

  it("keeps whole what a reader takes for one character", function()
    for _, whole in ipairs(WHOLE) do
      for before = 200 - #whole, 200 do
        local text = ("a"):rep(before) .. whole .. ("b"):rep(90)
        local pages = page.split(text, 200)
        assert.is_true(pages[1]:find(whole, 1, true) ~= nil or #pages[1] == before,
          ("%s is cut behind %d bytes"):format(whole, before))
        assert.equal(text, joined(pages, 200, ""))
      end
    end
  end)

  it("splits what nowhere may be cut, at characters", function()
    for _, run in ipairs { ("\u{301}"):rep(900), ("🇨"):rep(900), ("👩\u{200D}"):rep(900), ("\r\n"):rep(900) } do
      assert.equal(run, joined(page.split(run, 200, MORE), 200, MORE))
    end
  end)

  it("gives every random text back, in whole characters and pages of the size", function()
    math.randomseed(20240229)
    for _ = 1, 300 do
      local text = random_text(math.random(1, 2500))
      local more = math.random(2) == 1 and MORE or ""
      local max = math.random(#more + 4, 2048)
      assert.equal(text, joined(page.split(text, max, more), max, more))
    end
  end)

  it("fills a page to three quarters at least", function()
    math.randomseed(7)
    for _ = 1, 100 do
      local pages = page.split(random_text(3000), 600, MORE)
      for i = 1, #pages - 1 do assert.is_true(#pages[i] >= (600 - #MORE) * 3 // 4 + #MORE) end
    end
  end)

  it("gives broken UTF-8 back as it was", function()
    math.randomseed(11)
    for _ = 1, 200 do
      local bytes = {}
      for i = 1, 400 do bytes[i] = string.char(math.random(0, 255)) end
      for _, text in ipairs { table.concat(bytes), ("\x80"):rep(400), ("\xF0"):rep(400) } do
        local pages = page.split(text, 64)
        for _, one in ipairs(pages) do assert.is_true(#one > 0 and #one <= 64) end
        assert.equal(text, table.concat(pages))
      end
    end
  end)

  it("wants room for a character", function()
    assert.has_error(function() page.split("a", #MORE + 3, MORE) end, "a page must have room for a character beside `more`")
  end)
end)
