-- Customer-service messages of the fake WeChat: each type, what is refused, what the user sees, typing.

local rows = require "spec.support.sandbox_rows"
local sandbox = require "spec.support.sandbox_world"

local APPID <const>, OPENID <const> = sandbox.APPID, sandbox.OPENID

local function fresh()
  local s = sandbox.new()
  s.world:note_push("text", APPID, OPENID)
  return s
end

local function send(s, args)
  args.touser = args.touser or OPENID
  return s:call("message_custom.send", args)
end

local function code(s, args)
  local ok, err = send(s, args)
  return ok and 0 or err.code
end

local function upload(s, kind, filename)
  local got = assert(s:call("media.upload", { type = kind, media = { data = "wxtest", filename = filename } }))
  return got.media_id or got.thumb_media_id
end

describe("a customer-service message", function()
  it("is seen by the user as it was sent", function()
    local s = fresh()
    assert.is_table(send(s, { text = { content = "你好" } }))
    local image = upload(s, "image", "a.png")
    assert.is_table(send(s, { image = { media_id = image } }))
    local articles = { { title = "标题", description = "说明", url = "https://wx.example.cn/", picurl = "https://wx.example.cn/a.jpg" } }
    assert.is_table(send(s, { news = { articles = articles } }))
    assert.is_table(send(s, { msgmenu = { head_content = "满意吗", list = { { id = "1", content = "满意" } }, tail_content = "谢谢" } }))
    local got = s:received()
    assert.same({ "text", "你好", "customer_service" }, { got[1].type, got[1].text, got[1].way })
    assert.same({ "image", { media_id = image, type = "image" } }, { got[2].type, got[2].media })
    assert.same(articles, got[3].articles)
    assert.same({ head = "满意吗", list = { { id = "1", content = "满意" } }, tail = "谢谢" }, got[4].menu)
  end)

  it("has media of its kind, that is there", function()
    local s = fresh()
    local image, voice, video, thumb =
      upload(s, "image", "a.jpg"), upload(s, "voice", "a.mp3"), upload(s, "video", "a.mp4"), upload(s, "thumb", "a.jpg")
    assert.equal(0, code(s, { voice = { media_id = voice } }))
    assert.equal(0, code(s, { video = { media_id = video, thumb_media_id = thumb, title = "片", description = "说明" } }))
    assert.equal(0, code(s, { music = { musicurl = "https://x.cn/a.mp3", hqmusicurl = "https://x.cn/b.mp3", thumb_media_id = thumb } }))
    assert.equal(40121, code(s, { image = { media_id = voice } }))
    assert.equal(40121, code(s, { voice = { media_id = image } }))
    assert.equal(40007, code(s, { image = { media_id = "NONE" } }))
    assert.equal(40007, code(s, { music = { musicurl = "https://x.cn/a", hqmusicurl = "https://x.cn/b", thumb_media_id = "NONE" } }))
    assert.equal(40007, code(s, { mpnews = { media_id = "NONE" } }))
    s.world:note_push("text", APPID, OPENID)
    s:advance(47 * 3600)
    assert.equal(0, code(s, { image = { media_id = image } }))
    s:advance(26 * 3600)
    s.world:note_push("text", APPID, OPENID)
    assert.equal(40007, code(s, { image = { media_id = image } }))
  end)

  it("may be a mini program, a link, a card, an article that is published", function()
    local s = fresh()
    local thumb = upload(s, "thumb", "a.jpg")
    assert.equal(0, code(s, { miniprogrampage = { title = "小程序", appid = "wxtestmini", pagepath = "p", thumb_media_id = thumb } }))
    assert.equal(0, code(s, { link = { title = "链接", description = "说明", url = "https://x.cn", thumb_url = "https://x.cn/a.jpg" } }))
    local card, article = rows.card(s), rows.article(s)
    assert.equal(0, code(s, { wxcard = { card_id = card } }))
    assert.equal(0, code(s, { mpnewsarticle = { article_id = article } }))
    assert.equal(40073, code(s, { wxcard = { card_id = "nope" } }))
    assert.equal(53600, code(s, { mpnewsarticle = { article_id = "nope" } }))
    local got = s:received()
    assert.equal("小程序", got[1].media.title)
    assert.same({ title = "链接", description = "说明", url = "https://x.cn", picurl = "https://x.cn/a.jpg" }, got[2].articles[1])
    assert.equal(card, got[3].card.card_id)
    assert.equal("标题", got[4].articles[1].title)
    s:call("publish.delete", { article_id = article })
    assert.equal(53600, code(s, { mpnewsarticle = { article_id = article } }))
  end)

  it("is refused where it is empty, too long, or to nobody, and then uses nothing up", function()
    local s = fresh()
    assert.equal(44004, code(s, { text = { content = "" } }))
    assert.equal(45002, code(s, { text = { content = ("x"):rep(2049) } }))
    assert.equal(40003, code(s, { touser = "nobody", text = { content = "x" } }))
    local two = ('{"touser":"%s","msgtype":"news","news":{"articles":[{"title":"a"},{"title":"b"}]}}'):format(OPENID)
    assert.equal(45008, s:raw("message_custom.send", two))
    assert.equal(5, s.world:windows(APPID, OPENID)[1].left)
    assert.equal(0, code(s, { text = { content = ("x"):rep(2048) } }))
    assert.equal(1, #s:received())
  end)

  it("does not reach who has left, or is blocked", function()
    local s = fresh()
    s:call("blacklist.add", { openid_list = { OPENID } })
    assert.equal(43019, code(s, { text = { content = "x" } }))
    s:call("blacklist.remove", { openid_list = { OPENID } })
    assert.equal(0, code(s, { text = { content = "x" } }))
    s.world:unfollow(APPID, OPENID)
    assert.equal(43004, code(s, { text = { content = "x" } }))
  end)

  it("of a mini program needs no follower", function()
    local s = sandbox.new { kind = "mini" }
    local user = s:user { subscribed = false }
    s.world:note_push("text", APPID, user.openid)
    assert.equal(0, code(s, { touser = user.openid, text = { content = "x" } }))
  end)

  it("is a worker's, whom the account has", function()
    local s = fresh()
    assert.equal(0, code(s, { text = { content = "x" }, customservice = { kf_account = "kf2001@wxtest" } }))
    assert.equal("kf2001@wxtest", s:received()[1].kf_account)
    assert.same({}, s:call("kf_account.list").kf_list)
    assert.equal(0, code(s, { text = { content = "x" }, customservice = { kf_account = "kf2001@wxtest" } }))
    assert.is_table(s:call("kf_account.add", { kf_account = "kf2002@" .. s.account.username, nickname = "小微" }))
    assert.equal(65401, code(s, { text = { content = "x" }, customservice = { kf_account = "kf2001@wxtest" } }))
  end)
end)

describe("typing", function()
  local function typing(s, command)
    local ok, err = s:call("message_custom.typing", { touser = OPENID, command = command or "Typing" })
    return ok and 0 or err.code
  end

  it("shows within 30 s of the user's last move, not twice", function()
    local s = sandbox.new()
    assert.equal(45080, typing(s))
    s.world:note_push("VIEW", APPID, OPENID)
    s:advance(30)
    assert.equal(0, typing(s))
    assert.equal(45081, typing(s))
    s:advance(1)
    assert.equal(45080, typing(s))
  end)

  it("ends by itself, by a message, when it is cancelled", function()
    local s = fresh()
    assert.equal(0, typing(s))
    s:advance(15)
    assert.equal(0, typing(s))
    send(s, { text = { content = "x" } })
    assert.equal(0, typing(s))
    assert.equal(0, typing(s, "CancelTyping"))
    assert.equal(0, typing(s))
    assert.equal(45072, s:raw("message_custom.typing", '{"touser":"' .. OPENID .. '","command":"Sleeping"}'))
  end)
end)
