-- Bundled plugins, and weiyue:rules: answers as data.
local app = require "spec.support.app"
local folders = require "spec.support.folder"

local folder

before_each(function() folder = folders.new() end)
after_each(function() folder:remove() end)

local function with(config) return folder:load { { name = "faq", path = "weiyue:rules", config = config } } end

describe("a bundled plugin", function()
  it("is named weiyue:NAME and is in the program", function()
    local loaded = folder:load { { path = "weiyue:rules" } }
    assert.equal("", loaded.problems)
    assert.same({ "rules" }, table.move(loaded, 1, #loaded, 1, {}))
    assert.same({}, loaded.rules.rules)
  end)

  it("is one with its entry that has a name and settings", function()
    local loaded = folder:load { { path = "weiyue:rules" }, { name = "rules", path = "weiyue:rules", config = { default = "d" } } }
    assert.equal("", loaded.problems)
    assert.equal("d", loaded:says "?")
  end)

  for entry, why in pairs {
    ["weiyue:rulse"] = "the bundled plugin weiyue:rulse is not in this build; the nearest is weiyue:rules",
    ["weiyue:console"] = "the bundled plugin weiyue:console is not in this build; there is weiyue:menu, weiyue:rules",
    ["weiyue:../rules"] = "the bundled plugin weiyue:../rules is not in this build; there is weiyue:menu, weiyue:rules",
    ["weiyue:"] = "the bundled plugin weiyue: is not in this build; there is weiyue:menu, weiyue:rules",
  } do
    it("that is not there is refused: " .. entry, function()
      local loaded = folder:load { { path = entry }, { path = "weiyue:rules" } }
      assert.equal("error: weiyue.lua: plugins[1]: " .. why, loaded.problems)
      assert.matches("^error: weiyue.lua: plugins%[1%]: .*本版本", loaded.zh)
      assert.equal(1, loaded.failed)
      assert.equal("rules", loaded[1])
    end)
  end

  it("named sandbox is that of `weiyue sandbox` alone", function()
    local loaded = folder:load { { path = "weiyue:sandbox" } }
    assert.equal("error: weiyue.lua: plugins[1]: the sandbox is no plugin to list: `weiyue sandbox` runs it", loaded.problems)
    assert.matches("^error: weiyue.lua: plugins%[1%]: .*沙箱", loaded.zh)
    assert.equal(1, loaded.failed)
  end)

  it("may be copied and is then a plugin like any other", function()
    local file = assert(io.open("plugins/rules.lua", "rb"))
    folder:write { ["mine.lua"] = file:read "a" }
    file:close()
    local loaded = folder:load { { name = "mine", path = "mine.lua", config = { default = "of a copy" } } }
    assert.equal("of a copy", loaded:says "?")
  end)
end)

describe("weiyue:rules", function()
  it("answers texts by the whole, the beginning and a part, specific before general", function()
    local loaded = with { rules = {
      { contains = "退款", reply = "contains" }, { prefix = { "查", "找" }, reply = "prefix" },
      { text = { "1", "营业时间" }, reply = "exact" }, { text = "1", reply = "never" },
    }, default = "default" }
    assert.equal("", loaded.problems)
    for text, answer in pairs { ["1"] = "exact", [" １ "] = "exact", ["营业时间"] = "exact", ["我要退款"] = "contains", ["查退款"] = "prefix",
      ["找人"] = "prefix", ["别的"] = "default" } do
      assert.equal(answer, loaded:says(text))
    end
  end)

  it("answers clicks, scans, new followers", function()
    local loaded = with { subscribe = "欢迎", rules = { { click = "about", scan = { "shop:*" }, reply = "关于我们" } } }
    assert.equal("", loaded.problems)
    assert.equal("关于我们", loaded:says(app.event("click", "about")))
    assert.equal("关于我们", loaded:says(app.event("scan", "shop:5")))
    assert.equal("欢迎", loaded:says(app.event "subscribe"))
    assert.is_false(loaded:says(app.event("click", "other")))
    assert.is_false(loaded:says "?")
  end)

  it("answers articles, and hands over to the customer service desk", function()
    local loaded = with { rules = {
      { text = "news", news = { { title = "一", url = "/1", pic_url = "/1.png", description = "…" }, { title = "二" } } },
      { text = "人工", transfer = true },
    } }
    assert.equal("", loaded.problems)
    assert.same({ type = "news", articles = {
      { title = "一", url = "/1", pic_url = "/1.png", description = "…" }, { title = "二" } } }, loaded:says "news")
    assert.same({ type = "transfer" }, loaded:says "人工")
  end)

  local WRONG <const> = {
    { { rules = { { text = "a" } } }, "plugins%.faq%.config%.rules%[1%]: .*write one of reply, news, transfer" },
    { { rules = { { text = "a", reply = "b", transfer = true } } }, "rules%[1%]: .*write one of reply, news, transfer" },
    { { rules = { { text = "a", reply = "b" }, { reply = "b" } } }, "rules%[2%]: .*write one of text, prefix, contains, click, scan" },
    { { rules = { { text = {}, reply = "b" } } }, "rules%[1%]: .*write one of text, prefix" },
    { { rules = { { text = "", reply = "b" } } }, "config%.rules%[1%]%.text%[1%]: is empty" },
    { { rules = { { txt = "a", reply = "b" } } }, "config%.rules%[1%]%.txt: unknown key; the nearest known one is text" },
    { { rules = { { text = "a", news = { { url = "/" } } } } }, "rules%[1%]%.news%[1%]%.title: must be set: a string" },
    { { rule = {} }, "plugins%.faq%.config%.rule: unknown key; the nearest known one is rules" },
  }
  for i, case in ipairs(WRONG) do
    it(("refuses what cannot be meant %d: %s"):format(i, case[2]), function()
      local loaded = with(case[1])
      assert.equal(1, loaded.failed)
      assert.matches(case[2], loaded.problems)
    end)
  end
end)
