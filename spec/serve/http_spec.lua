-- The HTTP client of a host that serves: what waits holds nobody up, and nothing is left at an end.
local hostile = require "spec.support.hostile_http"
local serve = require "spec.support.serve"

local account <const> = serve.account("bot", "plain")

local PLUGIN <const> = [[
local wx = require "weiyue"
local BASE <const> = "BASE_URL"
local shared = wx.shared

wx.text("other", function() return "fine" end)

-- Each call ends for itself; what they end with is counted.
wx.text(wx.pattern "^(%d+) (%S+) (%S+)$", function(_, n, path, timeout)
  for _ = 1, tonumber(n) do
    wx.spawn(function()
      local r, err = wx.http.get(BASE .. path, { timeout = tonumber(timeout) })
      shared:incr(r and "status " .. r.status or err.code, 1)
      shared:incr("ended", 1)
    end)
  end
  return "begun"
end)
wx.text(wx.pattern "^get (.+)$", function(_, key) return tostring(shared:get(key) or 0) end)
]]

describe("the HTTP client of a host", function()
  local upstream, server

  local function plugin() return (PLUGIN:gsub("BASE_URL", function() return upstream.url end)) end

  local function start(workers)
    server = serve.start({
      ["weiyue.lua"] = serve.config({ account }, ([[workers = %d, http = { allow = { "127.0.0.1" } },
        limits = { calls = 2000, tasks = 2000 }]]):format(workers)),
      ["plugins/calls.lua"] = plugin(),
    })
  end

  before_each(function() upstream = hostile.start() end)
  after_each(function()
    if server then server:stop() end
    server = nil
    hostile.stop(upstream)
  end)

  local function value(key) return tonumber(server:says(account, "get " .. key)) end

  for name, workers in pairs { ["one worker"] = 1, ["two workers"] = 2 } do
    it("W006 lets pushes be answered while 1,000 calls wait in a hole, of " .. name, function()
      start(workers)
      assert.equal("begun", server:says(account, "1000 /hole 3"))
      local answered = 0
      repeat
        assert.equal("fine", server:says(account, "other"))
        answered = answered + 1
      until value "ended" > 0
      assert.is_true(answered > 20, answered)
      serve.eventually("all are over", function() return value "ended" == 1000 end)
      -- what got a connection was not answered in time; the others waited for one in vain
      assert.equal(1000, value "http.timeout")
      assert.equal(0, server:metrics():sum "weiyue_http_active")
      assert.is_true(server:metrics():sum "weiyue_http_connections_total" <= 40)
    end)
  end

  it("keeps connections from call to call", function()
    start(1)
    server:says(account, "10 /echo 5")
    serve.eventually("all are over", function() return value "ended" == 10 end)
    server:says(account, "10 /echo 5")
    serve.eventually("all are over", function() return value "ended" == 20 end)
    assert.equal(20, value "status 200")
    assert.equal(20, (server:metrics():sum "weiyue_http_calls_total"))
    assert.is_true(server:metrics():sum "weiyue_http_connections_total" <= 10)
  end)

  it("is no reason to wait at an end", function()
    start(2)
    server:says(account, "20 /hole 600")
    server:says(account, "20 /slow 600")
    serve.eventually("they are under way", function() return server:metrics():sum "weiyue_http_active" == 40 end)
    server:signal "TERM"
    assert.equal(0, server:wait())
  end)

  it("ends the calls of a version that was replaced", function()
    start(1)
    server:says(account, "20 /hole 600")
    serve.eventually("they are under way", function() return server:metrics():sum "weiyue_http_active" == 20 end)
    serve.write(server.folder, "plugins/calls.lua", plugin() .. "\n-- another version\n")
    server:signal "HUP"
    serve.eventually("none is left", function() return server:metrics():sum "weiyue_http_active" == 0 end)
    assert.equal("fine", server:says(account, "other"))
  end)

  it("opens nothing before the first call", function()
    start(1)
    local pid = server:children()[1]
    local function sockets()
      local pipe = io.popen(("ls -l /proc/%d/fd | grep -c socket"):format(pid))
      local n = tonumber(pipe:read "l")
      pipe:close()
      return n
    end
    server:says(account, "other")
    local before = sockets()
    server:says(account, "1 /echo 5")
    serve.eventually("it is over", function() return value "ended" == 1 end)
    assert.is_true(sockets() > before)
  end)
end)

describe("a download to a disk that is full", function()
  it("fails, and leaves nothing", function()
    local upstream <const> = hostile.start()
    local folder = serve.folder { ["one_spec.lua"] = ([[
      local transport = require "weiyue.transport"
      it("fails", function()
        local r, err = transport.send { url = "%s/zeros?mb=4&known=1", guard = false, to = "FOLDER/file", max = 1 << 30 }
        assert.is_nil(r)
        assert.equal("http.file", err.code)
        assert.is_nil(io.open "FOLDER/file")
      end)]]):format(upstream.url) }
    serve.write(folder, "one_spec.lua", (assert(io.open(folder .. "/one_spec.lua")):read "a":gsub("FOLDER", folder)))
    -- a limit on files stands for the disk: the write fails likewise
    local pipe = io.popen(("bash -c 'trap \"\" XFSZ; ulimit -f 1024; exec %s test -o TAP %s/one_spec.lua' 2>&1; ls -A %s")
      :format(os.getenv "WEIYUE" or "build/weiyue", folder, folder))
    local out = pipe:read "a"
    pipe:close()
    hostile.stop(upstream)
    serve.remove(folder)
    assert.matches("\nok 1", "\n" .. out)
    assert.matches("\none_spec%.lua\n$", out)
  end)
end)
