-- What `weiyue api show` prints of every row, in both languages; the program itself is in spec/lua/cli_spec.lua.

local catalogue = require "weiyue.api.catalogue"
local explain = require "weiyue.api.explain"
local json = require "weiyue.json"
local notation = require "weiyue.api.notation"
local request = require "weiyue.api.request"

local CTX <const> = { token = "t", appid = "a", secret = "s", component_appid = "c", component_secret = "cs", component_verify_ticket = "v" }

describe("weiyue api show", function()
  it("names every field of every row, and its examples are taken", function()
    catalogue.each(function(row)
      for _, zh in ipairs { true, false } do
        local text = assert(explain.show(row.key, zh, false))
        for _, fields in ipairs { row.query or {}, row.body or {} } do
          notation.each(fields, function(field) assert.truthy(text:find("\n  " .. field.name, 1, true), row.key .. " " .. field.name) end)
        end
        local args = text:match("\n  account%.api%.[%w_]+%.[%w_]+ ({.-})\n") or "{}"
        assert.is_table((assert(request.build(row, load("return " .. args, "=args", "t", {})(), CTX))), row.key)
        local shell = text:match("\n  weiyue api call [%w_.]+ '(.-)'\n")
        if shell then assert.is_table((assert(request.build(row, json.decode((shell:gsub("'\\''", "'"))), CTX))), row.key) end
      end
    end)
  end)

  it("is JSON that can be read, of every row", function()
    catalogue.each(function(row)
      local all = assert(json.decode((assert(explain.show(row.key, false, true)))))
      assert.equal(row.key, all.api)
      assert.equal(row.path, all.path)
      assert.is_true(#all.errors > 0 or row.auth == "none", row.key)
    end)
  end)

  it("lists codes of the note first, then of fields and token", function()
    assert.same({ 45015, 45047, 40003, 43004 }, table.move(explain.codes(catalogue.find "message_custom.send"), 1, 4, 1, {}))
    local codes = explain.codes(catalogue.find "media.upload")
    assert.same({ 41005, 40004, 40006, 40001, 45009, 48001 }, codes)
  end)

  it("tells what an unknown row is near to", function()
    for _, as_json in ipairs { true, false } do
      local none, err = explain.show("menu.creat", false, as_json)
      assert.is_nil(none)
      assert.equal("no endpoint menu.creat; the nearest is menu.create", err)
    end
  end)
end)
