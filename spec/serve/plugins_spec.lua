-- Plugins with faults in a served host: each is told with file and line, and the others answer.
local push = require "spec.support.push"
local serve = require "spec.support.serve"

local account <const> = serve.account("bot", "plain")

local GOOD <const> = [[
local wx = require "weiyue"
wx.text("hi", "the good one")
]]

-- Each: the file's text, and what must be said of it.
local BROKEN <const> = {
  { "a syntax error", "local wx = require 'weiyue'\nwx.text(\n", "broken%.lua:3: unexpected symbol near <eof>" },
  { "an error while loading", "local a\nlocal b = a.b\n", "broken%.lua:2: attempt to index a nil value" },
  { "a wrong argument", "local wx = require 'weiyue'\n\nwx.text('a', 5)\n", "broken%.lua:3: wx%.text wants a reply" },
  { "a wait while loading", "require 'weiyue'.sleep(1)\n", "broken%.lua:1: cannot wait here" },
  { "a spawn while loading", "require 'weiyue'.spawn(print)\n", "broken%.lua:1: spawn needs a running task" },
  { "a raised table", "error {}\n", "error object is a table value" },
  { "a module that is not there", "require 'nothing'\n", "broken%.lua:1: module 'nothing' not found" },
  { "a name of a later build", "require 'weiyue'.page('/', 'x')\n", "broken%.lua:1: wx%.page is not in this build" },
  { "another encoding", "-- \xC4\xE3\xBA\xC3\n", "broken%.lua: not UTF%-8" },
}

describe("a broken plugin", function()
  for _, case in ipairs(BROKEN) do
    it("with " .. case[1] .. " is told and left out; the others answer", function()
      local files = { ["weiyue.lua"] = serve.config { account }, ["plugins/broken.lua"] = case[2],
        ["plugins/good.lua"] = GOOD }
      local server = serve.start(files)
      finally(function() server:stop() end)
      assert.matches(case[3], server:log())
      assert.equal("the good one", server:says(account, "hi"))
      assert.equal("success", server:push(account, push.text "unknown").body)
    end)

    it("with " .. case[1] .. " fails `weiyue check`", function()
      local folder = serve.folder { ["weiyue.lua"] = serve.config { account }, ["plugins/broken.lua"] = case[2],
        ["plugins/good.lua"] = GOOD }
      finally(function() serve.remove(folder) end)
      local r = serve.run(folder, "check")
      assert.equal(1, r.status)
      assert.matches(case[3], r.err)
    end)
  end
end)

describe("an account", function()
  it("runs the plugins it names only", function()
    local one = serve.account("one", "plain", 'plugins = { "a" }')
    local two = serve.account("two", "plain", 'plugins = { "plugins/b.lua" }')
    local server = serve.start {
      ["weiyue.lua"] = serve.config { one, two },
      ["plugins/a.lua"] = "require 'weiyue'.text('hi', 'a')\n",
      ["plugins/b.lua"] = "require 'weiyue'.text('hi', 'b')\n",
    }
    finally(function() server:stop() end)
    assert.equal("a", server:says(one, "hi"))
    assert.equal("b", server:says(two, "hi"))
  end)
end)
