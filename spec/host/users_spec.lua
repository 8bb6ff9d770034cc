-- msg:user, account:followers and msg.kf, with a store and a WeChat of their own; over sockets they are
-- spec/serve/account_spec's.

local app = require "spec.support.app"
local desk = require "weiyue.desk"
local kvs = require "spec.support.kv"
local raised = app.raised
local users = require "weiyue.users"
local wx = require "weiyue"

local ONE <const> = { id = "one" }

describe("weiyue.users", function()
  local kv, calls, answer, slow, all, told

  local function call(account, name, args)
    wx.sleep(slow)
    calls[#calls + 1] = { account = account.id, name = name, args = args }
    return answer(args)
  end
  local function new()
    return users.new {
      kv = function() return kv end, call = call,
      told = function(account, name, args, reply) told[#told + 1] = { account.id, name, args.openid, reply.remark } end,
    }
  end

  before_each(function()
    kv, calls, slow, told = kvs.new(), {}, 0, {}
    answer = function(args) return { openid = args.openid, subscribe = 1, remark = "r" .. #calls } end
    all = new()
  end)

  it("asks once for as long as it is told to", function()
    assert.same({ openid = "oA", subscribe = 1, remark = "r1" }, all:info(ONE, "oA", 60))
    assert.equal("r1", all:info(ONE, "oA", 60).remark)
    assert.equal("r1", new():info(ONE, "oA", 60).remark)
    assert.same({ { account = "one", name = "user.info", args = { openid = "oA", lang = "zh_CN" } } }, calls)
    wx.sleep(61)
    assert.equal("r2", all:info(ONE, "oA", 60).remark)
    assert.equal("r3", all:info(ONE, "oB", 60).remark)
    assert.equal("r4", all:info({ id = "two" }, "oA", 60).remark)
  end)

  it("tells the journal what was kept", function()
    all:info(ONE, "oA", 60)
    assert.same({}, told)
    all:info(ONE, "oA", 60)
    assert.same({ { "one", "user.info", "oA", "r1" } }, told)
  end)

  it("asks anew where that is wanted, and keeps what it hears", function()
    all:info(ONE, "oA", 60)
    assert.equal("r2", all:info(ONE, "oA", 60, true).remark)
    assert.equal("r2", all:info(ONE, "oA", 60).remark)
  end)

  it("keeps nothing where the time is 0", function()
    all:info(ONE, "oA", 0)
    all:info(ONE, "oA", 0)
    assert.equal(2, #calls)
    assert.same({}, kv.calls)
  end)

  it("keeps it with what is the user's own", function()
    all:info(ONE, "oA", 60)
    assert.equal(1, kv:del_prefix "u/one/oA/")
    assert.equal("r2", all:info(ONE, "oA", 60).remark)
  end)

  it("keeps nothing of him who is forgotten while WeChat is asked", function()
    slow = 5
    local done
    wx.spawn(function() done = all:info(ONE, "oA", 60) end)
    wx.sleep(2)
    local place = { object = ONE, index = 1, delay = false, handlers = {} }
    local before = package.loaded["weiyue.kv"]
    package.loaded["weiyue.kv"] = { object = function() return kv end }
    local ok = require("weiyue.forget").new({ place }, { drop = function() end }):forget(ONE, "oA", "call")
    package.loaded["weiyue.kv"] = before
    assert.is_true(ok)
    wx.sleep(5)
    assert.equal("r1", done.remark)
    assert.same({}, (kv:scan("u/", nil, 10)))
    all:info(ONE, "oA", 60) -- he is asked for again
    assert.equal(1, #kv:scan("u/", nil, 10))
  end)

  it("keeps for a minute only that somebody does not follow", function()
    answer = function(args) return { openid = args.openid, subscribe = 0 } end
    all:info(ONE, "oA", 3600)
    wx.sleep(59)
    all:info(ONE, "oA", 3600)
    assert.equal(1, #calls)
    wx.sleep(2)
    all:info(ONE, "oA", 3600)
    assert.equal(2, #calls)
  end)

  it("asks once for all who ask at a time, and gives each a table of his own", function()
    slow = 1
    local function ask() return all:info(ONE, "oA", 60) end
    local got = wx.all { ask, ask, ask }
    assert.equal(1, #calls)
    got[1].remark = "changed"
    assert.equal("r1", got[2].remark)
  end)

  it("gives WeChat's errors, which it does not keep", function()
    local fails = true
    answer = function() if fails then return nil, { code = 40003 } end return { subscribe = 1 } end
    local info, err = all:info(ONE, "oA", 60)
    assert.is_nil(info)
    assert.equal(40003, err.code)
    fails = false
    assert.equal(1, all:info(ONE, "oA", 60).subscribe)
  end)

  it("works without a store, and with one that fails", function()
    kv.broken = { code = "store.unreachable", message = "gone" }
    local lines = app.logged(function() assert.equal(1, all:info(ONE, "oA", 60).subscribe) end)
    assert.equal("user.cache_failed", lines[1].event)
    kv = nil
    assert.equal(1, all:info(ONE, "oA", 60).subscribe)
  end)

  describe("lists who follows", function()
    local list

    -- WeChat's pages, of three.
    before_each(function()
      list = {}
      for i = 1, 7 do list[i] = ("o%d"):format(i) end
      answer = function(args)
        local from = 0
        for i, openid in ipairs(list) do
          if openid == args.next_openid then from = i end
        end
        local page = table.move(list, from + 1, math.min(from + 3, #list), 1, {})
        if #page == 0 then return { total = #list, count = 0, next_openid = "" } end
        return { total = #list, count = #page, data = { openid = page }, next_openid = page[#page] }
      end
    end)

    local function collect(followers)
      local got = {}
      for openid in followers do got[#got + 1] = openid end
      return got
    end

    it("page by page", function()
      local followers = all:followers(ONE)
      assert.same({}, calls)
      assert.equal("o1", followers())
      assert.equal(1, #calls)
      assert.same({ "o2", "o3", "o4", "o5", "o6", "o7" }, collect(followers))
      assert.same({ "user.list", "user.list", "user.list", "user.list" },
        (function(t) for i, c in ipairs(calls) do t[i] = c.name end return t end) {})
      assert.is_nil(followers.err)
      assert.equal(7, followers.total)
      assert.is_nil(followers()) -- and no further call
      assert.equal(4, #calls)
    end)

    it("from behind one on", function()
      assert.same({ "o6", "o7" }, collect(all:followers(ONE, { from = "o5" })))
      assert.same({}, collect(all:followers(ONE, { from = "o7" })))
    end)

    it("of an account that nobody follows", function()
      list = {}
      assert.same({}, collect(all:followers(ONE)))
      assert.equal(1, #calls)
    end)

    it("and says what kept it from going on, and where it stood", function()
      local whole = answer
      answer = function(args)
        if args.next_openid == "o3" then return nil, { code = 45009, message = "used up" } end
        return whole(args)
      end
      local followers = all:followers(ONE)
      assert.same({ "o1", "o2", "o3" }, collect(followers))
      assert.equal(45009, followers.err.code)
      assert.equal("o3", followers.last)
      answer = whole
      assert.same({ "o4", "o5", "o6", "o7" }, collect(all:followers(ONE, { from = followers.last })))
    end)

    it("and does not go round in circles, whatever WeChat says", function()
      answer = function() return { count = 1, data = { openid = { "o1" } }, next_openid = "o1" } end
      assert.same({ "o1", "o1" }, collect(all:followers(ONE)))
      answer = function() return { count = 1, data = { openid = "o1" }, next_openid = "o1" } end
      local followers = all:followers(ONE)
      assert.same({}, collect(followers))
      assert.equal("api.protocol", followers.err.code)
    end)

    it("and refuses other options", function()
      assert.matches("account:followers wants { from = openid }", raised(function() all:followers(ONE, "o1") end))
      assert.matches("account:followers has no option form", raised(function() all:followers(ONE, { form = "o1" }) end))
      assert.matches("from is an openid", raised(function() all:followers(ONE, { from = 1 }) end))
    end)
  end)
end)

describe("weiyue.desk", function()
  local kv, dict, one

  local function new_dict()
    local entries = {}
    return {
      get = function(_, key)
        local entry = entries[key]
        return entry and entry.ends > require("weiyue_core").time.monotonic() and entry.value or nil
      end,
      set = function(_, key, value, ttl)
        entries[key] = { value = value, ends = require("weiyue_core").time.monotonic() + ttl }
      end,
      delete = function(_, key) entries[key] = nil end,
    }
  end
  local function new(d) return desk.new { kv = function() return kv end, dict = d } end
  local function event(name) return { account = ONE, openid = "oA", event = name } end

  before_each(function()
    kv, dict = kvs.new(), new_dict()
    one = new(dict)
  end)

  it("follows the events of a session", function()
    assert.is_nil(one:state("one", "oA"))
    one:hear(event "kf_create_session")
    assert.equal("open", one:state("one", "oA"))
    assert.is_nil(one:state("one", "oB"))
    assert.is_nil(one:state("two", "oA"))
    one:hear(event "kf_switch_session")
    assert.equal("open", one:state("one", "oA"))
    one:hear(event "kf_close_session")
    assert.is_nil(one:state("one", "oA"))
  end)

  it("asks the store once a minute, though nothing is there", function()
    for _ = 1, 10 do one:state("one", "oA") end
    assert.equal(1, kv.calls.get)
    wx.sleep(61)
    one:state("one", "oA")
    assert.equal(2, kv.calls.get)
  end)

  it("hears within a minute of what another host was told", function()
    assert.is_nil(one:state("one", "oA"))
    new(new_dict()):hear(event "kf_create_session")
    assert.is_nil(one:state("one", "oA"))
    wx.sleep(61)
    assert.equal("open", one:state("one", "oA"))
  end)

  it("does not believe for ever that he waits, or is served", function()
    one:set("one", "oA", "queue")
    wx.sleep(1700)
    assert.equal("queue", one:state("one", "oA"))
    wx.sleep(200)
    assert.is_nil(one:state("one", "oA"))
    one:set("one", "oA", "open")
    wx.sleep(86300)
    assert.equal("open", one:state("one", "oA"))
    wx.sleep(200)
    assert.is_nil(one:state("one", "oA"))
  end)

  it("keeps it with what is the user's own, and forgets its own share", function()
    one:set("one", "oA", "open")
    assert.equal(1, kv:del_prefix "u/one/oA/")
    one:forget("one", "oA")
    assert.is_nil(one:state("one", "oA"))
  end)

  it("does not remember him who is forgotten while the store is read", function()
    new(new_dict()):set("one", "oA", "open")
    local get = kv.get
    kv.get = function(...)
      kv.get = get
      local state = kv:get(select(2, ...))
      kv:del_prefix "u/one/oA/"
      one:forget("one", "oA")
      return state
    end
    assert.is_nil(one:state("one", "oA"))
    assert.is_nil(one:state("one", "oA"))
  end)

  it("works without a store, and with one that fails", function()
    kv.broken = { code = "store.unreachable", message = "gone" }
    one:set("one", "oA", "open")
    assert.equal("open", one:state("one", "oA"))
    assert.is_nil(one:state("one", "oB"))
    kv = nil
    one:set("one", "oA", "queue")
    assert.equal("queue", one:state("one", "oA"))
    assert.is_nil(one:state("one", "oC"))
  end)
end)
