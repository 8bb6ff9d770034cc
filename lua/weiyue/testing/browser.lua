-- Pages as specs look at them: requests with cookies, WeChat's login pages in between, forms.

local core = require "weiyue_core"
local say = require "weiyue.testing.say"
local web = require "weiyue.testing.web"

local M = {}

local HOPS <const> = 10
local AGENT <const> = "Mozilla/5.0 (Linux; Android 14) Mobile Safari/537.36 MicroMessenger/8.0.50"

local REQUEST <const> = { query = true, headers = true, form = true, json = true, body = true, account = true }

-- Pages ------------------------------------------------------------------------------------------------------------

---@class weiyue.testing.Page
---@field status integer
---@field headers table<string, string>
---@field body string
---@field text string what of the HTML is to be read
---@field json any
---@field url string of the last hop
local Page = {}

function Page:_get_text() return web.text(self.body) end

function Page:_get_json()
  local value, err = core.json.decode(self.body)
  if value == nil then say.raise("不是 JSON：%s", "this is not JSON: %s", tostring(err)) end
  return value
end

local function need_browser(page)
  if page._browser then return page._browser end
  say.raise("只有 u:opens 打开的页面能点击、提交", "only a page of u:opens can be clicked or submitted")
end

-- Which page it is that something is missing on.
local function what_page(page) return ("%s (%d)"):format(page.url, page.status) end

-- The forms of a page: { method, action, multipart, fields, names, files }; names: all that may be filled in.
local function forms_of(page)
  local list = {}
  for head, inside in page.body:gmatch "<[fF][oO][rR][mM]([^>]*)>(.-)</[fF][oO][rR][mM]%s*>" do
    local own, fields, names, files = web.attributes(" " .. head), {}, {}, {}
    for tag in inside:gmatch "<(%a[^>]*)>" do
      local name = tag:find "^[iIbBtTsS]" and web.attributes(" " .. tag).name
      if name then names[name] = true end
    end
    for tag in inside:gmatch "<[iI][nN][pP][uU][tT]([^>]*)>" do
      local input = web.attributes(" " .. tag)
      local kind = (input.type or "text"):lower()
      local counts = kind ~= "submit" and kind ~= "button"
      if kind == "checkbox" or kind == "radio" then counts = input.checked end
      if input.name and kind == "file" then
        files[input.name] = true
      elseif input.name and counts then fields[input.name] = input.value or (input.checked and "on") or ""
      end
    end
    for tag, value in inside:gmatch "<[tT][eE][xX][tT][aA][rR][eE][aA]([^>]*)>(.-)</[tT][eE][xX][tT]%a+>" do
      local input = web.attributes(" " .. tag)
      if input.name then fields[input.name] = web.unentity(value) end
    end
    for tag, inner in inside:gmatch "<[sS][eE][lL][eE][cC][tT]([^>]*)>(.-)</[sS][eE][lL][eE][cC][tT]%s*>" do
      local input, first, chosen = web.attributes(" " .. tag), nil, nil
      for option in inner:gmatch "<[oO][pP][tT][iI][oO][nN]([^>]*)>" do
        local one = web.attributes(" " .. option)
        first = first or one.value
        if one.selected then chosen = one.value end
      end
      if input.name then fields[input.name] = chosen or first or "" end
    end
    list[#list + 1] = { method = (own.method or "get"):upper(), action = own.action or "", id = own.id or own.name,
      multipart = (own.enctype or ""):lower() == "multipart/form-data", fields = fields, names = names, files = files }
  end
  return list
end

local BOUNDARY <const> = "----weiyue4b7c2f"

-- A form as multipart/form-data: { type, name, data } of files, texts of the others.
local function multipart(form)
  local names, parts = {}, {}
  for name in pairs(form.fields) do names[#names + 1] = name end
  for name in pairs(form.files) do
    if form.fields[name] == nil then -- nothing was chosen
      form.fields[name] = { name = "", data = "" }
      names[#names + 1] = name
    end
  end
  table.sort(names)
  for i, name in ipairs(names) do
    local value = form.fields[name]
    local head = ('--%s\r\nContent-Disposition: form-data; name="%s"'):format(BOUNDARY, name)
    if type(value) == "table" then
      head = head .. ('; filename="%s"\r\nContent-Type: %s'):format(value.name or "file",
        value.type or "application/octet-stream")
      value = value.data
    end
    parts[i] = head .. "\r\n\r\n" .. value .. "\r\n"
  end
  return table.concat(parts) .. "--" .. BOUNDARY .. "--\r\n", "multipart/form-data; boundary=" .. BOUNDARY
end

-- Writes what a user fills in into the form's fields.
local function fill_in(form, given)
  say.check_keys(say.tr("表单", "the form"), given, form.names)
  for name, value in pairs(given) do
    if form.files[name] then
      if type(value) ~= "table" or type(value.data) ~= "string" then
        say.raise('%s 是文件：%s = { name = "a.png", data = 内容 }', '%s is a file: %s = { name = "a.png", data = bytes }',
          name, name)
      end
      if not form.multipart then
        say.raise('有文件的表单要 enctype="multipart/form-data"', 'a form with files needs enctype="multipart/form-data"')
      end
      form.fields[name] = value
    else
      form.fields[name] = tostring(value)
    end
  end
end

--- Fills in a form and sends it; hidden fields are those of the page.
---@async
---@param fields? table<string, string|table> files: { name = "a.png", data = bytes, type = "image/png" }
---@param id? string of the form, or its action; nil: the first one
---@return weiyue.testing.Page
function Page:submit(fields, id)
  local its, form = need_browser(self), nil
  for _, one in ipairs(forms_of(self)) do
    if not form and (not id or one.id == id or one.action == id) then form = one end
  end
  if not form then
    say.raise("%s 上没有表单%s", "there is no form%s on %s", table.unpack(say.is_zh()
      and { what_page(self), id and " " .. id or "" } or { id and " " .. id or "", what_page(self) }))
  end
  fill_in(form, fields or {})
  local url = web.resolve(self.url, form.action)
  if form.method == "GET" then
    return its:_visit("GET", url:match "^[^?#]*" .. "?" .. core.form.encode(form.fields))
  end
  if form.multipart then return its:_visit(form.method, url, multipart(form)) end
  return its:_visit(form.method, url, core.form.encode(form.fields), "application/x-www-form-urlencoded")
end

--- Follows the link with this text.
---@async
---@param text string
---@return weiyue.testing.Page
function Page:click(text)
  local its = need_browser(self)
  for head, inside in self.body:gmatch "<[aA](%s[^>]*)>(.-)</[aA]%s*>" do
    local own = web.attributes(head)
    if own.href and web.text(inside) == text then return its:_visit("GET", web.resolve(self.url, own.href)) end
  end
  say.raise("没有链接“%s”：%s", "there is no link “%s” on %s", text, what_page(self))
end

--- What WeChat's JS-SDK says of the page: "config:ok", or why not; and what wx.config was given.
---@return string verdict
---@return table? config
function Page:jssdk()
  local given = self.body:match "wx%.config(%b())"
  local config = given and core.json.decode(given:sub(2, -2))
  if type(config) ~= "table" then return "config:none" end
  local world = self._app.world
  if not world:account(config.appId or "") then return "config:invalid appid", config end
  local ticket = world:ticket(config.appId, "jsapi")
  if not ticket then return "config:no ticket", config end
  local signature = core.codec.jssdk_sign { ticket = ticket, noncestr = config.nonceStr, timestamp = config.timestamp,
    url = self.url:match "^[^#]*" }
  return signature == config.signature and "config:ok" or "config:invalid signature", config
end

local class = say.class("page", Page)

local function page_of(app, answer, url)
  local page = { status = answer.status, headers = web.headers(answer.head), body = answer.body, url = url,
    _cookies = {}, _browser = false, _app = app }
  for line in answer.head:gmatch "[^\r\n]+" do
    local value = line:match "^[sS][eE][tT]%-[cC][oO][oO][kK][iI][eE]:%s*(.*)$"
    if value then page._cookies[#page._cookies + 1] = value end
  end
  return setmetatable(page, class)
end

-- Requests ---------------------------------------------------------------------------------------------------------

-- The account's address, and the path below it, of a path or a URL. Accounts that share a host have their pages under
-- /ID, which the path may have already.
local function target_of(app, account, path)
  if path:find "^%a[%w+.-]*://" then
    local parts = web.split(path)
    return parts.authority, parts.path .. (parts.query ~= "" and "?" .. parts.query or ""), parts.origin
  end
  if not path:find "^/" then say.raise("路径以 / 开头", "a path begins with /") end
  local parts = web.split(account.url or "http://127.0.0.1")
  local base = app.host:base(account.index)
  if base == "" then
    base = parts.path:gsub("/+$", "")
  elseif (path:match "^[^?]*" .. "/"):find(base .. "/", 1, true) == 1 then
    base = ""
  end
  return parts.authority, base .. path, parts.origin
end

--- A request without cookies.
function M.request(app, method, path, options)
  local what = "app:" .. method:lower()
  say.check_type(what, path, "string")
  say.check_type(what, options, "table")
  say.check_keys(what, options, REQUEST)
  if options.headers ~= nil then say.check_type("headers", options.headers, "table") end
  local authority, target, origin = target_of(app, app:_account(options.account), path)
  local headers, body = { Host = authority }, options.body
  if options.form then
    body, headers["Content-Type"] = core.form.encode(options.form), "application/x-www-form-urlencoded"
  elseif options.json ~= nil then
    local err
    body, err = core.json.encode(options.json)
    if not body then say.raise("json 写不出来：%s", "json cannot be encoded: %s", tostring(err)) end
    headers["Content-Type"] = "application/json"
  end
  if options.query then
    target = target .. (target:find("?", 1, true) and "&" or "?") .. core.form.encode(options.query)
  end
  for name, value in pairs(options.headers or {}) do headers[name] = value end
  return page_of(app, app:_fetch(method, target, headers, body), origin .. target)
end

-- A user's browser -------------------------------------------------------------------------------------------------

---@class weiyue.testing.Browser
---@field user weiyue.testing.User
---@field jar table<string, table<string, table>> by host
local Browser = {}
Browser.__index = Browser

local function keep_cookies(self, host, page)
  local jar = self.jar[host] or {}
  self.jar[host] = jar
  for _, line in ipairs(page._cookies) do
    local name, value, rest = line:match "^([^=;]+)=([^;]*)(.*)$"
    if name then
      local age = tonumber(rest:lower():match "max%-age=(%-?%d+)")
      local path = rest:match "[pP][aA][tT][hH]=([^;]*)" or "/"
      if age and age <= 0 then
        jar[name] = nil
      else
        jar[name] = { value = value, path = path, ends = age and self.user.app:now() + age }
      end
    end
  end
end

local function cookies_for(self, host, path)
  local list = {}
  for name, cookie in pairs(self.jar[host] or {}) do
    local below = path:sub(1, #cookie.path) == cookie.path
    if below and (not cookie.ends or cookie.ends > self.user.app:now()) then
      list[#list + 1] = name .. "=" .. cookie.value
    end
  end
  table.sort(list)
  return #list > 0 and table.concat(list, "; ") or nil
end

-- One request of the browser.
local function fetch(self, method, url, body, kind)
  local authority, target, origin = target_of(self.user.app, self.user.account, url)
  local headers = { Host = authority, ["User-Agent"] = AGENT, Accept = "text/html,*/*",
    Cookie = cookies_for(self, authority, target:match "^[^?]*") }
  if body then
    headers["Content-Type"], headers.Origin = kind, origin
  end
  local page = page_of(self.user.app, self.user.app:_fetch(method, target, headers, body), origin .. target)
  keep_cookies(self, authority, page)
  page._browser = self
  return page
end

-- WeChat's page where a user agrees: where it sends the browser; or the page that it shows.
local function authorize(self, url)
  local app, query = self.user.app, web.query(url)
  local account = app.world:account(query.appid or "")
  local back = query.redirect_uri
  if not account or not back then
    return nil, ("open.weixin.qq.com: %s"):format(say.tr("appid 或 redirect_uri 不对", "appid or redirect_uri is wrong"))
  end
  local options = self.options or {}
  local asks = query.scope ~= "snsapi_base"
  if asks and options.consent == false then return nil, say.tr("用户没有同意授权", "the user did not agree") end
  if not app.world.new_code then return nil, "this build has no fake login" end
  local code = app.world:new_code(query.appid, self.user.openid, query.scope, { snapshot = options.snapshot })
  local separator = back:find("?", 1, true) and "&" or "?"
  return ("%s%scode=%s&state=%s"):format(back, separator, web.escape(code), web.escape(query.state or ""))
end

local function is_open(app, url)
  local parts = web.split(url)
  if not parts.path:find "^/connect/" then return false end
  return parts.host == "open.weixin.qq.com" or app.opens[parts.origin] == true
end

function Browser:_visit(method, url, body, kind)
  for _ = 1, HOPS do
    local page
    url = web.encode(url)
    if is_open(self.user.app, url) then
      local to, text = authorize(self, url)
      if not to then return setmetatable({ status = 200, headers = {}, body = text, url = url, _cookies = {},
        _browser = self, _app = self.user.app }, class) end
      url, method, body = to, "GET", nil
    else
      page = fetch(self, method, url, body, kind)
      local location = page.headers.location
      if page.status // 100 ~= 3 or not location then return page end
      url = web.resolve(page.url, location)
      if page.status ~= 307 and page.status ~= 308 then method, body = "GET", nil end
    end
  end
  say.fail(say.tr("跳转了 10 次还没有停：%s", "10 redirects, and no end: %s"):format(url))
end

--- Opens a page.
function Browser:open(path, options)
  say.check_keys("u:opens", options or {}, { consent = true, snapshot = true })
  self.options = options
  local _, target, origin = target_of(self.user.app, self.user.account, path)
  return self:_visit("GET", path:find "^%a[%w+.-]*://" and path or origin .. target)
end

function M.new(user) return setmetatable({ user = user, jar = {} }, Browser) end

return M
