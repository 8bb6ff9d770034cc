-- Words in, words out. 一问一答
local wx = require "weiyue"

-- A keyword: width, case and outer blanks do not count. 关键词：不分全角半角、大小写，忽略首尾空白
wx.text({ "你好", "hello", "hi" }, "你好，我是微月")

-- Anything else; runs after every more specific rule, wherever it stands.
-- 其余文字；无论写在哪里，都排在更具体的规则之后
wx.text(function(msg) return "你说：" .. msg.content end)

-- Pictures, voices, places … that no other rule took. 没有别的规则处理的图片、语音、位置……
wx.default(function(msg) return "收到一条 " .. msg.type .. " 消息" end)
