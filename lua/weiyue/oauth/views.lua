-- The few pages of a login: a button, and what to do when it fails. Both languages on each: nothing is known yet of
-- who reads it.

local core = require "weiyue_core"
local layout = require "weiyue.web.layout"

local M = {}

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
TEXTS.identity, TEXTS.busy = TEXTS.upstream, TEXTS.store

--- One of these pages.
---@param kind string
---@param link? string where its button leads; nil: it has none
---@return string html
function M.page(kind, link)
  local title, text, button = table.unpack(TEXTS[kind], 1, 3)
  return layout.wrap(("<h1>%s</h1>\n<p>%s</p>\n%s"):format(title, text,
    button and link and ('<a class="button" href="%s">%s</a>\n'):format(core.html.escape(link), button) or ""), title)
end

return M
