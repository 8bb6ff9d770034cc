-- The verbs that speak to a running host, with one that `weiyue sandbox` runs.
local json = require "weiyue.json"
local program = require "spec.support.program"
local sandbox = require "spec.support.sandbox"
local serve = require "spec.support.serve"

local CONFIG <const> = [[
return { listen = "127.0.0.1:0", reload = { watch = false }, plugins = { "plugins/*.lua" }, accounts = { { id = "shop",
  kind = "service", verified = true, appid = env "NO_SUCH_APPID", secret = env "NO_SUCH_SECRET",
  token = env "NO_SUCH_TOKEN", aes_key = env "NO_SUCH_KEY", url = "https://wx.example.cn" } } }
]]
local PLUGIN <const> = [[
local wx = require "weiyue"
wx.text("version", "%d")
wx.page("/bad", function() error "<here>" end)
wx.menu { { "关于", click = "about" } }
wx.click("about", "关于我们")
]]

describe("a running sandbox", function()
  local box

  setup(function() box = sandbox.start { ["weiyue.lua"] = CONFIG, ["plugins/shop.lua"] = PLUGIN:format(1) } end)
  teardown(function() box:stop() end)

  local function verb(arguments) return serve.run(box.server.folder, arguments) end

  it("is found by reload", function()
    serve.write(box.server.folder, "plugins/shop.lua", PLUGIN:format(2))
    for _, options in ipairs { "", "--state .weiyue/sandbox" } do
      local done = verb("reload --json " .. options)
      assert.equal(0, done.status, done.err)
      assert.is_true(json.decode(done.out).ok)
    end
    assert.equal("2", box:says("version").text)
    assert.matches("this host keeps no earlier generations", verb "rollback".err)
  end)

  it("has a token, and is called by api call, where --sandbox says so", function()
    assert.matches("^%S+\n$", verb "token --sandbox".out)
    local done = verb "api call menu.get --sandbox"
    assert.equal(0, done.status, done.err)
    assert.matches("关于", done.out)
  end)

  it("takes a push with --sandbox, whose keys it has made up", function()
    local done = verb "push shop --sandbox --text version"
    assert.equal(0, done.status, done.out .. done.err)
    assert.matches("\ncontent: %d\n", done.out)
    assert.matches("has no account none; it has: shop", verb "push none --sandbox --text version".err)
  end)

  it("shows the error of a page, since who looks at it develops it", function()
    local address = json.decode(program.read(box.server.folder .. "/.weiyue/sandbox/setup.json")).url
    local done = program.shell(box.server.folder, "curl -s " .. address .. "/bad")
    assert.matches("<pre[^>]*>.*plugins/shop.lua:3: &lt;here>", done.out)
  end)

  it("is not there once it has ended, and nothing is sent to WeChat instead", function()
    local other = serve.folder { ["weiyue.lua"] = CONFIG, ["plugins/shop.lua"] = PLUGIN:format(1) }
    for _, arguments in ipairs { "token", "api call menu.get", "push shop --text version" } do
      local done = serve.run(other, arguments .. " --sandbox")
      assert.equal(1, done.status)
      assert.matches("no sandbox runs with the state folder %.weiyue/sandbox; weiyue sandbox starts one", done.err)
    end
    serve.remove(other)
  end)
end)
