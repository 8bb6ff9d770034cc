-- The configuration: schema, checking, normalising, lines of problems, the documentation table.
-- Cases about single keys are made from the schema itself.

local capabilities = require "weiyue.capabilities"
local config = require "weiyue.config"
local doc = require "weiyue.config.doc"

local AES <const> = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"

local ENV <const> = {
  WX_TOKEN = "wxtest", WX_SECRET = "wxtestsecret", WX_AES_KEY = AES, ERP = "http://erp", ERP_KEY = "wxtestkey", TOKEN_KEY = "wxtestkey",
}

-- What the documentation shows, with the values that it leaves open filled in.
local SAMPLE <const> = [[
return {
  listen = "0.0.0.0:8080", admin = "127.0.0.1:8081", workers = "auto",
  store = "sqlite:weiyue.db",
  lua_path = { "lib/?.lua" },
  proxies = { "127.0.0.1" },
  hosts = "auto",
  state = ".weiyue",
  limits = { header_time = 10, body_time = 10, body_rate = 500, idle = 30, write_stall = 15, target = 8192,
             header = 16384, fields = 100, chunk_overhead = 16384,
             push = 65536, json = 1048576, json_depth = 32, upload = 10485760, parts = 64, pipeline = 16,
             connections = 12000, per_address = 256, write_queue = 1048576,
             queue = 16, inbox = 33554432, mailbox = 8388608, shared = 8388608,
             window = 300, slice = 0.002, slice_max = 0.2, cpu = 1, wall = 60, lua_memory = 67108864 },
  plugins = { "weiyue:rules", "plugins/*.lua",
              shop = { path = "plugins/shop", config = { erp = env "ERP", key = env "ERP_KEY" } } },
  accounts = { {
    id = "demo", url = "https://wx.example.cn", path = "/wx",
    kind = "service", verified = true,
    username = "gh_0123456789ab",
    appid = "wxtest0123456789ab", secret = env "WX_SECRET", token = env "WX_TOKEN",
    aes_key = env "WX_AES_KEY", mode = "safe",
    api = "https://api.weixin.qq.com", plugins = "all",
  } },
  reload = { watch = true, specs = false, canary = { percent = 0, openids = {} } },
  log = { level = "info", format = "text" },
  deadline = 4.5, hold_budget = 20, apology = "稍后再试",
  mailbox = { word = "继续", waiting = "正在处理，回复“继续”查看", more = "（未完，回复“继续”看下一页）",
    gone = "等您的答案没能留住，请重新发送" },
}
]]

local function load_text(text, options)
  options = options or {}
  options.env = options.env or function(name) return ENV[name] end
  return config.load_string(text, "weiyue.lua", options)
end

-- One account with these keys beside its token.
local function account_text(keys)
  return ('return { accounts = { { token = "wxtest", %s } } }'):format(keys)
end

local function all_text(problems)
  local lines = {}
  for i, p in ipairs(problems) do lines[i] = tostring(p) .. " " .. p.zh end
  return table.concat(lines, "\n")
end

local function good(text, options)
  local conf, problems = load_text(text, options)
  assert(conf, all_text(problems))
  return conf, problems
end

-- The first problem of a level (and of a key, when given).
local function find(problems, level, key)
  for _, p in ipairs(problems) do
    if p.level == level and (key == nil or p.key == key) then return p end
  end
  return nil
end

local function bad(text, key, options)
  local conf, problems = load_text(text, options)
  assert.is_nil(conf)
  local problem = find(problems, "error", key)
  assert(problem, ("no error for %s in:\n%s"):format(tostring(key), all_text(problems)))
  return problem, problems
end

-- A configuration that sets one key of the schema, and the key as problems call it.
local function text_with(path, value, after)
  local names = {}
  for name in path:gmatch("[^.]+") do names[#names + 1] = name end
  local text = ("%s = %s"):format(names[#names], value)
  if after then text = text .. ", " .. after end
  for i = #names - 1, 1, -1 do
    local name, is_list = names[i]:match("^([%w_]+)(.*)$")
    if name == "accounts" and not text:find("%f[%w_]token =") then text = text .. ', token = "wxtest"' end
    text = ("%s = { %s%s%s }"):format(name, is_list == "[]" and "{ " or "", text, is_list == "[]" and " }" or "")
  end
  return "return { " .. text .. " }", (path:gsub("%[%]", "[1]"))
end

local WRONG <const> = { -- a value of the wrong type, and how the message calls the right one
  string = { "7", "a string" }, integer = { '"many"', "an integer" }, number = { '"many"', "a number" },
  boolean = { "1", "a boolean" }, enum = { '"wxtest-other"', '"' }, list = { "5", "a list" },
  table = { "5", "a table" }, any = { "5", "a table" }, plugins = { "5", "a table" },
}

describe("weiyue.config", function()
  describe("key", function()
    for _, key in ipairs(doc.keys()) do
      local node = key.node

      it(key.path .. " is documented in both languages with an example", function()
        assert.is_true(#node.zh > 0 and #node.en > 0)
        assert.is_true(node.example ~= nil or node.fields ~= nil)
      end)

      if node.example then
        it(key.path .. " takes its example", function()
          local _, problems = good((text_with(key.path, node.example, node.example_after)))
          local noted = false
          for _, p in ipairs(problems) do noted = noted or p.event == "config.not_in_build" end
          assert.equal(node.built == false, noted)
        end)
      end

      it(key.path .. " refuses another type, naming key and type", function()
        local wrong, want = table.unpack(WRONG[node.type] or {})
        if node.type == "choice" then
          wrong = node.by.boolean and (node.by.number and "{}" or "7") or "true"
          local other = node.by.table or node.by.number or node.by.string
          want = WRONG[other.type][2]
        end
        local text, name = text_with(key.path, wrong)
        local problem = bad(text, name)
        assert.truthy(tostring(problem):find("weiyue.lua:1: " .. name .. ": ", 1, true), tostring(problem))
        assert.truthy(problem.en:find(want, 1, true), problem.en)
        assert.truthy(problem.zh:find("[\xe4-\xe9]"), problem.zh)
        if node.example then assert.truthy(problem.en:find("for example", 1, true), problem.en) end
      end)

      if node.min and (node.type == "integer" or node.type == "number") then
        it(key.path .. " takes its smallest and largest value and nothing beyond", function()
          for _, edge in ipairs { node.min, node.max } do good((text_with(key.path, tostring(edge)))) end
          for _, beyond in ipairs { node.min - 1, node.max + 1, "0/0", "1/0" } do
            local text, name = text_with(key.path, tostring(beyond))
            bad(text, name)
          end
        end)
      end

      if node.secret then
        it(key.path .. " is never shown", function()
          for _, value in ipairs { '" hunter2"', '"hunter2 ,"', '{ "hunter2 ," }', '"hunter2', "hunter2", "9hunter2",
            "hunter2.x", "\n  hunter2", '"hunter2" + 1', '"hunter2\\xff"' } do
            local _, problems = load_text((text_with(key.path, value)))
            assert.is_nil(all_text(problems):find("hunter2", 1, true), all_text(problems))
          end
        end)
      end
    end
  end)

  describe("defaults", function()
    it("equal those of the documented sample", function()
      local sample = good(SAMPLE)
      local default = good("return {}")
      for _, key in ipairs { "listen", "admin", "workers", "store", "lua_path", "proxies", "state", "limits", "reload",
        "log", "deadline", "hold_budget", "apology", "mailbox" } do
        assert.same(sample[key], default[key], key)
        assert.is_not_nil(default[key])
      end
      assert.same({ any = true }, default.hosts)
      assert.same({ { path = "plugins/*.lua" } }, default.plugins)
      assert.same({}, default.accounts)
    end)

    it("of an account are filled in", function()
      local account = good('return { accounts = { { token = "wxtest" } } }').accounts[1]
      assert.equal("default", account.id)
      assert.equal("/wx", account.path)
      assert.equal("subscription", account.kind)
      assert.is_false(account.verified)
      assert.equal("plain", account.mode)
      assert.equal("all", account.plugins)
      assert.equal(4.5, account.deadline)
      assert.equal("稍后再试", account.apology)
    end)

    it("are not shared between two loads", function()
      good("return {}").limits.push = 1
      good("return {}").lua_path[1] = "x"
      assert.equal(65536, good("return {}").limits.push)
      assert.equal("lib/?.lua", good("return {}").lua_path[1])
    end)

    it("draw no note", function()
      local _, problems = good("return {}")
      assert.equal("", all_text(problems))
    end)
  end)

  describe("notes", function()
    -- No key is left that is not: one is made so for the while.
    local function unbuilt(key)
      for _, node in ipairs(require("weiyue.config.schema").fields) do
        for _, limit in ipairs(node.key == "limits" and node.fields or {}) do
          if limit.key == key then
            limit.built = false
            finally(function() limit.built = nil end)
          end
        end
      end
    end

    it("come once per key that is not in this build", function()
      local _, none = good(SAMPLE)
      assert.same({}, none)
      unbuilt "json"
      local _, problems = good(SAMPLE)
      assert.equal(1, #problems)
      assert.equal("limits.json", problems[1].key)
      assert.equal("note", problems[1].level)
      assert.equal("config.not_in_build", problems[1].event)
      assert.equal("not in this build", problems[1].en)
      assert.equal("本版本尚未实现", problems[1].zh)
    end)

    it("are not repeated, whatever else there is", function()
      unbuilt "json"
      local _, problems = good([[return {
        limits = { json = 4096 },
        accounts = { { id = "a", token = "wxtest" }, { id = "b", token = "wxtest", path = "/b" } },
        plugins = { x = { path = "x", config = {} }, y = { path = "y", config = {} } } }]])
      assert.equal(1, #problems)
    end)

    it("spare keys that are built", function()
      local _, problems = good([[return { log = { format = "json", file = "weiyue.log", level = "debug" } }]])
      assert.equal(0, #problems)
    end)
  end)

  it("takes calls a day by API, and nothing else for them", function()
    assert.same({ ["user.info"] = 5 }, good(account_text 'quota = { ["user.info"] = 5 }').accounts[1].quota)
    for wrong, where in pairs { ["{ 5 }"] = "[1]", ["{ user = 5 }"] = ".user",
      ['{ ["user.info"] = -1 }'] = '["user.info"]', ['{ ["user.info"] = "5" }'] = '["user.info"]' } do
      bad(account_text("quota = " .. wrong), "accounts[1].quota" .. where)
    end
  end)

  it("notes a quota of an API that nobody knows, with the nearest", function()
    local _, problems = good(account_text 'quota = { ["user.inof"] = 5, ["mine.own"] = 5 }')
    local slip, own = find(problems, "note", 'accounts[1].quota["user.inof"]'), find(problems, "note", 'accounts[1].quota["mine.own"]')
    assert.matches("the nearest is user.info", slip.en, 1, true)
    assert.matches("最接近的是 user.info", slip.zh, 1, true)
    assert.is_nil(own.en:find "nearest")
  end)

  it("notes a token server without an interface to be on", function()
    local text <const> = "return {\n admin = false, token_server = %s }"
    local problem = find(select(2, good(text:format "true")), "note", "token_server")
    assert.equal(2, problem.line)
    assert.matches("admin = false", problem.zh, 1, true)
    assert.equal(0, #select(2, good(text:format "false")))
    assert.equal(0, #select(2, good "return { token_server = true }"))
  end)

  it("notes an account that may send customer service messages, and cannot", function()
    local function noted(keys) return find(select(2, good(account_text(keys))), "note") end
    local problem = noted 'kind = "service", verified = true, appid = "wxtest"'
    assert.equal("accounts[1].secret", problem.key)
    assert.matches("客服消息", problem.zh, 1, true)
    assert.equal("accounts[1].appid", noted('verified = true, secret = "wxtestsecret"').key)
    for _, fine in ipairs { 'kind = "service"', 'verified = true, can = { customer_service = false }',
      'verified = true, appid = "wxtest", secret = "wxtestsecret"',
      'verified = true, access_token = { url = "http://127.0.0.1/token" }' } do
      assert.is_nil(noted(fine), fine)
    end
  end)

  describe("a budget of silence", function()
    it("draws a note when WeChat would block the address, where it is written", function()
      local _, problems = good("return {\n hold_budget = 26,\n accounts = { { token = 'wxtest' } } }")
      assert.equal(1, #problems)
      assert.same({ "note", 2 }, { problems[1].level, problems[1].line })
      _, problems = good("return {\n accounts = { {\n token = 'wxtest', hold_budget = 30 } } }")
      assert.equal(1, #problems)
      assert.equal("accounts[1].hold_budget", problems[1].key)
      assert.equal(0, #select(2, good("return { hold_budget = 25, accounts = { { token = 'wxtest' } } }")))
    end)
  end)

  describe("messages", function()
    it("show how a value may be written", function()
      for text, want in pairs {
        ["limits = { shared = 'big' }"] = 'for example 8388608 or "8MiB"',
        ["limits = { idle = 0 }"] = 'for example 30 or "30s"',
        ["limits = { body_rate = 0 }"] = "for example 500;",
        ["workers = 0"] = 'must be "auto", or an integer from 1 to 256, for example 1; got 0',
        ["mailbox = '继续'"] = 'must be a table, for example { word = "继续" }',
        ["mailbox = { text = 'x' }"] = "unknown key; the keys here are word, waiting, more, gone",
        ["limits = { zzzzzzzzzz = 1 }"] = "unknown key; weiyue check --keys lists all keys",
        ["accounts = { { token = 'wxtest', mode = 'safe' } }"] = 'aes_key = env "WX_AES_KEY", or mode = "plain"',
      } do
        assert.truthy(bad("return { " .. text .. " }").en:find(want, 1, true), text)
      end
    end)

    it("show a value with its unit as it is written", function()
      local problem = bad "return { user_cache = -1 }"
      assert.matches('for example "1h"; got -1', problem.en, 1, true)
      assert.matches('例如 "1h"；', problem.zh, 1, true)
    end)

    it("say what is wrong with the address of a store, and never show it", function()
      for value, want in pairs {
        ["mysql://wxtestpassword"] = { "no store of the kind mysql://", "没有 mysql:// 这种存储" },
        ["wxtest.db"] = { 'for example "sqlite:weiyue.db"', '例如 "sqlite:weiyue.db"' },
        ["sqlite:"] = { "a file has sqlite: before it", "sqlite:" },
        ["redis://"] = { "no host", "没有主机" },
        ["rediss://:wxtestpassword@h:1/0"] = { "TLS is not supported", "不支持 TLS" },
        ["redis://:wxtestpassword@127.0.0.1:notaport/0"] = { "the port is a number up to 65535", "端口应为" },
        ["redis://h:65536"] = { "the port is", "端口应为" },
        ["redis://h:6379/x"] = { "the number of a database", "数据库的编号" },
        ["redis://[::1:6379"] = { "[ADDRESS]:PORT", "[地址]:端口" },
        ["redis:///run/wxtest.sock?x=1"] = { "only ?db=N", "?db=N" },
      } do
        for name, form in pairs { store = "store = %q", ["store.url"] = "store = { url = %q }" } do
          local problem = bad("return {\n" .. form:format(value) .. " }", name)
          assert.equal(2, problem.line)
          assert.matches(want[1], problem.en, 1, true)
          assert.matches(want[2], problem.zh, 1, true)
          assert.is_nil((problem.en .. problem.zh):find("wxtest", 1, true))
        end
      end
      for _, value in ipairs { "redis://h", "redis://h/", "redis://:p%40@[::1]:6379/15", "redis:///0",
        "redis://u:a/b@h:1/2", "redis:///run/wxtest.sock", "redis://:p@/run/wxtest.sock?db=3" } do
        assert.equal(value, good(("return { store = %q }"):format(value)).store.url)
      end
    end)

    it("say what is wrong with a secret without showing it", function()
      local problem = bad(account_text 'secret = "wxtest!"')
      assert.matches("character 7 is '!', only [A-Za-z0-9_-] are allowed", problem.en, 1, true)
      assert.matches("第 7 个字符是 '!'", problem.zh, 1, true)
      assert.equal("wxtest_-", good(account_text 'secret = "wxtest_-"').accounts[1].secret)
    end)
  end)

  describe("running the file", function()
    it("reports a syntax error with its line", function()
      local p = bad("return {\n  listen = = 1 }")
      assert.equal(2, p.line)
      assert.truthy(tostring(p):find("^weiyue%.lua:2: cannot be run: unexpected symbol"))
    end)

    it("reports a runtime error with its line", function()
      assert.equal(3, bad("\n\nerror('stop here')").line)
      assert.truthy(bad("\n\nerror('stop here')").en:find("stop here", 1, true))
      assert.truthy(bad("error({})").en:find("a table was raised", 1, true))
    end)

    it("names full-width punctuation in a file that does not compile, and keeps Lua's message", function()
      local p = bad("return {\n  listen = “:80”,\n}")
      assert.equal(2, p.line)
      assert.equal("cannot be run: line 2 has the full-width “: write \" (unexpected symbol)", p.en)
      assert.equal('不能运行：第 2 行有全角标点 “，请改成半角 "（unexpected symbol）', p.zh)
      good('return { apology = "（你好，“再见”）" } -- ，')
    end)

    it("says that the file must begin with return", function()
      local p = bad("-- 配置\n{ listen = ':80' }")
      assert.truthy(p.zh:find("文件要以 return { 开头", 1, true), p.zh)
      assert.truthy(p.en:find("the file must begin with return {", 1, true), p.en)
    end)

    it("explains a name that is not defined, in both languages, without showing it", function()
      local p = bad("return { listen = wxtest }")
      assert.truthy(p.en:find("a name is not defined here (quotes missing?)", 1, true))
      assert.truthy(p.zh:find("没有定义的名字（漏了引号？）", 1, true))
      assert.is_nil((p.en .. p.zh):find("wxtest", 1, true))
      assert.truthy(bad("io.open 'x'").en:find("io is not available here", 1, true))
    end)

    it("quotes the source only where it is no value", function()
      for text, want in pairs {
        ["return { listen = = }"] = "near '='", ["return { listen = 'x' state = 'y' }"] = "near 'state'",
      } do
        assert.truthy(bad(text).en:find(want, 1, true), bad(text).en)
      end
      for _, text in ipairs { "return { 'x' wxtest }", "return { x = 9wxtest }", "return { x = 'wxtest\n }",
        "return { x = \"a'wxtest", "return { x = [[wxtest", "return { x = 'a\\qwxtest' }" } do
        assert.is_nil(bad(text).en:find("wxtest", 1, true), bad(text).en)
      end
    end)

    it("gives no file, process or module functions", function()
      for _, code in ipairs {
        "io.open('x')", "os.execute('x')", "require 'x'", "load('x')", "dofile('x')", "debug.x()",
      } do
        bad("local x = " .. code .. " return {}")
      end
    end)

    it("gives the harmless libraries, in a copy", function()
      local conf = good([[
        string.rep = nil
        local list = {}
        for i, v in ipairs { "A", "B" } do list[i] = v:lower() .. tostring(math.max(i, 0)) end
        return { lua_path = { table.concat(list, "?") }, apology = type(os.time()) }]])
      assert.same({ "a1?b2" }, conf.lua_path)
      assert.equal("number", conf.apology)
      assert.is_function(string.rep)
    end)

    it("refuses bytecode", function()
      bad(string.dump(function() return {} end))
    end)

    it("wants a table", function()
      for _, text in ipairs { "", "return 5", "return 'x'", "return env 'WXTEST_MISSING'" } do
        assert.truthy(bad(text).en:find("must return a table", 1, true))
      end
    end)

    it("finds the line of a key behind entries that are texts", function()
      assert.equal(3, bad('return { plugins = { "a", "b",\n shop = { path = "x",\n confg = {} } } }', "plugins.shop.confg").line)
      assert.equal(2, bad('return { lua_path = { "a?",\n 5 } }', "lua_path[2]").line)
    end)

    it("strips a BOM and keeps the line numbers", function()
      good("\u{feff}return {}")
      assert.equal(2, bad("\u{feff}return {\n  listen = 5 }", "listen").line)
    end)

    it("refuses other encodings, naming line and likely encoding", function()
      local p = bad("return {\n  apology = \"\xc9\xd4\xba\xf3\" }")
      assert.equal(2, p.line)
      assert.truthy(p.en:find("UTF-8; it looks like GBK", 1, true))
      assert.truthy(bad("\xff\xfer\0e\0").en:find("UTF-16", 1, true))
    end)

    it("reads a file and reports one that cannot be read", function()
      local name = os.tmpname()
      local file = assert(io.open(name, "wb"))
      file:write("return {\n  listen = 'x' }")
      file:close()
      local conf, problems = config.load(name)
      os.remove(name)
      assert.is_nil(conf)
      assert.equal(name .. ":2: listen", tostring(problems[1]):match("^.-:2: listen"))
      conf, problems = config.load(name)
      assert.is_nil(conf)
      assert.truthy(problems[1].en:find("cannot be opened", 1, true))
      conf, problems = config.load("/")
      assert.is_nil(conf)
      assert.equal(1, #problems)
    end)
  end)

  describe("env", function()
    it("names each missing variable, the key it feeds and the line", function()
      local _, problems = bad([[return {
        accounts = { {
          token = env "WXTEST_A",
          url = "https://" .. env "WXTEST_B" .. "/x",
        } },
        plugins = { shop = { path = "shop", config = { list = { env "WXTEST_C" } } } },
      }]])
      local seen = {}
      for _, p in ipairs(problems) do
        if p.level == "error" then seen[#seen + 1] = tostring(p) end
      end
      table.sort(seen)
      assert.same({
        "weiyue.lua:3: accounts[1].token: the environment variable WXTEST_A is not set: export WXTEST_A=…",
        "weiyue.lua:4: accounts[1].url: the environment variable WXTEST_B is not set: export WXTEST_B=…",
        "weiyue.lua:6: plugins.shop.config.list[1]: the environment variable WXTEST_C is not set: export WXTEST_C=…",
      }, seen)
    end)

    it("names a missing variable that the file itself uses or drops", function()
      local p = bad("return { listen = (env 'WXTEST_A'):lower() }")
      assert.truthy(p.en:find("variable WXTEST_A is not set", 1, true))
      local problems
      p, problems = bad("\nlocal x = env 'WXTEST_A'\nreturn {}")
      assert.equal(1, #problems)
      assert.equal(2, p.line)
    end)

    it("takes a default", function()
      assert.equal(99, good("return { listen = env('WXTEST_A', ':99') }").listen.port)
      assert.is_false(good("return { apology = env('WXTEST_A', false) }").apology)
    end)

    it("serves os.getenv from the same source", function()
      assert.equal("http://erp", good("return { apology = os.getenv 'ERP' }").apology)
    end)

    it("gives numbers as text, which numeric keys take", function()
      local conf = good("return { limits = { push = env 'N' } }", { env = function() return "70000" end })
      assert.equal(70000, conf.limits.push)
    end)
  end)

  describe("values", function()
    it("of listen become host and port", function()
      for text, want in pairs {
        ["0.0.0.0:8080"] = { host = "0.0.0.0", port = 8080 }, [":80"] = { host = "0.0.0.0", port = 80 },
        ["[::1]:0"] = { host = "::1", port = 0 }, ["localhost:1"] = { host = "127.0.0.1", port = 1 },
        ["[2001:DB8::1.2.3.4]:65535"] = { host = "2001:db8::1.2.3.4", port = 65535 },
      } do
        assert.same(want, good(("return { listen = %q }"):format(text)).listen)
      end
      for _, text in ipairs { "8080", "1.2.3.4", "1.2.3.4:", "1.2.3.4:65536", "1.2.3.256:1", "01.2.3.4:1", "::1:80",
        "[::1]", "[1.2.3.4]:1", "[::1::]:1", "[1:2:3:4:5:6:7]:1", "[1:2:3:4:5:6:7:8:9]:1", "[12345::]:1", "[:1:]:1",
        "example.cn:80", "1.2.3.4:1 ", "1.2.3.4:1\\n" } do
        bad(('return { listen = "%s" }'):format(text), "listen")
      end
    end)

    it("of times and sizes may have units", function()
      local limits = good([[return { limits = { idle = "5m", header_time = "500ms", window = "1h", push = "64KiB",
        json = "1MiB", target = "100B" } }]]).limits
      assert.equal(300, limits.idle)
      assert.equal(0.5, limits.header_time)
      assert.equal(3600, limits.window)
      assert.equal(65536, limits.push)
      assert.equal(1048576, limits.json)
      assert.equal(100, limits.target)
      for _, keys in ipairs { 'idle = "5 minutes"', 'idle = "5KiB"', 'push = "5m"', 'pipeline = "5s"', 'push = "1.5B"',
        "push = 1000.5" } do
        bad("return { limits = { " .. keys .. " } }", "limits." .. keys:match("^%w+"))
      end
    end)

    it("that are whole floats count as integers", function()
      assert.equal("integer", math.type(good("return { limits = { pipeline = 16.0 } }").limits.pipeline))
    end)

    it("of proxies become address and prefix", function()
      assert.same({
        { address = "10.0.0.0", family = 4, prefix = 8 }, { address = "::1", family = 6, prefix = 128 },
        { address = "fe80::", family = 6, prefix = 10 }, { address = "1.2.3.4", family = 4, prefix = 32 },
      }, good('return { proxies = { "10.0.0.0/8", "::1", "FE80::/10", "1.2.3.4" } }').proxies)
      for _, text in ipairs { "10.0.0.0/33", "::/129", "10.0.0.0/", "proxy", "10.0.0", "1.2.3.4:80" } do
        bad(("return { proxies = { %q } }"):format(text), "proxies[1]")
      end
    end)

    it("of strings have no blanks around them, wide and invisible ones included", function()
      for _, text in ipairs { " /wx", "/wx ", "/wx\\t", "/wx\\n", "\u{3000}/wx", "/wx\u{200b}", "/wx\u{feff}" } do
        assert.truthy(bad(account_text(('path = "%s"'):format(text)), "accounts[1].path").en:find("blanks", 1, true))
      end
      local p = bad('return { accounts = { { token = "wxtest " } } }', "accounts[1].token")
      assert.truthy(p.en:find("blanks", 1, true))
    end)

    it("of strings are UTF-8 without control characters", function()
      assert.truthy(bad('return { apology = "\\xff" }', "apology").en:find("UTF-8", 1, true))
      assert.truthy(bad('return { apology = "a\\0b" }', "apology").en:find("control", 1, true))
      assert.truthy(bad('return { state = "a\\nb" }', "state").en:find("control", 1, true))
      assert.equal("a\nb", good('return { apology = "a\\nb" }').apology)
    end)

    it("of apology may be false but not true", function()
      assert.is_false(good("return { apology = false }").apology)
      bad("return { apology = true }", "apology")
      bad("return { apology = ('x'):rep(2049) }", "apology")
    end)

    it("of workers may be a number or auto", function()
      assert.equal(2, good("return { workers = 2 }").workers)
      assert.equal("auto", good('return { workers = "auto" }').workers)
      for _, value in ipairs { "0", "257", '"2"', "1.5" } do bad(("return { workers = %s }"):format(value), "workers") end
    end)

    it("of admin become host and port, or false for none", function()
      assert.same({ host = "::1", port = 81 }, good('return { admin = "[::1]:81" }').admin)
      assert.is_false(good("return { admin = false }").admin)
      bad("return { admin = true }", "admin")
      bad('return { admin = "81" }', "admin")
    end)

    it("of admin tell whether the file gave them", function()
      assert.is_false(good("return {}").admin_given)
      assert.is_true(good('return { admin = "127.0.0.1:8081" }').admin_given)
      assert.is_true(good("return { admin = false }").admin_given)
    end)

    it("of store mean the same as string and as table", function()
      assert.same(good('return { store = "redis://127.0.0.1" }').store,
        good('return { store = { url = "redis://127.0.0.1" } }').store)
    end)

    it("of lists have no names and no absurd length", function()
      assert.truthy(bad('return { proxies = { x = "1.2.3.4" } }', "proxies.x").en:find("this is a list", 1, true))
      bad("return { proxies = { [1000000000] = '1.2.3.4' } }", "proxies")
      bad("return { proxies = { nil, '1.2.3.4' } }", "proxies[1]")
    end)

    it("all are reported, not only the first", function()
      local _, problems = bad('return { listen = 1, deadline = "x", limits = { push = 0, idle = {} }, nonsense = 1 }')
      assert.equal(5, #problems)
    end)
  end)

  describe("unknown keys", function()
    it("are errors with the nearest known key, at every level", function()
      for text, want in pairs {
        ["return { lisen = 1 }"] = "lisen: unknown key; the nearest known one is listen",
        ["return { limits = { pusch = 1 } }"] = "limits.pusch: unknown key; the nearest known one is push",
        [account_text "aeskey = 1"] = "accounts[1].aeskey: unknown key; the nearest known one is aes_key",
        ["return { reload = { canary = { openid = 1 } } }"] =
          "reload.canary.openid: unknown key; the nearest known one is openids",
        ["return { plugins = { a = { path = 'a', confg = 1 } } }"] =
          "plugins.a.confg: unknown key; the nearest known one is config",
      } do
        assert.equal("weiyue.lua:1: " .. want, tostring(bad(text, want:match("^[^:]+"))))
      end
    end)

    it("are not compared with what is far from them", function()
      local p = bad("return { frobnicate = 1 }", "frobnicate")
      assert.equal("unknown key; weiyue check --keys lists all keys", p.en)
      assert.equal("没有这个键；weiyue check --keys 列出全部的键", p.zh)
      assert.is_nil(bad("return { x = 1 }", "x").en:find("nearest", 1, true))
    end)

    it("that belong elsewhere say where", function()
      assert.truthy(bad("return { token = 1 }", "token").en:find("it belongs in accounts[]", 1, true))
      assert.truthy(bad("return { push = 1 }", "push").en:find("it belongs in limits", 1, true))
      assert.truthy(bad(account_text "listen = 1", "accounts[1].listen").en:find("it belongs in (top)", 1, true))
    end)

    it("include values without a name, once", function()
      local _, problems = bad("return { 'a', 'b', [9] = 1 }", "[1]")
      assert.equal(1, #problems)
      bad("return { [9] = 1, [true] = 2 }", "[9]")
    end)
  end)

  describe("accounts", function()
    it("need an id when there are several, and each its own", function()
      local _, problems = bad([[return { accounts = { { token = "wxtest" }, { token = "wxtest", path = "/b" } } }]])
      assert.truthy(find(problems, "error", "accounts[1].id"))
      assert.truthy(find(problems, "error", "accounts[2].id"))
      local p = bad([[return { accounts = {
        { id = "a", token = "wxtest" }, { id = "a", token = "wxtest", path = "/b" } } }]])
      assert.equal("accounts[2].id", p.key)
      bad(account_text 'id = "A"', "accounts[1].id")
    end)

    it("may not share host and path", function()
      local text = [[return { accounts = {
        { id = "a", token = "wxtest", url = "https://WX.example.cn:443/" },
        { id = "b", token = "wxtest", url = "http://%s/b" } } }]]
      local p = bad(text:format("wx.example.cn"), "accounts[2].path")
      assert.truthy(p.en:find("the accounts a and b are both served at wx.example.cn/wx", 1, true))
      assert.equal(3, p.line)
      good(text:format("other.example.cn"))
      bad([[return { accounts = { { id = "a", token = "wxtest" }, { id = "b", token = "wxtest" } } }]],
        "accounts[2].path")
    end)

    it("have a normalised url and host", function()
      for text, want in pairs {
        ["HTTPS://WX.Example.cn/"] = { "https://wx.example.cn", "wx.example.cn" },
        ["http://wx.example.cn:8080/a/b//"] = { "http://wx.example.cn:8080/a/b", "wx.example.cn" },
        ["http://[::1]:80"] = { "http://[::1]:80", "::1" },
      } do
        local account = good(account_text(("url = %q"):format(text))).accounts[1]
        assert.same(want, { account.url, account.host })
      end
      for _, text in ipairs {
        "wx.example.cn", "ftp://wx.example.cn", "http://", "http://a b", "http://a/?x", "http://a/#x",
        "http://u:hunter2@a", "http://a:99999", "http://::1/", "http://a..b",
      } do
        local p = bad(account_text(("url = %q"):format(text)), "accounts[1].url")
        assert.is_nil(p.en:find("hunter2", 1, true))
      end
    end)

    it("have a path that stays a path", function()
      for _, text in ipairs { "wx", "/wx?a=1", "/w x", "//wx", "/a/../wx", "/.", "/wx#", "" } do
        bad(account_text(("path = %q"):format(text)), "accounts[1].path")
      end
      assert.equal("/a.b/c~d", good(account_text 'path = "/a.b/c~d"').accounts[1].path)
    end)

    it("have a token of 3 to 32 letters and digits", function()
      for _, token in ipairs { "ab", ("a"):rep(33), "abc-def", "令牌令牌" } do
        bad(("return { accounts = { { token = %q } } }"):format(token), "accounts[1].token")
      end
      assert.truthy(bad("return { accounts = { {} } }", "accounts[1].token").en:find("must be set", 1, true))
    end)

    it("say what is wrong with a token without showing it", function()
      for token, want in pairs {
        ab = { "must have 3 to 32 characters, has 2", "应为 3 到 32 个字符，实际 2 个" },
        [("wxtest"):rep(6)] = { "must have 3 to 32 characters, has 36", "实际 36 个" },
        ["wxtest-token"] = { "character 7 is '-'", "第 7 个字符是 '-'" },
        ["wxtest token"] = { "character 7 is a blank", "第 7 个字符是空白" },
        ["wxtest令牌"] = { "character 7 is not ASCII", "第 7 个字符是非 ASCII 字符" },
      } do
        local p = bad(("return { accounts = { { token = %q } } }"):format(token), "accounts[1].token")
        assert.truthy(p.en:find(want[1], 1, true), p.en)
        assert.truthy(p.zh:find(want[2], 1, true), p.zh)
        assert.is_nil((p.en .. p.zh):find("wxtest", 1, true))
      end
    end)

    it("say what is wrong with a url without showing it", function()
      for url, want in pairs {
        ["wxtest.example.cn"] = { "does not begin with http:// or https://", "开头不是 http:// 或 https://" },
        ["http://u:wxtest@a"] = { "no user or password", "不能带用户名和密码" },
        ["http://wxtest.cn/?a=1"] = { "no ? and no #", "不能带 ? 或 #" },
        ["http://wxtest.cn:99999"] = { "host or port is malformed", "主机或端口不对" },
        ["http://wxtest.cn/a b"] = { "its prefix has a character", "前缀里有不许的字符" },
      } do
        local p = bad(account_text(("url = %q"):format(url)), "accounts[1].url")
        assert.truthy(p.en:find("must be http(s)://host[:port][/prefix]; ", 1, true), p.en)
        assert.truthy(p.en:find(want[1], 1, true), p.en)
        assert.truthy(p.zh:find("应为 http(s)://主机[:端口][/前缀]；" .. want[2], 1, true), p.zh)
        assert.is_nil((p.en .. p.zh):find("wxtest", 1, true))
      end
    end)

    it("are in safe mode when they have a key, plain otherwise", function()
      assert.equal("safe", good(account_text(('appid = "wxtest", aes_key = "%s"'):format(AES))).accounts[1].mode)
      assert.equal("plain", good(account_text(('mode = "plain", aes_key = "%s"'):format(AES))).accounts[1].mode)
      for _, mode in ipairs { "safe", "compatible" } do
        local p = bad(account_text(("mode = %q"):format(mode)), "accounts[1].aes_key")
        assert.equal("config.aeskey", p.event)
      end
    end)

    it("keep their keys as a list, the current one first", function()
      local other = AES:reverse()
      assert.same({ AES }, good(account_text(('aes_key = "%s"'):format(AES))).accounts[1].aes_key)
      assert.same({ AES, other },
        good(account_text(('aes_key = { "%s", "%s" }'):format(AES, other))).accounts[1].aes_key)
      for _, value in ipairs { "{}", "5", ('{ k, k, k, k }'):gsub("k", '"' .. AES .. '"') } do
        assert.equal("config.aeskey", bad(account_text("aes_key = " .. value), "accounts[1].aes_key").event)
      end
    end)

    it("say what is wrong with a key without showing it", function()
      for key, want in pairs {
        [AES:sub(1, 42)] = "must have 43 characters, has 42",
        [AES .. "="] = "must have 43 characters, has 44; character 44 is '='",
        [AES:sub(1, 20) .. "+" .. AES:sub(22)] = "character 21 is '+'",
        [AES:sub(1, 20) .. " " .. AES:sub(22)] = "character 21 is a blank",
        [AES:sub(1, 20) .. "ａ" .. AES:sub(22)] = "character 21 is not ASCII",
        [" " .. AES] = "blanks",
      } do
        local p = bad(account_text(('aes_key = { "%s" }'):format(key)), "accounts[1].aes_key[1]")
        assert.equal("config.aeskey", p.event)
        assert.truthy(p.en:find(want, 1, true), p.en)
        assert.is_nil((p.en .. p.zh):find(AES:sub(1, 8), 1, true))
      end
    end)

    it("draw a note when encrypted pushes cannot be checked for the AppID", function()
      local _, problems = good(account_text(('aes_key = "%s"'):format(AES)))
      assert.equal("accounts[1].appid", problems[1].key)
      assert.equal("config", problems[1].event)
      _, problems = good(account_text(('appid = "wxtest", aes_key = "%s"'):format(AES)))
      assert.equal(0, #problems)
      bad(account_text(('appid = "", aes_key = "%s"'):format(AES)), "accounts[1].appid")
    end)

    it("inherit what they do not say", function()
      local conf = good([[return { deadline = 3, apology = "x", hold_budget = 5, accounts = {
        { id = "a", token = "wxtest" },
        { id = "b", token = "wxtest", path = "/b", deadline = 2, apology = false, hold_budget = 0 } } }]])
      local one, other = conf.accounts[1], conf.accounts[2]
      assert.same({ 3, "x", 5 }, { one.deadline, one.apology, one.hold_budget })
      assert.same({ 2, false, 0 }, { other.deadline, other.apology, other.hold_budget })
    end)

    it("may do what their kind and verification give them, and what their file says", function()
      local conf = good([[return { accounts = {
        { id = "a", token = "wxtest" },
        { id = "b", token = "wxtest", path = "/b", kind = "service", verified = true, can = { menu = false } } } }]])
      assert.same(capabilities.of("subscription", false), conf.accounts[1].can)
      assert.same(capabilities.of("service", true, { menu = false }), conf.accounts[2].can)
      bad(account_text "can = { menu = 1 }", "accounts[1].can.menu")
      assert.truthy(bad(account_text "can = { menus = true }", "accounts[1].can.menus").en:find("nearest known one is menu", 1, true))
      bad(account_text "kind = 'robot', can = { menu = true }", "accounts[1].kind")
    end)
  end)

  describe("the mailbox", function()
    local GONE <const> = "等您的答案没能留住，请重新发送"
    local FULL <const> = { word = "继续", waiting = "正在处理，回复“继续”查看", more = "（未完，回复“继续”看下一页）", gone = GONE }

    -- The mailbox of two accounts, the second with its own; and the global one.
    local function mailboxes(global, own)
      local conf = good(([[return { %s accounts = {
        { id = "a", token = "wxtest" }, { id = "b", token = "wxtest", path = "/b", mailbox = { %s } } } }]])
        :format(global and "mailbox = { " .. global .. " }," or "", own))
      return conf.accounts[1].mailbox, conf.accounts[2].mailbox, conf.mailbox
    end

    it("is each account's, an empty one included", function()
      local one, other, global = mailboxes(nil, "")
      assert.same({ FULL, FULL, FULL }, { one, other, global })
      one.word = "x"
      assert.equal("继续", global.word)
    end)

    it("names a changed word in the texts that were not written", function()
      local one, other, global = mailboxes('word = "100%"', "")
      local want = { word = "100%", waiting = "正在处理，回复“100%”查看", more = "（未完，回复“100%”看下一页）", gone = GONE }
      assert.same({ want, want, want }, { one, other, global })
    end)

    it("leaves the texts that were written as they are", function()
      local _, _, global = mailboxes('word = "go", waiting = "继续", more = "…"', "")
      assert.same({ word = "go", waiting = "继续", more = "…", gone = GONE }, global)
    end)

    it("of an account takes what it does not say from the global one, with its own word in the texts", function()
      local one, other = mailboxes('word = "go", waiting = "busy: go"', 'word = "继续"')
      assert.same({ word = "go", waiting = "busy: go", more = "（未完，回复“go”看下一页）", gone = GONE }, one)
      assert.same({ word = "继续", waiting = "busy: 继续", more = FULL.more, gone = GONE }, other)
      one, other = mailboxes('waiting = "busy"', 'word = "go", more = "继续"')
      assert.same({ word = "继续", waiting = "busy", more = FULL.more, gone = GONE }, one)
      assert.same({ word = "go", waiting = "busy", more = "继续", gone = GONE }, other)
    end)

    it("is refused with every fault, not only the first", function()
      local _, problems = bad([[return { mailbox = { word = 1, waiting = 2 }, accounts = {
        { token = "wxtest", mailbox = { word = "x", more = ("x"):rep(513) } } } }]], "mailbox.word")
      assert.equal(3, #problems)
    end)
  end)

  describe("hosts", function()
    it("auto is the accounts' hosts, the listen address and loopback", function()
      local conf = good([[return { listen = "192.0.2.1:80", accounts = {
        { id = "a", token = "wxtest", url = "https://WX.example.cn:8443/x" },
        { id = "b", token = "wxtest", path = "/b", url = "https://wx.example.cn" },
        { id = "c", token = "wxtest", path = "/c" },
      } }]])
      assert.same({ list = { "wx.example.cn", "192.0.2.1", "localhost", "127.0.0.1", "::1" } }, conf.hosts)
    end)

    it("auto without a url is any", function()
      assert.same({ any = true }, good(account_text "").hosts)
    end)

    it("any wins over urls", function()
      local text = 'return { hosts = "any", accounts = { { token = "wxtest", url = "http://a.example" } } }'
      assert.same({ any = true }, good(text).hosts)
    end)

    it("of a list lose case, port and brackets", function()
      assert.same({ list = { "wx.example.cn", "::1", "127.0.0.1" } },
        good('return { hosts = { "WX.example.cn:8080", "[::1]:80", "127.0.0.1" } }').hosts)
      for _, text in ipairs { "a b", "http://a", "a/b", "-", "a:b", "256.1.1.1", "微信" } do
        bad(("return { hosts = { %q } }"):format(text), "hosts[1]")
      end
    end)
  end)

  describe("plugins", function()
    it("come in order of the list, then by name", function()
      local conf = good([[return { plugins = {
        zoo = "z.lua", "weiyue:rules", b = { path = "b", config = { x = 1 } }, "plugins/*.lua", a = "a" } }]])
      assert.same({
        { path = "weiyue:rules" }, { path = "plugins/*.lua" }, { name = "a", path = "a" },
        { name = "b", path = "b", config = { x = 1 } }, { name = "zoo", path = "z.lua" },
      }, conf.plugins)
    end)

    it("need a path and a plain name", function()
      assert.truthy(bad("return { plugins = { a = {} } }", "plugins.a.path").en:find("must be set", 1, true))
      bad("return { plugins = { ['a b'] = 'x' } }")
      bad("return { plugins = { {} } }", "plugins[1]")
      bad("return { plugins = { '' } }", "plugins[1]")
    end)
  end)

  describe("overrides", function()
    it("win over the file", function()
      local conf, problems = good("return { listen = 5, workers = 3 }",
        { overrides = { listen = "127.0.0.1:0", workers = "1" } })
      assert.same({ host = "127.0.0.1", port = 0 }, conf.listen)
      assert.equal(1, conf.workers)
      assert.equal(0, #problems)
    end)

    it("are blamed on the command line", function()
      local p = bad("return { listen = ':1' }", nil, { overrides = { listen = "nowhere" } })
      assert.truthy(tostring(p):find("^%-%-listen: must be"))
    end)
  end)

  describe("punctuation", function()
    local hint = require("weiyue.config.punctuation").hint

    it("is named with its line and what to write instead", function()
      for text, want in pairs {
        ["x = “a”"] = { 1, "“", '"' }, ["x = ‘a’"] = { 1, "‘", "'" }, ["f（1)"] = { 1, "（", "(" },
        ["f(1）"] = { 1, "）", ")" }, ["x = {\n  1，2 }"] = { 2, "，", "," }, ["x = 1；"] = { 1, "；", ";" },
        ["x = ｛}"] = { 1, "｛", "{" }, ["x = {｝"] = { 1, "｝", "}" }, ["\n\nx ＝ 1"] = { 3, "＝", "=" },
        ['x = "a”'] = { 1, "”", '"' }, ["x = 'a\\'，’\n"] = { 1, "’", "'" },
      } do
        local zh, en = hint(text)
        assert.equal(("第 %d 行有全角标点 %s，请改成半角 %s"):format(want[1], want[2], want[3]), zh)
        assert.equal(("line %d has the full-width %s: write %s"):format(want[1], want[2], want[3]), en)
      end
      assert.equal("第 1 行有全角空格，请改成半角空格", (hint("x\u{3000}= 1")))
    end)

    it("may stand in strings and comments", function()
      for _, text in ipairs { 'x = "“，”"', "x = '（'", "-- （\nx = 1", "--[[ ，\n ， ]] x = 1", "x = [==[ “ ]] ” ]==]",
        'x = "\\"，"', 'x = "a\\\n，"', 'x = "a\\z\n  ，"', "x = 变量", 'x = "你好，再见' } do
        assert.is_nil(hint(text), text)
      end
    end)

    it("behind the line where Lua stopped is not to blame", function()
      assert.is_nil(hint("x = = 1\ny = 2，", 1))
      assert.truthy(hint("x = 1，\ny = = 2", 2))
    end)
  end)

  describe("problems", function()
    it("come in the order of the file", function()
      local _, problems = bad("return {\n  nonsense = 1,\n  log = { level = 1 },\n  listen = 5,\n  deadline = 'x',\n}")
      local lines = {}
      for i, p in ipairs(problems) do lines[i] = p.line end
      assert.same({ 2, 3, 4, 5 }, lines)
    end)
  end)

  describe("lines", function()
    it("are found through comments, strings and equal names", function()
      local text = [==[
-- listen = 1, accounts = {
local other = { token = "x" }
return {
  --[[ deadline = 9 ]]
  apology = "deadline = 9, {", state = [[
    deadline = 9 {{ ]],
  accounts = {
    { id = "a", token = "wxtest", deadline = 4 },
    {
      id = "b", path = "/b",
      token = "no",
    },
    { id = "c", path = "/c" },
  },
  deadline = 9,
}]==]
      local _, problems = load_text(text)
      assert.equal(15, find(problems, "error", "deadline").line)
      assert.equal(11, find(problems, "error", "accounts[2].token").line)
      assert.equal(13, find(problems, "error", "accounts[3].token").line)
    end)

    it("of a table that code puts together are those of the name's first assignment", function()
      local text = "local a = { id = 'a' }\na.token =\n  'no'\nreturn { accounts = { a } }"
      assert.equal(2, bad(text, "accounts[1].token").line)
    end)
  end)

  describe("documentation", function()
    for lang, mark in pairs { zh = "本版本尚未实现", en = "not in this build" } do
      it("has one row per key in " .. lang, function()
        local rows = {}
        for key, cells in doc.markdown(lang):gmatch("\n| `([^`]+)` (|[^\n]+)") do rows[key] = cells end
        for _, key in ipairs(doc.keys()) do
          assert.is_string(rows[key.path], key.path)
          assert.equal(key.node.built == false, rows[key.path]:find(mark, 1, true) ~= nil, key.path)
          rows[key.path] = nil
        end
        assert.is_nil(next(rows))
      end)
    end

    it("has what is not in this build below what works", function()
      local limits
      for _, node in ipairs(require("weiyue.config.schema").fields) do limits = node.key == "limits" and node or limits end
      for _, node in ipairs(limits.fields) do
        if node.key == "push" then node.built = false end
      end
      finally(function()
        for _, node in ipairs(limits.fields) do node.built = nil end
      end)
      local before, after = doc.markdown("en"):match("^(.-\n| `hosts`.*)\n(| `limits%.push`.*)$")
      assert.is_nil(before:find("(not in this build)", 1, true))
      for row in after:gmatch("[^\n]+") do assert.truthy(row:find("(not in this build)", 1, true), row) end
    end)

    it("separates Latin letters from Chinese", function()
      assert.truthy(bad("return { log = { level = 'x' } }", "log.level").zh:find('^应为 "debug"'))
    end)

    it("shows defaults", function()
      local text = doc.markdown "en"
      assert.truthy(text:find("| `limits.push` | an integer of bytes from 256 to 16MiB | `65536` |", 1, true))
      assert.truthy(text:find("| a string of 3 to 32 bytes: letters and digits | required |", 1, true))
      assert.truthy(text:find("meanwhile; its default follows word |", 1, true))
    end)
  end)
end)
