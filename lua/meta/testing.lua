---@meta weiyue.testing
error("lua/meta is for editors, not for require")

--- Specs that need no phone and no network (测试): plugins in a host of their own on a virtual clock, users who speak,
--- and the fake WeChat. For busted, in `weiyue test` and in a stock lua5.4 (LUA_CPATH finds weiyue_core.so, LUA_PATH
--- lua/?.lua).
---
---     local t = require "weiyue.testing"
---     describe("shop", function()
---       it("takes an order", function()
---         local app = t.load { plugins = { "plugins/shop" }, config = { shop = { erp = "http://erp" } } }
---         app.http:on("GET", "http://erp/*", { json = { title = "茶" }, after = "8s" })
---         local u = app:user()
---         assert.equal("怎么称呼你？", u:says("报名").text)
---         assert.reply(u:clicks "about").is_text "关于我们"
---         app:advance "48h"
---       end)
---     end)
---
--- Nothing is real but the host: its clock moves when the spec says so, or while an answer is waited for; math.random,
--- os.time, os.date and the time zone are the same at each run; the store is in memory. In the spec itself os.time is
--- real, and app:now() the app's. When an `it` ends, apps that
--- were loaded in it, or in its before_each, end too, and what they leave fails the spec: tasks that still wait, with
--- their place; HTTP calls without an answer; a plugin that keeps over 256 KiB more than when it was loaded; what a
--- handler or a task has raised, unless the spec has looked at it: app:logs "lua.error" (or "lua.timeout", "lua.oom",
--- "lua.bad_reply"); a loop in which no time passes. So does an assert.reply(…)
--- that is followed by no check. Conversations and timers are nothing left. An app of a setup ends by app:stop() in the
--- teardown, or else with its file, as an error of the file.
---
--- With WEIYUE_TEST_SOCKET=1, `#socket` in the name of a spec or t.load { socket = true } pushes, pages and calls of
--- WeChat's API go over real sockets of this machine; stubs and the clock stay.
---@class weiyue.testing
local testing = {}

---@class weiyue.testing.Options
---@field [1]? string the path of a weiyue.lua (配置文件), as in t.load "weiyue.lua"; its keys and tokens are replaced
---@field plugins? string|table<string|integer, string|table> as in weiyue.lua (插件)
---@field config? table<string, table> settings of plugins by name (插件的设置)
---@field accounts? table[] as in weiyue.lua; what is left out is made up (账号)
---@field env? table<string, string> what `env` gives in that weiyue.lua; else "test" (环境变量)
---@field folder? string where paths start; default: that of the weiyue.lua above
---@field now? number|string the app's time at the start: unix seconds, or "2024-05-01 09:00" in Beijing (开始时间)
---@field zone? string the time zone, as POSIX writes it; default "CST-8" (时区)
---@field seed? integer of math.random (随机种子)
---@field socket? boolean over real sockets
---@field leaks? boolean false: what is left behind is fine
---@field mode? "plain"|"compatible"|"safe" of the one account (消息模式)
---@field format? "xml"|"json" of its pushes
---@field kind? "subscription"|"service"|"mini"|"component"
---@field verified? boolean
---@field can? table
---@field url? string default "http://wx.test"
---@field path? string
---@field aes_key? string
---@field username? string
---@field deadline? number as in weiyue.lua; so are apology, hold_budget, mailbox, limits, http,
---  user_cache, lua_path, c_modules, …

--- Loads plugins into a host of their own (装入插件). Raises what keeps them from loading, with file and line.
---@async
---@param options string|weiyue.testing.Options
---@return weiyue.testing.App
function testing.load(options) end

---@class weiyue.testing.App
---@field http weiyue.testing.Http HTTP calls of plugins (桩)
---@field wechat weiyue.testing.Wechat the fake WeChat (模拟的微信)
---@field accounts { id: string, appid: string, mode: string, path: string, url: string }[]
local app = {}

--- A user, who follows the account unless subscribed = false (用户).
---@param options? { account: string?, nickname: string?, openid: string?, unionid: string?, subscribed: boolean? }
---@return weiyue.testing.User
function app:user(options) end

--- Lets time pass: seconds, or "48h" (快进). What is due meanwhile happens, in order.
---@async
---@param duration number|string
function app:advance(duration) end

--- The app's time (当前时间).
---@return number unix seconds
function app:now() end

--- Loads the plugins anew, as `weiyue reload` does (重新加载).
---@async
function app:reload() end

--- The lines of the host's log (日志): { line, level, event, text, … }; those of one event.
---@param event? string such as "lua.error"
---@return table[]
function app:logs(event) end

--- The value of a metric (指标); labels that are not named are added up.
---@param name string "weiyue_pushes_total", 'weiyue_answers_total{way="late"}'
---@return number?
function app:metrics(name) end

---@class weiyue.testing.Request
---@field query? table<string, string>
---@field headers? table<string, string>
---@field form? table<string, string>
---@field json? any
---@field body? string
---@field account? string whose page, where there are several

--- Asks for a page as a stranger, without cookies (请求页面); redirects are not followed.
---@async
---@param path string
---@param options? weiyue.testing.Request
---@return weiyue.testing.Page
function app:get(path, options) end

---@async
---@param path string
---@param options? weiyue.testing.Request
---@return weiyue.testing.Page
function app:post(path, options) end

---@async
---@param method string
---@param path string
---@param options? weiyue.testing.Request
---@return weiyue.testing.Page
function app:request(method, path, options) end

--- Ends the app (停止), and fails the spec where it leaves something behind.
---@param options? { leaks: boolean? } leaks = true: what is left is meant to be
function app:stop(options) end

---@class weiyue.testing.Http
local http = {}

---@class weiyue.testing.Stub
---@field json? any the answer's body
---@field body? string
---@field status? integer default 200
---@field headers? table<string, string>
---@field after? number|string how long it takes, on the app's clock (多久以后)
---@field times? integer for so many calls (次数)
---@field fault? weiyue.testing.Fault instead of an answer (故障)

---@alias weiyue.testing.Fault "timeout"|"connect"|"resolve"|"tls"|"aborted"|"protocol"|"denied"|"large"|"busy"

--- Answers calls from now on (打桩); the newest stub that fits counts. A call without a stub fails the spec. Those to
--- WeChat go to the fake WeChat, unless a stub fits.
---@param method string "GET", "*": any
---@param pattern string of the URL, with * for any bytes; without a ? it fits any query
---@param reply weiyue.testing.Stub|fun(request: weiyue.testing.Call): weiyue.testing.Stub|string|nil a callable table
---  such as busted's spy is a function, too
---@return { count: integer }
function http:on(method, pattern, reply) end

---@class weiyue.testing.Call
---@field method string
---@field url string
---@field path string
---@field query table<string, string>
---@field headers table<string, string>
---@field body string
---@field json any
---@field form table<string, string>
---@field at? string file:line of the plugin

--- The calls that there were (调用记录), oldest first, those of WeChat's API among them.
---@param method? string
---@param pattern? string
---@return weiyue.testing.Call[]
function http:calls(method, pattern) end

---@param method? string
---@param pattern? string
---@return integer
function http:count(method, pattern) end

---@class weiyue.testing.Wechat
---@field world table the fake WeChat itself: lua/weiyue/sandbox/world.lua
local wechat = {}

--- How many calls of WeChat's API there were (调用次数), failed ones among them.
---@param pattern? string "template.send", "template.*"
---@return integer
function wechat:count(pattern) end

--- These calls, oldest first; secrets are masked.
---@param pattern? string
---@return { api: string, args: table, reply: table?, errcode: integer, at: number }[]
function wechat:calls(pattern) end

--- Has calls fail (让接口出错): { errcode = -1, times = 2 }, { status = 502 }, { drop = true }, { lost = true },
--- { garbage = true }, { delay = "3s" }.
---@param pattern string
---@param how table
function wechat:fail(pattern, how) end

--- Ends that, of one pattern or of all.
---@param pattern? string
function wechat:heal(pattern) end

--- All that a user has got by the API (用户收到的).
---@param user weiyue.testing.User
---@return table[]
function wechat:received(user) end

---@class weiyue.testing.User
---@field openid string
---@field nickname string
---@field history weiyue.testing.Answer[] all that he got to see
local user = {}

--- Says a text (发文字) and waits for the answer, at most as long as WeChat does: three attempts of 5 s.
---@async
---@param text string
---@return weiyue.testing.Answer
function user:says(text) end

--- Sends a message of any type (发消息): { type = "image", media_id = "m", data = bytes }.
---@async
---@param message table
---@return weiyue.testing.Answer
function user:sends(message) end

--- Presses a menu button (点菜单).
---@async
---@param key string
---@return weiyue.testing.Answer
function user:clicks(key) end

--- Scans a QR code (扫码); who does not follow yet does then.
---@async
---@param scene string|integer
---@return weiyue.testing.Answer
function user:scans(scene) end

--- Follows (关注), by a QR code where a scene is named.
---@async
---@param scene? string|integer
---@return weiyue.testing.Answer
function user:follows(scene) end

--- Unfollows (取消关注).
---@async
---@return weiyue.testing.Answer
function user:unfollows() end

--- Sends a place as a message (发位置).
---@async
---@param latitude number
---@param longitude number
---@param label? string
---@return weiyue.testing.Answer
function user:location(latitude, longitude, label) end

--- Any event (任意事件): u:event("user_get_card", { card_id = "c" }), u:event("view", { key = "http://wx.test" }).
---@async
---@param name string
---@param fields? table as in msg, or by WeChat's names
---@return weiyue.testing.Answer
function user:event(name, fields) end

--- What came since he was asked last, beside answers to what he did: late answers, messages of the API (收到的消息).
---@async
---@return weiyue.testing.Answer[]
function user:hears() end

--- Opens a page in WeChat's browser (打开页面): with his cookies, by way of WeChat's login pages.
---@async
---@param path string
---@param options? { consent: boolean?, snapshot: boolean? } consent = false: he refuses; snapshot: a virtual identity
---@return weiyue.testing.Page
function user:opens(path, options) end

---@class weiyue.testing.Answer
---@field type string "text", "image", "news" …; "none": nothing; "fault": WeChat says that the account is out of order
---@field text? string
---@field articles? { title: string, description: string, pic_url: string, url: string }[]
---@field media_id? string
---@field way? string "reply", "success", "late", "mailbox", "apology" …; of hears(): "customer_service", "template" …
---@field xml? string the reply, decrypted
---@field raw? table its elements by WeChat's names
---@field status? integer
---@field seconds? number that it took, on the app's clock
---@field attempts? integer how often WeChat sent the push
---@field fault? { code: string, zh: string, en: string }

---@class weiyue.testing.Page
---@field status integer
---@field headers table<string, string>
---@field body string
---@field text string what of the HTML is to be read
---@field json any
---@field url string of the last hop
local page = {}

--- Fills in a form and sends it (提交表单); hidden fields are the page's.
---@async
---@param fields? table<string, string|table> files (上传文件): { name = "a.png", data = bytes, type = "image/png" }
---@param id? string its id, name or action; nil: the first form
---@return weiyue.testing.Page
function page:submit(fields, id) end

--- What WeChat's JS-SDK would say of the page's wx.config (签名是否正确): "config:ok", "config:invalid signature" …
---@return string verdict
---@return table? config what wx.config was given
function page:jssdk() end

--- Follows the link with this text (点链接).
---@async
---@param text string
---@return weiyue.testing.Page
function page:click(text) end

--- assert.reply(answer): each member raises unless the answer is so, and gives itself:
---     assert.reply(u:says "hi").is_text("你好").came_by "reply"
---@class weiyue.testing.Reply
---@field is_text fun(text: string?): weiyue.testing.Reply
---@field is_image fun(media_id: string?): weiyue.testing.Reply
---@field is_voice fun(media_id: string?): weiyue.testing.Reply
---@field is_video fun(media_id: string?): weiyue.testing.Reply
---@field is_music fun(url: string?): weiyue.testing.Reply
---@field is_news fun(articles: integer|(string|table)[]|nil): weiyue.testing.Reply how many, titles, or fields
---@field is_transfer fun(): weiyue.testing.Reply
---@field is_empty fun(): weiyue.testing.Reply the user sees nothing
---@field is_fault fun(code: string?): weiyue.testing.Reply
---@field matches fun(pattern: string): weiyue.testing.Reply
---@field contains fun(part: string): weiyue.testing.Reply
---@field came_by fun(way: string): weiyue.testing.Reply

return testing
