-- What a plugin hears when it uses wx wrongly: an error with its own file and line.
local app = require "spec.support.app"
local events = require "weiyue.events"
local later = require "weiyue.later"

local account <const> = setmetatable({ id = "spec" }, {
  __index = function(_, key)
    if later.account[key] then later.refuse("account." .. key) end
  end,
})

-- Calls f(wx) from one line of this file; the error, which must name that line.
local function misuse(f)
  local err
  app.with(function(wx) err = app.raised(f, wx) end, account)
  local line = debug.getinfo(f, "S").linedefined
  local prefix = ("misuse_spec.lua:%d: "):format(line)
  local at = err:find(prefix, 1, true)
  assert(at, "does not name its line: " .. err)
  return err:sub(at + #prefix)
end

-- The names in a set, in order.
local function sorted(set)
  local names = {}
  for name in pairs(set) do names[#names + 1] = name end
  table.sort(names)
  return names
end

local function nothing() end

-- One case a line: the call and its function stand on the same line.
local CASES <const> = {
  { "wx.text without a reply", "wx%.text wants a reply: .*not nil", function(wx) wx.text() end },
  { "wx.text with a number as reply", "wx%.text wants a reply: .*not number", function(wx) wx.text("a", 5) end },
  { "wx.text with a table as reply", "wx%.text wants a reply: .*not table", function(wx) wx.text("a", {}) end },
  { "wx.text with nil behind the text", "wx%.text wants a reply: .*not nil", function(wx) wx.text("a", nil) end },
  { "wx.text of a number", "wx%.text wants a text, a list", function(wx) wx.text(5, "a") end },
  { "wx.text of an empty list", "wx%.text wants a text, a list", function(wx) wx.text({}, "a") end },
  { "wx.text of a list with a number", "wx%.text wants a text, a list", function(wx) wx.text({ "a", 5 }, "a") end },
  { "wx.text of nil", "wx%.text wants a text, a list", function(wx) wx.text(nil, "a") end },
  { "a name of wx with a slip", "^wx%.txt does not exist; the nearest is wx%.text$", function(wx) wx.txt("a", "b") end },
  { "wx.contains of nothing", "wx%.contains wants a text", function(wx) wx.contains "" end },
  { "wx.prefix of a number", "wx%.prefix wants a text", function(wx) wx.prefix(5) end },
  { "wx.pattern of a table", "wx%.pattern wants a text", function(wx) wx.pattern {} end },
  { "wx.pattern with an open set", "wx%.pattern: malformed pattern", function(wx) wx.pattern "[a" end },
  { "wx.pattern with an open set behind a word", "wx%.pattern: malformed pattern", function(wx) wx.pattern "订单[a" end },
  { "wx.pattern with an open capture", "wx%.pattern: unfinished capture", function(wx) wx.pattern "^订单(%d+" end },
  { "wx.pattern with a bracket too many", "wx%.pattern: invalid pattern capture", function(wx) wx.pattern "^订单%d+)" end },
  { "wx.pattern that ends with %", "wx%.pattern: malformed pattern", function(wx) wx.pattern "a%" end },
  { "wx.pattern that refers to no capture", "wx%.pattern: invalid capture index", function(wx) wx.pattern "(a)b%2" end },
  { "wx.pattern with half a balance", "wx%.pattern: malformed pattern", function(wx) wx.pattern "a%b(" end },
  { "wx.pattern with a frontier of no set", "wx%.pattern: missing '%['", function(wx) wx.pattern "a%fb" end },
  { "wx.message without a name", "wx%.message wants a name", function(wx) wx.message(nothing) end },
  { "wx.message without a reply", "wx%.message wants a reply", function(wx) wx.message "image" end },
  { "wx.message of event", "for events use wx%.event", function(wx) wx.message("event", "a") end },
  { "wx.event without a name", "wx%.event wants a name", function(wx) wx.event("", "a") end },
  { "wx.event without a reply", "wx%.event wants a reply", function(wx) wx.event "view" end },
  { "wx.on", "wx%.message%(\"location\", …%) or wx%.event%(\"location\", …%)", function(wx) wx.on("location", "a") end },
  { "wx.on without anything", "wx%.on is ambiguous", function(wx) wx.on() end },
  { "wx.click without a reply", "wx%.click wants a reply", function(wx) wx.click() end },
  { "wx.click with nil as reply", "wx%.click wants a reply", function(wx) wx.click("about", nil) end },
  { "wx.click of a number", "wx%.click wants a key", function(wx) wx.click(5, "a") end },
  { "wx.click of a list with an empty key", "wx%.click wants a key", function(wx) wx.click({ "a", "" }, "a") end },
  { "wx.click of an empty list", "wx%.click wants a key", function(wx) wx.click({}, "a") end },
  { "wx.scan of a number", "wx%.scan wants a key", function(wx) wx.scan(5, "a") end },
  { "wx.subscribe without a reply", "wx%.subscribe wants a reply", function(wx) wx.subscribe() end },
  { "wx.unsubscribe with a text", "wx%.unsubscribe wants a function", function(wx) wx.unsubscribe "bye" end },
  { "wx.default without a reply", "wx%.default wants a reply", function(wx) wx.default() end },
  { "wx.use with a text", "wx%.use wants function%(msg, next%)", function(wx) wx.use "a" end },
  { "wx.sleep of a word", "wx%.sleep: ", function(wx) wx.sleep "soon" end },
  { "wx.sleep of nothing", "wx%.sleep: ", function(wx) wx.sleep() end },
  { "wx.sleep of a negative time", "wx%.sleep: ", function(wx) wx.sleep(-1) end },
  { "wx.sleep of ten years", "a year", function(wx) wx.sleep(315360000) end },
  { "wx.after of a word", "wx%.after: ", function(wx) wx.after("soon", nothing) end },
  { "wx.after of ten years", "a year", function(wx) wx.after(315360000, nothing) end },
  { "wx.after without a function", "wx%.after wants a time and a function", function(wx) wx.after(1) end },
  { "wx.spawn of a text", "wx%.spawn wants a function", function(wx) wx.spawn "a" end },
  { "wx.every of a word", "wx%.every: not a duration", function(wx) wx.every("soon", nothing) end },
  { "wx.every of nothing", "wx%.every: a time is a number", function(wx) wx.every(nil, nothing) end },
  { "wx.every of less than a second", "wx%.every: an interval is at least a second", function(wx) wx.every(0.999, nothing) end },
  { "wx.every of no time", "wx%.every: an interval is at least a second", function(wx) wx.every("0s", nothing) end },
  { "wx.every of ten years", "wx%.every: a time is at most a year", function(wx) wx.every("3650d", nothing) end },
  { "wx.every without a function", "wx%.every wants a time and a function", function(wx) wx.every "5m" end },
  { "wx.every with a text behind the function", "wx%.every: the third argument is { name", function(wx) wx.every(5, nothing, "a") end },
  { "wx.every with an unknown option", "wx%.every has no option nmae", function(wx) wx.every(5, nothing, { nmae = "a" }) end },
  { "wx.every with an empty name", "wx%.every: the name must be a text", function(wx) wx.every(5, nothing, { name = "" }) end },
  { "wx.every with a number as name", "wx%.every: the name must be a text", function(wx) wx.every(5, nothing, { name = 5 }) end },
  { "wx.every twice with one name", "wx%.every: two timers are a: give each a name",
    function(wx) wx.every(5, nothing, { name = "a" }) wx.every(5, nothing, { name = "a" }) end },
  { "wx.every and wx.at with one name", "wx%.at: two timers are a: give each a name",
    function(wx) wx.every(5, nothing, { name = "a" }) wx.at("09:00", nothing, { name = "a" }) end },
  { "wx.every twice in one line", "wx%.every: two timers are .*misuse_spec%.lua:%d+: give each a name",
    function(wx) for _ = 1, 2 do wx.every(5, nothing) end end },
  { "wx.at of half a time", "wx%.at: \"9:00\" is no time of day such as \"09:00\"", function(wx) wx.at("9:00", nothing) end },
  { "wx.at of nothing", "wx%.at: a time of day such as \"09:00\" is wanted", function(wx) wx.at(nil, nothing) end },
  { "wx.at with days", "wx%.at: a list of times has no field days", function(wx) wx.at({ days = "mon" }, nothing) end },
  { "wx.at without a function", "wx%.at wants a time and a function", function(wx) wx.at "09:00" end },
  { "wx.log.info with fields that are none", "wx%.log%.info: the second argument is a table", function(wx) wx.log.info("a", 5) end },
  { "wx.plugin of a text", "wx%.plugin wants a table", function(wx) wx.plugin "shop" end },
  { "wx.plugin with an unknown field", "wx%.plugin has no field nmae", function(wx) wx.plugin { nmae = "shop" } end },
  { "wx.plugin with a number as name", "wx%.plugin: name must be a string", function(wx) wx.plugin { name = 5 } end },
  { "wx.plugin with a text as priority", "wx%.plugin: priority must be a number", function(wx) wx.plugin { priority = "high" } end },
  { "wx.reply.image of nothing", "wx%.reply%.image wants a table or a string, not nil", function(wx) wx.reply.image() end },
  { "wx.reply.music of a text", "wx%.reply%.music wants a table, not string", function(wx) wx.reply.music "a" end },
  { "wx.reply.video with a table as title", "wx%.reply%.video: title must be a string", function(wx) wx.reply.video("M", {}) end },
}

describe("misuse raises with the plugin's own line:", function()
  for _, case in ipairs(CASES) do
    it(case[1], function() assert.matches(case[2], misuse(case[3])) end)
  end
end)

describe("wx", function()
  for _, name in ipairs(sorted(later.wx)) do
    it(name .. " is not in this build, and says so", function()
      assert.equal("wx." .. name .. " is not in this build (本版本尚未实现)", misuse(function(wx) return (wx[name]) end))
    end)
  end

  for _, name in ipairs(sorted(later.account)) do
    it("account." .. name .. " is not in this build, and says so", function()
      assert.matches("^account%." .. name .. " is not in this build", misuse(function(wx) return (wx.account()[name]) end))
    end)
  end

  for _, name in ipairs(sorted(later.msg)) do
    it("msg:" .. name .. " is not in this build, and says so", function()
      local err
      app.with(function(wx) wx.text(function(msg) err = app.raised(function() msg[name](msg) end) end) end) "hi"
      assert.matches("misuse_spec%.lua:%d+: msg:" .. name .. " is not in this build", err)
    end)
  end

  it("has no other names", function()
    app.with(function(wx) assert.is_nil(wx.definitely_not) end)
  end)
end)

describe("msg", function()
  it("tells in text what it is", function()
    local text
    local answer = app.with(function(wx) wx.use(function(msg) text = tostring(msg) end) end)
    answer { type = "event", event = "click", openid = "oTest" }
    assert.equal("message event/click from ***", text)
    answer { type = "text", openid = "oTest", content = "a" }
    assert.equal("message text from ***", text)
  end)
end)

describe("weiyue.events", function()
  local push = require "spec.support.push"

  it("says of every row of messages.tsv what the table says", function()
    local seen = { messages = {}, events = {}, notices = {} }
    for _, row in ipairs(push.rows()) do
      if row.has_form and row.msgtype ~= "(unknown)" then
        local group = ({ message = "messages", event = "events", component = "notices" })[row.kind]
        local name = (row.event or row.msgtype):lower()
        seen[group][name] = true
        assert.equal(row.may_reply, events[group][name], name)
        local type = row.kind == "component" and "component" or row.msgtype
        assert.equal(row.may_reply ~= "no" and type ~= "component", events.may_reply(type, row.event and name), name)
        assert.is_true(events.is_known(type, row.event and name), name)
      end
    end
    for group, names in pairs(seen) do assert.same(sorted(names), sorted(events[group])) end
  end)

  it("lets what it does not know be answered", function()
    assert.is_true(events.may_reply("event", "not_known_yet"))
    assert.is_true(events.may_reply("hologram"))
    assert.is_false(events.is_known("event", "not_known_yet"))
    assert.is_false(events.is_known("hologram"))
  end)
end)
