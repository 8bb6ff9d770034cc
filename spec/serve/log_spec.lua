-- The log of a served host: its form, its file, and that neither a reader that stalls nor a full disk keeps
-- anybody from his answer.

local json = require "weiyue.json"
local push = require "spec.support.push"
local serve = require "spec.support.serve"
local socket = require "socket"

local account <const> = serve.account("bot", "plain")

local PLUGIN <const> = [[
local wx = require "weiyue"
wx.text("hi", function() return "hello" end)
wx.text("log", function(msg) wx.log.info("line of " .. msg.content, { answer = 42 }) return "logged" end)
wx.text("many", function() for i = 1, 400 do wx.log.info(("x"):rep(1000), { i = i }) end return "logged" end)
wx.text("odd", function()
  wx.log.warn("月\n\27[31m\xFF\"\\", { ["a b"] = "\0", event = "fake", level = "fake", ts = "fake" })
  return "logged"
end)
wx.text("bad", function() error "bad" end)
wx.text("trace", function(msg) print "traced" return msg.trace end)
]]

local function exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

local function lines_of(text)
  local lines = {}
  for line in text:gmatch "[^\n]+" do lines[#lines + 1] = line end
  return lines
end

local function config(log, more) return serve.config({ account }, ("log = { %s }%s"):format(log, more or "")) end

describe("the log of a served host", function()
  local server

  local function start(log, options)
    server = serve.start({ ["weiyue.lua"] = config(log), ["plugins/bot.lua"] = PLUGIN }, options)
    return server
  end

  before_each(function() server = nil end)
  after_each(function() if server then server:stop() end end)

  local function eventually_logged(name, text)
    serve.eventually(text, function() return server:log(name):find(text, 1, true) end)
  end

  describe("as JSON", function()
    before_each(function() start 'format = "json"' end)

    it("is one object a line, with ts, level and event, whatever is logged", function()
      for _, word in ipairs { "log", "odd", "bad", "trace" } do server:says(account, word) end
      server:push(account, push.text "hi", "xml", { token = "wrong" })
      server:request { method = "GET", target = "/no\"where\\%0a%ff" }
      server:open():send "\0\1\2 nonsense\r\n\r\n"
      serve.eventually("http.malformed", function() return server:log():find("http.malformed", 1, true) end)
      local lines, events = lines_of(server:log()), {}
      for _, line in ipairs(lines) do
        local t = assert(json.decode(line), line)
        assert.matches("^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ$", t.ts)
        assert.matches("^[diwe][eanr][bfr]%a+$", t.level)
        events[t.event] = t
      end
      assert.equal("warn", events["sig.mismatch"].level)
      assert.equal(403, events["sig.mismatch"].status)
      assert.equal("plugins/bot.lua:9: bad", events["lua.error"].text:match "^[^\n]+")
      assert.is_table(events["http.malformed"])
    end)

    it("keeps its own keys, and escapes what a plugin writes", function()
      server:says(account, "odd")
      local t = json.decode(lines_of(server:log())[1])
      assert.same({ "plugin.log", "warn", "月\n\27[31m\u{FFFD}\"\\", "\u{FFFD}", "fake", "fake", "fake" },
        { t.event, t.level, t.text, t.a_b, t.event_2, t.level_2, t.ts_2 })
    end)

    it("has the trace that the plugin sees", function()
      local trace = server:says(account, "trace")
      assert.equal(trace, json.decode(lines_of(server:log())[1]).trace)
    end)
  end)

  describe("in a file", function()
    it("lies beside the configuration, closed to others, and stderr stays empty", function()
      start 'file = "weiyue.log"'
      server:says(account, "log")
      assert.matches(' event=plugin.log text="line of log" ', server:log "weiyue.log", 1, true)
      assert.equal("", server:log())
      local pipe = assert(io.popen(("ls -l '%s/weiyue.log'"):format(server.folder)))
      assert.matches("^%-rw%-r%-%-%-%-%- ", pipe:read "a")
      pipe:close()
    end)

    it("has what plugins said while they were loaded", function()
      server = serve.start { ["weiyue.lua"] = config 'file = "weiyue.log"', ["plugins/bot.lua"] = 'print "loading"' }
      eventually_logged("weiyue.log", " text=loading ")
      assert.equal("", server:log())
    end)

    it("is appended to", function()
      local folder = serve.folder { ["weiyue.log"] = "before\n" }
      start(('file = %q'):format(folder .. "/weiyue.log"))
      server:says(account, "log")
      eventually_logged("weiyue.lua", "return") -- nothing else to wait for in this folder
      local file = assert(io.open(folder .. "/weiyue.log"))
      serve.eventually("a second line", function()
        file:seek "set"
        return #lines_of(file:read "a") == 2
      end)
      file:seek "set"
      assert.matches("^before\n%S+ info event=plugin.log ", file:read "a")
      file:close()
      serve.remove(folder)
    end)

    it("is opened anew at SIGUSR1, when it was moved", function()
      start 'file = "weiyue.log"'
      local path = server.folder .. "/weiyue.log"
      for i = 1, 3 do
        server:says(account, "log")
        assert.is_true(os.rename(path, path .. "." .. i))
        server:says(account, "log") -- into the moved file, or behind the signal into the new one
        server:signal "USR1"
        serve.eventually("a new file", function() return exists(path) end)
        eventually_logged("weiyue.log", " info event=log.reopened ")
      end
      server:says(account, "log")
      local n = 0
      for _, name in ipairs { "weiyue.log.1", "weiyue.log.2", "weiyue.log.3", "weiyue.log" } do
        for line in server:log(name):gmatch "[^\n]+" do
          if line:find("event=plugin.log", 1, true) then n = n + 1 end
        end
      end
      assert.equal(7, n)
    end)

    it("stays open when it cannot be opened anew, and says so", function()
      server = serve.start { ["weiyue.lua"] = config 'file = "logs/weiyue.log"', ["logs/here"] = "",
        ["plugins/bot.lua"] = PLUGIN }
      assert.is_true(os.rename(server.folder .. "/logs", server.folder .. "/moved"))
      server:signal "USR1"
      eventually_logged("moved/weiyue.log", ' error event=log.reopen_failed file=')
      server:says(account, "log")
      eventually_logged("moved/weiyue.log", "event=plugin.log")
    end)

    it("is a reason not to start where it cannot be opened, and the reason is told", function()
      local folder = serve.folder { ["weiyue.lua"] = config 'file = "nowhere/weiyue.log"',
        ["plugins/bot.lua"] = PLUGIN }
      local r = serve.run(folder, "serve --listen 127.0.0.1:0")
      serve.remove(folder)
      assert.equal(1, r.status)
      assert.matches("cannot write the log nowhere/weiyue.log: No such file", r.err, 1, true)
    end)
  end)

  it("does not mind SIGUSR1 without a file", function()
    start 'level = "info"'
    server:signal "USR1"
    assert.equal("logged", server:says(account, "log"))
    server:signal "USR1"
    assert.equal("hello", server:says(account, "hi"))
    assert.equal(1, #lines_of(server:log()))
  end)

  it("is complete and in order when the host ends at once", function()
    start 'file = "weiyue.log"'
    for _ = 1, 2 do server:says(account, "many") end
    server:signal "TERM"
    server:wait()
    local n = 0
    for line in server:log("weiyue.log"):gmatch "[^\n]+" do
      assert.equal(n % 400 + 1, tonumber(line:match " i=(%d+) "))
      n = n + 1
    end
    assert.equal(800, n)
  end)

  it("is complete when the host aborts", function()
    start 'file = "weiyue.log"'
    for _ = 1, 2 do server:says(account, "many") end
    server:signal "ABRT"
    assert.equal(134, server:wait())
    assert.equal(800, #lines_of(server:log "weiyue.log"))
    serve.remove(server.folder)
    server = nil
  end)

  it("has ten lines a second of what strangers cause, and the number of the others", function()
    start 'level = "warn"'
    for _ = 1, 100 do
      server:push(account, push.text "hi", "xml", { token = "wrong" })
      server:request { method = "GET", target = "/nowhere" }
    end
    for _, event in ipairs { "sig.mismatch", "http.not_found" } do
      local n, suppressed
      serve.eventually("all of " .. event, function()
        n, suppressed = 0, 0
        for line in server:log():gmatch "[^\n]+" do
          if line:find(" event=" .. event .. " ", 1, true) then n = n + 1 end
          suppressed = suppressed + (tonumber(line:match(" event=log.suppressed of=" .. event .. " count=(%d+)$")) or 0)
        end
        return n + suppressed == 100
      end)
      assert.is_true(n % 10 == 0 and n < 100, n)
    end
  end)

  describe("that nobody reads", function()
    -- A FIFO that a reader of ours holds open; what is logged goes there.
    local fifo, reader

    before_each(function()
      server = serve.start({ ["weiyue.lua"] = config 'level = "info"', ["plugins/bot.lua"] = PLUGIN }, { stalled = true })
      fifo = server.folder .. "/.log"
      reader = nil
    end)
    after_each(function() if reader then reader:close() end end)

    it("keeps nobody from his answer; what was lost is counted, the rest is in order", function()
      local longest = 0
      for _ = 1, 8 do -- 3.5 MiB
        local began = socket.gettime()
        assert.equal("logged", server:says(account, "many"))
        assert.equal("hello", server:says(account, "hi"))
        longest = math.max(longest, socket.gettime() - began)
      end
      assert.is_true(longest < 10)
      reader = assert(io.popen(("timeout 60 cat '%s' >'%s/read'"):format(fifo, server.folder))) -- ends with the host
      serve.eventually("what was lost", function()
        return exists(server.folder .. "/read") and server:log("read"):find(" event=log.dropped ", 1, true)
      end)
      server:says(account, "log")
      assert.equal("hello", server:says(account, "hi"))
      server:signal "TERM"
      assert.equal(0, server:wait())
      reader:close()
      reader = nil
      local text = server:log "read"
      local kept, lost, last = 0, 0, 0
      for line in text:gmatch "[^\n]+" do
        local i = tonumber(line:match " i=(%d+) ")
        if i then
          kept = kept + 1
          assert.equal(last % 400 + 1, i)
          last = i
        elseif line:find(" event=log.dropped ", 1, true) then
          local count = tonumber(line:match " count=(%d+)")
          lost = lost + count
          last = (last + count) % 400
        end
      end
      assert.equal(3200, kept + lost)
      assert.is_true(kept > 500 and lost > 500, kept .. " " .. lost)
      assert.matches("line of log", text, 1, true)
    end)

    it("keeps no host from ending", function()
      for _ = 1, 5 do server:says(account, "many") end
      local began = socket.gettime()
      server:signal "TERM"
      assert.equal(0, server:wait())
      assert.is_true(socket.gettime() - began < 8)
    end)
  end)

  describe("on a disk that is full", function()
    local disk

    local function mounted()
      disk = serve.folder {}
      return os.execute(("mount -t tmpfs -o size=64k none '%s' 2>/dev/null"):format(disk)) == true
    end

    after_each(function()
      if disk then
        if server then server:stop() end
        server = nil
        os.execute(("umount -l '%s' 2>/dev/null"):format(disk))
        serve.remove(disk)
        disk = nil
      end
    end)

    it("loses lines, which are counted, and goes on when there is room", function()
      if not mounted() then
        pending "this user may mount no small file system"
        return
      end
      serve.write(disk, "ballast", ("x"):rep(40 * 1024))
      start(("file = %q"):format(disk .. "/weiyue.log"))
      local function text()
        local file = assert(io.open(disk .. "/weiyue.log", "rb"))
        local all = file:read "a"
        file:close()
        return all
      end
      assert.equal("logged", server:says(account, "many"))
      serve.eventually("stderr hears of it", function() return server:log():find("event=log.failed", 1, true) end)
      assert.matches(" error event=log.failed file=%S+ text=\"No space left on device\"\n$", server:log())
      assert.equal("hello", server:says(account, "hi"))
      os.remove(disk .. "/ballast")
      assert.equal("logged", server:says(account, "log"))
      serve.eventually("the line behind", function() return text():find("line of log", 1, true) end)
      local kept, lost = 0, 0
      for line in text():gmatch "[^\n]+" do
        if line:match " i=%d+ .*plugin=bot trace=%x+$" then kept = kept + 1 end
        lost = lost + (tonumber(line:match ' event=log.dropped count=(%d+) text="No space left on device"$') or 0)
      end
      assert.equal(400, kept + lost)
      assert.is_true(lost > 300)
    end)
  end)
end)

-- Each value in full, wherever it might be shown.
describe("secrets and openids", function()
  local TOKEN <const>, KEY <const>, OLD_KEY <const>, SECRET <const> = "wxTESTtokenQ7", ("kQ7zABCDEFGH"):rep(4):sub(1, 43),
    ("oLD9zABCDEFGH"):rep(4):sub(1, 43), "5ecretOfTheAccountQ7"
  local OPENID <const>, APPID <const> = "oQ7xPrivateUser0000000000001", "wxtest0000000009"
  local PLUGINS <const> = [[
local wx = require "weiyue"
wx.text("bad", function() error "bad" end)
wx.text("print", function(msg) print(msg) return "printed" end)
wx.text("number", function() return 42 end)
wx.text("ask", function(msg) msg:ask "name?" return "ok" end)
wx.text("slow", function() wx.sleep(1) return ("late "):rep(1000) end)
wx.text("raise msg", function(msg) error(msg) end)
wx.text(function() return "echo" end)
]]

  local function conf(token, key)
    return ([[return { workers = 1, admin = "127.0.0.1:0", log = { level = "debug" }, deadline = 0.5, hold_budget = 0,
      plugins = { "plugins/*" }, accounts = { { id = "safe", path = "/safe", mode = "safe", token = %q, secret = %q,
      aes_key = { %q, %q }, appid = %q } } }]]):format(token, SECRET, key, OLD_KEY, APPID)
  end

  local function holds_none(text)
    for name, word in pairs { token = TOKEN, key = KEY, old_key = OLD_KEY, secret = SECRET, openid = OPENID } do
      assert.is_nil(text:find(word, 1, true), name)
    end
  end

  it("stand in no line of a host where everything fails, at level debug", function()
    local safe = { path = "/safe", mode = "safe", token = TOKEN, aes_key = KEY, appid = APPID }
    local server = serve.start { ["weiyue.lua"] = conf(TOKEN, KEY), ["plugins/bot.lua"] = PLUGINS }
    local function text(content)
      local nodes = push.text(content)
      nodes[2].text = OPENID
      return nodes
    end
    for _, changes in ipairs { { token = TOKEN .. "x" }, { timestamp = 1 }, { appid = "wxtest0000000008" }, { mode = "plain" },
      { aes_key = ("Z"):rep(42) .. "A" } } do
      assert.not_equal(200, server:request(serve.sign(safe, text "hi", "xml", changes)).status)
    end
    local again = serve.sign(safe, text "hi", "xml")
    server:request(again)
    again.body = again.body:gsub("<Encrypt>", "<Encrypt>x")
    server:request(again)
    again.target = again.target .. "&openid=" .. OPENID
    server:request(again)
    server:request { method = "GET", target = again.target }
    server:request { method = "PUT", target = again.target, headers = "X-Token: " .. TOKEN .. "\r\n" }
    server:request { method = "GET", target = "/nowhere?token=" .. TOKEN .. "&openid=" .. OPENID }
    for _, word in ipairs { "bad", "print", "number", "ask", "me", "slow", "raise msg", "echo" } do
      server:push(safe, text(word), "json")
    end
    local broken = server:open()
    broken:send("POST /safe?openid=" .. OPENID .. " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\n<")
    broken:close()
    serve.eventually("the late answer", function() return server:log():find("way=mailbox", 1, true) end)
    local log = server:log()
    server:stop()
    for _, event in ipairs { "sig.mismatch", "sig.stale", "sig.appid", "sig.mode", "sig.envelope", "query.dup",
      "http.not_found", "http.aborted", "lua.error", "lua.bad_reply", "push", "plugin.log" } do
      assert.is_truthy(log:find(" event=" .. event .. " ", 1, true), event)
    end
    assert.is_truthy(log:find("user=oQ7x***0001", 1, true))
    holds_none(log)
  end)

  it("stand in nothing that is said about a configuration with faults", function()
    for _, bad in ipairs {
      conf(TOKEN .. " no token", KEY), conf(TOKEN, KEY .. "x"), (conf(TOKEN, KEY):gsub("secret =", "sekret =")),
      (conf(TOKEN, KEY):gsub("appid = ", "appid == ")), (conf(TOKEN, KEY):gsub("deadline = 0.5", "deadline = 50")),
    } do
      local folder = serve.folder { ["weiyue.lua"] = bad, ["plugins/bot.lua"] = PLUGINS }
      for _, verb in ipairs { "serve --listen 127.0.0.1:0", "check", "check --json" } do
        local r = serve.run(folder, verb)
        assert.equal(1, r.status)
        holds_none(r.out .. r.err)
      end
      serve.remove(folder)
    end
  end)
end)
