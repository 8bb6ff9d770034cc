-- What the browser's specs talk to.
local wx = require "weiyue"

wx.text("你好", "你好，我是微月")
wx.text("报告", function()
  wx.sleep "7s"
  return "报告好了"
end)
wx.text("出错", function(msg) return "库存：" .. msg.stock.tea end)
wx.text("新茶", function()
  return wx.reply.news {
    { title = "明前龙井到店", description = "每天十二份，先到先得。", url = "/me" },
    { title = "武夷岩茶品鉴会", description = "周六下午两点", url = "/scan" },
  }
end)
wx.text("菜单", 'A：<a href="weixin://bizmsgmenu?msgmenucontent=你好&msgmenuid=1">问好</a> <b>不是粗体</b>')
wx.text(function(msg) return "你说：" .. msg.content end)
wx.message("image", function() return "好看" end)
wx.scan("*", function(msg) return msg.scene .. " 号桌" end)
wx.subscribe "欢迎来到微月茶馆"

wx.menu { { "关于", click = "about" }, { "更多", { "我的", page = "/me" }, { "扫一扫", page = "/scan" }, { "会员", page = "/member" },
  { "手机", page = "/phone" } } }
wx.click("about", "一间写在月亮上的茶馆")

wx.page("/me", { login = "base" }, function(req)
  return ("<!doctype html><title>我的</title><p id=openid>%s</p>"):format(req.user.openid)
end)

wx.page("/member", { login = "userinfo" }, function(req)
  return ("<!doctype html><title>会员</title><p id=openid>%s</p>"):format(req.user.openid)
end)

wx.page("/scan", { jssdk = { api = { "scanQRCode" } } }, function(req)
  return ([[<!doctype html><html><head><title>扫一扫</title></head><body><p id=state>…</p>
<script nonce="%s">
  wx.ready(function () { document.getElementById("state").textContent = "config:ok"; });
  wx.error(function (res) { document.getElementById("state").textContent = res.errMsg; });
</script></body></html>]]):format(req.nonce)
end)

local jssdk, json = require "weiyue.jssdk", require "weiyue.json"

wx.page("/phone", { jssdk = {
  api = { "scanQRCode", "chooseImage", "getLocalImgData", "uploadImage", "downloadImage", "previewImage", "getLocation",
    "openLocation", "getNetworkType", "updateAppMessageShareData", "updateTimelineShareData", "hideMenuItems",
    "showMenuItems", "hideOptionMenu", "showOptionMenu", "chooseInvoice", "addCard", "chooseCard", "openCard" },
  open_tags = { "wx-open-subscribe" },
} }, function(req)
  local made = assert(req.account.api.card.create { card = { card_type = "GIFT", gift = { gift = "茶", base_info = {
    logo_url = "u", brand_name = "小店", code_type = "CODE_TYPE_TEXT", title = "九折", color = "Color010", notice = "出示",
    description = "说明", sku = { quantity = 9 }, date_info = { type = "DATE_TYPE_FIX_TERM", fixed_term = 30 } } } } })
  local signed = {
    addCard = { cardList = { assert(jssdk.add_card(req.account, { card_id = made.card_id })) } },
    chooseInvoice = assert(jssdk.choose_card(req.account, { card_type = "INVOICE" })),
    chooseCard = assert(jssdk.choose_card(req.account, { card_id = made.card_id })),
  }
  return ([[<!doctype html><html><head><title>手机</title></head><body><p id=state>…</p>
<script id=signed type="application/json">%s</script>
<wx-open-subscribe template="T1"><template><button id=subscribe>订阅</button></template></wx-open-subscribe>
<wx-open-launch-weapp><template><button>小程序</button></template></wx-open-launch-weapp>
<script nonce="%s">
  wx.ready(function () { document.getElementById("state").textContent = "config:ok"; });
  wx.error(function (res) { document.getElementById("state").textContent = res.errMsg; });
</script></body></html>]]):format(json.encode(signed), req.nonce)
end)
