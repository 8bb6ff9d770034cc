-- What goes wrong while plugins load, in Chinese: the errors that plugins come upon most, and the system's. Whoever
-- raises them does so in English, as Lua itself does; this is for who reads the problems of a load.

local M = {}

-- Behind "wx.NAME: "; in order.
local OF_CALLS <const> = {
  { "^has no option (%S+); the nearest is (%S+)$", "没有选项 %1；最接近的是 %2" },
  { "^has no option (%S+)$", "没有选项 %1" },
  { "^has no field (%S+); the nearest is (%S+)$", "没有 %1 这一项；最接近的是 %2" },
  { "^has no field (%S+)$", "没有 %1 这一项" },
  { "^(%S+) must be a (%a+)$", "%1 的类型应为 %2" },
  { '^a path begins with "/", such as "/me"$', '路径以 "/" 开头，例如 "/me"' },
  { "^(%S+) has what no path has$", "%1 里有路径中不能有的字符" },
  { "^(%S+) leads elsewhere$", "%1 越出了路径" },
  { "^(%S+): a part is :name, or %*name at the end$", "%1：路径里的变量写成 :name，结尾的可以写成 *name" },
  { "^(%S+): (%S+) stands twice$", "%1：%2 写了两次" },
  { '^login is "base" or "userinfo"$', 'login 是 "base" 或 "userinfo"' },
  { "^no method (%S+): (.*)$", "没有方法 %1：有的是 %2" },
  { "^there is no folder (.*)$", "没有文件夹 %1" },
  { "^not a duration: a number of seconds, or text such as (.-) %(.*%)$", "不是时长：写秒数，或 %1 这样的文字" },
  { "^an interval is at least a second$", "间隔至少一秒" },
  { "^the name must be a text$", "名字是一段文字" },
  { "^two timers are (.-): give each a name, (.*)$", "两个定时器都叫 %1：各起一个名字，%2" },
  { "^timers are declared while the plugin loads; in a handler use wx%.after$", "定时器在插件装载时声明；处理函数里用 wx.after" },
  { "^pages are declared while the plugin loads$", "网页在插件装载时声明" },
  { "^it is declared while the plugin loads$", "要在插件装载时声明" },
  { "^for events use wx%.event%(name, reply%)$", "事件用 wx.event(名字, 回复)" },
  { "^(%S+) must be a string, not (%a+)$", "%1 应为字符串，不是 %2" },
  { "^article (%d+) has no field (%S+)$", "第 %1 条图文没有 %2 这一项" },
  { "^article (%d+) needs a title$", "第 %1 条图文要有 title" },
  { "^article (%d+) is not a table$", "第 %1 条图文应是表" },
  { "^(%S+) of article (%d+) must be a string$", "第 %2 条图文的 %1 应为字符串" },
}

local WHOLE <const> = {
  { "^(wx%.%S+) does not exist; the nearest is (wx%.%S+)$", "没有 %1；最接近的是 %2" },
  { "^(wx%.%S+) has no field (%S+); the nearest is (%S+)$", "%1 没有 %2 这一项；最接近的是 %3" },
  { "^(wx%.%S+) has no field (%S+)$", "%1 没有 %2 这一项" },
  { "^(wx%.%S+) has no option (%S+)$", "%1 没有选项 %2" },
  { "^(wx%.%S+) needs (%S+)$", "%1 要有 %2" },
  { "^(wx%.%S+) wants a reply: a string, a wx%.reply value or a function, not (%a+)$",
    "%1 要一个回复：字符串、wx.reply 的值或函数，不是 %2" },
  { "^(wx%.%S+) wants a path and a function%(req%)$", "%1 要写路径和 function(req)" },
  { "^(wx%.%S+) wants a method, a path and a function%(req%)$", "%1 要写方法、路径和 function(req)" },
  { "^(wx%.%S+) wants a method: (.*)$", "%1 要写方法：%2" },
  { "^(wx%.%S+) wants a prefix and a folder of the plugin's: (.*)$", "%1 要写路径前缀和插件自己的文件夹：%2" },
  { "^(wx%.%S+) wants a time and a function$", "%1 要写时间和函数" },
  { "^(wx%.%S+) wants a key, such as (.*)$", "%1 要写 key，例如 %2" },
  { "^(wx%.%S+) wants a name, such as (.*)$", "%1 要写名字，例如 %2" },
  { "^(wx%.%S+) wants a text, a list of texts, wx%.contains, wx%.prefix or wx%.pattern$",
    "%1 要写文字、文字的列表、wx.contains、wx.prefix 或 wx.pattern" },
  { "^(wx%.%S+) wants a text$", "%1 要写文字" },
  { "^(wx%.%S+) wants a table: (.*)$", "%1 要一个表：%2" },
  { "^(wx%.%S+) wants a table$", "%1 要一个表" },
  { "^(wx%.%S+) wants a table or a string, not (%a+)$", "%1 要一个表或字符串，不是 %2" },
  { "^(wx%.%S+) wants a function: nobody reads a reply$", "%1 要一个函数：回复没有人会看到" },
  { "^(wx%.%S+) wants a function$", "%1 要一个函数" },
  { "^(wx%.%S+) wants function%(msg, next%)$", "%1 要写 function(msg, next)" },
  { "^(wx%.on) is ambiguous: location, for one, is a message and an event%. Write (.*) or (.*)$",
    "%1 有歧义：例如 location 既是消息又是事件。写 %2 或 %3" },
  { "^module '(%S+)' not found:.*$", "没有模块 %1：只能 require 基础模块、插件自己文件夹里的文件、lua_path 上的库" },
  { "^no module (weiyue%S+)$", "没有模块 %1" },
  { "^(%S+) is read%-only: .*$", "%1 是只读的" },
  { "^attempt to (%a+) a nil value %((%a+) '([^']*)'%)$", "%3 是 nil（attempt to %1 a nil value, %2 '%3'）" },
}

local SYSTEM <const> = {
  ["No such file or directory"] = "没有这个文件", ["Permission denied"] = "没有权限", ["Is a directory"] = "这是一个文件夹",
  ["not a regular file"] = "不是普通文件",
}

local function by(list, text)
  for _, one in ipairs(list) do
    local zh, n = text:gsub(one[1], one[2])
    if n > 0 then return zh end
  end
end

--- An error of loading in Chinese: "path:line: …" as it is, and what stands behind it if that is known.
---@param text string
---@return string
function M.of(text)
  local at, rest = text:match "^(.-:%d+: )(.*)$"
  if not at then at, rest = "", text end
  local zh = by(WHOLE, rest)
  if zh then return at .. zh end
  local call, fault = rest:match "^(wx%.[%w_.]+: )(.*)$"
  zh = call and by(OF_CALLS, fault)
  if zh then return at .. call .. zh end
  local before, why = text:match "^(.*: )([^:]+)$"
  return before and SYSTEM[why] and before .. SYSTEM[why] or text
end

--- An error of the system.
---@param why string
---@return string
function M.system(why) return SYSTEM[why] or why end

return M
