-- `weiyue serve --record`: what the journal holds, and what it does not.

local journal = require "weiyue.journal"
local json = require "weiyue.json"
local program = require "spec.support.program"
local push = require "spec.support.push"
local serve = require "spec.support.serve"
local wechat_api = require "spec.support.wechat_api"

local OPENID <const> = "oRecordedUser_0123456789-abc"

local PLUGIN <const> = [[
local wx = require "weiyue"
wx.text("who", function(msg)
  local user, err = msg.account.api.user.info { openid = msg.openid }
  return user and "hello " .. user.nickname or tostring(err)
end)
wx.text("kept", function(msg) return "hello " .. msg:user().remark end)
wx.text("slow", function() wx.sleep(0.6) return "slow answer" end)
wx.text("nothing", function() return false end)
wx.text("ask", function(msg) return "you are " .. msg:ask "your name?" end)
wx.text(wx.prefix "long", function(msg) return "long " .. #msg.content end)
wx.text(function(msg) return "echo: " .. msg.content end)
]]

describe("serve --record", function()
  local api, server, account

  setup(function() api = wechat_api.start() end)
  teardown(function() api:stop() end)

  local function start(options)
    account = serve.account("bot", "safe",
      ('kind = "service", verified = true, secret = "wxtestsecret", forget = 0, deadline = 0.4, api = "%s"'):format(api.url))
    server = serve.start({ ["weiyue.lua"] = serve.config({ account }), ["plugins/bot.lua"] = PLUGIN },
      { arguments = "--record journal", folder = options and options.folder })
    return server
  end

  before_each(function()
    server = nil
    api:set { kill = false, zero = false, bad = false, token_error = json.null,
      answers = { ["/cgi-bin/user/info"] = json.encode { subscribe = 1, openid = OPENID, nickname = "王小明", remark = "老王" } } }
  end)
  after_each(function() if server then server:stop() end end)

  local function says(text)
    local nodes = push.text(text)
    nodes[2].text = OPENID
    local response = server:push(account, nodes)
    return response.reply and response.reply.Content
  end

  -- The journal with so many entries that have their answer.
  local function recorded(n)
    local read
    serve.eventually("the journal", function()
      read = assert(journal.read(server.folder .. "/journal"))
      local done = 0
      for _, entry in ipairs(read.entries) do done = done + (entry.way and 1 or 0) end
      return done >= n
    end)
    return read.entries, program.read(server.folder .. "/journal")
  end

  it("has pushes and their answers, with way and time", function()
    start()
    assert.equal("echo: 你好", says "你好")
    assert.is_nil(says "nothing")
    local entries = recorded(2)
    assert.equal("你好", entries[1].message.Content)
    assert.equal("bot", entries[1].account)
    assert.equal("reply", entries[1].way)
    assert.equal("echo: 你好", entries[1].reply.Content)
    assert.is_true(math.abs(entries[1].at - os.time()) < 20)
    assert.is_number(entries[1].ms)
    assert.equal("success", entries[2].way)
    assert.is_nil(entries[2].reply)
  end)

  it("has a question and its answer as two pushes", function()
    start()
    assert.equal("your name?", says "ask")
    assert.equal("you are me", says "me")
    local entries = recorded(2)
    assert.equal("your name?", entries[1].reply.Content)
    assert.equal("you are me", entries[2].reply.Content)
  end)

  it("knows users by one word, which is not their openid", function()
    start()
    says "one"
    says("an openid is " .. OPENID)
    local entries, text = recorded(2)
    assert.equal(entries[1].user, entries[2].user)
    assert.equal(28, #entries[1].user)
    assert.is_nil(text:find(OPENID, 1, true))
    assert.equal("an openid is " .. entries[1].user, entries[2].message.Content)
    assert.is_nil(text:find("gh_test", 1, true))
  end)

  it("has calls of the API without names, tokens and openids", function()
    start()
    assert.equal("hello 王小明", says "who")
    local entries, text = recorded(1)
    local call = entries[1].calls[1]
    assert.equal("user.info", call.api)
    assert.same({ openid = entries[1].user }, { openid = call.args.openid })
    assert.equal("***", call.reply.nickname)
    assert.equal(1, call.reply.subscribe)
    assert.equal("hello ***", entries[1].reply.Content)
    assert.is_nil(text:find("王小明", 1, true))
    assert.is_nil(text:find("wxtest-", 1, true))
  end)

  it("has no names where the store has kept what was asked before, after a restart either", function()
    start()
    assert.equal("hello 老王", says "kept")
    assert.equal("hello 老王", says "kept")
    recorded(2)
    server:halt()
    start { folder = server.folder }
    assert.equal("hello 老王", says "kept")
    local entries, text = recorded(3)
    assert.equal("hello ***", entries[3].reply.Content)
    assert.is_nil(text:find("老王", 1, true))
    assert.is_true(entries[3].calls[1].cached)
  end)

  it("has late answers as the calls that they are", function()
    start()
    assert.is_nil(says "slow")
    local entries
    serve.eventually("the late answer", function()
      entries = recorded(1)
      return #entries[1].calls > 0 and entries[1].calls[#entries[1].calls].api == "message_custom.send"
    end)
    local call = entries[1].calls[#entries[1].calls]
    assert.equal("late", entries[1].way)
    assert.equal("slow answer", call.args.text.content)
    assert.equal(entries[1].user, call.args.touser)
  end)

  it("masks telephone and card numbers, and what is as long as a token", function()
    start()
    says "我的手机 13812345678，身份证 11010119900307123X"
    says(("a1"):rep(70))
    local entries, text = recorded(2)
    assert.is_nil(text:find("13812345678", 1, true))
    assert.is_nil(text:find("11010119900307123", 1, true))
    assert.matches("^我的手机 100%d%d%d%d%d%d%d%d，身份证 0%d+X$", entries[1].message.Content)
    assert.equal("***", entries[2].message.Content)
  end)

  it("belongs to its owner alone", function()
    start()
    says "one"
    recorded(1)
    assert.equal("600", program.capture("stat -c %a " .. program.quote(server.folder .. "/journal")))
  end)

  it("goes on after a restart, with the same words for users", function()
    start()
    says "one"
    local first = recorded(1)[1].user
    server:halt()
    start { folder = server.folder }
    says "two"
    local entries = recorded(2)
    assert.equal("two", entries[2].message.Content)
    assert.equal(first, entries[2].user)
  end)

  it("goes on in an upgrade, and after a crash", function()
    start()
    says "one"
    recorded(1)
    server:upgrade()
    says "two"
    recorded(2)
    server.connection:close()
    server.connection = nil
    serve.eventually("one child", function() return #server:children() == 1 end)
    server:kill_child()
    says "three"
    local entries = recorded(3)
    assert.same({ "one", "two", "three" },
      { entries[1].message.Content, entries[2].message.Content, entries[3].message.Content })
    assert.equal(entries[1].user, entries[3].user)
  end)

  it("loses nothing at the end", function()
    start()
    for i = 1, 50 do says("n" .. i) end
    server:halt()
    local entries = assert(journal.read(server.folder .. "/journal")).entries
    assert.equal(50, #entries)
    assert.equal("echo: n50", entries[50].reply.Content)
    program.remove(server.folder)
    server = nil
  end)

  it("is refused where the file holds something else", function()
    local folder = serve.folder { ["weiyue.lua"] = serve.config { serve.account("bot", "plain") },
      ["plugins/bot.lua"] = PLUGIN, journal = "diary\n" }
    assert(os.execute(("cd %s && chmod 644 journal && ln -s journal link"):format(program.quote(folder))))
    local done = program.run(folder, "serve --no-supervisor --listen 127.0.0.1:0 --record link")
    assert.equal(1, done.status)
    assert.matches("something else than a journal", done.err)
    assert.equal("diary\n", program.read(folder .. "/journal"))
    assert.equal("644", program.capture("stat -Lc %a " .. program.quote(folder .. "/link")))
    program.remove(folder)
  end)

  it("takes a user out who is forgotten", function()
    start()
    says "one"
    local user = recorded(1)[1].user
    server:push(account, (function()
      local nodes = push.message("event", "unsubscribe", "EventKey", "")
      nodes[2].text = OPENID
      return nodes
    end)())
    server:push(account, push.text "of another")
    recorded(3)
    serve.eventually("forgotten", function() return #server:logged "forget" > 0 end)
    server:halt()
    local text = program.read(server.folder .. "/journal")
    assert.is_nil(text:find(user, 1, true))
    assert.is_truthy(text:find "of another")
    program.remove(server.folder)
    server = nil
  end)

  it("ends with one line when the disk is full, and the host goes on", function()
    -- a limit on the size of files stands for it; SIGXFSZ would end the process where a disk only fails
    local folder = serve.folder { small = "#!/bin/bash\nulimit -f 512; trap '' XFSZ; exec \"$@\"\n" }
    assert(os.execute("chmod +x " .. program.quote(folder .. "/small")))
    account = serve.account("bot", "plain")
    server = serve.start({ ["weiyue.lua"] = serve.config({ account }, 'store = "memory"'), ["plugins/bot.lua"] = PLUGIN },
      { arguments = "--record journal", folder = folder, environment = "./small" })
    for _ = 1, 60 do assert.equal("long 20004", says("long" .. ("x"):rep(20000))) end
    serve.eventually("it has stopped", function() return #server:logged "record.stopped" > 0 end)
    for i = 1, 5 do assert.equal("echo: " .. i, says(tostring(i))) end
    assert.equal(1, #server:logged "record.stopped")
    assert.equal(0, server:metrics():value "weiyue_record_on")
    local read = assert(journal.read(server.folder .. "/journal"))
    assert.equal(0, read.torn)
    assert.is_true(#read.entries > 5)
  end)
end)
