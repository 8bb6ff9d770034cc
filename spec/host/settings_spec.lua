-- A plugin's settings: its schema, what weiyue.lua gives, what the plugin sees, and what is told.
local app = require "spec.support.app"
local folders = require "spec.support.folder"
local settings = require "weiyue.settings"

local folder

before_each(function() folder = folders.new() end)
after_each(function() folder:remove() end)

-- A plugin with this schema (as Lua text) that answers with this expression.
local function with(schema, config, expression)
  return folder:run(("wx.plugin { schema = { %s } }\nlocal config = wx.config\nwx.text('?', function() return %s end)")
    :format(schema, expression or "'loaded'"), config)
end

-- The one problem of it.
local function fault(schema, config)
  local loaded = with(schema, config or {})
  assert.equal(1, loaded.failed, loaded.problems)
  assert.is_nil(loaded.one)
  return loaded.problems, loaded.zh
end

describe("wx.config", function()
  it("is what the configuration gives where there is no schema, and empty without a configuration", function()
    local loaded = folder:run("wx.text('?', wx.config.erp .. #wx.config.list .. wx.config.list[2].x)",
      { erp = "http://erp", list = { 1, { x = "y" } } })
    assert.equal("http://erp2y", loaded:says "?")
    assert.equal("nil", folder:run("wx.text('?', tostring(next(wx.config)))"):says "?")
  end)

  it("is what it was before wx.plugin, and checked and complete after it", function()
    local loaded = folder:run([[
      local before = wx.config.minutes
      wx.plugin { schema = { minutes = { type = "integer" }, city = { type = "string", default = "北京" } } }
      wx.text("?", type(before) .. before .. math.type(wx.config.minutes) .. wx.config.minutes .. wx.config.city)
    ]], { minutes = "5" })
    assert.equal("string5integer5北京", loaded:says "?")
  end)

  it("cannot be written, at any depth", function()
    for text, name in pairs { ["wx.config.erp = 1"] = "wx%.config%.erp", ["wx.config.new = 1"] = "wx%.config%.new",
      ["wx.config.list[1].a = 2"] = "wx%.config%.list%[1%]%.a", ["table.insert(wx.config.list, 1)"] = "wx%.config%.list" } do
      assert.matches("one%.lua:2: " .. name .. " is read%-only: change it in weiyue%.lua",
        folder:run(text, { erp = "x", list = { { a = 1 } } }).problems)
    end
  end)

  it("is read by pairs, ipairs, #, table.concat, table.unpack, JSON and replies", function()
    local loaded = folder:run([[
      local c, parts = wx.config, {}
      for key in pairs(c) do parts[#parts + 1] = key end
      table.sort(parts)
      for i, word in ipairs(c.words) do parts[#parts + 1] = i .. word end
      wx.text("?", table.concat(parts, " ") .. " " .. table.concat(c.words, "+") .. select("#", table.unpack(c.words))
        .. require "weiyue.json".encode { c.words, c.article })
      wx.text("news", wx.reply.news(c.article))
      wx.text("more", wx.reply.news { c.article, c.article })
    ]], { words = { "a", "b" }, article = { title = "t", url = "/u" } })
    assert.equal("", loaded.problems)
    assert.equal('article words 1a 2b a+b2[["a","b"],{"title":"t","url":"/u"}]', loaded:says "?")
    assert.same({ type = "news", articles = { { title = "t", url = "/u" } } }, loaded:says "news")
    assert.equal(2, #loaded:says("more").articles)
    assert.is_nil(getmetatable(loaded:says("news").articles[1]))
  end)
end)

describe("a schema", function()
  -- { schema, config, expression, what it gives }
  local GOOD <const> = {
    { 's = { type = "string" }', { s = " a\nb " }, "config.s", " a\nb " },
    { 's = { type = "string" }', { s = "" }, "'[' .. config.s .. ']'", "[]" },
    { 's = { type = "string", pattern = "^%d+$" }', { s = "42" }, "config.s", "42" },
    { 's = { type = "string", pattern = "%d%$" }', { s = "4$" }, "config.s", "4$" },
    { 's = { type = "string", default = "d" }', {}, "config.s", "d" },
    { 's = { type = "string" }', {}, "tostring(config.s)", "nil" },
    { 'n = { type = "number", min = 0 }', { n = 0.5 }, "tostring(config.n)", "0.5" },
    { 'n = { type = "number", unit = "s", default = "5m" }', {}, "tostring(config.n)", "300" },
    { 'n = { type = "integer", unit = "bytes" }', { n = "2KiB" }, "tostring(config.n)", "2048" },
    { 'b = { type = "boolean", default = false }', {}, "tostring(config.b)", "false" },
    { 'e = { type = "enum", values = { "a", "b" }, default = "b" }', {}, "config.e", "b" },
    { 'l = { type = "list", item = { type = "string" } }', { l = { "a", "b" } }, "config.l[2] .. #config.l", "b2" },
    { 'l = { type = "list", item = { type = "string" } }', { l = "alone" }, "config.l[1] .. #config.l", "alone1" },
    { 'l = { type = "list", default = { "x" } }', {}, "config.l[1]", "x" },
    { 't = { type = "table", fields = { a = { type = "integer", default = 7 } } }', {}, "tostring(config.t.a)", "7" },
    { 'a = { type = "any" }', { a = { 1, "x", y = true } }, "config.a[2] .. tostring(config.a.y)", "xtrue" },
    { 'a = { type = "any", default = 5 }', {}, "tostring(config.a)", "5" },
  }
  for i, case in ipairs(GOOD) do
    it(("takes %d: %s"):format(i, case[1]), function()
      local loaded = with(case[1], case[2], case[3])
      assert.equal("", loaded.problems)
      assert.equal(case[4], loaded:says "?")
    end)
  end

  -- { schema, config, problem, and in Chinese }
  local BAD <const> = {
    { 'erp = { type = "string", required = true, en = "the ERP\'s address", zh = "ERP 的地址" }', {},
      "plugins%.one%.config%.erp: must be set: a string: the ERP's address", "erp: 必须写；应为字符串：ERP 的地址" },
    { 'erp = { type = "string", required = true }', { erp = "" }, "config%.erp: is empty; must be a string", "是空的" },
    { 'n = { type = "integer", min = 1, max = 9 }', { n = 10 },
      "config%.n: must be an integer from 1 to 9, for example 1; got 10", "应为整数，1 到 9，例如 1；现在是 10" },
    { 'n = { type = "number", min = 2 }', { n = 1 }, "config%.n: must be a number, at least 2, for example 2; got 1", "数，至少 2" },
    { 'n = { type = "number", unit = "s", max = 2 }', { n = "1m" }, "must be a number of seconds, at most 2, for example", "至多 2" },
    { 'n = { type = "number" }', { n = "x" }, 'config%.n: must be a number, for example 1; got "x"', '应为数，例如 1；现在是 "x"' },
    { 's = { type = "string" }', { s = 5 }, 'config%.s: must be a string, for example "…"; got 5', "应为字符串" },
    { 's = { type = "string", pattern = "%d+", example = "42" }', { s = "x" },
      'must be a string, for example "42"; got "x"', '例如 "42"' },
    { 's = { type = "string", max = 3 }', { s = "abcd" }, "must be a string of 0 to 3 bytes", "0 到 3 字节" },
    { 's = { type = "string" }', { s = "a\0b" }, "contains control characters", "控制字符" },
    { 'key = { type = "string", secret = true }', { key = 123456789 }, "must be a string, for example \"…\"; got a number", "现在是数" },
    { 'key = { type = "string", secret = true, pattern = "%d+" }', { key = "not-digits" },
      "the value there does not fit %(it is not shown%)", "现在的值不合（不显示）" },
    { 'key = { type = "string", secret = true }', { key = " padded-secret" }, "has blanks at its start or end", "空白" },
    { 'e = { type = "enum", values = { "a", "b" } }', { e = "c" }, 'must be "a" or "b", for example "a"; got "c"', '应为 "a" 或 "b"' },
    { 'l = { type = "list", item = { type = "integer" } }', { l = { 1, "x" } }, "config%.l%[2%]: must be an integer", "l%[2%]" },
    { 'l = { type = "list", max = 1 }', { l = { 1, 2 } }, "must have 0 to 1 entries", "应有 0 到 1 项" },
    { 't = { type = "table", fields = { a = { type = "string" } } }', { t = { b = 1 } },
      "config%.t%.b: unknown key; the keys here are a", "没有这个键" },
    { 'address = { type = "string" }, city = { type = "string" }', { adress = "x" },
      "plugins%.one%.config%.adress: unknown key; the nearest known one is address", "最接近的是 address" },
    { 'address = { type = "string" }, city = { type = "string" }', { other = "x" },
      "config%.other: unknown key; the keys here are address, city", "这里的键有 address、city" },
    { 'city = { type = "string" }, t = { type = "table", fields = { inner = { type = "string" } } }', { inner = "x" },
      "config%.inner: unknown key; it belongs in plugins%.one%.config%.t", "它属于 plugins.one.config.t" },
    { "", { x = 1 }, "config%.x: unknown key; there are no keys here", "这里没有任何键" },
  }
  for i, case in ipairs(BAD) do
    it(("leaves the plugin out %d: %s"):format(i, case[3]), function()
      local en, zh = fault(case[1], case[2])
      assert.matches("^error: weiyue%.lua: plugins%.one%.config%.", en)
      assert.matches(case[3], en)
      assert.matches("%(plugin one was not loaded%)$", en)
      assert.matches(case[4], zh)
      assert.is_nil(en:find("padded-secret", 1, true))
    end)
  end

  -- { schema, what is wrong with it }: the plugin's author reads these.
  local MALFORMED <const> = {
    { "erp = 5", 'schema%.erp must be a table such as { type = "string" }, not number' },
    { "erp = { }", "schema%.erp%.type must be one of any, boolean, enum, integer, list, number, string, table" },
    { 'erp = { type = "sting" }', "schema%.erp%.type must be one of .*; the nearest is string" },
    { 'erp = { type = "string", requird = true }', "schema%.erp: a field of type string has no requird; the nearest is required" },
    { 'erp = { type = "string", values = {} }', "schema%.erp: a field of type string has no values" },
    { 'erp = { type = "string", required = 1 }', "schema%.erp%.required must be a boolean" },
    { 'erp = { type = "string", required = true, default = "x" }', "schema%.erp: required and default exclude each other" },
    { 'erp = { type = "string", default = 5 }', "schema%.erp%.default must be a string" },
    { 'erp = { type = "integer", min = 5, default = 1 }', "schema%.erp%.default must be an integer, at least 5" },
    { 'erp = { type = "integer", min = 5, max = 1 }', "schema%.erp: min is larger than max" },
    { 'erp = { type = "string", pattern = "(" }', "schema%.erp%.pattern: unfinished capture" },
    { 'erp = { type = "number", unit = "m" }', 'schema%.erp%.unit must be "s" or "bytes"' },
    { 'erp = { type = "enum" }', "schema%.erp%.values must be a list of values" },
    { 'erp = { type = "enum", values = { {} } }', "schema%.erp%.values must be texts or numbers" },
    { 'l = { type = "list", item = 5 }', "schema%.l%.item must be a table" },
    { 'l = { type = "list", item = { type = "list", item = { type = "x" } } }', "schema%.l%.item%.item%.type must be one of" },
    { 'l = { type = "list", item = { type = "string", default = "x" } }', "schema%.l%.item: an entry of a list has no default" },
    { 't = { type = "table", default = {} }', "schema%.t: the default of a table is that of its fields" },
    { 't = { type = "table", fields = { a = { type = "integer", default = "x" } } }', "schema%.t%.fields%.a%.default must be an integer" },
    { '["a b"] = { type = "string" }', "schema: a b is no name of a setting" },
    { '{ type = "string" }', "schema: 1 is no name of a setting" },
  }
  for _, case in ipairs(MALFORMED) do
    it(("that is malformed is told with its line: %s"):format(case[1]), function()
      local problems = fault(case[1])
      assert.matches("^error: [^\n]*/one%.lua:2: wx%.plugin: " .. case[2], problems)
    end)
  end

  it("that contains itself is told, and ends", function()
    local loaded = folder:run "local t = { type = 'table' }\nt.fields = { t = t }\nwx.plugin { schema = { t = t } }"
    assert.matches("one%.lua:4: wx%.plugin: schema%..* is nested too deeply", loaded.problems)
  end)

  it("tells every fault of a configuration at once, and counts one plugin", function()
    local loaded = with('a = { type = "string" }, b = { type = "string" }', { a = 1, b = 2, c = 3 })
    local _, lines = loaded.problems:gsub("weiyue%.lua: plugins%.one%.config%.[abc]: ", "")
    assert.equal(3, lines)
    assert.equal(1, loaded.failed)
  end)

  it("leaves out a plugin that goes on by pcall", function()
    local loaded = folder:run("pcall(wx.plugin, { schema = { a = { type = 'string' } } })\nwx.text('?', 'went on')", { a = 1 })
    assert.equal(1, loaded.failed)
    assert.matches("plugins%.one%.config%.a: must be a string", loaded.problems)
  end)

  it("says how to give settings to a plugin that no entry names", function()
    folder:write { ["p/shop.lua"] = "require 'weiyue'.plugin { schema = { erp = { type = 'string', required = true } } }" }
    local loaded = folder:load { { path = "p/*.lua" } }
    assert.matches('plugins%.shop%.config%.erp: must be set: a string; it belongs in plugins = { shop = { path = "p/shop%.lua", '
      .. 'config = { … } } } %(plugin shop was not loaded%)$', loaded.problems)
  end)
end)

describe("an entry with a name", function()
  before_each(function()
    folder:write {
      ["p/shop.lua"] = "local wx = require 'weiyue'\nwx.text('?', (...) .. (wx.config.text or ' without'))",
      ["q/club/init.lua"] = "local wx = require 'weiyue'\nwx.text('club', (...) .. (wx.config.text or ' without'))",
    }
  end)

  it("gives its settings to a plugin that a pattern finds as well, once", function()
    for _, name in ipairs { "shop", "boutique" } do
      local loaded = folder:load { { path = "p/*.lua" }, { name = name, path = "p/shop.lua", config = { text = " with" } } }
      assert.equal("", loaded.problems)
      assert.same({ name }, table.move(loaded, 1, #loaded, 1, {}))
      assert.equal(name .. " with", loaded:says "?")
    end
  end)

  it("is the same plugin under every spelling of its path", function()
    for _, path in ipairs { "q/club", "./q/club", "q/club/", "q/club/init.lua", folder.path .. "/q/club" } do
      local loaded = folder:load { { path = "q/club" }, { path = "q/club/init.lua" },
        { name = "other", path = path, config = { text = " with" } } }
      assert.equal("", loaded.problems)
      assert.equal("other with", loaded:says "club")
      assert.equal(1, #loaded)
    end
  end)

  it("may stand beside another one for the same file: two plugins with their own settings", function()
    folder:write { ["p/word.lua"] = "local wx = require 'weiyue'\nwx.text(wx.config.word, (...))" }
    local loaded = folder:load { { name = "a", path = "p/word.lua", config = { word = "1" } },
      { name = "b", path = "p/word.lua", config = { word = "2" } } }
    assert.equal("ab", loaded:says "1" .. loaded:says "2")
  end)
end)

describe("a configuration", function()
  it("gives a plugin its settings, and names their line when they are wrong", function()
    folder:write {
      ["plugins/shop.lua"] = [[
        local wx = require "weiyue"
        wx.plugin { schema = { erp = { type = "string", required = true }, seats = { type = "integer" } } }
        wx.text("?", function() return wx.config.erp end)
      ]],
      ["weiyue.lua"] = 'return {\n  plugins = { shop = {\n    path = "plugins/shop.lua",\n    config = {\n      erp = "http://erp",\n'
        .. '      seats = "many",\n    },\n  } },\n  accounts = { { token = "wxtest" } },\n}',
    }
    local loaded = app.boot { path = folder.path .. "/weiyue.lua" }
    assert.equal(1, #loaded.problems)
    assert.equal(folder.path .. '/weiyue.lua:6: plugins.shop.config.seats: must be an integer, for example 1; got "many" '
      .. "(plugin shop was not loaded)", loaded.problems[1].en)
    assert.equal(1, loaded.failed_plugins)
    loaded = app.boot { text = [[return { plugins = { shop = { path = "plugins/shop.lua", config = { erp = "http://erp" } } },
      accounts = { { token = "wxtest" } } }]], folder = folder.path }
    assert.same({}, loaded.problems)
    local one = loaded.accounts[1]
    assert.equal("http://erp", (one.dispatch { type = "text", content = "?", account = one.object }))
  end)

  it("keeps neither its own text nor the schema in memory once all is loaded", function()
    folder:write { ["plugins/a.lua"] = "require 'weiyue'.plugin { schema = { a = { type = 'string' } } }" }
    local loaded = app.boot { text = 'return { plugins = { "plugins/a.lua" }, accounts = { { token = "wxtest" } } }',
      folder = folder.path }
    local kept = setmetatable({ loaded.sources.snapshot() }, { __mode = "v" })
    loaded = loaded.calls -- what C keeps
    collectgarbage()
    collectgarbage()
    assert.is_nil(kept[1])
    assert.is_table(loaded)
    for name in pairs(package.loaded) do assert.is_nil(name:find "^weiyue%.config%.") end
  end)

  it("gives accounts the plugins it names, bundled and configured ones too", function()
    folder:write { ["shop.lua"] = "local wx = require 'weiyue'\nwx.text('?', (...) .. wx.config.text)" }
    local loaded = app.boot { folder = folder.path, text = [[return {
      plugins = { "weiyue:rules", a = { path = "shop.lua", config = { text = "1" } }, b = { path = "shop.lua", config = { text = "2" } },
        faq = { path = "weiyue:rules", config = { default = "of faq" } } },
      accounts = {
        { id = "one", path = "/1", token = "wxtest", plugins = { "a" } },
        { id = "two", path = "/2", token = "wxtest", plugins = { "b", "faq" } },
        { id = "three", path = "/3", token = "wxtest", plugins = { "weiyue:rules" } },
        { id = "four", path = "/4", token = "wxtest", plugins = { "rules" } },
      } }]] }
    local told = {}
    for i, p in ipairs(loaded.problems) do told[i] = p.en end
    -- "weiyue:rules" is listed with a name, so that name is the plugin
    assert.same({ "account four wants the plugin rules, which is not loaded" }, told)
    local function says(i, content)
      local account = loaded.accounts[i]
      return (account.dispatch { type = "text", content = content, account = account.object })
    end
    assert.same({ "a1", "b2", "of faq", "of faq" }, { says(1, "?"), says(2, "?"), says(2, "other"), says(3, "?") })
  end)
end)

describe("wx.plugin's api", function()
  it("is a list of FAMILY.NAME, stars allowed", function()
    local loaded = folder:run 'wx.plugin { api = { "message_custom.*", "template.send", "*.delete", "wxa_code.get" } }'
    assert.equal("", loaded.problems)
    assert.same({ "message_custom.*", "template.send", "*.delete", "wxa_code.get" }, loaded.one.api)
  end)

  for text, why in pairs { ["5"] = "api: 5 is no FAMILY.NAME", ['"menu"'] = "api: menu is no FAMILY.NAME",
    ['"Menu.*"'] = "api: Menu.* is no FAMILY.NAME", ['"a.b.c"'] = "api: a.b.c is no FAMILY.NAME", ['x = "menu.*"'] = "api is a list",
    ['"token.get"'] = "api: token.get is never called by a plugin: the host owns tokens",
    ['"token.*"'] = "api: token.* is never called by a plugin",
    ['"openapi.clear_quota"'] = "api: openapi.clear_quota is never called by a plugin" } do
    it("refuses " .. text .. " with the plugin's line", function()
      local loaded = folder:run("\nwx.plugin { api = { " .. text .. " } }")
      assert.matches("one%.lua:3: wx%.plugin: " .. why:gsub("%p", "%%%0"), loaded.problems)
    end)
  end

  it("is noted where WeChat has no such family", function()
    folder:write { ["plugins/a.lua"] = "\nrequire 'weiyue'.plugin { api = { 'templat.send', 'menu.*', '*.get', 'zzz.zzz' } }" }
    local loaded = app.boot { text = 'return { accounts = { { token = "wxtest" } } }', folder = folder.path }
    assert.equal(2, #loaded.problems)
    assert.matches("plugins/a%.lua:2: wx%.plugin's api: WeChat has no family templat %(templat%.send%); did you mean template%?$",
      loaded.problems[1].en)
    assert.matches("plugins/a%.lua:2: wx%.plugin's api: WeChat has no family zzz %(zzz%.zzz%)$", loaded.problems[2].en)
    assert.equal("note", loaded.problems[1].level)
  end)

  it("is noted where a family of WeChat's has no such call", function()
    folder:write { ["plugins/a.lua"] = "require 'weiyue'.plugin { api = { 'template.sned', 'menu.cr*', 'menu.x*', 'tag.delete' } }" }
    local loaded = app.boot { text = 'return { accounts = { { token = "wxtest" } } }', folder = folder.path }
    assert.equal(2, #loaded.problems)
    assert.matches("a%.lua:1: wx%.plugin's api: WeChat has no template%.sned; did you mean template%.send%?$", loaded.problems[1].en)
    assert.matches("没有接口 template.sned；是不是 template.send？", loaded.problems[1].zh, 1, true)
    assert.matches("a%.lua:1: wx%.plugin's api: WeChat has no menu%.x%*$", loaded.problems[2].en)
  end)

  it("stands beside other fields whose slips are told", function()
    assert.matches("one%.lua:2: wx%.plugin has no field shema; the nearest is schema", folder:run("wx.plugin { shema = {} }").problems)
  end)
end)

describe("what a configuration takes from the environment", function()
  it("is masked in problems, and so is what the schema marks", function()
    local loaded = folder:run([[
      wx.plugin { schema = { key = { type = "string", secret = true }, list = { type = "list", secret = true },
        deep = { type = "list", item = { type = "table", fields = { pin = { type = "string", secret = true } } } },
        url = { type = "string" } } }
      local c = wx.config
      error(table.concat({ c.key, c.list[1], c.deep[1].pin, c.url }, " "), 0)
    ]], { key = "marked-secret-1", list = { "marked-secret-2" }, deep = { { pin = "marked-secret-3" } },
      url = "https://erp/?key=from-the-env-4" }, { from_env = { ["from-the-env-4"] = true } })
    assert.equal("error: *** *** *** https://erp/?key=*** (plugin one was not loaded)", loaded.problems)
  end)

  it("is in no message about a wrong value, not even in part", function()
    local long = ("from-the-env-6."):rep(9)
    local loaded = folder:run([[
      wx.plugin { schema = { n = { type = "integer" }, l = { type = "list", item = { type = "boolean" } } } }
    ]], { n = long, l = { "x" .. long } }, { from_env = { [long] = true } })
    assert.matches("config%.n: must be an integer, for example 1; got a string", loaded.problems)
    assert.matches("config%.l%[1%]: must be a boolean %(true or false%), for example true; got a string", loaded.problems)
    assert.is_nil(loaded.problems:find("from-the-env", 1, true))
    assert.is_nil(loaded.zh:find("from-the-env", 1, true))
  end)

  it("is masked before wx.plugin is called", function()
    local loaded = folder:run("error(wx.config.key, 0)", { key = "from-the-env-5" }, { from_env = { ["from-the-env-5"] = true } })
    assert.equal("error: *** (plugin one was not loaded)", loaded.problems)
  end)

  it("is told apart from what stands in the file", function()
    local conf = require "weiyue.config".load_string(
      [[return { plugins = { a = { path = "a", config = { k = env("K", "default-value"), l = env("L", "default-value"), m = "plain-value" } } } }]],
      "weiyue.lua", { env = function(name) return name == "K" and "the-real-key" or nil end })
    assert.same({ ["the-real-key"] = true }, conf.from_env)
  end)

  it("names the settings as the configuration has them", function()
    assert.equal("plugins.shop.config", settings.path "shop")
    assert.equal('plugins["my-shop"].config', settings.path "my-shop")
  end)
end)
