-- The store of a served host: what a start refuses, what a kill leaves, a full disk, and `weiyue store`.

local json = require "weiyue.json"
local push = require "spec.support.push"
local serve = require "spec.support.serve"

local account <const> = serve.account("one", "plain")

local PLUGIN <const> = [[
local wx = require "weiyue"
local kv = require "kv_door"

wx.text(wx.prefix "set ", function(msg)
  local ok, err = kv:set("p/one/bot/k", (msg.content:sub(5):gsub("^large$", ("x"):rep(100000))))
  return ok and "kept" or err.code
end)
wx.text("get", function() return #(kv:get "p/one/bot/k" or "") .. "" end)
wx.text("value", function() return kv:get "p/one/bot/k" or "nothing" end)
wx.text("personal", function() return tostring(kv:set("u/one/oTest/s", "{}")) end)
wx.text("quick", function() return "at once" end)
]]

local folder_of_build <const> = ((os.getenv "WEIYUE" or "build/weiyue"):gsub("[^/]*$", ""))

local function absolute(path)
  local pipe = io.popen("realpath -- " .. path)
  local text = pipe:read "l"
  pipe:close()
  return text
end

local function exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

describe("a served host's store", function()
  local server, folder

  local function files(more)
    return {
      ["weiyue.lua"] = serve.config({ account }, 'c_modules = { "kv_door" }' .. (more and ", " .. more or "")),
      ["plugins/bot.lua"] = PLUGIN,
    }
  end

  local environment <const> = ("LUA_CPATH=%s/?.so"):format(absolute(folder_of_build .. "spec"))

  local function start(options, more)
    options = options or {}
    options.environment = environment .. " " .. (options.environment or "")
    options.folder = folder
    server = serve.start(files(more), options)
    return server
  end

  local function says(text) return server:says(account, text) end

  before_each(function()
    server, folder = nil, serve.folder {}
  end)
  after_each(function()
    if server then server:stop() end
    serve.remove(folder)
  end)

  it("keeps across a restart", function()
    start()
    assert.is_false(exists(folder .. "/weiyue.db")) -- not before it is wanted
    assert.equal("kept", says "set one")
    server:halt()
    start()
    assert.equal("one", says "value")
  end)

  it("keeps what was said to be kept when the process is killed", function()
    start()
    assert.equal("kept", says "set one")
    server.connection:close()
    server.connection = nil
    server:kill_child()
    assert.equal("one", says "value")
  end)

  it("is shared by workers, and by the host that takes over", function()
    start(nil, "workers = 2")
    assert.equal("kept", says "set one")
    server.connection:close()
    server.connection = nil
    server:upgrade()
    assert.equal("one", says "value")
  end)

  for name, text in pairs { ["is no database"] = ("no database "):rep(200), ["is empty"] = "" } do
    it("stops a start when its file " .. name .. ", and leaves it as it is", function()
      for file, content in pairs(files()) do serve.write(folder, file, content) end
      serve.write(folder, "weiyue.db", text)
      local result = serve.run(folder, "serve --listen 127.0.0.1:0 --no-supervisor")
      assert.equal(1, result.status)
      assert.matches("event=store.corrupt", result.err, 1, true)
      assert.matches("weiyue.db", result.err, 1, true)
      local file = assert(io.open(folder .. "/weiyue.db", "rb"))
      assert.equal(text, file:read "a")
      file:close()
    end)
  end

  it("is not made by `weiyue check`", function()
    for file, content in pairs(files()) do serve.write(folder, file, content) end
    serve.run(folder, "check")
    assert.is_false(exists(folder .. "/weiyue.db"))
  end)

  it("answers pushes and reads while the disk is full, and goes on when it is not", function()
    local disk = absolute(folder_of_build .. "spec/disk.so")
    if not exists(disk) then return pending "on Linux" end
    start { environment = ("LD_PRELOAD=%s WY_DISK=%s ASAN_OPTIONS=%s:verify_asan_link_order=0"):format(disk, folder,
      os.getenv "ASAN_OPTIONS" or "") }
    assert.equal("kept", says "set one")
    serve.write(folder, "full", "")
    for _ = 1, 5 do
      assert.equal("store.full", says "set two")
      assert.equal("one", says "value")
      assert.equal("at once", says "quick")
    end
    assert.equal(1, #server:logged "store.full")
    assert.equal(5, server:metrics():value 'weiyue_store_errors_total{code="store.full"}')
    os.remove(folder .. "/full")
    assert.equal("kept", says "set three")
    assert.equal("three", says "value")
    assert.equal(1, #server:logged "store.recovered")
  end)

  it("answers at once what does not write while an fsync hangs", function()
    local disk = absolute(folder_of_build .. "spec/disk.so")
    if not exists(disk) then return pending "on Linux" end
    start { environment = ("LD_PRELOAD=%s WY_DISK=%s ASAN_OPTIONS=%s:verify_asan_link_order=0"):format(disk, folder,
      os.getenv "ASAN_OPTIONS" or "") }
    assert.equal("kept", says "set one")
    serve.write(folder, "stall", "1500")
    local writer = assert(server:open())
    writer:send(serve.request(serve.sign(account, push.text "set two", "xml", {})))
    serve.eventually("a write is under way", function() return server:metrics():value "weiyue_store_queue" == 1 end)
    assert.equal("one", says "value")
    assert.equal("at once", says "quick")
    assert.equal(1, server:metrics():value "weiyue_store_queue") -- still
    assert.equal("kept", serve.decode(account, writer:read()).reply.Content)
    writer:close()
  end)

  describe("and `weiyue store`", function()
    it("backs up while the host runs, and restores when it does not", function()
      start()
      assert.equal("kept", says "set before")
      local result = serve.run(folder, "store backup saved.db")
      assert.equal(0, result.status, result.err)
      assert.matches("backed up to saved.db", result.out, 1, true)
      assert.matches("^%-rw%-%-%-%-%-%-%-", io.popen("ls -l " .. folder .. "/saved.db"):read "a")
      assert.equal("kept", says "set after")

      result = serve.run(folder, "store restore saved.db")
      assert.equal(1, result.status)
      assert.matches("a host is running on ./weiyue.db", result.err, 1, true)
      assert.equal("after", says "value")

      server:halt()
      result = serve.run(folder, "store restore saved.db")
      assert.equal(0, result.status, result.err)
      local aside = result.out:match "kept as (%S+)"
      start()
      assert.equal("before", says "value")
      server:halt()
      result = serve.run(folder, "store restore " .. aside)
      assert.equal(0, result.status, result.err)
      start()
      assert.equal("after", says "value")
    end)

    it("leaves a restored store to who had it, also where root restores", function()
      if io.popen("id -u"):read "n" ~= 0 then return end -- who may give files away
      start()
      assert.equal("kept", says "set before")
      server:halt()
      assert.equal(0, serve.run(folder, "store backup saved.db").status)
      local function owner() return io.popen("stat -c %u " .. folder .. "/weiyue.db 2>&1"):read "n" end
      os.execute("chown 65534 " .. folder .. "/weiyue.db")
      assert.equal(0, serve.run(folder, "store restore saved.db").status)
      assert.equal(65534, owner())
      os.execute(("rm %s/weiyue.db; chown 65533 %s"):format(folder, folder))
      assert.equal(0, serve.run(folder, "store restore saved.db").status)
      assert.equal(65533, owner())
    end)

    it("tells what is in the store", function()
      start()
      assert.equal("kept", says "set one")
      assert.equal("true", says "personal")
      local result = serve.run(folder, "store check")
      assert.equal(0, result.status, result.err)
      assert.matches("is sound", result.out, 1, true)
      assert.matches("data of plugins: 1, 14 bytes", result.out, 1, true)
      local report = json.decode(serve.run(folder, "store check --json").out)
      assert.is_true(report.ok)
      assert.equal(1, report.kinds.users.count)
      assert.equal(0, report.kinds.tokens.count)
      assert.equal(0, report.kinds.others.count)
    end)

    it("backs up over nothing but an earlier backup, and that when it is told to", function()
      start()
      assert.equal("kept", says "set before")
      local function backup(file) return serve.run(folder, "store backup " .. file) end
      local function content(name)
        local file = assert(io.open(folder .. "/" .. name, "rb"))
        local all = file:read "a"
        file:close()
        return all
      end
      assert.equal(0, backup("saved.db").status)
      local first = content "saved.db"
      assert.equal("kept", says "set after")
      local result = backup "saved.db"
      assert.equal(1, result.status)
      assert.matches("--force", result.err, 1, true)
      assert.equal(first, content "saved.db")
      assert.equal(0, backup("saved.db --force").status)
      assert.not_equal(first, content "saved.db")

      os.execute(("cd '%s' && python3 -c \"import sqlite3; c = sqlite3.connect('other.db'); c.execute('create table t (x)')\"")
        :format(folder))
      serve.write(folder, "note.txt", "a note")
      serve.write(folder, "empty", "")
      os.execute(("mkfifo '%s/pipe'; mkdir '%s/dir'; ln -s note.txt '%s/link'; cp '%s/saved.db' '%s/live.db'; touch '%s/live.db-lock'")
        :gsub("%%s", (folder:gsub("%%", "%%%%"))))
      for _, name in ipairs { "weiyue.lua", "note.txt", "empty", "other.db", "live.db", "link", "pipe", "dir" } do
        local before = name ~= "pipe" and name ~= "dir" and content(name)
        for _, force in ipairs { "", " --force" } do
          result = backup(name .. force)
          assert.equal(1, result.status, name)
          assert.matches("it stays", result.err, 1, true)
          if before then assert.equal(before, content(name)) end
        end
      end
    end)
  end)
end)

describe("weiyue store", function()
  local folder

  before_each(function() folder = nil end)
  after_each(function() serve.remove(folder) end)

  local function fails(config, arguments, status, text)
    folder = folder or serve.folder { ["weiyue.lua"] = "return " .. config }
    local result = serve.run(folder, "store " .. arguments)
    assert.equal(status, result.status)
    assert.matches(text, result.err, 1, true)
  end

  it("says that a store in memory has no file", function()
    fails('{ store = "memory" }', "check", 1, "is in memory")
  end)

  it("says who backs up Redis", function()
    fails('{ store = "redis://127.0.0.1" }', "backup x.db", 1, "redis-cli BGSAVE")
  end)

  it("says that there is no store yet", function()
    fails("{}", "check", 1, "there is no store yet: ./weiyue.db")
    assert.is_false(exists(folder .. "/weiyue.db"))
  end)

  it("restores nothing that is no store, and leaves what was", function()
    fails("{}", "restore none.db", 1, "there is no store yet")
    serve.write(folder, "bad.db", ("x"):rep(5000))
    fails("{}", "restore bad.db", 1, "bad.db: file is not a database")
    serve.write(folder, "weiyue.db", "whatever it is")
    fails("{}", "restore bad.db", 1, "bad.db: file is not a database")
    assert.equal("whatever it is", io.open(folder .. "/weiyue.db"):read "a")
  end)

  it("tells how it is used", function()
    for _, arguments in ipairs { "", "back x", "backup", "check x", "restore" } do
      fails("{}", arguments, 2, "usage: weiyue store backup FILE")
    end
    for _, arguments in ipairs { "check --force", "restore x --force" } do
      fails("{}", arguments, 2, "usage: weiyue store backup FILE")
    end
    fails("{}", "backup x --confg y", 2, "the nearest is --config")
  end)
end)
