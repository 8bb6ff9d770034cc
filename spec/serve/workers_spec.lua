-- Several workers behind one port: whose turn it is, whoever receives the push; what they share; their end.
local push = require "spec.support.push"
local serve = require "spec.support.serve"
local socket = require "socket"

local OLD_KEY <const> = "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba"

local account <const> = serve.account("bot", "safe", ("aes_key = { %q, %q }"):format(serve.KEY, OLD_KEY))
local other <const> = serve.account("other", "plain")

-- Workers load the plugin one after the other: `me` is the worker's number, as metrics have it.
local PLUGIN <const> = [[
local wx = require "weiyue"
local time = require "weiyue.time"
local shared = wx.shared
local me = shared:incr("workers", 1) - 1
local here = 0

wx.text("who", function() return tostring(me) end)
wx.text(wx.pattern "^wait (%w+)$", function(_, name)
  shared:set("at " .. name, true)
  while not shared:get("go " .. name) do wx.sleep(0.002) end
  return ("waited %d %d"):format(shared:incr("runs " .. name, 1), me)
end)
wx.text(wx.pattern "^go (%w+)$", function(_, name) shared:set("go " .. name, true) return "gone" end)
wx.text(wx.pattern "^get (.+)$", function(_, key) return tostring(shared:get(key)) end)
wx.text(wx.pattern "^spin (%w+)$", function(_, name)
  local ends = time.monotonic() + 5
  shared:set("at " .. name, true)
  repeat until shared:get("go " .. name) or time.monotonic() > ends
  return "spun"
end)
wx.text(wx.pattern "^stick (%w+)$", function(_, name)
  local ends = time.monotonic() + 9
  shared:set("at " .. name, true)
  table.sort({ 2, 1 }, function() repeat until shared:get("go " .. name) or time.monotonic() > ends return false end)
  return "unstuck"
end)
wx.text("forever", function() shared:incr("forever", 1) wx.sleep("1h") end)
wx.text("ask", function(msg) return ("hi %s %d"):format(msg:ask "name?", me) end)
wx.text("count", function()
  here = here + 1
  shared:incr("count", 1)
  return ("%d %d"):format(me, here)
end)
wx.text(wx.pattern "^step (%d+) (.+)$", function(msg, ms, text)
  wx.log.info("ran", { id = msg.id })
  local began = shared:incr("steps", 1)
  if ms ~= "0" then wx.sleep(tonumber(ms) / 1000) end
  return ("%d %d %s"):format(began, shared:incr("steps", 1), text)
end)
for _, name in ipairs { "one", "two", "three" } do
  wx.every("1s", function() shared:incr(("tick %s %d"):format(name, me), 1) end, { name = name })
end
wx.text(function(msg) return ("%s %d"):format(msg.content, me) end)
]]

local openids = 0
local function new_user()
  openids = openids + 1
  return ("oWorker%08d"):format(openids)
end

-- A text of this user.
local function text(openid, content)
  local nodes = push.text(content)
  for _, node in ipairs(nodes) do
    if node.name == "FromUserName" then node.text = openid end
  end
  return nodes
end

-- The request of a push, signed and encrypted anew each time.
local function request(nodes, changes, to)
  return serve.request(serve.sign(to or account, nodes, "xml", changes))
end

local function content(connection, changes, from)
  local response = serve.decode(from or account, assert(connection:read()), changes and changes.aes_key)
  assert(response.status == 200, response.status)
  return response.reply and response.reply.Content or response.body
end

describe("workers", function()
  local server, opened

  local function start(workers, options, more)
    server = serve.start({
      ["weiyue.lua"] = serve.config({ account, other }, ("workers = %s%s"):format(workers, more or "")),
      ["plugins/work.lua"] = PLUGIN,
    }, options)
  end

  before_each(function() server, opened = nil, {} end)
  after_each(function()
    for _, connection in ipairs(opened) do connection:close() end
    if server then server:stop() end
  end)

  local function open(setup)
    local connection = assert(server:open(setup))
    opened[#opened + 1] = connection
    return connection
  end

  local function says(connection, openid, what)
    connection:send(request(text(openid, what)))
    return content(connection)
  end

  -- A connection that this worker has accepted: who is nowhere else is handled where he is received.
  local function open_on(worker)
    for _ = 1, 200 do
      local connection = open()
      if says(connection, new_user(), "who") == tostring(worker) then return connection end
    end
    error("200 connections, and none of worker " .. worker)
  end

  local function until_shared(ask, key, want)
    serve.eventually(key, function() return says(ask, new_user(), "get " .. key) == want end)
  end

  -- Sends, and comes back when the handler, of "wait NAME" or "spin NAME", runs. Asks on `ask`.
  local function send_and_see(connection, openid, what, ask)
    connection:send(request(text(openid, what)))
    until_shared(ask, "at " .. what:match "%w+$", "true")
  end

  local function metric(name, worker)
    local metrics = server:metrics()
    if not worker then return (metrics:sum(name)) end
    return metrics:value(('%s{worker="%d"}'):format(name, worker))
  end

  local function until_metric(name, worker, want)
    serve.eventually(name, function() return metric(name, worker) == want end)
  end

  for _, workers in ipairs { 2, 4 } do
    describe(("(%d)"):format(workers), function()
      it("all accept connections, and the metrics say how many", function()
        start(workers)
        local have = {}
        for i = 0, workers - 1 do have[i] = 0 end
        for _ = 1, 64 do
          local worker = tonumber(says(open(), new_user(), "who"))
          have[worker] = have[worker] + 1
        end
        for i = 0, workers - 1 do assert.is_true(have[i] > 0) end
        local want, metrics = {}, server:metrics()
        for i = 0, workers - 1 do want[i] = metrics:value(('weiyue_connections{worker="%d"}'):format(i)) end
        assert.same(want, have)
      end)

      it("handle a user's messages one after another, in the order they came, whoever receives them", function()
        start(workers)
        local openid, connections = new_user(), {}
        for i = 1, workers do connections[i] = open_on(i - 1) end
        send_and_see(connections[1], openid, "wait first", connections[2])
        -- each is known to have been received before the next is sent
        local pipeline = {}
        for i = 1, 16 do
          local k = i % workers + 1
          connections[k]:send(request(text(openid, ("step %d %d"):format(i % 3, i))))
          pipeline[i] = k
          until_metric("weiyue_queued", 0, i)
        end
        assert.is_true(metric "weiyue_hops_total" > 0)
        assert.equal("gone", says(open(), new_user(), "go first"))
        assert.equal("waited 1 0", content(connections[1]))
        for i, k in ipairs(pipeline) do
          assert.equal(("%d %d %d"):format(2 * i - 1, 2 * i, i), content(connections[k]))
        end
        assert.equal(0, metric "weiyue_queued")
        assert.equal(0, metric "weiyue_claims")
      end)
    end)
  end

  describe("where a user is handled", function()
    local one, two, openid, ask

    before_each(function()
      start(2, nil, ", limits = { slice = 1, slice_max = 10, cpu = 60 }") -- a handler that spins holds its worker
      one, two, openid = open_on(0), open_on(1), new_user()
      ask = open_on(1)
    end)

    it("is nobody's business when nothing of his is in flight", function()
      assert.equal("hi 0", says(one, openid, "hi"))
      assert.equal("hi 1", says(two, openid, "hi"))
      assert.equal(0, metric "weiyue_hops_total")
    end)

    it("a retry that another worker receives joins the run", function()
      local nodes = text(openid, "wait once")
      one:send(request(nodes))
      until_shared(ask, "at once", "true")
      two:send(request(nodes))
      until_metric("weiyue_hops_total", 1, 1)
      assert.equal("gone", says(ask, new_user(), "go once"))
      assert.equal("waited 1 0", content(one))
      assert.equal("waited 1 0", content(two))
      assert.equal("1", says(ask, new_user(), "get runs once"))
      local metrics = server:metrics()
      assert.equal(1, (metrics:sum("weiyue_answers_total", 'way="joined"')))
      assert.equal(metrics:sum "weiyue_pushes_total", (metrics:sum "weiyue_answers_total"))
    end)

    it("a duplicate behind the answer gets the same one from the other worker", function()
      local nodes = text(openid, "count")
      one:send(request(nodes))
      assert.equal("0 1", content(one))
      two:send(request(nodes))
      assert.equal("0 1", content(two))
      assert.equal("1", says(ask, new_user(), "get count"))
      assert.equal(1, (server:metrics():sum("weiyue_answers_total", 'way="duplicate"')))
    end)

    it("an answer that was made elsewhere is sealed as its own push came", function()
      send_and_see(one, openid, "wait seal", ask)
      local plain = open_on(1)
      two:send(request(text(openid, "new")) .. request(text(openid, "old"), { aes_key = OLD_KEY }))
      plain:send(request(text(openid, "stranger"), nil, other))
      assert.equal("stranger 1", content(plain, nil, other)) -- another account's user
      until_metric("weiyue_queued", 0, 2)
      assert.equal("gone", says(ask, new_user(), "go seal"))
      assert.equal("waited 1 0", content(one))
      local response = serve.decode(account, two:read())
      assert.is_true(response.sealed)
      assert.equal("new 0", response.reply.Content)
      response = serve.decode(account, two:read(), OLD_KEY)
      assert.is_true(response.sealed)
      assert.equal("old 0", response.reply.Content)
    end)

    it("a plain account's hopped pushes are answered in plain", function()
      one:send(request(text(openid, "wait plain"), nil, other))
      until_shared(ask, "at plain", "true")
      two:send(request(text(openid, "hi"), nil, other))
      until_metric("weiyue_queued", 0, 1)
      assert.equal("gone", says(ask, new_user(), "go plain"))
      assert.equal("waited 1 0", content(one, nil, other))
      local response = serve.decode(other, two:read())
      assert.is_nil(response.sealed)
      assert.equal("hi 0", response.reply.Content)
    end)

    it("pushes on one connection are answered in their order, with hops among them", function()
      send_and_see(one, openid, "wait pipe", ask)
      local requests = {}
      for i = 1, 60 do -- more than a connection's pipeline, and less of his than may wait
        requests[i] = request(text(i % 5 == 0 and openid or new_user(), "p" .. i))
      end
      two:send(table.concat(requests))
      until_metric("weiyue_queued", 0, 4) -- the pipeline is full
      assert.equal("gone", says(ask, new_user(), "go pipe"))
      assert.equal("waited 1 0", content(one))
      for i = 1, 60 do
        local got = content(two)
        assert.equal("p" .. i, (got:match "^(%S+) [01]$"))
      end
      assert.is_true(metric("weiyue_hops_total", 1) >= 4)
    end)

    it("a message stays itself and in its place when others' answers arrive just before it", function()
      -- worker 1 has a user whose push the first connection waits for; behind it the pipeline is full,
      -- and what stands behind that is read when the answer arrives
      local blocked, direct, spinning, hopping = open_on(0), open_on(0), open_on(0), open_on(1)
      local busy = new_user()
      send_and_see(two, busy, "wait full", ask)
      local requests = { request(text(busy, "head")) }
      for i = 2, 20 do requests[i] = request(text(new_user(), "tail " .. i)) end
      requests[18] = request(text(openid, "step 0 behind"))
      send_and_see(spinning, new_user(), "spin read", ask) -- so that they come in one read
      blocked:send(table.concat(requests))
      assert.equal("gone", says(ask, new_user(), "go read"))
      assert.equal("spun", content(spinning))
      until_metric("weiyue_queued", 1, 1)
      send_and_see(one, openid, "wait mine", ask)
      -- worker 0 sees nothing of what comes now until all of it is there
      send_and_see(spinning, new_user(), "spin rest", ask)
      direct:send(request(text(openid, "step 0 direct")))
      assert.equal("gone", says(ask, new_user(), "go full"))
      assert.equal("waited 1 1", content(two))
      hopping:send(request(text(openid, "step 0 first")))
      assert.equal("1", says(ask, new_user(), "who")) -- worker 1 has read it by now
      assert.equal("gone", says(ask, new_user(), "go rest"))
      assert.equal("spun", content(spinning))
      assert.equal("gone", says(ask, new_user(), "go mine"))
      assert.equal("waited 1 0", content(one))
      assert.equal("1 2 first", content(hopping))
      assert.matches("^%d %d direct$", content(direct))
      assert.equal("head 1", content(blocked))
      for i = 2, 20 do assert.matches(i == 18 and "^%d %d behind$" or ("^tail %d 0$"):format(i), content(blocked)) end
    end)

    it("a message stays itself when making room for it lets another connection's next one in", function()
    server:stop()
    start(1, nil, ", limits = { pipeline = 3, queue = 2 }")
    local user, slow = new_user(), {}
    local running, pipelined, more, mine = open(), open(), open(), open()
    running:send(request(text(user, "wait mine")))
    repeat until server:says(account, "get at mine") == "true"
    -- an event that nobody may answer waits for the user, and behind it the pipeline fills
    local view = push.message("event", "VIEW", "EventKey", "http://example.com/")
    for _, node in ipairs(view) do
      if node.name == "FromUserName" then node.text = user end
    end
    for i = 1, 2 do slow[i] = request(text(new_user(), "wait theirs")) end
    pipelined:send(request(view) .. table.concat(slow) .. request(text(new_user(), "somebody else's")))
    more:send(request(text(user, "first")))
    repeat until server:says(account, "get at theirs") == "true"
    socket.sleep(0.1) -- so that all of it was read
    mine:send(request(text(user, "second"))) -- the event makes room, and its answer lets the last one in
    assert.equal("success", content(pipelined))
    assert.equal("gone", server:says(account, "go theirs"))
    assert.equal("gone", server:says(account, "go mine"))
    for _ = 1, 2 do assert.matches("^waited", content(pipelined)) end
    assert.equal("somebody else's 0", content(pipelined))
    assert.equal("first 0", content(more))
    assert.equal("second 0", content(mine))
  end)

  it("a client that leaves takes nothing with it", function()
      send_and_see(one, openid, "wait left", ask)
      local nodes = text(openid, "count")
      two:send(request(nodes))
      until_metric("weiyue_queued", 0, 1)
      local before = metric("weiyue_connections", 1)
      two.socket:setoption("linger", { on = true, timeout = 0 })
      two:close()
      until_metric("weiyue_connections", 1, before - 1)
      assert.equal("gone", says(ask, new_user(), "go left"))
      assert.equal("waited 1 0", content(one))
      until_shared(ask, "count", "1")
      one:send(request(nodes)) -- sent again, as nobody answered
      assert.equal("0 1", content(one))
      assert.equal(0, metric "weiyue_claims")
    end)

    it("an answer to a conversation's question comes home from the other worker", function()
      assert.equal("name?", says(one, openid, "ask"))
      assert.equal(1, metric("weiyue_parked", 0))
      assert.equal("hi bob 0", says(two, openid, "bob"))
      assert.equal(1, metric("weiyue_hops_total", 1))
      assert.equal(0, metric "weiyue_parked")
      assert.equal(0, metric "weiyue_claims")
    end)

    it("a plugin's variables are each worker's own, wx.shared is all workers'", function()
      local requests, last = { {}, {} }, {}
      for i = 1, 1000 do
        for k = 1, 2 do requests[k][i] = request(text(new_user(), "count")) end
      end
      for i = 1, 1000, 50 do -- both have something to read all the time
        for k, connection in ipairs { one, two } do connection:send(table.concat(requests[k], "", i, i + 49)) end
      end
      for k, connection in ipairs { one, two } do
        for _ = 1, 1000 do last[k] = content(connection) end
      end
      assert.same({ "0 1000", "1 1000" }, last)
      assert.equal("2000", says(ask, new_user(), "get count"))
    end)
  end)

  -- Nobody waits for the kernel to have guessed right which worker has time.
  for stuck = 0, 1 do
    it(("accept what comes for their neighbour (%d) while that one is late, and no longer"):format(stuck), function()
      start(2, nil, ", limits = { slice_max = 10, cpu = 60 }")
      local other_one, ask, user = ("%d"):format(1 - stuck), open_on(1 - stuck), new_user()
      local held = open_on(stuck)
      send_and_see(held, user, "stick here", ask)
      for _ = 1, 32 do assert.equal(other_one, says(open(), new_user(), "who")) end
      assert.equal("gone", says(ask, new_user(), "go here"))
      assert.equal("unstuck", content(held))
      for worker = 0, 1 do open_on(worker) end
    end)
  end

  it("run each timer on one of them", function()
    start(2)
    local connection = open()
    local function ticks(name, worker)
      return tonumber(says(connection, new_user(), ("get tick %s %d"):format(name, worker))) or 0
    end
    for _, name in ipairs { "one", "two", "three" } do
      serve.eventually("ticks", function() return ticks(name, 0) + ticks(name, 1) >= 2 end)
      assert.equal(0, math.min(ticks(name, 0), ticks(name, 1)))
    end
    local metrics = server:metrics()
    assert.equal(0, (metrics:sum "weiyue_timer_errors_total"))
    assert.is_true(metrics:sum "weiyue_timer_runs_total" >= 6)
  end)

  it("are as many as the machine has cores with workers = \"auto\"", function()
    start '"auto"'
    local pipe = assert(io.popen "nproc")
    local cores = tonumber(pipe:read "a")
    pipe:close()
    assert.equal(cores, select(2, server:metrics():sum "weiyue_tasks"))
  end)

  it("are as many as --workers says", function()
    start(1, { arguments = "--workers 3" })
    assert.equal(3, select(2, server:metrics():sum "weiyue_tasks"))
    for i = 0, 2 do open_on(i) end
  end)

  it("share an IPv6 address too", function()
    local tcp = socket.tcp6()
    local has_ipv6 = tcp and tcp:bind("::1", 0)
    if tcp then tcp:close() end
    if not has_ipv6 then pending "no IPv6 on this machine" end
    start(2, { address = "::1" })
    assert.matches("http://%[::1%]:%d+", server.line)
    open_on(0)
    open_on(1)
  end)

  for _, first in ipairs { 1, 2 } do
    for _, second in ipairs { 1, 2 } do
      it(("(%d) keep their port from another process (%d)"):format(first, second), function()
        start(first)
        local result = serve.run(server.folder, ("serve --listen 127.0.0.1:%d --workers %d"):format(server.port, second))
        assert.equal(1, result.status)
        assert.equal("", result.out)
        assert.matches(("event=listen text=\"cannot listen on 127.0.0.1:%d: address already in use\""):format(server.port),
          result.err, 1, true)
        assert.matches("Port taken? Another one: --listen", result.err, 1, true)
        assert.equal("hi 0", (says(open(), new_user(), "hi"):gsub("%d$", "0"))) -- the first serves on
      end)
    end
  end

  -- Users who each send their next text on any connection without waiting for the answer, which a
  -- connection waits for. `more(i)`: whether the i-th is sent.
  local function crowd(count, users, more, each)
    local connections, idle, sent, by_socket = {}, {}, 0, {}
    for i = 1, count do
      connections[i] = open()
      idle[i] = connections[i]
      by_socket[connections[i].socket] = connections[i]
    end
    local waiting = 0
    while true do
      while #idle > 0 and more(sent + 1) do
        sent = sent + 1
        local connection = table.remove(idle)
        local ms = math.random(0, 3)
        connection.nodes = text(users[sent % #users + 1], ("step %d n%d"):format(ms, sent))
        connection.n = sent
        connection.user = sent % #users + 1
        connection.sent = socket.gettime()
        connection:send(request(connection.nodes))
        waiting = waiting + 1
      end
      if waiting == 0 then return sent end
      local sockets = {}
      for _, connection in ipairs(connections) do
        if connection.n then sockets[#sockets + 1] = connection.socket end
      end
      local ready = socket.select(sockets, nil, 20)
      assert.is_true(#ready > 0)
      for _, tcp in ipairs(ready) do
        local connection = by_socket[tcp]
        local response = connection:read()
        waiting = waiting - 1
        local goes_on = each(connection, response and serve.decode(account, response))
        connection.n = nil
        if goes_on then idle[#idle + 1] = connection end
      end
    end
  end

  it("answer 2000 pushes of 20 users on 40 connections: each once, each its own, each user's in order", function()
    start(2)
    local users, spans = {}, {}
    for i = 1, 20 do users[i], spans[i] = new_user(), {} end
    crowd(40, users, function(i) return i <= 2000 end, function(connection, response)
      local began, ended, n = response.reply.Content:match "^(%d+) (%d+) n(%d+)$"
      assert.equal(connection.n, tonumber(n))
      local span = spans[connection.user]
      span[#span + 1] = { began = tonumber(began), ended = tonumber(ended), n = connection.n,
        sent = connection.sent, answered = socket.gettime() }
      return true
    end)
    for _, span in ipairs(spans) do
      assert.equal(100, #span)
      table.sort(span, function(a, b) return a.began < b.began end)
      for i = 2, #span do
        assert.is_true(span[i - 1].ended < span[i].began) -- one after another
        assert.is_true(span[i - 1].sent < span[i].answered)
      end
    end
    local metrics = server:metrics()
    assert.equal(#server:logged "plugin.log", 2000)
    assert.equal(2000, (metrics:sum("weiyue_answers_total", 'way="reply"')))
    assert.equal(2000, (metrics:sum "weiyue_pushes_total"))
    assert.is_true(metrics:sum "weiyue_hops_total" > 0)
    assert.equal(0, (metrics:sum "weiyue_hops_refused_total"))
    for _, name in ipairs { "weiyue_claims", "weiyue_queued", "weiyue_hop_queue" } do assert.equal(0, (metrics:sum(name))) end
  end)

  describe("at SIGTERM", function()
    it("answer every push that they accepted, with hops in flight, and end with 0", function()
      start(2)
      local users, answered, cut = {}, {}, 0
      for i = 1, 20 do users[i] = new_user() end
      local terminated
      crowd(40, users, function(i)
        if i == 600 then
          assert.is_true(metric "weiyue_hops_total" > 0)
          server:signal "TERM"
          terminated = socket.gettime()
        end
        return not terminated or socket.gettime() < terminated + 2
      end, function(connection, response)
        if not response then
          cut = cut + 1
          return false
        end
        assert.equal(connection.n, tonumber(response.reply.Content:match "^%d+ %d+ n(%d+)$"))
        for _, node in ipairs(connection.nodes) do
          if node.name == "MsgId" then answered[node.text] = true end
        end
        return response.headers.connection ~= "close"
      end)
      assert.equal(0, server:wait())
      assert.is_true(socket.gettime() - terminated < 9)
      local ran = 0
      for _, line in ipairs(server:logged "plugin.log") do
        ran = ran + 1
        assert.is_true(answered[line:match " id=(%d+)"])
      end
      assert.is_true(ran >= 500)
      assert.same({}, server:logged "host.stop")
    end)

    it("wait 9 seconds for handlers, and leave nobody without an answer, on every worker", function()
      start(2)
      local one, two, ask, a, b = open_on(0), open_on(1), open_on(0), new_user(), new_user()
      one:send(request(text(a, "forever")))
      two:send(request(text(b, "forever")))
      until_shared(ask, "forever", "2")
      local other_way = { open_on(1), open_on(0) } -- behind them, by the other worker
      other_way[1]:send(request(text(a, "hi")))
      other_way[2]:send(request(text(b, "hi")))
      until_metric("weiyue_queued", 0, 1)
      until_metric("weiyue_queued", 1, 1)
      ask:close()
      local before = socket.gettime()
      server:signal "TERM"
      for _, connection in ipairs { one, two, table.unpack(other_way) } do
        assert.equal("稍后再试", serve.decode(account, assert(connection:read())).reply.Content)
      end
      assert.equal(0, server:wait())
      local took = socket.gettime() - before
      assert.is_true(took > 8.5 and took < 15)
      assert.equal(2, #server:logged "host.stop")
    end)
  end)
end)
