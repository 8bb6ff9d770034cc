-- Loading plugins: files and folders, their globals, require, and what is refused.
local app = require "spec.support.app"
local dispatch = require "weiyue.dispatch"
local folders = require "spec.support.folder"
local plugin = require "weiyue.plugin"
local rules = require "weiyue.rules"

local folder, files

local function shell(command) files:shell(command) end
local function write(list) files:write(list) end

local host <const> = { account = function() return { id = "spec" } end }

-- Loads entries (paths, or { name, path }): by name, and every fault and note in one text.
local function load_all(...)
  local entries = {}
  for i, one in ipairs { ... } do
    entries[i] = type(one) == "table" and { name = one[1], path = one[2] } or { path = one }
  end
  local loaded, problems, failed = plugin.load(entries,
    { file = "weiyue.lua", folder = folder, lua_path = { { folder = folder .. "/", pattern = "lib/?.lua" } } }, host)
  local by_name, text = {}, {}
  for i, p in ipairs(loaded) do by_name[i], by_name[p.name] = p.name, p end
  for i, p in ipairs(problems) do
    assert.is_true(p.level == "error" or p.level == "note")
    assert.is_true(#p.zh > 0)
    text[i] = p.level .. ": " .. p.en
  end
  return by_name, table.concat(text, "\n"), failed
end

-- What loaded plugins answer to a text; false: nothing.
local function answer(loaded, content)
  local list = {}
  for i, name in ipairs(loaded) do list[i] = loaded[name] end
  return (dispatch.dispatcher(rules.compile(list)) { type = "text", content = content, account = { id = "spec" } })
end

-- Loads one plugin with this text, which must load, and gives what it answers to "?".
local function run(text, name)
  write { [name or "one.lua"] = "local wx = require \"weiyue\"\n" .. text }
  local loaded, problems, failed = load_all(name or "one.lua")
  assert.equal("", problems)
  assert.equal(0, failed)
  return answer(loaded, "?")
end

-- The one fault of a plugin with this text.
local function fault(text)
  write { ["one.lua"] = text }
  local loaded, problems, failed = load_all "one.lua"
  assert.same({}, loaded)
  assert.equal(1, failed)
  return problems
end

before_each(function()
  files = folders.new()
  folder = files.path
end)
after_each(function() files:remove() end)

describe("a plugin", function()
  it("is a file or a folder with init.lua, named after it", function()
    write {
      ["shop.lua"] = "require 'weiyue'.text('shop', 'a file')",
      ["club/init.lua"] = "require 'weiyue'.text('club', 'a folder')",
      ["bar/init.lua"] = "require 'weiyue'.text('bar', 'named by its file')",
      ["odd/x.lua"] = "require 'weiyue'.text('odd', 'named by the configuration')",
    }
    local loaded, problems = load_all("shop.lua", "club/", "bar/init.lua", { "other", "odd/x.lua" })
    assert.equal("", problems)
    assert.same({ "shop", "club", "bar", "other" }, table.move(loaded, 1, #loaded, 1, {}))
    for _, name in ipairs { "shop", "club", "bar", "odd" } do assert.is_string(answer(loaded, name)) end
  end)

  it("gets its name and file as arguments", function()
    assert.equal("one " .. folder .. "/one.lua",
      run "local name, file = ... wx.text('?', name .. ' ' .. file)")
  end)

  it("is found by a pattern, in order, each once", function()
    write { ["p/b.lua"] = "", ["p/a.lua"] = "", ["p/c/init.lua"] = "" }
    local loaded, problems = load_all("p/a.lua", "p/*.lua", "p/*", "p/[b]*")
    assert.same({ "a", "b", "c" }, table.move(loaded, 1, #loaded, 1, {}))
    assert.equal("", problems)
  end)

  it("is not missed when a new project has none yet", function()
    local _, problems, failed = load_all "plugins/*.lua"
    assert.matches("^note: weiyue%.lua: plugins%[1%]: no file matches .*/plugins/%*%.lua$", problems)
    assert.equal(0, failed)
  end)

  it("is a folder that no entry lists: a note says so", function()
    write { ["p/a.lua"] = "", ["p/menu/init.lua"] = "", ["p/data/rows.lua"] = "" }
    local loaded, problems, failed = load_all "p/*.lua"
    assert.same({ "a", 0 }, { loaded[1], failed })
    assert.matches('^note: [^\n]*/p/menu has an init%.lua, but is not listed in plugins %("p/menu"%): not loaded$', problems)
    for _, entry in ipairs { "p/menu", "p/menu/", "p/menu/init.lua", "./p/menu", { "shop", "p/menu" } } do
      assert.equal("", select(2, load_all("p/*.lua", entry)))
    end
  end)

  it("is missed when another pattern matches nothing", function()
    local _, problems, failed = load_all "nothing/*.lua"
    assert.matches("^error: weiyue%.lua: plugins%[1%]: no file matches .*/nothing/%*%.lua$", problems)
    assert.equal(1, failed)
  end)

  it("is found in a folder whose name looks like a pattern", function()
    local outer = folder
    finally(function() folder, files.path = outer, outer end)
    folder = outer .. "/w[x]*?"
    files.path = folder
    assert(os.execute("mkdir '" .. folder .. "' '" .. outer .. "/wxy'")) -- the second is what the pattern means
    write {
      ["p/a.lua"] = "require 'weiyue'.text('a', 'of a')", ["p/b/init.lua"] = "require 'weiyue'.text('b', 'of b')",
      ["../wxy/c.lua"] = "error 'another folder'",
    }
    for _, entries in ipairs { { "p/a.lua", "p/b" }, { "p/*" }, { "p/[a]*", "p/?" }, { folder .. "/p/a.lua", "p/b/init.lua" } } do
      if entries[1]:find "^/" then entries[1] = entries[1]:gsub("[%[%]*?]", "\\%0") end -- a pattern as it stands
      local loaded, problems, failed = load_all(table.unpack(entries))
      assert.same({ "a", "b", "", 0 }, { loaded[1], loaded[2], problems, failed })
      assert.same({ "of a", "of b" }, { answer(loaded, "a"), answer(loaded, "b") })
    end
    local loaded, problems, failed = load_all "c.lua"
    assert.same({}, loaded)
    assert.matches("there is no plugin", problems)
    assert.equal(1, failed)
  end)

  it("has a name: a path that gives none is an error", function()
    for _, path in ipairs { "/", "//" } do
      local loaded, problems, failed = load_all(path)
      assert.same({}, loaded)
      assert.equal(("error: weiyue.lua: plugins[1]: %s is no plugin"):format(path), problems)
      assert.equal(1, failed)
    end
  end)

  it("that is not there is an error", function()
    local _, problems, failed = load_all("nothing.lua", "weiyue:poll")
    assert.matches("error: weiyue%.lua: plugins%[1%]: there is no plugin .*/nothing%.lua", problems)
    assert.matches("error: weiyue%.lua: plugins%[2%]: the bundled plugin weiyue:poll is not in this build; there is weiyue:menu, weiyue:rules",
      problems)
    assert.equal(2, failed)
  end)

  it("shares its name with no other", function()
    write { ["a/shop.lua"] = "require 'weiyue'.text('?', 'first')", ["b/shop.lua"] = "require 'weiyue'.text('?', 'second')" }
    local loaded, problems, failed = load_all("a/shop.lua", "b/shop.lua")
    assert.matches("two plugins are named shop: .*/a/shop%.lua and .*/b/shop%.lua", problems)
    assert.equal(1, failed)
    assert.equal("first", answer(loaded, "?"))
  end)

  it("names its own file in its rules, whatever its folder is called", function()
    write { ["weiyue/shop.lua"] = "\nrequire 'weiyue'.text('?', 'a')" }
    local loaded = load_all "weiyue/shop.lua"
    assert.matches("weiyue/shop%.lua:2$", loaded.shop.rules[1].where)
  end)
end)

describe("a plugin's globals", function()
  it("are its own", function()
    write {
      ["a.lua"] = "shared = 'a'; _G.also = 'a'; print = nil\nrequire 'weiyue'.text('a', function() return shared .. also .. tostring(print) end)",
      ["b.lua"] = "require 'weiyue'.text('b', function() return tostring(shared) .. tostring(also) .. type(print) end)",
    }
    local loaded = load_all("a.lua", "b.lua")
    assert.equal("aanil", answer(loaded, "a"))
    assert.equal("nilnilfunction", answer(loaded, "b"))
    assert.is_nil(rawget(_G, "shared"))
    assert.is_function(print)
  end)

  it("do not reach the methods of strings, which all plugins share", function()
    write { ["plugins/a.lua"] = [[
      local wx = require "weiyue"
      local mt = getmetatable ""
      local written = pcall(function() mt.__index.upper = function() return "changed" end end)
      wx.text("?", function(msg)
        return table.concat({ type(mt), type(mt) == "table" and "reached" or tostring(mt.__index), tostring(written),
          msg.content:upper() }, " ")
      end)
    ]] }
    local loaded = app.boot { text = [[return { accounts = { { token = "wxtest" } } }]], name = "weiyue.lua", folder = folder }
    local one = loaded.accounts[1]
    assert.equal("string nil false ?", (one.dispatch { type = "text", content = "?", account = one.object }))
    assert.equal("A", ("a"):upper())
  end)

  it("hold what a plugin needs of Lua", function()
    assert.equal("", run [[
      local missing = {}
      for name in ("assert error ipairs next pairs pcall xpcall rawequal rawget rawlen rawset select setmetatable "
        .. "getmetatable tonumber tostring type _VERSION _G print load require coroutine math string table utf8 os"):gmatch "%S+" do
        if _G[name] == nil then missing[#missing + 1] = name end
      end
      for name in ("clock date difftime getenv time"):gmatch "%S+" do
        if not os[name] then missing[#missing + 1] = "os." .. name end
      end
      wx.text("?", function() return "missing:" .. table.concat(missing, " ") end)
    ]]:sub(#"missing:" + 1))
  end)

  it("hold nothing that reaches the process, the file system or other plugins", function()
    assert.equal("found:", run [[
      local found = {}
      for name in ("io debug package dofile loadfile arg"):gmatch "%S+" do
        if _G[name] ~= nil then found[#found + 1] = name end
      end
      for name in ("execute exit remove rename setlocale tmpname"):gmatch "%S+" do
        if os[name] ~= nil then found[#found + 1] = "os." .. name end
      end
      wx.text("?", "found:" .. table.concat(found, " "))
    ]])
  end)

  it("print into the log, with the plugin's name", function()
    write { ["one.lua"] = "print('a', nil, 5)" }
    local lines = app.logged(function() load_all "one.lua" end)
    assert.same({ { level = "info", event = "plugin.log", text = "a\tnil\t5", fields = { plugin = "one" } } }, lines)
  end)

  it("load text with them, and never a binary chunk", function()
    assert.equal("own nil nil nil given", run [[
      own = "own"
      local binary = "\27LuaT"
      wx.text("?", table.concat({
        load "return own"(), tostring((load(binary))), tostring((load(binary, "b", "b"))), tostring((load(binary, "b", "bt"))),
        load("return x", "given", "t", { x = "given" })(),
      }, " "))
    ]])
  end)

  it("measure memory with collectgarbage, and do nothing else with it", function()
    assert.equal("number false false nil", run [[
      wx.text("?", ("%s %s %s %s"):format(type(collectgarbage "count"),
        (pcall(collectgarbage)), (pcall(collectgarbage, "stop")), string.dump))
    ]])
  end)

  it("load a chunk from a function too, and tell a fault as load does", function()
    assert.equal("5 nil string", run [[
      local parts = { "return ", "5" }
      local f = load(function() return table.remove(parts, 1) end)
      local none, err = load "return return"
      wx.text("?", f() .. " " .. tostring(none) .. " " .. type(err))
    ]])
  end)
end)

describe("a plugin's require", function()
  it("finds files of the plugin's own folder, loads them once and with the plugin's globals", function()
    write {
      ["shop/init.lua"] = [[
        local wx = require "weiyue"
        global = "shared"
        local a, again = require "util.a", require "util.a"
        wx.text("?", function() return a.text .. tostring(a == again) .. require("pack").text .. tostring(require "bare") end)
      ]],
      ["shop/util/a.lua"] = "runs = (runs or 0) + 1\nreturn { text = global .. runs .. select('#', ...) .. (...) }",
      ["shop/pack/init.lua"] = "return { text = 'pack' }",
      ["shop/bare.lua"] = "",
    }
    local loaded, problems = load_all "shop"
    assert.equal("", problems)
    assert.equal("shared12util.atruepacktrue", answer(loaded, "?"))
  end)

  it("gives the same wx to the modules of a plugin", function()
    write {
      ["shop/init.lua"] = "require 'rules'",
      ["shop/rules.lua"] = "require 'weiyue'.text('?', 'from a module')",
    }
    assert.equal("from a module", answer(load_all "shop", "?"))
  end)

  it("keeps the modules of two plugins apart", function()
    write {
      ["a/init.lua"] = "require 'weiyue'.text('a', require 'util')", ["a/util.lua"] = "return 'of a'",
      ["b/init.lua"] = "require 'weiyue'.text('b', require 'util')", ["b/util.lua"] = "return 'of b'",
    }
    local loaded = load_all("a", "b")
    assert.equal("of a", answer(loaded, "a"))
    assert.equal("of b", answer(loaded, "b"))
  end)

  it("does not look beside a plugin that is a single file", function()
    write { ["util.lua"] = "return 'beside'" }
    assert.matches("module 'util' not found", fault "require 'util'")
  end)

  it("finds pure-Lua libraries on lua_path, behind the plugin's own", function()
    write {
      ["lib/json2.lua"] = "return 'library'", ["lib/util.lua"] = "return 'library'",
      ["shop/init.lua"] = "require 'weiyue'.text('?', require 'json2' .. ' ' .. require 'util')",
      ["shop/util.lua"] = "return 'own'",
    }
    assert.equal("library own", answer(load_all "shop", "?"))
  end)

  it("gives the stock modules", function()
    assert.equal("fine", run [[
      for name in ("codec json xml form url crypto time log"):gmatch "%S+" do
        assert(type(require("weiyue." .. name)) == "table", name)
      end
      wx.text("?", "fine")
    ]])
  end)

  local REFUSED <const> = {
    { "a module that is nowhere", "nothing.here", "module 'nothing%.here' not found: no file '.*/lib/nothing/here%.lua'" },
    { "a path upward", "../one", "is not a module name" },
    { "a path upward with dots", "a...one", "is not a module name" },
    { "an absolute path", "/etc/passwd", "is not a module name" },
    { "an empty name", "", "is not a module name" },
    { "a name with a NUL", "a\\0b", "is not a module name" },
    { "a part of the host", "weiyue.task", "no module weiyue%.task" },
    { "the host's loader", "weiyue.plugin", "no module weiyue%.plugin" },
    { "the host's files", "weiyue.files", "no module weiyue%.files" },
    { "the C module", "weiyue_core", "module 'weiyue_core' not found" },
    { "a C module of the system", "socket.core", "module 'socket%.core' not found" },
    { "a library of Lua that plugins do not have", "io", "module 'io' not found" },
    { "weiyue.testing", "weiyue.testing", "weiyue%.testing is for specs" },
  }
  for _, case in ipairs(REFUSED) do
    it("refuses " .. case[1] .. ", naming the plugin's line", function()
      assert.matches("one%.lua:2: .*" .. case[3], fault('\nlocal m = require "' .. case[2] .. '"\n'))
    end)
  end

  it("tells modules that require each other, and takes one that failed up again", function()
    write {
      ["shop/init.lua"] = "local ok, err = pcall(require, 'a')\nlocal again = require 'once'\nerror(err .. again, 0)",
      ["shop/a.lua"] = "local m = require 'b' return m", ["shop/b.lua"] = "local m = require 'a' return m",
      ["shop/once.lua"] = "if not pcall(require, 'bad') then return tostring(select(2, pcall(require, 'bad'))) end",
      ["shop/bad.lua"] = "error('bad indeed', 0)",
    }
    local _, problems = load_all "shop"
    assert.matches("shop/b%.lua:1: require: a is being loaded already: a circle", problems)
    assert.matches("bad indeed", problems, 1, true)
  end)

  it("refuses what is no name", function()
    assert.matches("one%.lua:1: require wants a name", fault "local m = require(5)")
    assert.matches("one%.lua:1: require wants a name", fault "local m = require()")
  end)

  it("tells a fault of a module with the module's own line", function()
    write { ["shop/init.lua"] = "\nlocal a = require 'a'", ["shop/a.lua"] = "\n\nlocal x = = 5" }
    local _, problems = load_all "shop"
    assert.matches("shop/a%.lua:3: unexpected symbol", problems)
  end)

  it("runs a module that raised again", function()
    write {
      ["shop/init.lua"] = [[
        tries = 0
        local first, second = pcall(require, "a"), require "a"
        require "weiyue".text("?", tostring(first) .. second .. tries)
      ]],
      ["shop/a.lua"] = "tries = tries + 1\nif tries == 1 then error 'not yet' end\nreturn 'then'",
    }
    assert.equal("falsethen2", answer(load_all "shop", "?"))
  end)
end)

describe("a plugin's file", function()
  it("may begin with a byte order mark", function()
    write { ["one.lua"] = "\xEF\xBB\xBFrequire 'weiyue'.text('?', '你好')" }
    assert.equal("你好", answer(load_all "one.lua", "?"))
  end)

  it("may have no bytes at all", function()
    write { ["one.lua"] = "" }
    local loaded, problems = load_all "one.lua"
    assert.same({ "one", "" }, { loaded[1], problems })
  end)

  it("whose name is no text is refused; the others load, and none is taken for another", function()
    write { ["a.lua"] = "", ["x\xff.lua"] = "", ["x\xfe.lua"] = "", ["c\1.lua"] = "", ["c\2.lua"] = "", ["b\\.lua"] = "",
      ["微月.lua"] = "" }
    local loaded, problems, failed = load_all "*.lua"
    assert.same({ "a", "微月", 5 }, { loaded[1], loaded[2], failed })
    for _, name in ipairs { "x\\xFF", "x\\xFE", "c\\x01", "c\\x02", "b\\" } do
      assert.matches(("%s/%s.lua has a control character or a backslash, or is not UTF-8"):format(folder, name), problems, 1, true)
    end
  end)

  it("in GBK is refused with what to do", function()
    assert.matches("one%.lua: not UTF%-8; save it as UTF%-8 %(GBK%? 请另存为 UTF%-8%)", fault "-- \xC4\xE3\xBA\xC3\n")
  end)

  it("with a NUL byte is refused: the other workers would not get it", function()
    assert.matches("one%.lua: has a NUL byte", fault "local a = '\0'\n")
  end)

  it("that is a template is read as its code is: UTF-8, with or without a byte order mark", function()
    local code = "local wx = require 'weiyue' wx.page('/a', function() return wx.render 'a' end)"
    for text, problem in pairs { ["\xC4\xE3"] = "a%.html: not UTF%-8", ["a\0b"] = "a%.html: has a NUL byte" } do
      write { ["shop/init.lua"] = code, ["shop/a.html"] = text }
      local _, problems, failed = load_all "shop"
      assert.equal(1, failed)
      assert.matches(problem, problems)
    end
    write { ["shop/a.html"] = "\xEF\xBB\xBF<!doctype html>" }
    local renders = require "weiyue.web.render"
    assert.equal("<!doctype html>", renders.html(renders.of(load_all("shop").shop)("a"), {}))
  end)

  it("that is a binary chunk is refused", function()
    assert.matches("one%.lua", fault "\27LuaT\0\x19\x93")
  end)

  it("with a syntax error is told by file and line, and the others are loaded", function()
    write {
      ["a.lua"] = "require 'weiyue'.text('a', 'fine')",
      ["b.lua"] = "local wx = require 'weiyue'\nwx.text('b', function() return 1 + end)",
      ["c.lua"] = "require 'weiyue'.text('c', 'fine')",
      ["d.lua"] = "local x\nreturn x.y",
    }
    local loaded, problems, failed = load_all "*.lua"
    assert.same({ "a", "c" }, table.move(loaded, 1, #loaded, 1, {}))
    assert.equal(2, failed)
    assert.matches("b%.lua:2: unexpected symbol near 'end' %(plugin b was not loaded%)", problems)
    assert.matches("d%.lua:2: attempt to index a nil value %(local 'x'%) %(plugin d was not loaded%)", problems)
    assert.equal("fine", answer(loaded, "a"))
    assert.is_false(answer(loaded, "b"))
  end)

  it("of a broken plugin leaves no rules behind", function()
    write { ["a.lua"] = "require 'weiyue'.text('?', 'half loaded')\nerror 'too late'", ["b.lua"] = "require 'weiyue'.text('?', 'b')" }
    assert.equal("b", answer(load_all "*.lua", "?"))
  end)

  local RAISED <const> = {
    { "error {}", "error object is a table value" }, { "error()", "error object is a nil value" },
    { "error('no place', 0)", "no place" }, { "error(setmetatable({}, { __tostring = error }))", "error object is a table value" },
    { "local function f() return f() + 1 end f()", "stack overflow" },
  }
  for _, case in ipairs(RAISED) do
    it("may raise anything: " .. case[1], function() assert.matches(case[2], fault(case[1])) end)
  end

  it("in a very long folder is told by its whole path", function()
    local long = ("folder"):rep(20) .. "/" .. ("deeper"):rep(20)
    for text, why in pairs { ["\nlocal x\nreturn x.y"] = ":3: attempt to index a nil value", ["\nreturn = 5"] = ":2: unexpected symbol",
      ["require 'weiyue'.text('a', 5)"] = ":1: wx.text wants a reply", ["\n\n\nerror 'raised'"] = ":4: raised" } do
      write { [long .. "/one.lua"] = text }
      local _, problems = load_all(long .. "/one.lua")
      assert.equal("error: " .. folder .. "/" .. long .. "/one.lua" .. why, problems:sub(1, #folder + #long + #why + 16))
    end
  end)

  it("that raises several lines, control bytes or what is no text is told in one clean line", function()
    for raised, told in pairs {
      ["first\\n\\n  second\\r\\n"] = "first   second ", ["a\\27[31m\\0\\127\\9b"] = "a [31m b",
    } do
      local problems = fault("error('" .. raised .. "', 0)")
      assert.equal("error: " .. told .. " (plugin one was not loaded)", problems)
    end
    local problems = fault "error('text \\xC3\\x28\\n', 0)"
    assert.matches("^error: .*text .*%(plugin one was not loaded%)$", problems)
    assert.is_truthy(utf8.len(problems), problems)
    assert.is_nil(problems:find "%c")
  end)

  it("is refused when it is a FIFO, a device, an empty folder or larger than 1 MiB", function()
    shell "mkfifo pipe.lua && mkdir empty && truncate -s 1048577 large.lua && ln -s /dev/zero zero.lua"
    for path, why in pairs { ["pipe.lua"] = "not a regular file", ["empty"] = "empty/init%.lua: No such file",
      ["large.lua"] = "larger than 1 MiB", ["zero.lua"] = "not a regular file" } do
      local loaded, problems, failed = load_all(path)
      assert.same({}, loaded)
      assert.equal(1, failed)
      assert.matches(why, problems)
    end
  end)

  it("of 1 MiB is loaded", function()
    local text = "require 'weiyue'.text('?', 'large')\n"
    write { ["one.lua"] = text .. ("-"):rep(1048576 - #text) }
    assert.equal("large", answer(load_all "one.lua", "?"))
  end)
end)

describe("a configuration", function()
  local function load_text(text)
    return app.boot { text = text, name = "weiyue.lua", folder = folder }
  end

  it("gives each account the plugins it names, by name or path, and handlers their accounts", function()
    write {
      ["plugins/a.lua"] = [[
        local wx = require "weiyue"
        wx.text("accounts", function() return wx.account("one").id .. wx.account("two").mode end)
        wx.text("which", function() return wx.account().id end)
        wx.text("none", function()
          local account = wx.account("three")
          return account.id
        end)
        wx.text("secret", function(msg)
          return tostring(msg.account.token) .. tostring(msg.account.aes_key) .. tostring(msg.account.secret)
        end)
      ]],
      ["plugins/b.lua"] = "require 'weiyue'.text('accounts', 'b')",
    }
    local loaded = load_text [[return { accounts = {
      { id = "one", path = "/one", token = "wxtest", plugins = { "a" } },
      { id = "two", path = "/two", token = "wxtest", secret = "wxtest", plugins = { "plugins/b.lua" } },
    } }]]
    assert.same({}, loaded.problems)
    local function says(i, content)
      return (loaded.accounts[i].dispatch { type = "text", content = content, account = loaded.accounts[i].object })
    end
    assert.equal("oneplain", says(1, "accounts"))
    assert.equal("b", says(2, "accounts"))
    assert.equal("nilnilnil", says(1, "secret"))
    assert.matches("plugins/a%.lua:3: of which account%? Outside a message: wx%.account%(id%); there is: one, two$", app.raised(says, 1, "which"))
    assert.matches("plugins/a%.lua:5: no account three; there is: one, two$", app.raised(says, 1, "none"))
  end)

  it("may not name a plugin for an account that is not there", function()
    write { ["plugins/a.lua"] = "require 'weiyue'.text('?', 'a')", ["plugins/broken.lua"] = "error 'never'" }
    local loaded = load_text [[return { accounts = {
      { id = "one", path = "/one", token = "wxtest", plugins = { "a", "typo", "plugins/none.lua" } },
      { id = "two", path = "/two", token = "wxtest", plugins = { "broken" } },
    } }]]
    local told = {}
    for _, p in ipairs(loaded.problems) do
      assert.equal("error", p.level)
      told[#told + 1] = p.en
    end
    assert.matches("^.*/plugins/broken%.lua:1: never %(plugin broken was not loaded%)$", told[1])
    assert.same({ "account one wants the plugin typo, which is not loaded",
      "account one wants the plugin plugins/none.lua, which is not loaded",
      "account two wants the plugin broken, which is not loaded" }, table.move(told, 2, #told, 1, {}))
    assert.matches("one.*typo", loaded.problems[2].zh)
    assert.equal(4, loaded.failed_plugins)
    local one = loaded.accounts[1]
    assert.equal("a", (one.dispatch { type = "text", content = "?", account = one.object }))
  end)

  it("of one account needs no id", function()
    write { ["plugins/a.lua"] = "local wx = require 'weiyue'\nwx.text('which', function() return wx.account().id end)" }
    local loaded = load_text [[return { accounts = { { token = "wxtest" } } }]]
    local one = loaded.accounts[1]
    assert.equal("default", (one.dispatch { type = "text", content = "which", account = one.object }))
  end)
end)

describe("a fault of a plugin", function()
  it("is told in Chinese where it is a frequent one", function()
    for text, zh in pairs {
      ['wx.txt("a", "b")'] = "没有 wx.txt；最接近的是 wx.text",
      ['wx.page("/a", { logn = "base" }, function() end)'] = "wx.page: 没有选项 logn；最接近的是 login",
      ['wx.page("me", function() end)'] = 'wx.page: 路径以 "/" 开头，例如 "/me"',
      ['wx.static("/s", "none")'] = "wx.static: 没有文件夹 " .. folder .. "/none",
      ['wx.on("location")'] = 'wx.on 有歧义：例如 location 既是消息又是事件。写 wx.message("location", …) 或 wx.event("location", …)',
      ['wx.every("5x", function() end)'] = 'wx.every: 不是时长：写秒数，或 "10s", "1h30m", "500ms", "2d" 这样的文字',
      ['wx.text("a", 5)'] = "wx.text 要一个回复：字符串、wx.reply 的值或函数，不是 number",
      ['wx.plugin { nme = "x" }'] = "wx.plugin 没有 nme 这一项；最接近的是 name",
      ['wx.reply.news { titel = "x" }'] = "wx.reply.news: 第 1 条图文没有 titel 这一项",
      ['require "nope"'] = "没有模块 nope：只能 require 基础模块、插件自己文件夹里的文件、lua_path 上的库",
      ['io.open "x"'] = "io 是 nil（attempt to index a nil value, global 'io'）",
      ['wx.menu { { "a", clck = "b" }, { "100%1", view = "x" } }'] = "wx.menu：button[1]：按钮没有作用：写 click、view、page … 其中一个，或子菜单；"
        .. "button[1].clck：按钮没有这一项；最接近的是 click；button[2].url：不是网址：要写 https://…",
      ['error "something of its own"'] = "something of its own",
    } do
      write { ["one.lua"] = 'local wx = require "weiyue"\n' .. text }
      local _, problems = plugin.load({ { path = "one.lua" } }, { file = "weiyue.lua", folder = folder, lua_path = {} }, host)
      assert.equal(zh .. "（插件 one 没有加载）", (problems[1].zh:gsub("^.-/one%.lua:%d: ", "")))
    end
  end)

  it("of the system's is told in Chinese too", function()
    local chinese = require "weiyue.chinese"
    assert.equal("plugins/a.lua: 没有权限", chinese.of "plugins/a.lua: Permission denied")
    assert.equal("没有这个文件", chinese.system "No such file or directory")
  end)
end)
