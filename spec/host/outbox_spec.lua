-- The outbox: what reaches the user when it is not the one reply of its push, because it comes later, is longer
-- or is several; by customer service message, or through the mailbox. When that happens is broker_spec's.

local page = require "weiyue.page"
local rig = require "spec.support.rig"

local WAITING <const> = "正在处理，回复“继续”查看"
local MORE <const> = "\n（未完，回复“继续”看下一页）"
local KF <const> = 'kind = "service", verified = true' -- may send customer service messages
local NO_HOLD <const> = "hold_budget = 0"
local TEXT_MAX <const> = 2048

-- Characters of one to four bytes, some of several code points, with few places to turn a page.
local LONG <const> = ("微月👨‍👩‍👧é🇨🇳月a👍🏽"):rep(130) .. "末"

local PLUGIN <const> = ("local LONG = %q\n"):format(LONG) .. [[
  wx.text("quick", "quick")
  wx.text("slow", function() wx.sleep(6) return "done" end)
  wx.text("long", function() return LONG end)
  wx.text("slow long", function() wx.sleep(6) return { type = "text", content = LONG } end)
  wx.text("raise", function() wx.sleep(6) error "oops" end)
  wx.text("number", function() wx.sleep(6) return 42 end)
  wx.text("bytes", function() wx.sleep(6) return "\xff" end)
  wx.text("image", function() wx.sleep(6) return wx.reply.image "M" end)
  wx.text("transfer", function() wx.sleep(6) return wx.reply.transfer() end)
  wx.text("raw", function() wx.sleep(6) return wx.reply.raw "<xml><a/></xml>" end)
  wx.text("news", function() wx.sleep(6) return wx.reply.news { { title = "1", url = "http://example.com/" }, { title = "2" } } end)
  wx.click("news", function() wx.sleep(6) return wx.reply.news { { title = "1" }, { title = "2" }, { title = "3" } } end)
  wx.text("继续", "the plugin's own")
  wx.event("view", function() wx.sleep(6) error "oops" end)
]]

describe("the outbox", function()
  local app

  local function host(options)
    options.plugin = PLUGIN .. (options.plugin or "")
    app = rig.new(options)
    return app
  end
  after_each(function()
    if app then app:free() end
    app = nil
  end)

  local function of_account(name) return app:of_account(name) end
  local function answers(way) return app:answers(way) end

  local function in_each(name, f)
    for _, mode in ipairs { "plain", "safe" } do
      for _, form in ipairs { "xml", "json" } do
        it(("%s (%s, %s)"):format(name, mode, form), function() f(mode, form) end)
      end
    end
  end

  -- What was sent as texts, hints left out.
  local function texts()
    local list = {}
    for _, one in ipairs(app:sent()) do
      if not one.command then list[#list + 1] = one.text and one.text.content or one.msgtype end
    end
    return list
  end

  -- A user who asks for this and is told to wait.
  local function too_late(text)
    local user = app:user()
    local p = user:says(text)
    app:advance(4.5)
    assert.equal(WAITING, p:content())
    app:advance(1.5)
    return user
  end

  describe("keeps in the mailbox", function()
    in_each("what is too late, for the word", function(mode, form)
      host { mode = mode, form = form, account = NO_HOLD }
      local user = too_late "slow"
      assert.equal(1, of_account "weiyue_mailbox_put_total")
      local p = user:says "继续"
      assert.equal("done", p:content())
      assert.equal(form, p:answer().form)
      assert.equal(mode == "safe" or nil, p:answer().sealed)
      assert.equal("done", user:again(p):content())
      assert.equal(1, of_account "weiyue_mailbox_taken_total")
      assert.equal("the plugin's own", user:says "继续":content())
      assert.same({}, app:logged())
    end)

    it("each user's own", function()
      host { account = NO_HOLD }
      local user = too_late "slow"
      assert.equal("the plugin's own", app:user():says "继续":content())
      assert.equal("done", user:says "继续":content())
    end)

    it("each account's own, for one user of both", function()
      host { config = NO_HOLD, others = { "verified = false" } }
      local user = too_late "slow"
      local there = app:at(2):user()
      there.openid = user.openid
      assert.equal("the plugin's own", there:says "继续":content())
      assert.equal("done", user:says "继续":content())
    end)

    it("answers in their order", function()
      host { account = NO_HOLD, plugin = [[wx.text(wx.prefix "wait ", function(msg) wx.sleep(6) return msg.content end)]] }
      local user = too_late "wait 1"
      user:says "wait 2"
      app:advance(6)
      assert.equal("wait 1" .. MORE, user:says "继续":content())
      assert.equal("wait 2", user:says "继续":content())
      assert.equal("the plugin's own", user:says "继续":content())
    end)

    it("any kind of reply", function()
      host { account = NO_HOLD }
      for _, kind in ipairs { "image", "news" } do
        local user = too_late(kind)
        local reply = user:says "继续":answer().reply
        assert.equal(kind, reply.MsgType)
        if kind == "news" then assert.equal("1", reply.Articles.item.Title) else assert.equal("M", reply.Image.MediaId) end
      end
      assert.equal("transfer_customer_service", too_late "transfer":says "继续":content())
      assert.equal("<xml><a/></xml>", too_late "raw":says "继续":answer().body)
    end)

    it("and gives them for another word, also written otherwise, with texts that name it", function()
      host { account = NO_HOLD .. ', mailbox = { word = "More" }' }
      local user = app:user()
      local p = user:says "slow long"
      app:advance(6)
      assert.equal("正在处理，回复“More”查看", p:content())
      assert.equal("the plugin's own", user:says "继续":content())
      assert.matches("\n（未完，回复“More”看下一页）$", user:says " ｍＯＲＥ ":content())
      assert.matches("末$", (user:says "more":content() .. (user:says "more":content() or "")):gsub("success$", ""))
    end)

    it("and tells so in the configuration's words, an account's before the others'", function()
      host {
        config = NO_HOLD .. ', mailbox = { word = "w", waiting = "WAIT", more = "MORE" }',
        others = { 'mailbox = { waiting = "my wait" }' },
      }
      local user, other = app:user(), app:at(2):user()
      local p, q = user:says "slow long", other:says "slow long"
      app:advance(6)
      assert.equal("WAIT", p:content())
      assert.equal("my wait", q:content())
      assert.matches("\nMORE$", user:says "w":content())
      assert.matches("\nMORE$", other:says "w":content())
    end)

    it("for 48 hours", function()
      host { account = NO_HOLD }
      local early, late = too_late "slow", too_late "slow"
      app:advance(48 * 3600 - 6 - 60)
      assert.equal("done", early:says "继续":content())
      app:advance(120)
      assert.equal("the plugin's own", late:says "继续":content())
    end)

    it("until the user leaves", function()
      host { account = NO_HOLD }
      local user = too_late "slow"
      user:event "unsubscribe"
      app:advance(0)
      assert.equal("the plugin's own", user:says "继续":content())
    end)

    it("nothing that ends after the user left", function()
      host { account = NO_HOLD }
      local user = app:user()
      user:says "slow"
      app:advance(5)
      user:event "unsubscribe"
      app:advance(5)
      assert.equal("the plugin's own", user:says "继续":content())
    end)

    it("and gives it to the word that came while the handler still ran", function()
      host { account = NO_HOLD }
      local user = app:user()
      user:says "slow"
      app:advance(5)
      local word = user:says "继续"
      assert.is_nil(word:answer())
      app:advance(1)
      assert.equal("done", word:content())
    end)

    it("and keeps it when the word had to wait too long itself", function()
      host { account = NO_HOLD, plugin = [[wx.text("slower", function() wx.sleep(12) return "done" end)]] }
      local user = app:user()
      user:says "slower"
      app:advance(5)
      local word = user:says "继续"
      app:advance(4.5)
      assert.equal(WAITING, word:content())
      app:advance(4)
      assert.equal("done", user:says "继续":content())
    end)
  end)

  describe("pages a long text", function()
    -- The pages, without what tells of the next one; the word fetches them, from the first that is given on.
    local function read(user, first)
      local pages, content = {}, first
      while true do
        assert.is_true(#content <= TEXT_MAX)
        assert.is_truthy(utf8.len(content))
        local text = content:match("^(.*)" .. MORE .. "$")
        pages[#pages + 1] = text or content
        if not text then break end
        content = user:says "继续":content()
      end
      assert.equal("the plugin's own", user:says "继续":content())
      return pages
    end

    local function is_whole(pages)
      assert.equal(LONG, table.concat(pages))
      assert.same(page.split(LONG, TEXT_MAX - #MORE), pages) -- at characters' edges, as page_spec has it
    end

    in_each("that is in time: the first is the answer", function(mode, form)
      host { mode = mode, form = form }
      local user = app:user()
      local p = user:says "long"
      app:advance(0)
      is_whole(read(user, p:content()))
      assert.equal(1, answers "reply" - #page.split(LONG, TEXT_MAX - #MORE)) -- and "the plugin's own"
      assert.same({}, app:logged())
    end)

    in_each("that is too late: each on the word", function(mode, form)
      host { mode = mode, form = form, account = NO_HOLD }
      local user = too_late "slow long"
      is_whole(read(user, user:says "继续":content()))
      assert.same({}, app:logged())
    end)

    it("that is held and answered on the retry", function()
      host {}
      local user = app:user()
      local p = user:says "slow long"
      app:advance(5)
      local again = user:again(p)
      app:advance(1)
      is_whole(read(user, again:content()))
    end)

    it("and sends the others behind the first, where it may", function()
      host { account = KF, send = "ok" }
      local user = app:user()
      local p = user:says "long"
      app:advance(0)
      local pages = texts()
      table.insert(pages, 1, p:content())
      is_whole(pages)
      assert.equal("the plugin's own", user:says "继续":content())
      assert.same({}, app:logged())
    end)

    it("and sends all of them when it is late", function()
      host { account = KF, send = "ok" }
      app:user():says "slow long"
      app:advance(6)
      is_whole(texts())
    end)

    it("as far as the window goes, and keeps the rest", function()
      host { account = KF, send = "ok", plugin = [[wx.click("slow long", function() wx.sleep(6) return LONG:rep(2) end)]] }
      local user = app:user()
      user:clicks "slow long"
      app:advance(6)
      local sent = texts()
      assert.equal(3, #sent)
      assert.matches(MORE .. "$", sent[3])
      sent[3] = sent[3]:sub(1, -1 - #MORE)
      for _, text in ipairs(read(user, user:says "继续":content())) do sent[#sent + 1] = text end
      assert.equal(LONG:rep(2), table.concat(sent))
    end)

    it("not when it fits, to the byte", function()
      host { plugin = [[wx.text("fits", ("x"):rep(2048)) wx.text("one more", ("x"):rep(2049))]] }
      local user = app:user()
      assert.equal(("x"):rep(2048), user:says "fits":content())
      local p = user:says "one more"
      app:advance(0)
      assert.matches(MORE .. "$", p:content())
      assert.equal(2049 + #MORE, #p:content() + #user:says "继续":content())
    end)

    it("and loses nothing of one that leaves no room for what tells of the next", function()
      host { account = NO_HOLD, plugin = [[
        wx.text("full", function() wx.sleep(6) return ("x"):rep(2040) end)
        wx.text("full and image", function(msg) msg:say(("x"):rep(2040)) return wx.reply.image "M" end)
      ]] }
      local user = too_late "full"
      user:says "slow"
      app:advance(6)
      assert.equal(("x"):rep(2040), user:says "继续":content())
      assert.equal("done", user:says "继续":content())
      local p = user:says "full and image"
      app:advance(0)
      local first, second = p:content(), user:says "继续":content()
      assert.equal(("x"):rep(2040), first:sub(1, -1 - #MORE) .. second:sub(1, -1 - #MORE))
      assert.equal("image", user:says "继续":content())
    end)
  end)

  describe("sends late", function()
    before_each(function() host { account = KF, send = "ok" } end)

    local function sent_for(text)
      app:user():says(text)
      app:advance(6)
      local list = app:sent()
      assert.equal("Typing", table.remove(list, 1).command)
      return list
    end

    it("a picture", function()
      local sent = sent_for "image"
      assert.equal(1, #sent)
      assert.same({ media_id = "M" }, sent[1].image)
    end)

    it("one article of a message's", function()
      local sent = sent_for "news"
      assert.equal(1, #sent)
      assert.same({ { title = "1", description = "", url = "http://example.com/", picurl = "" } }, sent[1].news.articles)
      assert.equal(1, #app:logged "reply.articles_cut")
    end)

    it("one article of an event's eight, and says so once", function()
      for _ = 1, 2 do
        app:user():clicks "news"
        app:advance(6)
        assert.equal(1, #app:sent()[1].news.articles)
      end
      local lines = app:logged()
      assert.equal(1, #lines)
      assert.matches(" event=reply%.articles_cut .*articles_dropped=2", lines[1])
      assert.matches(" where=%S*plugins/one%.lua:%d+", lines[1])
    end)

    it("no transfer: it waits in the mailbox, and the user and the log are told", function()
      local user = app:user()
      user:says "transfer"
      app:advance(6)
      assert.same({ "正在处理，回复“继续”查看" }, texts())
      assert.matches("no_late_form", app:logged "late.failed"[1])
      assert.equal("transfer_customer_service", user:says "继续":content())
    end)
  end)

  describe("tells of a failure after the deadline", function()
    for _, case in ipairs { { "raise", "lua.error" }, { "number", "lua.bad_reply" }, { "bytes", "lua.bad_reply" } } do
      local text <const>, event <const> = case[1], case[2]

      it(("on the word: %s"):format(text), function()
        host { account = NO_HOLD }
        local user = too_late(text)
        local lines = app:logged()
        assert.equal(1, #lines)
        assert.matches(" event=" .. event:gsub("%.", "%%.") .. " .*plugins/one%.lua:%d+", lines[1])
        assert.equal("稍后再试", user:says "继续":content())
      end)

      it(("late: %s"):format(text), function()
        host { account = KF, send = "ok" }
        app:user():says(text)
        app:advance(6)
        assert.same({ "稍后再试" }, texts())
        assert.equal(1, #app:logged(event))
      end)

      it(("on the retry: %s"):format(text), function()
        host {}
        local user = app:user()
        local p = user:says(text)
        app:advance(5)
        local again = user:again(p)
        app:advance(1)
        assert.equal("稍后再试", again:content())
        assert.equal(1, answers "apology")
        assert.equal(1, #app:logged(event))
      end)
    end

    it("with nothing where no apology is wanted", function()
      host { account = NO_HOLD .. ", apology = false" }
      local user = too_late "raise"
      assert.equal("the plugin's own", user:says "继续":content())
      assert.equal(0, of_account "weiyue_mailbox_put_total")
    end)

    it("with nothing after an event that nobody may answer", function()
      host { account = KF, send = "ok" }
      local user = app:user()
      user:event("VIEW", "EventKey", "http://example.com/")
      app:advance(8)
      assert.same({}, app:sent())
      assert.equal("the plugin's own", user:says "继续":content())
      assert.equal(1, #app:logged())
    end)
  end)

  describe("msg:say", function()
    local SAY <const> = [[
      wx.text("say", function(msg)
        assert(msg:say "1")
        assert(msg:say(wx.reply.text "2"))
        wx.sleep(1)
        return "3"
      end)
      wx.text("say slowly", function(msg) msg:say "1" wx.sleep(6) msg:say "2" wx.sleep(1) return "3" end)
      wx.text("say alone", function(msg) msg:say "1" wx.sleep(1) return false end)
      wx.text("say nil", function(msg) msg:say "1" wx.sleep(1) return nil end)
      wx.text("say image", function(msg) msg:say "1" msg:say(wx.reply.image "M") msg:say "2" return "3" end)
      wx.text("image first", function(msg) msg:say(wx.reply.image "M") return "2" end)
      wx.text("say raise", function(msg) msg:say "1" error "oops" end)
      wx.text("say kf", function(msg) msg:say("1", { kf = "lin@gh_test" }) return false end)
      wx.text("say long", function(msg) assert(msg:say(LONG)) return "3" end)
      wx.text("say ask", function(msg) msg:say "1" local answer = msg:ask "2" return "3 " .. answer end)
      wx.text("say six", function(msg)
        local said = {}
        for i = 1, 6 do said[i] = tostring(msg:say(tostring(i))) end
        return table.concat(said, " ")
      end)
      wx.text("say misuse", function(msg)
        for _, bad in ipairs { "", 42, true, "\xff", {}, { type = "text" }, { type = "image" }, { type = "hologram" } } do
          local ok, err = pcall(function() msg:say(bad) end)
          if ok or not err:find "one.lua:%d+: msg:say" then return tostring(err) end
        end
        for _, options in ipairs { "y", { kff = "a@b" }, { kf = 5 } } do
          local ok, err = pcall(function() msg:say("x", options) end)
          if ok or not err:find "one.lua:%d+: msg:say" then return tostring(err) end
        end
        return "refused"
      end)
      local refused
      wx.event("view_miniprogram", function(msg) refused = table.concat({ tostring(msg:say "1"), select(2, msg:say "1").code }, ": ") end)
      wx.event("unsubscribe", function(msg) refused = tostring(msg:say "bye") end)
      wx.text("refused", function() return refused end)
      local spoken
      wx.text("say after", function(msg)
        wx.spawn(function() wx.sleep(1) spoken = select(2, msg:say "1").code end)
        return "2"
      end)
      wx.text("spoken", function() return spoken end)
      wx.text("type", function(msg) local ok, err = msg:typing() wx.sleep(1) return tostring(ok or err) end)
    ]]

    describe("with customer service", function()
      before_each(function() host { account = KF, send = "ok", plugin = SAY } end)

      it("sends at once, before the answer", function()
        local user = app:user()
        local p = user:says "say"
        app:advance(0)
        assert.same({ "1", "2" }, texts())
        assert.is_nil(p:answer())
        app:advance(1)
        assert.equal("3", p:content())
        assert.same({}, texts())
        assert.equal(1, answers "reply")
        assert.equal(2, of_account "weiyue_late_messages_total")
        assert.same({}, app:logged())
      end)

      it("keeps the order when the answer is late", function()
        app:user():says "say slowly"
        app:advance(7)
        assert.same({ "1", "2", "3" }, texts())
      end)

      it("may be all that is said", function()
        local p = app:user():says "say alone"
        app:advance(1)
        assert.equal("success", p:content())
        assert.same({ "1" }, texts())
      end)

      it("speaks as the customer service account that is named", function()
        app:user():says "say kf"
        app:advance(0)
        assert.same({ kf_account = "lin@gh_test" }, app:sent()[1].customservice)
      end)

      it("pages a long text", function()
        app:user():says "say long"
        app:advance(0)
        assert.equal(LONG, table.concat(texts()))
      end)

      it("says no when the window has no more messages, and counts from the next message anew", function()
        local user = app:user()
        for _ = 1, 2 do
          local p = user:says "say six"
          app:advance(0)
          assert.same({ "1", "2", "3", "4", "5" }, texts())
          assert.equal("true true true true true nil", p:content())
        end
      end)

      it("says no when the sender fails", function()
        app.host:send "fail"
        local p = app:user():says "say six"
        app:advance(0)
        assert.equal("nil nil nil nil nil nil", p:content())
      end)

      it("hints that somebody types", function()
        local user = app:user()
        local p = user:says "type"
        app:advance(0)
        assert.same({ { touser = user.openid, command = "Typing" } }, app:sent())
        app:advance(1)
        assert.equal("true", p:content())
      end)
    end)

    describe("without customer service", function()
      in_each("joins what was said and the answer, in order", function(mode, form)
        host { mode = mode, form = form, plugin = SAY }
        local p = app:user():says "say"
        app:advance(0)
        assert.is_nil(p:answer())
        app:advance(1)
        assert.equal("1\n2\n3", p:content())
        assert.equal(1, answers "reply")
        assert.same({}, app:logged())
      end)

      for _, text in ipairs { "say alone", "say nil" } do
        it("is the answer where there is no other: " .. text, function()
          host { plugin = SAY }
          local p = app:user():says(text)
          app:advance(1)
          assert.equal("1", p:content())
          assert.equal(1, answers "reply")
        end)
      end

      it("goes to the mailbox with an answer that is too late", function()
        host { account = NO_HOLD, plugin = SAY }
        local user = app:user()
        user:says "say slowly"
        app:advance(7)
        assert.equal("1\n2\n3", user:says "继续":content())
      end)

      it("is answered on the retry", function()
        host { plugin = SAY }
        local user = app:user()
        local p = user:says "say slowly"
        app:advance(5)
        local again = user:again(p)
        app:advance(2)
        assert.equal("1\n2\n3", again:content())
      end)

      it("leaves what is no text to the word", function()
        host { plugin = SAY }
        local user = app:user()
        local p = user:says "say image"
        app:advance(0)
        assert.equal("1" .. MORE, p:content())
        assert.equal("image", user:says "继续":content())
        assert.equal("2\n3", user:says "继续":content())
        p = user:says "image first"
        app:advance(0)
        assert.equal("正在处理，回复“继续”查看", p:content())
        assert.equal("image", user:says "继续":content())
        assert.equal("2", user:says "继续":content())
      end)

      it("is not lost when the handler fails", function()
        host { plugin = SAY }
        local p = app:user():says "say raise"
        app:advance(0)
        assert.equal("1\n稍后再试", p:content())
        assert.equal(1, #app:logged "lua.error")
      end)

      it("goes before a question", function()
        host { plugin = SAY }
        local user = app:user()
        local p = user:says "say ask"
        app:advance(0)
        assert.equal("1\n2", p:content())
        p = user:says "x"
        app:advance(0)
        assert.equal("3 x", p:content())
      end)

      it("has no hint to give", function()
        host { plugin = SAY }
        local p = app:user():says "type"
        app:advance(1)
        assert.equal("reply.no_late: this account sends no customer service messages here", p:content())
      end)

    end)

    it("says no after an event that nobody may answer, and to whoever left", function()
      host { plugin = SAY }
      local user = app:user()
      user:event("view_miniprogram", "EventKey", "p", "MenuId", "1")
      app:advance(0)
      assert.equal("nil: reply.not_allowed", user:says "refused":content())
      user:event "unsubscribe"
      app:advance(0)
      assert.equal("nil", user:says "refused":content())
      assert.equal("the plugin's own", user:says "继续":content())
      assert.equal(0, of_account "weiyue_mailbox_put_total")
    end)

    it("says no once the message has its answer", function()
      host { plugin = SAY }
      app:user():says "say after"
      app:advance(1)
      assert.equal("reply.too_late", app:user():says "spoken":content())
    end)

    it("refuses what is no reply, whichever way it would go", function()
      for _, options in ipairs { { plugin = SAY }, { plugin = SAY, account = KF, send = "ok" } } do
        host(options)
        local push = app:user():says "say misuse"
        app:advance(0)
        assert.equal("refused", push:content())
        app:free()
      end
      app = nil
    end)
  end)

  describe("a mailbox that is full", function()
    local GONE <const> = "等您的答案没能留住，请重新发送"
    local BIG <const> = [[wx.text("big", function() wx.sleep(6) return ("y"):rep(20000) end)]]

    local function fill(account)
      host { plugin = BIG, config = 'limits = { mailbox = "64KiB" }', account = account or NO_HOLD }
      local users = {}
      for i = 1, 6 do
        users[i] = app:user()
        assert.is_nil(users[i]:says "big":answer())
        app:advance(6)
      end
      return users
    end

    it("tells who asks for an answer that had to go, once, and the log", function()
      local users = fill()
      local evicted = app:metric "weiyue_mailbox_evicted_total"
      assert.is_true(evicted >= 3 and evicted < 6)
      for i, user in ipairs(users) do
        local content = user:says "继续":content()
        if i <= evicted then assert.equal(GONE, content) else assert.matches("^yyyy", content) end
      end
      assert.equal("the plugin's own", users[1]:says "继续":content())
      local lines = app:logged "mailbox.evicted"
      assert.equal(1, #lines)
      assert.matches(" warn ", lines[1], 1, true)
    end)

    it("says it by mailbox.gone, for 48 hours, and not to who has left", function()
      local users = fill(NO_HOLD .. ', mailbox = { gone = "weg" }')
      assert.equal("weg", users[1]:says "继续":content())
      users[2]:event "unsubscribe"
      app:advance(0)
      assert.equal("the plugin's own", users[2]:says "继续":content())
      app:advance(48 * 3600)
      assert.equal("the plugin's own", users[3]:says "继续":content())
    end)
  end)
end)
