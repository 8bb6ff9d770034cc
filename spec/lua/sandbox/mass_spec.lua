-- Mass messages of the fake WeChat: whom they reach, originals, the administrator, the event at the end.

local facts = require "spec.support.facts"
local rows = require "spec.support.sandbox_rows"
local sandbox = require "spec.support.sandbox_world"

local APPID <const>, OPENID <const> = sandbox.APPID, sandbox.OPENID

local function all(s, more)
  local args = { filter = { is_to_all = true }, text = { content = "你好" } }
  for key, value in pairs(more or {}) do args[key] = value end
  if args.mpnews or args.image or args.images or args.wxcard then args.text = nil end
  return s:call("message_mass.sendall", args)
end

local function news(s, content)
  local cover = assert(s:call("material.add", { type = "thumb", media = { data = "wxtest", filename = "a.jpg" } })).media_id
  local articles = { { title = "标题", thumb_media_id = cover, content = content or "内容" } }
  return assert(s:call("media.upload_news", { articles = articles })).media_id
end

local function status(s, msg_id) return s:call("message_mass.get", { msg_id = msg_id }).msg_status end

describe("a mass message", function()
  it("reaches the followers, and tells how many", function()
    local s = sandbox.new()
    local other, gone, blocked = s:user().openid, s:user { subscribed = false }.openid, s:user().openid
    s:call("blacklist.add", { openid_list = { blocked } })
    local job = assert(all(s))
    assert.equal("send job submission success", job.errmsg)
    assert.equal("SEND_SUCCESS", status(s, job.msg_id))
    assert.same({ 1, 1, 0, 0 }, { #s:received(), #s:received(other), #s:received(gone), #s:received(blocked) })
    assert.same({ "mass", "你好", job.msg_id }, { s:received()[1].way, s:received()[1].text, s:received()[1].msg_id })
    assert.same({}, s:pushed())
    local event = s:pushed(1)[1]
    assert.same({ "MASSSENDJOBFINISH", tostring(job.msg_id), "send success", "3", "2", "2", "0" }, {
      event.Event, event.MsgID, event.Status, event.TotalCount, event.FilterCount, event.SentCount, event.ErrorCount })
    assert.same({ Count = "0", ResultList = { item = {} }, CheckState = "1" }, event.CopyrightCheckResult)
  end)

  it("is 2048 bytes of text at most", function()
    local s = sandbox.new()
    assert.is_table(all(s, { text = { content = ("x"):rep(2048) } }))
    local _, err = all(s, { text = { content = ("x"):rep(2049) } })
    assert.equal(45002, err.code)
    assert.equal(1, #s:received())
  end)

  it("has the fields of the table in its event", function()
    local s = sandbox.new()
    assert(all(s, { mpnews = { media_id = news(s) } }))
    local event, n = s:pushed(1)[1], 0
    for _, row in ipairs(facts.rows "messages.tsv") do
      if row.event == "MASSSENDJOBFINISH" then
        for name in row.fields:gsub("%b{}", ""):gmatch "[%w]+" do
          assert.is_not_nil(event[name], name)
          n = n + 1
        end
      end
    end
    assert.equal(8, n)
    assert.equal("1", event.ArticleUrlResult.Count)
  end)

  it("goes to a tag, or to a list", function()
    local s = sandbox.new()
    local member, other = s:user().openid, s:user().openid
    local tag = assert(s:call("tag.create", { tag = { name = "会员" } })).tag.id
    s:call("tag.batch_tagging", { openid_list = { member }, tagid = tag })
    assert(all(s, { filter = { is_to_all = false, tag_id = tag } }))
    assert.same({ 0, 1, 0 }, { #s:received(), #s:received(member), #s:received(other) })
    assert(s:call("message_mass.send", { touser = { OPENID, other }, text = { content = "二" } }))
    assert.same({ 1, 1, 1 }, { #s:received(), #s:received(member), #s:received(other) })
    assert.equal(45159, select(2, all(s, { filter = { is_to_all = false, tag_id = 999 } })).code)
    assert.equal(40035, select(2, all(s, { filter = { is_to_all = false } })).code)
    assert.equal(40130, s:raw("message_mass.send", ('{"touser":["%s"],"msgtype":"text","text":{"content":"x"}}'):format(OPENID)))
    assert.equal(40130, s:code("message_mass.send", { touser = { OPENID, OPENID }, text = { content = "x" } }))
    assert(s:call("message_mass.send", { touser = { OPENID, other, OPENID }, text = { content = "三" } }))
    assert.same({ 2, 2 }, { #s:received(), #s:received(other) })
    assert.equal(40003, s:code("message_mass.send", { touser = { OPENID, "nobody" }, text = { content = "x" } }))
  end)

  it("goes to the tag that each account has", function()
    local s = sandbox.new()
    assert(all(s, { filter = { is_to_all = false, tag_id = 2 } }))
    assert.equal("0", s:pushed(1)[1].TotalCount)
  end)

  it("may be pictures, a voice, articles, a card; what is there", function()
    local s = sandbox.new()
    local function upload(kind, filename)
      return assert(s:call("material.add", { type = kind, media = { data = "wxtest", filename = filename } })).media_id
    end
    local image = upload("image", "a.jpg")
    assert(all(s, { images = { media_ids = { image, image } } }))
    assert.same({ "image", 2 }, { s:received()[1].type, #s:received()[1].images })
    assert(all(s, { mpnews = { media_id = news(s) } }))
    assert.equal("标题", s:received()[2].articles[1].title)
    assert(all(s, { wxcard = { card_id = rows.card(s) } }))
    assert.equal(40073, select(2, all(s, { wxcard = { card_id = "nope" } })).code)
    assert.equal(40007, select(2, all(s, { images = { media_ids = { "NONE" } } })).code)
    assert.equal(40121, select(2, all(s, { mpnews = { media_id = image } })).code)
  end)

  it("is sent once for a clientmsgid", function()
    local s = sandbox.new()
    local first = assert(all(s, { clientmsgid = "a" })).msg_id
    assert.equal(45066, select(2, all(s, { clientmsgid = "a" })).code)
    s:advance(60)
    local again = assert(all(s, { clientmsgid = "a" }))
    assert.same({ first, true }, { again.msg_id, again.already_sent })
    assert.equal(1, #s:received())
    s:advance(86400)
    assert.not_equal(first, assert(all(s, { clientmsgid = "a" })).msg_id)
    assert.equal(45067, s:raw("message_mass.sendall", ('{"filter":{"is_to_all":true},"msgtype":"text","text":{"content":"x"},"clientmsgid":"%s"}')
      :format(("x"):rep(65))))
  end)

  it("of a service account reaches a user four times a month", function()
    local s = sandbox.new()
    for _ = 1, 5 do assert(all(s)) end
    assert.equal(4, #s:received())
    assert.equal("0", s:pushed(1)[5].SentCount)
    s:advance(31 * 86400)
    assert(all(s))
    assert.equal(5, #s:received())
  end)

  it("of a subscription account is one a day", function()
    local s = sandbox.new { kind = "subscription", verified = true }
    assert(all(s))
    assert.equal(45028, select(2, all(s)).code)
    assert.equal(48001, s:code("message_mass.send", { touser = { OPENID, s:user().openid }, text = { content = "x" } }))
    s:advance(86400)
    assert(all(s))
    assert.equal(2, #s:received())
  end)

  it("is had sixty times a minute, a hundred times a day", function()
    local s = sandbox.new()
    for _ = 1, 60 do assert(all(s)) end
    assert.equal(45011, select(2, all(s)).code)
    s:advance(60)
    for _ = 1, 40 do assert(all(s)) end
    assert.equal(45009, select(2, all(s)).code)
  end)
end)

describe("the check of originals", function()
  local function prepared()
    local s = sandbox.new()
    local other = s.world:add_account { appid = "wxtestother", secret = "wxtest-other" }
    require("weiyue.sandbox.library").add(s.world, other, {
      kind = "permanent", type = "news", articles = { { title = "原文", content = "原创内容", url = "https://mp.example.cn/s/1" } },
    })
    return s, news(s, "原创内容")
  end

  it("stops what another account wrote", function()
    local s, media_id = prepared()
    local job = assert(all(s, { mpnews = { media_id = media_id } }))
    assert.equal("SEND_FAIL", status(s, job.msg_id))
    assert.same({}, s:received())
    local event = s:pushed(1)[1]
    assert.equal("err(30003)", event.Status)
    local item = event.CopyrightCheckResult.ResultList.item[1]
    assert.same({ "1", "https://mp.example.cn/s/1", "2" },
      { item.ArticleIdx, item.OriginalArticleUrl, event.CopyrightCheckResult.CheckState })
  end)

  it("lets it pass as a reprint when that is asked for", function()
    local s, media_id = prepared()
    local job = assert(all(s, { mpnews = { media_id = media_id }, send_ignore_reprint = 1 }))
    assert.equal("SEND_SUCCESS", status(s, job.msg_id))
    assert.equal(1, #s:received())
    assert.equal("1", s:pushed(1)[1].CopyrightCheckResult.Count)
  end)
end)

describe("the administrator", function()
  it("has half an hour to agree", function()
    local s = sandbox.new { mass_confirm = true }
    local job = assert(all(s))
    assert.same({ "SENDING", 0 }, { status(s, job.msg_id), #s:received() })
    s:advance(1799)
    assert.is_true(s.world:confirm_mass(APPID, job.msg_id, true))
    assert.same({ "SEND_SUCCESS", 1 }, { status(s, job.msg_id), #s:received() })
    assert.is_false(s.world:confirm_mass(APPID, job.msg_id, true))
    local events = s:pushed(1)
    assert.same({ 1, "send success" }, { #events, events[1].Status })
  end)

  it("may refuse, or say nothing", function()
    local s = sandbox.new { mass_confirm = true }
    local refused, silent = assert(all(s)).msg_id, assert(all(s)).msg_id
    assert.is_true(s.world:confirm_mass(APPID, refused, false))
    assert.equal("err(40001)", s:pushed(1)[1].Status)
    s:advance(1799)
    assert.equal("err(40002)", s:pushed()[1].Status)
    assert.same({ "SEND_FAIL", "SEND_FAIL", 0 }, { status(s, refused), status(s, silent), #s:received() })
    assert.is_false(s.world:confirm_mass(APPID, silent, true))
  end)
end)

describe("what was sent", function()
  it("can be deleted, where it is articles", function()
    local s = sandbox.new()
    local job = assert(all(s, { mpnews = { media_id = news(s) } }))
    assert.equal(40060, s:code("message_mass.delete", { msg_id = job.msg_id, article_idx = 2 }))
    assert.is_table(s:call("message_mass.delete", { msg_id = job.msg_id, article_idx = 1 }))
    assert.same({ [1] = true }, s:received()[1].deleted)
    assert.equal("SEND_SUCCESS", status(s, job.msg_id))
    assert.is_table(s:call("message_mass.delete", { url = s:received()[1].articles[1].url }))
    assert.equal("DELETE", status(s, job.msg_id))
    assert.equal(48008, s:code("message_mass.delete", { msg_id = assert(all(s)).msg_id }))
    assert.equal(40059, s:code("message_mass.delete", { msg_id = 1 }))
    assert.equal(40059, s:code("message_mass.get", { msg_id = 1 }))
  end)
end)

describe("a preview", function()
  it("is for one user, by openid or WeChat id", function()
    local s = sandbox.new()
    local user = s:user()
    user.wxid = "weiyue"
    assert.is_table(s:call("message_mass.preview", { touser = OPENID, text = { content = "看看" } }))
    assert.is_table(s:call("message_mass.preview", { touser = OPENID, towxname = "weiyue", text = { content = "看看" } }))
    assert.same({ "preview", 1, 1 }, { s:received()[1].way, #s:received(), #s:received(user.openid) })
    assert.equal(40003, s:code("message_mass.preview", { touser = "nobody", text = { content = "x" } }))
    for _ = 2, 100 do assert(s:call("message_mass.preview", { towxname = "weiyue", text = { content = "x" } })) end
    assert.equal(45009, s:code("message_mass.preview", { towxname = "weiyue", text = { content = "x" } }))
  end)
end)

describe("the speed", function()
  it("has five steps", function()
    local s = sandbox.new()
    assert.same({ speed = 1, realspeed = 60 }, (s:call("message_mass.speed_get")))
    for speed, real in pairs { [0] = 80, 60, 45, 30, 10 } do
      assert.is_table(s:call("message_mass.speed_set", { speed = speed }))
      assert.same({ speed = speed, realspeed = real }, (s:call("message_mass.speed_get")))
    end
  end)
end)
