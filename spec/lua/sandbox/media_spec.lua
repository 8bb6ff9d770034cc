-- Temporary media and material of the fake WeChat.

local files = require "weiyue.sandbox.files"
local sandbox = require "spec.support.sandbox_world"

local JPG <const>, PNG <const>, MP4 <const> = "\xFF\xD8\xFFwxtest", "\x89PNGwxtest", "\0\0\0\x18ftypmp42"

local function file(filename, data) return { filename = filename, data = data or "wxtest" } end

local function upload(s, kind, own) return s:call("media.upload", { type = kind, media = own }) end

local function add(s, kind, own, description) return s:call("material.add", { type = kind, media = own, description = description }) end

describe("temporary media", function()
  it("comes back for three days as it went", function()
    local s = sandbox.new()
    local made = assert(upload(s, "image", file("照片.jpg", JPG)))
    assert.equal("image", made.type)
    assert.equal(sandbox.START, made.created_at)
    s:advance(3 * 86400 - 1)
    local got = assert(s:call("media.get", { media_id = made.media_id }))
    assert.same({ JPG, "image/jpeg" }, { got.body, got.type })
    assert.matches("%.jpg$", got.filename)
    s:advance(1)
    assert.equal(40007, s:code("media.get", { media_id = made.media_id }))
  end)

  it("has its own name for a thumb, an address for a video", function()
    local s = sandbox.new()
    local thumb = assert(upload(s, "thumb", file("a.jpg", JPG)))
    assert.is_nil(thumb.media_id)
    assert.equal(JPG, s:call("media.get", { media_id = thumb.thumb_media_id }).body)
    local video = assert(upload(s, "video", file("a.mp4", MP4)))
    local url = s:call("media.get", { media_id = video.media_id }).video_url
    local response = s:send { method = "GET", path = url:match "^http://127%.0%.0%.1:9000(.+)$", query = {} }
    assert.same({ 200, MP4, "video/mp4" }, { response.status, response.body, response.headers["content-type"] })
    assert.equal(404, s:send { method = "GET", path = "/mmbiz/none.jpg", query = {} }.status)
  end)

  it("is refused by its kind, its content and its size", function()
    local over = function(kind) return ("x"):rep(files.TEMPORARY[kind][2] + 1) end
    for _, case in ipairs {
      { "image", file("a.txt"), 40005 }, { "image", file("a.jpg", MP4), 40005 }, { "image", file("a.jpg", PNG), 0 },
      { "voice", file("a.wav"), 40005 }, { "voice", file("a.amr", "#!AMR"), 0 }, { "video", file("a.mov"), 40005 },
      { "thumb", file("a.png", PNG), 40005 }, { "image", file("a.jpg", ""), 44001 },
      { "image", file("a.jpg", over "image"), 40009 }, { "voice", file("a.mp3", over "voice"), 40010 },
      { "video", file("a.mp4", over "video"), 40011 }, { "thumb", file("a.jpg", over "thumb"), 40012 },
      { "thumb", file("a.jpg", over("thumb"):sub(2)), 0 },
    } do
      local ok, err = upload(sandbox.new(), case[1], case[2])
      assert.equal(case[3], ok and 0 or err.code, case[1] .. " " .. case[2].filename)
    end
  end)

  it("needs a part with a file name that all can read", function()
    local s = sandbox.new()
    local wire = s:request("media.upload", { type = "image", media = file("a.jpg", JPG) })
    local function code(pattern, by)
      local other = {}
      for key, value in pairs(wire) do other[key] = value end
      other.body = wire.body:gsub(pattern, by)
      return s:send(other).body:match '"errcode":(%d+)'
    end
    assert.equal("41005", code('; filename="a.jpg"', ""))
    assert.equal("41005", code('name="media"', 'name="picture"'))
    assert.equal("41005", code('filename="a.jpg"', "filename*=utf-8''a.jpg"))
    wire.headers["content-type"] = "application/json"
    assert.equal("41005", s:send(wire).body:match '"errcode":(%d+)')
  end)

  it("is forgotten, the oldest first, when there is much of it", function()
    local s = sandbox.new()
    local first = assert(upload(s, "image", file("a.jpg", JPG))).media_id
    for _ = 1, 200 do upload(s, "image", file("a.jpg", JPG)) end
    assert.equal(40007, s:code("media.get", { media_id = first }))
    local big = ("x"):rep(10 * 1024 * 1024)
    local second = assert(upload(s, "video", file("a.mp4", big))).media_id
    for _ = 1, 3 do upload(s, "video", file("a.mp4", big)) end
    assert.equal(40007, s:code("media.get", { media_id = second }))
  end)
end)

describe("pictures in articles", function()
  it("get an address, and are no material", function()
    local s = sandbox.new()
    local url = assert(s:call("media.upload_img", { media = file("a.png", PNG) })).url
    s:advance(30 * 86400)
    assert.equal(PNG, s:send { method = "GET", path = url:match "^http://127%.0%.0%.1:9000(.+)$", query = {} }.body)
    assert.equal(0, s:call("material.count").image_count)
    local old = s:request("media.upload_img", { media = file("a.png", PNG) })
    old.body = old.body:gsub('name="media"', 'name="buffer"', 1)
    assert.is_truthy(s:send(old).body:find('"url"', 1, true))
    old.body = old.body:gsub('name="buffer"', 'name="picture"', 1)
    assert.is_truthy(s:send(old).body:find("41005", 1, true))
    assert.equal(40005, s:code("media.upload_img", { media = file("a.gif", "GIF89a") }))
    assert.equal(40009, s:code("media.upload_img", { media = file("a.jpg", ("x"):rep(1024 * 1024 + 1)) }))
  end)
end)

describe("material", function()
  it("stays, is counted and listed, newest first, and deleted", function()
    local s = sandbox.new()
    local first = assert(add(s, "image", file("一.jpg", JPG)))
    assert.matches("/mmbiz/", first.url)
    s:advance(400 * 86400)
    local second = assert(add(s, "image", file("二.png", PNG)))
    assert(add(s, "voice", file("a.mp3")))
    assert.equal(JPG, s:call("material.get", { media_id = first.media_id }).body)
    assert.same({ voice_count = 1, video_count = 0, image_count = 2, news_count = 0 }, (s:call("material.count")))
    local page = s:call("material.batch_get", { type = "image", offset = 0, count = 1 })
    assert.same({ 2, 1, second.media_id, "二.png", second.url },
      { page.total_count, page.item_count, page.item[1].media_id, page.item[1].name, page.item[1].url })
    page = s:call("material.batch_get", { type = "image", offset = 1, count = 20 })
    assert.same({ 1, first.media_id }, { page.item_count, page.item[1].media_id })
    assert.is_table(s:call("material.del", { media_id = first.media_id }))
    assert.equal(40007, s:code("material.get", { media_id = first.media_id }))
    assert.equal(40007, s:code("material.del", { media_id = first.media_id }))
    assert.equal(1, s:call("material.count").image_count)
  end)

  it("of a video has a title", function()
    local s = sandbox.new()
    local ok, err = add(s, "video", file("a.mp4", MP4))
    assert.same({ nil, 41011 }, { ok, err.code })
    local id = assert(add(s, "video", file("a.mp4", MP4), { title = "片", introduction = "说明" })).media_id
    local got = s:call("material.get", { media_id = id })
    assert.same({ "片", "说明" }, { got.title, got.description })
    assert.equal(MP4, s:send { method = "GET", path = got.down_url:match "^http://127%.0%.0%.1:9000(.+)$", query = {} }.body)
  end)

  it("of articles is added by drafts now", function()
    local s = sandbox.new()
    local cover = assert(add(s, "thumb", file("a.jpg", JPG))).media_id
    local article = { title = "标题", thumb_media_id = cover, show_cover_pic = 0, content = "内容", content_source_url = "https://x.cn" }
    assert.equal(45103, s:code("material.add_news", { articles = { article } }))
    local news = assert(s:call("media.upload_news", { articles = { { title = "标题", thumb_media_id = cover, content = "内容" } } }))
    assert.equal("news", news.type)
    assert.equal(40007, s:code("media.upload_news", { articles = { { title = "a", thumb_media_id = "NONE", content = "b" } } }))
  end)

  it("is no temporary media, nor the other way round", function()
    local s = sandbox.new()
    local kept = assert(add(s, "image", file("a.jpg", JPG))).media_id
    local passing = assert(upload(s, "image", file("a.jpg", JPG))).media_id
    assert.equal(40007, s:code("media.get", { media_id = kept }))
    assert.equal(40007, s:code("material.get", { media_id = passing }))
    assert.equal(40007, s:code("material.del", { media_id = passing }))
  end)

  it("has an end: the sandbox keeps 64 MiB of it", function()
    local s = sandbox.new()
    local big = ("x"):rep(10 * 1024 * 1024)
    local description = { title = "片", introduction = "说明" }
    local id
    for _ = 1, 6 do id = assert(add(s, "video", file("a.mp4", big), description)).media_id end
    assert.equal(45001, select(2, add(s, "video", file("a.mp4", big), description)).code)
    s:call("material.del", { media_id = id })
    assert.is_table(add(s, "video", file("a.mp4", big), description))
  end)
end)
