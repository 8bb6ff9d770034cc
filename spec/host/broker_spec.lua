-- The deadline broker: what becomes of a push whose handler is not done when WeChat is about to give up.
-- The design's order: in time, late, hold, mailbox. What the mailbox and late messages carry is outbox_spec's.

local rig = require "spec.support.rig"
local push = require "spec.support.push"

local WAITING <const> = "正在处理，回复“继续”查看"
local KF <const> = 'kind = "service", verified = true' -- may send customer service messages
local NO_HOLD <const> = "hold_budget = 0"
local TICK <const> = 0.001

-- `slow N` answers after N seconds, `runs` says how often a handler was begun.
local SLOW <const> = [[
  local runs = 0
  local function slow(seconds, answer)
    runs = runs + 1
    wx.sleep(seconds)
    return answer or "done"
  end
  wx.text(wx.pattern "^slow (.+)$", function(_, s) return slow(tonumber(s)) end)
  wx.text("runs", function() return tostring(runs) end)
  wx.text("quick", "quick")
  wx.click("slow", function() return slow(8) end)
  wx.click("minute", function() return slow(70) end)
  wx.event("subscribe", function() return slow(8) end)
  wx.event("scan", function() return slow(8) end)
  wx.event("view", function() slow(8) end)
  wx.event("view_miniprogram", function() return slow(8) end)
  wx.event("location", function() slow(0) return nil end)
  wx.event("user_authorization_revoke", function() slow(0) return nil end)
  wx.event("add_waybill", function() return wx.reply.raw(slow(8, "<xml><ok/></xml>")) end)
]]

describe("the deadline broker", function()
  local app

  local function host(options)
    options.plugin = SLOW .. (options.plugin or "")
    app = rig.new(options)
    return app
  end
  after_each(function()
    if app then
      app:advance(100) -- whatever a spec left in flight ends
      local pushes, answers = app:totals()
      app:free()
      assert.equal(pushes, answers)
    end
    app = nil
  end)

  local function answers(way, id) return app:answers(way, id) end
  local function of_account(name, id) return app:of_account(name, id) end
  local function runs() return app:user():says "runs":content() end

  -- Each mode and form, where the form of an answer matters.
  local function in_each(name, f)
    for _, mode in ipairs { "plain", "safe" } do
      for _, form in ipairs { "xml", "json" } do
        it(("%s (%s, %s)"):format(name, mode, form), function() f(mode, form) end)
      end
    end
  end

  -- A user whose push is as good as answered on attempt 1 leaves no trace of the others.
  describe("in time", function()
    in_each("answers until the deadline, and stays silent until then", function(mode, form)
      host { mode = mode, form = form }
      local p = app:user():says "slow 4.4"
      app:advance(4.4 - TICK)
      assert.is_nil(p:answer())
      app:advance(TICK)
      assert.equal("done", p:content())
      local answer = p:answer()
      assert.equal(form, answer.form)
      assert.equal(mode == "safe" or nil, answer.sealed)
      assert.equal(1, answers "reply")
      assert.same({}, app:logged())
    end)

    it("means 4.5 s where nothing else is said", function()
      host { account = NO_HOLD }
      local p = app:user():says "slow 8"
      app:advance(4.5 - TICK)
      assert.is_nil(p:answer())
      app:advance(TICK)
      assert.equal(WAITING, p:content())
    end)

    it("means the global deadline, and the account's before it", function()
      host { config = "deadline = 2, hold_budget = 0", others = { "deadline = 3" } }
      local other = app:at(2)
      local p, q = app:user():says "slow 8", other:user():says "slow 8"
      app:advance(2)
      assert.equal(WAITING, p:content())
      app:advance(1 - TICK)
      assert.is_nil(q:answer())
      app:advance(TICK)
      assert.equal(WAITING, q:content())
    end)
  end)

  describe("late", function()
    in_each("answers success at the deadline, hints, and sends the answer when it is there", function(mode, form)
      host { mode = mode, form = form, account = KF, send = "ok" }
      local user = app:user()
      local p = user:says "slow 8"
      app:advance(4.5 - TICK)
      assert.is_nil(p:answer())
      assert.same({}, app:sent())
      app:advance(TICK)
      assert.equal("success", p:answer().body)
      assert.is_nil(p:answer().sealed)
      assert.same({ { touser = user.openid, command = "Typing" } }, app:sent())
      app:advance(3.5)
      assert.same({ { touser = user.openid, msgtype = "text", text = { content = "done" } } }, app:sent())
      assert.equal(1, answers "late")
      assert.equal(1, of_account "weiyue_late_messages_total")
      assert.equal(0, of_account "weiyue_hold_used")
      assert.same({}, app:logged())
    end)

    it("is not for an account that may not, nor without a sender", function()
      for _, options in ipairs { { account = NO_HOLD, send = "ok" }, { account = KF .. ", " .. NO_HOLD } } do
        host(options)
        local p = app:user():says "slow 8"
        app:advance(4.5)
        assert.equal(WAITING, p:content())
        app:advance(10)
        assert.same({}, app:sent())
        app:free()
      end
      app = nil
    end)

    it("goes by can.customer_service, whatever the kind says", function()
      host { account = "can = { customer_service = true }", send = "ok" }
      local p = app:user():says "slow 8"
      app:advance(4.5)
      assert.equal("success", p:content())
    end)

    for _, trigger in ipairs {
      { "CLICK", "EventKey", "slow" }, { "subscribe" }, { "SCAN", "EventKey", "7" },
    } do
      it(("follows the event %s, without a hint"):format(trigger[1]), function()
        host { account = KF, send = "ok" }
        local p = app:user():event(table.unpack(trigger))
        app:advance(4.5)
        assert.equal("success", p:content())
        assert.same({}, app:sent())
        app:advance(3.5)
        assert.equal("done", app:sent()[1].text.content)
        assert.same({}, app:logged())
      end)
    end

    it("hints for every kind of message, not for a text alone", function()
      host { account = KF, send = "ok", plugin = [[wx.message("image", function() return slow(8) end)]] }
      app:user():message("image", "PicUrl", "http://example.com/", "MediaId", "M")
      app:advance(4.5)
      assert.equal("Typing", app:sent()[1].command)
    end)

    it("keeps what a click was too slow for in the mailbox: its window closes after 60 s", function()
      host { account = KF, send = "ok", config = "limits = { wall = 120 }" }
      local user = app:user()
      local p = user:clicks "minute"
      app:advance(4.5)
      assert.equal("success", p:content())
      app:advance(66)
      assert.same({}, app:sent())
      assert.equal(1, of_account "weiyue_mailbox_put_total")
      assert.equal(0, of_account "weiyue_late_failed_total")
      assert.equal("done", user:says "继续":content())
    end)

    it("is not for a click whose window is full", function()
      host {
        account = KF .. ", " .. NO_HOLD, send = "ok",
        plugin = [[wx.click("says", function(msg) for i = 1, 3 do msg:say(tostring(i)) end return slow(8) end)]],
      }
      local user = app:user()
      local p = user:clicks "says"
      app:advance(4.5)
      assert.equal(WAITING, p:content())
      app:advance(3.5)
      assert.equal("done", user:says "继续":content())
    end)

    it("keeps what could not be sent in the mailbox, and says so", function()
      host { account = KF, send = "fail" }
      local user = app:user()
      user:says "slow 8"
      app:advance(8)
      assert.equal(1, #app:logged "late.failed")
      assert.equal(1, of_account "weiyue_late_failed_total")
      assert.equal(0, of_account "weiyue_late_messages_total")
      assert.equal("done", user:says "继续":content())
    end)

    it("lets the user's next message wait for a slow sender, and nobody else's", function()
      host { account = KF, send = "ok" }
      local user = app:user()
      user:says "slow 8"
      app:advance(7)
      app:sent()
      app.host:send "wait"
      app:advance(1)
      assert.equal("done", app:sent()[1].text.content)
      local next_one = user:says "quick"
      app:advance(0)
      assert.is_nil(next_one:answer())
      assert.equal("quick", app:user():says "quick":content())
      app.host:sent_one(true)
      app:advance(0)
      assert.equal("quick", next_one:content())
      assert.same({}, app:logged())
    end)

    it("gives a repetition success, as it gave the first", function()
      host { account = KF, send = "ok" }
      local user = app:user()
      local p = user:says "slow 8"
      app:advance(5)
      assert.equal("success", user:again(p):content())
      app:advance(5)
      assert.equal("success", user:again(p):content())
      assert.equal(2, answers "duplicate")
      assert.equal("1", runs())
    end)
  end)

  it("counts each attempt once, however it is answered", function()
    host { plugin = [[wx.text("bad", function() wx.sleep(1) error "no" end)]], config = "limits = { queue = 2 }",
      account = "hold_budget = 1", others = { KF }, send = "ok" }
    local user, other = app:user(), app:user()
    local held = user:says "slow 14" -- hold, joined twice, mailbox
    user:says "quick"
    user:again(user:says "quick")
    user:says "quick" -- no room
    local bad = other:says "bad"
    other:again(bad)
    app:advance(5)
    user:again(held)
    app:advance(5)
    user:again(held)
    app:advance(5)
    user:again(held)
    local late = app:at(2):user():says "slow 8"
    app:at(2):push(late.nodes)
    app:advance(20)
    app:at(2):push(late.nodes)
    local pushes, answered = app:totals()
    assert.same({ 13, 13 }, { pushes, answered })
    assert.same({ 1, 3, 1, 1 }, { answers "hold", answers "joined", answers "apology", answers "queue_full" })
    assert.same({ 1, 1, 1 }, { answers("late", "other1"), answers("joined", "other1"), answers("duplicate", "other1") })
  end)

  describe("hold", function()
    in_each("stays silent on attempts 1 and 2 and answers the third, with one run", function(mode, form)
      host { mode = mode, form = form }
      local user = app:user()
      local first = user:says "slow 14"
      app:advance(5)
      assert.is_nil(first:status())
      local second = user:again(first)
      app:advance(5)
      assert.is_nil(second:status())
      local third = user:again(first)
      app:advance(4)
      assert.equal("done", third:content())
      assert.equal(form, third:answer().form)
      assert.equal(mode == "safe" or nil, third:answer().sealed)
      assert.equal(2, answers "hold")
      assert.equal(1, answers "reply")
      assert.equal(2, of_account "weiyue_hold_used")
      assert.equal(2, of_account "weiyue_pushes_unanswered_total")
      assert.equal("1", runs())
      assert.same({}, app:logged())
    end)

    it("answers on the retry as soon as the handler is done", function()
      host {}
      local user = app:user()
      local first = user:says "slow 8"
      app:advance(5)
      local second = user:again(first)
      app:advance(3 - TICK)
      assert.is_nil(second:answer())
      app:advance(TICK)
      assert.equal("done", second:content())
      assert.equal(1, answers "hold")
    end)

    it("answers the third attempt, whatever is left of the budget", function()
      host {}
      local user = app:user()
      local first = user:says "slow 20"
      app:advance(5)
      user:again(first)
      app:advance(5)
      local third = user:again(first)
      app:advance(4.5)
      assert.equal(WAITING, third:content())
      assert.equal(1, answers "mailbox")
      app:advance(20)
      assert.equal("done", user:says "继续":content())
    end)

    -- The attempts that came before were another host's, or were lost.
    for _, case in ipairs { { 0, 2 }, { 4, 2 }, { 5, 1 }, { 9, 1 }, { 10, 0 }, { 11, 0 }, { 3600, 0 } } do
      local age <const>, holds <const> = case[1], case[2]
      it(("holds a push that is %d s old %d times at most"):format(age, holds), function()
        host {}
        local user = app:user()
        local nodes = push.text "slow 60"
        nodes[3].text = tostring(app:now() - age)
        local p = app:push(nodes)
        for _ = 1, holds do
          app:advance(5)
          assert.is_nil(p:answer())
          p = user:again(p)
        end
        app:advance(4.5)
        assert.equal(WAITING, p:content())
        assert.equal(holds, answers "hold")
      end)
    end

    it("answers the third attempt when the second was lost", function()
      host {}
      local user = app:user()
      local first = user:says "slow 60"
      app:advance(10)
      local third = user:again(first)
      app:advance(4.5)
      assert.equal(WAITING, third:content())
    end)

    it("answers a third attempt that joins one second after another host's second", function()
      host {}
      local user = app:user()
      local nodes = push.text "slow 60"
      nodes[3].text = tostring(app:now() - 9)
      local second = app:push(nodes)
      app:advance(1)
      local third = user:again(second)
      app:advance(4.5)
      assert.equal(WAITING, third:content())
    end)
  end)

  describe("the budget", function()
    -- A push of somebody's that is held; its client leaves as WeChat's does.
    local function hold_one(where)
      local p = (where or app):user():says "slow 6"
      p.app:advance(5)
      p:leave()
      return p
    end

    it("closes with the 21st silence within five minutes, and opens again", function()
      host {}
      for i = 1, 20 do
        assert.is_nil(hold_one():answer())
        assert.equal(i, of_account "weiyue_hold_used")
      end
      assert.equal(20, of_account "weiyue_hold_budget")
      local p = hold_one()
      assert.equal(WAITING, p:content())
      assert.equal(1, answers "mailbox")
      app:advance(300 - 105 + 4.5 - TICK) -- the first silence began at 4.5
      assert.equal(20, of_account "weiyue_hold_used")
      app:advance(TICK)
      assert.equal(19, of_account "weiyue_hold_used")
      assert.is_nil(hold_one():answer())
    end)

    it("of many at once lets 20 be silent", function()
      host {}
      local pushes = {}
      for i = 1, 25 do pushes[i] = app:user():says "slow 60" end
      app:advance(4.5)
      local silent = 0
      for _, p in ipairs(pushes) do
        if p:answer() then assert.equal(WAITING, p:content()) else silent = silent + 1 end
      end
      assert.equal(20, silent)
      assert.equal(5, answers "mailbox")
    end)

    it("of 0 lets nobody be silent", function()
      host { account = NO_HOLD }
      local p = hold_one()
      assert.equal(WAITING, p:content())
      assert.equal(0, answers "hold")
      assert.equal(0, of_account "weiyue_hold_budget")
    end)

    it("is each account's own", function()
      host { config = "hold_budget = 1", others = { "verified = false", "hold_budget = 2" } }
      local two, three = app:at(2), app:at(3)
      assert.is_nil(hold_one():answer())
      assert.equal(WAITING, hold_one():content())
      assert.is_nil(hold_one(two):answer())
      assert.equal(WAITING, hold_one(two):content())
      assert.is_nil(hold_one(three):answer())
      assert.is_nil(hold_one(three):answer())
      assert.equal(WAITING, hold_one(three):content())
      assert.equal(1, answers("hold", "one"))
      assert.equal(1, answers("hold", "other1"))
      assert.equal(2, answers("hold", "other2"))
    end)

    it("pays for a client that left before its answer", function()
      host { account = "hold_budget = 1" }
      local p = app:user():says "slow 2"
      app:advance(1)
      p:leave()
      app:advance(1)
      assert.equal(1, of_account "weiyue_hold_used")
      assert.equal(1, of_account "weiyue_pushes_unanswered_total")
      local lines = app:logged "push.unanswered"
      assert.equal(1, #lines)
      assert.matches(" account=one where=%S*plugins/one%.lua:%d+ ms=2000 trace=%x+$", lines[1])
      assert.equal(WAITING, hold_one():content())
    end)

    it("gets back what was held and then answered in time after all", function()
      host { account = "hold_budget = 1" }
      local p = app:user():says "slow 4.8"
      app:advance(4.5)
      assert.equal(1, of_account "weiyue_hold_used")
      app:advance(0.3)
      assert.equal("done", p:content())
      assert.equal(0, of_account "weiyue_hold_used")
      assert.equal(0, of_account "weiyue_pushes_unanswered_total")
      assert.is_nil(hold_one():answer())
    end)

    it("does not get back a held one whose client has left", function()
      host {}
      local p = app:user():says "slow 4.8"
      app:advance(4.6)
      p:leave()
      app:advance(0.2)
      assert.equal(1, of_account "weiyue_hold_used")
      assert.equal(1, of_account "weiyue_pushes_unanswered_total")
      assert.same({}, app:logged()) -- silence was meant
    end)
  end)

  describe("the same push again", function()
    in_each("gets the same answer, sealed anew", function(mode, form)
      host { mode = mode, form = form }
      local user = app:user()
      local first = user:says "quick"
      local again = user:again(first)
      assert.equal("quick", again:content())
      assert.same(first:answer().reply, again:answer().reply)
      assert.equal(mode == "plain", first:answer().body == again:answer().body)
      assert.equal(first:answer().text, again:answer().text)
      assert.equal(1, answers "duplicate")
      assert.equal(1, answers "reply")
      assert.same({}, app:logged())
    end)

    in_each("gets the waiting text and nothing else when it had that", function(mode, form)
      host { mode = mode, form = form, account = NO_HOLD }
      local user = app:user()
      local first = user:says "slow 6"
      app:advance(5)
      assert.equal(WAITING, user:again(first):content())
      app:advance(5)
      assert.equal(WAITING, user:again(first):content())
      assert.equal("done", user:says "继续":content())
    end)

    in_each("gets the answer with all that came at the same moment", function(mode, form)
      host { mode = mode, form = form }
      local user = app:user()
      local pushes = { user:says "slow 2" }
      for i = 2, 100 do pushes[i] = user:again(pushes[1]) end
      app:advance(2)
      for _, p in ipairs(pushes) do assert.equal("done", p:content()) end
      assert.equal("1", runs())
    end)

    it("is known by its content: nonce, timestamp and cipher text may differ", function()
      host { mode = "safe" }
      local user = app:user()
      local first = user:says "slow 2"
      app:advance(1)
      local again = user:again(first)
      assert.are_not.equal(first.query, again.query)
      assert.are_not.equal(first.body, again.body)
      app:advance(1)
      assert.equal("done", again:content())
      assert.equal("1", runs())
    end)

    for _, mode in ipairs { "plain", "compatible", "safe" } do
      it(("is handled once when it is replayed a thousand times (%s)"):format(mode), function()
        host { mode = mode }
        local p = app:user():says "slow 1"
        for _ = 1, 500 do app:take(p) end
        app:advance(1)
        assert.equal("done", p:content())
        for _ = 1, 500 do assert.equal("done", app:take(p):content()) end
        assert.equal("1", runs())
        assert.equal(500, answers "duplicate") -- those that joined got the answer itself
      end)
    end

    it("is known a minute later", function()
      host {}
      local p = app:user():says "slow 1"
      app:advance(61)
      assert.equal("done", app:take(p):content())
      assert.equal("1", runs())
    end)

    it("is known as long as its signature is good", function()
      host {}
      local p = app:user():says "slow 1"
      for _ = 1, 400 do
        app:advance(1)
        local again = app:take(p)
        assert.is_true(again:status() ~= 200 or again:content() ~= nil)
      end
      assert.equal(403, app:take(p):status())
      assert.equal("1", runs())
    end)

    for _, mode in ipairs { "plain", "compatible", "safe" } do
      it(("must not be another: timestamp and nonce of one with the body of another (%s)"):format(mode), function()
        host { mode = mode }
        local now = app:now()
        local user = app:user()
        assert.equal("quick", user:sends(push.text "quick", { timestamp = now, nonce = "4711" }):content())
        local p = user:sends(push.text "slow 1", { timestamp = now, nonce = "4711" })
        assert.equal(403, p:status())
        assert.is_nil(p:answer())
        assert.equal(1, #app:logged "sig.nonce_reuse")
        assert.equal("0", runs())
        assert.equal(1, of_account "weiyue_pushes_refused_total")
        assert.equal("quick", user:sends(push.text "quick", { timestamp = now + 1, nonce = "4711" }):content())
      end)
    end

    it("is not one of another user with the same MsgId", function()
      host {}
      for _ = 1, 15 do
        local nodes = push.text "slow 0"
        nodes[#nodes].text = "7"
        app:user():sends(nodes)
      end
      app:advance(0)
      assert.equal("15", runs())
    end)

    in_each("is no other event of the same user and second", function(mode, form)
      host { mode = mode, form = form }
      local user = app:user()
      user:event("LOCATION", "Latitude", "23.1", "Longitude", "113.3")
      user:event("LOCATION", "Latitude", "23.2", "Longitude", "113.3")
      user:clicks "slow"
      app:advance(1)
      assert.equal("3", runs())
    end)

    in_each("is not the revocation of another user, though the platform sends both", function(mode, form)
      host { mode = mode, form = form }
      local platform = app:user()
      for _, openid in ipairs { "oA", "oB" } do
        platform:event("user_authorization_revoke", "OpenID", openid, "AppID", "wx1", "RevokeInfo", "1")
      end
      app:advance(0)
      assert.equal("2", runs())
    end)

    in_each("joins without a MsgId, too", function(mode, form)
      host { mode = mode, form = form }
      local user = app:user()
      local p = user:clicks "slow"
      app:advance(5)
      local again = user:again(p)
      app:advance(3)
      assert.equal("done", again:content())
      assert.equal("done", user:again(p):content())
      assert.equal("1", runs())
    end)
  end)

  describe("events that nobody may answer", function()
    it("get success at the deadline", function()
      host { account = KF, send = "ok" }
      local p = app:user():event("VIEW", "EventKey", "http://example.com/")
      app:advance(4.5 - TICK)
      assert.is_nil(p:answer())
      app:advance(TICK)
      assert.equal("success", p:content())
      app:advance(4)
      assert.same({}, app:sent())
      assert.equal(1, answers "success")
      assert.same({}, app:logged())
    end)

    it("drop a reply with one warning", function()
      host { account = KF, send = "ok" }
      for _ = 1, 2 do
        local p = app:user():event("view_miniprogram", "EventKey", "p", "MenuId", "1")
        app:advance(10)
        assert.equal("success", p:content())
      end
      assert.same({}, app:sent())
      assert.equal(0, of_account "weiyue_mailbox_put_total")
      local lines = app:logged()
      assert.equal(1, #lines)
      assert.matches(" event=reply%.not_allowed .*one%.lua:%d+", lines[1])
    end)

    it("spend no budget", function()
      host {}
      app:user():event("VIEW", "EventKey", "http://example.com/")
      app:advance(5)
      assert.equal(0, of_account "weiyue_hold_used")
    end)
  end)

  describe("events that expect a body of their own", function()
    in_each("get it on the retry", function(mode, form)
      host { mode = mode, form = form, account = KF, send = "ok" }
      local user = app:user()
      local p = user:event("add_waybill", "Token", "t")
      app:advance(5)
      assert.is_nil(p:answer())
      local again = user:again(p)
      app:advance(3)
      assert.equal(mode == "safe" and "<xml><ok/></xml>" or nil, again:answer().text)
      if mode == "plain" then assert.equal("<xml><ok/></xml>", again:answer().body) end
      assert.same({}, app:logged())
    end)

    it("get success when they come too late for it, and the log says so", function()
      host { account = NO_HOLD }
      local user = app:user()
      local p = user:event("add_waybill", "Token", "t")
      app:advance(4.5)
      assert.equal("success", p:content())
      app:advance(4)
      assert.equal(1, #app:logged "reply.too_late")
      assert.equal(0, of_account "weiyue_mailbox_put_total")
    end)
  end)

  it("keeps the answer of a held push until its retry comes, however large it is", function()
    host { plugin = [[
      wx.text("large", function()
        wx.sleep(6)
        return wx.reply.news { title = "t", description = ("d"):rep(70000), url = "http://example.com/" }
      end)
    ]] }
    local user = app:user()
    local p = user:says "large"
    app:advance(5)
    p:leave()
    app:advance(3) -- the retry is late
    assert.equal("quick", user:says "quick":content())
    local q = user:again(p)
    assert.equal(70000, #q:answer().reply.Articles.item.Description)
    app:advance(10)
    assert.equal(0, app:metric "weiyue_claims")
  end)

  it("keeps what was said as well until the retry of a held push", function()
    host { plugin = [[
      wx.text("large", function(msg)
        wx.sleep(6)
        msg:say(wx.reply.news { title = "t", description = ("d"):rep(70000), url = "http://example.com/" })
      end)
    ]] }
    local user = app:user()
    local p = user:says "large"
    app:advance(5)
    p:leave()
    app:advance(3)
    local q = user:again(p)
    assert.equal(70000, #q:answer().reply.Articles.item.Description)
    app:advance(10)
    assert.equal(0, app:metric "weiyue_claims")
  end)

  it("lets no notice of a third-party platform wait for another", function()
    host { plugin = [[wx.event("authorized", function() wx.sleep(1) wx.shared:incr("notices", 1) end)
      wx.text("notices", function() return tostring(wx.shared:get "notices") end)]] }
    local taken = {}
    for i = 1, 30 do
      taken[i] = app:push { push.leaf("AppId", "wxtestplatform"), push.leaf("CreateTime", tostring(app:now())),
        push.leaf("InfoType", "authorized"), push.leaf("AuthorizerAppid", "wxtest" .. i) }
    end
    app:advance(1.1)
    for i = 1, 30 do assert.equal("success", taken[i]:content()) end
    assert.equal("30", app:user():says "notices":content())
  end)

  describe("msg", function()
    local WATCH <const> = [[
      local seen = {}
      local function look(msg)
        seen[#seen + 1] = ("%s %s %s"):format(msg.way, msg.attempt, msg.redelivered)
      end
      wx.text("watch", function(msg)
        look(msg)
        for _ = 1, 3 do wx.sleep(4.6) look(msg) end
        wx.spawn(function() wx.sleep(1) look(msg) end)
        return "done"
      end)
      wx.text("seen", function() return table.concat(seen, "|") end)
    ]]

    local function seen()
      app:advance(20)
      return app:user():says "seen":content()
    end

    it("knows the way and the attempt while it is held, and nothing after the end", function()
      host { plugin = WATCH }
      local user = app:user()
      local p = user:says "watch"
      app:advance(5)
      user:again(p)
      app:advance(5)
      user:again(p)
      assert.equal("reply 1 false|hold 1 false|hold 2 false|hold 3 false|nil nil nil", seen())
    end)

    it("knows the mailbox", function()
      host { plugin = WATCH, account = NO_HOLD }
      app:user():says "watch"
      assert.equal("reply 1 false|mailbox 1 false|mailbox 1 false|mailbox 1 false|nil nil nil", seen())
    end)

    it("knows that it goes late", function()
      host { plugin = WATCH, account = KF, send = "ok" }
      app:user():says "watch"
      assert.equal("reply 1 false|late 1 false|late 1 false|late 1 false|nil nil nil", seen())
    end)

    it("knows that another host may have had it", function()
      host { plugin = WATCH }
      local nodes = push.text "watch"
      nodes[3].text = tostring(app:now() - 6)
      app:push(nodes)
      assert.equal("reply 2 true|hold 2 true|hold 2 true|hold 2 true|nil nil nil", seen())
    end)

    it("knows that a host which is gone may have had it, however soon it comes again", function()
      host { plugin = WATCH }
      local user = app:user()
      local lost = user:says "watch"
      app:restart(1)
      user:again(lost)
      assert.equal("reply 1 true|hold 1 true|hold 1 true|hold 1 true|nil nil nil", seen())
    end)
  end)
end)
