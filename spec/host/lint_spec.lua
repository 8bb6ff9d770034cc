-- Notes on rules that can hardly be meant.
local dsl = require "weiyue.dsl"
local folder = require "spec.support.folder"
local lint = require "weiyue.lint"
local mentions = require "weiyue.mentions"
local nearest = require "weiyue.nearest"

local function notes(write)
  local plugin = { name = "p", priority = 0, rules = {}, uses = {} }
  write(dsl.new(plugin, {}))
  local list = {}
  for i, note in ipairs(lint.check(plugin)) do list[i] = note.en:gsub("^.-lint_spec%.lua:%d+: ", "") end
  return list
end

describe("weiyue.lint", function()
  it("says nothing of rules that can be meant", function()
    assert.same({}, notes(function(wx)
      wx.text("a", "1")
      wx.text("b", "2")
      wx.text(wx.prefix "a", "3")
      wx.message("image", "4")
      wx.event("LOCATION", "5")
      wx.click("a", "6")
      wx.scan("a", "7")
      wx.subscribe "8"
    end))
  end)

  it("tells of static files that are the plugin's own folder", function()
    assert.same({ "wx.static serves the plugin's own folder: its code and templates are not given; use a folder for the files" },
      notes(function(wx)
        wx.static("/a", "static")
        wx.static("/b", "./.")
      end))
  end)

  it("names the nearest type of message and the nearest event", function()
    assert.same({
      "no known type of message is named imgae; did you mean image?",
      "no known event is named subcribe; did you mean subscribe?",
    }, notes(function(wx)
      wx.message("imgae", "1")
      wx.event("subcribe", "2")
    end))
  end)

  it("guesses nothing where nothing is near", function()
    assert.same({ "no known event is named brand_new_feature_event" }, notes(function(wx)
      wx.event("brand_new_feature_event", "1")
    end))
  end)

  it("tells a rule that a constant before it hides, however it is written", function()
    local list = notes(function(wx)
      wx.text("Ａbc", "1")
      wx.text(" abc ", "2")
      wx.click("k", "3")
      wx.click("k", function() return "4" end)
    end)
    assert.equal(2, #list)
    for _, note in ipairs(list) do assert.matches("^this rule never has its turn: .*lint_spec%.lua:%d+ has", note) end
  end)

  it("lets a function be followed by an equal rule: it may pass", function()
    assert.same({}, notes(function(wx)
      wx.text("a", function() end)
      wx.text("a", "2")
    end))
  end)
end)

describe("calls of WeChat's API in a plugin's source", function()
  local function unknown(text)
    local plugin, list = { rules = {}, calls = mentions.find(text, "a.lua") }, {}
    for i, note in ipairs(lint.check(plugin)) do list[i] = note.en end
    return list
  end

  it("that WeChat does not have are told with the nearest", function()
    assert.same({
      "a.lua:2: WeChat has no user.inof; did you mean account.api.user.info?",
      "a.lua:3: WeChat has no usr.info; did you mean account.api.user.info?",
      "a.lua:4: WeChat has no usr.info; did you mean account.api.user.info?",
      "a.lua:5: WeChat has no zzz.zzz",
      "a.lua:7: WeChat has no template.sned; did you mean account.api.template.send?",
      "a.lua:6: WeChat has no menu.gett; did you mean account.api.menu.get?",
    }, unknown [[
      local api = wx.account().api
      msg.account.api.user.inof { openid = msg.openid }
      account . api . usr . info {}
      api.usr.info {}
      wx.account("one").api.zzz.zzz()
      account.api:call("menu.gett")
      account.api.template.sned {}
    ]])
  end)

  it("may be there, in a comment, in a text, or in what is another's", function()
    assert.same({}, unknown [[
      account.api.user.info {} -- not account.api.user.inof
      account.api:call("menu.get") --[=[ api:call("menu.gett") ]=]
      print "account.api.user.inof"
      github.api.repos.list() my_api.user.inof() api.user_name = 1
      local f = account.api.user
    ]])
  end)

  it("are noted while a plugin loads, in its modules too", function()
    local at = folder.new()
    at:write {
      ["p/init.lua"] = 'local wx = require "weiyue"\nrequire "more"\nwx.text("a", function(msg) msg.account.api.menu.gett() end)',
      ["p/more.lua"] = "return function(account) return account.api.user.inof {} end",
    }
    local boot = require("spec.support.app").boot {
      text = ('return { plugins = { "%s/p" }, accounts = { { token = "wxtesttoken" } } }'):format(at.path),
    }
    local told = {}
    for i, p in ipairs(boot.problems) do told[i] = p.level .. " " .. p.zh:gsub("^.*/p/", "") end
    at:remove()
    assert.same({
      "note init.lua:3: 微信没有接口 menu.gett；是不是 account.api.menu.get？",
      "note more.lua:1: 微信没有接口 user.inof；是不是 account.api.user.info？",
    }, told)
  end)

  it("may be a plugin's own rows", function()
    local wx = dsl.new({ name = "p", priority = 0, rules = {}, uses = {} }, {})
    wx.api("lint_shop", { "ship", "POST", "/shop/ship", body = "order_id" })
    assert.same({ "a.lua:1: WeChat has no lint_shop.shop; did you mean account.api.lint_shop.ship?" },
      unknown "account.api.lint_shop.ship {} account.api.lint_shop.shop {}")
  end)
end)

describe("weiyue.nearest", function()
  it("counts what must be inserted, dropped or changed", function()
    for _, case in ipairs { { "", "", 0 }, { "a", "", 1 }, { "", "ab", 2 }, { "kitten", "sitting", 3 }, { "ab", "ba", 2 } } do
      assert.equal(case[3], nearest.distance(case[1], case[2]))
    end
  end)

  it("finds the nearest, the first by name among equals, and none among none", function()
    assert.same({ "bar", 1 }, { nearest.of("baz", { "foo", "bat", "bar" }) })
    assert.is_nil(nearest.of("x", {}))
  end)
end)
