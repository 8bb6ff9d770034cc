-- lua/meta against the modules that it describes: the same names, no more and no fewer.

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

-- Names that a file describes: functions and the fields of the module's own class, as "sign" or
-- "reply.text".
local function described(text, module)
  local root = assert(text:match("\nlocal (%w+) = {}"), "no module table")
  local names = {}
  for name in text:gmatch("\nfunction " .. root .. "%.([%w_.]+)%(") do names[#names + 1] = name end
  for class, fields in text:gmatch("%-%-%-@class ([%w_.]+)[^\n]*\n(.-)local ") do
    if class == module then
      for field in fields:gmatch("%-%-%-@field ([%w_]+)") do names[#names + 1] = field end
    end
  end
  table.sort(names)
  return names
end

-- Names that a module has; the tables in `open` are looked into, other values count as they are.
local function real(module, open)
  local names = {}
  for name, value in pairs(module) do
    if open[name] then
      for inner in pairs(value) do names[#names + 1] = name .. "." .. inner end
    else
      names[#names + 1] = name
    end
  end
  table.sort(names)
  return names
end

describe("lua/meta", function()
  for _, name in ipairs { "codec", "crypto", "form", "json", "log", "time", "url", "xml" } do
    it("describes weiyue." .. name, function()
      local text = read("lua/meta/" .. name .. ".lua")
      assert.same(real(require("weiyue." .. name), {}), described(text, "weiyue." .. name))
    end)
  end

  it("describes weiyue.token, api, jssdk and menu, which a host has", function()
    local code = {
      token = read "lua/weiyue/token.lua", catalogue = read "lua/weiyue/api/init.lua", jssdk = read "lua/weiyue/jssdk.lua",
      menu = read "lua/weiyue/menu.lua",
    }
    for name, text in pairs(code) do
      local names = {}
      for one in text:gmatch("\nfunction M%.([%w_]+)%(") do names[#names + 1] = one end
      table.sort(names)
      assert.same(names, described(read("lua/meta/" .. name .. ".lua"), "weiyue." .. (name == "catalogue" and "api" or name)))
    end
  end)

  it("describes weiyue", function()
    -- names are all that is looked at here, and a stock Lua has neither tasks nor a host's memory
    if not pcall(require, "weiyue.task") then
      package.loaded["weiyue.task"] = { scope = function() end }
      package.loaded["weiyue.limits"] = {}
      package.loaded["weiyue.shared"] = { object = function() return {} end }
    end
    package.loaded["weiyue.transport"] = package.loaded["weiyue.transport"] or {}
    local text = read("lua/meta/weiyue.lua")
    assert.is_table(require("weiyue").http) -- made when it is asked for
    assert.same(real(require "weiyue", { reply = true, log = true }), described(text, "weiyue"))
  end)

  it("describes weiyue.testing and its objects", function()
    local text, members = read "lua/meta/testing.lua", {}
    for class, name in text:gmatch "\nfunction (%w+)[.:]([%w_]+)%(" do
      members[class] = members[class] or {}
      table.insert(members[class], name)
    end
    local sources = { app = "app", http = "stubs", user = "users", page = "browser" }
    local tables = { app = "App", http = "Http", user = "User", page = "Page" }
    for class, file in pairs(sources) do
      local names = {}
      for name in read("lua/weiyue/testing/" .. file .. ".lua"):gmatch("\nfunction " .. tables[class] .. "[.:](%l[%w_]*)%(") do
        names[#names + 1] = name
      end
      table.sort(names)
      table.sort(members[class])
      assert.same(names, members[class])
    end
    local asked = {}
    for name in read("lua/weiyue/testing.lua"):gmatch "\n  function wechat%.([%w_]+)%(" do asked[#asked + 1] = name end
    table.sort(asked)
    table.sort(members.wechat)
    assert.same(asked, members.wechat)
    local checks, fields = {}, {}
    for name in read("lua/weiyue/testing/replies.lua"):gmatch "\nfunction checks%.([%w_]+)%(" do checks[name] = true end
    for _, kind in ipairs { "image", "voice", "video", "music" } do checks["is_" .. kind] = true end
    for name in text:match "@class weiyue.testing.Reply\n(.-)\n\n":gmatch "@field ([%w_]+)" do fields[name] = true end
    assert.same(checks, fields)
  end)

  it("describes weiyue.http", function()
    package.loaded["weiyue.transport"] = package.loaded["weiyue.transport"] or {}
    local http = require("weiyue.http").new { name = "spec" }
    assert.same(real(http, {}), described(read "lua/meta/http.lua", "weiyue.http"))
  end)

  it("describes every field that a kind of reply has", function()
    local text = read("lua/meta/codec.lua"):match("%-%-%-@class weiyue.codec.Reply\n(.-)\n\n")
    local have = {}
    for field in text:gmatch("%-%-%-@field ([%w_]+)") do have[field] = true end
    for _, kind in ipairs(require("weiyue.codec").reply_types()) do
      for _, field in ipairs(kind.fields) do
        assert.is_true(have[field.key], ("%s of %s"):format(field.key, kind.name))
      end
    end
  end)

  it("describes every endpoint of WeChat's API, by family and name", function()
    local text, catalogue, n = read("lua/meta/api.lua"), require "weiyue.api.catalogue", 0
    for _ in text:gmatch("\nfunction [%w_]+%.[%w_]+%(") do n = n + 1 end
    assert.equal(659, n)
    for _, family in ipairs(catalogue.families()) do
      assert.truthy(text:find(("---@field %s weiyue.account.api.%s\n"):format(family, family), 1, true), family)
      for _, name in ipairs(catalogue.names(family)) do
        assert.truthy(text:find(("\nfunction %s.%s("):format(family, name), 1, true), family .. "." .. name)
      end
    end
  end)

  local FILES <const> = {
    "api", "catalogue", "codec", "crypto", "form", "http", "jssdk", "json", "log", "menu", "message", "shared", "store",
    "testing", "time", "token", "url", "user", "web", "weiyue", "xml",
  }
  for _, name in ipairs(FILES) do
    it(("%s.lua is Lua, opens with @meta and raises when it is required"):format(name), function()
      local path = "lua/meta/" .. name .. ".lua"
      assert.equal("---@meta", read(path):sub(1, 8))
      local chunk = assert(loadfile(path, "t", {
        error = function(text) error("raised: " .. text, 0) end,
      }))
      local ok, err = pcall(chunk)
      assert.is_false(ok)
      assert.matches("^raised: lua/meta ", err)
    end)
  end
end)
