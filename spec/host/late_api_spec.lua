-- Late answers by WeChat's API, against a WeChat of its own; by the program's sender they are outbox_spec's.

local core = require "weiyue_core"
local fakes = require "spec.support.fake_wechat"
local outbox = require "weiyue.outbox"
local rig = require "spec.support.rig"

local SEND <const> = "/cgi-bin/message/custom/send"
local WAITING <const> = "正在处理，回复“继续”查看"
local MORE <const> = "（未完，回复“继续”看下一页）"

local PLUGIN <const> = [[
  wx.text("slow", function() wx.sleep(8) return "done" end)
  wx.text("long", function() wx.sleep(6) return ("字"):rep(1500) end)
  wx.text("longer", function() wx.sleep(6) return ("字"):rep(6000) end)
  wx.text("video", function() wx.sleep(6) return { type = "video", media_id = "V", thumb_media_id = "T", title = "t" } end)
  wx.text("bare video", function() wx.sleep(6) return wx.reply.video("V", "t") end)
  wx.text("transfer", function() wx.sleep(6) return wx.reply.transfer() end)
  wx.text("news", function() wx.sleep(6) return wx.reply.news { title = "T", description = "D", url = "/w" } end)
  wx.text("title", function() wx.sleep(6) return wx.reply.news { title = "T" } end)
  wx.text("music", function(msg)
    wx.sleep(6)
    return wx.reply.music { title = "T", url = "U", thumb_media_id = wx.account().api.media.upload {
      type = "thumb", media = { data = "\xFF\xD8\xFF", filename = "a.jpg" } }.thumb_media_id }
  end)
  wx.text("image", wx.reply.image(wx.file ".a.png"))
  wx.text("late image", function() wx.sleep(6) return wx.reply.image(wx.file ".a.png") end)
  wx.text("none", wx.reply.image(wx.file "none.png"))
  wx.text("ask", function(msg) return "so " .. msg:ask(wx.reply.image(wx.file ".a.png")) end)
  wx.text("ask none", function(msg) return select(2, pcall(msg.ask, msg, wx.reply.image(wx.file "none.png"))) end)
  wx.text("say none", function(msg) return select(2, msg:say(wx.reply.image(wx.file "none.png"))).code end)
  wx.text("say", function(msg) local ok, err = msg:say("one") return tostring(ok) .. " " .. tostring(err) end)
  wx.text("say image", function(msg) return tostring(msg:say(wx.reply.image(wx.file ".a.png"))) end)
  wx.text("typing", function(msg) return tostring((msg:typing())) end)
  wx.click("slow", function() wx.sleep(8) return "clicked" end)
]]

describe("late answers by WeChat's API", function()
  it("may use what is kept of the day's calls for them", function()
    local object, calls = { id = "one" }, {}
    local push = {
      has_sender = function() return false end, sent = function() return 0 end, count = function() end,
    }
    local out = outbox.new({ { object = object, conf = { mailbox = { more = "more" } } } }, nil, push, {
      call = function(_, name, args, options)
        calls[#calls + 1] = { name, args.touser, options }
        return { errcode = 0 }
      end,
    })
    local p = { push = 1, account = object, openid = "oA", type = "text", created = core.time.now() }
    assert.equal("left", out:send_all(p, { "late" }))
    assert.same({ { "message_custom.send", "oA", { late = true } } }, calls)
  end)

  local wechat, app, user

  setup(function() wechat = fakes.start() end)
  teardown(function() wechat:stop() end)
  before_each(function()
    os.remove(wechat.folder .. "/calls")
  end)
  after_each(function()
    if app then app:free() end
    app = nil
  end)

  local function host(options)
    options = options or {}
    options.plugin = PLUGIN .. (options.plugin or "")
    options.account = options.account or wechat:account()
    app = rig.new(options)
    -- beside the plugin, and none itself
    local file = assert(io.open(app.folder .. "/plugins/.a.png", "wb"))
    file:write "\x89PNG\r\n\x1A\npicture"
    file:close()
    user = app:user()
  end

  -- What is answered late; gives the push.
  local function asks(text, seconds)
    local p = user:says(text)
    app:advance(seconds or 10)
    return p
  end
  local function texts()
    local list = {}
    for i, one in ipairs(wechat:sent()) do list[i] = one.text and one.text.content or one.msgtype end
    return list
  end

  it("leave as customer service messages, after the hint", function()
    host()
    local p = user:says "slow"
    app:advance(4.5)
    assert.equal("success", p:content())
    assert.equal(1, #wechat:calls "/cgi-bin/message/custom/typing")
    assert.same({ touser = user.openid, command = "Typing" }, wechat:calls("/cgi-bin/message/custom/typing")[1].json)
    assert.same({}, wechat:sent())
    app:advance(3.5)
    assert.same({ { touser = user.openid, msgtype = "text", text = { content = "done" } } }, wechat:sent())
    assert.equal(1, app:of_account "weiyue_late_messages_total")
    assert.equal(0, app:of_account "weiyue_mailbox_put_total")
    for _, line in ipairs(app:logged()) do assert.matches(" info event=token%.", line) end
  end)

  it("do so in pages where a text is long, the last of the window telling of the rest", function()
    host()
    asks "long"
    assert.equal(3, #texts())
    assert.equal(("字"):rep(1500), table.concat(texts()))
    os.remove(wechat.folder .. "/calls")
    asks "longer"
    local list = texts()
    assert.equal(5, #list)
    assert.equal(MORE, list[5]:sub(-#MORE))
    for _, text in ipairs(list) do assert.is_true(#text <= 2048) end
    local rest = user:says "继续":content()
    assert.matches("^字字", rest)
  end)

  it("obey the window of their trigger", function()
    host()
    user:clicks "slow"
    app:advance(10)
    assert.same({ "clicked" }, texts())
    user:clicks "slow"
    app:advance(4.5)
    app:advance(0)
    assert.same({ "clicked" }, texts())
  end)

  it("wait in the mailbox where WeChat's window is closed (45015) or full (45047)", function()
    host()
    for i, code in ipairs { 45015, 45047 } do
      wechat:answers(SEND, { errcode = code, errmsg = "no" })
      asks "long"
      assert.equal(i, #texts()) -- nothing behind it was tried
      assert.matches("code=" .. code, app:logged("api.failed")[1] or "")
      assert.matches("^字字", user:says "继续":content())
      assert.matches("^字字", user:says "继续":content())
    end
    assert.equal(2, app:of_account "weiyue_late_failed_total")
  end)

  it("try again where WeChat is busy (-1), a few times", function()
    host()
    wechat:answers(SEND, { errcode = -1, errmsg = "system error" }, { times = 2 })
    asks("slow", 20)
    assert.same({ "done", "done", "done" }, texts())
    assert.equal(1, app:of_account "weiyue_late_messages_total")
    wechat:answers(SEND, { errcode = -1, errmsg = "system error" }, { times = 4 })
    asks("slow", 20)
    assert.equal(7, #texts())
    assert.equal("done", user:says "继续":content())
  end)

  it("fetch another token where theirs is refused (40001)", function()
    host()
    asks "slow"
    wechat:answers("/cgi-bin/stable_token", nil) -- somebody else has fetched one: ours is old
    wechat:answers(SEND, { errcode = 40001, errmsg = "invalid credential" })
    asks "slow"
    assert.same({ "done", "done", "done" }, texts())
    assert.equal(2, #wechat:calls "/cgi-bin/stable_token")
    assert.equal(2, app:of_account "weiyue_late_messages_total")
  end)

  it("wait in the mailbox where nobody answers", function()
    host { account = ('kind = "service", verified = true, secret = "wxtestsecret", api = "http://127.0.0.1:1"') }
    asks("slow", 20)
    assert.equal("done", user:says "继续":content())
    assert.equal(1, app:of_account "weiyue_late_failed_total")
  end)

  it("wait in the mailbox where the account has no secret, or may not send any", function()
    for _, account in ipairs { 'kind = "service", verified = true, hold_budget = 0',
      'kind = "subscription", secret = "wxtestsecret", hold_budget = 0' } do
      host { account = account }
      assert.equal(WAITING, asks "slow":content())
      assert.equal("done", user:says "继续":content())
      app:free()
    end
    app = nil
    assert.same({}, wechat:calls())
  end)

  it("leave by the program's sender where there is one", function()
    host { send = "ok" }
    asks "slow"
    assert.same({}, wechat:calls())
    assert.equal("done", app:sent()[2].text.content)
  end)

  it("carry a video with its picture, and one without to the mailbox", function()
    host()
    asks "video"
    assert.same({ touser = user.openid, msgtype = "video",
      video = { media_id = "V", thumb_media_id = "T", title = "t" } }, wechat:sent()[1])
    assert.equal(40007, tonumber(app:logged("api.failed")[1]:match "code=(%d+)")) -- no file of ours
    assert.equal("video", user:says "继续":content())
    os.remove(wechat.folder .. "/calls")
    asks "bare video"
    assert.same({ WAITING }, texts())
    assert.equal("video", user:says "继续":content())
  end)

  it("tell of a transfer, which has no late form", function()
    host()
    asks "transfer"
    assert.same({ WAITING }, texts())
    assert.equal("transfer_customer_service", user:says "继续":content())
  end)

  it("carry what the reply could leave out", function()
    host()
    asks "news"
    asks "title"
    asks "music"
    local sent = wechat:sent()
    assert.same({ { title = "T", description = "D", url = "/w", picurl = "" } }, sent[1].news.articles)
    assert.same({ { title = "T", description = "", url = "", picurl = "" } }, sent[2].news.articles)
    assert.same({ "T", "U", "U" }, { sent[3].music.title, sent[3].music.musicurl, sent[3].music.hqmusicurl })
    assert.equal(3, app:of_account "weiyue_late_messages_total")
    assert.same({}, app:logged "late.failed")
  end)

  it("go on behind a reload, from the generation that began", function()
    host()
    user:says "slow"
    app:advance(5)
    assert.is_true(app:reload { plugin = [[wx.text("slow", "new")]] }.ok)
    app:advance(5)
    assert.same({ "done" }, texts())
    assert.equal("new", user:says "slow":content())
  end)

  it("may be said by msg:say, and hints by msg:typing", function()
    host()
    assert.equal("true nil", asks("say", 0):content())
    assert.same({ "one" }, texts())
    assert.equal("true", asks("typing", 0):content())
    wechat:answers(SEND, { errcode = 45047, errmsg = "no" })
    assert.equal("nil message_custom.send: 45047: no", asks("say", 0):content())
  end)

  describe("with wx.file", function()
    it("answer in time with what was uploaded, once", function()
      host()
      local media = asks("image", 0):answer().reply
      assert.equal("image", media.MsgType)
      assert.matches("^MEDIA%d+$", media.Image.MediaId)
      assert.equal(media.Image.MediaId, user:says "image":answer().reply.Image.MediaId)
      local uploads = wechat:calls "/cgi-bin/media/upload"
      assert.equal(1, #uploads)
      assert.same({ type = "image" }, uploads[1].query)
      assert.equal("upload.png", uploads[1].parts[1].filename)
      assert.equal(15, uploads[1].parts[1].size)
    end)

    it("leave late where the upload takes its time", function()
      host()
      wechat:answers("/cgi-bin/media/upload", nil, { after = 0.2 })
      asks "late image"
      assert.equal("image", wechat:sent()[1].msgtype)
      assert.matches("^MEDIA%d+$", wechat:sent()[1].image.media_id)
    end)

    it("upload anew what WeChat has forgotten (40007), once", function()
      host()
      asks "late image"
      wechat:order { forget = true }
      asks "late image"
      local sent = wechat:sent()
      assert.equal(3, #sent)
      assert.equal(sent[1].image.media_id, sent[2].image.media_id)
      assert.not_equal(sent[2].image.media_id, sent[3].image.media_id)
      assert.equal(2, #wechat:calls "/cgi-bin/media/upload")
      assert.equal(2, app:of_account "weiyue_late_messages_total")
    end)

    it("may be said", function()
      host()
      assert.equal("true", asks("say image", 0):content())
      assert.matches("^MEDIA%d+$", wechat:sent()[1].image.media_id)
    end)

    it("may be asked", function()
      host()
      assert.matches("^MEDIA%d+$", asks("ask", 0):answer().reply.Image.MediaId)
      assert.equal("so yes", asks("yes", 0):content())
    end)

    it("tell msg:say and msg:ask why they cannot be had", function()
      host()
      assert.equal("file.missing", asks("say none", 0):content())
      assert.matches("msg:ask: file%.missing: none%.png", asks("ask none", 0):content())
    end)

    it("have the id of the day when they have waited in the mailbox", function()
      host { account = wechat:account() .. ", can = { customer_service = false }, hold_budget = 0" }
      local first = asks("image", 0):answer().reply.Image.MediaId
      app:advance(60 * 3600)
      asks "late image"
      app:advance(20 * 3600)
      local reply = asks("继续", 0):answer().reply
      assert.equal("image", reply.MsgType)
      assert.matches("^MEDIA%d+$", reply.Image.MediaId)
      assert.not_equal(first, reply.Image.MediaId)
      assert.equal(2, #wechat:calls "/cgi-bin/media/upload")
    end)

    it("apologise where it cannot be had, and the log names the rule", function()
      host()
      assert.equal("稍后再试", asks("none", 0):content())
      assert.matches("where=%S*one%.lua:%d+", app:logged("lua.error")[1])
    end)
  end)
end)
