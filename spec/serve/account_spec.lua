-- Late answers, files and users over sockets, against a WeChat of its own: with several workers, a store that stays, a
-- reload, a stop.

local fakes = require "spec.support.fake_wechat"
local push = require "spec.support.push"
local serve = require "spec.support.serve"

local SEND <const>, UPLOAD <const> = "/cgi-bin/message/custom/send", "/cgi-bin/media/upload"

local PLUGIN <const> = [[
local wx = require "weiyue"
wx.text("slow", function() wx.sleep(0.6) return "done" end)
wx.text("image", wx.reply.image(wx.file "static/a.png"))
wx.text("user", function(msg) return msg:user().remark end)
wx.text("kf", function(msg) return tostring(msg.kf) end)
wx.text("transfer", wx.reply.transfer())
wx.message("image", function(msg)
  local media, err = msg:download { to = "uploads/a/b.jpg" }
  return media and ("%s %d"):format(media.type, media.size) or tostring(err)
end)
wx.text("all", function()
  return table.concat(wx.all {
    function() wx.sleep(0.1) return "a" end, function() wx.sleep(0.05) return "b" end,
  }, " ")
end)
]]

describe("an account with WeChat's API", function()
  local wechat, server, account, users = nil, nil, nil, 0

  local function files(more)
    return {
      ["weiyue.lua"] = serve.config({ account }, 'workers = 3, store = "sqlite:weiyue.db"' .. (more or "")),
      ["plugins/shop/init.lua"] = PLUGIN, ["plugins/shop/static/a.png"] = "\x89PNG\r\n\x1A\npicture",
    }
  end

  setup(function()
    wechat = fakes.start()
    account = serve.account("one", "safe", wechat:account() .. ", deadline = 0.3")
    server = serve.start(files())
  end)
  teardown(function()
    if server then server:stop() end
    wechat:stop()
  end)
  before_each(function() os.remove(wechat.folder .. "/calls") end)

  -- A message of a user whom nobody has seen before, or of this one.
  local function says(text, openid)
    users = users + 1
    openid = openid or "oServe" .. users
    local nodes = type(text) == "table" and text or push.text(text)
    for _, node in ipairs(nodes) do
      if node.name == "FromUserName" then node.text = openid end
    end
    local response = server:push(account, nodes)
    assert.equal(200, response.status)
    return response.reply, openid
  end
  local function eventually_sent(n)
    serve.eventually(n .. " late answers", function() return #wechat:sent() >= n end)
  end

  it("answers late by a customer service message", function()
    local reply, openid = says "slow"
    assert.is_nil(reply)
    eventually_sent(1)
    assert.same({ { touser = openid, msgtype = "text", text = { content = "done" } } }, wechat:sent())
    assert.equal(1, #wechat:calls "/cgi-bin/message/custom/typing")
  end)

  it("uploads a file once, whatever worker is asked, and after a start again", function()
    local ids = {}
    local function ask()
      local media_id = assert(says "image").Image.MediaId
      assert.matches("^MEDIA%d+$", media_id)
      ids[media_id] = true
    end
    for _ = 1, 12 do
      server.connection = nil -- another worker, perhaps
      ask()
    end
    server:halt()
    server = serve.start(files(), { folder = server.folder })
    ask()
    assert.equal(1, #wechat:calls(UPLOAD))
    assert.is_string((next(ids)))
    assert.is_nil(next(ids, (next(ids))))
  end)

  it("knows its users, whom it has asked about, and whether a human has them, after a start again", function()
    local _, openid = says "user"
    says("transfer", openid)
    serve.eventually("the queue", function() return says("kf", openid).Content == "queue" end)
    says(push.message("event", "kf_create_session", "KfAccount", "test1@test"), openid)
    assert.equal("open", says("kf", openid).Content)
    server:halt()
    server = serve.start(files(), { folder = server.folder })
    assert.equal("open", says("kf", openid).Content)
    assert.equal("甲", says("user", openid).Content)
    assert.equal(1, #wechat:calls "/cgi-bin/user/info")
  end)

  it("saves what a user has sent, in folders that were not there; what fails leaves it alone", function()
    local function saved()
      local file = assert(io.open(server.folder .. "/uploads/a/b.jpg", "rb"))
      local text <const> = file:read "a"
      file:close()
      return #text
    end
    assert.equal("image/jpeg 7003", says(push.message("image", nil, "MediaId", "IMAGE")).Content)
    assert.equal(7003, saved())
    assert.matches("40007", says(push.message("image", nil, "MediaId", "GONE")).Content)
    assert.equal(7003, saved())
  end)

  it("runs functions at a time", function() assert.equal("a b", says "all".Content) end)

  it("goes on with a late answer that is on its way behind a reload", function()
    local delivered = server:metrics():sum "weiyue_late_messages_total"
    wechat:answers(SEND, nil, { after = 0.8 })
    says "slow"
    eventually_sent(1)
    local before = #server:logged "reload.done"
    serve.write(server.folder, "plugins/shop/init.lua", PLUGIN .. 'wx.text("new", "new")\n')
    serve.eventually("a reload", function() return #server:logged "reload.done" > before end)
    assert.equal("new", says "new".Content)
    serve.eventually("its end", function() return server:metrics():sum "weiyue_late_messages_total" > delivered end)
    assert.same({}, server:logged "late.failed")
  end)

  it("ends when a late answer that is on its way has arrived", function()
    wechat:answers(SEND, nil, { after = 1 })
    says "slow"
    eventually_sent(1)
    server:signal "TERM"
    local status, log = server:wait(), server:log()
    serve.remove(server.folder)
    server = nil
    assert.equal(0, status)
    assert.is_nil(log:find("event=late.failed", 1, true), log)
    assert.is_nil(log:find("did not end in time", 1, true), log)
  end)
end)
