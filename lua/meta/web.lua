---@meta weiyue.web
error("lua/meta is for editors, not for require")

--- A request for a page (网页请求), what a handler of wx.page and wx.route gets.
---@class weiyue.Request
---@field account weiyue.Account whose page it is
---@field method "GET"|"HEAD"|"POST"|"PUT"|"PATCH"|"DELETE"|"OPTIONS"
---@field path string below the account's pages, decoded
---@field base string what stands before it: "" or "/ID", or the prefix of the account's url; links begin with it
---@field params table<string, string> the parts that the pattern names (路径参数)
---@field query table<string, string> the first value of each name (查询参数)
---@field form? table<string, string> of a form (表单); with `repeated` lists of values
---@field json? any of a body of JSON
---@field files? table<string|integer, weiyue.Upload> of a form with files: by field, and in order (上传的文件)
---@field body string the bytes as they came; empty where files were sent
---@field headers table<string, string> by name in lower case
---@field cookies table<string, string> those that were signed here and are unchanged (签名的 cookie)
---@field raw_cookies table<string, string> all of them: the browser's word
---@field ip string of the client, behind trusted proxies
---@field url string as the browser has it: scheme, host, path, query
---@field nonce string of this answer's Content-Security-Policy: <script nonce="…">
---@field csrf string the token for forms, in the field `csrf` or the header x-csrf-token
---@field session table<string, any> as wx.session(req), which gives an error instead of raising
---@field user? weiyue.User on pages with `login`
local req = {}

--- The value of a header (请求头).
---@param name string
---@return string?
function req:header(name) end

--- Sets a cookie, whatever the handler returns; false removes it (设置 cookie).
---@param name string
---@param cookie string|weiyue.Cookie|false
function req:set_cookie(name, cookie) end

--- A file that a browser has sent (上传的文件). It goes with its request unless it is saved.
---@class weiyue.Upload
---@field name string of its field
---@field filename string as the sender calls it: for people to read, never a path
---@field type string what its bytes look like; application/octet-stream where they do not bear out what its sender says
---@field declared string what its sender claims
---@field size integer
local upload = {}

--- Its first bytes (读取).
---@param max? integer default 1 MiB
---@return string? bytes
---@return string? err
function upload:read(max) end

--- Keeps it (保存) below the folder of weiyue.lua; not as code, a template, configuration or a hidden file.
---@param path string
---@return true? ok
---@return weiyue.Error? err file.path, file.write
function upload:save(path) end

---@class weiyue.Cookie { "value", max_age = 3600 }
---@field [1] string
---@field max_age? number seconds, ten years at most; absent: until the browser ends, and a signed one for a day
---@field signed? boolean default true
---@field http_only? boolean default true
---@field same_site? "Lax"|"Strict"|"None" default "Lax"
---@field secure? boolean default: the request came by HTTPS
---@field path? string default "/"
---@field domain? string

---@class weiyue.PageOptions
---@field login? "base"|"userinfo" its user is known (网页授权)
---@field jssdk? table the JS-SDK: { api = { "scanQRCode" }, open_tags = {}, beta = false }
---@field methods? string[] default { "GET", "POST" }
---@field body? integer|string largest body, such as "20MiB"; default limits.json, of forms with files limits.upload
---@field repeated? boolean a form may have a field several times: values are lists
---@field csrf? boolean false: a POST needs no token

---@class weiyue.RouteOptions
---@field login? "base"|"userinfo"
---@field body? integer|string
---@field repeated? boolean
---@field raw? boolean the handler reads the body itself, also a form's: req.body
---@field csrf? boolean true: a token is wanted, as of pages; false: nothing is checked; absent: other sites are refused

---@class weiyue.ResponseFields
---@field status? integer default 200
---@field headers? table<string, string|number|false> false leaves out one of ours
---@field body? string|table a table is JSON; a text is HTML of a page, in the layout, and plain text of a route
---@field file? string|weiyue.File|weiyue.Upload below the folder of weiyue.lua; wx.file: of the plugin's folder
---@field download? string it is saved under this name
---@field stream? async fun(out: weiyue.Stream) writes the body
---@field cookies? table<string, string|weiyue.Cookie|false>
---@field drop? boolean nothing is sent: the connection ends, as where an answer is lost

---@class weiyue.Response

---@class weiyue.Rendered

--- What a page may return: a text is HTML (a route's: plain text), a table JSON; nil of a page: there is no such page.
---@alias weiyue.PageAnswer string|table|weiyue.Response|weiyue.Rendered|nil

--- What a stream is written with (流). It ends when its client leaves, at a reload and at a stop.
---@class weiyue.Stream
local out = {}

--- Sends bytes (发送); waits while the client is slow.
---@async
---@param bytes string
---@return true? ok
---@return weiyue.Error? err stream.gone, stream.ended
function out:write(bytes) end

--- Sends a server-sent event (SSE 事件).
---@async
---@param event { event?: string, id?: string|integer, data?: string|table, retry?: number }
---@return true? ok
---@return weiyue.Error? err
function out:event(event) end

--- Whether nobody reads what is written (客户端已离开).
---@return boolean
function out:gone() end
