-- Menus and logins against the fake WeChat of `weiyue sandbox`: what is declared is there, and pages know who opens them.

local browsers = require "spec.support.browser"
local sandbox = require "spec.support.sandbox"
local serve = require "spec.support.serve"

local CONFIG <const> = [[
return { listen = "127.0.0.1:0", accounts = { { id = "shop", kind = "service", verified = true, token = "wxtesttoken" } } }
]]

local PLUGIN <const> = [[
local wx = require "weiyue"
wx.menu { { "%s", click = "about" }, { "我的", page = "/me" } }
wx.menu { match = { client_platform_type = "ios" }, { "iOS", click = "about" } }
wx.click("about", "关于我们")
wx.page("/me", { login = "base" }, function(req) return "openid: " .. req.user.openid end)
wx.page("/name", { login = "userinfo" }, function(req) return "name: " .. tostring(req.user.nickname) end)
]]

describe("in the sandbox", function()
  local box

  setup(function() box = sandbox.start { ["weiyue.lua"] = CONFIG, ["plugins/shop.lua"] = PLUGIN:format "关于" } end)
  teardown(function() box:stop() end)

  local function bar() return box:get("/-/state").accounts[1].menu end

  local function has(name)
    serve.eventually("the menu " .. name, function()
      local menu = bar()
      return type(menu) == "table" and menu.button and menu.button[1].name == name
    end)
  end

  it("an account has the menu that its plugins declare, also when they are saved anew", function()
    has "关于"
    serve.write(box.server.folder, "plugins/shop.lua", PLUGIN:format "其他")
    has "其他"
  end)

  it("a page of the menu knows who opens it", function()
    has "其他"
    local page = bar().button[2].url
    local phone = browsers.new(page:match "^https?://[^/]+")
    finally(function() phone:close() end)
    phone:post(("http://127.0.0.1:%d/-/enter"):format(box.server.port),
      ([[-H 'Content-Type: application/json' -d '{"openid":"%s"}']]):format(box.openid))
    local consent = phone:get(page)
    assert.matches("/connect/oauth2/authorize%?appid=" .. box.appid, consent.headers.location)
    local back = phone:get((consent.headers.location:gsub("#.*", "")))
    assert.equal(302, back.status)
    local known = phone:get(back.headers.location)
    assert.same({ 302, "/me" }, { known.status, known.headers.location })
    assert.matches("openid: " .. box.openid, phone:get("/me").body, 1, true)
    assert.equal(200, phone:get("/name").status) -- with a button: he is known by his openid alone
    assert.is_nil(phone:get("/name").body:find("name:", 1, true))
  end)
end)
