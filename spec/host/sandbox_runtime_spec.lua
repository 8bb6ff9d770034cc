-- The sandbox at work: when pushes leave, what is told of calls, how much of a chat is kept.
local folders = require "spec.support.folder"
local guest = require "weiyue.guest"
local json = require "weiyue.json"
local runtimes = require "weiyue.sandbox.runtime"
local task = require "weiyue.task"

local CONFIG <const> = [[
return { accounts = { { id = "shop", kind = "service", verified = true, token = "wxtesttoken", appid = "wxtest" } } }
]]
local SETUP <const> = { base = "http://127.0.0.1:9000", url = "http://127.0.0.1:8080", listen = "127.0.0.1:8080" }

describe("the sandbox at work", function()
  local advance, folder, runtime, openid, pushed

  setup(function()
    advance, guest.advance = guest.advance, function() end
    folder = folders.new()
    folder:write { ["weiyue.lua"] = CONFIG }
  end)
  teardown(function()
    guest.advance = advance
    folder:remove()
  end)
  before_each(function()
    runtime, pushed = runtimes.new { setup = SETUP, path = folder.path .. "/weiyue.lua" }, {}
    openid = runtime.users[1].openid
    runtime.push = function(_, _, message) pushed[#pushed + 1] = message.Event or message.Content end
  end)

  local function event(name, after)
    runtime.world:emit("wxtest", { MsgType = "event", Event = name, FromUserName = openid }, after)
  end

  it("pushes what comes after a jump of the clock", function()
    event("later", 600)
    runtime:advance(700)
    event("now")
    task.sleep(1)
    assert.same({ "later", "now" }, pushed)
  end)

  local function exchange()
    local one = { id = 1, appid = "wxtest", openid = openid, at = runtime:now(), attempts = {}, calls = {}, calls_bytes = 0 }
    runtime.exchanges:push(one)
    return one
  end

  local function count_told()
    local told, tell = {}, runtime.live.tell
    runtime.live.tell = function(live, kind, data)
      told[kind] = (told[kind] or 0) + 1
      return tell(live, kind, data)
    end
    return told
  end

  local function call(reply)
    runtime.world:note_call { api = "user.info", appid = "wxtest", args = { openid = openid }, reply = reply, errcode = 0,
      at = runtime:now() }
  end

  it("keeps so many calls with a push, says how many it left out, and tells each once", function()
    local one, told = exchange(), count_told()
    for _ = 1, 80 do call { errcode = 0 } end
    assert.equal(50, #one.calls)
    assert.equal(30, one.left_out)
    assert.same({ call = 80 }, told)
  end)

  it("keeps fewer of those that are large", function()
    local one = exchange()
    for _ = 1, 40 do call { text = ("x"):rep(60000) } end
    assert.is_true(#one.calls < 10)
    assert.equal(40, #one.calls + one.left_out)
  end)

  it("tells a push again when a late answer leaves", function()
    local one, told = exchange(), count_told()
    one.ended, one.way = runtime:now(), "success"
    runtime.world:note_call { api = "message_custom.send", appid = "wxtest", args = { touser = openid }, errcode = 0,
      reply = { errcode = 0 }, at = runtime:now() }
    assert.equal("late", one.way)
    assert.same({ call = 1, exchange = 1 }, told)
  end)

  it("tells of a chat what can be told, whatever stands in it", function()
    local large = ("月"):rep(4 * 1024 * 1024)
    for i = 1, 3 do runtime:say("wxtest", openid, { type = "text", text = i .. large }) end
    for _ = 1, 300 do
      runtime:say("wxtest", openid, { type = "news", articles = { { title = "a", content = large:sub(1, 60000) } } })
    end
    runtime:say("wxtest", openid, { type = "text", text = "last" })
    local chat = runtime:chat("wxtest", openid)
    assert.equal("last", chat[#chat].text)
    local cut = chat[#chat - 1].articles[1].content
    assert.equal("月…", cut:sub(-6))
    assert.is_truthy(#cut < 33000 and utf8.len(cut))
    assert.is_true(#chat > 10)
    assert.is_true(#json.encode(chat) < 5 * 1024 * 1024)
    assert.equal("[]", json.encode(runtime:chat("wxtest", runtime.users[2].openid)))
  end)
end)
