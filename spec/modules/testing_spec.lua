-- weiyue.testing, in `weiyue test` and in a stock lua5.4; each spec in the host's memory, and over real sockets.

local json = require "weiyue.json"
local leaks = require "weiyue.testing.leaks"
local t = require "weiyue.testing"

local FOLDER <const> = "spec/support/testing"

local function shop(more)
  local options = { folder = FOLDER, plugins = { "plugins/shop" }, config = { shop = { erp = "http://erp" } } }
  for key, value in pairs(more or {}) do options[key] = value end
  return t.load(options)
end

local function leaky(more)
  local options = { folder = FOLDER, plugins = { "plugins/leaky.lua" } }
  for key, value in pairs(more or {}) do options[key] = value end
  return t.load(options)
end

local function endless(more)
  local options = { folder = FOLDER, plugins = { "plugins/endless.lua" } }
  for key, value in pairs(more or {}) do options[key] = value end
  return t.load(options)
end

local function message_of(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return tostring(type(err) == "table" and err.message or err)
end

for _, tag in ipairs { "", " #socket" } do
  describe("weiyue.testing" .. tag, function()
    it("converses: what the user says, what he sees", function()
      local app = shop()
      local u = app:user { nickname = "小明" }
      local answer = u:says "报名"
      assert.equal("怎么称呼你？", answer.text)
      assert.equal("text", answer.type)
      assert.equal("reply", answer.way)
      assert.equal(200, answer.status)
      assert.equal(u.openid, answer.raw.ToUserName)
      assert.truthy(answer.xml:find("<MsgType><![CDATA[text]]></MsgType>", 1, true))
      assert.reply(u:says "小明").is_text "小明，已登记"
      assert.equal(1, app.wechat:count "template.send")
      assert.equal("wxtesttemplate", app.wechat:calls("template.*")[1].args.template_id)
      assert.equal(2, #u.history)
    end)

    for _, mode in ipairs { "plain", "compatible", "safe" } do
      for _, format in ipairs { "xml", "json" } do
        it(("speaks mode %s in %s"):format(mode, format), function()
          local app = shop { mode = mode, format = format }
          assert.reply(app:user():clicks "about").is_text "关于我们"
        end)
      end
    end

    it("sends messages and events of every kind", function()
      local u = shop():user { subscribed = false }
      assert.reply(u:follows "ref").is_text "来自 ref"
      assert.reply(u:scans "table:12").is_text "桌号 12"
      assert.reply(u:sends { type = "image", media_id = "wxtestmedia" }).is_image "wxtestmedia"
      assert.reply(u:location(39.9, 116.4, "天安门")).is_text "天安门"
      assert.reply(u:says "图文").is_news { "一" }
      assert.reply(u:event("view", { event_key = "http://wx.test" })).is_empty()
      assert.reply(u:event("view", { key = "http://wx.test" })).is_empty()
      assert.reply(u:event("click", { key = "about" })).is_text "关于我们"
      assert.reply(u:event("scan", { scene = "table:7" })).is_text "桌号 7"
      assert.reply(u:event("subscribe", { scene = "ref" })).is_text "来自 ref"
      local answer = u:sends { type = "text", content = "编号", id = "77", created = 1714000000 }
      assert.reply(answer).is_text "77 1714000000"
      assert.reply(u:unfollows()).is_empty()
      assert.reply(u:scans "again").is_text "来自 again"
    end)

    it("sends media that the account can fetch", function()
      local app = shop()
      local u = app:user()
      local answer = u:sends { type = "image", data = "wxtest bytes" }
      assert.reply(answer).is_image()
      assert.reply(u:sends { type = "voice" }).is_text "voice of a spec"
    end)

    it("tells two equal clicks apart, which WeChat tells by the second", function()
      local app = shop()
      local u = app:user()
      assert.equal("reply", u:clicks("about").way)
      assert.equal("reply", u:clicks("about").way)
    end)

    it("answers HTTP calls by stubs, when their time has come", function()
      local app = shop()
      app.http:on("GET", "http://erp/*", { json = { title = "茶" }, after = "8s" })
      local u = app:user()
      local answer = u:says "查茶"
      assert.reply(answer).is_empty().came_by "late"
      assert.same({}, u:hears())
      app:advance(4)
      local heard = u:hears()
      assert.equal(1, #heard)
      assert.reply(heard[1]).is_text("茶").came_by "customer_service"
      assert.equal("茶", app.http:calls("GET", "http://erp/goods")[1].query.name)
      assert.matches("plugins/shop/init.lua:%d+", app.http:calls()[1].at or "")
    end)

    it("sends a push again as WeChat does, where the host stays silent", function()
      local app = shop { kind = "subscription" } -- no late messages: it holds the push
      app.http:on("GET", "http://erp/goods", { json = { title = "茶" }, after = "8s" })
      local answer = app:user():says "查茶"
      assert.reply(answer).is_text("茶").came_by "reply"
      assert.equal(2, answer.attempts)
      assert.equal(8, answer.seconds)
    end)

    it("does not take a slip of the pen in an answer's fields for its absence", function()
      local answer = shop():user():says "hello"
      local ok, err = pcall(function() return answer.txt end)
      assert.is_false(ok)
      assert.matches("testing_spec.lua:%d+: .*txt.*text", err)
      assert.is_nil(answer.articles)
      assert.is_nil(answer.title)
    end)

    local has_tasks, task = pcall(require, "weiyue.task")
    if has_tasks then
      it("waits inside a host's task: others have their turn", function()
        local app = shop()
        app.http:on("GET", "http://erp/goods", { json = { title = "茶" }, after = "3s" })
        local order, left = {}, 2
        for i = 1, 2 do
          task.spawn(function()
            order[#order + 1] = "asks " .. i
            assert.reply(app:user():says "查茶").is_text "茶"
            order[#order + 1] = "knows " .. i
            left = left - 1
          end)
        end
        while left > 0 do task.sleep(0.01) end
        assert.same({ "asks 1", "asks 2" }, { order[1], order[2] })
        assert.equal(4, #order)
      end)
    end

    it("refuses requests that a host does not send, whatever stubs there are", function()
      local app = shop()
      local u = app:user()
      app.http:on("*", "*", { body = "fine" })
      for _, request in ipairs {
        { url = "ftp://erp/a" }, { url = "erp/goods" }, { url = "http://" }, { url = "http://erp:99999/" },
        { url = "http://erp/a", method = "CONNECT" }, { url = "http://erp/a", method = "GE T" },
        { url = "http://erp/a", headers = { ["A B"] = "c" } }, { url = "http://erp/a", headers = { A = "b\r\nC: d" } },
      } do
        local text = u:says("发 " .. json.encode(request)).text
        assert.matches("^http.url ", text, json.encode(request))
      end
      assert.equal(0, app.http:count())
      assert.reply(u:says '发 {"url":"http://erp/a","method":"PROPFIND","headers":{"A":"b"}}').is_text "发出"
      app.http:on("GET", "http://erp/away", { status = 302, headers = { location = "ftp://erp/" } })
      assert.reply(u:says '发 {"url":"http://erp/away","redirects":3}').matches "^http.denied "
      assert.reply(u:says '发 {"url":"http://erp/away"}').is_text "发出"
    end)

    it("has calls fail as networks do", function()
      local app = shop()
      local u = app:user()
      app.http:on("GET", "http://erp/goods", { fault = "connect" })
      assert.reply(u:says "查茶").matches "http.connect"
      app.http:on("GET", "http://erp/goods", function(request)
        return { json = { title = request.method .. " " .. request.path } }
      end)
      assert.reply(u:says "查茶").is_text "GET /goods"
      app.http:on("GET", "http://erp/goods", { status = 302, headers = { location = "/other" }, times = 1 })
      app.http:on("GET", "http://erp/other", { json = { title = "那边" } })
      u:says "查茶"
      assert.equal(3, app.http:count("GET", "http://erp/goods"))
      assert.matches("attempt to index a nil value", app:logs("lua.error")[1].text) -- a redirect has no JSON
    end)

    it("has WeChat fail on request, and looks at what the plugin made of it", function()
      local app = shop()
      app.wechat:fail("template.send", { errcode = 40003, times = 1 })
      local u = app:user()
      u:says "报名"
      assert.equal(40003, app.wechat:calls("template.send")[1].errcode)
      assert.equal(1, #app:logs "api.failed")
    end)

    it("moves time, and what is due then happens", function()
      local app = shop { now = "2024-05-01 09:00" }
      local u = app:user()
      assert.reply(u:says "几点").is_text "2024-05-01 09:00"
      u:says "提醒"
      app:advance "59m"
      assert.same({}, u:hears())
      app:advance "1m"
      assert.reply(u:hears()[1]).is_text "到时间了"
      assert.equal(1, #app.wechat:received(u))
      assert.reply(u:says "几点").is_text "2024-05-01 10:00"
      assert.equal(1714525200 + 3600, math.floor(app:now()))
    end)

    it("gives the same numbers each time", function()
      local one = shop():user():says("随机").text
      assert.equal(one, shop():user():says("随机").text)
      assert.not_equal(one, shop { seed = 7 }:user():says("随机").text)
    end)

    it("tells what the log and the metrics say of a broken handler", function()
      local app = shop()
      app:user():says "错"
      local line = app:logs("lua.error")[1]
      assert.matches("shop/init.lua:%d+: broken", line.text)
      assert.equal(1, app:metrics 'weiyue_answers_total{way="apology"}')
      assert.equal(1, app:metrics "weiyue_pushes_total")
      assert.is_nil(app:metrics "weiyue_no_such")
    end)

    it("keeps the session of who comes back, and not of who stays away", function()
      local app = shop()
      local often, seldom = app:user(), app:user()
      for _, u in ipairs { often, seldom } do u:opens("/form"):submit { text = "水" } end
      for _ = 1, 4 do
        app:advance "20d"
        assert.matches("seen 1", often:opens("/seen").body) -- it only reads
      end
      assert.matches("seen nil", seldom:opens("/seen").body)
    end)

    it("opens pages, with cookies and forms", function()
      local app = shop()
      assert.equal("你好，小明", app:get("/hello/小明").text)
      assert.equal(404, app:get("/nothing").status)
      local u = app:user()
      local page = u:opens "/form"
      assert.equal(200, page.status)
      assert.same({ said = "茶", seen = 1 }, page:submit { text = "茶" }.json)
      u:opens "/form"
      assert.same({ said = "水", seen = 3 }, u:opens("/form"):submit { text = "水" }.json)
      assert.equal(403, app:post("/form", { form = { text = "x" } }).status)
    end)

    it("uploads files", function()
      local u = shop():user()
      local photo = { name = "月.png", data = "\137PNG\0\r\n1", type = "image/png" }
      assert.same({ said = "茶", name = "月.png", size = 8 }, u:opens("/photo"):submit({ photo = photo }).json)
      local none = u:opens("/photo"):submit({ text = "水" }).json
      assert.equal("水", none.said)
      local page = u:opens "/photo"
      assert.matches('photo is a file: photo = { name = "a.png"', message_of(page.submit, page, { photo = "x" }))
      assert.matches("the form has no phto; the nearest is photo", message_of(page.submit, page, { phto = photo }))
      page = u:opens "/photo?wrong=1"
      assert.matches("a form with files needs enctype", message_of(page.submit, page, { photo = photo }))
    end)

    it("logs in by WeChat's pages", function()
      local app = shop()
      local u = app:user { nickname = "小明" }
      assert.equal(u.openid, u:opens("/me").text)
      assert.equal(1, app.wechat:count "oauth.access_token")
      assert.equal(u.openid, u:opens("/me").text)
      assert.equal(1, app.wechat:count "oauth.access_token")
      assert.equal("小明", u:opens("/card"):click("微信登录 · Log in").text)
    end)

    it("checks what a page gives to the JS-SDK", function()
      local app = shop()
      local verdict, config = app:user():opens("/scan?table=7#top"):jssdk()
      assert.equal("config:ok", verdict)
      assert.same({ "scanQRCode" }, config.jsApiList)
      assert.equal("config:none", (app:get "/hello/a":jssdk()))
      local page = app:get "/scan"
      page.url = page.url .. "?other"
      assert.equal("config:invalid signature", (page:jssdk()))
    end)

    it("waits for a page as long as it takes on the app's clock", function()
      local app = shop()
      local before = app:now()
      assert.same({ ok = true }, app:get("/slow").json)
      assert.equal(20, math.floor(app:now() - before))
    end)

    it("reloads, and conversations go on", function()
      local app = shop()
      local u = app:user()
      u:says "报名"
      app:reload()
      assert.reply(u:says "小明").is_text "小明，已登记"
    end)

    it("has several accounts", function()
      local app = shop { accounts = { { id = "one" }, { id = "two", kind = "subscription" } } }
      assert.reply(app:user { account = "two" }:clicks "about").is_text "关于我们"
      assert.reply(app:user():clicks "about").is_text "关于我们"
      assert.equal(1, app:metrics 'weiyue_pushes_total{account="two"}')
    end)

    it("opens the pages of accounts that share a host where they stand", function()
      local app = shop { accounts = { { id = "one" }, { id = "two" }, { id = "own", url = "http://own.test" } } }
      for id, url in pairs { one = "http://wx.test/one/me", two = "http://wx.test/two/me", own = "http://own.test/me" } do
        local u = app:user { account = id }
        local page = u:opens "/me"
        assert.same({ 200, u.openid, url }, { page.status, page.text, page.url })
        assert.equal("你好，月", app:get("/hello/月", { account = id }).text)
        assert.equal(200, app:get("/" .. id .. "/hello/月", { account = id }).status)
        assert.equal(200, u:opens("/form"):submit({ text = "茶" }).status)
      end
    end)

    it("loads a weiyue.lua with made-up keys, and nothing of its store", function()
      local app = t.load { FOLDER .. "/weiyue.lua", config = { shop = { erp = "http://erp" } } }
      app.http:on("GET", "http://erp/goods", { json = { title = "茶" } })
      local u = app:user()
      assert.reply(u:says "查茶").is_text "茶"
      assert.equal("shop", app.accounts[1].id)
      assert.equal("safe", app.accounts[1].mode)
      assert.equal(u.openid, u:opens("/me").text)
      assert.is_nil(io.open(FOLDER .. "/shop.db"))
    end)

    it("loads the examples' weiyue.lua", function()
      local app = t.load "examples/hello/weiyue.lua"
      assert.reply(app:user():clicks "about").is_text "微月：用 Lua 写公众号"
      assert.reply(app:user { account = "plain" }:says "你好").is_text "你好，我是微月"
    end)
  end)
end

describe("weiyue.testing", function()
  it("fails a call without a stub, and tells whose it is", function()
    local u = leaky():user()
    assert.matches("leaky.lua:%d+: GET http://erp/none has no stub: app.http:on%(\"GET\", \"http://erp/none\"",
      message_of(u.says, u, "漏桩"))
  end)

  it("tells what is left behind, and where it comes from", function()
    local app = leaky()
    local u = app:user()
    u:says "任务"
    assert.matches("1 task%(s%) still waiting at .-leaky.lua:8", leaks.find(app))
    app:advance "1h"
    assert.matches("was raised.-leaky.lua:8: stopped", leaks.find(app))
    assert.equal(1, #app:logs "lua.timeout")
    assert.is_nil(leaks.find(app))
    app.http:on("GET", "http://erp/slow", { after = "50s" })
    u:says "调用"
    assert.matches("a call without an answer: GET http://erp/slow %(.-leaky.lua:12%)", leaks.find(app))
    app:advance "1m"
    assert.is_nil(leaks.find(app))
    u:says "内存"
    assert.matches("the plugin leaky keeps %d+ KiB more", leaks.find(app))
    assert.matches("leaves behind", message_of(app.stop, app))
  end)

  it("fails what nobody has looked at: an error in a handler, in a task", function()
    for _, how in ipairs { "炸", "后台炸" } do
      local app = leaky()
      app:user():says(how)
      assert.matches("was raised.-leaky.lua:%d+: boom", leaks.find(app))
      assert.equal(1, #app:logs "lua.error")
      app:stop()
    end
    local app = leaky()
    assert.reply(app:user():event "view").is_empty()
    assert.matches("boom", message_of(app.stop, app))
  end)

  it("fails a loop in which no time passes, and tells where it is", function()
    for what, line in pairs { ["睡"] = 5, ["再问"] = 9, ["接力"] = 12, ["问店"] = 23, ["算"] = 25, ["看店"] = 28 } do
      local app = endless()
      app.http:on("GET", "http://erp/goods", { status = 500 })
      local u = app:user()
      local told = message_of(u.says, u, what)
      assert.matches("testing_spec.lua:%d+: .*no time passes.*endless.lua:" .. line, told)
      assert.equal(told:match "no time.*", message_of(app.advance, app, 1):match "no time.*")
      app:stop { leaks = true }
    end
  end)

  it("lets a long loop come to its end, though no time passes", function()
    local app = endless()
    app.http:on("GET", "http://erp/goods", { status = 500 })
    assert.reply(app:user():says "睡够").is_text "睡够了"
    assert.reply(app:user():says "问够").is_text "问够了"
  end)

  it("fails a handler that ran out of memory, or gave no reply, with its place and what to look at", function()
    for what, told in pairs { ["占满"] = 'logs "lua.oom" did not look: spec/support/testing/plugins/endless.lua:19: not enough memory',
      ["数"] = 'logs "lua.bad_reply" did not look: spec/support/testing/plugins/endless.lua:21: a handler returns a text',
      ["空图文"] = 'logs "lua.error" did not look: spec/support/testing/plugins/endless.lua:22: wx.reply.news' } do
      local app = endless { limits = { lua_memory = "20MiB" } }
      app:user():says(what)
      local found = leaks.find(app)
      assert.truthy(found:find(told, 1, true), found)
      assert.is_nil(found:find("advance", 1, true)) -- no time mends it
      app:stop { leaks = true }
    end
    local app = leaky()
    app:user():says "任务"
    app:advance "1h"
    assert.matches('app:logs "lua.timeout" did not look', leaks.find(app))
    app:logs "lua.timeout"
  end)

  it("takes a callable table for a stub, and none whose times are 0", function()
    local app = shop()
    app.http:on("GET", "http://erp/goods", setmetatable({}, { __call = function(_, request)
      return { json = { title = request.path } }
    end }))
    app.http:on("GET", "http://erp/goods", { json = { title = "x" }, times = 0 })
    assert.reply(app:user():says "查茶").is_text "/goods"
  end)

  it("asks for pages as a browser does: percent-encoded", function()
    local page = shop():user():opens '/scan?table=中 "1"'
    assert.matches("%?table=%%E4%%B8%%AD%%20%%221%%22$", page.url)
    assert.equal("config:ok", (page:jssdk()))
  end)

  it("tells of an assert.reply that checks nothing", function()
    local replies = require "weiyue.testing.replies"
    assert.reply { type = "none" }
    assert.matches("^.-testing_spec.lua:%d+$", replies.take_unused()[1])
    assert.reply({ type = "none" }).is_empty()
    assert.same({}, replies.take_unused())
  end)

  it("has each app in its own time zone, and then in that of before", function()
    local before, hour = os.getenv "TZ", os.date("%H", 0)
    local one, other = leaky { zone = "UTC-9" }, leaky { zone = "UTC+5" }
    assert.equal("11", one:user():says("几点").text)
    assert.equal("21", other:user():says("几点").text)
    one:stop()
    assert.equal("21", other:user():says("几点").text)
    other:stop()
    assert.equal(before, os.getenv "TZ")
    assert.equal(hour, os.date("%H", 0))
  end)

  it("has a user who leaves gone when the account hears of it", function()
    local app = leaky()
    local u = app:user()
    u:says "几点" -- opens the window
    u:unfollows()
    assert.same({}, u:hears())
    assert.equal(1, app.wechat:count "message_custom.send")
    assert.not_equal(0, app.wechat:calls("message_custom.send")[1].errcode)
  end)

  it("has specs require what their plugins do", function()
    shop()
    assert.equal("关于我们", require("words").about)
  end)

  it("tells what keeps a reload from happening; the old version serves on", function()
    local path = os.tmpname() .. ".lua"
    local function write(text)
      local file = assert(io.open(path, "w"))
      file:write('local wx = require "weiyue"\n', text)
      file:close()
    end
    write 'wx.text("hi", "one")'
    local app = t.load { plugins = { path } }
    local u = app:user()
    write 'wx.text("hi", "two"'
    assert.matches("reload: .*%.lua:2:", message_of(app.reload, app))
    assert.reply(u:says "hi").is_text "one"
    write 'wx.text("hi", "two")'
    app:reload()
    assert.reply(u:says "hi").is_text "two"
    os.remove(path)
  end)

  it("leaves nothing of itself: no descriptor, no file", function()
    local RUNS <const> = 5
    local function descriptors()
      local pipe = io.popen "ls -l /proc/$PPID/fd 2>/dev/null"
      local list = pipe:read "a"
      pipe:close()
      return select(2, list:gsub("\n", "")), list
    end
    local function once()
      local app = shop { socket = true }
      app:user():opens "/form"
      local state = app.state
      app:stop()
      assert.is_nil(io.open(state))
    end
    once()
    local before, those = descriptors()
    for _ = 1, RUNS do once() end
    message_of(t.load, { socket = true, plugins = { "plugins/none" } })
    for _ = 1, 50 do -- threads that end close theirs a little later
      if descriptors() <= before then break end
      collectgarbage()
      os.execute "sleep 0.1"
    end
    local after, these = descriptors()
    assert.is_true(after < before + RUNS, those .. "then\n" .. these) -- others in this process may open one, too
  end)

  it("counts no conversation, and no timer, as left behind", function()
    local app = shop()
    app:user():says "报名"
    app:user():says "提醒"
    assert.is_nil(leaks.find(app))
  end)

  it("names what is wrong with options and calls", function()
    assert.matches("t.load has no plugin; the nearest is plugins", message_of(t.load, { plugin = {} }))
    local bad = os.tmpname() .. ".lua"
    local file = assert(io.open(bad, "w"))
    file:write 'local wx = require "weiyue"\nwx.text("hi", function( return "hi" end)\n'
    file:close()
    assert.matches(".lua:2:", message_of(t.load, { plugins = { bad } }))
    os.remove(bad)
    assert.matches("there is no plugin plugins/none", message_of(t.load, { plugins = { "plugins/none" } }))
    assert.matches("config has no shpo; the nearest is shop",
      message_of(t.load, { folder = FOLDER, plugins = { "plugins/shop" }, config = { shpo = {} } }))
    assert.matches("erp", message_of(t.load, { folder = FOLDER, plugins = { "plugins/shop" } }))
    assert.matches("accounts%[1%].secrt", message_of(t.load, { accounts = { { secrt = "x" } } }))
    assert.matches("cannot open", message_of(t.load, "no/weiyue.lua"))
    assert.matches("a seed is an integer: seed = 7", message_of(t.load, { seed = "x" }))
    t.load { user_cache = "1m" }
    local app = shop()
    assert.matches("app.http:on has no jsn; the nearest is json",
      message_of(app.http.on, app.http, "GET", "http://erp/*", { jsn = 1 }))
    assert.matches("there is no API template.sent; the nearest is template.send",
      message_of(app.wechat.count, app.wechat, "template.sent"))
    assert.matches("user has no say; the nearest is says", message_of(function() return app:user().say end))
    assert.matches("a duration is", message_of(app.advance, app, "soon"))
    assert.matches("no account x; there is test", message_of(app.user, app, { account = "x" }))
    assert.matches("with a colon, not a dot: app:user", message_of(app.user))
    assert.matches("with a colon, not a dot: user:says", message_of(app:user().says, "hi"))
    assert.matches("u:hears%(%) is a list: u:hears%(%)%[1%].text", message_of(function() return app:user():hears().text end))
    assert.matches('write app.wechat:fail%("user.info"', message_of(app.wechat.fail, app.wechat, "user.info", 40003))
    assert.matches("app.wechat:fail has no errcod; the nearest is errcode",
      message_of(app.wechat.fail, app.wechat, "user.info", { errcod = 40003 }))
    local function names(told, f, ...) assert.matches("testing_spec.lua:%d+: .*" .. told, message_of(f, ...)) end
    local u = app:user()
    names("app:user takes a table, not a string", app.user, app, "x")
    names("headers takes a table, not a string", app.get, app, "/hello/a", { headers = "x" })
    names("json cannot be encoded", app.post, app, "/form", { json = { print } })
    names("json cannot be encoded", app.http.on, app.http, "GET", "http://erp/*", { json = { print } })
    names("app:logs has no lua.eror; the nearest is lua.error", app.logs, app, "lua.eror")
    names("app:metrics has no weiyue_push_total; the nearest is weiyue_pushes_total", app.metrics, app,
      "weiyue_push_total")
    names("no API templte.%*; the nearest is template.%*", app.wechat.fail, app.wechat, "templte.*", { errcode = -1 })
    names("u:event has no clik; the nearest is click", u.event, u, "clik")
    names("u:sends has no media; .*media_id, msg_data_id", u.sends, u, { type = "image", media = "m" })
    names("there is no time zone Asia/Shanghay; the nearest is Asia/Shanghai", t.load, { zone = "Asia/Shanghay" })
    names("there is no time zone Asia", t.load, { zone = "Asia" })
    names("there is no time zone zone.tab", t.load, { zone = "zone.tab" })
    names("there is no 2024%-02%-30", t.load, { now = "2024-02-30" })
    names("there is no 2024%-02%-28 24:00", t.load, { now = "2024-02-28 24:00" })
    names("an answer has no content; the nearest is text", function() return u:says("hi").content end)
    local page = u:opens "/nothing"
    names("there is no form on http://wx.test/nothing %(404%)", page.submit, page)
    names("there is no link “x” on http://wx.test/nothing %(404%)", page.click, page, "x")
    assert.matches("leaky.lua is a plugin, not a weiyue.lua: write t.load { plugins = ",
      message_of(t.load, FOLDER .. "/plugins/leaky.lua"))
  end)

  it("says what was expected of an answer, and what it is", function()
    local u = shop():user()
    local answer = u:clicks "about"
    assert.matches('expected text "别的", got text "关于我们" %[reply%]',
      message_of(assert.reply(answer).is_text, "别的"))
    assert.matches("expected image, got text", message_of(assert.reply(answer).is_image))
    assert.matches("expected no reply", message_of(assert.reply(answer).is_empty))
    assert.matches('expected a text with "x"', message_of(assert.reply(answer).contains, "x"))
    assert.matches("there is no assert.reply%(…%).is_txt", message_of(function() return assert.reply(answer).is_txt end))
    assert.matches("the title of article 1: expected \"二\", got \"一\"",
      message_of(assert.reply(u:says "图文").is_news, { "二" }))
  end)

  it("shows what WeChat shows when the host does not answer as it should", function()
    local app = shop()
    app.accounts[1].wire.token = "wxtestanother"
    local answer = app:user():says "hi"
    assert.reply(answer).is_fault "status"
    assert.equal(403, answer.status)
  end)
end)

-- What a spec's runner says of files: those of the example, and some that leak.

local function run(files, stock)
  local command
  local program = os.getenv "WEIYUE"
  if stock then
    local function absolute(path) return (path:gsub("[^;]+", function(one)
      return one:find "^/" and one or "$ROOT/" .. one
    end)) end
    command = ([[LUA_PATH="%s;;" LUA_CPATH="%s;;" lua5.4 -e '
      arg = { [0] = "busted", "--output=TAP", "%s" } require "busted.runner" { standalone = false }']]):format(
      "$ROOT/lua/?.lua;$ROOT/lua/?/init.lua", absolute(program:match "^(.*/)[^/]*$" .. "?.so"), files)
  else
    command = ("'%s' test --output=TAP %s"):format(program, files)
  end
  local pipe = assert(io.popen(("ROOT=$PWD; cd %s && LC_ALL=C %s 2>&1 </dev/null"):format(FOLDER, command)))
  local text = pipe:read "a"
  pipe:close()
  return text
end

describe("weiyue.testing's runners", function()
  local stock = not pcall(require, "weiyue.rig") -- that this runs in: no sanitizer's library is missing there

  it("run the example of the documentation", function()
    local text = run("spec/shop_spec.lua", stock)
    assert.matches("\nok 1 %- shop takes an order\n", "\n" .. text)
    assert.is_nil(text:find "not ok")
  end)

  it("fail each spec that leaves something behind", function()
    local text = run("leaky/leaky_spec.lua", stock)
    local function failed(name, why)
      assert.truthy(text:find("not ok %d+ %- a spec that leaves " .. name .. "\n.-" .. why), text)
    end
    failed("a task", "leaky_spec.lua:%d+: the app that was loaded here leaves behind:\n.-1 task%(s%) still waiting")
    failed("a call", "a call without an answer: GET http://erp/slow")
    failed("bytes", "keeps %d+ KiB more")
    failed("a call without a stub", "has no stub")
    assert.truthy(text:find("not ok %d+ %- [^\n]*leaky_spec.lua\n.-1 task%(s%) still waiting"), text) -- of a setup
    failed("from before_each a task, too", "1 task%(s%) still waiting")
    assert.truthy(text:find("\nok %d+ %- a spec that leaves nothing after a before_each that failed\n"), text)
    failed("a task, which is told once", "1 task%(s%) still waiting")
    assert.equal(1, select(2, text:gsub("a spec that leaves a task, which is told once\n", "")))
    failed("a task, and fails before that", "not what was expected")
    failed("an error in the log", "not what was expected")
    assert.matches("\na spec that leaves an error in the log: [^\n]*leaky_spec.lua:%d+: "
      .. "errors in the log:\n  lua.error plugins/leaky.lua:%d+: attempt to compare", text)
    assert.truthy(text:find("\nok %d+ %- a spec that leaves nothing\n"), text)
    assert.truthy(text:find("\nok %d+ %- a spec that leaves what it means to leave\n"), text)
  end)
end)

describe("weiyue_core.so", function()
  it("brings no second Lua with it, and needs what a host needs", function()
    local path = (os.getenv "WEIYUE" or ""):match "^(.*/)[^/]*$" .. "weiyue_core.so"
    local pipe = assert(io.popen(("readelf -d '%s' 2>/dev/null || otool -L '%s' 2>/dev/null"):format(path, path)))
    local text = pipe:read "a"
    pipe:close()
    assert.is_nil(text:find "liblua")
    for _, library in ipairs { "libuv", "libcurl", "libsqlite3", "libhiredis", "libcrypto" } do
      assert.truthy(text:find(library, 1, true), library)
    end
  end)
end)
