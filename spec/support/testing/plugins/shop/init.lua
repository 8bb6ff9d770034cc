-- A shop, for the specs of weiyue.testing.
local wx = require "weiyue"
local words = require "words"

wx.plugin { schema = { erp = { type = "string", required = true } } }

wx.text("报名", function(msg)
  msg.account.api.template.send { touser = msg.openid, template_id = "wxtesttemplate", data = {} }
  local name = msg:ask "怎么称呼你？"
  return ("%s，已登记"):format(name)
end)

wx.text(wx.prefix "查", function(msg)
  local response, err = wx.http.get(wx.config.erp .. "/goods", { query = { name = msg.content:sub(#"查" + 1) } })
  return response and response:json().title or tostring(err)
end)

wx.text("提醒", function(msg)
  wx.after("1h", function()
    msg.account.api.message_custom.send { touser = msg.openid, msgtype = "text", text = { content = "到时间了" } }
  end)
  return words.fine
end)

wx.click("about", words.about)
wx.subscribe(function(msg) return msg.scene and "来自 " .. msg.scene or "欢迎" end)
wx.scan("table:*", function(msg) return "桌号 " .. msg.scene:match "%d+" end)
wx.message("image", function(msg) return wx.reply.image(msg.media_id) end)
wx.message("voice", function(msg)
  local media, err = msg:download()
  return media and media.data or tostring(err)
end)
wx.message("location", function(msg) return msg.raw.Label end)
wx.text("图文", function() return wx.reply.news { { title = "一", description = "", pic_url = "", url = "http://wx.test/1" } } end)
wx.text("编号", function(msg) return msg.id .. " " .. msg.created end)
wx.text(wx.prefix "发 ", function(msg)
  local response, err = wx.http.request(require "weiyue.json".decode(msg.content:match "%s(.*)$"))
  return response and "发出" or err.code .. " " .. err.hint
end)
wx.text("错", function() error "broken" end)
wx.text("几点", function() return os.date("%Y-%m-%d %H:%M", os.time()) end)
wx.text("随机", function() return tostring(math.random(1 << 30)) end)

wx.page("/hello/:name", function(req) return "<p>你好，" .. req.params.name .. "</p>" end)
wx.page("/me", { login = "base" }, function(req) return "<p>" .. req.user.openid .. "</p>" end)
wx.page("/card", { login = "userinfo" }, function(req) return "<p>" .. tostring(req.user.nickname) .. "</p>" end)
wx.page("/scan", { jssdk = { api = { "scanQRCode" } } }, function() return "<p>扫一扫</p>" end)
wx.page("/form", function(req)
  if req.method == "POST" then return { said = req.form.text, seen = req.session.seen } end
  req.session.seen = (req.session.seen or 0) + 1
  return ([[<form method="post"><input type="hidden" name="csrf" value="%s"><input name="text"></form>]]):format(req.csrf)
end)
wx.page("/seen", function(req) return "seen " .. tostring(req.session.seen) end)
wx.page("/photo", function(req)
  if req.method == "POST" then
    local photo = req.files.photo
    return { said = req.form.text, name = photo and photo.filename, size = photo and photo.size }
  end
  return ([[<form method="post" enctype="%s"><input type="hidden" name="csrf" value="%s">
    <input name="text" value="茶"><input type="file" name="photo"></form>]]):format(
    req.query.wrong and "text/plain" or "multipart/form-data", req.csrf)
end)
wx.route("GET", "/slow", function()
  wx.sleep(20)
  return { ok = true }
end)
