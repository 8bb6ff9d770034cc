-- Plugins with faults in a served host: each is told with file and line, and the others answer.
local json = require "weiyue.json"
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
  { "a page without a handler", "require 'weiyue'.page('/', 'x')\n", "broken%.lua:1: wx%.page wants a path and a function" },
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

describe("what a broken plugin raises", function()
  -- Lines, control bytes, a terminal's escapes, and bytes that are no text.
  local RAISED <const> = { { "lines", [[error("first\nerror: forged\r\n\27[31mred\0\127", 0)]] },
    { "no text", [[error("GBK \xC4\xE3\xBA\xC3\n", 0)]] } }

  for _, case in ipairs(RAISED) do
    local name, text = case[1], case[2]
    local function check(arguments)
      local folder = serve.folder { ["weiyue.lua"] = serve.config { account }, ["plugins/broken.lua"] = text .. "\n" }
      finally(function() serve.remove(folder) end)
      local r = serve.run(folder, "check " .. arguments)
      assert.equal(1, r.status)
      return r
    end

    it("is one clean line of `weiyue check`: " .. name, function()
      local r = check ""
      local lines = {}
      for line in r.err:gmatch "[^\n]*\n" do lines[#lines + 1] = line:sub(1, -2) end
      assert.equal(2, #lines) -- and the sum of it
      assert.matches("%(plugin broken was not loaded%)$", lines[1])
      assert.is_nil(lines[1]:find "%c")
      assert.is_truthy(utf8.len(r.err), r.err)
    end)

    it("is UTF-8 and JSON in `weiyue check --json`: " .. name, function()
      local r = check "--json"
      assert.is_truthy(utf8.len(r.out), r.out)
      local report = assert(json.decode(r.out))
      assert.is_false(report.ok)
      assert.equal(1, #report.problems)
      assert.is_nil(report.problems[1].en:find "%c")
      assert.matches("%(plugin broken was not loaded%)$", report.problems[1].en)
    end)
  end
end)

describe("a plugin's settings", function()
  local SHOP <const> = "local wx = require 'weiyue'\nwx.plugin { schema = { erp = { type = 'string', required = true } } }\n"

  it("that are wrong are told by `weiyue check` and `weiyue serve` with their line, and the others answer", function()
    local files = { ["weiyue.lua"] = ("return { plugins = { 'plugins/*.lua',\nshop = { path = 'plugins/shop.lua',\n"
      .. "config = { epr = 'x' } } }, workers = 1, admin = false, accounts = { %s } }"):format(account.lua),
      ["plugins/shop.lua"] = SHOP .. "wx.text('hi', 'the shop')\n", ["plugins/good.lua"] = GOOD }
    local folder = serve.folder(files)
    finally(function() serve.remove(folder) end)
    local r = serve.run(folder, "check")
    assert.equal(1, r.status)
    assert.matches("weiyue%.lua:3: plugins%.shop%.config%.epr: unknown key; the nearest known one is erp", r.err)
    assert.matches("weiyue%.lua:3: plugins%.shop%.config%.erp: must be set: a string", r.err)
    local server = serve.start(files)
    local said, log = server:says(account, "hi"), server:log()
    server:stop()
    assert.equal("the good one", said)
    assert.matches("plugins%.shop%.config%.epr: unknown key", log)
  end)

  it("from the environment are in no line of `weiyue check`, whatever the plugin raises", function()
    local path = assert(os.getenv "PATH")
    local folder = serve.folder { ["weiyue.lua"] = serve.config({ account },
      "plugins = { shop = { path = 'plugins/shop.lua', config = { erp = env 'PATH' } } }"),
      ["plugins/shop.lua"] = SHOP .. "error('the path is ' .. wx.config.erp)" }
    finally(function() serve.remove(folder) end)
    for _, arguments in ipairs { "check", "check --json" } do
      local r = serve.run(folder, arguments)
      assert.equal(1, r.status)
      assert.matches("plugins/shop%.lua:3: the path is %*%*%*", r.out .. r.err)
      assert.is_nil((r.out .. r.err):find(path, 1, true))
    end
  end)
end)

describe("weiyue:rules", function()
  it("answers in a served host, and weiyue:sandbox is refused with a line of its own", function()
    local server = serve.start { ["weiyue.lua"] = serve.config({ account }, [[plugins = { "weiyue:sandbox", rules = { path = "weiyue:rules",
      config = { rules = { { text = "1", reply = "九点" }, { click = "news", news = { { title = "标题", url = "/a" } } } } } } }]]) }
    finally(function() server:stop() end)
    assert.matches("the sandbox is no plugin to list: `weiyue sandbox` runs it; not in this build", server:log())
    assert.equal("九点", server:says(account, "1"))
    local answer = server:push(account, push.message("event", "CLICK", "EventKey", "news"))
    assert.matches("<Title><!%[CDATA%[标题%]%]></Title>", answer.body)
  end)
end)

describe("a plugin's folder", function()
  it("may have a name that looks like a pattern", function()
    local folder = serve.folder { ["w[x]*?/weiyue.lua"] = serve.config { account }, ["w[x]*?/plugins/good.lua"] = GOOD,
      ["wxy/plugins/other.lua"] = "error 'another folder'\n" }
    finally(function() serve.remove(folder) end)
    local r = serve.run(folder, "check 'w[x]*?/weiyue.lua'")
    assert.same({ 0, "ok: accounts: 1 (bot /bot plain), plugins: 1\n" }, { r.status, r.out })
  end)
end)

describe("an account", function()
  it("that names a plugin which is not there fails `weiyue check`, naming both", function()
    local one = serve.account("one", "plain", 'plugins = { "good", "typo" }')
    local folder = serve.folder { ["weiyue.lua"] = serve.config { one }, ["plugins/good.lua"] = GOOD }
    finally(function() serve.remove(folder) end)
    local r = serve.run(folder, "check")
    assert.equal(1, r.status)
    assert.matches("account one wants the plugin typo, which is not loaded", r.err)
  end)

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
