-- The mailbox over a dictionary that expires and may be full.
local mailbox = require "weiyue.mailbox"

local HOUR <const> = 3600

-- A stand-in for wx.shared: a table and a clock of its own.
local function new_dict()
  local dict = { now = 0, entries = {} }
  function dict:get(key)
    local entry = self.entries[key]
    if entry and entry.till <= self.now then
      self.entries[key] = nil
      return nil
    end
    return entry and entry.value
  end
  function dict:set(key, value, ttl)
    assert(type(key) == "string" and type(value) == "string" and ttl > 0)
    if self.full then return nil, "no memory" end
    self.entries[key] = { value = value, till = self.now + ttl }
    return true
  end
  function dict:delete(key) self.entries[key] = nil end
  return dict
end

describe("weiyue.mailbox", function()
  local dict, box

  before_each(function()
    dict = new_dict()
    box = mailbox.new(dict)
  end)

  it("gives answers in their order, one at a time, and how many stay", function()
    assert.same({ 2, 0 }, { box:put("a", "u", { "1", "2" }) })
    assert.same({ 3, 0 }, { box:put("a", "u", { "3" }) })
    assert.same({ "1", 2 }, { box:take("a", "u") })
    assert.same({ "2", 1 }, { box:take("a", "u") })
    assert.same({ "3", 0 }, { box:take("a", "u") })
    assert.is_nil(box:take("a", "u"))
    assert.same({}, dict.entries)
  end)

  it("gives replies back as they were", function()
    local replies = {
      { type = "image", media_id = "M" },
      { type = "news", articles = { { title = "你好\n", url = "http://a.example/?a=1&b=2" }, { title = "2" } } },
      { type = "device_status", device_type = "t", device_id = "9007199254740993", status = 1 },
      "“…”",
    }
    box:put("a", "u", replies)
    for _, reply in ipairs(replies) do assert.same(reply, (box:take("a", "u"))) end
  end)

  it("knows whether its user was told of what waits", function()
    box:put("a", "u", { "1", "2" })
    assert.is_false(box:hides("a", "u"))
    box:hide("a", "u")
    assert.is_true(box:hides("a", "u"))
    assert.is_false(box:hides("a", "other"))
    box:show("a", "u")
    assert.is_false(box:hides("a", "u"))
    box:hide("a", "u")
    box:take("a", "u") -- he asks
    assert.is_false(box:hides("a", "u"))
    box:hide("a", "u")
    dict.now = 47 * HOUR
    assert.is_true(box:hides("a", "u"))
    box:drop("a", "u")
    box:put("a", "u", { "3" })
    assert.is_false(box:hides("a", "u"))
  end)

  it("counts the users who were not told", function()
    local n = 0
    box = mailbox.new(dict, { untold = function(change) n = n + change end })
    box:put("a", "u", { "1", "2" })
    assert.is_true(box:hide("a", "u"))
    assert.is_false(box:hide("a", "u"))
    box:put("a", "v", { "1" })
    assert.is_true(box:hide("a", "v"))
    assert.equal(2, n)
    for _ = 1, 2 do box:show("a", "u") end
    assert.equal(1, n)
    box:take("a", "v")
    assert.equal(0, n)
  end)

  it("says whether an answer waits", function()
    assert.is_false(box:waits("a", "u"))
    box:put("a", "u", { "1" })
    assert.is_true(box:waits("a", "u"))
    box:take("a", "u")
    assert.is_false(box:waits("a", "u"))
  end)

  it("keeps no entry for no answers", function()
    assert.same({ 0, 0 }, { box:put("a", "u", {}) })
    assert.is_false(box:waits("a", "u"))
  end)

  it("keeps users and accounts apart, whatever their ids hold", function()
    local ids = { "a", "b", "", ":", "1:", "1:a", "a1:", "\0", "\xff", "a\n" }
    for _, account in ipairs(ids) do
      for _, openid in ipairs(ids) do box:put(account, openid, { "1" }) end
    end
    local n = 0
    for _ in pairs(dict.entries) do n = n + 1 end
    assert.equal(#ids * #ids, n)
  end)

  it("forgets after 48 hours in which nothing came or went", function()
    box:put("a", "u", { "1", "2", "3" })
    dict.now = 48 * HOUR - 1
    assert.equal("1", (box:take("a", "u")))
    dict.now = dict.now + 48 * HOUR - 1
    box:put("a", "u", { "4" })
    dict.now = dict.now + 48 * HOUR - 1
    assert.is_true(box:waits("a", "u"))
    dict.now = dict.now + 1
    assert.is_false(box:waits("a", "u"))
    assert.is_nil(box:take("a", "u"))
  end)

  it("keeps 20 answers of a user, drops the oldest and counts them", function()
    for i = 1, 19 do box:put("a", "u", { tostring(i) }) end
    assert.same({ 20, 2 }, { box:put("a", "u", { "20", "21", "22" }) })
    assert.same({ "3", 19 }, { box:take("a", "u") })
    local many = {}
    for i = 1, 30 do many[i] = tostring(i) end
    assert.same({ 20, 29 }, { box:put("a", "u", many) })
    assert.equal("11", (box:take("a", "u")))
  end)

  it("takes other limits", function()
    box = mailbox.new(dict, { ttl = 5, keep = 1 })
    assert.same({ 1, 1 }, { box:put("a", "u", { "1", "2" }) })
    dict.now = 5
    assert.is_false(box:waits("a", "u"))
  end)

  it("refuses what cannot be stored, and keeps what was there", function()
    box:put("a", "u", { "1", "2" })
    for _, reply in ipairs { "\xff", { type = "text", content = print } } do
      local waiting, err = box:put("a", "u", { reply })
      assert.is_nil(waiting)
      assert.is_truthy(tostring(err):find "%S")
    end
    dict.full = true
    assert.same({ nil, "no memory" }, { box:put("a", "u", { "3" }) })
    assert.same({ nil, "no memory" }, { box:take("a", "u") })
    dict.full = false
    assert.same({ "1", 1 }, { box:take("a", "u") })
  end)

  it("reads again whatever it could write", function()
    local deep = { type = "text", content = "x" }
    local inner = deep
    for _ = 1, 100 do
      inner.extra = {}
      inner = inner.extra
    end
    box:put("a", "u", { "a\0b\1", deep })
    assert.equal("a\u{FFFD}b\1", (box:take("a", "u")))
    assert.equal("x", box:take("a", "u").content)
  end)

  it("tells once who asks for what had to go, behind what is still there", function()
    local gone = new_dict()
    box = mailbox.new(dict, { gone = gone })
    box:put("a", "u", { "1" })
    for key in pairs(dict.entries) do gone:set(key, "1", 60) end
    dict.entries = {}
    assert.same({ true, false }, { box:waits("a", "u"), box:waits("a", "v") })
    box:put("a", "u", { "2" })
    assert.same({ "2", 0 }, { box:take("a", "u") })
    assert.is_true(box:waits("a", "u"))
    assert.same({ nil, "gone" }, { box:take("a", "u") })
    assert.same({ nil, nil }, { box:take("a", "u") })
    assert.is_false(box:waits("a", "u"))
    gone:set("1:au", "1", 60)
    box:drop("a", "u")
    assert.is_false(box:waits("a", "u"))
  end)

  it("drops a user's answers", function()
    box:put("a", "u", { "1" })
    box:put("a", "v", { "2" })
    box:drop("a", "u")
    assert.is_false(box:waits("a", "u"))
    assert.is_true(box:waits("a", "v"))
  end)
end)
