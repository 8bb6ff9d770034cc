-- The management interface over sockets: what it serves, to whom, and what its numbers say.
local push = require "spec.support.push"
local serve = require "spec.support.serve"
local socket = require "socket"

local account <const> = serve.account("bot", "safe")
local other <const> = serve.account("other", "plain")

local PLUGIN <const> = [[
local wx = require "weiyue"
wx.text("wait", function()
  wx.shared:incr("waiting", 1)
  while not wx.shared:get "go" do wx.sleep(0.002) end
  wx.shared:incr("waiting", -1)
  return "waited"
end)
wx.text("go", function() wx.shared:set("go", true) return "gone" end)
wx.text("waiting", function() return tostring(wx.shared:get "waiting") end)
wx.text("ask", function(msg) return "hi " .. msg:ask "name?" end)
wx.text("bad", function() error "bad" end)
wx.text("nothing", function() return false end)
wx.text("no reply", function() return { type = "no" } end)
wx.every("1s", function() wx.shared:incr("ticks", 1) end)
wx.every("1s", function() error "late" end, { name = "bad" })
wx.text(function(msg) return "echo: " .. msg.content end)
]]

-- A user's text: two pushes of one user are told apart from those of others.
local function text_from(openid, content)
  local nodes = push.text(content)
  nodes[2].text = openid
  return nodes
end

describe("the management interface", function()
  local server

  local function start(more, options)
    server = serve.start({
      ["weiyue.lua"] = serve.config({ account, other }, more),
      ["plugins/bot.lua"] = PLUGIN,
    }, options)
    return server
  end

  before_each(function() server = nil end)
  after_each(function() if server then server:stop() end end)

  local function get(target, more)
    local r = { target = target }
    for key, value in pairs(more or {}) do r[key] = value end
    return server:admin(r)
  end

  describe("on the loopback address", function()
    before_each(function() start() end)

    it("says at /health that the process lives", function()
      local r = get "/health"
      assert.same({ 200, "ok\n", "text/plain; charset=utf-8", "no-store" },
        { r.status, r.body, r.headers["content-type"], r.headers["cache-control"] })
    end)

    it("says at /ready what serves", function()
      local r = get "/ready"
      assert.same({ 200, "application/json", "no-store" },
        { r.status, r.headers["content-type"], r.headers["cache-control"] })
      assert.equal('{"ready":true,"reason":null,"workers":1,"accounts":2,"failed_plugins":0,"generation":1}\n', r.body)
    end)

    it("gives /metrics in Prometheus' format, every line of it", function()
      assert.equal("echo: hi", server:says(account, "hi")) -- a handler to tell of
      local r = get "/metrics"
      assert.same({ 200, "text/plain; version=0.0.4; charset=utf-8", "no-store" },
        { r.status, r.headers["content-type"], r.headers["cache-control"] })
      local metrics = server:metrics() -- raises at whatever a scraper would not take
      for name, family in pairs(metrics.families) do
        assert.matches("^weiyue_[a-z_]+$", name)
        assert.matches("%.$", family.help)
        local part = family.type == "histogram" and name .. "_count" or name
        assert.is_true(select(2, metrics:sum(part)) > 0, name)
      end
      assert.equal(1, (metrics:sum("weiyue_build_info", 'version="')))
    end)

    it("lists at / what it serves", function()
      local r = get "/"
      assert.equal(200, r.status)
      for _, path in ipairs { "/health", "/ready", "/metrics" } do
        assert.is_truthy(r.body:find(path, 1, true))
      end
    end)

    it("answers HEAD with the head of GET alone", function()
      for _, target in ipairs { "/", "/health", "/ready" } do
        local head, whole = get(target, { method = "HEAD" }), get(target)
        assert.same({ 200, "", whole.headers["content-length"], whole.headers["content-type"] },
          { head.status, head.body, head.headers["content-length"], head.headers["content-type"] })
      end
      local head = get("/metrics", { method = "HEAD" })
      assert.same({ 200, "" }, { head.status, head.body })
      assert.is_true(tonumber(head.headers["content-length"]) > 1000)
    end)

    it("knows nothing else: 404, and 405 with Allow", function()
      for _, target in ipairs { "/metrics/", "/healthz", "/bot", "/METRICS" } do
        assert.equal(404, get(target).status)
      end
      for _, target in ipairs { "/health", "/ready", "/metrics" } do
        local r = get(target, { method = "POST" })
        assert.same({ 405, "GET, HEAD" }, { r.status, r.headers.allow })
      end
    end)

    it("is not reached by a name that somebody else points here: 421", function()
      for _, host in ipairs { "evil.test", "localhost.evil.test", "127.0.0.1.evil.test", "metrics" } do
        assert.equal(421, get("/metrics", { host = host }).status)
        assert.equal(421, get("/health", { host = host .. ":8081" }).status)
      end
      for _, host in ipairs { "localhost", "LocalHost:8081", "127.0.0.1:1", "[::1]:8081", "[::1]" } do
        assert.equal(200, get("/metrics", { host = host }).status)
      end
    end)

    it("takes no body", function()
      assert.equal(413, get("/health", { headers = "Content-Length: 1\r\n" }).status)
    end)

    it("is not on the port of the accounts, nor the accounts on its own", function()
      for _, target in ipairs { "/health", "/ready", "/metrics" } do
        assert.equal(404, server:request({ method = "GET", target = target }).status)
      end
      assert.equal(404, get(serve.echo(account, "1").target).status)
    end)

    it("makes no key that nobody needs", function()
      assert.is_nil(io.open(server.folder .. "/.weiyue/admin.key"))
    end)
  end)

  it("says at /ready that it is stopping, until the last push is answered", function()
    start "workers = 2"
    local slow, idle = server:open(), server:open()
    slow:send(serve.request(serve.sign(account, push.text "wait", "xml")))
    serve.eventually("waiting", function() return server:says(account, "waiting") == "1" end)
    server.connection:close()
    server.connection = nil
    local halfway = server:open_admin()
    halfway:send "GET /ready HTTP/1.1\r\nHo"
    server:signal "TERM"
    assert.is_nil(idle:at_end()) -- that worker is stopping
    local r = get "/ready"
    assert.equal(503, r.status)
    assert.equal('{"ready":false,"reason":"stopping","workers":2,"accounts":2,"failed_plugins":0,"generation":1}\n', r.body)
    assert.same({ 200, 200 }, { get("/health").status, get("/metrics").status })
    halfway:send "st: 127.0.0.1\r\n\r\n"
    assert.equal(503, halfway:read().status)
    halfway:close()
    slow:close()
    assert.equal(0, server:wait())
  end)

  it("gives the metrics of as many accounts as there can be", function()
    local accounts = { account }
    for i = 2, 1000 do accounts[i] = serve.account(("%04d"):format(i):rep(16), "plain") end
    server = serve.start { ["weiyue.lua"] = serve.config(accounts), ["plugins/bot.lua"] = PLUGIN }
    assert.equal("echo: hi", server:says(account, "hi"))
    assert.same({ 1, 1000 }, { server:metrics():sum "weiyue_pushes_total" })
  end)

  it("says at /ready how many plugins are missing", function()
    server = serve.start {
      ["weiyue.lua"] = serve.config({ account }, "workers = 2"), ["plugins/bot.lua"] = PLUGIN, ["plugins/broken.lua"] = "not Lua",
    }
    assert.equal('{"ready":true,"reason":null,"workers":2,"accounts":1,"failed_plugins":1,"generation":1}\n', get("/ready").body)
    serve.write(server.folder, "plugins/broken.lua", "-- mended")
    serve.eventually("the mended plugin", function()
      return get("/ready").body:find('"failed_plugins":0,"generation":2}', 1, true)
    end)
  end)

  describe("on an address that others reach", function()
    before_each(function() start 'admin = "0.0.0.0:0"' end)

    local function key()
      local file = assert(io.open(server.folder .. "/.weiyue/admin.key"))
      local text = file:read "a"
      file:close()
      return text:match "^(%x+)\n$"
    end

    it("gives /metrics only to who has the key of the state folder", function()
      local r = get "/metrics"
      assert.same({ 401, "Bearer", "no-store" },
        { r.status, r.headers["www-authenticate"], r.headers["cache-control"] })
      assert.is_nil(r.body:find("weiyue_", 1, true))
      local secret = key()
      assert.equal(64, #secret)
      for _, wrong in ipairs { "Bearer", "Bearer ", "Bearer " .. secret:sub(1, 63), "Bearer " .. secret .. "0",
        "Bearer " .. secret:gsub("^.", function(c) return c == "0" and "1" or "0" end), "Basic " .. secret, secret } do
        assert.equal(401, get("/metrics", { headers = ("Authorization: %s\r\n"):format(wrong) }).status)
      end
      r = get("/metrics", { headers = ("Authorization: Bearer %s\r\n"):format(secret) })
      assert.equal(200, r.status)
      assert.is_truthy(r.body:find("weiyue_build_info", 1, true))
      assert.is_nil(server:log():find(secret, 1, true))
    end)

    it("says to everybody that it lives and serves, and to who has the key what", function()
      assert.equal(200, get("/health").status)
      assert.same({ 200, '{"ready":true,"reason":null}\n' }, { get("/ready").status, get("/ready").body })
      local r = get("/ready", { headers = "Authorization: Bearer " .. key():reverse() .. "\r\n" })
      assert.equal('{"ready":true,"reason":null}\n', r.body)
      r = get("/ready", { headers = "Authorization: Bearer " .. key() .. "\r\n" })
      assert.equal('{"ready":true,"reason":null,"workers":1,"accounts":2,"failed_plugins":0,"generation":1}\n', r.body)
    end)

    it("keeps the key from other users of the machine", function()
      local pipe = assert(io.popen(("stat -c %%a '%s/.weiyue' '%s/.weiyue/admin.key'"):format(server.folder, server.folder)))
      assert.equal("700\n600\n", pipe:read "a")
      pipe:close()
    end)
  end)

  describe("where there is none", function()
    it("by admin = false: nothing listens, and the line of the start names none", function()
      start "admin = false"
      assert.is_nil(server.line:find("admin", 1, true))
      assert.is_nil(server.admin_port)
      assert.equal("echo: hi", server:says(account, "hi"))
    end)
  end)

  describe("on a port that is taken", function()
    local taken, port

    before_each(function()
      taken = assert(socket.bind("127.0.0.1", 0))
      port = select(2, taken:getsockname())
    end)
    after_each(function() taken:close() end)

    it("stops the start when the configuration asked for it", function()
      local folder = serve.folder { ["weiyue.lua"] = serve.config({ account }, ('admin = "127.0.0.1:%d"'):format(port)) }
      finally(function() serve.remove(folder) end)
      local r = serve.run(folder, "serve --listen 127.0.0.1:0")
      assert.equal(1, r.status)
      assert.equal("", r.out)
      assert.matches(('error event=admin.listen text="cannot listen on 127.0.0.1:%d: address already in use"'):format(port),
        r.err, 1, true)
      assert.matches("not started: ", r.err, 1, true)
    end)

    it("is told, and done without, when it is the default", function()
      local default = socket.bind("127.0.0.1", 8081) -- nil: taken already, which is as good
      finally(function() if default then default:close() end end)
      server = serve.start { ["weiyue.lua"] = ("return { workers = 1, accounts = { %s } }"):format(account.lua) }
      assert.is_nil(server.admin_port)
      local lines = server:logged "admin.listen"
      assert.equal(1, #lines)
      assert.matches("warn event=admin.listen text=\"cannot listen on 127.0.0.1:8081: address already in use", lines[1], 1, true)
      assert.equal(200, server:push(account, push.text "hi").status)
    end)
  end)

  describe("counts", function()
    before_each(function() start() end)

    -- What happens between two looks.
    local function moved(f)
      local before = server:metrics()
      f()
      local after = server:metrics()
      return function(sample) return (after:value(sample) or 0) - (before:value(sample) or 0) end
    end

    it("pushes, and how they were answered, by account", function()
      local change = moved(function()
        for _ = 1, 3 do server:says(account, "hi") end
        server:says(account, "nothing")
        server:says(account, "bad")
        local nodes = push.text "again"
        server:push(account, nodes)
        server:push(account, nodes)
        server:says(other, "hi")
      end)
      assert.equal(7, change 'weiyue_pushes_total{account="bot"}')
      assert.equal(1, change 'weiyue_pushes_total{account="other"}')
      assert.equal(4, change 'weiyue_answers_total{account="bot",way="reply"}')
      assert.equal(1, change 'weiyue_answers_total{account="bot",way="success"}')
      assert.equal(1, change 'weiyue_answers_total{account="bot",way="apology"}')
      assert.equal(1, change 'weiyue_answers_total{account="bot",way="duplicate"}')
      assert.equal(1, change 'weiyue_answers_total{account="other",way="reply"}')
      assert.equal(0, change 'weiyue_pushes_refused_total{account="bot"}')
      for way, count in pairs { reply = 4, success = 1, apology = 1, mailbox = 0 } do
        assert.equal(count, change(('weiyue_push_seconds_count{account="bot",way="%s"}'):format(way)))
      end
      assert.equal(1, change 'weiyue_push_seconds_count{account="other",way="reply"}')
    end)

    it("refused pushes apart", function()
      local change = moved(function()
        assert.equal(403, server:push(account, push.text "hi", "xml", { token = "wrong" }).status)
        assert.equal(403, server:push(account, push.text "hi", "xml", { timestamp = os.time() - 1000 }).status)
      end)
      assert.equal(2, change 'weiyue_pushes_refused_total{account="bot"}')
      assert.equal(0, change 'weiyue_pushes_total{account="bot"}')
      assert.equal(0, change 'weiyue_pushes_refused_total{account="other"}')
    end)

    it("the time of each handler, by plugin and place", function()
      local function handler(line)
        return ('weiyue_handler_seconds_count{plugin="bot",handler="%s"}'):format(line)
      end
      for _ = 1, 3 do server:says(account, "hi") end
      server:says(account, "nothing")
      local places = {}
      for sample, value in pairs(server:metrics().samples) do
        local place = sample:match '^weiyue_handler_seconds_count{plugin="bot",handler="(.*)"}$'
        if place then places[place:match "[^/]*$"] = { place, value } end
      end
      assert.equal(3, places["bot.lua:16"][2])
      assert.equal(1, places["bot.lua:12"][2])
      local change = moved(function() server:says(other, "hi") end)
      assert.equal(1, change(handler(places["bot.lua:16"][1])))
      assert.equal(0, change(handler(places["bot.lua:12"][1])))
    end)

    it("the time of handlers that fail, too, and their errors", function()
      server:says(account, "hi")
      for _ = 1, 2 do server:says(account, "bad") end
      server:says(account, "no reply")
      local metrics, found = server:metrics(), {}
      for sample, value in pairs(metrics.samples) do
        local name, line = sample:match '^weiyue_handler_(%a+_%a+){plugin="bot",handler=".*bot%.lua:(%d+)"}$'
        if name == "errors_total" or name == "seconds_count" then found[name .. " " .. line] = value end
      end
      assert.same({
        ["seconds_count 16"] = 1, ["errors_total 16"] = 0, ["seconds_count 11"] = 2, ["errors_total 11"] = 2,
        ["seconds_count 13"] = 1, ["errors_total 13"] = 1,
      }, found)
    end)

    it("what there is now: connections, tasks, users, questions", function()
      local function now()
        local metrics, values = server:metrics(), {}
        for i, name in ipairs { "weiyue_connections", "weiyue_tasks", "weiyue_claims", "weiyue_parked", "weiyue_queued" } do
          values[i] = metrics:sum(name)
        end
        return values
      end
      assert.equal("echo: hi", server:says(account, "hi")) -- one connection from here on
      assert.same({ 1, 0, 0, 0, 0 }, now())
      local one, two = server:open(), server:open()
      one:send(serve.request(serve.sign(account, text_from("oOne", "wait"), "xml")))
      serve.eventually("waiting", function() return server:says(account, "waiting") == "1" end)
      two:send(serve.request(serve.sign(account, text_from("oOne", "behind"), "xml")))
      serve.eventually("queued", function() return now()[5] == 1 end)
      assert.same({ 3, 1, 1, 0, 1 }, now())
      assert.equal("gone", server:says(account, "go"))
      for _, connection in ipairs { one, two } do
        assert(connection:read())
        connection:close()
      end
      serve.eventually("closed", function() return now()[1] == 1 end)
      assert.same({ 1, 0, 0, 0, 0 }, now())
      assert.equal("name?", server:push(account, text_from("oTwo", "ask")).reply.Content)
      assert.same({ 1, 1, 1, 1, 0 }, now())
      assert.equal("hi bob", server:push(account, text_from("oTwo", "bob")).reply.Content)
      assert.same({ 1, 0, 0, 0, 0 }, now())
    end)

    it("firings of timers, and those that raised", function()
      local function count(name) return server:metrics():value(name .. '{worker="0"}') end
      serve.eventually("firings", function()
        return count "weiyue_timer_errors_total" >= 1 and count "weiyue_timer_runs_total" >= 2
      end)
      assert.is_true(count "weiyue_timer_runs_total" > count "weiyue_timer_errors_total")
      assert.equal(0, count "weiyue_timer_late_total")
      assert.equal(#server:logged "lua.error", count "weiyue_timer_errors_total")
    end)
  end)
end)
