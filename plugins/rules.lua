-- weiyue:rules (关键词回复): answers as data, for accounts that need no Lua. In weiyue.lua:
--
--   plugins = { rules = { path = "weiyue:rules", config = {
--     subscribe = "欢迎关注！回复 1 看营业时间",
--     rules = {
--       { text = { "1", "营业时间" }, reply = "每天 9:00–21:00" },
--       { contains = "退款", reply = "请把订单号发给我们" },
--       { prefix = "招聘", news = { { title = "加入我们", url = "https://wx.example.cn/jobs" } } },
--       { click = "about", reply = "关于我们：…" },          -- 菜单里 key 为 about 的按钮
--       { text = "人工", transfer = true },                   -- 转人工客服
--     },
--     default = "没听懂，回复 1 看营业时间",
--   } } }
--
-- A copy of this file under plugins/ is a plugin like any other: start from it when data is not enough.

local wx = require "weiyue"

local function texts(zh, en)
  return { type = "list", item = { type = "string", min = 1, max = 1024 }, max = 1000, zh = zh, en = en }
end

local ARTICLE <const> = {
  title = { type = "string", required = true, max = 512, zh = "标题", en = "the title" },
  description = { type = "string", max = 2048, zh = "摘要", en = "what it is about" },
  pic_url = { type = "string", max = 1024, example = "/static/a.png", zh = "图片的地址", en = "the picture's address" },
  url = { type = "string", max = 1024, example = "/about", zh = "点开后的地址", en = "where it leads" },
}

-- What it answers to, any number of these; and the answer, one of the last three.
local RULE <const> = {
  text = texts("整句相同（不分全半角、大小写）", "the whole text, without regard to width and case"),
  prefix = texts("以此开头", "the text begins with it"),
  contains = texts("含有此词", "the text contains it"),
  click = texts("点击菜单的 key", "the key of a menu button"),
  scan = texts("扫码的场景值，* 代表任意", "the scene of a QR code; * stands for anything"),
  reply = { type = "string", max = 65536, zh = "回复的文字", en = "a text" },
  news = { type = "list", item = { type = "table", fields = ARTICLE }, min = 1, max = 8, zh = "图文", en = "articles" },
  transfer = { type = "boolean", zh = "转人工客服", en = "hands the user to the customer service desk" },
}

wx.plugin {
  name = "rules", version = "1.0.0",
  schema = {
    rules = {
      type = "list", max = 1000, default = {}, zh = "规则，靠前的优先", en = "the rules, the first ones first",
      item = { type = "table", fields = RULE },
    },
    subscribe = { type = "string", max = 65536, zh = "关注时的回复", en = "the answer to a new follower" },
    default = { type = "string", max = 65536, zh = "没有规则处理时的回复", en = "the answer when no rule fits" },
  },
}

local config <const> = wx.config

-- The one answer of a rule.
local function answer_of(rule, place)
  local found = {}
  if rule.reply then found[#found + 1] = rule.reply end
  if rule.news then found[#found + 1] = wx.reply.news(rule.news) end
  if rule.transfer then found[#found + 1] = wx.reply.transfer() end
  if #found ~= 1 then
    error(place .. ": 写 reply、news、transfer 其中一个 (write one of reply, news, transfer)", 0)
  end
  return found[1]
end

local TRIGGERS <const> = {
  text = wx.text, click = wx.click, scan = wx.scan,
  prefix = function(one, reply) wx.text(wx.prefix(one), reply) end,
  contains = function(one, reply) wx.text(wx.contains(one), reply) end,
}

for i, rule in ipairs(config.rules) do
  local place = ("plugins.%s.config.rules[%d]"):format(..., i)
  local answer, n = answer_of(rule, place), 0
  for name, declare in pairs(TRIGGERS) do
    for _, one in ipairs(rule[name] or {}) do
      declare(one, answer)
      n = n + 1
    end
  end
  if n == 0 then
    error(place .. ": 写 text、prefix、contains、click、scan 其中一个 (write one of text, prefix, contains, click, scan)", 0)
  end
end

if config.subscribe then wx.subscribe(config.subscribe) end
if config.default then wx.default(config.default) end
