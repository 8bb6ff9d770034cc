-- A plugin's globals: its own, over what all plugins share and nobody changes.
local app = require "spec.support.app"
local facts = require "spec.support.facts"
local folders = require "spec.support.folder"

local folder

before_each(function() folder = folders.new() end)
after_each(function() folder:remove() end)

local LIBRARIES <const> = { "string", "table", "math", "utf8", "coroutine", "os" }

describe("a library, to a plugin", function()
  for _, name in ipairs(LIBRARIES) do
    it(name .. " refuses an assignment and says what to do", function()
      for _, statement in ipairs { "%s.added = 1", "for key in pairs(%s) do %s[key] = 1 end", "%s.date = false",
        "for key in pairs(%s) do %s[key] = nil end" } do
        local loaded = folder:run((statement:gsub("%%s", name)))
        assert.equal(1, loaded.failed)
        assert.matches("one%.lua:2: " .. name .. "%.[%w_]+ is read%-only: .*put your own into a local.*放进自己的变量",
          loaded.problems)
      end
    end)
  end

  it("takes an assignment that changes nothing, as libraries for several versions of Lua make", function()
    local loaded = folder:run [[
      table.unpack = table.unpack or unpack
      math.none = nil
      wx.text("?", table.unpack { "fine" })
    ]]
    assert.equal("", loaded.problems)
    assert.equal("fine", loaded:says "?")
  end)

  it("is whole for pairs and by index, and has the state's functions", function()
    local loaded = folder:run [[
      local n = 0
      for name, f in pairs(string) do
        assert(string[name] == f)
        n = n + 1
      end
      wx.text("?", n .. type(rawget(string, "format")) .. getmetatable(string) .. ("a"):upper())
    ]]
    local n = 0
    for _ in pairs(string) do n = n + 1 end
    assert.equal(n .. "nilread-onlyA", loaded:says "?")
  end)

  it("stays whole for the others whatever rawset, table.insert, next and setmetatable do", function()
    folder:write {
      ["a.lua"] = [[
        local insert = table.insert
        for _, library in ipairs { string, table, math, utf8, coroutine, os, require "weiyue.json", require "weiyue".reply } do
          for name in pairs(library) do rawset(library, name, "of a") end
          rawset(library, "added", "of a")
          assert(not pcall(insert, library, "of a"))
          assert(not pcall(setmetatable, library, {}))
          for name in next, library do rawset(library, name, 5) end
        end
        getmetatable = nil
        pairs = nil
      ]],
      ["b.lua"] = [[
        local wx = require "weiyue"
        for _, library in ipairs { string, table, math, utf8, coroutine, os, require "weiyue.json", wx.reply } do
          for name, value in pairs(library) do assert(value ~= "of a" and name ~= "added" and value ~= 5) end
          assert(library.added == nil and #library == 0)
        end
        wx.text("b", function(msg)
          return string.format("%d", 5) .. table.concat { "-" } .. math.floor(1.5) .. utf8.char(65) .. msg.content:upper()
            .. type(os.time()) .. require "weiyue.json".encode { 1 } .. wx.reply.text("x").content
        end)
      ]],
    }
    local loaded = folder:load { { path = "a.lua" }, { path = "b.lua" } }
    assert.equal("", loaded.problems)
    assert.equal("5-1ABnumber[1]x", loaded:says "b")
    for _, name in ipairs(LIBRARIES) do assert.is_nil(_G[name].added) end
  end)

  it("serves the host's own code from another table: print and wx.log work after rawset", function()
    folder:write { ["a.lua"] = [[
      for _, library in ipairs { string, table } do
        for name in pairs(library) do rawset(library, name, function() return "of a" end) end
      end
      require "weiyue".log.info("from a", { key = 1 })
      print(2, "from a")
    ]] }
    local lines = app.logged(function() folder:load { { path = "a.lua" } } end)
    assert.same({
      { level = "info", event = "plugin.log", text = "from a", fields = { plugin = "a", key = 1 } },
      { level = "info", event = "plugin.log", text = "2\tfrom a", fields = { plugin = "a" } },
    }, lines)
  end)
end)

describe("a stock module and wx.reply, to a plugin", function()
  for what, text in pairs { ["weiyue.json"] = 'require "weiyue.json".encode = nil', ["wx.reply"] = "wx.reply.text = print",
    ["weiyue.log"] = 'require "weiyue.log".info = print' } do
    it(what .. " refuse an assignment", function()
      assert.matches("one%.lua:2: " .. what:gsub("%.", "%%.") .. "%.%w+ is read%-only", folder:run(text).problems)
    end)
  end

  it("are the same table each time", function()
    assert.equal("true", folder:run('wx.text("?", tostring(require "weiyue.json" == require "weiyue.json"))'):says "?")
  end)
end)

-- The rows of the hostile inputs that this is for, each with what proves it here.
local ROWS <const> = {
  P018 = function()
    local loaded = folder:run [[
      local got = {}
      for _, f in ipairs { function() os.execute "id" end, function() io.open "/etc/passwd" end,
        function() package.loadlib("x.so", "f") end, function() require "x.so" end, function() os.exit() end,
        function() debug.getregistry() end } do
        local ok, err = pcall(f)
        got[#got + 1] = tostring(ok)
        assert(err:find "nil value" or err:find "not found", err)
      end
      wx.text("?", table.concat(got, " "))
    ]]
    assert.equal("false false false false false false", loaded:says "?")
  end,
  P019 = function()
    folder:write { ["x.lua"] = "return 'outside'" }
    for _, name in ipairs { "../../../etc/x", "../x", "/etc/x", "a/../x", "..x", "x..y", ".x", "x\0y", "" } do
      folder:write { ["shop/init.lua"] = ("require(%q)"):format(name) }
      local loaded = folder:load { { path = "shop" } }
      assert.matches('shop/init%.lua:1: require: .* is not a module name', loaded.problems)
    end
  end,
  P020 = function()
    folder:write {
      ["plugins/a.lua"] = "pcall(function() string.format = nil end)\npcall(function() getmetatable('').__index = {} end)",
      ["plugins/b.lua"] = "require 'weiyue'.text('?', function(msg) return ('%s'):format(string.format('%d', 5)) .. msg.content:upper() end)",
      ["weiyue.lua"] = "return { accounts = { { token = 'wxtest' } } }",
    }
    local one = app.boot { path = folder.path .. "/weiyue.lua" }.accounts[1]
    assert.equal("5?", (one.dispatch { type = "text", content = "?", account = one.object }))
  end,
  P021 = function()
    folder:write {
      ["a.lua"] = "_G.ngx = 1\nfor i = 1, 1000000 do _G['key' .. i] = i end",
      ["b.lua"] = "require 'weiyue'.text('?', tostring(ngx) .. tostring(key1) .. tostring(_G.key1000000))",
    }
    collectgarbage()
    local before = collectgarbage "count"
    local loaded = folder:load { { path = "a.lua" }, { path = "b.lua" } }
    assert.equal("", loaded.problems)
    assert.equal("nilnilnil", loaded:says "?")
    assert.is_nil(rawget(_G, "ngx"))
    loaded = nil -- luacheck: ignore 311
    collectgarbage()
    collectgarbage()
    assert.is_true(collectgarbage "count" - before < 4096, "its globals are still in memory")
  end,
  P027 = function()
    folder:shell [[mkdir p && cd p && mkfifo pipe.lua && truncate -s 1G huge.lua && ln -s /dev/zero zero.lua &&
      ln -s none.lua dangling.lua && ln -s loop.lua loop.lua && mkdir -p dir/init.lua && mkdir folder.lua && ln -s /dev/tty tty.lua]]
    for path, why in pairs { ["p/pipe.lua"] = "pipe%.lua: not a regular file", ["p/huge.lua"] = "huge%.lua: larger than 1 MiB",
      ["p/zero.lua"] = "zero%.lua: not a regular file", ["p/tty.lua"] = "tty%.lua: not a regular file",
      ["p/dangling.lua"] = "there is no plugin .*dangling%.lua", ["p/loop.lua"] = "there is no plugin .*loop%.lua",
      ["p/dir"] = "dir/init%.lua: is a folder, not a file", ["p/dir/init.lua"] = "dir/init%.lua: is a folder, not a file",
      ["p/folder.lua"] = "folder%.lua/init%.lua: No such file" } do
      local began = os.clock()
      local loaded = folder:load { { path = path } }
      assert.matches(why, loaded.problems)
      assert.equal(1, loaded.failed)
      assert.is_true(os.clock() - began < 0.5)
    end
    -- a link to a regular file is how deployments are switched
    folder:shell "mkdir -p releases/3 && ln -s releases/3 current"
    folder:write { ["releases/3/a.lua"] = "require 'weiyue'.text('?', 'of release 3')" }
    assert.equal("of release 3", folder:load({ { path = "current/a.lua" } }):says "?")
    -- it has nothing to delete a file with
    assert.equal("nil", folder:run("wx.text('?', tostring(os.remove))"):says "?")
  end,
}

describe("hostile plugins", function()
  for _, row in ipairs(facts.rows "hostile-inputs.tsv") do
    if ROWS[row.id] then it(("%s: %s: %s"):format(row.id, row.input, row.expected), ROWS[row.id]) end
  end

  it("of these rows are all there", function()
    local n = 0
    for _, row in ipairs(facts.rows "hostile-inputs.tsv") do n = n + (ROWS[row.id] and 1 or 0) end
    assert.equal(5, n)
  end)
end)

describe("what all plugins get of a message and of accounts", function()
  it("is not changed by one of them", function()
    folder:write {
      ["plugins/a.lua"] = [[
        local wx = require "weiyue"
        wx.text("a", function(msg)
          local told = {}
          for i, f in ipairs {
            function() getmetatable(msg).__index = nil end, function() getmetatable(wx.contains "x").__index = {} end,
            function() getmetatable(msg.account).__index = {} end, function() msg.account.url = "http://evil.example" end,
            function() wx.account().can.menu = nil end, function() setmetatable(msg.account, nil) end,
          } do
            local ok, err = pcall(f)
            told[i] = tostring(ok)
            if i == 4 then told[i] = err:match "account%.url is read%-only" end
          end
          return table.concat(told, " ")
        end)
      ]],
      ["plugins/b.lua"] = [[
        local wx = require "weiyue"
        wx.text(wx.contains "b", function(msg)
          local n = 0
          for _ in pairs(msg.account) do n = n + 1 end
          return wx.reply.news { title = msg.account.id .. tostring(msg.raw ~= nil) .. tostring(n > 5), url = "/x" }
        end)
      ]],
      ["weiyue.lua"] = "return { accounts = { { token = 'wxtest', url = 'https://wx.example.cn' } } }",
    }
    local one = app.boot { path = folder.path .. "/weiyue.lua" }.accounts[1]
    local function says(content)
      local msg = setmetatable({ type = "text", content = content, account = one.object }, require "weiyue.message".metatable)
      return (one.dispatch(msg))
    end
    assert.equal("false false false account.url is read-only false false", says "a")
    assert.same({ type = "news", articles = { { title = "defaulttruetrue", url = "https://wx.example.cn/x" } } }, says "b")
  end)
end)
