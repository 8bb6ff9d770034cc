-- What no line from Lua shows: the keys of accounts, and what a plugin's configuration marks as secret.
local rig = require "spec.support.rig"

local SECRET <const> = "wxtest-plugin-secret"

describe("a line from a plugin", function()
  local app

  local function host(plugin)
    app = rig.new {
      mode = "safe", plugin = "wx.plugin { schema = { key = { type = 'string', secret = true } } }\n" .. plugin,
      account = 'secret = "wxtestappsecret0123456789"',
      config = ('plugins = { one = { path = "plugins/one.lua", config = { key = "%s" } } }'):format(SECRET),
    }
    return app
  end
  after_each(function() app:free() end)

  local function all() return table.concat(app:logged(), "\n") end

  it("shows no secret that it prints or logs, in the text or in a field", function()
    host [[wx.text("hi", function()
      local object = setmetatable({}, { __tostring = function() return wx.config.key end })
      wx.log.warn("key=" .. wx.config.key .. "!", { field = wx.config.key, table = object })
      print("printed", wx.config.key)
      require "weiyue.log".error("stock " .. wx.config.key)
      return nil, "given back " .. wx.config.key
    end)]]
    app:user():says "hi"
    app:advance(0)
    local text = all()
    assert.is_nil(text:find(SECRET, 1, true), text)
    for _, part in ipairs { "key=***!", "field=***", "table=***", 'printed\\t***', "stock ***", "given back ***" } do
      assert.is_truthy(text:find(part, 1, true), part .. "\n" .. text)
    end
  end)

  it("shows no secret that it raises, in a handler, in a task or in a timer", function()
    host [[
      wx.text("hi", function() error("raised " .. wx.config.key) end)
      wx.text("spawn", function()
        wx.spawn(function() error("spawned " .. wx.config.key) end)
        return "ok"
      end)
      wx.text("say", function(msg)
        msg:say "first"
        error("said " .. wx.config.key)
      end)
      wx.every("10s", function() error("timed " .. wx.config.key) end)
    ]]
    local user = app:user()
    for _, text in ipairs { "hi", "spawn", "say" } do
      user:says(text)
      app:advance(1)
    end
    app:advance(20)
    local text = all()
    assert.is_nil(text:find(SECRET, 1, true), text)
    for _, part in ipairs { "raised ***", "spawned ***", "said ***", "timed ***" } do
      assert.is_truthy(text:find(part, 1, true), part .. "\n" .. text)
    end
  end)

  it("shows no key of an account, however it came by it", function()
    host [[wx.text(function(msg)
      print(msg.content)
      error(msg.content)
    end)]]
    local one = app.account
    local checked = 0
    for _, key in ipairs { one.token, one.aes_key, "wxtestappsecret0123456789" } do
      if #key >= 8 then
        app:user():says("the key is " .. key)
        app:advance(0)
        checked = checked + 1
        local text = all()
        assert.is_nil(text:find(key, 1, true), text)
        assert.is_truthy(text:find("the key is ***", 1, true), text)
      end
    end
    assert.is_true(checked >= 2)
  end)

  it("is as it was where it shows none", function()
    host [[wx.text("hi", function() print("nothing secret: wxtest-plugin-secre") end)]]
    app:user():says "hi"
    app:advance(0)
    assert.is_truthy(all():find("nothing secret: wxtest-plugin-secre", 1, true))
  end)
end)
