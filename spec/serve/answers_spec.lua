-- A served account in each mode and form: what is answered, what is refused, and what a handler's fault
-- does to the answer.
local push = require "spec.support.push"
local serve = require "spec.support.serve"
local socket = require "socket"

local OLD_KEY <const> = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"

local accounts <const> = {
  plain = serve.account("plain", "plain"),
  compatible = serve.account("compatible", "compatible"),
  safe = serve.account("safe", "safe"),
  silent = serve.account("silent", "plain", "apology = false"),
  named = serve.account("named", "plain", 'username = "gh_other"'),
  linked = serve.account("linked", "safe", 'url = "http://127.0.0.1/shop"'),
  rotating = serve.account("rotating", "safe", ("aes_key = { %q, %q }"):format(serve.KEY, OLD_KEY)),
}
local MODES <const> = { "plain", "compatible", "safe" }
local FORMS <const> = { "xml", "json" }

-- Line numbers matter below.
local PLUGIN <const> = [[
local wx = require "weiyue"
wx.text("raise", function() local none; return none.field end)
wx.text("number", function() return 42 end)
wx.text("nothing", function() return {} end)
wx.text("bytes", function() return "\xC3\x28" end)
wx.text("untitled", function() return { type = "news", articles = { { url = "http://example.com/" } } } end)
wx.text("unknown", function() return { type = "telepathy" } end)
wx.text("object", function() error(setmetatable({}, { __tostring = function() return "an object" end })) end)
wx.text("no", function() return false end)
wx.text("empty", "")
wx.text("refused", function() return nil, "the shop is closed" end)
wx.text("refused", function() return "the next rule" end)
wx.text("long", ("字"):rep(1000))
wx.text("articles", wx.reply.news { { title = "one", url = "/one", pic_url = "/one.png" }, { title = "two" } })
wx.text("music", wx.reply.music { thumb_media_id = "M1", url = "/song.mp3", hq_url = "http://example.com/hq.mp3" })
wx.text("raw", wx.reply.raw "<xml>as it is</xml>")
wx.text("transfer", wx.reply.transfer())
wx.text("spawn", function()
  wx.spawn(function() error "in a spawned task" end)
  wx.after("0.001s", function() error "in a timer" end)
  return "spawned"
end)
wx.text("account", function() return wx.account "safe".id .. " " .. tostring(wx.account("safe").mode) end)
wx.text(function(msg) return "echo: " .. msg.content end)
wx.message("image", function(msg) return wx.reply.image(msg.media_id) end)
wx.click("about", "about us")
wx.click("raise", function() error "in a click" end)
wx.event("view", function() error "in a view" end)
wx.event("location_select", wx.reply.news {
  { title = "1" }, { title = "2" }, { title = "3" }, { title = "4" }, { title = "5" }, { title = "6" },
  { title = "7" }, { title = "8" }, { title = "9" } })
print("loaded", 1, nil)
wx.log.warn("from the plugin", { answer = 42 })
local main = coroutine.running()
wx.text("main", function()
  return tostring((coroutine.resume(main, "forged"))) .. tostring((pcall(coroutine.close, main)))
end)
local function strict(t) return setmetatable(t, { __index = function(_, k) error("no field " .. k) end }) end
wx.text("strict", function() return strict { type = "text", content = "read raw" } end)
wx.text("strict news", function() return strict { type = "news", articles = strict { strict { title = "raw" } } } end)
wx.text("strict nothing", function() return strict {} end)
wx.text("tail", function() return error("raised by a tail call") end)
wx.text("own rule", function() local rule = { where = "ELSEWHERE:1" } error("beside " .. rule.where) end)
wx.text("tail object", function() return error({}) end)
local function deep(n) return 1 + deep(n + 1) end
wx.text("deep", function() return tostring(deep(1)) end)
wx.text("log raw", function(msg) wx.log.info("a message", msg.raw) return "logged" end)
wx.text("patience", function() wx.sleep(0.2) return "too late" end)
]]

-- Where the plugin says this.
local function line_of(text)
  local _, n = PLUGIN:sub(1, assert(PLUGIN:find(text, 1, true))):gsub("\n", "")
  return "plugins/shop%.lua:" .. n + 1
end

describe("a served account", function()
  local server

  setup(function()
    local list = {}
    for _, name in ipairs { "plain", "compatible", "safe", "silent", "named", "linked", "rotating" } do
      list[#list + 1] = accounts[name]
    end
    server = serve.start {
      ["weiyue.lua"] = serve.config(list, 'hosts = { "wx.test", "127.0.0.1" }'),
      ["plugins/shop.lua"] = PLUGIN,
    }
  end)
  teardown(function() server:stop() end)

  -- The lines logged with an event while f runs.
  local function logged(event, f)
    local before = #server:logged(event)
    f()
    for _ = 1, 100 do -- the log has a thread of its own
      if #server:logged(event) > before then break end
      socket.sleep(0.02)
    end
    return table.move(server:logged(event), before + 1, before + 10, 1, {})
  end

  for _, mode in ipairs(MODES) do
    for _, form in ipairs(FORMS) do
      local account = accounts[mode]
      describe(("(%s, %s)"):format(mode, form), function()
        it("answers a text as it came: in the same form, encrypted or not", function()
          local nodes = push.text "你好 <&> ]]> \"'"
          local r = server:push(account, nodes, form)
          assert.equal(200, r.status)
          assert.equal("application/" .. form, r.headers["content-type"])
          assert.equal(mode ~= "plain" or nil, r.sealed)
          assert.equal(form, r.form)
          assert.same({ ToUserName = nodes[2].text, FromUserName = "gh_test", MsgType = "text",
            CreateTime = r.reply.CreateTime, Content = "echo: 你好 <&> ]]> \"'" }, r.reply)
          assert.is_true(math.abs(os.time() - tonumber(r.reply.CreateTime)) < 60)
        end)

        it("answers a click and an image", function()
          assert.equal("about us", server:push(account, push.message("event", "CLICK", "EventKey", "about"), form).reply.Content)
          local r = server:push(account, push.message("image", nil, "PicUrl", "http://example.com/", "MediaId", "M1"), form)
          assert.equal("image", r.reply.MsgType)
          assert.equal("M1", r.reply.Image.MediaId)
        end)

        it("answers success, in the clear, when nothing is to be said", function()
          for _, text in ipairs { "no", "empty" } do
            local r = server:push(account, push.text(text), form)
            assert.equal("success", r.body)
            assert.equal("text/plain", r.headers["content-type"])
          end
          assert.equal("success", server:push(account, push.message("event", "click", "EventKey", "nobody's"), form).body)
        end)
      end)
    end

    describe("(" .. mode .. ")", function()
      local account = accounts[mode]

      it("answers the check of its URL with echostr, byte for byte", function()
        for _, echostr in ipairs { "5837397576500011341", "<b>+ %&=\r\n", "echo" } do
          local r = server:request(serve.echo(account, echostr))
          assert.equal(200, r.status)
          assert.equal(echostr, r.body)
        end
      end)

      it("refuses a check of its URL that is not signed with its token", function()
        local r = server:request(serve.echo(account, "echo", { token = "wxtestother" }))
        assert.same({ 403, "" }, { r.status, r.body })
      end)

      local REFUSED <const> = {
        { "a wrong signature", { token = "wxtestother" }, "sig.mismatch", "signature" },
        { "a stale push", { timestamp = os.time() - 1000 }, "sig.stale", "stale" },
        { "a push from the future", { timestamp = os.time() + 1000 }, "sig.stale", "stale" },
      }
      if mode == "plain" then
        REFUSED[4] = { "an envelope where none is configured", { mode = "safe", aes_key = serve.KEY }, "sig.mode", "mode" }
      else
        REFUSED[4] = { "a downgrade to plain", { mode = "plain" }, "sig.mode", "mode" }
        REFUSED[5] = { "another account's AppID", { appid = "wxtestother" }, "sig.appid", "appid" }
        REFUSED[6] = { "another key", { aes_key = OLD_KEY }, "sig.envelope", "padding" }
      end
      for _, case in ipairs(REFUSED) do
        it("refuses " .. case[1] .. " with 403 and nothing, and the log says why", function()
          local lines = logged(case[3], function()
            local r = server:request(serve.sign(account, push.text "hi", "xml", case[2]))
            assert.same({ 403, "" }, { r.status, r.body })
          end)
          assert.equal(1, #lines)
          assert.matches(" warn .*reason=" .. case[4] .. " status=403 account=" .. mode .. " peer=127%.0%.0%.1:%d+ conn=%d+ req=%d+ text=", lines[1])
        end)
      end
    end)
  end

  it("answers 404 where nothing is served, 405 to another method, 421 to another host", function()
    local function status(r) return server:request(r).status end
    assert.equal(404, status { method = "GET", target = "/nowhere" })
    assert.equal(404, status { method = "POST", target = "/plain/", body = "x" })
    assert.equal(405, status { method = "PUT", target = "/plain", body = "x" })
    assert.equal(405, status { method = "DELETE", target = "/plain" })
    assert.equal(421, status { method = "GET", target = "/plain", host = "evil.test" })
    assert.equal(403, status { method = "GET", target = "/plain", host = "WX.test:8443" })
    for _, event in ipairs { "http.not_found", "http.method", "http.unknown_host" } do
      assert.equal("warn", server:logged(event)[1]:match "^%S+ (%a+)")
    end
  end)

  it("says in the log what was asked for, cut, and never the query", function()
    server:request { method = "GET", target = "/asked%20for?token=wxtestsecret" }
    server:request { method = "GET", target = "/" .. ("x"):rep(200) }
    server:request { method = "PUT", target = "/plain" }
    local lines = server:logged "http.not_found"
    assert.matches('status=404 method=GET path="?/asked[^"]*for"? host=', lines[#lines - 1])
    assert.not_matches("wxtestsecret", lines[#lines - 1])
    assert.matches("path=/" .. ("x"):rep(99) .. " ", lines[#lines])
    lines = server:logged "http.method"
    assert.matches("status=405 method=PUT path=/plain host=", lines[#lines])
  end)

  it("refuses a push to another username", function()
    local lines = logged("sig.account", function()
      assert.equal(403, server:push(accounts.named, push.text "hi").status)
    end)
    assert.matches("account=named", lines[1])
  end)

  describe("with two keys", function()
    for _, form in ipairs(FORMS) do
      it("answers with the key that opened the push: " .. form, function()
        for _, key in ipairs { serve.KEY, OLD_KEY } do
          local r = server:push(accounts.rotating, push.text "hi", form, { aes_key = key })
          assert.is_true(r.sealed)
          assert.equal("echo: hi", r.reply.Content)
        end
      end)
    end
  end)

  describe("when a handler fails", function()
    for _, mode in ipairs(MODES) do
      it("apologizes and logs file and line: " .. mode, function()
        local lines = logged("lua.error", function()
          assert.equal("稍后再试", server:says(accounts[mode], "raise"))
        end)
        assert.equal(1, #lines)
        assert.matches(" error .*account=" .. mode .. " .*plugins/shop%.lua:2: attempt to index a nil value", lines[1])
        assert.matches("stack traceback", lines[1])
      end)
    end

    it("logs a raised object as its text", function()
      local lines = logged("lua.error", function() server:says(accounts.plain, "object") end)
      assert.matches("an object", lines[1])
    end)

    it("apologizes for a click", function()
      local r = server:push(accounts.plain, push.message("event", "CLICK", "EventKey", "raise"))
      assert.equal("稍后再试", r.reply.Content)
    end)

    it("answers success to an event that nobody may answer", function()
      local lines = logged("lua.error", function()
        local r = server:push(accounts.plain, push.message("event", "VIEW", "EventKey", "http://example.com/"))
        assert.same({ 200, "success" }, { r.status, r.body })
      end)
      assert.matches("in a view", lines[1])
    end)

    it("answers success with apology = false", function()
      local r = server:push(accounts.silent, push.text "raise")
      assert.same({ 200, "success" }, { r.status, r.body })
      assert.same({ 200, "success" }, { r.status, server:push(accounts.silent, push.text "number").body })
    end)

    local NONSENSE <const> = {
      { "number", "reason=type type=number" }, { "nothing", "reason=type field=type type=table" },
      { "unknown", "reason=type field=type type=table" }, { "bytes", "reason=utf8" },
      { "untitled", "reason=field field=title type=table" },
    }
    for _, case in ipairs(NONSENSE) do
      it("apologizes for an answer that is none, and names the rule: " .. case[1], function()
        local lines = logged("lua.bad_reply", function()
          assert.equal("稍后再试", server:says(accounts.safe, case[1]))
        end)
        assert.equal(1, #lines)
        assert.matches(" error .*account=safe where=%S*plugins/shop%.lua:[3-7] ", lines[1])
        assert.matches(case[2], lines[1], 1, true)
      end)
    end

    for _, text in ipairs { "tail", "tail object", "own rule" } do
      it("logs the rule whose handler raised: " .. text, function()
        local lines = logged("lua.error", function()
          assert.equal("稍后再试", server:says(accounts.plain, text))
        end)
        assert.equal(1, #lines)
        assert.matches(" account=plain plugin=shop where=%S*" .. line_of('wx.text("' .. text .. '"') .. " text=", lines[1])
      end)
    end

    it("logs the rule of what is raised beside the handler's line", function()
      local lines = logged("lua.error", function() server:says(accounts.plain, "raise") end)
      assert.matches(" account=plain plugin=shop where=%S*plugins/shop%.lua:2 text=", lines[1])
    end)

    it("apologizes for an endless recursion, soon", function()
      local before = socket.gettime()
      local lines = logged("lua.error", function()
        assert.equal("稍后再试", server:says(accounts.safe, "deep"))
      end)
      assert.is_true(socket.gettime() - before < 10)
      assert.equal(1, #lines)
      assert.matches(line_of "local function deep" .. ": stack overflow", lines[1])
      assert.equal("echo: hi", server:says(accounts.safe, "hi"))
    end)

    it("logs nil and an error, and asks the next rule", function()
      local lines = logged("handler.error", function()
        assert.equal("the next rule", server:says(accounts.safe, "refused"))
      end)
      assert.matches(' warn .*text="the shop is closed" account=safe where=%S*plugins/shop%.lua:11', lines[1])
    end)

    it("logs what a spawned task or a timer raises, and nobody is hurt", function()
      local lines = logged("lua.error", function()
        assert.equal("spawned", server:says(accounts.plain, "spawn"))
        repeat -- the timer's millisecond passes meanwhile
          assert.equal("echo: hi", server:says(accounts.plain, "hi"))
        until server:log():find("in a timer", 1, true)
      end)
      assert.equal(2, #lines)
      assert.matches("plugins/shop%.lua:19: in a spawned task", lines[1])
      assert.matches("plugins/shop%.lua:20: in a timer", lines[2])
    end)
  end)

  describe("within WeChat's limits", function()
    it("pages a long text at a character; the word fetches the rest", function()
      local more <const> = "\n（未完，回复“继续”看下一页）"
      local function says(text)
        local nodes = push.text(text)
        nodes[2].text = "oReader"
        return server:push(accounts.plain, nodes).reply.Content
      end
      local first, rest = says "long", says "继续"
      assert.equal(("字"):rep((2048 - #more) // 3) .. more, first)
      assert.equal(("字"):rep(1000), first:sub(1, -1 - #more) .. rest)
    end)

    it("gives one article to a message and eight to an event, and says so once each", function()
      local lines = logged("reply.articles_cut", function()
        for _ = 1, 2 do
          assert.equal("1", server:push(accounts.plain, push.text "articles").reply.ArticleCount)
          local r = server:push(accounts.plain, push.message("event", "location_select", "EventKey", "k"))
          assert.equal("8", r.reply.ArticleCount)
          assert.equal(8, #r.reply.Articles.item)
        end
        server:says(accounts.plain, "hi")
      end)
      assert.equal(2, #lines)
      assert.matches("plugins/shop%.lua:14 articles_dropped=1", lines[1])
      assert.matches("plugins/shop%.lua:%d+ articles_dropped=1", lines[2])
    end)

    it("resolves relative links with the account's url", function()
      local item = server:push(accounts.linked, push.text "articles").reply.Articles.item
      assert.same({ Title = "one", Description = "", PicUrl = "http://127.0.0.1/shop/one.png",
        Url = "http://127.0.0.1/shop/one" }, item)
      local music = server:push(accounts.linked, push.text "music", "json").reply.Music
      assert.same({ ThumbMediaId = "M1", MusicUrl = "http://127.0.0.1/shop/song.mp3",
        HQMusicUrl = "http://example.com/hq.mp3" }, music)
    end)

    it("leaves them as they are in an account without url", function()
      assert.equal("/one", server:push(accounts.plain, push.text "articles").reply.Articles.item.Url)
    end)
  end)

  it("sends a raw reply as it is, encrypted where the account is", function()
    assert.equal("<xml>as it is</xml>", server:push(accounts.plain, push.text "raw").body)
    assert.equal("<xml>as it is</xml>", server:push(accounts.safe, push.text "raw").text)
  end)

  it("reads a reply's own fields, whatever its metatable says", function()
    for _, name in ipairs { "plain", "safe", "linked" } do
      assert.equal("read raw", server:says(accounts[name], "strict"))
      assert.equal("稍后再试", server:says(accounts[name], "strict nothing"))
    end
    assert.equal("raw", server:push(accounts.safe, push.text "strict news").reply.Articles.item.Title)
  end)

  it("transfers to customer service", function()
    assert.equal("transfer_customer_service", server:push(accounts.safe, push.text "transfer").reply.MsgType)
  end)

  it("gives a handler the accounts of its host", function()
    assert.equal("safe safe", server:says(accounts.plain, "account"))
  end)

  it("cannot be harmed through the coroutine that loaded its plugins", function()
    for _ = 1, 3 do assert.matches("^false", server:says(accounts.plain, "main")) end
    assert.equal("echo: hi", server:says(accounts.safe, "hi"))
  end)

  it("logs what a plugin logs and prints, with its name", function()
    local lines = server:logged "plugin.log"
    assert.equal(2, #lines)
    assert.matches(' info .*text="loaded\\t1\\tnil" plugin=shop$', lines[1])
    assert.matches(' warn .*text="from the plugin" answer=42 plugin=shop$', lines[2])
  end)

  it("logs a message's fields by names that cannot be another field or line", function()
    local nodes = push.text "log raw"
    nodes[#nodes + 1] = push.leaf("x\n2030-01-01T00:00:00.000Z error event=forged account", "1")
    nodes[#nodes + 1] = push.leaf("a b=c", "2")
    nodes[#nodes + 1] = push.leaf("\27[31m\r", "3")
    local lines = logged("plugin.log", function()
      assert.equal("logged", server:push(accounts.plain, nodes, "json").reply.Content)
    end)
    assert.equal(1, #lines)
    assert.matches(" x_2030%-01%-01T00_00_00%.000Z_error_event_forged_account=1", lines[1])
    assert.matches(" a_b_c=2 ", lines[1])
    assert.matches(" __31m_=3 ", lines[1])
    assert.is_nil(server:log():find "[%z\1-\9\11-\31\127]")
    assert.same({}, server:logged "forged")
  end)

  it("answers 400 to a body that is none, in the plain mode only", function()
    for _, mode in ipairs(MODES) do
      local r = serve.sign(accounts[mode], push.text "hi", "xml")
      r.body = "<xml><a></b></xml>"
      local response = server:request(r)
      assert.same({ mode == "plain" and 400 or 403, "" }, { response.status, response.body })
    end
  end)

  it("says when the sender had left before his answer", function()
    local lines
    repeat -- one whose connection is reset before it is accepted was never there
      local hasty = assert(server:open(function(tcp) tcp:setoption("linger", { on = true, timeout = 0 }) end))
      hasty:send(serve.request(serve.sign(accounts.compatible, push.text "patience", "xml")))
      server:says(accounts.compatible, "hi") -- so that time passes
      hasty:close()
      lines = server:logged "push.unanswered"
    until #lines > 0
    local ms = lines[1]:match(" account=compatible where=%S*" .. line_of 'wx.text("patience"' .. " ms=(%d+) trace=%x+$")
    assert.is_true(tonumber(ms) >= 200, lines[1])
  end)
end)
