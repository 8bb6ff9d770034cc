-- `weiyue replay`: what was recorded by `weiyue serve --record`, through other plugins.

local journal = require "weiyue.journal"
local json = require "weiyue.json"
local program = require "spec.support.program"
local push = require "spec.support.push"
local serve = require "spec.support.serve"
local wechat_api = require "spec.support.wechat_api"

local PLUGIN <const> = [[
local wx = require "weiyue"
wx.text("who", function(msg)
  local user, err = msg.account.api.user.info { openid = msg.openid }
  return user and "hello " .. user.remark .. user.city or tostring(err)
end)
wx.text("tag", function(msg)
  local tags = msg.account.api.tag.list {}
  return "tags " .. #tags.tags
end)
wx.text("slow", function() wx.sleep(0.6) return "slow answer" end)
wx.text("phone", "call 13812345678")
wx.text("nothing", function() return false end)
wx.text("ask", function(msg) return "you are " .. msg:ask "your name?" end)
wx.text("news", function() return wx.reply.news { title = "T", url = "https://wx.example.cn/a" } end)
wx.text("when", function() return os.date("%Y-%m-%d") end)
wx.text(function(msg) return "echo: " .. msg.content end)
]]

describe("replay", function()
  local api, server, account, folder, n

  setup(function()
    api = wechat_api.start()
    api:set { kill = false, zero = false, bad = false, token_error = json.null, answers = {
      ["/cgi-bin/user/info"] = json.encode { subscribe = 1, remark = "王小明", city = "上海" },
      ["/cgi-bin/tags/get"] = json.encode { tags = json.array { { id = 1, name = "a" }, { id = 2, name = "b" } } },
    } }
    account = serve.account("bot", "safe",
      ('kind = "service", verified = true, secret = env "WX_SECRET", deadline = 0.4, api = "%s"'):format(api.url))
    server = serve.start({ ["weiyue.lua"] = serve.config({ account }), ["plugins/bot.lua"] = PLUGIN },
      { arguments = "--record journal", environment = "WX_SECRET=wxtestsecret" })
    folder = server.folder
    local texts = { "hello", "who", "tag", "slow", "phone", "nothing", "ask", "me 13900001111", "news", "when" }
    for _, text in ipairs(texts) do
      local nodes = push.text(text)
      nodes[2].text = "oReplayedUser_0123456789-abc"
      assert(server:push(account, nodes).status == 200)
    end
    n = #texts
    os.execute "sleep 0.5"
    server:halt()
    api:stop()
  end)
  teardown(function() program.remove(folder) end)

  local function replay(plugin, arguments)
    program.write(folder, "plugins/bot.lua", plugin or PLUGIN)
    return program.run(folder, "replay journal " .. (arguments or ""))
  end

  it("makes up what is missing, whatever the variables are called, and leaves broken lines out", function()
    program.write(folder, "other.lua", [[return { plugins = { "plugins/bot.lua" }, accounts = {
      { id = "a", path = "/a", appid = env "SHOP_ID", token = env "A_RATHER_LONG_NAME_FOR_A_TOKEN_OF_AN_ACCOUNT", aes_key = env "K" },
      { id = "b", path = "/b", appid = env "OTHER_ID", token = env "B", aes_key = { env "K1", env "K2" } } } }]])
    program.write(folder, "plugins/bot.lua", PLUGIN)
    program.write(folder, "other.journal", journal.head "0123456789abcdef" .. "\n" .. [[
{"kind":"push","account":"a","at":1700000001,"push":"aa","message":{"Content":"hi","FromUserName":"oA","MsgId":"2","MsgType":"text"}}
{"kind":"answer","account":"a","at":1700000001,"push":"aa","reply":{"MsgType":"text","Content":"echo: hi"},"way":"reply"}
{"kind":"push","account":"b","at":1700000002,"push":"bb","message":{"Content":"hi","FromUserName":"oA","MsgId":"2","MsgType":"text"}}
{"kind":"answer","account":"b","at":1700000002,"push":"bb","reply":{"MsgType":"news","Articles":"x"},"way":"reply"}
{"kind":"push","account":"b","at":1700000003,"push":"cc","message":{"MsgType":{"x":1},"FromUserName":7}}
{"kind":"push","account":"b","at":1700000003,"push":"dd","message":{"MsgType":"event"}}
{"kind":"push","account":"gone","at":1700000003,"push":"ee","message":{"MsgType":"text"}}
{"kind":"push","account":"b","at":1e300,"push":"ff","message":{"MsgType":"text"}}
{"kind":"call","account":"b","at":1700000003,"push":"bb"}
]])
    local done = program.run(folder, "replay other.journal other.lua")
    assert.matches("%- %[news%] \n  %+ echo: hi", done.out .. done.err)
    assert.matches("pushes: 5, compared: 2, changed: 1, cannot be compared: 0, left out: 3\n.-torn: 2\n", done.out)
    assert.matches("there is no push 4", program.run(folder, "replay other.journal other.lua --spec 4").err)
  end)

  it("finds nothing changed where nothing has", function()
    local done = replay()
    assert.equal(("pushes: %d, compared: %d, changed: 0, cannot be compared: 0, left out: 0\n"):format(n, n), done.out .. done.err)
    assert.equal(0, done.status)
  end)

  it("tells whose answer has changed, to what, and where", function()
    local done = replay((PLUGIN:gsub('"echo: "', '"heard: "')))
    assert.equal(1, done.status)
    assert.matches("#1  .-  bot  o[%w_%-]+  text hello\n  %- echo: hello\n  %+ heard: hello    plugins/bot.lua:16\n", done.out)
    assert.matches("changed: 1,", done.out)
  end)

  it("answers calls of the API as they were", function()
    local done = replay((PLUGIN:gsub("user.city", 'user.city .. "!"')))
    assert.matches("  %- hello %*%*%*上海\n  %+ hello %*%*%*上海!", done.out)
  end)

  it("has the fake answer calls that were not made then", function()
    local done = replay((PLUGIN:gsub('return "echo: " .. msg.content', [[
      local user = msg.account.api.user.info { openid = msg.openid }
      return user and user.subscribe == 1 and "a follower"]])))
    assert.matches("  %- echo: hello\n  %+ a follower", done.out .. done.err)
  end)

  it("tells a late answer that has changed", function()
    local done = replay((PLUGIN:gsub('"slow answer"', '"other answer"')))
    assert.equal(1, done.status, done.err)
    assert.matches("  %- slow answer\n  %+ other answer", done.out)
    assert.matches("changed: 1,", done.out)
  end)

  it("does not mind which way an answer went", function()
    local done = replay((PLUGIN:gsub("wx.sleep%(0.6%) ", "")))
    assert.equal(0, done.status, done.out .. done.err)
  end)

  it("tells what of an answer has changed where its line reads the same, in JSON, too", function()
    local plugin = PLUGIN:gsub("example.cn/a", "example.cn/b")
    local done = replay(plugin)
    assert.matches("  %- %[news%] T {Articles.1.Url: https://wx.example.cn/a}\n  %+ %[news%] T {Articles.1.Url: "
      .. "https://wx.example.cn/b}", done.out .. done.err)
    local changed = assert(json.decode(replay(plugin, "--json").out)).changed[1]
    assert.equal("[news] T {Articles.1.Url: https://wx.example.cn/b}", changed.new)
  end)

  it("prints nothing that a journal would not hold, and takes stars for what they stand for", function()
    local function lines(content)
      program.write(folder, "stars.journal", journal.head "0123456789abcdef" .. "\n" .. ([[
{"kind":"push","account":"bot","at":1700000001,"push":"aa","message":{"Content":"x","FromUserName":"oA","MsgId":"2","MsgType":"text"}}
{"kind":"answer","account":"bot","at":1700000001,"push":"aa","reply":{"MsgType":"text","Content":"%s"},"way":"reply"}
]]):format(content))
      program.write(folder, "plugins/bot.lua", 'require("weiyue").text(function() return "key=wxtestsecret, +852 9123 4567" end)')
      return program.run(folder, "replay stars.journal", "WX_SECRET=wxtestsecret")
    end
    local done = lines "key=***, +100 1111 2222"
    assert.equal(0, done.status, done.out .. done.err)
    done = lines "no key=***, +100 1111 2222"
    assert.matches("  %- no key=%*%*%*, %+<tel>\n  %+ key=%*%*%*, %+<tel>", done.out)
    assert.is_nil(done.out:find("wxtestsecret", 1, true))
    assert.equal(1, lines "key=***, +100 1111 2222.".status)
  end)

  it("comes to an end where a handler asks for ever, or waits without any time", function()
    local done = replay((PLUGIN:gsub('return "echo: " .. msg.content',
      'local r repeat r = wx.http.get "https://erp.example.cn/x" until r return r.body')))
    assert.matches("#1  cannot be compared: https://erp.example.cn was asked", done.out .. done.err)
    done = replay((PLUGIN:gsub('return "echo: " .. msg.content', 'while true do wx.sleep(0) end')))
    assert.equal(1, done.status)
    assert.matches("no time passes on the virtual clock.*plugins/bot.lua:16", done.err)
  end)

  it("fails where nothing was compared, and says why", function()
    program.write(folder, "plugins/bot.lua", PLUGIN)
    program.write(folder, "renamed.lua", (program.read(folder .. "/weiyue.lua"):gsub('id = "bot"', 'id = "shop"')))
    local done = program.run(folder, "replay journal renamed.lua")
    assert.equal(1, done.status)
    assert.matches("left out: " .. n .. ": weiyue.lua has no account bot; there is shop\n", done.out .. done.err)
    assert.matches("nothing was compared", done.out)
    done = program.run(folder, "replay journal renamed.lua --json")
    assert.equal(1, done.status)
    assert.same({ { reason = "account", account = "bot", n = n } }, json.decode(done.out).left_out)
    program.write(folder, "unanswered", journal.head "0123456789abcdef" .. "\n" .. [[
{"kind":"push","account":"bot","at":1700000001,"push":"aa","message":{"Content":"x","FromUserName":"oA","MsgId":"2","MsgType":"text"}}
]])
    done = program.run(folder, "replay unanswered")
    assert.equal(1, done.status)
    assert.matches("left out: 1: the journal has no answer of them", done.out)
  end)

  it("tells what was raised", function()
    local done = replay((PLUGIN:gsub('return "echo: " .. msg.content', 'error "oh no"')))
    assert.matches("  ! .-oh no\n", done.out) -- without its traceback
    assert.equal(1, done.status)
  end)

  it("cannot tell where another server was asked", function()
    local done = replay((PLUGIN:gsub('return "echo: " .. msg.content',
      'local r, err = wx.http.get "https://erp.example.cn/x" return r and r.body or tostring(err)')))
    assert.matches("#1  cannot be compared: https://erp.example.cn was asked", done.out .. done.err)
    assert.equal(0, done.status)
  end)

  it("prints JSON", function()
    local done = replay((PLUGIN:gsub('"echo: "', '"heard: "')), "--json")
    local result = assert(json.decode(done.out))
    assert.equal(1, #result.changed)
    assert.same({ 1, "bot", "echo: hello", "heard: hello" },
      { result.changed[1].n, result.changed[1].account, result.changed[1].old, result.changed[1].new })
  end)

  it("leaves the project's store alone", function()
    replay() -- what it prints stands in files of the spec's
    local look = ("cd %s && ls -A | sort && stat -c '%%n %%y' weiyue.db*"):format(program.quote(folder))
    local before = program.capture(look)
    replay()
    assert.equal(before, program.capture(look))
  end)

  for number, what in pairs { [1] = "a text", [2] = "a call of the API", [4] = "a late answer", [6] = "no answer",
    [8] = "the answer to a question", [9] = "an article" } do
    it("writes a push as a spec, which passes: " .. what, function()
      program.write(folder, "plugins/bot.lua", PLUGIN)
      local done = program.run(folder, "replay journal --spec " .. number)
      assert.equal(0, done.status, done.err)
      program.write(folder, "push_spec.lua", done.out)
      local run = program.run(folder, "test --output=TAP push_spec.lua")
      assert.equal(0, run.status, run.out .. run.err .. done.out)
      assert.matches("ok 1 %- push " .. number, run.out)
    end)
  end

  it("writes a spec that fails once the answer has changed", function()
    program.write(folder, "push_spec.lua", program.run(folder, "replay journal --spec 1").out)
    program.write(folder, "plugins/bot.lua", (PLUGIN:gsub('"echo: "', '"heard: "')))
    assert.equal(1, program.run(folder, "test --output=TAP push_spec.lua").status)
  end)

  it("says which pushes there are to be written", function()
    local done = program.run(folder, "replay journal --spec 99")
    assert.equal(1, done.status)
    assert.matches("the journal has 1 to " .. n, done.err)
  end)

  it("refuses what is no journal", function()
    local done = program.run(folder, "replay weiyue.lua")
    assert.equal(1, done.status)
    assert.matches("no journal of weiyue", done.err)
    assert.equal(2, program.run(folder, "replay").status)
  end)

  it("says what is wrong with a journal, in the user's language", function()
    local function told(text, language)
      if text then program.write(folder, "bad", text) end
      local done = program.run(folder, "replay " .. (text and "bad" or "."), "LC_ALL=" .. language)
      assert.equal(1, done.status)
      return done.err
    end
    local push_line = '{"kind":"push","account":"bot","at":1,"push":"aa","message":{}}\n'
    for text, words in pairs { [""] = { "the journal is empty", "记录是空的" },
      ['{"id":"a","weiyue_journal":2}\n'] = { "a newer weiyue has written", "更新的 weiyue" },
      [push_line] = { "lacks its first line", "缺第一行" }, ["diary\n"] = { "no journal of weiyue", "不是 weiyue 的记录" } } do
      assert.matches("bad: .*" .. words[1], told(text, "C"))
      assert.matches("bad：.*" .. words[2], told(text, "zh_CN.UTF-8"))
    end
    assert.matches("%.: Is a directory", told(nil, "C"))
  end)

  it("replays JSON pushes, and events", function()
    local other = serve.account("bot", "compatible")
    local config = serve.config({ other }, 'store = "memory"')
    local one = serve.start({ ["weiyue.lua"] = config, ["plugins/bot.lua"] = [[
      local wx = require "weiyue"
      wx.click("about", "about us")
      wx.text(function(msg) return msg.content end)]] }, { arguments = "--record journal" })
    assert(one:push(other, push.text "hello", "json").reply.Content == "hello")
    assert(one:push(other, push.message("event", "CLICK", "EventKey", "about"), "json").reply.Content == "about us")
    one:halt()
    local done = program.run(one.folder, "replay journal")
    assert.equal("pushes: 2, compared: 2, changed: 0, cannot be compared: 0, left out: 0\n", done.out .. done.err)
    program.remove(one.folder)
  end)

  it("reads a journal whose last line is torn", function()
    local text = program.read(folder .. "/journal")
    program.write(folder, "torn", text:sub(1, #text - 20))
    assert.equal(1, assert(journal.read(folder .. "/torn")).torn)
    assert.matches("torn: 1", program.run(folder, "replay torn").out)
  end)
end)
