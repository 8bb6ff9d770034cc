-- What stands around a page that is no whole document: a head that phones understand, and a few styles like WeUI's.

local M = {}

local STYLE <const> = [[
:root{--bg:#ededed;--card:#fff;--fg:rgba(0,0,0,.9);--dim:rgba(0,0,0,.55);--line:rgba(0,0,0,.1);--brand:#07c160;
--warn:#fa5151}
@media (prefers-color-scheme:dark){:root{--bg:#111;--card:#191919;--fg:rgba(255,255,255,.8);--dim:rgba(255,255,255,
.5);--line:rgba(255,255,255,.1);--brand:#06ae56}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--fg);font:17px/1.5 system-ui,-apple-system,"Helvetica Neue",
"PingFang SC","Microsoft YaHei",sans-serif;-webkit-text-size-adjust:100%;overflow-wrap:anywhere}
main{max-width:640px;margin:0 auto;padding:16px max(16px,
env(safe-area-inset-right)) calc(32px + env(safe-area-inset-bottom)) max(16px,env(safe-area-inset-left))}
h1{font-size:22px;margin:.4em 0}h2{font-size:17px;margin:1em 0 .3em}p{margin:.5em 0}small,.dim{color:var(--dim)}
a{color:#576b95}img{max-width:100%}
ul.list{list-style:none;margin:12px -16px;padding:0 16px;background:var(--card)}ul.list>li{padding:14px 0;
border-bottom:1px solid var(--line)}ul.list>li:last-child{border:0}
table{border-collapse:collapse;width:100%;background:var(--card)}td,th{padding:10px 12px;
border-bottom:1px solid var(--line);text-align:left}
label{display:block;margin:12px 0}
input:not([type=checkbox]):not([type=radio]),textarea,select{display:block;width:100%;margin-top:4px;padding:12px;
font:inherit;color:inherit;background:var(--card);border:1px solid var(--line);border-radius:8px}
button,.button{display:block;width:100%;max-width:320px;margin:24px auto 0;padding:10px 24px;font:inherit;
font-weight:600;text-align:center;text-decoration:none;color:#fff;background:var(--brand);border:0;
border-radius:8px;min-height:44px}
.plain{color:var(--brand);background:rgba(128,128,128,.12)}.warn{background:var(--warn)}
]]

--- Whether a text is a document of its own.
---@param html string
function M.is_whole(html)
  local a, b, c = html:byte(1, 3)
  if a == 60 and b ~= 33 and c ~= 84 and c ~= 116 then return false end -- neither "<!" nor "<ht"
  local start = html:match "^%s*<!?(%a+)"
  start = start and start:lower()
  return start == "doctype" or start == "html"
end

local HEAD <const> = '<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8">'
  .. '<meta name="viewport" content="width=device-width,initial-scale=1,viewport-fit=cover">'
  .. '<meta name="color-scheme" content="light dark"><title>'
local BODY <const> = "</title><style>" .. STYLE .. "</style></head><body><main>"

--- The fragment of a page as a document.
---@param body string HTML
---@param title? string HTML
---@return string
function M.wrap(body, title) return HEAD .. (title or "") .. BODY .. body .. "</main></body></html>\n" end

--- Puts something at the beginning of a document's head; of one without, where browsers begin it.
---@param html string
---@param more string
---@return string
function M.into_head(html, more)
  local at = html:find "^\xEF\xBB\xBF" and 4 or 1
  while true do
    local _, comment = html:find("^%s*<!%-%-.-%-%->", at)
    local name, behind = html:match("^%s*<!?(%a+)[^>]*>()", at)
    name = name and name:lower()
    if not comment and name ~= "doctype" and name ~= "html" then
      if name == "head" then at = behind end
      return html:sub(1, at - 1) .. more .. html:sub(at)
    end
    at = comment and comment + 1 or behind
  end
end

return M
