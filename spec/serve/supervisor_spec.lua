-- The supervisor: what a crash costs, what a stuck worker costs, and the program replaced under traffic.
local push = require "spec.support.push"
local serve = require "spec.support.serve"
local socket = require "socket"

local account <const> = serve.account("bot", "safe")

local PLUGIN <const> = [[
local wx = require "weiyue"
local crypto = require "weiyue.crypto"
wx.text(wx.pattern "^sleep (%S+) (%S+)$", function(_, seconds, name)
  wx.log.info("ran", { name = name })
  wx.sleep(tonumber(seconds))
  return "slept " .. name
end)
wx.text(wx.pattern "^count (%S+)$", function(_, name)
  wx.log.info("ran", { name = name })
  return "counted " .. name
end)
wx.text(wx.pattern "^in C (.+)$", function(_, what) return crypto.sha1(what) end)
wx.text("again?", function(msg) return msg.redelivered and "perhaps again" or "first" end)
wx.text("ask", function(msg) return "hi " .. msg:ask "name?" end)
wx.text(function(msg) return "echo: " .. msg.content end)
]]

local users = 0

-- A text of a user of its own, or of this one.
local function text(content, openid)
  users = users + 1
  local nodes = push.text(content)
  for _, node in ipairs(nodes) do
    if node.name == "FromUserName" then node.text = openid or ("oSuper%08d"):format(users) end
  end
  return nodes
end

local function request(nodes) return serve.request(serve.sign(account, nodes, "xml")) end

-- What a push is answered; nil, err: its connection was closed.
local function content(connection)
  local response, err = connection:read()
  if not response then return nil, err end
  response = serve.decode(account, response)
  assert(response.status == 200, response.status)
  return response.reply and response.reply.Content or response.body
end

describe("the supervisor", function()
  local server, opened, stuck

  local function files(more)
    return { ["weiyue.lua"] = serve.config({ account }, more), ["plugins/bot.lua"] = PLUGIN }
  end

  local function start(more, options) server = serve.start(files(more), options) end

  -- With a libcrypto that hangs when it is told to. Sanitizers want to be first in line.
  local function start_with_stuck_library()
    start(nil, { environment = ("LD_PRELOAD=%s ASAN_OPTIONS=%s:verify_asan_link_order=0"):format(
      stuck, os.getenv "ASAN_OPTIONS" or "") })
  end

  setup(function()
    stuck = (os.getenv "WEIYUE" or "build/weiyue"):gsub("[^/]*$", "") .. "spec/stuck.so"
    if stuck:sub(1, 1) ~= "/" then
      local pwd = io.popen "pwd"
      stuck = pwd:read "l" .. "/" .. stuck
      pwd:close()
    end
  end)
  before_each(function() server, opened = nil, {} end)
  after_each(function()
    for _, connection in ipairs(opened) do connection:close() end
    if server then server:stop() end
  end)

  local function open()
    local connection = assert(server:open())
    opened[#opened + 1] = connection
    return connection
  end

  local function send(nodes)
    local connection = open()
    connection:send(request(nodes))
    return connection
  end

  local function says(what, openid) return content(send(text(what, openid))) end

  local function runs(name)
    local n = 0
    for _, line in ipairs(server:logged "plugin.log") do
      if line:match " name=(%S+)" == name then n = n + 1 end
    end
    return n
  end

  local function until_runs(name) serve.eventually(name, function() return runs(name) == 1 end) end

  describe("when the process that serves is killed", function()
    before_each(function() start "workers = 2" end)

    it("starts another, and what was in flight is answered on its retry", function()
      local nodes = text "sleep 0.5 twice"
      local first = send(nodes)
      until_runs "twice"
      server:kill_child()
      assert.is_nil((content(first)))
      assert.equal("slept twice", content(send(nodes)))
      assert.equal(2, runs "twice")
    end)

    it("tells the handler that the other one may have handled its push", function()
      local nodes = text "again?"
      assert.equal("first", content(send(nodes)))
      server:kill_child()
      assert.equal("perhaps again", content(send(nodes)))
    end)

    it("runs a wx.at that was missed meanwhile", function()
      for _ = 1, 4 do server:kill_child() end -- the next one is started after 0.8 s
      local due = os.time() + 3
      serve.write(server.folder, "plugins/bot.lua",
        ("%s\nwx.at(%q, function() wx.log.info('ran', { name = 'at' }) end)"):format(PLUGIN, os.date("%H:%M:%S", due)))
      serve.eventually("it is loaded", function() return #server:logged "reload.done" == 1 end)
      local child = server:children()[1]
      serve.eventually("it is nearly due", function() return socket.gettime() > due - 0.4 end)
      assert(os.execute("kill -KILL " .. child))
      serve.eventually("it ran", function() return runs "at" == 1 end)
    end)

    it("keeps the port open: who connects meanwhile is answered by the next one", function()
      for _ = 1, 4 do server:kill_child() end -- the next one is started after 0.8 s
      local ready = #server:logged "child.ready"
      assert(os.execute("kill -KILL " .. server:children()[1]))
      serve.eventually("it has gone", function() return #server:logged "child.exit" == 5 end)
      local connections = {}
      for i = 1, 16 do connections[i] = send(text("hi " .. i)) end
      assert.equal(ready, #server:logged "child.ready")
      for i = 1, 16 do assert.equal("echo: hi " .. i, content(connections[i])) end
    end)

    it("says in the log how it ended, and when the next one serves", function()
      local child = server:children()[1]
      server:kill_child()
      local exit = server:logged "child.exit"
      assert.equal(1, #exit)
      assert.matches((" child=1 pid=%d signal=9 "):format(child), exit[1], 1, true)
      assert.matches(" child=2 pid=%d+ fallback=0", server:logged "child.start"[1])
    end)

    it("does not take that for a crash of the push in flight", function()
      local nodes = text "sleep 0.2 killed"
      for i = 1, 3 do
        send(nodes)
        serve.eventually("it runs", function() return runs "killed" == i end)
        server:kill_child()
      end
      assert.equal("slept killed", content(send(nodes)))
    end)
  end)

  it("ends with its child, gracefully, when it is told to", function()
    start()
    local connection = send(text "sleep 0.3 last")
    until_runs "last"
    server:signal "TERM"
    assert.equal("slept last", content(connection))
    assert.equal(0, server:wait())
    assert.same({}, server:logged "child.exit")
  end)

  it("is missed by its child, which then ends by itself", function()
    start()
    local child = server:children()[1]
    server:signal "KILL"
    server:wait()
    serve.eventually("the child has ended", function() return not os.execute(("kill -0 %d 2>/dev/null"):format(child)) end)
  end)

  it("is not there with --no-supervisor", function()
    start(nil, { arguments = "--no-supervisor" })
    assert.equal("echo: hi", says "hi")
    assert.same({}, server:children())
  end)

  -- Preloading is Linux' way.
  local on_linux = io.open "/proc/self/stat" and it or pending

  on_linux("replaces a process that is stuck in C, and what was in flight is answered on its retry", function()
    start_with_stuck_library()
    local other = text "sleep 1 other"
    local lost = send(other)
    until_runs "other"
    send(text "in C stuck forever")
    serve.eventually("it is interrupted", function() return #server:logged "child.stuck" == 1 end)
    assert.matches(" worker=0 ms=%d+ key=%x+ action=interrupt$", server:logged "child.stuck"[1])
    serve.eventually("another child", function() return #server:logged "child.ready" == 1 end)
    assert.matches(" action=abort$", server:logged "child.stuck"[2])
    assert.matches("stuck%.so", server:log()) -- where it stood
    local function at(line)
      local h, m, s = line:match "T(%d+):(%d+):([%d.]+)Z"
      return h * 3600 + m * 60 + s
    end
    local took = (at(server:logged "child.ready"[1]) - at(server:logged "child.stuck"[2])) % 86400
    assert.is_true(took < 5, took) -- a busy machine, a slow build: spec/bench/crash has the figure
    assert.is_nil((content(lost)))
    assert.equal("slept other", content(send(other)))
  end)

  on_linux("does not give a push to a third process that has ended two", function()
    start_with_stuck_library()
    local poison = text "in C abort"
    for i = 1, 2 do
      assert.is_nil((content(send(poison))))
      serve.eventually("another child", function() return #server:logged "child.ready" == i end)
    end
    assert.equal("success", content(send(poison)))
    assert.equal(2, #server:logged "child.exit")
    local line = server:logged "push.quarantined"[1]
    assert.matches(" account=bot key=%x+$", line)
    assert.equal("echo: hi", says "hi")
  end)

  on_linux("falls back after three crashes in the minute of a start", function()
    start_with_stuck_library()
    for i = 1, 3 do
      assert.is_nil((content(send(text "in C abort"))))
      serve.eventually("another child", function() return #server:logged "child.ready" == i end)
    end
    assert.matches(" fallback=0$", server:logged "child.start"[2])
    assert.matches(" fallback=1$", server:logged "child.start"[3])
    local pipe <close> = io.popen(("tr '\\0' '\\n' </proc/%d/environ"):format(server:children()[1]))
    assert.matches("\nWEIYUE_FALLBACK=1\n", "\n" .. pipe:read "a" .. "\n")
  end)

  describe("on SIGUSR2", function()
    before_each(function() start "workers = 2" end)

    it("puts a new process in the place of the one that serves", function()
      local before = server:children()[1]
      server:upgrade()
      serve.eventually("the old one has ended", function() return #server:children() == 1 end)
      assert.not_equal(before, server:children()[1])
      assert.equal("echo: hi", says "hi")
    end)

    it("knows a push that was answered before, and does not run it again", function()
      local nodes = text "count once"
      assert.equal("counted once", content(send(nodes)))
      server:upgrade()
      assert.equal("counted once", content(send(nodes)))
      assert.equal(1, runs "once")
    end)

    it("refuses a nonce of before with another push", function()
      local nodes = text "first"
      local signed = { timestamp = os.time(), nonce = "424242" }
      local connection = open()
      connection:send(serve.request(serve.sign(account, nodes, "xml", signed)))
      assert.equal("echo: first", content(connection))
      server:upgrade()
      connection = open()
      connection:send(serve.request(serve.sign(account, text "second", "xml", signed)))
      assert.equal(403, connection:read().status)
    end)

    it("answers what is in flight, and its retry with the same, from one run", function()
      local nodes = text "sleep 2 long"
      local first = send(nodes)
      until_runs "long"
      server:upgrade()
      local retry = send(nodes)
      assert.equal(2, #server:children())
      assert.equal("slept long", content(first))
      assert.equal("slept long", content(retry))
      assert.equal(1, runs "long")
    end)

    it("keeps a user's messages in order", function()
      local first = send(text("sleep 1.5 a", "oOrder"))
      until_runs "a"
      server:upgrade()
      local later = {}
      for i = 1, 8 do
        later[i] = send(text(("sleep 0.0%d b%d"):format(9 - i, i), "oOrder"))
        -- it has been received, and handed to the worker that waits for this user
        serve.eventually("a hop", function() return (server:metrics():sum "weiyue_hops_total") == i end)
      end
      assert.equal(0, runs "b1")
      assert.equal("slept a", content(first))
      for i = 1, 8 do assert.equal("slept b" .. i, content(later[i])) end
      local order = {}
      for _, line in ipairs(server:logged "plugin.log") do order[#order + 1] = line:match " name=(%S+)" end
      assert.same({ "a", "b1", "b2", "b3", "b4", "b5", "b6", "b7", "b8" }, order)
    end)

    it("is silent within the budget to who waits for the process before, and answers beyond it", function()
      server:stop()
      start "workers = 2, deadline = 1, hold_budget = 1"
      local slow = text("sleep 5 a", "oLong")
      local first = send(slow)
      until_runs "a"
      server:upgrade()
      local retry = send(slow)
      serve.eventually("silence", function() return (server:metrics():sum "weiyue_hold_used") == 1 end)
      local again = send(slow)
      local next = send(text("hello", "oLong"))
      assert.equal("稍后再试", content(again))
      assert.equal("正在处理，回复“继续”查看", content(next))
      assert.equal("slept a", content(first))
      assert.equal("slept a", content(retry))
      serve.eventually("its turn", function() return says("继续", "oLong") == "echo: hello" end)
      assert.equal(1, runs "a")
    end)

    it("ends in time when it is stopped while users wait for the process before", function()
      server:stop()
      start "workers = 2, deadline = 1, limits = { wall = 30 }"
      local first = send(text("sleep 25 a", "oLong"))
      until_runs "a"
      server:upgrade()
      local next = send(text("hello", "oLong"))
      serve.eventually("a hop", function() return (server:metrics():sum "weiyue_hops_total") == 1 end)
      local before = socket.gettime()
      server:signal "TERM"
      assert.equal("稍后再试", content(next))
      server:wait()
      assert.is_true(socket.gettime() - before < 14)
      first:close()
    end)

    it("takes idle connections over: nobody is sent away", function()
      local connections = {}
      for i = 1, 32 do
        connections[i] = send(text("hi " .. i))
        assert.equal("echo: hi " .. i, content(connections[i]))
      end
      for _, workers in ipairs { 4, 2, 1 } do
        serve.write(server.folder, "weiyue.lua", serve.config({ account }, ("workers = %d"):format(workers)))
        server:upgrade()
        serve.eventually("the old one has ended", function() return #server:children() == 1 end)
        for i = 1, 32 do
          connections[i]:send(request(text(workers .. " again " .. i)))
          assert.equal(("echo: %d again %d"):format(workers, i), content(connections[i]))
        end
        for i = 1, 32 do assert.equal("echo: new " .. i, says("new " .. i)) end
      end
    end)

    it("ends an open question, whose user is heard by the new one at once", function()
      assert.equal("name?", says("ask", "oAsks"))
      server:upgrade()
      assert.equal("echo: Ann", says("Ann", "oAsks"))
    end)

    it("comes after an upgrade that is under way", function()
      local slow = send(text "sleep 1 slow")
      until_runs "slow"
      server:upgrade()
      server:signal "USR2"
      assert.equal("slept slow", content(slow))
      serve.eventually("both are done", function() return #server:logged "upgrade.done" == 2 end)
      assert.matches(" child=3 ", server:logged "upgrade.done"[2])
      assert.equal("echo: hi", says "hi")
    end)

    it("goes on as before when the new one does not come up", function()
      local kept = send(text "hi")
      assert.equal("echo: hi", content(kept))
      local child = server:children()[1]
      serve.write(server.folder, "weiyue.lua", "return { accounts = 1 }")
      os.execute(("rm -rf '%s/.weiyue'"):format(server.folder)) -- else it would begin with what served last
      server:upgrade "upgrade.failed"
      assert.matches(" child=2 status=1 ", server:logged "upgrade.failed"[1])
      assert.same({ child }, server:children())
      kept:send(request(text "again"))
      assert.equal("echo: again", content(kept))
      assert.equal("echo: new", says "new")
      serve.write(server.folder, "weiyue.lua", serve.config({ account }))
      server:upgrade()
      assert.equal("echo: newer", says "newer")
    end)

    -- A child that comes up takes as long: time for what is to happen meanwhile.
    local SLOW <const> = [[
local time = require "weiyue.time"
local ends = time.monotonic() + 0.8
repeat until time.monotonic() > ends
]]

    local function begin_slow_upgrade()
      serve.write(server.folder, "plugins/slow.lua", SLOW)
      serve.eventually("loaded", function() return #server:logged "reload.done" > 0 end)
      server:signal "USR2"
      serve.eventually("begun", function() return #server:logged "upgrade.start" == 1 end)
    end

    it("needs no third process when the old one crashes while the new one loads", function()
      begin_slow_upgrade()
      assert(os.execute("kill -KILL " .. server:children()[1]))
      serve.eventually("crashed", function() return #server:logged "child.exit" == 1 end)
      local waits = send(text "hi")
      serve.eventually("done", function() return #server:logged "upgrade.done" == 1 end)
      assert.equal("echo: hi", content(waits))
      assert.matches(" child=2 ", server:logged "upgrade.done"[1])
      assert.matches("ended without a word", server:logged "upgrade.inbox"[1])
      assert.same({}, server:logged "child.start")
      assert.equal(1, #server:children())
      server:upgrade()
      assert.equal("echo: again", says "again")
    end)

    it("lets nobody change meanwhile what the new one has read already", function()
      begin_slow_upgrade()
      for _, verb in ipairs { "rollback", "promote", "reload" } do
        local result = serve.run(server.folder, verb)
        assert.equal(1, result.status)
        assert.matches("an upgrade is under way", result.err)
      end
      assert.same({}, server:logged "upgrade.done")
      serve.eventually("done", function() return #server:logged "upgrade.done" == 1 end)
      serve.eventually("changes again", function() return serve.run(server.folder, "rollback").status == 0 end)
      server:upgrade()
      serve.eventually("the rollback stays", function() return #server:logged "reload.last_good" == 1 end)
      assert.equal("echo: hi", says "hi")
    end)

    it("takes back what it gave away when the new one ends before it accepts", function()
      local kept = send(text "hi")
      assert.equal("echo: hi", content(kept))
      local nodes = text "count before"
      assert.equal("counted before", content(send(nodes)))
      -- somebody else has the port of the management interface that the new one is told to open
      local other = assert(require("socket").bind("127.0.0.1", 0))
      local _, port = other:getsockname()
      serve.write(server.folder, "weiyue.lua", serve.config({ account }, ('admin = "127.0.0.1:%d"'):format(port)))
      server:upgrade "upgrade.failed"
      other:close()
      serve.eventually("it goes on", function() return #server:logged "upgrade.back" == 1 end)
      kept:send(request(text "again"))
      assert.equal("echo: again", content(kept))
      for i = 1, 16 do assert.equal("echo: new " .. i, says("new " .. i)) end
      assert.equal("counted before", content(send(nodes)))
      assert.equal(1, runs "before")
      assert.equal("", serve.run(server.folder, "reload").err) -- it may be changed again, too
    end)
  end)

  describe("started by somebody who", function()
    local helper

    -- python3: sockets that a process inherits, and datagrams on a path.
    local function run(script)
      local folder = serve.folder(files())
      serve.write(folder, "run.py", script)
      helper = folder
      local command = ("cd '%s' && timeout 60 python3 run.py '%s' 2>&1"):format(folder, os.getenv "WEIYUE" or "build/weiyue")
      local pipe <close> = io.popen(command)
      return pipe:read "a"
    end
    after_each(function() if helper then serve.remove(helper) end end)

    for _, how in ipairs { "", "--no-supervisor" } do
      it("listens already, it serves what is given " .. (how == "" and "with its child" or "alone"), function()
        local out = run(([[
import os, signal, socket, subprocess, sys, urllib.request
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(10)
port = s.getsockname()[1]
def pass_it():
    os.dup2(s.fileno(), 3)
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
p = subprocess.Popen([os.path.realpath(sys.argv[1]), "serve", *"%s".split()], preexec_fn=pass_it, pass_fds=[3],
                     stdout=subprocess.PIPE)
print(p.stdout.readline())
try:
    urllib.request.urlopen("http://127.0.0.1:%%d/nothing" %% port)
except urllib.error.HTTPError as e:
    print("status", e.code, port)
p.send_signal(signal.SIGTERM)
print("exit", p.wait())
]]):format(how))
        local port = out:match "status 404 (%d+)"
        assert.is_truthy(port, out)
        assert.matches("http://127.0.0.1:" .. port .. " ", out, 1, true)
        assert.matches("exit 0", out, 1, true)
      end)
    end

    it("wants to be notified, it says how it stands", function()
      local out = run [[
import os, signal, socket, subprocess, sys, time
n = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
n.bind("notify")
n.settimeout(30)
environment = {**os.environ, "NOTIFY_SOCKET": os.path.realpath("notify"), "WATCHDOG_USEC": "400000"}
p = subprocess.Popen([os.path.realpath(sys.argv[1]), "serve", "--listen", "127.0.0.1:0"], env=environment)
def until(want):
    while True:
        state = n.recv(1000).decode()
        print(repr(state))
        if want in state:
            return state
assert "MAINPID=%d" % p.pid in until("READY=1")
until("WATCHDOG=1")
p.send_signal(signal.SIGHUP)
assert "MONOTONIC_USEC=" in until("RELOADING=1")
until("READY=1")
p.send_signal(signal.SIGUSR2)
until("STATUS=upgraded")
p.send_signal(signal.SIGTERM)
until("STOPPING=1")
print("exit", p.wait())
]]
      assert.matches("exit 0", out, 1, true)
      assert.not_matches("Error", out)
    end)

    it("puts another program in its place, that is the one which takes over", function()
      local out = run [[
import os, signal, subprocess, sys, time
real = os.path.realpath(sys.argv[1])
os.symlink(real, "program")
log = open("log", "wb")
p = subprocess.Popen(["./program", "serve", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=log)
p.stdout.readline()
with open("other", "w") as f:
    f.write('#!/bin/sh\necho "another program" >&2\nexec %s "$@"\n' % real)
os.chmod("other", 0o755)
os.rename("other", "program")
p.send_signal(signal.SIGUSR2)
end = time.monotonic() + 30
while b"upgrade.done" not in open("log", "rb").read() and time.monotonic() < end:
    time.sleep(0.02)
p.send_signal(signal.SIGTERM)
print("exit", p.wait(), open("log").read())
]]
      assert.matches("exit 0 .*another program\n.*event=upgrade%.done", out)
    end)

    it("does not read its log, it serves all the same", function()
      local out = run(([[
import fcntl, os, signal, subprocess, sys
with open("plugins/bot.lua", "w") as f:
    f.write('local wx = require "weiyue"\nwx.text(function() for i = 1, 100 do wx.log.info(("x"):rep(1000)) end return "said" end)\n')
ours, theirs = os.pipe()
fcntl.fcntl(theirs, 1031, 4096)
p = subprocess.Popen([os.path.realpath(sys.argv[1]), "serve", "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE,
                     stderr=theirs)
line = p.stdout.readline().decode()
address = line.split()[2]
def children():
    return subprocess.run(["pgrep", "-P", str(p.pid)], capture_output=True, text=True).stdout.split()
before = children()
key = ["push", address + "PATH", "--token", "TOKEN", "--appid", "APPID", "--aes-key", "AESKEY", "--mode", "safe"]
for i in range(3):
    r = subprocess.run([os.path.realpath(sys.argv[1]), *key, "--text", "hi %d" % i], capture_output=True, text=True)
    print("said" in r.stdout)
print("the same", children() == before)
p.send_signal(signal.SIGTERM)
print("exit", p.wait())
]]):gsub("%f[%u]%u+%f[%U]", { PATH = account.path, TOKEN = account.token, APPID = account.appid, AESKEY = serve.KEY }))
      assert.equal("True\nTrue\nTrue\nthe same True\nexit 0\n", out)
    end)
  end)
end)
