-- msg:ask: a handler that asks its user something and goes on with the answer.
local rig = require "spec.support.rig"

local WAITING <const> = "正在处理，回复“继续”查看"
local KF <const> = { account = 'kind = "service", verified = true', send = "ok" }
local MAILBOX <const> = { account = "hold_budget = 0" }

local app

local function serve(plugin, options)
  local all = { plugin = plugin }
  for key, value in pairs(options or {}) do all[key] = value end
  app = rig.new(all)
  return app:user()
end

-- Texts sent by customer service message since it was last asked.
local function sent()
  local texts = {}
  for _, one in ipairs(app:sent()) do
    if one.text then texts[#texts + 1] = one.text.content end
  end
  return texts
end

local function errors()
  local texts = {}
  for i, line in ipairs(app:logged "lua.error") do texts[i] = line:match 'text="(.-)\\nstack' or line end
  return texts
end

-- Whatever a spec did, in the end nobody is kept.
after_each(function()
  app:advance(7200)
  local claims, queued = app:metric "weiyue_claims", app:metric 'weiyue_queued{worker="0"}'
  app:free()
  assert.equal(0, claims, "users still in flight")
  assert.equal(0, queued, "pushes still queued")
end)

local NAMES <const> = [[
  wx.text("报名", function(msg)
    local name = msg:ask "怎么称呼你？"
    local phone = msg:ask "手机号？"
    return ("%s，已登记 %s"):format(name, phone)
  end)
  wx.click("about", "关于我们")
  wx.text(function(msg) return "rule " .. msg.content end)
]]

describe("msg:ask", function()
  for _, how in ipairs { { "plain", "xml" }, { "plain", "json" }, { "safe", "xml" }, { "compatible", "json" } } do
    it(("asks, and goes on with what the user says next (%s, %s)"):format(how[1], how[2]), function()
      local user = serve(NAMES, { mode = how[1], form = how[2] })
      assert.equal("怎么称呼你？", user:says "报名":content())
      assert.equal("手机号？", user:says "小月":content())
      assert.equal("小月，已登记 138", user:says "138":content())
      assert.equal("rule 138", user:says "138":content())
      assert.same({}, app:logged())
    end)
  end

  it("gives the slot back while it waits, and keeps the user until it is done", function()
    local user = serve(NAMES)
    user:says "报名"
    assert.equal("关于我们", user:clicks "about":content())
    assert.equal(1, app:metric "weiyue_claims")
    user:says "小月"
    user:says "138"
    assert.equal(0, app:metric "weiyue_claims")
  end)

  it("takes any reply as the question", function()
    local user = serve [[
      wx.text("pic", function(msg) return "it is " .. msg:ask(wx.reply.image "MEDIA") end)
      wx.text("beside", function(msg) return "it is " .. msg:ask { wx.reply.text "what?", accept = { "text" } } end)
    ]]
    assert.equal("MEDIA", user:says "pic":answer().reply.Image.MediaId)
    assert.equal("it is a cat", user:says "a cat":content())
    assert.equal("what?", user:says "beside":content())
    assert.equal("it is a dog", user:says "a dog":content())
  end)

  it("gives the answer's content and the answering message itself", function()
    local user = serve [[
      wx.text("ask", function(msg)
        local text, answer = msg:ask "question?"
        return ("%s %s %s %s %s %s"):format(text, answer.content, answer.id, answer.id ~= msg.id, answer.way, answer.account == msg.account)
      end)
    ]]
    user:says "ask"
    local push = user:says "here"
    local id
    for _, node in ipairs(push.nodes) do id = node.name == "MsgId" and node.text or id end
    assert.equal(("here here %s true reply true"):format(id), push:content())
  end)

  it("asks again and again", function()
    local user = serve [[
      wx.text("ask", function(msg)
        local all = {}
        for i = 1, 50 do all[i] = msg:ask(i .. "?") end
        return table.concat(all, " ")
      end)
    ]]
    local push, all = user:says "ask", {}
    for i = 1, 50 do
      assert.equal(i .. "?", push:content())
      all[i] = "a" .. i
      push = user:says(all[i])
    end
    assert.equal(table.concat(all, " "), push:content())
  end)

  it("may be called on the answer as on the first message", function()
    local user = serve [[
      wx.text("ask", function(msg)
        local a, first = msg:ask "1?"
        local b, second = first:ask "2?"
        return a .. b .. second:ask "3?"
      end)
    ]]
    user:says "ask"
    user:says "a"
    assert.equal("3?", user:says "b":content())
    assert.equal("abc", user:says "c":content())
  end)

  it("does not mix users", function()
    local user = serve(NAMES)
    local other = app:user()
    user:says "报名"
    assert.equal("rule 小月", other:says "小月":content())
    other:says "报名"
    user:says "one"
    other:says "two"
    assert.equal("two，已登记 2", other:says "2":content())
    assert.equal("one，已登记 1", user:says "1":content())
  end)

  it("counts as the handler's time what it takes from the answer on", function()
    local user = serve(NAMES)
    user:says "报名"
    user:says "小月"
    user:says "138"
    local sum = app.host:metrics():match 'weiyue_handler_seconds_sum{[^}]*one%.lua:2"[^}]*} (%S+)'
    assert.is_true(tonumber(sum) < 1, sum)
  end)

  it("may wait within the handler, before and behind questions", function()
    local user = serve [[
      wx.text("ask", function(msg)
        wx.sleep(1)
        local a = msg:ask "1?"
        wx.sleep(1)
        return "done " .. a
      end)
    ]]
    local push = user:says "ask"
    app:advance(1)
    assert.equal("1?", push:content())
    push = user:says "a"
    app:advance(1)
    assert.equal("done a", push:content())
  end)

  it("lets the user's next message wait while the handler runs, and takes it when it asks", function()
    local user = serve [[
      wx.text("ask", function(msg)
        local a = msg:ask "1?"
        wx.sleep(1)
        local b = msg:ask "2?"
        return a .. b
      end)
    ]]
    user:says "ask"
    local first, second = user:says "a", user:says "b"
    assert.same({ nil, nil }, { first:content(), second:content() })
    app:advance(1)
    assert.same({ "2?", "ab" }, { first:content(), second:content() })
  end)

  it("is fed in order by what waited in the queue; what it does not accept runs its own handler", function()
    local user = serve [[
      wx.text("ask", function(msg)
        wx.sleep(1)
        local all = {}
        for i = 1, 3 do all[i] = msg:ask(i .. "?") end
        return table.concat(all)
      end)
      wx.click("about", "关于我们")
      wx.text(function(msg) return "rule " .. msg.content end)
    ]]
    local pushes = { user:says "ask", user:says "a", user:clicks "about", user:says "b", user:says "c", user:says "d" }
    app:advance(1)
    local contents = {}
    for i, push in ipairs(pushes) do contents[i] = push:content() end
    assert.same({ "1?", "2?", "关于我们", "3?", "abc", "rule d" }, contents)
  end)

  it("asks after what msg:say said", function()
    local user = serve [[
      wx.text("ask", function(msg)
        msg:say "first"
        return "answer " .. msg:ask "question?"
      end)
    ]]
    assert.equal("first\nquestion?", user:says "ask":content())
    assert.equal("answer a", user:says "a":content())
  end)
end)

describe("a repetition", function()
  it("of the question's push gets the question again", function()
    local user = serve(NAMES)
    local push = user:says "报名"
    assert.equal("怎么称呼你？", user:again(push):content())
    user:says "小月"
    assert.equal("怎么称呼你？", user:again(push):content())
    assert.equal("小月，已登记 138", user:says "138":content())
  end)

  it("of an answering text is no second answer", function()
    local user = serve(NAMES)
    user:says "报名"
    local push = user:says "小月"
    assert.equal("手机号？", user:again(push):content())
    local last = user:says "138"
    assert.equal("小月，已登记 138", user:again(last):content())
    assert.equal("手机号？", user:again(push):content())
  end)

  it("of an answering text joins it while the handler runs", function()
    local user = serve [[
      wx.text("ask", function(msg)
        local a = msg:ask "1?"
        wx.sleep(6)
        return "done " .. a
      end)
    ]]
    user:says "ask"
    local push = user:says "a"
    app:advance(5)
    assert.is_nil(push:content())
    push:leave()
    local again = user:again(push)
    app:advance(1)
    assert.equal("done a", again:content())
  end)
end)

describe("accept", function()
  local PLUGIN <const> = [[
    wx.text("ask", function(msg)
      local content, answer = msg:ask { "?", accept = %s }
      return ("%%s %%s %%s"):format(content, answer.type, answer.event)
    end)
    wx.message("image", "an image")
    wx.message("location", "a place")
    wx.event("location", "was there")
    wx.event("click", "clicked")
    wx.text(function(msg) return "rule " .. msg.content end)
  ]]

  local function asked(accept)
    local user = serve(PLUGIN:format(accept))
    user:says "ask"
    return user
  end

  local function image(user) return user:message("image", "PicUrl", "u", "MediaId", "M"):content() end
  local function place(user) return user:message("location", "Location_X", "1", "Location_Y", "2", "Label", "L"):content() end
  local function report(user) return user:event("LOCATION", "Latitude", "1", "Longitude", "2", "Precision", "3"):content() end

  it("is a text unless it says otherwise", function()
    local user = asked "nil"
    assert.equal("an image", image(user))
    assert.equal("a place", place(user))
    assert.equal("was there", report(user))
    assert.equal("clicked", user:clicks "K":content())
    assert.equal("a text nil", user:says "a":content())
  end)

  it("names messages", function()
    assert.equal("nil image nil", image(asked '{ "text", "image" }'))
    app:free()
    assert.equal("a text nil", asked '{ "text", "image" }':says "a":content())
  end)

  it("without text leaves texts to the rules", function()
    local user = asked '{ "image" }'
    assert.equal("rule a", user:says "a":content())
    assert.equal("nil image nil", image(user))
  end)

  it("may be one name", function() assert.equal("nil image nil", image(asked '"image"')) end)

  it("names events, which never answer otherwise", function()
    assert.equal("nil event click", asked '{ "text", "click" }':clicks "K":content())
  end)

  it("may name an event that nobody may answer: what follows takes the way of late answers", function()
    local user = asked '{ "event.view" }'
    assert.equal("success", user:event("VIEW", "EventKey", "u"):content())
    assert.equal("nil event view", user:says "继续":content())
  end)

  it("tells the event LOCATION from the message of that name", function()
    local user = asked '{ "location" }'
    assert.equal("was there", report(user))
    assert.equal("nil location nil", place(user))
    app:free()
    user = asked '{ "event.location" }'
    assert.equal("a place", place(user))
    assert.equal("nil event location", report(user))
  end)
end)

describe("a second question", function()
  local PLUGIN <const> = [[
    local ended = {}
    wx.text("ask", function(msg)
      local _ <close> = setmetatable({}, { __close = function() ended[#ended + 1] = "first" end })
      return "first " .. msg:ask { "first?", exclusive = %s }
    end)
    wx.click("K", function(msg) return "second " .. msg:ask "second?" end)
    wx.click("caught", function(msg)
      pcall(msg.ask, msg, "caught?")
      return "still here"
    end)
    wx.click("ended", function() return "ended: " .. table.concat(ended) end)
    wx.text(function(msg) return "rule " .. msg.content end)
  ]]

  it("supersedes the first, which ends without a word", function()
    local user = serve(PLUGIN:format "false")
    user:says "ask"
    assert.equal("second?", user:clicks "K":content())
    assert.equal("ended: first", user:clicks "ended":content())
    assert.equal("second a", user:says "a":content())
    assert.equal("rule b", user:says "b":content())
    assert.same({}, app:logged())
    assert.same({}, sent())
  end)

  it("lets what the first closes wait", function()
    local user = serve [[
      local ended = "not yet"
      wx.text("ask", function(msg)
        local _ <close> = setmetatable({}, { __close = function() wx.sleep(2) ended = "now" end })
        return "first " .. msg:ask "first?"
      end)
      wx.click("K", function(msg) return "second " .. msg:ask "second?" end)
      wx.click("ended", function() return ended end)
    ]]
    user:says "ask"
    assert.equal("second?", user:clicks "K":content())
    assert.equal("not yet", user:clicks "ended":content())
    app:advance(2)
    assert.equal("now", user:clicks "ended":content())
    assert.equal("second a", user:says "a":content())
    assert.same({}, app:logged())
  end)

  it("silences the first even when that caught its end", function()
    local user = serve(PLUGIN:format "false", KF)
    assert.equal("caught?", user:clicks "caught":content())
    assert.equal("second?", user:clicks "K":content())
    app:advance(10)
    assert.same({}, sent())
    assert.equal("second a", user:says "a":content())
  end)

  it("gives way to the first where that is exclusive, which is repeated", function()
    local user = serve(PLUGIN:format "true")
    user:says "ask"
    assert.equal("first?", user:clicks "K":content())
    assert.equal("first?", user:clicks "caught":content())
    assert.equal("first a", user:says "a":content())
    assert.equal("rule b", user:says "b":content())
    assert.same({}, app:logged())
  end)

  it("is asked as usual when the exclusive one is over", function()
    local user = serve(PLUGIN:format "true")
    user:says "ask"
    user:says "a"
    assert.equal("second?", user:clicks "K":content())
    assert.equal("second b", user:says "b":content())
  end)

  it("of an exclusive handler is its own", function()
    local user = serve [[
      wx.text("ask", function(msg)
        local a = msg:ask { "1?", exclusive = true }
        return a .. msg:ask { "2?", exclusive = true }
      end)
    ]]
    user:says "ask"
    assert.equal("2?", user:says "a":content())
    assert.equal("ab", user:says "b":content())
  end)

  it("gives way to an exclusive one that went by customer service message", function()
    local user = serve([[
      wx.text("ask", function(msg)
        wx.sleep(6)
        return "first " .. msg:ask { "first?", exclusive = true }
      end)
      wx.click("K", function(msg) return "second " .. msg:ask "second?" end)
    ]], KF)
    user:says "ask"
    app:advance(6)
    assert.same({ "first?" }, sent())
    assert.equal("first?", user:clicks "K":content())
    assert.equal("first a", user:says "a":content())
  end)
end)

describe("a conversation ends", function()
  it("when its user unsubscribes, and the mailbox is emptied", function()
    local user = serve([[
      local ended = 0
      wx.text("ask", function(msg)
        local _ <close> = setmetatable({}, { __close = function() ended = ended + 1 end })
        return "answer " .. msg:ask "question?"
      end)
      wx.text("slow", function() wx.sleep(5) return "late" end)
      wx.text("ended", function() return "ended " .. ended end)
      wx.text(function(msg) return "rule " .. msg.content end)
    ]], MAILBOX)
    user:says "slow"
    app:advance(5)
    user:says "ask"
    local left = user:event("unsubscribe", "EventKey", "")
    app:advance(0)
    assert.equal("success", left:content())
    assert.equal(0, app:metric "weiyue_claims")
    assert.equal("rule 继续", user:says "继续":content())
    assert.equal("ended 1", user:says "ended":content())
    assert.same({}, app:logged "lua.error")
  end)

  it("and so does the mailbox, though the handler of unsubscribe raises", function()
    local user = serve([[
      wx.text("slow", function() wx.sleep(5) return "late" end)
      wx.event("unsubscribe", function() error "no" end)
      wx.text(function(msg) return "rule " .. msg.content end)
    ]], MAILBOX)
    user:says "slow"
    app:advance(5)
    user:event("unsubscribe", "EventKey", "")
    app:advance(0)
    assert.equal("rule 继续", user:says "继续":content())
  end)

  it("when its user unsubscribes, though it would accept that", function()
    local user = serve [[
      wx.text("ask", function(msg) msg:ask { "?", accept = { "event.unsubscribe" } } wx.log.error "went on" end)
      wx.event("unsubscribe", function() wx.log.error "own handler" end)
    ]]
    user:says "ask"
    user:event("unsubscribe", "EventKey", "")
    local lines = app:logged()
    assert.equal(1, #lines)
    assert.matches("own handler", lines[1])
  end)

  it("half an hour after a question that nobody answers", function()
    local user = serve(NAMES)
    user:says "报名"
    app:advance(1799)
    assert.equal("手机号？", user:says "小月":content())
    app:advance(1799)
    assert.equal(1, app:metric "weiyue_claims")
    app:advance(2)
    assert.equal(0, app:metric "weiyue_claims")
    assert.equal("rule 138", user:says "138":content())
    assert.same({}, app:logged "lua.error")
  end)

  it("with an apology to the newest push when its handler raises", function()
    local user = serve [[
      wx.text("ask", function(msg)
        msg:ask "question?"
        error "oops"
      end)
    ]]
    user:says "ask"
    assert.equal("稍后再试", user:says "a":content())
    assert.matches("one%.lua:4: oops", errors()[1])
  end)

  it("with nothing said when its handler returns nothing", function()
    local user = serve [[ wx.text("ask", function(msg) msg:ask "question?" end) ]]
    user:says "ask"
    assert.equal("success", user:says "a":content())
  end)
end)

describe("a question behind the deadline", function()
  local SLOW <const> = [[
    wx.text("ask", function(msg)
      wx.sleep(6)
      return "answer " .. msg:ask "question?"
    end)
    wx.click("K", function(msg)
      local a = msg:ask "1?"
      wx.sleep(6)
      return a .. msg:ask "2?"
    end)
    wx.text(function(msg) return "rule " .. msg.content end)
  ]]

  it("goes by customer service message where the account may", function()
    local user = serve(SLOW, KF)
    local push = user:says "ask"
    app:advance(6)
    assert.equal("success", push:content())
    assert.same({ "question?" }, sent())
    assert.equal("answer a", user:says "a":content())
  end)

  it("goes within the window of the newest message, not of the one that began", function()
    local user = serve(SLOW, KF)
    assert.equal("1?", user:clicks "K":content())
    app:advance(120)
    user:says "a"
    app:advance(6)
    assert.same({ "2?" }, sent())
    assert.equal("ab", user:says "b":content())
  end)

  it("has a window of its own in each turn", function()
    local user = serve([[
      wx.text("ask", function(msg)
        for i = 1, 12 do
          wx.sleep(6)
          msg:ask(i .. "?")
        end
      end)
    ]], KF)
    for i = 1, 12 do
      user:says "ask"
      app:advance(6)
      assert.same({ i .. "?" }, sent())
    end
  end)

  it("waits in the mailbox otherwise; when it was read, the next text is the answer", function()
    local user = serve(SLOW, MAILBOX)
    local push = user:says "ask"
    app:advance(6)
    assert.equal(WAITING, push:content())
    assert.equal("question?", user:says "继续":content())
    assert.equal("answer a", user:says "a":content())
  end)

  it("is not answered by one who has not read it", function()
    local user = serve(SLOW, MAILBOX)
    user:says "ask"
    app:advance(6)
    assert.equal("rule hello", user:says "hello":content())
    assert.equal("question?", user:says "继续":content())
    assert.equal("answer a", user:says "a":content())
  end)

  it("waits behind unread answers, and all of them are fetched first", function()
    local user = serve([[
      wx.text("slow", function() wx.sleep(5) return "late" end)
      wx.text("ask", function(msg)
        wx.sleep(6)
        return "answer " .. msg:ask "question?"
      end)
    ]], MAILBOX)
    user:says "slow"
    app:advance(5)
    user:says "ask"
    app:advance(6)
    assert.matches("^late\n", user:says "继续":content())
    assert.equal("question?", user:says "继续":content())
    assert.equal("answer a", user:says "a":content())
  end)

  it("that is too long for one text is read to its end before it is answered", function()
    local user = serve([[
      wx.text("ask", function(msg) return "answer " .. msg:ask(("字"):rep(1000)) end)
    ]], MAILBOX)
    local seen = user:says "ask":content()
    assert.matches("看下一页", seen)
    seen = seen .. user:says "继续":content()
    local _, n = seen:gsub("字", "")
    assert.equal(1000, n)
    assert.equal("answer a", user:says "a":content())
  end)

  it("is forgotten like any other when nobody fetches it", function()
    local user = serve(SLOW, MAILBOX)
    user:says "ask"
    app:advance(6 + 1801)
    assert.equal(0, app:metric "weiyue_claims")
    assert.equal("rule a", user:says "a":content())
  end)

  it("is the answer of a repetition that joined in time", function()
    local user = serve(SLOW)
    local push = user:says "ask"
    app:advance(5)
    push:leave()
    local again = user:again(push)
    app:advance(1)
    assert.equal("question?", again:content())
    assert.equal("answer a", user:says "a":content())
  end)

  it("that is still on its way is no question yet: the user's next text waits, and answers it", function()
    local user = serve(SLOW, { account = KF.account, send = "wait" })
    user:says "ask"
    app:advance(6)
    local push = user:says "a"
    assert.is_nil(push:content())
    app.host:sent_one(true) -- that he is typing
    app.host:sent_one(true)
    assert.equal("answer a", push:content())
  end)

  it("that failed to leave waits in the mailbox", function()
    local user = serve(SLOW, { account = KF.account, send = "fail" })
    user:says "ask"
    app:advance(6)
    assert.equal("rule a\n正在处理，回复“继续”查看", user:says "a":content())
    assert.equal("question?", user:says "继续":content())
    assert.equal("answer b", user:says "b":content())
  end)
end)

describe("the answer behind the deadline", function()
  local SLOW <const> = [[
    wx.text("ask", function(msg)
      local a = msg:ask "question?"
      wx.sleep(6)
      return "answer " .. a
    end)
  ]]

  it("goes by customer service message where the account may", function()
    local user = serve(SLOW, KF)
    user:says "ask"
    local push = user:says "a"
    app:advance(6)
    assert.equal("success", push:content())
    assert.same({ "answer a" }, sent())
  end)

  it("waits in the mailbox otherwise", function()
    local user = serve(SLOW, MAILBOX)
    user:says "ask"
    local push = user:says "a"
    app:advance(6)
    assert.equal(WAITING, push:content())
    assert.equal("answer a", user:says "继续":content())
  end)
end)

describe("asking at an event that nobody may answer", function()
  local VIEW <const> = [[
    wx.event("view", function(msg) return "answer " .. msg:ask "question?" end)
    wx.text("busy", function() wx.sleep(1) return "done" end)
    wx.text(function(msg) return "rule " .. msg.content end)
  ]]

  it("leaves the question in the mailbox, and is forgotten after half an hour", function()
    local user = serve(VIEW)
    assert.equal("success", user:event("VIEW", "EventKey", "u"):content())
    assert.equal("rule a", user:says "a":content())
    assert.equal("question?", user:says "继续":content())
    assert.equal("answer b", user:says "b":content())
    user:event("VIEW", "EventKey", "u")
    app:advance(1801)
    assert.equal(0, app:metric "weiyue_claims")
  end)

  it("does so behind other messages too", function()
    local user = serve(VIEW)
    user:says "busy"
    local push = user:event("VIEW", "EventKey", "u")
    app:advance(1)
    assert.equal("success", push:content())
    app:advance(100)
    assert.equal("question?", user:says "继续":content())
    assert.equal("answer b", user:says "b":content())
  end)

  it("ends the handler when nobody can be told any more", function()
    local user = serve [[
      wx.event("view", function(msg)
        wx.sleep(6)
        msg:ask "question?"
        wx.log.error "went on"
      end)
      wx.text(function(msg) return "rule " .. msg.content end)
    ]]
    user:event("VIEW", "EventKey", "u")
    app:advance(6)
    assert.equal(0, app:metric "weiyue_claims")
    assert.equal("rule a", user:says "a":content())
    local lines = app:logged()
    assert.equal(1, #lines)
    assert.matches("reply%.too_late", lines[1])
  end)
end)

describe("msg:ask is refused", function()
  -- What `how` raises in a handler, and what the push got: nothing of the question may leave.
  local function refused(how)
    local user = serve(([[
      wx.text("ask", function(msg)
        local err
        local function try(f, ...)
          local ok, e = pcall(f, ...)
          err = ok and "nothing raised" or e
        end
        %s
        return err
      end)
    ]]):format(how))
    local push = user:says "ask"
    app:advance(1)
    return push:content()
  end

  it("in what the handler spawned", function()
    assert.matches("only the handler itself may ask",
      refused [[wx.spawn(function() try(msg.ask, msg, "question?") end) wx.sleep(0.1)]])
  end)

  it("where nothing can wait", function()
    assert.matches("cannot wait inside a C function",
      refused [[try(string.gsub, "a", "a", function() msg:ask "question?" end)]])
  end)

  for what, how in pairs {
    ["no question"] = [[try(msg.ask, msg)]],
    ["an empty question"] = [[try(msg.ask, msg, "")]],
    ["a number"] = [[try(msg.ask, msg, 5)]],
    ["options without a question"] = [[try(msg.ask, msg, { accept = { "text" } })]],
  } do
    it("with " .. what, function() assert.matches("msg:ask wants a question", refused(how)) end)
  end

  for what, accept in pairs {
    ["an unknown name"] = '{ "texts" }', ["an unknown event"] = '{ "event.nothing" }', ["a number"] = "{ 1 }",
  } do
    it("with accept = " .. what, function()
      assert.matches("msg:ask: accept: no message or event is named", refused(([[try(msg.ask, msg, { "?", accept = %s })]]):format(accept)))
    end)
  end

  for what, accept in pairs { ["no name"] = "{}", ["a number"] = "5" } do
    it("with accept = " .. what .. " for a list", function()
      assert.matches("msg:ask: accept is a list", refused(([[try(msg.ask, msg, { "?", accept = %s })]]):format(accept)))
    end)
  end

  it("with an option that it does not have", function()
    assert.matches("msg:ask has no option wait", refused [[try(msg.ask, msg, { "?", wait = 5 })]])
  end)

  for _, option in ipairs { "check", "again", "timeout", "id" } do
    it(("with %s, which is not in this build"):format(option), function()
      assert.matches(("msg:ask: %s is not in this build"):format(option), refused(([[try(msg.ask, msg, { "?", %s = "x" })]]):format(option)))
    end)
  end

  it("with the plugin's own line in front", function()
    assert.matches("^[^:]+/one%.lua:%d+: msg:ask wants a question", refused [[try(function() msg:ask(5) end)]])
    app:free()
    assert.matches("^[^:]+/one%.lua:%d+: msg:ask has no option", refused [[try(function() msg:ask { "?", wait = 5 } end)]])
    assert.matches("no option exclusiv; the nearest is exclusive$", refused [[try(msg.ask, msg, { "?", exclusiv = true })]])
    for call, want in pairs {
      ask = "msg%.ask: call it with a colon: msg:ask%(question%)", say = "msg%.say: call it with a colon: msg:say%(reply%)",
      typing = "msg%.typing: call it with a colon: msg:typing%(%)",
    } do
      assert.matches("^[^:]+/one%.lua:%d+: " .. want .. "$", refused(("try(function() msg.%s 'x' end)"):format(call)))
    end
    app:free()
    assert.matches("^[^:]+/one%.lua:%d+: msg:ask: accept", refused [[try(function() msg:ask { "?", accept = 5 } end)]])
  end)

  it("for a message that was answered for good", function()
    local user = serve [[
      local kept
      wx.text("keep", function(msg) kept = msg return "kept" end)
      wx.text("other", function(msg)
        local ok, err = pcall(kept.ask, kept, "question?")
        return tostring(err)
      end)
      wx.every("1s", function() if kept then kept:ask "question?" end end)
    ]]
    user:says "keep"
    assert.matches("answered for good", user:says "other":content())
    app:advance(1)
    assert.matches("answered for good", errors()[1])
    assert.same({}, sent())
  end)

  it("for another user's message", function()
    local user = serve [[
      local kept
      wx.text("keep", function(msg) kept = msg wx.sleep(2) return "kept" end)
      wx.text("other", function()
        local ok, err = pcall(kept.ask, kept, "question?")
        return tostring(err)
      end)
    ]]
    local push = user:says "keep"
    assert.matches("only the handler itself may ask", app:user():says "other":content())
    app:advance(2)
    assert.equal("kept", push:content())
  end)
end)

describe("a conversation that is over", function()
  it("is not asked again, whatever its handler makes of the error", function()
    local user = serve [[
      wx.text("again", function(msg)
        local closed <close> = setmetatable({}, { __close = function() wx.shared:incr("closed", 1) end })
        local ok, answer
        repeat ok, answer = pcall(msg.ask, msg, "name?") until ok
        return answer
      end)
      wx.text("closed", function() return tostring(wx.shared:get "closed") end)
    ]]
    assert.equal("name?", user:says "again":content())
    user:event("unsubscribe", "EventKey", "")
    app:advance(0)
    assert.equal("1", user:says "closed":content())
    assert.same({}, errors())
  end)

  it("leaves no question behind", function()
    serve ""
    local push = {
      may_ask = function() end, parked = function() end, check = function() return true end,
      park = function() return { content = "yes" } end,
    }
    local outbox = { ask = function() return "left" end, whole = function(_, _, question) return question end }
    local conversations = require "weiyue.conversation".new(outbox, push)
    assert.equal("yes", conversations:ask({ push = 1 }, { "?", exclusive = true }))
    function push.park() error "superseded" end
    assert.is_false(pcall(conversations.ask, conversations, { push = 2 }, { "?", exclusive = true }))
    assert.same({}, conversations.exclusive)
  end)
end)

describe("a host that is freed", function()
  it("takes parked conversations with it", function()
    serve(NAMES)
    for _ = 1, 40 do
      local user = app:user()
      user:says "报名"
      user:says "小月"
    end
    assert.equal(40, app:metric "weiyue_claims")
    app.host:free() -- what it loses, the address sanitizer tells
    serve(NAMES)
  end)
end)

describe("a question in the mailbox", function()
  local ASKS <const> = [[
    wx.text("A", function(msg) wx.sleep(8) return "got " .. msg:ask "Q?" end)
    wx.text("B", function() wx.sleep(8) return "late B" end)
    wx.text("image", function() wx.sleep(8) return wx.reply.image "m" end)
    wx.text("bad", function(msg) wx.sleep(8) return "got " .. msg:ask { type = "txt", content = "Q?" } end)
    wx.text("said", function(msg) msg:say "one" return "got " .. msg:ask { type = "txt", content = "Q?" } end)
    wx.text("pictures", function(msg)
      wx.sleep(8)
      for _, id in ipairs { "a", "b", "c" } do
        msg:say { type = "image", media_id = id, extra = id == "a" and print or nil }
      end
      return false
    end)
    wx.text(function(msg) return "rule " .. msg.content end)
  ]]
  local function count(name) return app:of_account("weiyue_mailbox_" .. name .. "_total") end

  it("is asked when it is read, whatever waits behind it", function()
    local user = serve(ASKS, MAILBOX)
    user:says "A"
    app:advance(1)
    user:says "B"
    app:advance(30)
    assert.equal("Q?", user:says "继续":content())
    assert.equal("got 小月", user:says "小月":content())
    assert.equal("late B", user:says "继续":content())
    assert.equal("rule hello", user:says "hello":content())
  end)

  it("is never asked when the box was too full for it", function()
    local user = serve(ASKS, MAILBOX)
    user:says "A"
    app:advance(10)
    for _ = 1, 20 do
      user:says "image"
      app:advance(10)
    end
    for _ = 1, 20 do assert.equal("image", user:says "继续":answer().reply.MsgType) end
    assert.equal("rule hello", user:says "hello":content())
  end)

  it("is an error where the handler asks when it is no reply", function()
    local user = serve(ASKS, MAILBOX)
    user:says "bad"
    app:advance(10)
    assert.equal("稍后再试", user:says "继续":content())
    assert.equal("rule hello", user:says "hello":content())
    user:says "said"
    assert.equal("rule hello", user:says "hello":content())
    local told = errors()
    assert.equal(2, #told)
    for _, line in ipairs(told) do assert.matches("one%.lua:%d+: msg:ask: .*type", line) end
  end)

  it("leaves the others when one cannot be kept", function()
    local user = serve(ASKS, MAILBOX)
    user:says "pictures"
    app:advance(10)
    assert.matches("^稍后再试", user:says "继续":content())
    for _ = 1, 2 do assert.equal("image", user:says "继续":answer().reply.MsgType) end
    assert.equal("rule 继续", user:says "继续":content())
    assert.equal(3, count "put")
    assert.equal(3, count "taken")
  end)
end)

it("a question that nobody heard stays for the retry of its push", function()
  local user = serve [[
    wx.text("ask", function(msg) wx.sleep(4.9) return "got " .. msg:ask "Q?" end)
    wx.text("fill", function() return ("x"):rep(2000) end)
  ]]
  local p = user:says "ask"
  app:advance(4.8)
  p:leave()
  app:advance(0.3)
  for _ = 1, 4000 do app:user():says "fill" end -- more than the inbox keeps
  assert.equal("Q?", user:again(p):content())
  assert.equal("got hello", user:says "hello":content())
end)
