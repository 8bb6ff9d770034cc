-- What an account may do and what a trigger opens, against the tables of facts; and account.can.
local app = require "spec.support.app"
local capabilities = require "weiyue.capabilities"
local facts = require "spec.support.facts"

describe("weiyue.capabilities", function()
  local rows = facts.rows "capabilities.tsv"

  it("has the rows of capabilities.tsv, in their order", function()
    assert.equal(19, #rows)
    assert.equal(#rows, #capabilities.rows)
    for i, row in ipairs(rows) do
      local own = capabilities.rows[i]
      assert.equal(row.capability, own[1])
      for name, column in pairs(capabilities.columns) do
        assert.equal(row[name], own[column], row.capability .. " of " .. name)
      end
    end
  end)

  for _, kind in ipairs { "subscription", "service" } do
    for _, verified in ipairs { false, true } do
      it(("of a %s account, verified %s, are those that say yes"):format(kind, verified), function()
        local can = capabilities.of(kind, verified)
        for _, row in ipairs(rows) do
          assert.equal(row[verified and kind .. "_verified" or kind] == "yes", can[row.capability], row.capability)
        end
      end)
    end
  end

  it("of a mini program are five, verified or not", function()
    local yes = { token = true, receive = true, customer_service = true, material = true, qrcode = true }
    for _, verified in ipairs { false, true } do
      for _, row in ipairs(rows) do
        assert.equal(yes[row.capability] == true, capabilities.of("mini", verified)[row.capability], row.capability)
      end
    end
  end)

  it("are overridden one by one", function()
    local can = capabilities.of("service", true, { cards = true, oauth = false })
    assert.is_true(can.cards)
    assert.is_false(can.oauth)
    assert.is_true(can.menu)
  end)

  it("know no other kind of account", function()
    assert.has_error(function() capabilities.of "robot" end, "no such kind of account: robot")
  end)

  it("open the windows of kf_window.tsv, and no other event does", function()
    local left = {}
    for event in pairs(capabilities.event_windows) do left[event] = true end
    local n = 0
    for _, row in ipairs(facts.rows "kf_window.tsv") do
      local want = { messages = tonumber(row.messages), seconds = tonumber(row.seconds) }
      if row.trigger == "user sends a message" then
        for _, type in ipairs { "text", "image", "location", "hologram" } do
          assert.same(want, capabilities.window(type))
          assert.same(want, capabilities.window(type, ""))
        end
        n = n + 1
      else
        for event in row.trigger:gsub("%b()", ""):lower():gmatch "[%w_]+" do
          assert.same(want, capabilities.window("event", event), event)
          left[event] = nil
          n = n + 1
        end
      end
    end
    assert.equal(6, n)
    assert.same({}, left)
    for _, event in ipairs { "view", "location", "unsubscribe" } do assert.is_nil(capabilities.window("event", event)) end
    assert.is_nil(capabilities.window "event")
    assert.is_nil(capabilities.window("device_event", "subscribe"))
  end)

  it("are described in lua/meta", function()
    local file <close> = assert(io.open "lua/meta/message.lua")
    local described = {}
    for name in file:read("a"):match("%-%-%-@class weiyue%.Can\n(.*)"):gmatch "%-%-%-@field (%S+) boolean" do
      described[#described + 1] = name
    end
    for i, row in ipairs(rows) do assert.equal(row.capability, described[i]) end
    assert.equal(#rows, #described)
  end)
end)

describe("account.can", function()
  it("tells a plugin what the account may do, and no plugin changes it", function()
    local loaded = app.boot { name = "weiyue.lua", text = [[return { plugins = {}, accounts = {
      { token = "wxtest", kind = "service", can = { oauth = true } } } }]] }
    local can, seen = loaded.accounts[1].object.can, {}
    for name, value in pairs(can) do seen[name] = value end
    assert.same(capabilities.of("service", false, { oauth = true }), seen)
    assert.matches("capabilities_spec.lua:%d+: account.can.oauth is read%-only", app.raised(function() can.oauth = false end))
    assert.is_true(can.oauth)
  end)
end)
