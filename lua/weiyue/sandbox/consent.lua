-- The pages of open.weixin.qq.com and mp.weixin.qq.com that the sandbox has: small, in both languages, without scripts
-- but for their own.

local core = require "weiyue_core"

local M = {}

local escape <const> = core.html.escape

local HEAD <const> = [[<!doctype html><html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><meta name="color-scheme" content="light dark">
<title>%s</title><style>
body{font:16px/1.6 system-ui,sans-serif;margin:0;padding:2rem 1.25rem;max-width:26rem;margin-inline:auto}
h1{font-size:1.25rem}ul{padding-left:1.2rem}small{opacity:.7}
button{font:inherit;width:100%%;padding:.7rem;margin:.35rem 0;border:0;border-radius:.5rem;
background:#07c160;color:#fff}
button[value=refuse],button[value=cancel]{background:transparent;color:inherit;border:1px solid currentColor}
code{word-break:break-all}.bad{color:#c0392b}</style></head><body>]]

local POLICY <const> = "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; img-src 'self' data:; "
  .. "frame-ancestors 'self'; base-uri 'none'"

--- A page.
function M.page(wx, status, title, html)
  return wx.response { status = status, headers = { ["content-type"] = "text/html; charset=utf-8",
    ["content-security-policy"] = POLICY }, body = HEAD:format(escape(title)) .. html .. "</body></html>" }
end

--- What is wrong, as WeChat shows it, and what to do about it.
function M.fault(wx, fault)
  return M.page(wx, 200, fault.zh, ('<h1 class="bad" data-error="%s">%s</h1><p>%s</p><p><small>%s</small></p>'):format(
    escape(fault.code), escape(fault.zh), escape(fault.en), escape(fault.hint or "")))
end

local function hidden(fields)
  local out = {}
  local names = {}
  for name in pairs(fields) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    out[#out + 1] = ('<input type="hidden" name="%s" value="%s">'):format(escape(name), escape(fields[name]))
  end
  return table.concat(out)
end

--- Asks; the form goes back to the same path.
---@param ask { title: string, lines: string[], fields: table<string, string>, buttons: { [1]: string, [2]: string }[] }
function M.ask(wx, action, ask)
  local lines, buttons = {}, {}
  for i, line in ipairs(ask.lines) do lines[i] = "<li>" .. escape(line) .. "</li>" end
  for i, button in ipairs(ask.buttons) do
    buttons[i] = ('<button name="answer" value="%s">%s</button>'):format(escape(button[1]), escape(button[2]))
  end
  return M.page(wx, 200, ask.title, ('<h1>%s</h1><ul>%s</ul><form method="post" action="%s">%s%s</form>'
    .. '<script src="/-/consent.js"></script>'):format(escape(ask.title), table.concat(lines), escape(action),
    hidden(ask.fields), table.concat(buttons)))
end

--- The address of a page's, with these parameters behind its own.
---@param url string
---@param pairs { [1]: string, [2]: string? }[]
---@return string
function M.with(url, list)
  local before, fragment = url:match "^([^#]*)(#?.*)$"
  local parts = {}
  for _, pair in ipairs(list) do
    if pair[2] then parts[#parts + 1] = pair[1] .. "=" .. core.url.escape(pair[2]) end
  end
  local sign = before:find("?", 1, true) and (before:find "[?&]$" and "" or "&") or "?"
  return before .. sign .. table.concat(parts, "&") .. fragment
end

-- WeChat wants the address to end so; a browser does not tell the server of it.
M.SCRIPT = [[
(function () {
  if (["/connect/oauth2/authorize", "/mp/subscribemsg"].indexOf(location.pathname) < 0) return;
  if (location.hash === "#wechat_redirect") return;
  var line = document.createElement("p");
  line.className = "bad";
  line.setAttribute("data-warning", "wechat_redirect");
  line.textContent = "网址应以 #wechat_redirect 结尾，否则微信里打不开 / the address must end in #wechat_redirect";
  document.body.insertBefore(line, document.body.firstChild);
})();
]]

return M
