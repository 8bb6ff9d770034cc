-- require: modules that are asked for later, and C modules that the configuration names.
local folders = require "spec.support.folder"
local sources = require "weiyue.sources"

local folder

before_each(function() folder = folders.new() end)
after_each(function() folder:remove() end)

describe("a module that is required in a handler", function()
  local FILES <const> = {
    ["shop/init.lua"] = [[
      local wx = require "weiyue"
      runs = 0
      wx.text("plain", function() return require "later" end)
      wx.text("call", function() return require("deep.er").text end)
      wx.text("quote", function() return require 'deep.er'.text .. runs end)
      wx.text("name", function()
        local computed = require("com" .. "puted")
        return computed
      end)
      wx.text("broken", function() return require "broken" end)
    ]],
    ["shop/later.lua"] = "return 'later 1'",
    ["shop/deep/er.lua"] = "runs = runs + 1\nreturn { text = 'deeper ' .. require 'below' }",
    ["shop/below.lua"] = "return 'below 1'",
    ["shop/computed.lua"] = "return 'computed'",
    ["shop/broken.lua"] = "return return",
  }

  it("is the one that was there when the plugin was loaded, once", function()
    folder:write(FILES)
    local loaded = folder:load { { path = "shop" } }
    assert.equal("", loaded.problems)
    folder:shell "rm -r shop"
    assert.equal("later 1", loaded:says "plain")
    assert.equal("deeper below 1", loaded:says "call")
    assert.equal("deeper below 11", loaded:says "quote")
  end)

  it("is in the snapshot", function()
    folder:write(FILES)
    local disk = sources.disk()
    folder:load({ { path = "shop" } }, { sources = disk })
    folder:shell "rm -r shop"
    local loaded = folder:load({ { path = "shop" } }, { sources = sources.replay(disk.snapshot()) })
    assert.equal("deeper below 1", loaded:says "call")
  end)

  it("by a name that is put together is not found, and the error says why", function()
    folder:write(FILES)
    local loaded = folder:load { { path = "shop" } }
    local ok, err = pcall(loaded.says, loaded, "name")
    assert.is_false(ok)
    assert.matches("shop/init%.lua:7: module 'computed' not found:\n\tit was not read while the plugin loaded: "
      .. "require it there, or by a name in quotes", err)
  end)

  it("tells its own fault", function()
    folder:write(FILES)
    local loaded = folder:load { { path = "shop" } }
    local ok, err = pcall(loaded.says, loaded, "broken")
    assert.is_false(ok)
    assert.matches("shop/broken%.lua:1: unexpected symbol", err)
  end)
end)

describe("a C module", function()
  -- busted itself needs lfs, so it is there
  it("is required when the configuration names it, one for all plugins", function()
    folder:write {
      ["a.lua"] = "local lfs = require 'lfs'\nrequire 'weiyue'.text('a', function() return type(lfs.currentdir()) .. lfs.mark end)",
      ["b.lua"] = "require 'lfs'.mark = 'of b'",
    }
    local loaded = folder:load({ { path = "b.lua" }, { path = "a.lua" } }, { c_modules = { "lfs" } })
    assert.equal("", loaded.problems)
    assert.equal("stringof b", loaded:says "a")
    assert.is_nil(require "lfs".mark)
  end)

  it("is not found otherwise", function()
    assert.matches("one%.lua:2: module 'lfs' not found", folder:run("require 'lfs'").problems)
    assert.matches("one%.lua:2: module 'lfs' not found", folder:run("require 'lfs'", nil, { c_modules = { "lf", "lfs.x" } }).problems)
  end)

  it("that is not installed is told with the places looked at", function()
    assert.matches("module 'nothing%.here' not found:.*no file '[^']*/nothing%.so'",
      folder:run("require 'nothing.here'", nil, { c_modules = { "nothing" } }).problems)
  end)

  it("is never a library of Lua or of the host", function()
    for _, name in ipairs { "io", "debug", "package", "_G", "os", "weiyue.files" } do
      assert.equal(1, folder:run(("require %q"):format(name), nil, { c_modules = { name } }).failed)
    end
  end)
end)
