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
wx.text("used", function(msg) return tostring(msg.account.quota["user.info"].used) end)
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

  it("needs no host, whatever plugins the account names", function()
    local all = files()
    all["weiyue.lua"] = serve.config({ serve.account("bot", "plain", ('kind = "service", verified = true, '
      .. 'secret = "wxtestsecret", api = "%s", plugins = { "bot" }'):format(api.url)) })
    local folder = serve.folder(all)
    local run = serve.run(folder, "token")
    assert.equal(0, run.status, run.err)
    assert.equal("", run.err)
    assert.matches("^wxtest%-0001%-%d+\n$", run.out)
    serve.remove(folder)
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

  it("says what is wrong in one language, and what to do", function()
    start()
    local _, body = get("/token?kind=zz", key)
    assert.equal(40035, body.errcode)
    assert.truthy(body.errmsg:find('kind: there is no kind "zz"', 1, true))
    assert.truthy(body.errmsg:find("jsapi_ticket", 1, true))
    local function words(command, code)
      local en = serve.run(server.folder, command)
      local zh = serve.run(server.folder, command, "LC_ALL=zh_CN.UTF-8")
      assert.same({ 1, 1 }, { en.status, zh.status })
      assert.equal("", en.out)
      assert.is_nil(en.err:find "[\x80-\xff]", en.err)
      assert.truthy(en.err:find(code .. ": ", 1, true), en.err)
      assert.truthy(zh.err:find(code .. "：", 1, true), zh.err)
      assert.is_nil(zh.err:find "there is no" or zh.err:find "; " or zh.err:find "is no third", zh.err)
      return zh.err, en.err
    end
    words("token --kind foo", "token.kind")
    words("token --kind component_access_token", "token.config")
    local zh = words([[api call user.info '{"opneid":"o"}']], "api.field")
    assert.equal(1, select(2, zh:gsub("没有字段 opneid", "")))
    zh = words("api call usr.info", "api.unknown")
    assert.truthy(zh:find("没有接口 usr.info；最接近的是 user.info；weiyue api list user 列出全部", 1, true), zh)
    serve.run(server.folder, "token --refresh")
    zh = words("token --refresh", "token.soon")
    assert.matches("强制刷新至少隔 30 秒；还要等 %d+ 秒", zh)
    local log = server:log()
    assert.is_nil(log:find("event=token.refused", 1, true))
    assert.truthy(log:find("event=token.forced", 1, true))
  end)

  it("is to be told which of several accounts is meant", function()
    local list = {}
    for i, id in ipairs { "demo", "sub" } do
      list[i] = serve.account(id, "plain",
        ('kind = "service", verified = true, secret = "wxtestsecret", api = "%s"'):format(api.url))
    end
    local folder = serve.folder { ["weiyue.lua"] = serve.config(list, "workers = 1"), ["plugins/bot.lua"] = PLUGIN }
    local run = serve.run(folder, "token")
    assert.equal(1, run.status)
    assert.truthy(run.err:find("several accounts (demo, sub): say which, such as weiyue token demo", 1, true), run.err)
    run = serve.run(folder, "api call user.list")
    assert.truthy(run.err:find("such as --account demo", 1, true), run.err)
    serve.remove(folder)
  end)

  it("sends files of whoever calls, by paths from where he is", function()
    start()
    api:set { answers = { ["/cgi-bin/media/upload"] = { media_id = "wxtest-media" } } }
    serve.write(server.folder, "sub/pic.png", "\x89PNG\r\n\x1a\nwxtest")
    local run = serve.run(server.folder, [[api call media.upload '{"type":"image","media":"sub/pic.png"}']])
    assert.equal(0, run.status, run.err)
    assert.equal("wxtest-media", json.decode(run.out).media_id)
    run = serve.run(server.folder, [[api call media.upload '{"type":"image","media":"sub/none.png"}']])
    assert.equal(1, run.status)
    assert.truthy(run.err:find("the host cannot read the file " .. server.folder .. "/sub/none.png", 1, true), run.err)
    assert.truthy(run.err:find("put the file there first", 1, true), run.err)
    run = serve.run(server.folder, [[api call media.upload '{"type":"image","media":"sub"}']])
    assert.equal(1, run.status)
    assert.truthy(run.err:find("cannot read the file", 1, true), run.err)
  end)

  it("knows after a restart, and a reload, of all calls that were made", function()
    local folder = serve.folder(files())
    local function again()
      server = serve.start({}, { folder = folder })
      return server
    end
    again()
    for _ = 1, 3 do server:says(account, "who") end
    assert.equal("3", server:says(account, "used"))
    server:halt()
    again()
    server:says(account, "who")
    assert.equal("4", server:says(account, "used"))
    serve.write(folder, "plugins/bot.lua", PLUGIN .. "-- another one\n")
    assert.equal(0, serve.run(folder, "reload").status)
    server:halt()
    assert.equal(0, serve.run(folder, [[api call user.info '{"openid":"o"}']]).status)
    again()
    server:says(account, "who")
    assert.equal("6", server:says(account, "used"))
  end)

  it("keeps error lines of the log to itself where it gives a token", function()
    local folder = serve.folder(files 'store = "redis://127.0.0.1:1/0"')
    local run = serve.run(folder, "token")
    assert.equal(0, run.status, run.err)
    assert.matches("^wxtest%-0001%-%d+\n$", run.out)
    assert.equal("", run.err)
    serve.remove(folder)
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
