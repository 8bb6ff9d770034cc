---@meta weiyue.http
error("lua/meta is for editors, not for require")

--- HTTP calls (发 HTTP 请求), also as wx.http. Every function waits without holding anybody up. An answer is an
--- answer whatever its status is; `nil, err` says that there is none, and the log has a line the first time that
--- happens at a place. Addresses that are not of the internet are refused, unless `http.allow` of weiyue.lua opens
--- them; TLS certificates are verified always; redirects are followed when `redirects` says how many.
---@class weiyue.http
local http = {}

---@class weiyue.http.Options
---@field query? table<string, string|number|(string|number)[]>|string added to the URL (查询参数)
---@field headers? table<string, string>
---@field body? string one of body, json, form, file, multipart (正文，五选一)
---@field json? any written as JSON
---@field form? table<string, string|number|(string|number)[]> written as a form
---@field file? string a file whose bytes are sent (路径), below the folder of weiyue.lua
---@field multipart? weiyue.http.Part[] fields and files (上传)
---@field timeout? number seconds for everything; default http.timeout of weiyue.lua, 10
---@field connect_timeout? number seconds until there is a connection; default 3
---@field max? integer bytes of the answer's body, unpacked; default http.max, 1 MiB; of what goes to a file 64 MiB
---@field to? string a file for the body of a 2xx answer, below that folder: it appears whole, or not at all
---@field redirects? integer how many are followed (跟随跳转), 0 to 20; default 0

---@class weiyue.http.Request: weiyue.http.Options
---@field url string
---@field method? string default GET, or POST with a body

--- One part of an upload: a value, or a file from a path or from memory.
---@class weiyue.http.Part
---@field name string
---@field value? string|number
---@field file? string
---@field data? string
---@field filename? string default: the file's name
---@field type? string default: by the name's ending

---@class weiyue.http.Response
---@field status integer
---@field headers table<string, string> names in lower case
---@field body? string absent where it went to a file
---@field path? string that file
---@field size? integer bytes of it
---@field url string the last one, after redirects
---@field seconds number
local response = {}

--- The body as JSON (解析 JSON): raw control characters and broken UTF-8 are taken, integers are exact.
---@return any value
---@return weiyue.http.Error? err
function response:json() end

--- Whether the status is 2xx.
---@return boolean
function response:ok() end

---@alias weiyue.http.Code
---| "http.busy" too many calls at a time (limits.calls, http.calls)
---| "http.timeout" no answer in time
---| "http.denied" not open to plugins (http.allow)
---| "http.resolve" no such host
---| "http.connect" no connection
---| "http.tls" the certificate or handshake is refused
---| "http.large" the answer exceeds max
---| "http.protocol" the answer is not HTTP
---| "http.aborted" the connection broke
---| "http.redirects" more than redirects allows
---| "http.url" the URL is no http(s) one, or a header or the method is malformed
---| "http.file" a file cannot be read or written, or is none of the plugin's business
---| "http.json" of response:json: the body is not JSON
---| "http.status" of download: the status is not 2xx
---| "http.memory" out of memory
---| "http.resolver" this libcurl would block while it looks names up

---@class weiyue.http.Error
---@field code weiyue.http.Code
---@field message string
---@field hint string what to do, in Chinese (怎么办)
---@field hint_en string
---@field sent boolean the request may have reached the server: doing it again may do it twice

--- Sends a request.
---@async
---@param request weiyue.http.Request
---@return weiyue.http.Response? response
---@return weiyue.http.Error? err
function http.request(request) end

--- Raises for a body, which http.post sends.
---@async
---@param url string
---@param options? weiyue.http.Options
---@return weiyue.http.Response? response
---@return weiyue.http.Error? err
function http.get(url, options) end

--- Raises for a body, which http.post sends.
---@async
---@param url string
---@param options? weiyue.http.Options
---@return weiyue.http.Response? response
---@return weiyue.http.Error? err
function http.head(url, options) end

---@async
---@param url string
---@param options? weiyue.http.Options
---@return weiyue.http.Response? response
---@return weiyue.http.Error? err
function http.delete(url, options) end

--- A string is the body (字符串即正文).
---@async
---@param url string
---@param options? weiyue.http.Options|string
---@return weiyue.http.Response? response
---@return weiyue.http.Error? err
function http.post(url, options) end

---@async
---@param url string
---@param options? weiyue.http.Options|string
---@return weiyue.http.Response? response
---@return weiyue.http.Error? err
function http.put(url, options) end

---@async
---@param url string
---@param options? weiyue.http.Options|string
---@return weiyue.http.Response? response
---@return weiyue.http.Error? err
function http.patch(url, options) end

--- Saves the body of a 2xx answer to a file (下载); another status is an error, http.status. Raises for a body.
---@async
---@param url string
---@param path string
---@param options? weiyue.http.Options
---@return weiyue.http.Response? response
---@return weiyue.http.Error? err
function http.download(url, path, options) end

return http
