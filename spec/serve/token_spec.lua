-- The token server on the management interface, and `weiyue token`, `weiyue api call` beside a host and without one.

local json = require "weiyue.json"
local serve = require "spec.support.serve"
local wechat_api = require "spec.support.wechat_api"

local PLUGIN <const> = [[
local wx = require "weiyue"
wx.text("who", function(msg)
  local user, err = msg.account.api.user.info { openid = msg.openid }
  return user and "errcode " .. tostring(user.errcode) or tostring(err)
end)
]]

describe("the token server", function()
  local api, server, account, key

  setup(function() api = wechat_api.start() end)
  teardown(function() api:stop() end)

  local function files(more)
    account = serve.account("bot", "plain",
      ('kind = "service", verified = true, secret = "wxtestsecret", api = "%s"'):format(api.url))
    return { ["weiyue.lua"] = serve.config({ account }, more or "token_server = true"), ["plugins/bot.lua"] = PLUGIN }
  end

  local function start(more)
    server = serve.start(files(more))
    local file = io.open(server.folder .. "/.weiyue/admin.key")
    key = file and file:read "l"
    if file then file:close() end
  end

  before_each(function()
    server = nil
    api:set { kill = true, zero = true, bad = false, token_error = json.null, answers = {} }
  end)
  after_each(function() if server then server:stop() end end)

  local function get(target, with)
    local r = server:admin { target = target, headers = with and ("Authorization: Bearer %s\r\n"):format(with) or nil }
    return r, r.body and json.decode(r.body)
  end

  it("is off unless the configuration wants it", function()
    start "token_server = false"
    assert.equal(404, get("/token").status)
    assert.is_nil(server:admin({ target = "/" }).body:find "token")
  end)

  it("wants the key, also on this machine", function()
    start()
    assert.equal(401, get("/token").status)
    assert.equal(401, get("/token", ("0"):rep(64)).status)
    assert.equal(0, api:counts().stable)
  end)

  it("gives the token of the account, and its time", function()
    start()
    local r, body = get("/token?account=bot&kind=access_token", key)
    assert.equal(200, r.status)
    assert.equal("no-store", r.headers["cache-control"])
    assert.matches("^wxtest%-0001%-%d+$", body.access_token)
    assert.is_true(body.expires_in > 7000 and body.expires_in <= 7200)
    local _, again = get("/token", key)
    assert.equal(body.access_token, again.access_token)
    assert.equal(1, api:counts().stable)
    local _, ticket = get("/token?kind=jsapi_ticket", key)
    assert.equal("wxtest-ticket-jsapi", ticket.jsapi_ticket)
  end)

  it("replaces a token that failed, and only that one", function()
    start()
    local _, first = get("/token", key)
    local _, second = get("/token?failed=" .. first.access_token, key)
    assert.are_not.equal(first.access_token, second.access_token)
    local _, third = get("/token?failed=" .. first.access_token, key)
    assert.equal(second.access_token, third.access_token)
    assert.equal(1, api:counts().forced)
  end)

  it("tells what is wrong, as WeChat would", function()
    start()
    local r, body = get("/token?account=nobody", key)
    assert.same({ 404, 40013 }, { r.status, body.errcode })
    r, body = get("/token?kind=secret", key)
    assert.same({ 400, 40035 }, { r.status, body.errcode })
    r, body = get("/token?failed=a%0Ab", key)
    assert.same({ 400, 40035 }, { r.status, body.errcode })
    api:set { token_error = { errcode = 40164, errmsg = "invalid ip 203.0.113.9, not in whitelist" } }
    r, body = get("/token", key)
    assert.same({ 502, 40164 }, { r.status, body.errcode })
    assert.truthy(body.hint:find("203.0.113.9", 1, true))
  end)

  it("serves plugins and other programs with the same token", function()
    start()
    assert.equal("errcode 0", server:says(account, "who"))
    get("/token", key)
    local run = serve.run(server.folder, "token")
    assert.equal(0, run.status, run.err)
    assert.matches("^wxtest%-0001%-%d+\n$", run.out)
    assert.equal(1, api:counts().stable)
    assert.is_nil(server:log():find(run.out:sub(1, -2), 1, true))
  end)

  it("is asked by weiyue token --refresh --json", function()
    start()
    local first = serve.run(server.folder, "token").out:sub(1, -2)
    local run = serve.run(server.folder, "token bot --refresh --json")
    assert.equal(0, run.status, run.err)
    local body = json.decode(run.out)
    assert.are_not.equal(first, body.token)
    assert.same({ true, "bot", "access_token" }, { body.ok, body.account, body.kind })
    run = serve.run(server.folder, "token nobody")
    assert.equal(1, run.status)
    assert.equal("", run.out)
    assert.matches("no account nobody; there is: bot", run.err)
  end)

  it("calls the API for weiyue api call", function()
    start()
    api:set { answers = { ["/cgi-bin/user/info"] = { openid = "o", id = 12345678901234567 } } }
    local run = serve.run(server.folder, [[api call user.info '{"openid":"o"}']])
    assert.equal(0, run.status, run.err)
    assert.same({ openid = "o", id = 12345678901234567 }, json.decode(run.out))
    api:set { answers = { ["/cgi-bin/media/get"] = "bytes, not JSON" } }
    run = serve.run(server.folder, [[api call media.get '{"media_id":"m"}' --to got]])
    assert.equal(0, run.status, run.err)
    assert.equal(server.folder .. "/got", json.decode(run.out).path)
    local file = assert(io.open(server.folder .. "/got"))
    assert.equal("bytes, not JSON", file:read "a")
    file:close()
    run = serve.run(server.folder, "api call user.info")
    assert.equal(1, run.status)
    assert.matches("openid", run.err)
    run = serve.run(server.folder, "api call user.info '[1'")
    assert.equal(2, run.status)
    run = serve.run(server.folder, "api call user.inf")
    assert.equal(1, run.status)
    assert.matches("the nearest is user.info", run.err)
  end)

  it("is not needed by weiyue token where no host runs", function()
    local folder = serve.folder(files())
    local run = serve.run(folder, "token")
    assert.equal(0, run.status, run.err)
    assert.matches("^wxtest%-0001%-%d+\n$", run.out)
    local token = run.out
    run = serve.run(folder, [[api call user.info '{"openid":"o"}']])
    assert.equal(0, run.status, run.err)
    assert.equal(0, json.decode(run.out).errcode)
    assert.equal(token, serve.run(folder, "token").out)
    assert.equal(1, api:counts().stable) -- the store has it
    run = serve.run(folder, "token --refresh")
    assert.are_not.equal(token, run.out)
    assert.equal(1, api:counts().forced)
    serve.remove(folder)
    api:set { token_error = { errcode = 40125, errmsg = "invalid appsecret" }, kill = true }
    folder = serve.folder(files())
    run = serve.run(folder, "token")
    assert.equal(1, run.status)
    assert.matches("40125", run.err)
    assert.is_nil(run.err:find("wxtestsecret", 1, true))
    serve.remove(folder)
  end)
end)
