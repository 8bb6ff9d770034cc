-- Users, tags and the blacklist of the fake WeChat.

local json = require "weiyue.json"
local sandbox = require "spec.support.sandbox_world"

local APPID <const>, OPENID <const> = sandbox.APPID, sandbox.OPENID

local function users(s, n)
  local list = {}
  for i = 1, n do list[i] = s:user().openid end
  return list
end

local function new_tag(s, name) return assert(s:call("tag.create", { tag = { name = name } })).tag.id end

describe("a user", function()
  it("is told without name and picture, which WeChat keeps since 2021", function()
    local s = sandbox.new()
    local user = s:user { nickname = "小月", unionid = "u1", remark = "老客户", language = "en" }
    local info = assert(s:call("user.info", { openid = user.openid }))
    assert.same({ 1, user.openid, "u1", "", "", "老客户", "zh_CN", sandbox.START, 0, "ADD_SCENE_SEARCH" }, {
      info.subscribe, info.openid, info.unionid, info.nickname, info.headimgurl, info.remark, info.language,
      info.subscribe_time, info.groupid, info.subscribe_scene,
    })
    assert.equal("en", s:call("user.info", { openid = user.openid, lang = "en" }).language)
    assert.equal(40003, s:code("user.info", { openid = "nobody" }))
  end)

  it("is told with others, up to a hundred", function()
    local s = sandbox.new()
    local list = {}
    for i, openid in ipairs(users(s, 100)) do list[i] = { openid = openid, lang = "zh_CN" } end
    assert.equal(100, #s:call("user.batch_info", { user_list = list }).user_info_list)
    list[101] = { openid = OPENID }
    assert.equal(40032, s:raw("user.batch_info", json.encode { user_list = list }))
    assert.equal(40032, s:raw("user.batch_info", '{"user_list":[]}'))
    assert.equal(40003, s:code("user.batch_info", { user_list = { { openid = "nobody" } } }))
  end)

  it("has a remark of less than 30 characters", function()
    local s = sandbox.new()
    assert.is_table(s:call("user.update_remark", { openid = OPENID, remark = ("备"):rep(29) }))
    assert.equal(("备"):rep(29), s:call("user.info", { openid = OPENID }).remark)
    assert.equal(40097, s:raw("user.update_remark", json.encode { openid = OPENID, remark = ("备"):rep(30) }))
    assert.is_table(s:call("user.update_remark", { openid = OPENID, remark = "" }))
    assert.equal("", s:call("user.info", { openid = OPENID }).remark)
  end)
end)

describe("the list of users", function()
  it("has pages of ten thousand", function()
    local s = sandbox.new()
    users(s, 10004)
    local first = assert(s:call("user.list"))
    assert.same({ 10005, 10000, 10000 }, { first.total, first.count, #first.data.openid })
    local second = assert(s:call("user.list", { next_openid = first.next_openid }))
    assert.same({ 10005, 5 }, { second.total, second.count })
    local last = assert(s:call("user.list", { next_openid = second.next_openid }))
    assert.same({ total = 10005, count = 0, next_openid = "" }, last)
    assert.equal(OPENID, first.data.openid[1])
    assert.equal(40003, s:code("user.list", { next_openid = "nobody" }))
  end)

  it("has followers alone", function()
    local s = sandbox.new()
    s.world:unfollow(APPID, OPENID)
    assert.same({ total = 0, count = 0, next_openid = "" }, (s:call("user.list")))
  end)
end)

describe("tags", function()
  it("are made, renamed, listed with how many have them, deleted", function()
    local s = sandbox.new()
    local id = new_tag(s, "会员")
    assert.equal(100, id)
    assert.equal(101, new_tag(s, "供应商"))
    assert.is_table(s:call("tag.batch_tagging", { openid_list = { OPENID }, tagid = id }))
    assert.is_table(s:call("tag.update", { tag = { id = id, name = "老会员" } }))
    assert.same({ { id = 2, name = "星标组", count = 0 }, { id = 100, name = "老会员", count = 1 },
      { id = 101, name = "供应商", count = 0 } }, s:call("tag.list").tags)
    assert.is_table(s:call("tag.delete", { tag = { id = id } }))
    assert.same({}, s:call("tag.get_id_list", { openid = OPENID }).tagid_list)
    assert.equal(45159, s:code("tag.delete", { tag = { id = id } }))
    assert.equal(102, new_tag(s, "会员"))
  end)

  it("have names that are new, up to 30 bytes", function()
    local s = sandbox.new()
    new_tag(s, "会员")
    assert.equal(45157, s:code("tag.create", { tag = { name = "会员" } }))
    assert.equal(45157, s:raw("tag.create", '{"tag":{"name":""}}'))
    assert.equal(45157, s:raw("tag.create", '{"tag":{"name":"  "}}'))
    assert.equal(45158, s:raw("tag.create", json.encode { tag = { name = ("x"):rep(31) } }))
    local id = new_tag(s, ("x"):rep(30))
    assert.equal(45157, s:code("tag.update", { tag = { id = id, name = "会员" } }))
    assert.is_table(s:call("tag.update", { tag = { id = id, name = ("x"):rep(30) } }))
  end)

  it("are a hundred, and three are WeChat's", function()
    local s = sandbox.new()
    for i = 1, 100 do new_tag(s, "t" .. i) end
    assert.equal(45056, s:code("tag.create", { tag = { name = "t101" } }))
    for id = 0, 2 do
      assert.equal(45058, s:code("tag.update", { tag = { id = id, name = "a" } }))
      assert.equal(45058, s:code("tag.delete", { tag = { id = id } }))
    end
    assert.equal(45159, s:code("tag.update", { tag = { id = 999, name = "a" } }))
    s:call("tag.delete", { tag = { id = 100 } })
    assert.equal(200, new_tag(s, "t101"))
  end)

  it("are twenty on a user", function()
    local s = sandbox.new()
    for i = 1, 20 do s:call("tag.batch_tagging", { openid_list = { OPENID }, tagid = new_tag(s, "t" .. i) }) end
    local other, more = s:user().openid, new_tag(s, "t21")
    assert.equal(45059, s:code("tag.batch_tagging", { openid_list = { other, OPENID }, tagid = more }))
    assert.same({}, s:call("tag.get_id_list", { openid = other }).tagid_list)
    assert.is_table(s:call("tag.batch_tagging", { openid_list = { OPENID }, tagid = 100 }))
    assert.equal(20, #s:call("tag.get_id_list", { openid = OPENID }).tagid_list)
    s:call("tag.batch_untagging", { openid_list = { OPENID }, tagid = 100 })
    assert.is_table(s:call("tag.batch_tagging", { openid_list = { other, OPENID }, tagid = more }))
    assert.equal(101, s:call("user.info", { openid = OPENID }).groupid)
  end)

  it("are given to up to fifty followers at once", function()
    local s = sandbox.new()
    local id, list = new_tag(s, "会员"), users(s, 50)
    assert.is_table(s:call("tag.batch_tagging", { openid_list = list, tagid = id }))
    assert.same({ count = 50, data = { openid = list }, next_openid = list[50] }, (s:call("tag.list_users", { tagid = id })))
    assert.same({ count = 0, next_openid = "" }, (s:call("tag.list_users", { tagid = id, next_openid = list[50] })))
    list[51] = OPENID
    assert.equal(40032, s:raw("tag.batch_tagging", json.encode { openid_list = list, tagid = id }))
    assert.equal(45159, s:code("tag.batch_tagging", { openid_list = { OPENID }, tagid = 999 }))
    assert.equal(40003, s:code("tag.batch_tagging", { openid_list = { "nobody" }, tagid = id }))
    s.world:unfollow(APPID, OPENID)
    assert.equal(50005, s:code("tag.batch_tagging", { openid_list = { OPENID }, tagid = id }))
  end)
end)

describe("the blacklist", function()
  it("takes up to twenty at once, all or none", function()
    local s = sandbox.new()
    local list = users(s, 20)
    assert.equal(40003, s:code("blacklist.add", { openid_list = { OPENID, "nobody" } }))
    assert.same({ total = 0, count = 0, next_openid = "" }, (s:call("blacklist.list", {})))
    assert.is_table(s:call("blacklist.add", { openid_list = list }))
    assert.same({ total = 20, count = 20, data = { openid = list }, next_openid = list[20] }, (s:call("blacklist.list", {})))
    assert.same({ list[20] }, s:call("blacklist.list", { begin_openid = list[19] }).data.openid)
    assert.is_table(s:call("blacklist.remove", { openid_list = { list[1] } }))
    assert.equal(19, s:call("blacklist.list", {}).total)
    list[21] = OPENID
    assert.equal(40032, s:raw("blacklist.add", json.encode { openid_list = list }))
    assert.equal(40032, s:raw("blacklist.add", '{"openid_list":[]}'))
  end)
end)
