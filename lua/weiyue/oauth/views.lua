-- The few pages of a login: a button, and what to do when it fails. Both languages on each: nothing is known yet of
-- who reads it.

local M = {}

local PAGE <const> = [[
<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<title>%s</title>
<style nonce="%s">
body { margin: 0; padding: 20vh 32px 32px; font: 17px/1.5 system-ui, sans-serif; text-align: center;
  background: Canvas; color: CanvasText }
h1 { font-size: 22px; font-weight: 500; margin: 0 0 12px }
p { margin: 0 0 32px; opacity: .7; font-size: 15px }
a { display: inline-block; min-width: 184px; padding: 12px 24px; border-radius: 8px; background: #07c160; color: #fff;
  text-decoration: none; font-weight: 500 }
</style>
</head>
<body>
<h1>%s</h1>
<p>%s</p>
%s
</body>
</html>
]]

local TEXTS <const> = {
  ask = { "登录", "此页面需要你的微信昵称和头像<br>This page asks for your WeChat name and picture", "微信登录 · Log in" },
  code = { "登录已过期", "这次登录已经用过或过期，请重新登录<br>This login was used or is too old", "重新登录 · Log in again" },
  state = { "登录没有完成", "请从原来的页面重新打开<br>Please open the page again", "重新登录 · Log in again" },
  denied = { "没有授权", "你没有同意授权<br>You have not agreed", "重新登录 · Log in again" },
  upstream = { "暂时无法登录", "微信没有正常答复，请稍后再试<br>WeChat has not answered as it should; try later", "再试一次 · Try again" },
  store = { "暂时无法登录", "服务器忙，请稍后再试<br>The server is busy; try later", "再试一次 · Try again" },
  snapshot = { "请使用完整服务", "现在看到的是预览，无法登录。请点右下角的“使用完整服务”，再打开此页面<br>"
    .. "This is a preview. Tap “使用完整服务” at the lower right, and open the page again", nil },
  required = { "需要登录", "请先登录<br>Log in first", "登录 · Log in" },
}
TEXTS.identity = TEXTS.upstream

local function escape(text) return (text:gsub("[&<>\"']", function(c) return ("&#%d;"):format(c:byte()) end)) end

--- One of these pages.
---@param kind string
---@param req table
---@param link? string where its button leads; nil: it has none
---@return string html
function M.page(kind, req, link)
  local title, text, button = table.unpack(TEXTS[kind], 1, 3)
  return PAGE:format(title, escape(req.nonce or ""), title, text,
    button and link and ('<a href="%s">%s</a>'):format(escape(link), button) or "")
end

return M
