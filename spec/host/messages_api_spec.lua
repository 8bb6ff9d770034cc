-- What messages and accounts ask of WeChat: msg:user, msg:download, msg.kf, account:followers, wx.file, on a host with
-- a WeChat of its own. What each does with a store is users_spec's and upload_spec's.

local download = require "weiyue.download"
local fakes = require "spec.support.fake_wechat"
local rig = require "spec.support.rig"

local INFO <const>, GET <const> = "/cgi-bin/user/info", "/cgi-bin/media/get"
local UPLOAD <const> = "/cgi-bin/media/upload"

local PLUGIN <const> = [[
  wx.text("user", function(msg)
    local user, err = msg:user()
    return user and ("%s %s %d"):format(user.openid, user.remark, user.subscribe) or err.code .. ""
  end)
  wx.text("fresh", function(msg) return tostring(msg:user { fresh = true }.remark) end)
  wx.subscribe(function(msg) return tostring(msg:user().remark) end)
  wx.message("image", function(msg)
    local media, err = msg:download()
    return media and ("%s %d %s"):format(media.type, media.size, media.data:sub(4, 10)) or tostring(err.code)
  end)
  wx.message("video", function(msg)
    local media, err = msg:download { to = "uploads/" .. msg.media_id .. ".mp4" }
    return media and ("%s %d %s"):format(media.type, media.size, media.path) or tostring(err.code)
  end)
  wx.message("voice", function(msg)
    local media, err = msg:download { to = msg.media_id == "VOICE" and "v.amr" or "bad.amr", max = 100 }
    return media and tostring(media.size) or tostring(err.code)
  end)
  wx.text("download", function(msg) return select(2, msg:download()).code end)
  wx.message("shortvideo", function(msg) -- its MediaId says where to
    local media, err = msg:download { to = msg.media_id }
    return media and media.path or tostring(err)
  end)
  wx.text(wx.prefix "upload ", function(msg)
    local reply, err = msg.account.api.media.upload { type = "thumb", media = msg.content:sub(8) }
    return reply and "fine" or ("%s %s"):format(err.code, err.message)
  end)
  wx.text("misuse", function(msg)
    return (select(2, pcall(function() msg:download { too = "x" } end)))
  end)
  wx.text("followers", function(msg)
    local list, followers = {}, msg.account:followers()
    for openid in followers do list[#list + 1] = openid end
    return table.concat(list, " ") .. " " .. tostring(followers.err and followers.err.code)
  end)
  wx.text("forget", function(msg) return tostring((msg:forget())) end)
  wx.text("kf", function(msg) return tostring(msg.kf) end)
  wx.text("transfer", wx.reply.transfer())
  wx.text("late transfer", function() wx.sleep(6) return wx.reply.transfer() end)
  wx.text("id", function(msg) return tostring((wx.file ".b.jpg":media_id(msg.account, "thumb"))) end)
  wx.text("url", function(msg) return tostring((wx.file ".b.jpg":url(msg.account))) end)
  wx.text("news", wx.reply.news { title = "t", pic_url = wx.file ".b.jpg", url = "/p" })
]]

describe("messages and WeChat's API", function()
  local wechat, app, user

  setup(function() wechat = fakes.start() end)
  teardown(function() wechat:stop() end)
  before_each(function() os.remove(wechat.folder .. "/calls") end)
  after_each(function()
    if app then app:free() end
    app = nil
  end)

  local function host(options)
    options = options or {}
    options.plugin = PLUGIN
    options.account = options.account or wechat:account()
    app = rig.new(options)
    local file = assert(io.open(app.folder .. "/plugins/.b.jpg", "wb"))
    file:write "\xFF\xD8\xFFpicture"
    file:close()
    user = app:user()
  end
  local function asks(text)
    local p = user:says(text)
    app:advance(0)
    return p:content()
  end
  local function sends(kind, media_id)
    local p = user:message(kind, "MediaId", media_id)
    app:advance(0)
    return p:content()
  end
  local function exists(name) return os.execute(("test -e '%s/%s'"):format(app.folder, name)) == true end

  it("msg:user asks once, and anew for who has just followed", function()
    host()
    assert.equal(user.openid .. " 甲 1", asks "user")
    assert.equal(user.openid .. " 甲 1", asks "user")
    assert.equal(1, #wechat:calls(INFO))
    assert.same({ openid = user.openid, lang = "zh_CN" }, wechat:calls(INFO)[1].query)
    assert.equal("甲", asks "fresh")
    assert.equal(2, #wechat:calls(INFO))
    user:event("subscribe", "EventKey", "")
    app:advance(0)
    assert.equal(3, #wechat:calls(INFO))
    app:advance(3601)
    asks "user"
    assert.equal(4, #wechat:calls(INFO))
  end)

  it("msg:user keeps it as long as user_cache says", function()
    host { account = wechat:account() .. ', user_cache = "1m"' }
    asks "user"
    app:advance(59)
    asks "user"
    assert.equal(1, #wechat:calls(INFO))
    app:advance(2)
    asks "user"
    assert.equal(2, #wechat:calls(INFO))
  end)

  it("msg:user gives WeChat's error, and that of an account that may not ask", function()
    host()
    wechat:answers(INFO, { errcode = 40003, errmsg = "invalid openid" })
    assert.equal("40003", asks "user")
    app:free()
    host { account = ('kind = "subscription", secret = "wxtestsecret", api = %q'):format(wechat.url) }
    assert.equal("api.capability", asks "user")
  end)

  it("msg:download gives a picture as bytes", function()
    host()
    assert.equal("image/jpeg 7003 picture", sends("image", "IMAGE"))
  end)

  it("msg:download tells of an error that came with status 200", function()
    host()
    assert.equal("40007", sends("image", "GONE"))
  end)

  it("msg:download refuses more than there is room for", function()
    host()
    assert.equal("http.large", sends("image", "HUGE"))
    assert.equal("http.large", sends("voice", "IMAGE"))
    assert.is_false(exists "bad.amr")
  end)

  it("msg:download saves to a file, and leaves none where it fails", function()
    host()
    assert.equal("11", sends("voice", "VOICE"))
    local file = assert(io.open(app.folder .. "/v.amr"))
    assert.equal("#!AMR\nvoice", file:read "a")
    file:close()
    assert.equal("40007", sends("voice", "GONE"))
    assert.is_false(exists "bad.amr")
  end)

  it("msg:download that fails leaves the file that was there", function()
    host()
    local file = assert(io.open(app.folder .. "/bad.amr", "w"))
    file:write "old"
    file:close()
    assert.equal("40007", sends("voice", "GONE"))
    file = assert(io.open(app.folder .. "/bad.amr"))
    assert.equal("old", file:read "a")
    file:close()
  end)

  it("msg:download leaves nothing where its task is ended while it waits", function()
    local removed
    local one = download.new {
      call = function() return { video_url = "http://x/" } end, send = function() error "ended" end,
      paths = { place = function(_, name) return name end }, files = { remove = function(path) removed = path end },
    }
    assert.is_false((pcall(one.run, one, { type = "video", media_id = "m" }, { to = "a.mp4" })))
    assert.matches("^a%.mp4%.%w+%.part$", removed)
  end)

  it("msg:download follows a video to its address, through the guard", function()
    host { config = 'http = { allow = { "127.0.0.1" } }' }
    local path = app.folder .. "/uploads/"
    assert.equal("video/mp4 512 " .. path .. "VIDEO.mp4", sends("video", "VIDEO"))
    assert.equal("video/mp4 512 " .. path .. "MOVED.mp4", sends("video", "MOVED"))
    app:free()
    host()
    assert.equal("http.denied", sends("video", "VIDEO"))
    assert.is_false(exists "uploads/VIDEO.mp4")
  end)

  it("msg:download writes below the configuration's folder alone, and neither code nor weiyue's own", function()
    host()
    assert(os.execute(("cd '%s' && ln -s /tmp out && mkdir fifo.d && mkfifo fifo"):format(app.folder)))
    for name, why in pairs {
      ["/tmp/x.jpg"] = "leaves its folder", ["../x.jpg"] = "leaves its folder", ["a/../../x.jpg"] = "leaves its folder",
      ["out/x.jpg"] = "leaves its folder", ["plugins/x.lua"] = "code is closed", ["x.LUA"] = "code is closed",
      [".weiyue/admin.key"] = "the state folder is closed", ["fifo"] = "no regular file", ["fifo.d"] = "no regular file",
      ["fifo/x.jpg"] = "Not a directory",
    } do
      assert.matches("^file%.place: msg:download: .*" .. why, sends("shortvideo", name))
    end
    assert.same({}, wechat:calls(GET))
    assert.is_false(exists "a")
  end)

  it("account.api uploads what is below the configuration's folder alone, and neither code nor weiyue's own", function()
    host()
    assert(os.execute(("cd '%s' && cp plugins/.b.jpg a.jpg && mkdir .weiyue && cp a.jpg .weiyue/admin.key"):format(app.folder)))
    assert.equal("fine", asks "upload a.jpg")
    assert.equal(1, #wechat:calls(UPLOAD))
    for name, why in pairs {
      ["plugins/one.lua"] = "code is closed", [".weiyue/admin.key"] = "the state folder is closed",
      ["/etc/passwd"] = "leaves its folder", ["plugins/.b.jpg"] = "hidden files are closed",
    } do
      assert.equal(("http.file %s: %s"):format(name, why), asks("upload " .. name))
    end
    assert.equal(1, #wechat:calls(UPLOAD))
  end)

  it("msg:download has nothing to give of a text, and refuses other options", function()
    host()
    assert.equal("media.none", asks "download")
    assert.matches("one%.lua:%d+: msg:download has no option too$", asks "misuse")
  end)

  it("account:followers goes through the pages", function()
    wechat:order { followers = { "oA", "oB", "oC", "oD", "oE" }, page = 2 }
    host()
    assert.equal("oA oB oC oD oE nil", asks "followers")
    wechat:answers("/cgi-bin/user/get", { errcode = 45009, errmsg = "reach max api daily quota limit" })
    assert.equal(" 45009", asks "followers")
  end)

  it("msg.kf follows transfers and the events of the desk", function()
    host()
    assert.equal("nil", asks "kf")
    assert.equal("transfer_customer_service", asks "transfer")
    assert.equal("queue", asks "kf")
    local other = app:user()
    local p = other:says "kf"
    app:advance(0)
    assert.equal("nil", p:content())
    user:event("kf_create_session", "KfAccount", "test1@test")
    app:advance(0)
    assert.equal("open", asks "kf")
    app:advance(3600)
    assert.equal("open", asks "kf")
    user:event("kf_switch_session", "FromKfAccount", "test1@test")
    app:advance(0)
    assert.equal("open", asks "kf")
    user:event("kf_close_session", "KfAccount", "test1@test")
    app:advance(0)
    assert.equal("nil", asks "kf")
  end)

  it("nothing of this is left of who was forgotten", function()
    host()
    asks "user"
    asks "transfer"
    assert.equal("queue", asks "kf")
    assert.equal("true", asks "forget")
    assert.equal("nil", asks "kf")
    asks "user"
    assert.equal(2, #wechat:calls(INFO))
  end)

  it("msg.kf is not queue where the transfer never left", function()
    host()
    user:says "late transfer"
    app:advance(7)
    assert.equal("nil", asks "kf")
    assert.equal("transfer_customer_service", asks "继续")
    assert.equal("queue", asks "kf")
  end)

  it("wx.file gives ids and addresses to other calls, and stands in articles", function()
    host()
    assert.matches("^MEDIA%d+$", asks "id")
    local url = asks "url"
    assert.matches("^http://mmbiz%.example/%d+$", url)
    local p = user:says "news"
    app:advance(0)
    assert.equal(url, p:answer().reply.Articles.item.PicUrl)
    assert.equal(1, #wechat:calls "/cgi-bin/media/uploadimg")
  end)
end)
