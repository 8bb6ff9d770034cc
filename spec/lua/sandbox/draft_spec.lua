-- Drafts, publishing and comments of the fake WeChat.
local platforms = require "spec.support.platform"

local APPID <const> = platforms.APPID

describe("weiyue.sandbox: drafts", function()
  local wechat, thumb
  before_each(function()
    wechat = platforms.new()
    thumb = wechat:picture()
  end)

  local function article(more)
    local one = { title = "标题", content = "<p>正文</p>", thumb_media_id = thumb }
    for name, value in pairs(more or {}) do one[name] = value end
    return one
  end

  local function add(more) return wechat:ok("draft.add", { articles = { article(more) } }).media_id end

  it("go through add, get, update, count, batch_get, delete", function()
    local id = add { author = "甲" }
    local got = wechat:ok("draft.get", { media_id = id })
    assert.are.equal("标题", got.news_item[1].title)
    assert.are.equal("正文", got.news_item[1].digest)
    wechat:ok("draft.update", { media_id = id, index = 0, articles = article { title = "新的" } })
    assert.are.equal("新的", wechat:ok("draft.get", { media_id = id }).news_item[1].title)
    add()
    assert.are.equal(2, wechat:ok "draft.count".total_count)
    local page = wechat:ok("draft.batch_get", { offset = 1, count = 20, no_content = 1 })
    assert.are.equal(2, page.total_count)
    assert.are.equal(id, page.item[1].media_id)
    assert.is_nil(page.item[1].content.news_item[1].content)
    wechat:ok("draft.delete", { media_id = id })
    assert.are.equal(40007, wechat:errcode("draft.get", { media_id = id }))
    assert.are.equal(40007, wechat:errcode("draft.delete", { media_id = id }))
    assert.are.equal(1, wechat:ok("draft.switch", { checkonly = 1 }).is_open)
  end)

  local refused = {
    { "an unknown cover", 40007, { thumb_media_id = "wxtestmedia" } },
    { "a title of 65 characters", 45003, { title = ("题"):rep(65) } },
    { "a digest of 129 characters", 45004, { digest = ("要"):rep(129) } },
    { "20,001 characters", 45002, { content = ("文"):rep(20001) } },
    { "more than 1 MiB", 45002, { content = ("x"):rep(1024 * 1024 + 1) } },
    { "a long link", 45005, { content_source_url = "https://wx.example.cn/" .. ("x"):rep(1024) } },
    { "an author of 17 characters", 45021, { author = ("作"):rep(17) } },
    { "pictures that are none", 40007, { article_type = "newspic", image_info = { image_list = { { image_media_id = "x" } } } } },
    { "no pictures", 40007, { article_type = "newspic" } },
  }
  for _, case in ipairs(refused) do
    it("refuse " .. case[1], function()
      assert.are.equal(case[2], wechat:errcode("draft.add", { articles = { article(case[3]) } }))
    end)
  end

  it("take a title of 64 characters, and of 32 with pictures", function()
    add { title = ("题"):rep(64) }
    local pictures = { article_type = "newspic", image_info = { image_list = { { image_media_id = thumb } } }, title = ("题"):rep(32) }
    add(pictures)
    pictures.title = ("题"):rep(33)
    assert.are.equal(45003, wechat:errcode("draft.add", { articles = { article(pictures) } }))
  end)

  it("have eight articles at most, and say which index is wrong", function()
    local nine = {}
    for i = 1, 9 do nine[i] = article() end
    assert.are.equal(45008, wechat:errcode("draft.add", { articles = nine }))
    local id = add()
    assert.are.equal(40114, wechat:errcode("draft.update", { media_id = id, index = 1, articles = article() }))
  end)

  it("forget the oldest when they are too many bytes", function()
    local first, eight = add(), {}
    for i = 1, 8 do eight[i] = article { content = ("😀"):rep(20000) } end
    for _ = 1, 53 do wechat:ok("draft.add", { articles = eight }) end
    assert.are.equal(40007, wechat:errcode("draft.get", { media_id = first }))
    assert.are.equal(52, wechat:ok "draft.count".total_count)
  end)

  it("do not take a temporary cover", function()
    local media = wechat:ok("media.upload", { type = "image", media = { data = "\xFF\xD8\xFFx", filename = "a.jpg" } })
    assert.are.equal(40007, wechat:errcode("draft.add", { articles = { article { thumb_media_id = media.media_id } } }))
  end)

  describe("that are published", function()
    it("are running, then tell by an event, and leave the box", function()
      local id = add { need_open_comment = 1 }
      local job = wechat:ok("publish.submit", { media_id = id })
      assert.are.equal(1, wechat:ok("publish.get", { publish_id = job.publish_id }).publish_status)
      assert.are.equal(0, #wechat:pushed())
      local event = wechat:pushed(3)[1]
      assert.are.equal("PUBLISHJOBFINISH", event.Event)
      assert.are.equal(job.publish_id, event.PublishEventInfo.publish_id)
      assert.are.equal(0, event.PublishEventInfo.publish_status)
      local got = wechat:ok("publish.get", { publish_id = job.publish_id })
      assert.are.equal(event.PublishEventInfo.article_id, got.article_id)
      assert.are.equal(1, got.article_detail.count)
      assert.are.equal(got.article_detail.item[1].article_url,
        wechat:ok("publish.get_article", { article_id = got.article_id }).news_item[1].url)
      assert.are.equal(0, wechat:ok "draft.count".total_count)
      assert.are.equal(1, wechat:ok("publish.batch_get", { offset = 0, count = 20 }).total_count)
    end)

    it("can be deleted, one article or all", function()
      local job = wechat:ok("publish.submit", { media_id = wechat:ok("draft.add", { articles = { article(), article() } }).media_id })
      local id = wechat:pushed(3)[1].PublishEventInfo.article_id
      wechat:ok("publish.delete", { article_id = id, index = 1 })
      local items = wechat:ok("publish.get_article", { article_id = id }).news_item
      assert.are.same({ true, false }, { items[1].is_deleted, items[2].is_deleted })
      assert.are.equal(40114, wechat:errcode("publish.delete", { article_id = id, index = 3 }))
      wechat:ok("publish.delete", { article_id = id })
      assert.are.equal(5, wechat:ok("publish.get", { publish_id = job.publish_id }).publish_status)
      assert.are.equal(53600, wechat:errcode("publish.delete", { article_id = "wxtestarticle" }))
    end)

    it("fail on demand, and stay in the box", function()
      local publish = require "weiyue.sandbox.api.publish"
      publish.refuse_next(wechat.world, APPID, 2, { 1 })
      local job = wechat:ok("publish.submit", { media_id = add() })
      local event = wechat:pushed(3)[1]
      assert.are.equal(2, event.PublishEventInfo.publish_status)
      assert.are.same({ 1 }, { table.unpack(event.PublishEventInfo.fail_idx) })
      assert.are.equal(2, wechat:ok("publish.get", { publish_id = job.publish_id }).publish_status)
      assert.are.equal(1, wechat:ok "draft.count".total_count)
    end)

    it("are refused when there is no such draft, or its cover has gone", function()
      assert.are.equal(40007, wechat:errcode("publish.submit", { media_id = "wxtestdraft" }))
      local id = add()
      wechat:ok("material.del", { media_id = thumb })
      assert.are.equal(53502, wechat:errcode("publish.submit", { media_id = id }))
    end)
  end)

  describe("and comments", function()
    local comment = require "weiyue.sandbox.api.comment"
    local where, openid
    before_each(function()
      where = { msg_data_id = wechat:ok("publish.submit", { media_id = add() }).msg_data_id, index = 0 }
      openid = wechat:user "小明"
    end)

    local function call(name, more)
      local args = { msg_data_id = where.msg_data_id, index = 0 }
      for key, value in pairs(more or {}) do args[key] = value end
      return wechat:call("comment." .. name, args)
    end

    it("are written when they are open", function()
      assert.are.same({ nil, 88000 }, { comment.write(wechat.world, APPID, openid, where, "好") })
      call "open"
      assert.are.equal(1, comment.write(wechat.world, APPID, openid, where, "好"))
      call "close"
      assert.are.same({ nil, 88000 }, { comment.write(wechat.world, APPID, openid, where, "好") })
    end)

    it("are elected, answered once, deleted", function()
      call "open"
      local id = { user_comment_id = comment.write(wechat.world, APPID, openid, where, "好") }
      call("mark_elect", id)
      assert.are.equal(1, call("list", { begin = 0, count = 10, type = 2 }).total)
      assert.are.equal(0, call("list", { begin = 0, count = 10, type = 1 }).total)
      call("unmark_elect", id)
      assert.are.equal(1, call("list", { begin = 0, count = 10, type = 1 }).total)
      assert.are.equal(88009, call("reply_delete", id).errcode)
      local function reply(content)
        return call("reply_add", { user_comment_id = id.user_comment_id, content = content }).errcode
      end
      assert.are.equal(0, reply "谢谢")
      assert.are.equal(88005, reply "再谢")
      assert.are.equal("谢谢", call("list", { begin = 0, count = 10, type = 0 }).comment[1].reply.content)
      call("reply_delete", id)
      assert.are.equal(88007, reply(("长"):rep(601)))
      call("delete", id)
      assert.are.equal(88008, call("delete", id).errcode)
    end)

    it("that the user has taken back answer 88004; unknown messages 88001", function()
      call "open"
      local id = comment.write(wechat.world, APPID, openid, where, "好")
      assert.is_true(comment.take_back(wechat.world, APPID, openid, where, id))
      assert.are.equal(88004, call("mark_elect", { user_comment_id = id }).errcode)
      assert.are.equal(88001, wechat:errcode("comment.open", { msg_data_id = 1, index = 0 }))
      assert.are.equal(40114, wechat:errcode("comment.open", { msg_data_id = where.msg_data_id, index = 7 }))
    end)

    it("are on articles that were sent to all, too, which leave the box of drafts", function()
      local draft = add { need_open_comment = 1 }
      local sent = wechat:ok("message_mass.sendall", { filter = { is_to_all = true }, mpnews = { media_id = draft },
        msgtype = "mpnews", send_ignore_reprint = 0 })
      where = { msg_data_id = sent.msg_data_id, index = 0 }
      assert.are.equal(1, comment.write(wechat.world, APPID, openid, where, "好"))
      assert.are.equal(1, call("list", { begin = 0, count = 10, type = 0 }).total)
      assert.are.equal(40007, wechat:errcode("draft.get", { media_id = draft }))
      assert.is_truthy(wechat.world:received(APPID, openid)[1].articles[1].url:find "^http")
    end)

    it("are at most a hundred elected", function()
      call "open"
      for i = 1, 101 do
        local id = comment.write(wechat.world, APPID, openid, where, "好" .. i)
        assert.are.equal(i <= 100 and 0 or 88003, call("mark_elect", { user_comment_id = id }).errcode)
      end
    end)
  end)
end)
