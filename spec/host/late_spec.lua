-- Late replies: each kind of passive reply as customer-service messages, or why there are none.
local codec = require "weiyue.codec"
local json = require "weiyue.json"
local late = require "weiyue.late"

local OPENID <const> = "oTest"

-- The only message that a reply becomes.
local function message(reply, opts)
  local list = assert(late.messages(OPENID, reply, opts))
  assert.equal(1, #list)
  assert.is_string(json.encode(list[1]))
  return list[1], list.cut
end

-- A reply of this kind with every field.
local function filled(kind)
  local reply = { type = kind.name }
  for _, field in ipairs(kind.fields) do reply[field.key] = "1" end
  if kind.name == "news" then reply.articles = { { title = "1" } } end
  if kind.name == "video" then reply.thumb_media_id = "1" end
  return reply
end

describe("weiyue.late", function()
  for _, kind in ipairs(codec.reply_types()) do
    local form = late.forms[kind.name]

    it(("says of %s what becomes of it"):format(kind.name), function()
      assert.is_not_nil(form)
      local list, err = late.messages(OPENID, filled(kind))
      if form then
        for _, field in ipairs(kind.fields) do assert.is_string(form[field.key], field.key) end
        assert.equal(kind.msgtype, list[1].msgtype)
        for _, theirs in pairs(form) do assert.is_not_nil(list[1][kind.name][theirs], theirs) end
      else
        assert.is_nil(list)
        assert.equal("no_late_form", err.code)
        assert.equal(("no_late_form: a %s reply has no form as customer-service message"):format(kind.name), tostring(err))
      end
    end)
  end

  it("has no other kind but raw, which has no form", function()
    local known = { raw = true }
    for _, kind in ipairs(codec.reply_types()) do known[kind.name] = true end
    for name in pairs(late.forms) do assert.is_true(known[name], name) end
    assert.equal("no_late_form", select(2, late.messages(OPENID, { type = "raw", raw = "x" })).code)
  end)

  it("makes of a text what WeChat documents", function()
    local want = { touser = OPENID, msgtype = "text", text = { content = "你好" } }
    assert.same(want, (message "你好"))
    assert.same(want, (message { type = "text", content = "你好" }))
  end)

  it("pages a long text", function()
    local text = ("月"):rep(1500)
    local list = late.messages(OPENID, text)
    assert.equal(3, #list)
    local parts = {}
    for i, one in ipairs(list) do
      assert.is_true(#one.text.content <= 2048)
      parts[i] = one.text.content
    end
    assert.equal(text, table.concat(parts))
  end)

  it("has nothing to say for an empty text", function()
    assert.same({ cut = 0 }, late.messages(OPENID, ""))
  end)

  it("mends what JSON or WeChat would not take, as a passive reply does", function()
    local bad = "a\xffb\1c\n\tö\xe6\x9c"
    assert.equal("a\u{FFFD}b\u{FFFD}c\n\tö\u{FFFD}\u{FFFD}", message(bad).text.content)
    assert.equal("\u{FFFD}", message { type = "news", articles = { { title = "\xff" } } }.news.articles[1].title)
  end)

  it("makes of a picture, a voice, a video and music what WeChat documents", function()
    assert.same({ media_id = "M" }, message { type = "image", media_id = "M" }.image)
    assert.same({ media_id = "M" }, message { type = "voice", media_id = "M" }.voice)
    assert.same({ media_id = "M", thumb_media_id = "P", title = "T", description = "D" },
      message { type = "video", media_id = "M", thumb_media_id = "P", title = "T", description = "D" }.video)
    assert.same({ media_id = "M", thumb_media_id = "P" },
      message { type = "video", media_id = "M", thumb_media_id = "P" }.video)
    assert.same({ title = "T", description = "D", musicurl = "U", hqmusicurl = "H", thumb_media_id = "P" },
      message { type = "music", title = "T", description = "D", url = "U", hq_url = "H", thumb_media_id = "P" }.music)
  end)

  it("has each field that WeChat documents, where the reply may leave it out", function()
    assert.same({ articles = { { title = "T", description = "", url = "", picurl = "" } } },
      message { type = "news", articles = { { title = "T" } } }.news)
    assert.same({ musicurl = "U", hqmusicurl = "U", thumb_media_id = "P" },
      message { type = "music", url = "U", thumb_media_id = "P" }.music)
    assert.same({ musicurl = "H", hqmusicurl = "H", thumb_media_id = "P" },
      message { type = "music", hq_url = "H", thumb_media_id = "P" }.music)
    assert.same({ musicurl = "", hqmusicurl = "", thumb_media_id = "P" },
      message { type = "music", thumb_media_id = "P" }.music)
  end)

  it("has no message for a video without its picture", function()
    local list, err = late.messages(OPENID, { type = "video", media_id = "M", title = "T" })
    assert.is_nil(list)
    assert.equal("no_late_form: a video reply without thumb_media_id has no form as customer-service message", tostring(err))
  end)

  it("keeps one article and counts the others", function()
    local article = { title = "T", description = "D", url = "U", pic_url = "P" }
    local one, cut = message { type = "news", articles = { article } }
    assert.same({ articles = { { title = "T", description = "D", url = "U", picurl = "P" } } }, one.news)
    assert.equal(0, cut)
    one, cut = message { type = "news", articles = { article, { title = "2" }, { title = "3" } } }
    assert.equal(1, #one.news.articles)
    assert.equal(2, cut)
  end)

  it("speaks as a customer-service account when one is named, in every message", function()
    local list = late.messages(OPENID, ("a"):rep(3000), { kf = "lin@gh_test" })
    assert.equal(2, #list)
    for _, one in ipairs(list) do assert.same({ kf_account = "lin@gh_test" }, one.customservice) end
    assert.is_nil(message("a", {}).customservice)
  end)

  it("refuses what a passive reply would be refused for, with the same error", function()
    for _, case in ipairs {
      { 5, "reply.type" }, { {}, "reply.type" }, { { type = "hologram" }, "reply.type" }, { { type = {} }, "reply.type" },
      { { type = "image" }, "reply.field" }, { { type = "text", content = "" }, "reply.field" },
      { { type = "news", articles = {} }, "reply.field" }, { { type = "news", articles = { { url = "U" } } }, "reply.field" },
      { { type = "text", content = {} }, "reply.field" },
    } do
      local list, err = late.messages(OPENID, case[1])
      assert.is_nil(list)
      assert.equal(case[2], err.code)
      assert.equal(case[2] .. ": " .. err.message, tostring(err))
    end
  end)

  it("calls nothing of a reply's metatable", function()
    local meta = { __index = function() error "called" end, __len = function() error "called" end }
    local articles = setmetatable({ setmetatable({ title = "T" }, meta) }, meta)
    assert.equal("T", message(setmetatable({ type = "news", articles = articles }, meta)).news.articles[1].title)
  end)

  it("hints that an answer is being written", function()
    assert.same({ touser = OPENID, command = "Typing" }, late.typing(OPENID))
  end)
end)
