-- What loading reads: once from the disk, and the same again from a snapshot.
local app = require "spec.support.app"
local boot = require "weiyue.boot"
local folders = require "spec.support.folder"
local json = require "weiyue.json"
local sources = require "weiyue.sources"

local folder, files

local function shell(command) files:shell(command) end
local function write(list) files:write(list) end

local function says(booted, content)
  local account = booted.accounts[1]
  return (account.dispatch { type = "text", content = content, account = account.object })
end

local FILES <const> = {
  ["weiyue.lua"] = [[return { plugins = { "plugins/*.lua", "shop" }, accounts = { { token = "wxtest" } } }]],
  ["plugins/a.lua"] = [[require "weiyue".text("a", require "util" .. " 1")]],
  ["plugins/broken.lua"] = "error 'never'",
  ["lib/util.lua"] = "return 'util 1'",
  ["shop/init.lua"] = [[require "weiyue".text("shop", require "prices")]],
  ["shop/prices.lua"] = "return 'prices 1'",
}

describe("weiyue.sources", function()
  before_each(function()
    files = folders.new()
    folder = files.path
    write(FILES)
  end)
  after_each(function() files:remove() end)

  local function first() return app.boot { path = folder .. "/weiyue.lua" } end

  it("remembers every file that loading read, and nothing else", function()
    local paths = {}
    for path in pairs(first().sources.snapshot().files) do paths[#paths + 1] = path:sub(#folder + 2) end
    table.sort(paths)
    assert.same({ "lib/util.lua", "plugins/a.lua", "plugins/broken.lua", "shop/init.lua", "shop/prices.lua", "weiyue.lua" },
      paths)
  end)

  it("can be kept and built again where a file's name is no text", function()
    write { ["plugins/x\xff.lua"] = "" }
    local one = first()
    assert.equal(2, one.failed_plugins)
    assert.is_nil(one.sources.changed())
    local snapshot = assert(json.decode(boot.snapshot_text(one)))
    local two = app.boot { path = folder .. "/weiyue.lua", snapshot = snapshot }
    assert.same(one.problems, two.problems)
  end)

  it("builds the same from a snapshot when every file has changed since", function()
    local one = first()
    local snapshot = assert(json.decode(json.encode(one.sources.snapshot()))) -- texts only: it can be kept anywhere
    shell "rm -r plugins lib shop weiyue.lua"
    write { ["plugins/new.lua"] = "require 'weiyue'.text('a', 'another')" }
    local two = app.boot { path = folder .. "/weiyue.lua", snapshot = snapshot }
    assert.same(one.problems, two.problems)
    assert.equal(1, two.failed_plugins)
    assert.equal(2, two.n_plugins)
    assert.equal("util 1 1", says(two, "a"))
    assert.equal("prices 1", says(two, "shop"))
    assert.same(one.sources.snapshot(), two.sources.snapshot())
  end)

  it("reads a file once, whatever becomes of it meanwhile", function()
    local disk = sources.disk()
    local path = folder .. "/lib/util.lua"
    assert.equal("return 'util 1'", disk.read(path))
    write { ["lib/util.lua"] = "return 'util 2'" }
    assert.equal("return 'util 1'", disk.read(path))
    assert.equal("return 'util 2'", sources.disk().read(path))
  end)

  it("answers that a path is absent the same way each time", function()
    local disk = sources.disk()
    local path = folder .. "/later.lua"
    assert.is_nil(disk.kind(path))
    local text, err = disk.read(path)
    assert.is_nil(text)
    write { ["later.lua"] = "return 1" }
    assert.is_nil(disk.kind(path))
    assert.same({ nil, err }, { disk.read(path) })
  end)

  it("knows whether anything has changed since it was read", function()
    local function read()
      local from = sources.disk()
      local old = app.boot { path = folder .. "/weiyue.lua", sources = from }
      assert.is_table(old.conf)
      return from
    end
    assert.is_nil(read().changed())
    for _, command in ipairs { "echo >>plugins/a.lua", "rm lib/util.lua", "touch plugins/new.lua", "mkdir lib/util.lua",
      "rm plugins/broken.lua", "echo >>weiyue.lua" } do
      local from = read()
      shell(command)
      assert.is_string(from.changed(), command)
    end
    assert.is_nil(read().changed())
  end)

  it("says that something is not in a snapshot", function()
    local replay = sources.replay { files = {}, globs = {}, kinds = {}, errors = {} }
    assert.same({ nil, "weiyue.lua: not in the snapshot" }, { replay.read "weiyue.lua" })
    assert.same({ nil, "*.lua: not in the snapshot" }, { replay.glob "*.lua" })
    assert.is_nil(replay.kind(folder))
  end)

  it("refuses more than 16 MiB in all", function()
    for i = 1, 17 do shell(("truncate -s 1048576 f%d"):format(i)) end
    local disk = sources.disk()
    for i = 1, 16 do assert.equal(1048576, #assert(disk.read(("%s/f%d"):format(folder, i)))) end
    local _, err = disk.read(folder .. "/f17")
    assert.matches("/f17: all sources together are larger than 16 MiB$", err)
  end)

  it("tells why a configuration cannot be read", function()
    shell "mkfifo pipe && ln -s /dev/zero zero && truncate -s 1048577 large"
    for name, why in pairs { ["none"] = "No such file or directory", ["pipe"] = "not a regular file",
      ["zero"] = "not a regular file", ["large"] = "larger than 1 MiB", ["lib"] = "is a folder" } do
      local loaded = boot.read { path = folder .. "/" .. name }
      assert.is_nil(loaded.conf)
      assert.equal(1, #loaded.problems)
      assert.matches("/" .. name .. ": cannot be opened: " .. why, loaded.problems[1].en)
      assert.matches("/" .. name .. ": 打不开：[^%w]", loaded.problems[1].zh)
    end
  end)
end)
