-- wx.file and what uploads it: once for an account and a use, as long as WeChat keeps it. With a store and a WeChat
-- of its own; over sockets it is spec/serve/account_spec's.

local asset = require "weiyue.asset"
local file = require "weiyue.file"
local folders = require "spec.support.folder"
local kvs = require "spec.support.kv"
local raised = require("spec.support.app").raised
local time = require "weiyue.time"
local upload = require "weiyue.upload"
local wx = require "weiyue"

local PNG <const> = "\x89PNG\r\n\x1A\n"
local JPG <const> = "\xFF\xD8\xFF"
local ONE <const>, TWO <const> = { id = "one" }, { id = "two" }
local DAY <const> = 86400

describe("wx.file", function()
  local folder, new
  before_each(function()
    folder = folders.new()
    folder:write { ["shop/a.png"] = PNG .. "a", ["shop/static/b.jpg"] = JPG .. "b", ["outside.png"] = PNG .. "out" }
    new = file.of({ folder = folder.path .. "/shop", loaded = true }, {})
  end)
  after_each(function() folder:remove() end)

  it("names a file of the plugin's own folder and leaves it nowhere", function()
    assert.equal("wx.file static/b.jpg", tostring(new "static/b.jpg"))
    for _, name in ipairs { "/etc/hostname", "../outside.png", "static/../../outside.png", "..", "a/.." } do
      assert.matches("upload_spec%.lua:%d+: wx%.file: .* leaves the plugin's folder", raised(function() new(name) end))
    end
    assert.matches("wx%.file wants a name", raised(function() new {} end))
    assert.matches("wx%.file wants a name", raised(function() new "" end))
  end)

  it("starts where a plugin that is one file stands", function()
    local one = file.of({ path = folder.path .. "/shop.lua", loaded = true }, {})
    assert.equal(folder.path, file.facts(one "shop/a.png").folder)
    local bundled = file.of({ path = "weiyue:rules", loaded = true }, {})
    assert.matches("this plugin has no folder", raised(function() bundled "a.png" end))
  end)

  it("cannot be forged or changed", function()
    local one = new "a.png"
    one.name = "../outside.png"
    assert.equal("a.png", file.facts(one).name)
    assert.is_nil(file.facts(setmetatable({ name = "a.png" }, { __name = "weiyue.file" })))
    assert.matches("cannot change a protected metatable", raised(setmetatable, one, {}))
  end)

  it("stands in replies where WeChat wants a media_id", function()
    local a, b = new "a.png", new "static/b.jpg"
    assert.equal(a, wx.reply.image(a).media_id)
    assert.equal(a, wx.reply.voice { media_id = a }.media_id)
    assert.same({ "t", a, b }, (function(r) return { r.title, r.media_id, r.thumb_media_id } end)(
      wx.reply.video { media_id = a, title = "t", thumb_media_id = b }))
    assert.equal(b, wx.reply.music { thumb_media_id = b }.thumb_media_id)
    assert.equal(a, wx.reply.news { title = "t", pic_url = a }.articles[1].pic_url)
  end)

  it("is asked for where its name alone stands in a reply", function()
    for _, case in ipairs {
      { function() wx.reply.image "static/a.png" end,
        "wx%.reply%.image: \"static/a%.png\" is the name of a file, and no media_id: wx%.file \"static/a%.png\"" },
      { function() wx.reply.video { media_id = "V", thumb_media_id = "b.JPG" } end,
        "wx%.reply%.video: \"b%.JPG\" is the name of a file, and no thumb_media_id" },
      { function() wx.reply.music { thumb_media_id = "a.jpeg" } end, "and no thumb_media_id" },
      { function() wx.reply.voice { media_id = "e.mp3" } end, "and no media_id" },
    } do
      assert.matches("upload_spec%.lua:%d+: .*" .. case[2], raised(case[1]))
    end
    assert.equal("a.png", wx.reply.text("a.png").content)
    assert.equal("Xb-_9", wx.reply.image("Xb-_9").media_id)
  end)

  it("stands nowhere else", function()
    local a = new "a.png"
    assert.matches("wx%.reply%.text: content must be a string", raised(function() wx.reply.text(a) end))
    assert.matches("wx%.reply%.music: title must be a string",
      raised(function() wx.reply.music { thumb_media_id = "T", title = a } end))
    assert.matches("title of article 1 must be a string", raised(function() wx.reply.news { title = a } end))
    assert.matches("url of article 1 must be a string", raised(function() wx.reply.news { title = "t", url = a } end))
  end)

  it("wants to know whose media_id it is to be", function()
    local host = { services = { upload = {} } }
    local one = file.of({ folder = folder.path, loaded = true }, host) "shop/a.png"
    for _, account in ipairs { false, "one", 5, {} } do
      assert.matches("upload_spec%.lua:%d+: wx%.file%(…%):media_id wants an account, such as msg%.account",
        raised(function() one:media_id(account or nil) end))
    end
    assert.matches("url wants an account", raised(function() one:url() end))
  end)

  it("that is not there is noted while the plugin loads", function()
    folder:write { ["p/init.lua"] = 'local wx = require "weiyue"\nwx.text("a", wx.reply.image(wx.file "none.png"))\n'
      .. 'wx.file "there.png"', ["p/there.png"] = PNG }
    local boot = require("spec.support.app").boot {
      text = ('return { plugins = { "%s/p" }, accounts = { { token = "wxtesttoken" } } }'):format(folder.path),
    }
    assert.equal(0, boot.failed_plugins)
    local notes = {}
    for _, p in ipairs(boot.problems) do
      if p.event == "plugin.lint" then notes[#notes + 1] = p.en end
    end
    assert.equal(1, #notes)
    assert.matches("p/init%.lua:2: wx%.file: none%.png: No such file", notes[1])
  end)
end)

describe("weiyue.upload", function()
  local folder, kv, calls, answers, up, slow

  -- What WeChat answers: by name of the call a function of the arguments; else a new id each time.
  local function call(account, name, args)
    wx.sleep(slow)
    local media = args.media
    local f = assert(io.open(media.path, "rb"))
    calls[#calls + 1] = { account = account.id, name = name, type = args.type, filename = media.filename,
      bytes = f:read "a" }
    f:close()
    if answers[name] then return answers[name](args) end
    if name == "media.upload_img" then return { url = "http://mmbiz.example/" .. #calls } end
    return { [args.type == "thumb" and "thumb_media_id" or "media_id"] = "ID" .. #calls, created_at = 1 }
  end

  local function new_upload()
    return upload.new { kv = function() return kv end, call = call, asset = asset,
      breathe = function(seconds) wx.sleep(seconds or 0) end }
  end

  local function facts(name) return { folder = folder.path, name = name, host = {} } end

  before_each(function()
    folder, kv, calls, answers, slow = folders.new(), kvs.new(), {}, {}, 0
    folder:write {
      ["a.png"] = PNG .. "a", ["same.png"] = PNG .. "a", ["b.jpg"] = JPG .. "b", ["c.gif"] = "GIF89a",
      ["d.amr"] = "#!AMR\n", ["e.mp3"] = "ID3\4", ["f.mp4"] = "\0\0\0\32ftypisom", ["text.png"] = "text", ["empty.png"] = "",
    }
    up = new_upload()
  end)
  after_each(function() folder:remove() end)

  it("says what an answer of WeChat's has not", function()
    answers["media.upload"] = function() return { url = "http://mmbiz.example/1" } end
    answers["media.upload_img"] = function() return { media_id = "ID1" } end
    local id, err = up:media_id(ONE, "image", facts "a.png")
    assert.same({ nil, "the answer has no media_id" }, { id, err.message })
    id, err = up:media_id(ONE, "picture", facts "a.png")
    assert.same({ nil, "the answer has no url" }, { id, err.message })
  end)

  it("uploads a file once, as what it is", function()
    assert.equal("ID1", up:media_id(ONE, "image", facts "a.png"))
    assert.equal("ID1", up:media_id(ONE, "image", facts "a.png"))
    assert.same({ { account = "one", name = "media.upload", type = "image", filename = "upload.png", bytes = PNG .. "a" } },
      calls)
  end)

  it("knows files by their contents, accounts apart, and uses apart", function()
    assert.equal("ID1", up:media_id(ONE, "image", facts "a.png"))
    assert.equal("ID1", up:media_id(ONE, "image", facts "same.png"))
    assert.equal("ID2", up:media_id(TWO, "image", facts "a.png"))
    assert.equal("http://mmbiz.example/3", up:media_id(ONE, "picture", facts "a.png"))
    assert.equal("ID4", up:media_id(ONE, "thumb", facts "b.jpg"))
    assert.equal("ID5", up:media_id(ONE, "image", facts "b.jpg"))
    assert.equal("media.upload_img", calls[3].name)
    assert.is_nil(calls[3].type)
  end)

  it("uploads what has changed", function()
    assert.equal("ID1", up:media_id(ONE, "image", facts "a.png"))
    folder:write { ["a.png"] = PNG .. "another" }
    assert.equal("ID2", up:media_id(ONE, "image", facts "a.png"))
    assert.equal(PNG .. "another", calls[2].bytes)
  end)

  it("finds in the store what another worker has uploaded", function()
    assert.equal("ID1", up:media_id(ONE, "image", facts "a.png"))
    assert.equal("ID1", new_upload():media_id(ONE, "image", facts "a.png"))
    assert.equal(1, #calls)
    local list = kv:scan("m/one/", nil, 10)
    assert.matches("^m/one/%x+/image$", list[1].key or list[1][1])
  end)

  it("uploads it anew before WeChat forgets it after three days, but never a picture", function()
    assert.equal("ID1", up:media_id(ONE, "image", facts "a.png"))
    assert.equal("http://mmbiz.example/2", up:media_id(ONE, "picture", facts "a.png"))
    wx.sleep(3 * DAY - 3660)
    assert.equal("ID1", up:media_id(ONE, "image", facts "a.png"))
    wx.sleep(120)
    assert.equal("ID3", up:media_id(ONE, "image", facts "a.png"))
    assert.equal("ID3", new_upload():media_id(ONE, "image", facts "a.png"))
    wx.sleep(300 * DAY)
    assert.equal("http://mmbiz.example/2", new_upload():media_id(ONE, "picture", facts "a.png"))
  end)

  it("uploads once for all who ask at a time, in this worker and in another", function()
    slow = 2
    local other, all = new_upload(), {}
    for i = 1, 20 do
      local mine = i % 2 == 0 and up or other
      all[i] = function() return mine:media_id(ONE, "image", facts "a.png") end
    end
    for _, id in ipairs((wx.all(all))) do assert.equal("ID1", id) end
    assert.equal(1, #calls)
  end)

  it("lets the next one upload when the first is stopped", function()
    slow = 2
    local ids = {}
    wx.race {
      function() ids[1] = up:media_id(ONE, "image", facts "a.png") end,
      function() wx.sleep(1) end,
    }
    local before = time.monotonic()
    assert.equal("ID1", up:media_id(ONE, "image", facts "a.png"))
    assert.is_nil(ids[1])
    assert.is_true(time.monotonic() - before < 3) -- and does not wait for a lock that nobody has
  end)

  it("takes each form that WeChat takes, and no other, by the contents", function()
    local takes = {
      image = "a.png b.jpg c.gif", voice = "d.amr e.mp3", video = "f.mp4", thumb = "b.jpg", picture = "a.png b.jpg",
    }
    for kind, names in pairs(takes) do
      for _, name in ipairs { "a.png", "b.jpg", "c.gif", "d.amr", "e.mp3", "f.mp4", "text.png" } do
        local id, err = up:media_id(ONE, kind, facts(name))
        if names:find(name, 1, true) then
          assert.is_string(id, tostring(err))
        else
          assert.is_nil(id)
          assert.equal("file.type", err.code)
          assert.matches("^file%.type: " .. name:gsub("%p", "%%%0") .. ": as " .. kind .. " WeChat takes ", tostring(err))
        end
      end
    end
  end)

  it("refuses what is too large before it is sent, empty or not there", function()
    local most = { image = 10 << 20, voice = 2 << 20, video = 10 << 20, thumb = 64 << 10, picture = 1 << 20 }
    for kind, bytes in pairs(most) do
      folder:shell(("truncate -s %d large"):format(bytes + 1))
      local id, err = up:media_id(ONE, kind, facts "large")
      assert.is_nil(id)
      assert.equal("file.large", err.code)
      assert.matches(("%d bytes, and WeChat takes %d"):format(bytes + 1, bytes), err.message)
    end
    assert.equal("file.empty", select(2, up:media_id(ONE, "image", facts "empty.png")).code)
    assert.equal("file.missing", select(2, up:media_id(ONE, "image", facts "none.png")).code)
    assert.same({}, calls)
  end)

  it("takes the largest there may be", function()
    folder:shell("(printf '\\377\\330\\377'; head -c 10485757 /dev/zero) > large.jpg")
    assert.equal("ID1", up:media_id(ONE, "image", facts "large.jpg"))
    assert.equal(10 << 20, #calls[1].bytes)
  end)

  it("follows no symbolic link out of the folder", function()
    folder:shell "mkdir in && ln -s ../a.png in/link.png && ln -s inner.png in/ok.png && cp b.jpg in/inner.png"
    local _, err = up:media_id(ONE, "image", { folder = folder.path .. "/in", name = "link.png" })
    assert.equal("file.missing", err.code)
    assert.matches("leaves its folder", err.message)
    assert.equal("ID1", up:media_id(ONE, "image", { folder = folder.path .. "/in", name = "ok.png" }))
  end)

  it("tries a second time when WeChat is busy, and gives up then", function()
    local busy = 1
    answers["media.upload"] = function()
      if busy == 0 then return { media_id = "OK" } end
      busy = busy - 1
      return nil, { code = -1, message = "system busy" }
    end
    assert.equal("OK", up:media_id(ONE, "image", facts "a.png"))
    busy = 2
    local id, err = up:media_id(ONE, "image", facts "b.jpg")
    assert.is_nil(id)
    assert.equal(-1, err.code)
    assert.equal(4, #calls)
    assert.equal("OK", up:media_id(ONE, "image", facts "b.jpg")) -- a failure is not remembered
  end)

  it("tells of an answer that has no id", function()
    answers["media.upload"] = function() return {} end
    local id, err = up:media_id(ONE, "image", facts "a.png")
    assert.is_nil(id)
    assert.equal("api.protocol", err.code)
  end)

  it("works without a store, and with one that fails", function()
    kv.broken = { code = "store.unreachable", message = "gone" }
    assert.equal("ID1", up:media_id(ONE, "image", facts "a.png"))
    assert.equal("ID1", up:media_id(ONE, "image", facts "a.png"))
    kv = nil
    assert.equal("ID2", new_upload():media_id(ONE, "image", facts "a.png"))
  end)

  it("uploads anew what WeChat has forgotten, once for all who notice", function()
    assert.equal("ID1", up:media_id(ONE, "image", facts "a.png"))
    slow = 1
    local again = function() return up:renew(ONE, "ID1") end
    assert.same({ "ID2", "ID2", "ID2" }, (wx.all { again, again, again }))
    assert.equal("ID2", up:media_id(ONE, "image", facts "a.png"))
    assert.equal("ID2", new_upload():media_id(ONE, "image", facts "a.png"))
    assert.is_nil(up:renew(ONE, "of somebody else"))
    assert.equal(2, #calls)
  end)

  it("fills replies, and leaves those without a file, and the reply itself, alone", function()
    local new = file.of({ folder = folder.path, loaded = true }, {})
    local image = wx.reply.image(new "a.png")
    assert.same({ type = "image", media_id = "ID1" }, up:fill(ONE, image))
    assert.is_table(image.media_id)
    local plain = wx.reply.image "M"
    assert.equal(plain, up:fill(ONE, plain))
    assert.same({ type = "music", title = "t", thumb_media_id = "ID2" },
      up:fill(ONE, wx.reply.music { title = "t", thumb_media_id = new "b.jpg" }))
    assert.same({ type = "news", articles = { { title = "1", pic_url = "http://mmbiz.example/3" }, { title = "2", pic_url = "/p" } } },
      up:fill(ONE, wx.reply.news { { title = "1", pic_url = new "a.png" }, { title = "2", pic_url = "/p" } }))
    assert.same({ type = "video", media_id = "ID4", thumb_media_id = "ID2" },
      up:fill(ONE, wx.reply.video { media_id = new "f.mp4", thumb_media_id = new "b.jpg" }))
    local reply, err = up:fill(ONE, wx.reply.news { { title = "1", pic_url = new "c.gif" } })
    assert.is_nil(reply)
    assert.equal("file.type", err.code)
  end)
end)
