-- Replies of WeChat's API, as they really come; return codes; which calls are dangerous.

local catalogue = require "weiyue.api.catalogue"
local danger = require "weiyue.api.danger"
local declared = require "weiyue.declared"
local errcodes = require "weiyue.errcodes"
local facts = require "spec.support.facts"
local json = require "weiyue.json"
local reply = require "weiyue.api.reply"

local function read(key, body, more)
  local response = { status = 200, headers = {}, body = body }
  for name, value in pairs(more or {}) do response[name] = value end
  return reply.read(assert(catalogue.find(key)), response)
end

describe("a reply", function()
  it("is a plain table, with and without an errcode", function()
    assert.same({ ticket = "x", expires_in = 7200 }, (read("jssdk.get_ticket", '{"ticket":"x","expires_in":7200}')))
    assert.same({ errcode = 0, errmsg = "ok" }, (read("menu.create", '{"errcode":0,"errmsg":"ok"}')))
    assert.equal(0, read("menu.create", '{"errcode":"0","errmsg":"ok"}').errcode)
  end)

  it("has ids of 64 bits exact, longer ones as text", function()
    assert.equal(271781022721654784, read("template.send", '{"errcode":0,"msgid":271781022721654784}').msgid)
    assert.equal(1700827132819554304, read("subscribe.send", '{"msgid":1700827132819554304}').msgid)
    assert.equal("18446744073709551615", read("subscribe.send", '{"msgid":18446744073709551615}').msgid)
  end)

  it("with an errcode is an error with what to do in both languages", function()
    local ok, err = read("user.info", '{"errcode":40003,"errmsg":"invalid openid rid: 61f0a1b2-12ab34cd-56ef7890"}')
    assert.is_nil(ok)
    assert.equal(40003, err.code)
    assert.equal("invalid openid", err.message)
    assert.equal("61f0a1b2-12ab34cd-56ef7890", err.rid)
    assert.equal("invalid_argument", err.class)
    assert.equal("user.info", err.api)
    assert.matches("openid 只对一个公众号有效", err.hint)
    assert.matches("an openid belongs to one account", err.hint_en)
    assert.equal("user.info: 40003: invalid openid", tostring(err))
  end)

  it("tells its code as a number, whatever form it came in", function()
    assert.equal(40001, select(2, read("user.info", '{"errcode":"40001","errmsg":"x"}')).code)
    assert.equal(40001, select(2, read("user.info", '{"errcode":40001.0,"errmsg":"x"}')).code)
    assert.equal(-1008, select(2, read("wxa_sec.media_check_async", '{"errcode":4294966288,"errmsg":"x"}')).code)
    assert.equal(-1, select(2, read("user.info", '{"errcode":-1,"errmsg":"system error"}')).code)
    assert.equal("retry_later", select(2, read("user.info", '{"errcode":-1,"errmsg":"system error"}')).class)
  end)

  it("may have its code in base_resp", function()
    local ok, err = read("publisher.adpos_general", '{"base_resp":{"err_msg":"ok","ret":0},"list":[],"total_num":0}')
    assert.is_nil(err)
    assert.equal(0, ok.total_num)
    ok, err = read("publisher.adpos_general", '{"base_resp":{"err_msg":"invalid args","ret":45009}}')
    assert.is_nil(ok)
    assert.equal(45009, err.code)
    assert.equal("invalid args", err.message)
    err = select(2, read("device.bind", '{"base_resp":{"errcode":0,"ret":-1,"errmsg":"system error"}}'))
    assert.equal(-1, err.code)
  end)

  it("with an unknown code is an error all the same", function()
    local _, err = read("user.info", '{"errcode":99999999,"errmsg":"strange"}')
    assert.equal(99999999, err.code)
    assert.equal("other", err.class)
    assert.matches("不在表里", err.hint)
  end)

  it("shows the address that is not on the list", function()
    for _, text in ipairs { "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 5f-6a",
                            "invalid ip 203.0.113.7, not in whitelist" } do
      local _, err = read("user.info", json.encode { errcode = 40164, errmsg = text })
      assert.equal("203.0.113.7", err.ip)
      assert.matches("203.0.113.7", err.hint, 1, true)
      assert.matches("203.0.113.7", err.hint_en, 1, true)
    end
    assert.matches("its address", errcodes[40164].hint_en)
    assert.is_nil(select(2, read("user.info", '{"errcode":40003,"errmsg":"1.2.3.4"}')).ip)
  end)

  it("of no menu is empty, and one sent before counts as sent", function()
    assert.same({}, (read("menu.get", '{"errcode":46003,"errmsg":"menu no exist"}')))
    assert.is_nil((read("menu.get_self", '{"errcode":46003,"errmsg":"menu no exist"}')))
    local sent = read("message_mass.sendall", '{"errcode":45065,"errmsg":"clientmsgid exist","msg_id":123456}')
    assert.equal(123456, sent.msg_id)
    assert.is_true(sent.already_sent)
  end)

  it("with raw control characters and broken UTF-8 is read", function()
    local info = read("user.info", '{"openid":"o","remark":"a\20b\8c\xFFd","headimgurl":"http:\\/\\/x\\/0"}')
    assert.equal("a\20b\8c\u{FFFD}d", info.remark)
    assert.equal("http://x/0", info.headimgurl)
    assert.equal("x", read("user.info", '\xEF\xBB\xBF{"openid":"x"}').openid)
  end)

  it("of bytes is bytes, or an error, or JSON, by what it begins with", function()
    local got = read("media.get", "\xFF\xD8\xFF jpg", { headers = { ["content-type"] = "image/jpeg",
      ["content-disposition"] = 'attachment; filename="M.jpg"' } })
    assert.same({ body = "\xFF\xD8\xFF jpg", size = 7, type = "image/jpeg", filename = "M.jpg" }, got)
    local _, err = read("media.get", '{"errcode":40007,"errmsg":"invalid media_id"}', { headers = { ["content-type"] = "text/plain" } })
    assert.equal(40007, err.code)
    assert.equal("http://v", read("media.get", '{"video_url":"http://v"}').video_url)
    assert.equal("{ no JSON", read("media.get", "{ no JSON").body)
    assert.equal(3, #read("material.get", '{"news_item":[1,2,3]}').news_item)
    assert.equal("", read("media.get", "").body)
  end)

  it("in a file is looked at when it is small", function()
    local path = os.tmpname()
    local function file(text)
      local out = assert(io.open(path, "wb"))
      out:write(text)
      out:close()
      return reply.read(catalogue.find "media.get", { status = 200, headers = {}, path = path, size = #text })
    end
    local got = file "\xFF\xD8"
    local _, err = file '{"errcode":40007,"errmsg":"invalid media_id"}'
    os.remove(path)
    assert.same({ path = path, size = 2 }, got)
    assert.equal(40007, err.code)
    assert.equal(path, reply.read(catalogue.find "media.get", { status = 200, path = path, size = 1 << 20 }).path)
  end)

  it("that is hostile is an error, or harmless", function() -- W004
    for _, body in ipairs { ("["):rep(5000), '{"a":' .. ("["):rep(5000) .. ("]"):rep(5000) .. "}", '{"a":1', '{"a":1}x', "null", "[]", '"x"',
                            '{"a":1,"a":2}', '{"a":NaN}', "\0" } do
      local ok, err = read("user.info", body)
      assert.is_nil(ok, body:sub(1, 20))
      assert.equal("api.protocol", err.code)
      assert.is_true(#err.message < 200)
    end
    assert.equal("\u{FFFD}\u{FFFD}", read("user.info", '{"a":"\xC0\xAF"}').a)
    for _, body in ipairs { '{"errcode":"x"}', '{"errcode":null}', '{"errcode":{}}', '{"base_resp":5}', '{"base_resp":{"ret":"?"}}' } do
      assert.is_table((read("user.info", body)))
    end
    assert.equal(40001, select(2, read("user.info", '{"errcode":40001,"errmsg":{"a":1}}')).code)
    assert.equal("errcode 12345", select(2, read("user.info", '{"errcode":12345}')).message)
  end)

  it("that is no JSON, or none of status 200, is an error of ours", function()
    local _, err = read("user.info", "<html>")
    assert.equal("api.protocol", err.code)
    _, err = read("user.info", "")
    assert.equal("api.protocol", err.code)
    _, err = read("user.info", "<html>", { status = 502 })
    assert.equal("api.http", err.code)
    assert.equal("HTTP 502", err.message)
    assert.equal("retry_later", err.class)
    _, err = read("qrcode.show", "not found", { status = 404 })
    assert.equal("api.http", err.code)
    _, err = read("user.info", '{"errcode":40003,"errmsg":"x"}', { status = 400 })
    assert.equal(40003, err.code)
    _, err = read("user.info", '{"a":1}', { status = 500 })
    assert.equal("api.http", err.code)
  end)
end)

describe("return codes", function()
  local rows = facts.rows "errcodes.tsv"

  it("are those of errcodes.tsv, in its order", function()
    assert.equal(423, #rows)
    local n = 0
    errcodes.each(function(code)
      n = n + 1
      assert.equal(tonumber(rows[n].errcode), code)
    end)
    assert.equal(423, n)
  end)

  for _, row in ipairs(rows) do
    it(row.errcode .. " has its class and meaning, and says what to do in both languages", function()
      local own = errcodes[math.tointeger(tonumber(row.errcode))]
      assert.equal(row.class, own.class)
      assert.equal(row.meaning, own.en)
      for _, zh in ipairs { own.zh, own.hint_zh } do assert.matches("[\xE4-\xE9][\x80-\xBF][\x80-\xBF]", zh) end
      assert.is_true(#own.hint_en > 5)
      assert.is_nil((own.hint_zh .. own.hint_en):find "[{}]ip")
    end)
  end

  it("know no other", function()
    for _, code in ipairs { 1, 4000, 400010, -2, 1.5, "40001" } do assert.is_nil(errcodes[code], tostring(code)) end
  end)

  it("have advice of their own where it is worth it", function()
    local of_class = {}
    errcodes.each(function(code)
      local own = errcodes[code]
      of_class[own.hint_en] = (of_class[own.hint_en] or 0) + 1
    end)
    for _, code in ipairs { 40001, 40014, 42001, 40164, 89503, 40125, 40243, 45009, 45011, 45015, 45047, 48001, 40003, 40007, 41005,
                            40033, 40037, 43004, 43019, 85064, 40029, 40163, 43101, 46003, 45065, 61023 } do
      assert.is_true(of_class[errcodes[code].hint_en] <= 6, code)
    end
  end)
end)

describe("dangerous calls", function()
  local function of(key) return danger.of(assert(catalogue.find(key), key)) end

  it("have rows for all their patterns", function()
    for _, list in ipairs { danger.declare, danger.declare_changes, danger.never } do
      for _, pattern in ipairs(list) do
        local found = false
        catalogue.each(function(row) found = found or declared.allows({ pattern }, row.key) end)
        assert.is_true(found, pattern)
      end
    end
  end)

  it("are those that reach many or cannot be undone", function()
    for _, key in ipairs { "message_mass.sendall", "message_mass.preview", "menu.create", "menu.delete", "material.del", "tag.delete",
                           "draft.delete", "publish.delete", "card.delete", "kf_account.del", "wxa_code.release" } do
      assert.equal("declare", of(key), key)
    end
    for _, key in ipairs { "message_custom.send", "template.send", "user.info", "media.upload", "tag.create", "wxa_code.get_page",
                           "oauth.access_token", "qrcode.create", "openapi.quota_get" } do
      assert.is_nil(of(key), key)
    end
  end)

  it("of tokens and quotas are never a plugin's", function()
    for _, key in ipairs { "token.get", "token.stable", "openapi.clear_quota", "openapi.clear_quota_v2", "component.get_token" } do
      assert.equal("never", of(key), key)
      local ok, err = danger.check(catalogue.find(key), { "*.*" })
      assert.is_nil(ok)
      assert.equal("api.undeclared", err.code)
    end
  end)

  it("need a declaration that covers them, and say which", function()
    local row = catalogue.find "menu.create"
    for _, patterns in ipairs { { "menu.*" }, { "*.create" }, { "tag.delete", "menu.create" }, { "*.*" } } do
      assert.is_true(danger.check(row, patterns))
    end
    for _, patterns in ipairs { {}, { "menu.delete" }, { "menus.*" }, { "menu.creat" }, { "xmenu.create" } } do
      local ok, err = danger.check(row, patterns)
      assert.is_nil(ok)
      assert.equal("api.undeclared", err.code)
      assert.matches('api = { "menu.create" }', err.hint, 1, true)
      assert.matches('api = { "menu.create" }', err.hint_en, 1, true)
    end
    assert.is_nil((danger.check(row, nil)))
    assert.is_true(danger.check(catalogue.find "user.info", nil))
  end)
end)

describe("a row", function()
  it("may be sent again when it only reads", function()
    local function again(key) return catalogue.find(key).idempotent end
    for _, key in ipairs { "user.info", "user.batch_info", "menu.get", "material.batch_get", "datacube.get_user_summary", "template.list",
                           "tag.batch_tagging", "menu.create", "menu.delete", "comment.list", "kf_session.wait_case", "token.stable" } do
      assert.is_true(again(key), key)
    end
    for _, key in ipairs { "message_custom.send", "template.send", "message_mass.sendall", "media.upload", "tag.create", "draft.add",
                           "oauth.access_token", "token.get", "wxa_login.jscode2session", "kf_account.del", "card_code.consume",
                           "wxa_user.get_phone_number", "component.query_auth", "nontax.micropay", "wxa_code.undo_audit" } do
      assert.is_false(again(key), key)
    end
  end)
end)
