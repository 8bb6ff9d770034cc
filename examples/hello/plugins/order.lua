-- A pattern: its captures are arguments. 模式匹配：捕获的内容就是参数
local wx = require "weiyue"

wx.text(wx.pattern "^订单%s*(%d+)$", function(_, number)
  if #number ~= 8 then return "订单号是 8 位数字" end
  wx.log.info("order asked for", { number = number })
  return ("订单 %s：已发货"):format(number)
end)

wx.text(wx.contains "退款", wx.reply.transfer()) -- a human takes over. 转人工客服
