-- The store of promoted generations, with real folders: what is kept, what damage does to it.
local files = require "weiyue.files"
local json = require "weiyue.json"
local lastgood = require "weiyue.lastgood"

local top, state

local function shell(command)
  local pipe = assert(io.popen(("cd '%s' && { %s; } 2>&1"):format(top, command)))
  local text = pipe:read "a"
  return pipe:close() and true, (text:gsub("\n$", ""))
end

local function out(command)
  local ok, text = shell(command)
  assert.is_true(ok, text)
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

local function snapshot(tag)
  return {
    files = { ["/srv/weiyue.lua"] = "return {}", ["/srv/plugins/a.lua"] = "-- " .. tag },
    globs = { ["/srv/plugins/*.lua"] = { "/srv/plugins/a.lua" }, ["/srv/more/*.lua"] = {} },
    kinds = { ["/srv/plugins/a.lua"] = "file", ["/srv/plugins"] = "folder" },
    errors = { ["/srv/plugins/none.lua"] = "/srv/plugins/none.lua: No such file or directory" },
  }
end

local function keep(n, tag) return assert(lastgood.keep(state, snapshot(tag or tostring(n)), { number = n, config = "/srv/weiyue.lua" })) end

local function tag_of(snap) return snap and snap.files["/srv/plugins/a.lua"]:match "^%-%- (.*)" end

local function current(back)
  local snap, info = lastgood.current(state, back)
  return tag_of(snap), info
end

local function source_of(tag) return top .. "/" .. out("grep -l -e '^-- " .. tag .. "$' state/sources/*") end

describe("weiyue.lastgood", function()
  before_each(function()
    local pipe = assert(io.popen "mktemp -d")
    top = pipe:read "l"
    pipe:close()
    state = top .. "/state"
  end)

  after_each(function() os.execute("rm -rf '" .. top .. "'") end)

  it("gives back what was kept", function()
    local before = os.time()
    assert.equal(7, lastgood.keep(state, snapshot "one", { number = 7, config = "/srv/weiyue.lua", version = "0.1.0" }))
    local snap, info = lastgood.current(state)
    assert.same(snapshot "one", snap)
    assert.is_true(info.when >= before and info.when <= os.time())
    info.when = nil
    assert.same({ number = 7, config = "/srv/weiyue.lua", version = "0.1.0" }, info)
  end)

  it("keeps texts and paths of any bytes", function()
    local snap = { files = { ["/srv/\xff.lua"] = "\0\xff\n", ["hex:41"] = "" }, globs = { ["\xfe*"] = { "/srv/\xff.lua" } },
      kinds = { ["/srv/\xff.lua"] = "file" }, errors = { x = "\xff" } }
    assert(lastgood.keep(state, snap, { number = 1, config = "/srv/\xff.lua" }))
    local got, info = lastgood.current(state)
    assert.same(snap, got)
    assert.equal("/srv/\xff.lua", info.config)
  end)

  it("has nothing in a folder where nothing was kept", function()
    local snap, err = lastgood.current(state)
    assert.is_nil(snap)
    assert.equal("no older generation is kept in " .. state, err)
    assert.same({}, lastgood.list(state))
    assert.is_false(lastgood.pinned(state))
  end)

  it("goes back in the order of promotion", function()
    for n = 1, 3 do keep(n) end
    assert.equal("3", (current()))
    assert.equal("2", (current(1)))
    assert.equal("1", (current(2)))
    local snap, err = lastgood.current(state, 3)
    assert.is_nil(snap)
    assert.matches("no older generation", err)
  end)

  it("shares what generations have in common", function()
    keep(1)
    keep(2)
    assert.equal("3", out "ls state/sources | wc -l")
  end)

  it("keeps the last 5, and no source that nobody names", function()
    for n = 1, 7 do keep(n) end
    assert.equal("3.json\n4.json\n5.json\n6.json\n7.json", out "ls state/generations")
    assert.equal("6", out "ls state/sources | wc -l")
    assert.equal("3", (current(4)))
  end)

  it("changes nothing when nothing is new", function()
    keep(1)
    local number = keep(2)
    local before = out "ls -liR --time-style=full-iso state"
    assert.equal(number, keep(3, "2"))
    assert.equal(before, out "ls -liR --time-style=full-iso state")
    assert.equal(3, keep(3, "1")) -- an older one's sources again: a generation of its own
    assert.equal("1", (current()))
    assert.equal("2", (current(1)))
  end)

  it("mends a source when the same is kept again", function()
    keep(1)
    write(source_of "1", "other")
    assert.equal(1, keep(2, "1"))
    assert.equal("1", (current()))
  end)

  it("numbers on where a host begins anew", function()
    assert.equal(8, keep(8))
    assert.equal(9, keep(1, "other"))
    assert.equal(20, keep(20))
    assert.equal("other", (current(1)))
  end)

  it("is for its owner alone", function()
    keep(1)
    keep(2)
    assert(lastgood.pin(state, true))
    assert.equal("700 state\n700 state/generations\n700 state/sources",
      out "find state -type d -exec stat -c '%a %n' {} + | sort")
    assert.equal("600", out "find state -type f -exec stat -c %a {} + | sort -u")
  end)

  it("lists what is kept, newest first", function()
    for n = 1, 3 do keep(n) end
    assert(lastgood.point(state, 2))
    write(state .. "/generations/1.json", "{}")
    local list = lastgood.list(state)
    assert.equal(3, #list)
    assert.same({ 3, 2, 1 }, { list[1].number, list[2].number, list[3].number })
    assert.same({ false, true, false }, { list[1].current, list[2].current, list[3].current })
    assert.equal(1, list[2].before)
    assert.equal("/srv/weiyue.lua", list[1].config)
    assert.matches("1.json: damaged", list[3].damaged)
  end)

  describe("after a roll-back", function()
    before_each(function()
      for n = 1, 3 do keep(n) end
      assert.is_true(lastgood.point(state, 2))
    end)

    it("has the older one as current", function()
      assert.equal("2", (current()))
      assert.equal("1", (current(1)))
    end)

    it("does not go back to what was left", function()
      assert.equal(4, keep(4))
      assert.equal("2", (current(1)))
    end)

    it("keeps the way back rather than what was left", function()
      assert(lastgood.point(state, 1))
      for n = 4, 9 do
        keep(n) -- over and over a bad one
        assert.equal("1", (current(1)))
        assert(lastgood.point(state, 1))
      end
      keep(10)
      assert.equal("1.json\n10.json\n7.json\n8.json\n9.json", out "ls state/generations")
    end)
  end)

  it("points to no generation that is not whole", function()
    keep(1)
    keep(2)
    os.remove(source_of "1")
    local ok, err = lastgood.point(state, 1)
    assert.is_nil(ok)
    assert.matches("/sources/%x+: No such file", err)
    assert.is_nil(lastgood.point(state, 9))
    assert.equal("2", (current()))
  end)

  it("remembers a pin", function()
    assert.is_true(lastgood.pin(state, true))
    assert.is_true(lastgood.pin(state, true))
    assert.is_true(lastgood.pinned(state))
    assert.is_true(lastgood.pin(state, false))
    assert.is_true(lastgood.pin(state, false))
    assert.is_false(lastgood.pinned(state))
  end)

  describe("passes over what is damaged, and says so:", function()
    local damages = {
      { "a source cut short", function() out("truncate -s 3 " .. source_of "3") end, "sources/%x+: damaged" },
      { "an empty source", function() out("truncate -s 0 " .. source_of "3") end, "sources/%x+: damaged" },
      { "a source that is gone", function() os.remove(source_of "3") end, "No such file" },
      { "a source with another's text", function() write(source_of "3", "-- evil") end, "sources/%x+: damaged" },
      { "a manifest cut short", function() out "truncate -s 100 state/generations/3.json" end, "3.json: damaged" },
      { "an empty manifest", function() write(state .. "/generations/3.json", "") end, "3.json: damaged" },
      { "a manifest that was changed", function()
        local text = read(state .. "/generations/3.json")
        write(state .. "/generations/3.json", (text:gsub("/srv/weiyue.lua", "/srv/weiyue.lub")))
      end, "3.json: damaged" },
      { "another generation's manifest", function() out "cp state/generations/1.json state/generations/3.json" end, "3.json: damaged" },
      { "a source that leads elsewhere", function()
        local manifest = json.decode(read(state .. "/generations/3.json"))
        manifest.files["/srv/plugins/a.lua"] = "../../secret"
        manifest.digest = nil
        manifest.digest = require("weiyue.crypto").sha256((json.encode(manifest)))
        write(state .. "/generations/3.json", json.encode(manifest))
      end, "no hash" },
    }
    for _, d in ipairs(damages) do
      it(d[1], function()
        for n = 1, 3 do keep(n) end
        d[2]()
        local tag, info = current()
        assert.equal("2", tag)
        assert.equal(1, #info.problems)
        assert.matches("^generation 3 cannot be used: .*" .. d[3], info.problems[1].en)
        assert.matches("^第 3 代不能用：", info.problems[1].zh)
      end)
    end

    it("a manifest that is gone", function()
      for n = 1, 3 do keep(n) end
      os.remove(state .. "/generations/3.json")
      local tag, info = current()
      assert.equal("2", tag)
      assert.matches("the current generation, 3, is missing", info.problems[1].en)
    end)

    for name, text in pairs { empty = "", words = "latest\n", ["cut short"] = "3" } do
      it("a pointer: " .. name, function()
        for n = 1, 3 do keep(n) end
        write(state .. "/current", text)
        local tag, info = current()
        assert.equal("3", tag)
        assert.matches("current: damaged", info.problems[1].en)
      end)
    end

    it("everything", function()
      keep(1)
      keep(2)
      out "truncate -s 1 state/sources/*"
      local snap, err = lastgood.current(state)
      assert.is_nil(snap)
      assert.matches("generation 2 cannot be used: .*; generation 1 cannot be used: ", err)
      assert.equal(3, keep(3)) -- and goes on from there
      assert.equal("3", (current()))
    end)
  end)

  it("goes on over what a crash left", function()
    keep(1)
    out "echo half >state/sources/.0123.AbCdEf; echo half >state/generations/.2.json.AbCdEf; echo half >state/.current.AbCdEf"
    out "echo named by no manifest >state/sources/$(printf 'named by no manifest\\n' | sha256sum | cut -d' ' -f1)"
    out "echo other >state/other"
    assert.equal("1", (current()))
    keep(2)
    assert.equal("1.json\n2.json", out "ls -A state/generations")
    assert.equal("3", out "ls -A state/sources | wc -l")
    assert.equal("current\ngenerations\nother\nsources", out "ls -A state")
  end)

  it("keeps what it had when the disk is full", function()
    out "mkdir state"
    if not shell "mount -t tmpfs -o size=96k,mode=700 tmpfs state" then return pending("needs to mount a small disk") end
    finally(function() shell "umount state" end)
    keep(1)
    local big = snapshot "2"
    big.files["/srv/plugins/big.lua"] = ("x"):rep(200000)
    local number, err, errno = lastgood.keep(state, big, { number = 2 })
    assert.is_nil(number)
    assert.matches("No space left on device", err)
    assert.is_nil(errno)
    assert.equal("1", (current()))
    assert.equal("", out "find state -name '.*.*'")
    assert.equal(2, keep(2, "small")) -- there is room again
    assert.equal("small", (current()))
  end)

  it("says which file cannot be written", function()
    write(state, "a file")
    local number, err = lastgood.keep(state, snapshot "1", { number = 1 })
    assert.is_nil(number)
    assert.matches("/state: Not a directory", err)
  end)
end)

describe("weiyue.files", function()
  before_each(function()
    local pipe = assert(io.popen "mktemp -d")
    top = pipe:read "l"
    pipe:close()
  end)

  after_each(function() os.execute("rm -rf '" .. top .. "'") end)

  it("writes a whole file in one step, for its owner alone", function()
    write(top .. "/a", "old")
    out "chmod 644 a; ln a b"
    assert.is_true(files.write(top .. "/a", "new\0text"))
    assert.equal("new\0text", read(top .. "/a"))
    assert.equal("old", read(top .. "/b")) -- what had it open still has the whole old text
    assert.equal("600", out "stat -c %a a")
    assert.equal("a\nb", out "ls -A")
  end)

  it("leaves nothing behind when a name cannot be written", function()
    out "mkdir -p a/b"
    local ok, err, errno = files.write(top .. "/a", "text")
    assert.is_nil(ok)
    assert.matches("^" .. top:gsub("%p", "%%%0") .. "/a: ", err)
    assert.is_true(math.type(errno) == "integer")
    assert.equal("a", out "ls -A")
    assert.is_nil(files.write(top .. "/none/a", "text"))
  end)

  it("lists, makes and removes", function()
    assert.is_true(files.mkdir(top .. "/d"))
    assert.is_true(files.mkdir(top .. "/d"))
    assert.is_true(files.write(top .. "/d/.hidden", ""))
    assert.is_true(files.write(top .. "/d/shown", ""))
    local list = files.list(top .. "/d")
    table.sort(list)
    assert.same({ ".hidden", "shown" }, list)
    assert.is_true(files.remove(top .. "/d/shown"))
    assert.is_true(files.remove(top .. "/d/shown"))
    assert.is_nil(files.remove(top .. "/d"))
    assert.is_nil(files.mkdir(top .. "/d/.hidden"))
    assert.is_nil(files.list(top .. "/none"))
  end)

  it("keeps nothing, and says why, when there is nothing to keep", function()
    for _, text in ipairs { "", "{" } do
      local number, err = require "weiyue.recover".keep(state, text, "1", "")
      assert.is_nil(number)
      assert.matches("its sources cannot be written", err)
    end
    assert.is_nil(files.kind(state .. "/current"))
  end)

  it("locks a folder until the lock is closed", function()
    do
      local lock <close> = assert(files.lock(top))
      assert.is_truthy(lock)
      assert.is_nil((shell "flock -n . true"))
    end
    assert.is_true((shell "flock -n . true"))
  end)

  it("has the pages of plugins", function()
    local bytes, content_type = files.page("sandbox", "index.html")
    assert.matches("^<!doctype html>", bytes)
    assert.equal("text/html; charset=utf-8", content_type)
    local script = bytes:match 'src="%./(assets/[^"]+%.js)"' -- there is one where npm built the page
    if script then assert.equal("text/javascript; charset=utf-8", select(2, files.page("sandbox", script))) end
    assert.is_nil(files.page("sandbox", "../sandbox/index.html"))
    assert.is_nil(files.page("none", "index.html"))
  end)
end)
