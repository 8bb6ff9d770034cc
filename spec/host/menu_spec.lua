-- Menus as data: what WeChat would refuse of them, what plugins declare, what an account's menu is as JSON.

local app = require "spec.support.app"
local bring = require "weiyue.menu.bring"
local catalogue = require "weiyue.api.catalogue"
local folders = require "spec.support.folder"
local hubs = require "weiyue.hub"
local json = require "weiyue.json"
local kinds = require "weiyue.menu.buttons".KINDS
local menu = require "weiyue.menu"
local request = require "weiyue.api.request"

local HAN <const> = "字"
local KEYS <const> = [[appid = "wxtest1", secret = "wxtestsecret", token = "wxtest"]]

-- The problems as one text: "level path", each on a line.
local function faults(t)
  local list = {}
  for i, p in ipairs(menu.check(t)) do list[i] = p.level .. " " .. p.path end
  return table.concat(list, "\n")
end

-- A menu with one button.
local function with(button) return { button } end

-- A good button of each kind, by its fields.
local GOOD <const> = {
  key = "k", url = "https://wx.example.cn/", media_id = "M1", article_id = "A1", appid = "wxtest0123456789ab", pagepath = "pages/index",
}

local function button(kind, without)
  local b = { type = kind, name = "名" }
  for _, field in ipairs(kinds[kind]) do
    if field ~= without then b[field] = GOOD[field] end
  end
  return b
end

describe("weiyue.menu.check", function()
  it("finds nothing wrong with what plugins write, nor with WeChat's own form", function()
    for _, good in ipairs {
      { { "关于", click = "about" }, { "我的", page = "/me" } },
      { { "更多", { "官网", view = "https://www.example.cn/a?b=1#c" }, { "扫码", scancode_waitmsg = "scan" } } },
      { { "小程序", miniprogram = { appid = "wxtest0123456789ab", pagepath = "p", url = "https://www.example.cn" } } },
      { { "中文", view = "https://www.example.cn/中文" } },
      { button = { { type = "click", name = "a", key = "k", sub_button = {} }, { name = "b", sub_button = { list = {
        { type = "view", name = "c", url = "https://www.example.cn/" } } } } } },
      { match = { tag_id = 2, client_platform_type = "ios", language = "zh_CN" }, { "a", click = "k" } },
      { match = { tag_id = "2", language = "" }, { "a", click = "k" } },
    } do
      assert.same({}, menu.check(good))
    end
  end)

  it("tells a hole in a list: no button is lost without a word", function()
    local missing = nil
    local a, b = { "a", click = "k" }, { "b", click = "k" }
    assert.equal("error button[2]", faults { a, missing, b })
    assert.equal("error button[1]", faults { missing, b })
    assert.equal("error button[1].sub_button[1]", faults { { "更多", missing, b } })
    assert.equal("error button[1].sub_button[2]", faults { { "更多", a, missing, b } })
  end)

  for kind, fields in pairs(kinds) do
    it(("wants of a button %s: %s"):format(kind, table.concat(fields, ", ")), function()
      assert.equal("", faults(with(button(kind))))
      for _, field in ipairs(fields) do
        assert.equal("error button[1]." .. field, faults(with(button(kind, field))))
        for _, bad in ipairs { "", 5, ("x"):rep(2000), "a\nb", "\xFF" } do
          local b = button(kind)
          b[field] = bad
          assert.equal("error button[1]." .. field, faults(with(b)))
        end
      end
    end)
  end

  it("knows the 13 kinds that menu.create takes", function()
    local n = 0
    for kind in pairs(kinds) do
      n = n + 1
      local form = menu.read(with(button(kind)))
      assert(request.build(catalogue.find "menu.create", form, { token = "wxtest" }))
    end
    assert.equal(13, n)
  end)

  it("takes one to three buttons, and one to five below each", function()
    local function many(n, list)
      list = list or {}
      for _ = 1, n do list[#list + 1] = { "a", click = "k" } end
      return list
    end
    assert.equal("error button", faults {})
    assert.equal("", faults(many(3)))
    assert.equal("error button", faults(many(4)))
    assert.equal("", faults(with(many(5, { "更多" }))))
    assert.equal("error button[1].sub_button", faults(with(many(6, { "更多" }))))
    assert.equal("error button[1].sub_button[1]", faults(with { "一", { "二", { "三", click = "k" } } }))
    assert.equal("error button[1]", faults(with { "一", click = "k", { "二", click = "k" } }))
  end)

  it("limits names by bytes, and warns of what is not shown", function()
    local function top(name) return faults(with { name, click = "k" }) end
    local function sub(name) return faults(with { "更多", { name, click = "k" } }) end
    assert.equal("", top(HAN:rep(4)))
    assert.equal("warning button[1].name", top(HAN:rep(5)))
    assert.equal("error button[1].name", top(HAN:rep(6))) -- 18 bytes
    assert.equal("", top "abcdefgh")
    assert.equal("warning button[1].name", top(("a"):rep(16)))
    assert.equal("error button[1].name", top(("a"):rep(17)))
    assert.equal("", sub(HAN:rep(8)))
    assert.equal("warning button[1].sub_button[1].name", sub(HAN:rep(20)))
    assert.equal("error button[1].sub_button[1].name", sub(HAN:rep(20) .. "a"))
    for _, bad in ipairs { "", " ", "\xFF", "a\nb", 5, {} } do
      assert.matches("^error button%[1%]%.name", faults(with { name = bad, click = "k" }))
    end
    assert.equal("error button[1].name", faults(with { click = "k" }))
    assert.equal("error button[1].name", faults(with { 5, click = "k" }))
    assert.equal("error button[1].name", faults(with { true, { "a", click = "k" } }))
  end)

  it("limits keys to 128 bytes and addresses to 1024", function()
    assert.equal("", faults(with { "a", click = ("k"):rep(128) }))
    assert.equal("error button[1].key", faults(with { "a", click = ("k"):rep(129) }))
    local address = "https://www.example.cn/"
    assert.equal("", faults(with { "a", view = address .. ("x"):rep(1024 - #address) }))
    assert.equal("error button[1].url", faults(with { "a", view = address .. ("x"):rep(1025 - #address) }))
  end)

  it("takes addresses of pages alone, and wants https of them", function()
    assert.equal("warning button[1].url", faults(with { "a", view = "http://www.example.cn/" }))
    assert.equal("", faults(with { "a", view = "http://127.0.0.1:8080/me" }))
    for _, bad in ipairs { "www.example.cn", "javascript:alert(1)", "weixin://x", "https://", "//www.example.cn", "ftp://a/" } do
      assert.equal("error button[1].url", faults(with { "a", view = bad }))
    end
    for _, bad in ipairs { "me", "//evil.example", "/\\evil.example", "https://www.example.cn" } do
      assert.matches("^error button%[1%]%.page", faults(with { "a", page = bad }))
    end
  end)

  it("wants one thing that a button does, by a name that there is", function()
    assert.equal("error button[1]", faults(with { "a" }))
    assert.equal("error button[1]", faults(with { "a", click = "k", view = "https://www.example.cn/" }))
    assert.equal("error button[1]", faults(with { "a", click = "k", page = "/me" }))
    assert.equal("error button[1].type", faults(with { type = "clik", name = "a", key = "k" }))
    assert.matches("error button%[1%]%.clik", faults(with { "a", clik = "k" }))
    assert.equal("error button[1].key", faults(with { "a", key = "k" }))
    assert.equal("error button[1].miniprogram", faults(with { "a", miniprogram = "wxtest" }))
    assert.equal("error button[1].miniprogram.path", faults(with { "a", miniprogram = {
      appid = "wxtest0123456789ab", pagepath = "p", url = "https://www.example.cn", path = "p" } }))
    assert.equal("error button[1]", faults { "a" })
    assert.equal("error menus", faults { { "a", click = "k" }, menus = {} })
    assert.matches("the nearest is click", menu.check(with { type = "clik", name = "a" })[1].en)
  end)

  it("wants of a conditional menu a rule that is not empty, of conditions that WeChat still has", function()
    local function rule(match) return faults { match = match, { "a", click = "k" } } end
    assert.equal("error matchrule", rule {})
    assert.equal("error matchrule", rule { tag_id = "" })
    assert.equal("error matchrule", rule "ios")
    assert.equal("error matchrule\nerror matchrule.sex", rule { sex = "1" })
    assert.equal("error matchrule.client_platform_type", rule { client_platform_type = 4 })
    assert.equal("error matchrule.language", rule { language = "zh_cn" })
    assert.equal("error matchrule.tag_id", rule { tag_id = "vip" })
    assert.equal("error matchrule.tag", rule { tag = 2 })
  end)

  it("lets a conditional menu lead to three domains", function()
    local t = { { "更多" } }
    for i = 1, 4 do t[1][i + 1] = { "a", view = ("https://h%d.example.cn/"):format(i) } end
    assert.equal("", faults(t))
    t.match = { tag_id = 2 }
    assert.equal("error button", faults(t))
    t[1][5] = { "a", view = "https://h1.example.cn/other" }
    assert.equal("", faults(t))
  end)

  it("says what is wrong in both languages", function()
    for _, p in ipairs(menu.check { { "字字字字字字", click = "" }, { 5 }, match = { sex = 1 }, other = 1 }) do
      assert.matches("[\xE4-\xE9]", p.zh)
      assert.is_nil(p.en:find "[\xE4-\xE9]")
    end
  end)
end)

describe("wx.menu", function()
  local folder

  before_each(function() folder = folders.new() end)
  after_each(function() folder:remove() end)

  -- A host with these plugins, by name, and more keys of its account: problems as texts, and the account's menu.
  local function boot(plugins, account, others)
    local files = {}
    for name, text in pairs(plugins) do files["plugins/" .. name .. ".lua"] = 'local wx = require "weiyue"\n' .. text end
    folder:write(files)
    local loaded = app.boot { folder = folder.path, text = ([[return { plugins = { "plugins/*.lua" }, accounts = {
      { id = "one", ]] .. KEYS .. [[, kind = "service", verified = true, %s }, %s } }]]):format(account or "", others or "") }
    local list = {}
    for i, p in ipairs(loaded.problems) do list[i] = ("%s: %s"):format(p.level, p.en:gsub(folder.path .. "/", "")) end
    return table.concat(list, "\n"), loaded.accounts[1] and loaded.accounts[1].menu, loaded
  end

  it("is what menu.create takes, pages completed by the account's url", function()
    local problems, its = boot({ a = [[
      wx.click("about", "关于我们")
      wx.menu { { "关于", click = "about" }, { "更多", { "我的", page = "/me" } } }
      wx.menu { match = { client_platform_type = "ios" }, { "关于", click = "about" } }
    ]] }, 'url = "https://wx.example.cn/app"')
    assert.equal("", problems)
    assert.same({ button = {
      { type = "click", name = "关于", key = "about" },
      { name = "更多", sub_button = { { type = "view", name = "我的", url = "https://wx.example.cn/app/me" } } },
    } }, json.decode(its.create))
    assert.is_nil(its.create:find("\\u", 1, true)) -- WeChat refuses escapes
    assert.equal(1, #its.conditional)
    assert.same({ client_platform_type = "1" }, json.decode(its.conditional[1]).matchrule)
    assert(request.build(catalogue.find "menu.add_conditional", json.decode(its.conditional[1]), { token = "wxtest" }))
  end)

  it("has the address of a page where the account's pages are", function()
    local _, _, loaded = boot({ a = [[wx.menu { { "我的", page = "/me" } } wx.page("/me", function() end)]] },
      'url = "https://wx.example.cn"', [[{ id = "two", path = "/two", ]] .. KEYS
        .. [[, kind = "service", verified = true, url = "https://wx.example.cn/app" }]])
    for i, link in ipairs { "https://wx.example.cn/one/me", "https://wx.example.cn/app/me" } do
      assert.equal(link, json.decode(loaded.accounts[i].menu.create).button[1].url)
      assert.equal(link, loaded.accounts[i].object.pages .. "/me")
    end
  end)

  it("is told to other programs, such as those that bring it to WeChat", function()
    local _, _, loaded = boot({ a = [[wx.menu { { "我的", page = "/me" } }
      wx.menu { match = { tag_id = 1 }, { "其他", view = "https://www.example.cn/" } }]] }, 'url = "https://wx.example.cn"',
      [[{ id = "two", path = "/two", ]] .. KEYS .. [[, plugins = {} }]])
    local function ask(id)
      local status, text = loaded.calls.control(json.encode { ["do"] = "menu", account = id })
      return status, json.decode(text)
    end
    local status, its = ask "one"
    assert.same({ 0, true, "one", "https://wx.example.cn/me", "1" },
      { status, its.ok, its.account, its.menu.button[1].url, its.conditional[1].matchrule.tag_id })
    its = select(2, ask "two")
    assert.same({ json.null, 0, true }, { its.menu, #its.conditional, json.is_array(its.conditional) })
    assert.equal(1, (ask "three"))
  end)

  it("has no address for a page before the account has one", function()
    local problems, its = boot { a = [[wx.menu { { "我的", page = "/me" } }]] }
    assert.equal("note: plugins/a.lua:2: the account one has no url: pages of the menu have no address", problems)
    assert.is_nil(its.create)
  end)

  it("that WeChat would refuse fails its plugin, with all that is wrong and the line", function()
    local problems, _, loaded = boot { a = [[

      wx.menu { { "关于" }, { ("字"):rep(6), click = "k" } }]] }
    assert.matches("^error: plugins/a.lua:3: wx.menu: button%[1%]: a button does something.*; button%[2%]%.name: has 18 bytes",
      problems)
    assert.equal(1, loaded.failed_plugins)
  end)

  it("is one for an account", function()
    local problems, _, loaded = boot { a = [[wx.menu { { "a", view = "https://www.example.cn/" } }]],
      b = [[wx.menu { { "b", view = "https://www.example.cn/" } }]] }
    assert.equal("error: plugins/b.lua:2: two menus for the account one: plugins/a.lua:2 has one", problems)
    assert.equal(1, loaded.failed_plugins)
  end)

  it("is told once, and is each account's own", function()
    local problems, _, loaded = boot({ a = [[wx.menu { { "字字字字字", page = "/me" } }]] }, 'url = "https://a.example.cn"',
      [[{ id = "two", path = "/two", ]] .. KEYS .. [[, kind = "service", verified = true, url = "https://b.example.cn" },
        { id = "three", path = "/three", ]] .. KEYS .. [[, kind = "subscription", url = "https://c.example.cn" },
        { id = "four", path = "/four", ]] .. KEYS .. [[, plugins = {} }]])
    assert.equal("note: plugins/a.lua:2: menu: button[1].name: is cut where it is shown: 10 columns, at most 8\n"
      .. "note: plugins/a.lua:2: the account three may not create menus by the API (can.menu)", problems)
    assert.matches("https://b.example.cn/me", loaded.accounts[2].menu.create, 1, true)
    assert.is_nil(loaded.accounts[4].menu)
  end)

  it("and the handlers of clicks fit both ways, or a note says where", function()
    assert.equal("note: plugins/a.lua:2: no handler for the button with key about: wx.click(\"about\", …)\n"
      .. "note: plugins/a.lua:3: no button of the menu has the key other", (boot { a = [[wx.menu { { "关于", click = "about" } }
      wx.click("other", "…")]] }))
    assert.equal("", (boot { a = [[wx.menu { { "关于", click = "about" }, { "扫", scancode_waitmsg = "s" }, { "拍", pic_weixin = "p" } }
      wx.click("…")  wx.event("scancode_waitmsg", "…")]] }))
    assert.matches("key s: wx.event%(\"scancode_waitmsg\"", (boot { a = [[wx.menu { { "扫", scancode_waitmsg = "s" } }]] }))
    assert.equal("", (boot { a = [[wx.menu { { "关于", { "a", click = "about" } } }]], b = [[wx.click({ "about" }, "…")]] }))
    assert.equal("", (boot { a = "", b = [[wx.click("about", "…")]] })) -- the menu may be made elsewhere
    assert.equal("", (boot { a = [[wx.menu { { "关于", click = "a" } } wx.click("a", "…") wx.click("b", "…")
      wx.menu { match = { tag_id = 1 }, { "其他", click = "b" } }]], b = "" }))
  end)

  it("leads to three domains in all conditional ones", function()
    local function conditional(n, host)
      return ('wx.menu { match = { tag_id = %d }, { "a", view = "https://%s.example.cn/" } }\n'):format(n, host)
    end
    local text = 'wx.menu { { "a", view = "https://h0.example.cn/" } }\n'
    for i = 1, 3 do text = text .. conditional(i, "h" .. i) end
    assert.equal("", (boot { a = text .. conditional(4, "h1") }))
    assert.equal("error: plugins/a.lua:6: conditional menus lead to at most 3 domains in all",
      (boot { a = text .. conditional(4, "h4") .. conditional(5, "h5") }))
  end)

  it("wants a default one beside conditional ones", function()
    assert.equal("note: plugins/a.lua:2: only conditional menus: WeChat wants a default one first",
      (boot { a = [[wx.menu { match = { tag_id = 1 }, { "其他", view = "https://www.example.cn/" } }]] }))
  end)

  it("is declared while the plugin loads, as a table", function()
    assert.matches("a.lua:2: wx.menu wants a table", (boot { a = [[wx.menu "about"]] }))
    local loaded = folder:run [[
      wx.text("now", function() return select(2, pcall(function() wx.menu { { "a", click = "k" } } end)) end)]]
    assert.matches("one.lua:2: wx.menu: it is declared while the plugin loads", loaded:says "now")
  end)
end)

describe("weiyue.menu.bring", function()
  it("puts what is declared in the place of what WeChat has, and leaves accounts without a menu alone", function()
    local hub, calls, fails = hubs.new(), {}, {}
    rawset(hub, "engine", { call = function(_, place, key, args)
      calls[#calls + 1] = place.id .. " " .. key .. (args and args.matchrule and " " .. args.matchrule.tag_id or "")
      if fails[key] then return nil, { code = -1 } end
      return { errcode = 0 }
    end })
    local function add(id, of, can)
      return hub:add { id = id, kind = "service", can = { menu = can }, object = { id = id }, menu = of, index = #hub:places() + 1 }
    end
    local text = '{"button":[{"type":"click","name":"a","key":"k"}]}'
    local rule = '{"button":[{"type":"click","name":"a","key":"k"}],"matchrule":{"tag_id":"%d"}}'
    add("one", { create = text, conditional = { rule:format(1), rule:format(2) } }, true)
    add("none", nil, true)
    add("incomplete", { conditional = { rule:format(1) } }, true)
    add("cannot", { create = text, conditional = {} }, false)
    local memory = require("weiyue.token.records").table_dict()
    bring.all(hub, memory)
    assert.same({ "one menu.delete", "one menu.create", "one menu.add_conditional 1", "one menu.add_conditional 2" }, calls)
    calls, fails["menu.create"] = {}, true
    bring.all(hub, memory)
    assert.same({ "one menu.delete", "one menu.create" }, calls)
    calls, hub:places()[1].menu = {}, nil
    for _ = 1, 2 do bring.all(hub, memory) end
    assert.same({ "one menu.delete" }, calls) -- it is declared no more; the others never were
  end)
end)

describe("weiyue:menu", function()
  local folder

  before_each(function() folder = folders.new() end)
  after_each(function() folder:remove() end)

  it("takes menus from the configuration", function()
    local loaded = app.boot { folder = folder.path, text = [[return {
      plugins = { menu = { path = "weiyue:menu", config = {
        menu = { { "关于", click = "about" }, { "更多", { "我的", page = "/me" } } },
        conditional = { { match = { language = "en" }, { "About", click = "about" } } },
      } }, rules = { path = "weiyue:rules", config = { rules = { { click = "about", reply = "…" } } } } },
      accounts = { { ]] .. KEYS .. [[, kind = "service", verified = true, url = "https://wx.example.cn" } } }]] }
    assert.same({}, loaded.problems)
    local its = loaded.accounts[1].menu
    assert.equal("https://wx.example.cn/me", json.decode(its.create).button[2].sub_button[1].url)
    assert.same({ language = "en" }, json.decode(its.conditional[1]).matchrule)
  end)

  it("refuses what WeChat would", function()
    local loaded = folder:load { { name = "menu", path = "weiyue:menu", config = { menu = { { "关于" } } } } }
    assert.equal(1, loaded.failed)
    assert.matches("wx.menu: button%[1%]: a button does something", loaded.problems)
    loaded = folder:load { { name = "menu", path = "weiyue:menu" } }
    assert.matches("config%.menu", loaded.problems)
  end)
end)
