-- `weiyue replay --spec N`: of each kind of push the spec that is written passes while the plugins are what they were.

local json = require "weiyue.json"
local program = require "spec.support.program"
local push = require "spec.support.push"
local serve = require "spec.support.serve"
local wechat_api = require "spec.support.wechat_api"

local PLUGIN <const> = [[
local wx = require "weiyue"
wx.text("who", function(msg)
  local user, err = msg.account.api.user.info { openid = msg.openid }
  return user and "hello " .. user.remark .. " " .. msg.openid or tostring(err)
end)
wx.text("kept", function(msg) return "hello " .. msg:user().remark end)
wx.text("slow", function() wx.sleep(0.6) return "slow answer" end)
wx.text("phone", "call 13812345678 or ０１０—87654321")
wx.text("nothing", function() return false end)
wx.text("ask", function(msg) return "you are " .. msg:ask "your name?" end)
wx.text("news", function() return wx.reply.news { title = "T", url = "https://wx.example.cn/a" } end)
wx.text("picture", function() return wx.reply.image "wxtestmedia" end)
wx.text("human", function() return wx.reply.transfer() end)
wx.text("when", function() return os.date "%H" end)
wx.text("broken", function() error "oh no" end)
wx.text("bad", function() return 42 end)
wx.text("background", function()
  wx.spawn(function() wx.sleep(20) end)
  return "started"
end)
wx.text("erp", function()
  local response, err = wx.http.get("http://127.0.0.1:1/goods", { timeout = 1 })
  return response and response.status .. "" or "no goods: " .. tostring(err):sub(1, 1)
end)
wx.text(function(msg) return "echo: " .. msg.content end)
wx.subscribe(function(msg) return "welcome " .. tostring(msg.scene) end)
wx.scan(function(msg) return "scanned " .. tostring(msg.scene) end)
wx.click("about", "about us")
wx.message("location", function(msg) return msg.label .. msg.location_x end)
wx.message("image", function(msg) return wx.reply.image(msg.media_id) end)
wx.event("location_select", function(msg) return "at " .. msg.raw.SendLocationInfo.Label end)
wx.event("scancode_waitmsg", function(msg) return "code " .. msg.raw.ScanCodeInfo.ScanResult end)
wx.event("submit_invoice_title", function(msg) return "for " .. msg.raw.title end)
wx.event("user_get_card", function(msg) return "card " .. msg.raw.UserCardCode end)
]]

local MAILBOX <const> = [[
local wx = require "weiyue"
wx.text("slow", function() wx.sleep(0.6) return "slow answer" end)
wx.text(function(msg) return "echo: " .. msg.content end)
]]

describe("replay --spec", function()
  local api, folders = nil, {}

  setup(function()
    api = wechat_api.start()
    api:set { kill = false, zero = false, bad = false, token_error = json.null, answers = {
      ["/cgi-bin/user/info"] = json.encode { subscribe = 1, remark = "王小明", city = "上海" } } }
  end)
  teardown(function()
    api:stop()
    for _, folder in ipairs(folders) do program.remove(folder) end
  end)

  -- The folder of a host that was given these pushes, of { user, nodes }.
  local function recorded(plugin, account, pushes, form)
    local server = serve.start({ ["weiyue.lua"] = serve.config({ account }), ["plugins/bot.lua"] = plugin },
      { arguments = "--record journal", environment = "WX_SECRET=wxtestsecret TZ=UTC+5" })
    folders[#folders + 1] = server.folder
    for _, one in ipairs(pushes) do
      one.nodes[2].text = ("oUser%d_0123456789-abcdefghijk"):format(one.user):sub(1, 28)
      assert(server:push(account, one.nodes, form).status == 200)
      if one.pause then os.execute("sleep " .. one.pause) end
    end
    os.execute "sleep 0.5"
    server:halt()
    return server.folder
  end

  -- Writes the specs, runs all, and gives what busted says.
  local function run(folder, n)
    local written = {}
    for i = 1, n do
      local done = program.run(folder, "replay journal --spec " .. i)
      assert.equal(0, done.status, i .. done.err)
      written[i] = done.out
      program.write(folder, ("written%02d_spec.lua"):format(i), done.out)
    end
    return program.run(folder, "test --output=TAP --pattern=written ."), written
  end

  local function node(name, text) return { name = name, text = text } end
  local function within(name, ...) return { name = name, nodes = { ... } } end
  local function event(name, ...)
    local nodes = push.message("event", name, "EventKey", "")
    nodes[#nodes] = nil
    for _, one in ipairs { ... } do nodes[#nodes + 1] = one end
    return nodes
  end

  local function kinds()
    local list = {}
    local function add(user, nodes, pause) list[#list + 1] = { user = user, nodes = nodes, pause = pause } end
    for i, text in ipairs { "hello", "who", "kept", "slow", "phone", "nothing", "ask", "me 13900001111", "news", "picture",
      "human", "when", "background" } do add(1, push.text(text), text == "slow" and 1 or i == 13 and 1) end
    for _, text in ipairs { "broken", "after it", "erp", "after that", "bad", "slow" } do add(2, push.text(text)) end
    add(3, event("subscribe", node("EventKey", "qrscene_7"), node("Ticket", "wxtestticket")))
    add(3, event("SCAN", node("EventKey", "8"), node("Ticket", "wxtestticket")))
    add(3, event("CLICK", node("EventKey", "about")))
    add(3, event("VIEW", node("EventKey", "http://wx.test"), node("MenuId", "1")))
    add(3, event("location_select", node("EventKey", "k"), within("SendLocationInfo", node("Location_X", "39.915119"),
      node("Location_Y", "116.403963"), node("Scale", "15"), node("Label", "天安门"), node("Poiname", ""))))
    add(3, event("scancode_waitmsg", node("EventKey", "k"), within("ScanCodeInfo", node("ScanType", "qrcode"),
      node("ScanResult", "13812345678"))))
    add(3, event("submit_invoice_title", node("title", "公司"), node("phone", "87654321"), node("tax_no", "1")))
    add(3, event("user_get_card", node("CardId", "c"), node("UserCardCode", "W12345")))
    add(4, push.message("location", nil, "Location_X", "39.915119", "Location_Y", "116.403963", "Scale", "15", "Label", "天安门"))
    add(4, push.message("image", nil, "PicUrl", "http://wx.test/a.jpg", "MediaId", "wxtestpicture"))
    add(4, event("unsubscribe", node("EventKey", "")))
    return list
  end

  for _, form in ipairs { "xml", "json" } do
    it("writes what passes, of every kind of push in " .. form, function()
      local account = serve.account("bot", "safe",
        ('kind = "service", verified = true, secret = env "WX_SECRET", deadline = 0.4, api = "%s"'):format(api.url))
      local pushes = kinds()
      local folder = recorded(PLUGIN, account, pushes, form)
      local done, written = run(folder, #pushes)
      local failed = {}
      for n in done.out:gmatch "not ok %d+ %- push (%d+)" do failed[#failed + 1] = n .. ":\n" .. written[tonumber(n)] end
      -- what another server said is for who writes the spec to tell
      assert.equal(1, #failed, table.concat(failed, "\n") .. done.out .. done.err)
      assert.matches('^16:.*app.http:on%("GET", "http://127.0.0.1:1/goods", { json = {} }%) %-%- fill in', failed[1])
      assert.matches("1%.%." .. #pushes .. "\n", done.out)
      assert.matches('app:logs "lua.error" > 0', written[14])
      assert.matches('app:logs "lua.bad_reply" > 0', written[18])
      assert.matches("openid = \"o[%w_%-]+\"", written[1])
    end)
  end

  it("writes what passes where the answer waits in the mailbox", function()
    local account = serve.account("bot", "safe", 'kind = "subscription", verified = false, deadline = 0.4, hold_budget = 0')
    local pushes = { { user = 1, nodes = push.text "slow", pause = 1 }, { user = 1, nodes = push.text "hello" } }
    local folder = recorded(MAILBOX, account, pushes)
    local done, written = run(folder, #pushes)
    assert.equal(0, done.status, done.out .. done.err .. written[1] .. written[2])
  end)
end)
