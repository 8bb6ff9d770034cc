-- Pages of users who are known: their sessions, and what becomes of their messages meanwhile.

local json = require "weiyue.json"
local push = require "spec.support.push"
local serve = require "spec.support.serve"
local socket = require "socket"

local account <const> = serve.account("demo", "plain")

-- A page knows its user by its query here; what logs him in is another's matter.
local PLUGIN <const> = [==[
local wx = require "weiyue"
wx.route("GET", "/add", function(req)
  req.user = { openid = req.query.openid }
  local session = assert(wx.session(req))
  local n = session.n or 0
  wx.shared:set("in " .. req.query.openid, true)
  wx.sleep(tonumber(req.query.seconds or 0))
  session.n = n + 1
  return { n = session.n }
end)
wx.route("GET", "/stream", function(req)
  req.user = { openid = req.query.openid }
  return wx.response { stream = function(out)
    local session = assert(wx.session(req))
    session.streamed = true
    out:write "begun"
    wx.sleep(tonumber(req.query.seconds))
  end }
end)
wx.text("streamed", function(msg) return tostring(assert(wx.session(msg)).streamed and 1 or 0) end)
wx.text(wx.pattern "^add (%S+)$", function(msg, seconds)
  local session = assert(wx.session(msg))
  local n = session.n or 0
  wx.shared:set("in " .. msg.openid, true)
  wx.sleep(tonumber(seconds))
  session.n = n + 1
  return tostring(session.n)
end)
wx.route("GET", "/in", function(req) return { n = wx.shared:get("in " .. req.query.openid) and 1 or 0 } end)
wx.route("GET", "/breaks", function(req)
  req.user = { openid = req.query.openid }
  assert(wx.session(req)).n = 1000
  error "after it was read"
end)
wx.route("GET", "/snapshot", function(req)
  req.user = { openid = req.query.openid, snapshot = true }
  return { n = assert(wx.session(req)).n or 0 }
end)
]==]

for _, workers in ipairs { 1, 2 } do
  describe(("a page of a known user, of %d workers,"):format(workers), function()
    local server
    setup(function()
      server = serve.start {
        ["weiyue.lua"] = serve.config({ account }, ("workers = %d"):format(workers)), ["plugins/one.lua"] = PLUGIN,
      }
    end)
    teardown(function() server:stop() end)

    local function page(openid, seconds, path)
      local connection = assert(server:open())
      local target = ("/%s?openid=%s&seconds=%s"):format(path or "add", openid, seconds or 0)
      connection:send(serve.request { method = "GET", target = target })
      return connection
    end
    local function value(connection)
      local answer = assert(connection:read())
      connection:close()
      return answer.status == 200 and json.decode(answer.body).n or answer.status
    end
    local function message(openid, seconds)
      local nodes = push.text(type(seconds) == "string" and seconds or "add " .. seconds)
      for _, node in ipairs(nodes) do
        if node.name == "FromUserName" then node.text = openid end
      end
      local r = serve.sign(account, nodes, "xml")
      local connection = assert(server:open())
      connection:send(serve.request { target = r.target, body = r.body })
      return connection
    end
    local function content(connection)
      local answer = serve.decode(account, assert(connection:read()))
      connection:close()
      return tonumber(answer.reply and answer.reply.Content)
    end

    local function has_begun(openid)
      serve.eventually("it has begun", function() return value(page(openid, 0, "in")) == 1 end)
    end

    it("has his session, as his messages do", function()
      assert.equal(1, content(message("oOne", 0)))
      assert.equal(2, value(page "oOne"))
      assert.equal(3, content(message("oOne", 0)))
      assert.equal(1, value(page "oOther"))
    end)

    it("makes his messages wait", function()
      local first = page("oTwo", 0.4)
      has_begun "oTwo"
      local second = message("oTwo", 0)
      assert.same({ 1, 2 }, { value(first), content(second) })
    end)

    it("makes nobody wait while it streams, and keeps what the stream has put into his session", function()
      local stream = page("oStream", 1, "stream")
      serve.eventually("it streams", function() return stream.socket:receive(1) ~= nil end)
      local began = socket.gettime()
      assert.equal(1, content(message("oStream", 0)))
      assert.is_true(socket.gettime() - began < 0.9)
      stream.socket:receive "*a"
      stream:close()
      assert.equal(1, content(message("oStream", "streamed")))
      assert.equal(2, content(message("oStream", 0)))
    end)

    it("waits for his messages", function()
      local first = message("oThree", 0.4)
      has_begun "oThree"
      local second = page "oThree"
      assert.same({ 1, 2 }, { content(first), value(second) })
    end)

    it("loses nothing of what many add", function()
      local pages, messages = {}, {}
      for i = 1, 20 do
        pages[i], messages[i] = page("oFour", 0.005), message("oFour", 0.001)
        if i % 5 == 0 then
          for k = i - 4, i do value(pages[k]) content(messages[k]) end
        end
      end
      assert.equal(41, value(page "oFour"))
    end)

    it("lets him go when it fails, and keeps nothing", function()
      assert.equal(500, value(page("oFive", 0, "breaks")))
      assert.equal(1, content(message("oFive", 0)))
    end)

    it("has no session of a virtual identity", function()
      assert.equal(1, content(message("oSix", 0)))
      assert.equal(0, value(page("oSix", 0, "snapshot")))
    end)
  end)
end
