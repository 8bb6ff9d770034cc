-- The schedule of the sandbox's pushes: when WeChat tries again, what it shows, when it stops.
local codec = require "weiyue.codec"
local exchanges = require "weiyue.sandbox.exchange"
local pusher = require "weiyue.sandbox.pusher"
local ring = require "weiyue.sandbox.ring"
local task = require "weiyue.task"
local time = require "weiyue.time"
local transport = require "weiyue.transport"

local account <const> = { appid = "wxtest", token = "wxtesttoken", mode = "plain", username = "gh_test", push = "http://h/wx" }
local MESSAGE <const> = { MsgType = "text", FromUserName = "oTest", Content = "hi" }

describe("a push of the sandbox", function()
  local send, sent, answers, runtime, told, said

  setup(function() send = transport.send end)
  teardown(function() transport.send = send end)

  before_each(function()
    sent, answers, told, said, account.marks = {}, {}, {}, {}, nil
    transport.send = function(request)
      sent[#sent + 1] = { request = request, at = time.now() }
      local answer = table.remove(answers, 1)
      if answer == "silence" then
        task.sleep(request.timeout)
        return nil, { code = "http.timeout" }
      end
      if answer == "refused" then return nil, { code = "http.connect" } end
      return answer
    end
    runtime = {
      exchange_serial = 0, exchanges = ring(10), world = { account = function() return account end },
      live = { tell = function(_, _, exchange) told[#told + 1] = exchange end },
      now = function() return time.now() end,
      say = function(_, _, _, item) said[#said + 1] = item end,
    }
  end)

  local function push() exchanges.push(runtime, "wxtest", pusher.complete(account, MESSAGE, time.now())) end

  local function reply(text)
    return { status = 200, body = assert(codec.build({ type = "text", content = text }, { to = "oTest", from = "gh_test" })) }
  end

  it("that is answered is sent once", function()
    answers = { reply "hello" }
    push()
    assert.equal(1, #sent)
    assert.equal("hello", said[1].text)
    assert.equal("reply", told[#told].way)
  end)

  it("that nobody answers is sent three times, each 5 s after the other, the same message signed anew", function()
    answers = { "silence", "refused", "silence" }
    push()
    assert.equal(3, #sent)
    assert.is_true(math.abs(sent[2].at - sent[1].at - 5) < 0.1)
    assert.is_true(math.abs(sent[3].at - sent[2].at - 5) < 0.1)
    assert.equal(sent[1].request.body, sent[3].request.body)
    assert.are_not.equal(sent[1].request.url, sent[3].request.url)
    assert.equal("fault", said[1].type)
    assert.equal("fault", told[#told].way)
    assert.equal("connect", told[#told].attempts[2].fault.code)
    assert.equal(3, account.marks:count(time.now()))
  end)

  it("whose repetition is answered shows that answer", function()
    answers = { "silence", reply "second" }
    push()
    assert.equal(2, #sent)
    assert.equal("second", said[1].text)
    assert.equal("hold", told[#told].way)
  end)

  it("that is answered wrongly is not sent again", function()
    answers = { { status = 500, body = "" } }
    push()
    assert.equal(1, #sent)
    assert.equal("status", told[#told].attempts[1].fault.code)
  end)

  it("is not sent for a minute after 30 without an answer", function()
    account.marks = pusher.marks()
    for _ = 1, 30 do account.marks:fail(time.now()) end
    push()
    assert.equal(0, #sent)
    assert.equal("blocked", told[#told].attempts[1].fault.code)
    assert.truthy(told[#told].attempts[1].fault.zh:find "60")
    assert.equal("fault", said[1].type)
    task.sleep(61)
    answers = { reply "again" }
    push()
    assert.equal("again", said[2].text)
  end)

  it("shows what is no text as far as it can be shown", function()
    answers = { { status = 200, body = "\xFF\0" .. ("x"):rep(100000) } }
    push()
    local body = told[#told].attempts[1].body
    assert.truthy(body:find("\\xFF\\0x", 1, true))
    assert.is_true(#body < 40000)
  end)
end)
