-- What `weiyue init` writes: the files of a new project, in the order in which they are made.

local json = require "weiyue.json"

local M = {}

local CONFIG <const> = [[
-- The accounts of this project. 本项目的账号。
--
-- Secrets never stand in a file: env "NAME" takes them from the environment of the host. While you try things out,
-- `weiyue sandbox` makes up what is missing.
-- 密钥不写进文件：env "NAME" 在启动时从环境变量里取。用 weiyue sandbox 试的时候，缺的会自动补上假的。
return {
  listen = "0.0.0.0:8080",                -- put nginx or Caddy in front for TLS. 前面放 nginx 或 Caddy 做 TLS
  plugins = { "plugins/*.lua" },          -- every file there but *_spec.lua. 这里的每个文件，测试除外
  accounts = { {
    id = "demo",
    -- url = "https://wx.example.cn",     -- the public address, for links and pages. 公网地址，用于链接和网页
    path = "/wx",                         -- WeChat's server address ends so. 公众平台里填的服务器地址以它结尾
    kind = "service", verified = true,    -- or "subscription". 服务号（已认证）；订阅号写 "subscription"
    appid = env "WX_APPID",               -- 公众平台：设置与开发 → 基本配置
    secret = env "WX_SECRET",
    token = env "WX_TOKEN",
    aes_key = env "WX_AES_KEY",           -- EncodingAESKey: safe mode. 安全模式
  } },
}
]]

local PLUGIN <const> = [[
-- Save this file while `weiyue sandbox` or `weiyue serve` runs: the new version counts at once.
-- 运行时保存本文件，新版本立即生效。
local wx = require "weiyue"

-- A keyword: width, case and outer blanks do not count. 关键词：不分全角半角、大小写，忽略首尾空白
wx.text({ "你好", "hello" }, "你好，我是微月")

-- Any other text; runs after the specific rules, wherever it stands. 其余文字；排在更具体的规则之后
wx.text(function(msg) return "你说：" .. msg.content end)

-- The menu, and a click on it. 菜单，和点击菜单
wx.menu { { "关于", click = "about" } }
wx.click("about", "关于我们")

-- Somebody follows. 有人关注
wx.subscribe "欢迎关注！回复“你好”试试"
]]

local SPEC <const> = [[
-- weiyue test plugins
local t = require "weiyue.testing"

describe("hello", function()
  local app, user

  before_each(function()
    app = t.load { plugins = { "plugins/hello.lua" } }
    user = app:user()
  end)

  it("greets who greets", function()
    assert.equal("你好，我是微月", user:says("你好").text)
  end)

  it("repeats any other text", function()
    assert.equal("你说：天气", user:says("天气").text)
  end)

  it("tells about us where the menu is clicked", function()
    assert.equal("关于我们", user:clicks("about").text)
  end)
end)
]]

local IGNORE <const> = [[
/.weiyue/
/weiyue.db*
/.env
*.journal
*.journal.1
]]

local BUSTED <const> = [[
-- What `weiyue test` runs where nothing is named. weiyue test 不带参数时运行的测试
return {
  default = { ROOT = { "plugins" }, pattern = "_spec" },
}
]]

-- For the Lua language server: completion and types of all that plugins call.
local function luarc(meta)
  local settings = {
    ["runtime.version"] = "Lua 5.4", ["workspace.checkThirdParty"] = false,
    ["diagnostics.globals"] = { "env", "describe", "it", "before_each", "after_each", "setup", "teardown", "pending" },
  }
  if meta ~= "" then settings["workspace.library"] = { meta } end
  return json.encode(settings, { pretty = true, sort = true }) .. "\n"
end

--- The files of a new project.
---@param meta string where the types of the program are; "": nobody knows
---@return { path: string, text: string }[]
function M.files(meta)
  return {
    { path = "weiyue.lua", text = CONFIG },
    { path = "plugins/hello.lua", text = PLUGIN },
    { path = "plugins/hello_spec.lua", text = SPEC },
    { path = ".busted", text = BUSTED },
    { path = ".gitignore", text = IGNORE },
    { path = ".luarc.json", text = luarc(meta) },
  }
end

return M
