-- The program from outside: usage, exit codes, both languages, check, serve, push.
local program = require "spec.support.program"

local AES <const> = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
local OPENID <const> = "oTestUser0000000000000000001"

local capture <const>, quote <const>, here <const> = program.capture, program.quote, program.here
local binary <const> = program.binary

-- Named cases in a stable order.
local function cases(list)
  local names = {}
  for name in pairs(list) do names[#names + 1] = name end
  table.sort(names)
  local i = 0
  return function()
    i = i + 1
    return names[i], list[names[i]]
  end
end

local folder

local function write(name, text) program.write(folder, name, text) end
local function read(name) return program.read(folder .. "/" .. name) end
local function shell(command, env) return program.shell(folder, command, env) end
local function weiyue(arguments, env) return program.run(folder, arguments, env) end

local ZH <const> = "LC_ALL=zh_CN.UTF-8"

local function account(id, more)
  return ('{ id = "%s", path = "/%s", token = "wxtest", appid = "wxtestappid", %s }'):format(id, id, more or "")
end

local function config(listen)
  return ([[
return {
  listen = "%s", workers = 1, admin = "127.0.0.1:0",
  plugins = { "echo.lua" },
  accounts = {
    %s,
    %s,
    %s,
  },
}
]]):format(listen, account("plain"), account("compatible", ('mode = "compatible", aes_key = "%s"'):format(AES)),
    account("safe", ('mode = "safe", aes_key = "%s"'):format(AES)))
end

local ECHO <const> = [[
local wx = require "weiyue"
wx.text("图文", function()
  return wx.reply.news {
    { title = "标题", description = "说明", pic_url = "http://example.com/a.jpg", url = "http://example.com/" },
  }
end)
wx.text("无", function() return false end)
wx.text(function(msg) return "echo: " .. msg.content end)
wx.message("image", function(msg) return "image: " .. msg.media_id end)
wx.click("about", "about us")
]]

-- Starts a server that prints one line when it is ready; returns the line. No sleeping: reading a named
-- pipe waits. Its exit status comes out of another, NAME.done.
local function start(name, command)
  local script = [[
    cd "$1" && mkfifo "$2.ready" "$2.done" || exit 1
    export LC_ALL=C
    ( ( echo $BASHPID >"$2.pid"; eval "exec $3" >"$2.ready" 2>"$2.log" </dev/null )
      echo $? >"$2.done" ) >/dev/null 2>&1 &
    read -r -t 30 line <"$2.ready"
    printf "%s" "$line"
  ]]
  return capture(("bash -c %s bash %s %s %s"):format(quote(script), quote(folder), name, quote(command)))
end

-- Sends a signal and waits for the end; returns the exit status.
local function stop(name, signal)
  local script = [[
    cd "$1" && kill -"$3" "$(cat "$2.pid")" && read -r -t 30 status <"$2.done"
    printf "%s" "$status"
  ]]
  return tonumber(capture(("bash -c %s bash %s %s %s"):format(quote(script), quote(folder), name, signal or "TERM")))
end

describe("what a verb prints", function()
  it("may be left unread", function()
    local own = program.folder()
    local done = program.shell(own, ("sh -c '%s api list | head -n 1'"):format(program.binary))
    program.remove(own)
    assert.equal("", done.err)
    assert.matches("^[^\n]+\n$", done.out)
  end)
end)

describe("weiyue", function()
  setup(function()
    folder = program.folder()
    write("echo.lua", ECHO)
    write("weiyue.lua", config("127.0.0.1:0"))
  end)

  teardown(function()
    program.remove(folder)
  end)

  describe("usage", function()
    it("is shown in English and in Chinese", function()
      local en, zh = weiyue("--help"), weiyue("--help", ZH)
      assert.equal(0, en.status)
      assert.equal(0, zh.status)
      assert.matches("^Usage: weiyue", en.out)
      assert.matches("^用法：weiyue", zh.out)
    end)

    it("follows LC_ALL, then LC_MESSAGES, then LANG", function()
      assert.matches("^用法", weiyue("--help", "LC_ALL= LC_MESSAGES= LANG=zh_CN.UTF-8").out)
      assert.matches("^用法", weiyue("--help", "LC_ALL= LC_MESSAGES=zh_CN LANG=C").out)
      assert.matches("^Usage", weiyue("--help", "LC_ALL=C LANG=zh_CN.UTF-8").out)
    end)

    it("is an error without a verb", function()
      local r = weiyue("")
      assert.equal(2, r.status)
      assert.equal("", r.out)
      assert.matches("Usage: weiyue", r.err)
    end)

    for _, verb in ipairs { "serve", "check", "push", "api", "reload", "promote", "rollback", "test", "version" } do
      it("of " .. verb .. " is shown by --help and by help", function()
        local r = weiyue(verb .. " --help")
        assert.equal(0, r.status)
        assert.matches("^Usage: weiyue " .. verb, r.out)
        assert.equal(r.out, weiyue("help " .. verb).out)
        assert.matches("用法：weiyue " .. verb, weiyue(verb .. " --help", ZH).out)
      end)
    end

    it("names the nearest verb", function()
      local r = weiyue("serv")
      assert.equal(2, r.status)
      assert.equal("weiyue: no verb serv; the nearest is serve\n", r.err)
      assert.matches("最接近的是 serve", weiyue("serv", ZH).err)
    end)

    it("names the nearest option", function()
      local r = weiyue("serve --lisen :80")
      assert.equal(2, r.status)
      assert.matches("no option %-%-lisen; the nearest is %-%-listen", r.err)
      assert.matches("no option %-lisen; the nearest is %-%-listen", weiyue("serve -lisen :80").err)
    end)

    it("makes no far guesses", function()
      assert.equal("weiyue: no verb frobnicate; weiyue help lists them all\n", weiyue("frobnicate").err)
      assert.equal("weiyue: 没有命令 x；weiyue help 列出全部\n", weiyue("x", ZH).err)
      assert.equal("weiyue: serve has no option --nothing; weiyue serve --help lists them all\n",
        weiyue("serve --nothing=secret").err)
      assert.matches("weiyue push %-%-help lists them all", weiyue("push plain --type hologram").err)
    end)

    it("refuses an option without its value, a flag with one, and a surplus argument", function()
      assert.equal(2, weiyue("serve --listen").status)
      assert.equal(2, weiyue("version --json=yes").status)
      assert.equal(2, weiyue("check a.lua b.lua").status)
    end)

    it("says which verbs are not in this build", function()
      local later = "plan apply user doctor"
      for verb in later:gmatch("%a+") do
        local r = weiyue(verb)
        assert.equal(2, r.status)
        assert.equal(("weiyue: %s: not in this build\n"):format(verb), r.err)
      end
      assert.matches("本版本尚未实现", weiyue("doctor", ZH).err)
    end)
  end)

  describe("version", function()
    it("names the program and its libraries", function()
      local r = weiyue("version")
      assert.equal(0, r.status)
      assert.matches("^weiyue %d+%.%d+%.%d+\n", r.out)
      for _, name in ipairs { "Lua", "libuv", "llhttp", "expat", "OpenSSL", "cJSON", "SQLite", "hiredis", "libcurl" } do
        assert.matches("\n" .. name .. " %d+%.%d+", r.out)
      end
    end)

    it("is also what -v, -V and --version ask for", function()
      local text = weiyue("version").out
      for _, option in ipairs { "-v", "-V", "--version" } do assert.equal(text, weiyue(option).out) end
    end)

    it("prints one JSON object", function()
      assert.matches('^{"weiyue":"%d+%.%d+%.%d+","libraries":{"Lua":"5%.4%.%d+",.*}}\n$', weiyue("version --json").out)
    end)
  end)

  describe("api", function()
    it("lists all endpoints, or those of a family, a pattern, a part of name or path", function()
      local all = weiyue("api list")
      assert.equal(0, all.status)
      assert.equal(659, select(2, all.out:gsub("\n", "\n")))
      assert.matches("\nmenu%.create +POST +/cgi%-bin/menu/create\n", all.out)
      assert.equal(8, select(2, weiyue("api list tag").out:gsub("\n", "\n")))
      for line in weiyue("api list '*.delete'").out:gmatch "[^\n]+" do assert.matches("^[%w_]+%.delete ", line) end
      assert.matches("^qrcode%.show +GET +mp%.weixin%.qq%.com/cgi%-bin/showqrcode\n$", weiyue("api list showqrcode").out)
    end)

    it("says which one is nearest to what it does not have", function()
      local r = weiyue("api show menu.creat")
      assert.equal(1, r.status)
      assert.equal("", r.out)
      assert.equal("weiyue: no endpoint menu.creat; the nearest is menu.create\n", r.err)
      assert.equal("weiyue: 没有接口 mesage_custom.send；最接近的是 message_custom.send\n", weiyue("api show mesage_custom.send", ZH).err)
      assert.matches("no endpoint frobnicate; weiyue api list lists them all", weiyue("api list frobnicate").err)
      assert.equal("weiyue: user is a family; weiyue api list user lists it\n", weiyue("api show user").err)
      assert.equal("weiyue: user 是一组接口；weiyue api list user 列出它们\n", weiyue("api show user", ZH).err)
      assert.equal(2, weiyue("api show").status)
      assert.matches("api has no shwo; the nearest is show", weiyue("api shwo x").err)
      assert.equal(2, weiyue("api").status)
    end)

    it("tells what is wrong with a call in one language", function()
      local unknown, wrong = "api call usr.info --account plain", [[api call openapi.quota_get '{"cgi_pth":"/x"}' --account plain]]
      for _, case in ipairs {
        { unknown, ZH, "api.unknown：没有接口 usr.info；最接近的是 user.info；weiyue api list user 列出全部\n" },
        { unknown, nil, "api.unknown: there is no usr.info; the nearest is user.info; weiyue api list user lists what there is\n" },
        { wrong, ZH, "api.field：没有字段 cgi_pth；最接近的是 cgi_path；weiyue api show openapi.quota_get 列出全部字段\n" },
        { wrong, nil, "api.field: no field cgi_pth; the nearest is cgi_path; weiyue api show openapi.quota_get lists all fields\n" },
      } do
        local r = weiyue(case[1], case[2])
        assert.equal(case[3], r.err)
        assert.same({ 1, "" }, { r.status, r.out })
      end
    end)

    it("shows fields, limits, errors, kinds of account, quota and an example, in both languages", function()
      local en, zh = weiyue("api show message_custom.send"), weiyue("api show message_custom.send", ZH)
      assert.equal(0, en.status, en.err)
      for _, text in ipairs { "POST https://api.weixin.qq.com/cgi%-bin/message/custom/send\n", "\n  touser  +text +required\n",
        "\n    articles +list of table +required +1 items\n", "verified service account, mini program (can.customer_service)",
        "a day +500000\n", "\n  45015  48%-hour reply window closed\n", "\n  48001  account lacks this API\n" } do
        assert.matches((text:gsub("[()]", "%%%0")), en.out)
      end
      for _, text in ipairs { "\n  touser  +文本 +必填\n", "已认证订阅号、已认证服务号", "每天 +500000\n", "\n  45047  自用户上次动作以来" } do
        assert.matches(text, zh.out)
      end
      assert.matches('\n  account.api.message_custom.send { touser = "oTest', en.out, 1, true)
      assert.matches("\n  weiyue api call message_custom.send '{\"touser\":\"oTest", en.out, 1, true)
    end)

    it("shows what is dangerous, what is not sent twice, and limits", function()
      assert.matches('dangerous: a plugin says api = { "menu.delete" } in wx.plugin', weiyue("api show menu.delete").out, 1, true)
      assert.matches("never called by a plugin", weiyue("api show token.get").out, 1, true)
      assert.matches("may call it\n  again +no:", weiyue("api show template.send").out)
      assert.matches("openid_list +list of text +required +≤50 items", weiyue("api show tag.batch_tagging").out)
      assert.matches("name +text +required +≤30 bytes", weiyue("api show tag.create").out)
    end)

    it("prints JSON", function()
      assert.matches('^%[{"api":"tag.create","host":"api.weixin.qq.com","method":"POST","path":"/cgi%-bin/tags/create"},',
        weiyue("api list tag --json").out)
      local out = weiyue("api show tag.batch_tagging --json").out
      assert.matches('^{"api":"tag.batch_tagging","auth":"access_token","body":%[{"items":"string","max":50,"name":"openid_list",', out)
      assert.matches('"kinds":["subscription_verified","service_verified"]', out, 1, true)
    end)

    it("explains every endpoint", function()
      local missing = {}
      for key in weiyue("api list").out:gmatch "([%w_]+%.[%w_]+) +%u+ " do missing[#missing + 1] = key end
      assert.equal(659, #missing)
      for i = 1, #missing, 110 do -- a process each: some of them, from all over the table
        local r = weiyue("api show " .. missing[i], ZH)
        assert.equal(0, r.status, r.err)
        assert.matches("\n例子\n", r.out)
      end
    end)
  end)

  describe("check", function()
    it("passes a good configuration", function()
      local r = weiyue("check")
      assert.equal(0, r.status, r.err)
      assert.matches("^ok: accounts: 3 %(plain /plain plain, .* safe%), plugins: %d+\n", r.out)
    end)

    it("says where an error is, in both languages", function()
      write("bad.lua", 'return {\n  accounts = {\n    { token = 5 },\n  },\n}\n')
      local r = weiyue("check bad.lua")
      assert.equal(1, r.status)
      assert.equal("", r.out)
      assert.matches("bad%.lua:3: .*token.* must be", r.err)
      assert.matches("bad%.lua:3: .*token.*应为", weiyue("check bad.lua", ZH).err)
    end)

    it("names the nearest key", function()
      write("typo.lua", 'return { lissten = ":80", plugins = {}, accounts = { { token = "wxtest" } } }\n')
      local r = weiyue("check typo.lua")
      assert.equal(1, r.status)
      assert.matches("typo%.lua:1: lissten: .*listen", r.err)
    end)

    it("says where a plugin is broken", function()
      write("broken.lua", "local wx = require 'weiyue'\nwx.text(\n")
      write("plugin.lua", 'return { plugins = { "broken.lua" }, accounts = { { token = "wxtest" } } }\n')
      local r = weiyue("check plugin.lua")
      assert.equal(1, r.status)
      assert.matches("broken%.lua:%d+:", r.err)
    end)

    it("fails on a file that is not there", function()
      local r = weiyue("check nothing.lua")
      assert.equal(1, r.status)
      assert.matches("nothing.lua: cannot be opened: No such file or directory\n", r.err, 1, true)
      assert.matches("nothing.lua: 打不开：没有这个文件\n", weiyue("check nothing.lua", ZH).err, 1, true)
    end)

    it("reports as JSON", function()
      local good, bad = weiyue("check --json"), weiyue("check bad.lua --json")
      assert.equal(0, good.status)
      assert.matches('^{"ok":true,"accounts":%[{"id":"plain","path":"/plain","mode":"plain"}', good.out)
      assert.equal(1, bad.status)
      assert.matches('^{"ok":false,.*"level":"error","file":"bad%.lua","line":3,"zh":"bad%.lua:3: ', bad.out)
    end)

    it("prints the table of keys in the language asked for", function()
      assert.matches("\n| `listen` |", weiyue("check --keys").out)
      assert.matches("^| key |", weiyue("check --keys en", ZH).out)
      assert.matches("^| 键 |", weiyue("check --keys=zh").out)
      assert.equal(2, weiyue("check --keys=fr").status)
    end)
  end)

  describe("serve", function()
    it("fails on a broken configuration", function()
      write("bad.lua", "return {\n  accounts = {\n    { token = 5 },\n  },\n}\n")
      local r = weiyue("serve bad.lua")
      assert.equal(1, r.status)
      assert.equal("", r.out)
      assert.matches("bad%.lua:3: ", r.err)
    end)

    it("says in the user's language why it does not start", function()
      local r = weiyue("serve nothing.lua")
      assert.equal(1, r.status)
      assert.matches("weiyue: not started: the configuration has errors\n", r.err, 1, true)
      assert.matches("weiyue: 没有启动：配置有错\n", weiyue("serve nothing.lua", ZH).err, 1, true)
      assert.matches("\n?%-%-listen: 应为", weiyue("serve --listen nowhere", ZH).err)
    end)

    it("suggests another port when one is taken", function()
      local port = start("taken", quote(binary) .. " serve"):match(":(%d+) ")
      local command = "serve --listen 127.0.0.1:" .. port
      local en, zh = weiyue(command), weiyue(command, ZH)
      stop("taken")
      assert.equal(1, en.status)
      assert.matches("cannot listen on this address .*Port taken%? Another one: %-%-listen 127", en.err)
      assert.matches("没有启动：不能监听这个地址.*换端口：%-%-listen 127", zh.err)
    end)

    it("refuses workers that are no number", function()
      assert.equal(2, weiyue("serve --workers many").status)
    end)

    it("tells its address and accounts in one line, and ends with 0 at SIGTERM", function()
      local line = start("serve", quote(binary) .. " serve --workers 2 --listen 127.0.0.1:0")
      assert.matches("^weiyue %S+  http://127%.0%.0%.1:%d+  plain /plain %(plain%), "
        .. "compatible /compatible %(compatible%), safe /safe %(safe%)  workers 2  plugins %d+  admin http://127%.0%.0%.1:%d+$", line)
      assert.equal(0, stop("serve", "TERM"))
    end)

    it("ends with 0 at SIGINT", function()
      start("interrupted", quote(binary) .. " serve")
      assert.equal(0, stop("interrupted", "INT"))
    end)

    it("outlives SIGHUP", function() -- spec/serve/reload_spec tells what it does
      start("hup", quote(binary) .. " serve")
      capture(("kill -HUP $(cat %s)"):format(quote(folder .. "/hup.pid")))
      assert.equal(0, stop("hup"))
    end)
  end)

  describe("push to a served account", function()
    local address, port

    setup(function()
      local line = start("echo", quote(binary) .. " serve")
      address, port = line:match("(http://127%.0%.0%.1:(%d+))")
      assert(address, read("echo.log"))
      write("fixed.lua", config("127.0.0.1:" .. port))
    end)

    teardown(function()
      stop("echo")
    end)

    for _, mode in ipairs { "plain", "compatible", "safe" } do
      for _, format in ipairs { "xml", "json" } do
        it(("is answered: %s, %s"):format(mode, format), function()
          local r = weiyue(("push %s/%s --text '你好 <&>' --format %s"):format(address, mode, format))
          assert.equal(0, r.status, r.err)
          assert.equal("type: text\ncontent: echo: 你好 <&>\n", r.out)
        end)
      end

      it("is answered when openssl and curl make it: " .. mode, function()
        local r = shell(("%s %s/%s wxtest wxtestappid %s %s '你好'")
          :format(quote(here .. "/spec/push/openssl_curl"), address, mode, AES, mode))
        assert.equal(0, r.status, r.err)
        assert.equal("echo: 你好\n", r.out)
      end)
    end

    it("takes address and keys from the configuration", function()
      local r = weiyue("push safe --config fixed.lua --text hi --json")
      assert.equal(0, r.status, r.err)
      assert.matches('^{"ok":true,"status":200,"ms":%d+,"type":"text","content":"echo: hi","error":null}\n$', r.out)
    end)

    it("takes keys from options and from the environment", function()
      local url = address .. "/safe"
      assert.equal(0, weiyue(("push %s --text hi --config none.lua --token wxtest --appid wxtestappid --aes-key %s")
        :format(url, AES)).status)
      assert.equal(0, weiyue(("push %s --text hi --config none.lua"):format(url),
        ("WX_TOKEN=wxtest WX_APPID=wxtestappid WX_AES_KEY=%s"):format(AES)).status)
    end)

    it("says which accounts there are", function()
      local r = weiyue("push other --text hi")
      assert.equal(1, r.status)
      assert.matches("no account other; it has: plain, compatible, safe", r.err)
    end)

    it("sends events, other messages and files", function()
      assert.equal("type: text\ncontent: about us\n",
        weiyue(("push %s/safe --event click --key about"):format(address)).out)
      assert.equal("type: text\ncontent: image: M1\n",
        weiyue(("push %s/plain --type image --media M1"):format(address)).out)
      write("push.xml", ("<xml><ToUserName>gh_file</ToUserName><FromUserName>oFile</FromUserName>"
        .. "<CreateTime>%d</CreateTime><MsgType>text</MsgType><Content>from a file</Content>"
        .. "<MsgId>1</MsgId></xml>\n"):format(os.time()))
      for _, mode in ipairs { "plain", "compatible", "safe" } do
        local r = weiyue(("push %s/%s push.xml"):format(address, mode))
        assert.equal("type: text\ncontent: echo: from a file\n", r.out, r.err)
      end
    end)

    it("shows articles", function()
      local r = weiyue(("push %s/plain --text 图文"):format(address))
      assert.equal("type: news\narticle 1\n  title: 标题\n  description: 说明\n"
        .. "  pic_url: http://example.com/a.jpg\n  url: http://example.com/\n", r.out)
      r = weiyue(("push %s/safe --format json --text 图文 --json"):format(address))
      assert.matches('"articles":%[{"title":"标题"', r.out)
    end)

    it("shows that there is no reply", function()
      local r = weiyue(("push %s/safe --text 无"):format(address))
      assert.equal(0, r.status, r.err)
      assert.equal("(no reply; a late answer, if any, is sent separately)\n", r.out)
      assert.equal("（没有回复；有迟到的答案会另外发出）\n", weiyue(("push %s/safe --text 无"):format(address), ZH).out)
    end)

    it("shows the bytes with --raw", function()
      assert.matches("^<xml><ToUserName>.*</xml>$", weiyue(("push %s/plain --text hi --raw"):format(address)).out)
      assert.matches("^<xml><Encrypt>.*</xml>$", weiyue(("push %s/safe --text hi --raw"):format(address)).out)
    end)

    it("fails with what the user would see when the token is wrong", function()
      local r = weiyue(("push %s/plain --token wrong --text hi"):format(address))
      assert.equal(1, r.status)
      assert.equal("", r.out)
      assert.matches("the HTTP status is 403, not 200; the host's log says why (event=sig.…); to a sandbox: --sandbox. A", r.err, 1, true)
      assert.matches("原因见宿主的日志（event=sig.…）；推给沙箱要加 --sandbox。",
        weiyue(("push %s/plain --token wrong --text hi"):format(address), ZH).err, 1, true)
      assert.matches("该公众号提供的服务出现故障", r.err)
      r = weiyue(("push %s/plain --token wrong --text hi --json"):format(address))
      assert.matches('"ok":false,"status":403', r.out)
    end)

    it("fails on a downgrade and on a wrong AppID", function()
      assert.equal(1, weiyue(("push %s/safe --mode plain --text hi"):format(address)).status)
      assert.equal(1, weiyue(("push %s/safe --appid wxother --text hi"):format(address)).status)
    end)

    it("has the openssl script fail on a wrong token", function()
      local r = shell(("%s %s/safe wrong wxtestappid %s safe hi")
        :format(quote(here .. "/spec/push/openssl_curl"), address, AES))
      assert.equal(1, r.status)
      assert.matches("HTTP status 403", r.err)
    end)
  end)

  describe("push, asked for what cannot be,", function()
    for name, arguments in cases {
      ["nobody to push to"] = "--text hi",
      ["nothing to push"] = "plain",
      ["a URL of another kind"] = "ftp://127.0.0.1/plain --token wxtest --text hi",
      ["two things to push"] = "plain --text hi --event click",
      ["an unknown type"] = "plain --type imag",
      ["an unknown mode"] = "plain --text hi --mode secret",
      ["an unknown format"] = "plain --text hi --format yaml",
      ["a key without an event"] = "plain --text hi --key k",
      ["a mode without a key"] = "plain --text hi --mode safe",
      ["a malformed key"] = "plain --text hi --mode safe --aes-key short",
      ["no time"] = "plain --text hi --timeout 0",
      ["no port"] = "plain --text hi",
      ["text that is not UTF-8"] = "plain --text $(printf '\\377')",
    } do
      it("refuses " .. name, function()
        local r = weiyue("push " .. arguments)
        assert.equal(2, r.status, r.err)
        assert.equal("", r.out)
      end)
    end

    it("ends a configuration that does not end", function()
      write("endless.lua", "while true do end\n")
      local r = weiyue("push plain --config endless.lua --text hi")
      assert.equal(1, r.status)
      assert.matches("stopped: it took more than 10 s of processor time", r.err, 1, true)
    end)

    it("fails when nobody listens", function()
      local r = weiyue("push http://127.0.0.1:1/plain --text hi")
      assert.equal(1, r.status)
      assert.matches("no answer: cannot connect to http://127.0.0.1:1/plain; is weiyue serve running? A", r.err, 1, true)
      assert.matches("连不上 http://127.0.0.1:1/plain，weiyue serve 在运行吗？微信",
        weiyue("push http://127.0.0.1:1/plain --text hi", ZH).err, 1, true)
    end)

    it("says where nothing is served", function()
      local line = start("paths", quote(binary) .. " serve")
      local url = line:match("http://127%.0%.0%.1:%d+")
      local r = weiyue(("push %s/elsewhere --token wxtest --text hi"):format(url))
      stop("paths")
      assert.matches("404, not 200; is this the account's path?", r.err, 1, true)
    end)

    it("fails on a file that is not there, or is no message", function()
      write("none.xml", "<xml><a>1</a></xml>")
      assert.equal(1, weiyue("push http://127.0.0.1:1/plain missing.xml").status)
      local r = weiyue("push http://127.0.0.1:1/plain none.xml")
      assert.equal(1, r.status)
      assert.matches("none.xml is no message: ", r.err, 1, true)
      write("cut.xml", "<xml><a>")
      assert.matches("cut.xml 不是一条消息：XML 格式错误", weiyue("push http://127.0.0.1:1/plain cut.xml", ZH).err, 1, true)
    end)
  end)

  -- A server that answers every POST with the file `answer` and status 200, and nothing at /silent.
  local SERVER <const> = [[
import http.server, threading
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/silent"):
            threading.Event().wait()
        if self.path.startswith("/moved"):
            self.send_response(302)
            self.send_header("Location", "/plain")
        else:
            self.send_response(200)
        body = open("answer", "rb").read()
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args):
        pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
print(server.server_port, flush=True)
server.serve_forever()
]]

  describe("push, judging an answer,", function()
    local port

    setup(function()
      write("answer.py", SERVER)
      port = start("answer", "python3 answer.py")
      assert.matches("^%d+$", port)
    end)

    teardown(function()
      stop("answer", "KILL")
    end)

    local function push(path, more)
      return weiyue(("push http://127.0.0.1:%s/%s --text hi %s"):format(port, path, more or ""))
    end

    local HEAD <const> = ("<ToUserName>%s</ToUserName><FromUserName>gh_test</FromUserName>"
      .. "<CreateTime>1700000000</CreateTime>"):format(OPENID)
    local function xml(rest) return "<xml>" .. HEAD .. rest .. "</xml>" end
    local TEXT <const> = xml "<MsgType>text</MsgType><Content>a</Content>"
    local function news(count, articles)
      return xml(("<MsgType>news</MsgType><ArticleCount>%d</ArticleCount><Articles>%s</Articles>")
        :format(count, articles))
    end
    local ARTICLE <const> = "<item><Title>t</Title><Description></Description><PicUrl></PicUrl><Url></Url></item>"

    local good <const> = {
      ["success"] = "success",
      ["an empty body"] = "",
      ["a text"] = TEXT,
      ["a transfer without an account"] = xml "<MsgType>transfer_customer_service</MsgType>",
      ["an image"] = xml "<MsgType>image</MsgType><Image><MediaId>m</MediaId></Image>",
      ["news"] = news(1, ARTICLE),
    }
    for name, body in cases(good) do
      it("accepts " .. name, function()
        write("answer", body)
        local r = push("plain")
        assert.equal(0, r.status, r.err)
        assert.equal("", r.err)
      end)
    end

    local wrong <const> = {
      ["a quoted success"] = { '"success"', "neither" },
      ["HTML"] = { "<!DOCTYPE html><html></html>", "malformed" },
      ["two roots"] = { "<xml><xml></xml></xml>x", "malformed" },
      ["JSON to an XML push"] = { '{"ToUserName":"a"}', "the reply is JSON" },
      ["names that are not swapped"] = { (TEXT:gsub(OPENID, "gh_test")), "swapped" },
      ["no CreateTime"] = { (TEXT:gsub("<CreateTime>.-</CreateTime>", "")), "lacks" },
      ["no MsgType"] = { xml "<Content>a</Content>", "lacks" },
      ["an unknown MsgType"] = { xml "<MsgType>shout</MsgType>", "no such reply: MsgType is shout" },
      ["an empty Content"] = { xml "<MsgType>text</MsgType><Content></Content>", "Content is empty" },
      ["no Content"] = { xml "<MsgType>text</MsgType>", "lacks Content" },
      ["an image without MediaId"] = { xml "<MsgType>image</MsgType><Image></Image>", "lacks MediaId" },
      ["news without articles"] = { news(0, ""), "1 to 8" },
      ["a wrong ArticleCount"] = { news(2, ARTICLE), "ArticleCount" },
      ["an article without Url"] = { news(1, (ARTICLE:gsub("<Url></Url>", ""))), "article 1 lacks Url" },
      ["an encrypted reply in plain mode"] = { "<xml><Encrypt>AAAA</Encrypt></xml>", "mode is plain" },
    }
    for name, case in cases(wrong) do
      it("refuses " .. name, function()
        write("answer", case[1])
        local r = push("plain")
        assert.equal(1, r.status, r.out)
        assert.matches(case[2], r.err, 1, true)
        assert.matches("该公众号提供的服务出现故障", r.err, 1, true)
      end)
    end

    it("refuses a plain reply in safe mode, and takes it in compatible mode", function()
      write("answer", TEXT)
      local r = push("safe")
      assert.equal(1, r.status)
      assert.matches("not encrypted", r.err)
      assert.equal(0, push("compatible").status)
    end)

    it("refuses a wrong MsgSignature", function()
      write("answer", "<xml><Encrypt>AAAA</Encrypt><MsgSignature>00</MsgSignature>"
        .. "<TimeStamp>1</TimeStamp><Nonce>1</Nonce></xml>")
      assert.matches("MsgSignature is wrong", push("safe").err)
    end)

    it("takes success in plain text in safe mode", function()
      write("answer", "success")
      assert.matches("^%(no reply; .*%)\n$", push("safe").out)
    end)

    it("keeps control bytes of an answer from the terminal", function()
      write("answer", ([[{"ToUserName":"%s","FromUserName":"gh_test","CreateTime":1,"MsgType":"text",]]
        .. [["Content":"\u001b[2J"}]]):format(OPENID))
      assert.equal("type: text\ncontent: \u{fffd}[2J\n", push("plain", "--format json").out)
    end)

    it("gives up after the time-out", function()
      write("answer", "success")
      local r = push("silent", "--token wxtest --timeout 0.1")
      assert.equal(1, r.status)
      assert.matches("no answer within 0.1 s", r.err, 1, true)
    end)

    it("sends it three times, as WeChat does, while nobody answers", function()
      write("answer", "success")
      local _, again = push("silent", "--token wxtest --timeout 0.1").err:gsub("once more", "")
      assert.equal(2, again)
      assert.not_matches("once more", push("silent", "--token wxtest --timeout 0.1 --attempts 1").err)
      assert.equal(2, weiyue("push http://127.0.0.1:1/ --token wxtest --text hi --attempts 4").status)
    end)

    it("follows no redirect", function()
      write("answer", "success")
      assert.matches("HTTP status is 302", push("moved", "--token wxtest").err)
    end)
  end)

  describe("test", function()
    it("runs specs that wait, at no real time", function()
      write("wait_spec.lua", [[
local task = require "weiyue.task"
describe("waiting", function()
  it("moves the clock", function()
    local time = require "weiyue.time"
    local before = time.now()
    task.sleep(3600)
    assert.is_true(time.now() - before >= 3600)
  end)
end)
]])
      local r = weiyue("test wait_spec.lua -o TAP")
      assert.equal(0, r.status, r.err .. r.out)
      assert.matches("ok 1", r.out)
    end)

    it("exits with 1 when a spec fails", function()
      write("fail_spec.lua", 'describe("x", function() it("fails", function() assert.equal(1, 2) end) end)\n')
      local r = weiyue("test fail_spec.lua -o TAP")
      assert.equal(1, r.status)
      assert.matches("not ok 1", r.out)
    end)

    it("survives os.exit in a spec, as an error", function()
      write("exit_spec.lua", 'describe("x", function() it("exits", function() os.exit(0) end) end)\n')
      assert.equal(1, weiyue("test exit_spec.lua -o TAP").status)
    end)

    it("says so when there is no folder of specs", function()
      local r = weiyue("test")
      assert.equal(1, r.status)
      assert.equal("", r.out)
      assert.matches("^weiyue: there is no folder spec here", r.err)
      assert.matches("^weiyue: 这里没有 spec 文件夹", weiyue("test", ZH).err)
    end)

    it("leaves other arguments to busted", function()
      assert.matches("^Usage: weiyue test", weiyue("test --help").out)
      local r = weiyue("test -- --version")
      assert.equal(0, r.status)
      assert.matches("^%d+%.%d+", r.out)
    end)
  end)

  it("has a Chinese text for every error", function()
    local function text(path)
      local file <close> = assert(io.open(path, "rb"))
      return file:read("a")
    end
    local errors, n = text("src/cli/errors.c"), 0
    for name in text("src/base/err.h"):gmatch("\n  X%((%u[%u_%d]*), ") do
      n = n + 1
      assert.truthy(errors:find(("AT%%(%s, \"[^\"]*[\xe4-\xe9]"):format(name)), name)
    end
    assert.is_true(n > 50)
  end)
end)
