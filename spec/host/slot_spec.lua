-- A user's slot: one message of his at a time, the others in order behind it, and how many wait.
local rig = require "spec.support.rig"

local WAITING <const> = "正在处理，回复“继续”查看"
local APOLOGY <const> = "稍后再试"
local KF <const> = 'kind = "service", verified = true'

local app

local function serve(plugin, options)
  options = options or {}
  options.plugin = plugin
  app = rig.new(options)
  return app:user()
end

local function queued() return app:metric 'weiyue_queued{worker="0"}' end
local function dropped() return app:metric 'weiyue_queue_dropped_total{worker="0"}' end
local function answered(way) return app:answers(way) end

-- Whatever a spec did, nobody is kept for ever.
after_each(function()
  if not pcall(app.advance, app, 7200) then return app:free() end -- the spec freed it
  local claims, waiting = app:metric "weiyue_claims", queued()
  app:free()
  assert.equal(0, claims, "users still in flight")
  assert.equal(0, waiting, "pushes still queued")
end)

-- Answers a second after its turn came, with how many it has answered.
local COUNTING <const> = [[
  local n = 0
  wx.text(function(msg) n = n + 1 local mine = n wx.sleep(1) return msg.content .. mine end)
]]

-- The first text takes 4 s of the deadline's 4.5; everything else is told by `seen`.
local BUSY <const> = [[
  local seen = {}
  wx.text("busy", function() wx.sleep(4) return "done" end)
  wx.text("seen", function() return table.concat(seen, " ") end)
  wx.text(function(msg) seen[#seen + 1] = msg.content return "text " .. msg.content end)
  for _, event in ipairs { "view", "unsubscribe", "templatesendjobfinish", "click" } do
    wx.event(event, function(msg) seen[#seen + 1] = event .. (msg.key or "") return event == "click" and "clicked" end)
  end
]]

-- What the handlers of BUSY have seen.
local function seen()
  local text = app:user():says "seen":content()
  return text == "success" and "" or text
end

describe("a user's slot", function()
  it("is idle, then has one running, then is idle again", function()
    local user = serve(COUNTING)
    assert.equal(0, app:metric "weiyue_claims")
    local push = user:says "a"
    assert.equal(1, app:metric "weiyue_claims")
    app:advance(1)
    assert.equal("a1", push:content())
    assert.equal(0, app:metric "weiyue_claims")
  end)

  it("runs a user's messages one after another, in the order they came", function()
    local user = serve(COUNTING)
    local a, b, c = user:says "a", user:says "b", user:says "c"
    assert.equal(2, queued())
    app:advance(1)
    assert.same({ "a1" }, { a:content(), b:content(), c:content() })
    app:advance(1)
    assert.same({ "a1", "b2" }, { a:content(), b:content(), c:content() })
    app:advance(1)
    assert.same({ "a1", "b2", "c3" }, { a:content(), b:content(), c:content() })
    assert.equal(0, queued())
  end)

  it("runs other users' messages beside them", function()
    local user = serve(COUNTING)
    local other = app:user()
    local a, b, mine = user:says "a", user:says "b", other:says "x"
    app:advance(1)
    assert.same({ "a1", "x2" }, { a:content(), mine:content() })
    assert.is_nil(b:content())
  end)

  it("keeps events and messages of all kinds in one order", function()
    local user = serve(BUSY)
    user:says "busy"
    user:says "a"
    user:clicks "K"
    user:event("VIEW", "EventKey", "u")
    user:says "b"
    app:advance(4)
    assert.equal("a clickK viewu b", seen())
  end)

  for _, how in ipairs { { "plain", "xml" }, { "plain", "json" }, { "safe", "xml" }, { "compatible", "xml" }, { "safe", "json" } } do
    it(("hands a queued push to the handler as it came (%s, %s)"):format(how[1], how[2]), function()
      local user = serve([[
        wx.text("busy", function() wx.sleep(1) return "done" end)
        wx.text(function(msg) return ("%s %s %s"):format(msg.content, msg.openid, msg.raw.Content) end)
      ]], { mode = how[1], form = how[2] })
      local other = app:user()
      user:says "busy"
      local mine = user:says "mine, which is longer than the other one"
      local theirs = other:says "theirs"
      assert.equal(("theirs %s theirs"):format(other.openid), theirs:content())
      app:advance(1)
      local text = "mine, which is longer than the other one"
      assert.equal(("%s %s %s"):format(text, user.openid, text), mine:content())
    end)
  end

  it("goes on behind a handler that raises", function()
    local user = serve [[
      wx.text("bad", function() wx.sleep(1) error "no" end)
      wx.text(function(msg) return "text " .. msg.content end)
    ]]
    local bad, next_one = user:says "bad", user:says "a"
    app:advance(1)
    assert.equal("稍后再试", bad:content())
    assert.equal("text a", next_one:content())
    assert.equal(1, #app:logged "lua.error")
  end)

  it("gives the repetition of a queued push that push's answer, and runs it once", function()
    local user = serve(COUNTING)
    user:says "a"
    local b = user:says "b"
    local again = user:again(b)
    assert.equal(1, queued())
    app:advance(2)
    assert.same({ "b2", "b2" }, { b:content(), again:content() })
    app:advance(5)
    assert.equal("b2", user:again(b):content())
  end)
end)

describe("a user's queue", function()
  it("takes 16 messages; who comes then is not handled, and is promised nothing", function()
    local user = serve(BUSY)
    local pushes = { user:says "busy" }
    for i = 1, 16 do pushes[#pushes + 1] = user:says("m" .. i) end
    assert.equal(16, queued())
    local late = user:says "too many"
    assert.equal(APOLOGY, late:content())
    assert.equal(16, queued())
    assert.equal(1, dropped())
    assert.equal(1, answered "queue_full")
    assert.equal(1, #app:logged "push.queue_full")
    app:advance(4)
    assert.equal("text m1", pushes[2]:content())
    assert.equal("text m16", pushes[17]:content())
    assert.equal("m1 m2 m3 m4 m5 m6 m7 m8 m9 m10 m11 m12 m13 m14 m15 m16", seen())
  end)

  it("takes as many as limits.queue says", function()
    local user = serve(BUSY, { config = "limits = { queue = 2 }" })
    user:says "busy"
    local a, b, c = user:says "a", user:says "b", user:says "c"
    assert.same({ nil, nil, APOLOGY }, { a:content(), b:content(), c:content() })
  end)

  it("is each user's own", function()
    local user = serve(BUSY, { config = "limits = { queue = 1 }" })
    local other = app:user()
    user:says "busy"
    user:says "a"
    other:says "busy"
    local theirs = other:says "b"
    assert.is_nil(theirs:content())
    app:advance(4)
    assert.equal("text b", theirs:content())
    assert.equal(0, dropped())
  end)

  it("never drops an unsubscribe: what is known of a user goes with him", function()
    local user = serve(BUSY, { config = "limits = { queue = 1 }" })
    user:says "busy"
    user:says "a"
    user:event("unsubscribe", "EventKey", "")
    assert.equal(0, dropped())
    assert.equal(2, queued())
  end)

  for _, event in ipairs { "VIEW", "TEMPLATESENDJOBFINISH" } do
    it(("drops %s first when it is full: nobody may answer it"):format(event), function()
      local user = serve(BUSY, { config = "limits = { queue = 2 }" })
      user:says "busy"
      local a = user:says "a"
      local silent = user:event(event, "EventKey", "")
      local b = user:says "b"
      assert.equal("success", silent:content())
      assert.is_nil(b:content())
      assert.equal(1, dropped())
      assert.equal(2, queued())
      app:advance(4)
      assert.same({ "text a", "text b" }, { a:content(), b:content() })
      assert.equal("a b", seen())
    end)
  end

  it("drops the oldest of them, and one for each that comes", function()
    local user = serve(BUSY, { config = "limits = { queue = 3 }" })
    user:says "busy"
    user:event("VIEW", "EventKey", "1")
    user:event("VIEW", "EventKey", "2")
    user:event("VIEW", "EventKey", "3")
    user:says "a"
    assert.equal(1, dropped())
    user:says "b"
    assert.equal(2, dropped())
    app:advance(4)
    assert.equal("view3 a b", seen())
  end)

  it("keeps a click, which may be answered", function()
    local user = serve(BUSY, { config = "limits = { queue = 1 }" })
    user:says "busy"
    local click, text = user:clicks "K", user:says "a"
    assert.equal(APOLOGY, text:content())
    app:advance(4)
    assert.equal("clicked", click:content())
  end)

  it("is silent to a message that finds no room where the account has no apology", function()
    local user = serve(BUSY, { config = "limits = { queue = 1 }", account = "apology = false" })
    user:says "busy"
    user:says "a"
    assert.equal("success", user:says "b":content())
    app:advance(4)
    assert.equal("a", seen())
  end)

  it("answers success to an event that finds no room and may not be answered", function()
    local user = serve(BUSY, { config = "limits = { queue = 1 }" })
    user:says "busy"
    user:says "a"
    assert.equal("success", user:event("VIEW", "EventKey", "u"):content())
    assert.equal(1, dropped())
    app:advance(4)
    assert.equal("a", seen())
  end)

  it("gives the repetition of a push that found no room the apology again", function()
    local user = serve(BUSY, { config = "limits = { queue = 1 }" })
    user:says "busy"
    user:says "a"
    local b = user:says "b"
    assert.equal(APOLOGY, user:again(b):content())
    app:advance(4)
    assert.equal(APOLOGY, user:again(b):content())
    assert.equal("a", seen())
    assert.equal(1, dropped())
  end)
end)

describe("the time in the queue", function()
  local SLOW <const> = [[
    wx.text("slow", function() wx.sleep(10) return "done" end)
    wx.text(function(msg) return "text " .. msg.content end)
  ]]

  it("ends with the waiting text at the push's own deadline, and the answer waits in the mailbox", function()
    local user = serve(SLOW, { account = "hold_budget = 0" })
    local slow = user:says "slow"
    app:advance(2)
    local a = user:says "a"
    app:advance(2.6)
    assert.equal(WAITING, slow:content())
    assert.is_nil(a:content())
    app:advance(1.8)
    assert.is_nil(a:content())
    app:advance(0.2)
    assert.equal(WAITING, a:content())
    app:advance(4)
    assert.equal("done\n（未完，回复“继续”看下一页）", user:says "继续":content())
    assert.equal("text a", user:says "继续":content())
  end)

  it("is held while the budget lasts, and the repetition gets the answer", function()
    local user = serve(SLOW)
    user:says "slow"
    app:advance(4)
    local a = user:says "a"
    app:advance(5)
    assert.is_nil(a:content())
    assert.equal(2, answered "hold")
    a:leave()
    local again = user:again(a)
    assert.is_nil(again:content())
    app:advance(1)
    assert.equal("text a", again:content())
  end)

  it("ends with success where customer service messages bring the answer, in order", function()
    local user = serve(SLOW, { account = KF, send = "ok" })
    local slow = user:says "slow"
    app:advance(1)
    local a = user:says "a"
    app:advance(4.4)
    assert.same({ "success", nil }, { slow:content(), a:content() })
    app:advance(0.2)
    assert.equal("success", a:content())
    app:advance(5)
    local texts = {}
    for _, one in ipairs(app:sent()) do
      if one.text then texts[#texts + 1] = one.text.content end
    end
    assert.same({ "done", "text a" }, texts)
  end)

  it("is no matter of the one that runs: what comes in time is in time", function()
    local user = serve(SLOW, { account = "hold_budget = 0" })
    user:says "slow"
    app:advance(8)
    local a = user:says "a"
    app:advance(2)
    assert.equal("text a", a:content())
  end)
end)

describe("what a text is", function()
  local PLUGIN <const> = [[
    wx.text("ask", function(msg) return "answer " .. msg:ask "question?" end)
    wx.text("slow", function() wx.sleep(5) return "late" end)
    wx.text("继续", "the rule's own")
    wx.click("slow", function() wx.sleep(5) return "late click" end)
    wx.text(function(msg) return "rule " .. msg.content end)
  ]]
  local options = function() return { account = "hold_budget = 0" } end

  it("is first a repetition, even while a conversation waits for texts", function()
    local user = serve(PLUGIN, options())
    local before = user:says "before"
    user:says "ask"
    assert.equal("rule before", user:again(before):content())
    assert.equal("answer x", user:says "x":content())
  end)

  it("is then an answer, even when it is the word of the mailbox and an answer waits there", function()
    local user = serve(PLUGIN, options())
    user:says "ask"
    user:clicks "slow"
    app:advance(6)
    assert.equal("answer 继续", user:says "继续":content())
    assert.equal("late click", user:says "继续":content())
  end)

  it("is then the mailbox's word, before the rule that has it", function()
    local user = serve(PLUGIN, options())
    user:says "slow"
    app:advance(6)
    assert.equal("rule other", user:says "other":content())
    assert.equal("late", user:says "继续":content())
  end)

  it("is the rules' when no answer waits", function()
    local user = serve(PLUGIN, options())
    assert.equal("the rule's own", user:says "继续":content())
  end)
end)

describe("a host that is freed", function()
  it("answers success to what runs and what waits, and handles none of it", function()
    local user = serve [[
      wx.text("ask", function(msg) return "answer " .. msg:ask "question?" end)
      wx.click("busy", function() wx.sleep(4) return "done" end)
      wx.text(function() return "handled" end)
    ]]
    local pushes = {}
    for i, one in ipairs { user, app:user() } do
      if i == 1 then one:says "ask" end -- the answer is among what waits
      pushes[#pushes + 1] = one:clicks "busy"
      pushes[#pushes + 1] = one:says "a"
      pushes[#pushes + 1] = one:again(pushes[#pushes])
      pushes[#pushes + 1] = one:says "b"
    end
    app.host:free() -- what it loses, the address sanitizer tells
    for _, push in ipairs(pushes) do assert.equal("success", push:content()) end
  end)
end)
