-- Which rule answers a message: wx.text, wx.message, wx.event and their kin.
local app = require "spec.support.app"

describe("wx.text", function()
  -- What is written from general to specific is still answered from specific to general.
  local BACKWARDS <const> = function(wx)
    wx.default "default"
    wx.text("any")
    wx.text(wx.contains "退款", "contains")
    wx.text(wx.pattern "^订单%d", "pattern")
    wx.text(wx.prefix "订单", "prefix")
    wx.text("订单1退款", "exact")
  end
  local FORWARDS <const> = function(wx)
    wx.text("订单1退款", "exact")
    wx.text(wx.prefix "订单", "prefix")
    wx.text(wx.pattern "^订单%d", "pattern")
    wx.text(wx.contains "退款", "contains")
    wx.text("any")
    wx.default "default"
  end

  for i, plugin in ipairs { BACKWARDS, FORWARDS } do
    local order = ({ "from general to specific", "from specific to general" })[i]
    it("asks exact, prefix, pattern, contains, any: written " .. order, function()
      local answer = app.with(plugin)
      assert.equal("exact", (answer "订单1退款"))
      assert.equal("prefix", (answer "订单1 退款"))
      assert.equal("contains", (answer "我要退款"))
      assert.equal("any", (answer "你好"))
    end)
  end

  it("falls through the kinds in this order when rules do not answer", function()
    local asked = {}
    local answer = app.with(function(wx)
      local function note(name) return function() asked[#asked + 1] = name end end
      wx.default(note "default")
      wx.text(note "any 1")
      wx.text(wx.contains "b", note "contains")
      wx.text(wx.pattern "b", note "pattern")
      wx.text(wx.prefix "a", note "prefix")
      wx.text("abc", note "exact 1")
      wx.text("abc", note "exact 2")
      wx.text(note "any 2")
    end)
    assert.is_false((answer "abc"))
    assert.same({ "exact 1", "exact 2", "prefix", "pattern", "contains", "any 1", "any 2", "default" }, asked)
  end)

  it("asks plugins of higher priority first, within one kind only", function()
    local asked = {}
    local function plugin(name)
      return function(wx)
        wx.text("a", function() asked[#asked + 1] = name .. " exact" end)
        wx.text(function() asked[#asked + 1] = name .. " any" end)
      end
    end
    app.new { { priority = 0, plugin "low" }, { priority = 10, plugin "high" }, { priority = 0, plugin "low2" } } "a"
    assert.same({ "high exact", "low exact", "low2 exact", "high any", "low any", "low2 any" }, asked)
  end)

  it("takes the priority from the plugin's head", function()
    local answer = app.new {
      function(wx) wx.text("a", "no head") end,
      function(wx)
        wx.text("a", "head")
        wx.plugin { name = "shop", version = "1.0.0", priority = 5 }
      end,
    }
    assert.equal("head", (answer "a"))
  end)

  local SAME <const> = { "Hello", "  hello\n", "HELLO", "ＨＥＬＬＯ", "ｈｅｌｌｏ", "　Ｈello　", "\thello " }
  for _, written in ipairs(SAME) do
    it("compares trimmed, without width and case: " .. written:gsub("%s", "_"), function()
      local answer = app.with(function(wx) wx.text(written, "yes") end)
      for _, said in ipairs(SAME) do assert.equal("yes", (answer(said))) end
      assert.is_false((answer "hell"))
      assert.is_false((answer "hello!"))
    end)
  end

  it("compares a prefix and a part without width and case", function()
    local answer = app.with(function(wx)
      wx.text(wx.prefix "查ＤＨ", "prefix")
      wx.text(wx.contains "ｖＩp", "contains")
    end)
    assert.equal("prefix", (answer " 查dh123"))
    assert.equal("contains", (answer "我是ＶＩＰ"))
    assert.is_false((answer "vi p"))
  end)

  it("takes magic characters of a prefix and a part as they are", function()
    local answer = app.with(function(wx)
      wx.text(wx.prefix "a.b", "prefix")
      wx.text(wx.contains "100%", "contains")
    end)
    assert.is_false((answer "axb"))
    assert.equal("prefix", (answer "a.b"))
    assert.equal("contains", (answer "是100%吗"))
    assert.is_false((answer "1000"))
  end)

  it("gives a pattern's captures as the user wrote them, with half width", function()
    local got
    local answer = app.with(function(wx)
      wx.text(wx.pattern "^订单(%d+) (%a+)()$", function(msg, ...) got = { msg.content, ... } return "yes" end)
    end)
    assert.equal("yes", (answer " 订单１２３ AbC "))
    assert.same({ " 订单１２３ AbC ", "123", "AbC", 14 }, got)
  end)

  it("gives no argument for a pattern without captures", function()
    local n
    app.with(function(wx) wx.text(wx.pattern "^%d+$", function(...) n = select("#", ...) end) end) "15"
    assert.equal(1, n)
  end)

  it("takes a list of texts and matchers", function()
    local answer = app.with(function(wx)
      wx.text({ "hi", "你好", wx.prefix "hey", { "nested" } }, "yes")
    end)
    for _, said in ipairs { "Hi", "你好", "hey you", "nested" } do assert.equal("yes", (answer(said))) end
    assert.is_false((answer "hi!"))
  end)

  it("answers an empty text by an any rule", function()
    assert.equal("any", (app.with(function(wx) wx.text "any" end) ""))
  end)

  it("is not asked for messages of other types", function()
    local answer = app.with(function(wx)
      wx.text "text"
      wx.message("voice", function(msg) return msg.media_id end)
    end)
    assert.is_false((answer { type = "image" }))
    assert.equal("M1", (answer { type = "voice", media_id = "M1" }))
  end)
end)

describe("wx.message", function()
  it("takes a type in any case, and text", function()
    local answer = app.with(function(wx)
      wx.message("Image", "picture")
      wx.message("text", "any text")
    end)
    assert.equal("picture", (answer { type = "image" }))
    assert.equal("any text", (answer "hi"))
  end)

  it("location is not the event location", function()
    local answer = app.with(function(wx)
      wx.message("location", "message")
      wx.event("LOCATION", "event")
    end)
    assert.equal("message", (answer { type = "location" }))
    assert.equal("event", (answer(app.event "location")))
  end)
end)

describe("wx.default", function()
  it("takes messages that nobody answered", function()
    local answer = app.with(function(wx)
      wx.default "default"
      wx.text("silence", function() return false end)
      wx.message("image", function() end)
    end)
    assert.equal("default", (answer "hi"))
    assert.equal("default", (answer { type = "image" }))
    assert.equal("default", (answer { type = "hologram" }))
    assert.is_false((answer "silence"))
  end)

  it("never takes events", function()
    local answer = app.with(function(wx) wx.default "default" end)
    for _, event in ipairs { "click", "location", "subscribe", "not_known_yet" } do
      assert.is_false((answer(app.event(event, "k"))))
    end
    assert.is_false((answer { type = "device_event", event = "bind" }))
    assert.is_false((answer { type = "component", event = "authorized" }))
  end)
end)

describe("wx.event", function()
  it("takes the event in any case, known or not", function()
    local answer = app.with(function(wx)
      wx.event("Scancode_WaitMsg", "scanned")
      wx.event("Not_Known_Yet", "new")
    end)
    assert.equal("scanned", (answer(app.event "scancode_waitmsg")))
    local reply, _, unknown = answer(app.event "not_known_yet")
    assert.same({ "new", true }, { reply, unknown })
  end)

  it("takes a platform's notice by its InfoType", function()
    local got
    app.with(function(wx)
      wx.event("component_verify_ticket", function(msg) got = msg.type end)
    end) { type = "component", event = "component_verify_ticket" }
    assert.equal("component", got)
  end)
end)

describe("wx.click", function()
  local answer = app.with(function(wx)
    wx.click("other")
    wx.click("about", "about us")
    wx.click({ "a*", "B" }, "one of")
  end)

  it("compares keys as they are, before the rule for any key", function()
    for key, reply in pairs { about = "about us", About = "other", [" about"] = "other", B = "one of",
      ["a*"] = "one of", ab = "other" } do
      assert.equal(reply, (answer(app.event("click", key))))
    end
  end)

  it("takes a click without key as any", function()
    assert.equal("other", (answer(app.event "click")))
  end)

  it("leaves other events alone", function()
    assert.is_false((answer(app.event("scancode_push", "about"))))
  end)
end)

describe("wx.scan", function()
  local answer = app.with(function(wx)
    wx.scan(function(msg) return "any " .. msg.scene end)
    wx.scan("ref:*", function(msg) return "ref " .. msg.scene end)
    wx.scan("ref:1", "one")
    wx.scan("a.b-*%d", "magic")
    wx.scan({ "*end", "shop:*:*" }, "ends")
    wx.subscribe(function(msg) return msg.scene and "follow " .. msg.scene or "follow" end)
  end)

  local CASES <const> = {
    { "ref:1", "one" }, { "ref:12", "ref ref:12" }, { "ref:", "ref ref:" }, { "ref", "any ref" },
    { "a.b-x%d", "magic" }, { "axb-1", "any axb-1" }, { "a.b-1%3", "any a.b-1%3" }, { "the end", "ends" },
    { "shop:1:2", "ends" }, { "shop:1", "any shop:1" }, { "REF:1", "any REF:1" }, { "换行\nend", "ends" },
  }
  for _, case in ipairs(CASES) do
    local scene, reply = table.unpack(case)
    local name = scene:gsub("\n", "_")
    it("compares a scene, * any run of bytes and all else as it is: " .. name, function()
      assert.equal(reply, (answer(app.event("scan", scene))))
    end)

    it("takes the scan that made the user follow: " .. name, function()
      assert.equal(reply, (answer(app.event("subscribe", "qrscene_" .. scene))))
    end)
  end

  it("tells whether the scan made the user follow", function()
    local first = app.with(function(wx) wx.scan("a", function(msg) return tostring(msg.first) end) end)
    assert.equal("false", (first(app.event("scan", "a"))))
    assert.equal("true", (first(app.event("subscribe", "qrscene_a"))))
  end)

  it("is asked before wx.subscribe, which answers what no scan rule took", function()
    local follow = app.with(function(wx)
      wx.subscribe(function(msg) return "follow " .. tostring(msg.scene) end)
      wx.scan("a", "scan")
    end)
    assert.equal("scan", (follow(app.event("subscribe", "qrscene_a"))))
    assert.equal("follow b", (follow(app.event("subscribe", "qrscene_b"))))
    assert.equal("follow nil", (follow(app.event("subscribe", ""))))
  end)

  it("takes following by any scan, which wx.event of that name does not", function()
    local follow = app.with(function(wx)
      wx.event("scan", "event")
      wx.scan("a", function() return nil end)
      wx.subscribe "follow"
    end)
    assert.equal("follow", (follow(app.event("subscribe", "qrscene_a"))))
    assert.equal("event", (follow(app.event("scan", "a"))))
    local both = app.with(function(wx)
      wx.event("scan", "event")
      wx.scan "scan"
    end)
    assert.equal("scan", (both(app.event("subscribe", "qrscene_a"))))
    assert.equal("event", (both(app.event("scan", "a"))))
  end)

  it("does not take last_trade_no_ for a scene", function()
    assert.equal("follow", (answer(app.event("subscribe", "last_trade_no_1000"))))
  end)
end)

describe("wx.unsubscribe", function()
  it("runs, and nothing is answered", function()
    local left
    local answer = app.with(function(wx) wx.unsubscribe(function(msg) left = msg.openid end) end)
    local msg = app.event "unsubscribe"
    assert.is_false((answer(msg)))
    assert.equal(msg.openid, left)
  end)
end)
