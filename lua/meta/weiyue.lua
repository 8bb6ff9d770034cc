---@meta weiyue
error("lua/meta is for editors, not for require")

--- What a plugin gets from `require "weiyue"`: rules, replies, time, logs (插件里的 wx).
--- Specific rules run before general ones, wherever they stand: exact, prefix, pattern, contains,
--- any text, default. Within one kind: by the plugin's priority, then by order of writing.
---@class weiyue
---@field config table<string, any> this plugin's settings (插件的设置) from plugins.NAME.config, read-only; from
---  wx.plugin { schema = … } on checked and with defaults, before as the configuration has them
---@field store weiyue.Store values that stay, of this plugin and the account (持久存储)
---@field http weiyue.http HTTP calls (发 HTTP 请求)
---@field shared weiyue.shared values that all workers of this host have in common (所有工作线程共用的值)
local wx = {}

--- What answers: a text, a reply, or a function that gives one. Its other results: nil: not mine, the
--- next rule; false: answer nothing (`success`); nil and a text: logged, then the next rule. When it
--- raises, the sender gets the account's `apology`.
---@alias weiyue.Handler string|weiyue.Reply|async fun(msg: weiyue.Message, ...: string): weiyue.Answer, string?
---@alias weiyue.Answer string|weiyue.Reply|false|nil

--- A matcher of texts: wx.contains, wx.prefix, wx.pattern.
---@class weiyue.Matcher

-- Rules ---------------------------------------------------------------------------------------------

--- Texts (文字): the whole text, one of a list, a matcher; without it any text that no specific rule
--- took. Texts are compared trimmed, without regard to width (Ａ, A) and case.
---@param match string|weiyue.Matcher|(string|weiyue.Matcher)[]
---@param reply weiyue.Handler
---@overload fun(reply: weiyue.Handler)
function wx.text(match, reply) end

--- Matches texts that contain this one (包含).
---@param text string
---@return weiyue.Matcher
function wx.contains(text) end

--- Matches texts that begin with this one (开头).
---@param text string
---@return weiyue.Matcher
function wx.prefix(text) end

--- Matches a Lua pattern (模式), with regard to case, on the text trimmed and with width folded; its
--- captures are the handler's arguments after msg.
---@param pattern string
---@return weiyue.Matcher
function wx.pattern(pattern) end

--- Messages of one type (某类消息): image voice video shortvideo location link file …; `text` is
--- wx.text without a matcher.
---@param type string
---@param reply weiyue.Handler
function wx.message(type, reply) end

--- An event by its name (事件), lower case: location, view, masssendjobfinish …
---@param event string
---@param reply weiyue.Handler
function wx.event(event, reply) end

--- Always raises: location, for one, is a message and an event. Write wx.message or wx.event.
---@deprecated
function wx.on(...) end

--- A click on the menu (点击菜单) with this key, or one of these keys; without keys: any other.
---@param key string|string[]
---@param reply weiyue.Handler
---@overload fun(reply: weiyue.Handler)
function wx.click(key, reply) end

--- A scan of a QR code with a scene (扫带参数的二维码), the scan that made the user follow included:
--- msg.scene, msg.first. `*` matches any run of bytes. Without a scene: any other.
---@param scene string|string[]
---@param reply weiyue.Handler
---@overload fun(reply: weiyue.Handler)
function wx.scan(scene, reply) end

--- A user follows (关注).
---@param reply weiyue.Handler
function wx.subscribe(reply) end

--- A user has left (取消关注); nobody reads a reply.
---@param fn async fun(msg: weiyue.Message)
function wx.unsubscribe(fn) end

--- Any message that nobody answered (没有规则处理的消息); never events.
---@param reply weiyue.Handler
function wx.default(reply) end

--- Around everything (包在所有规则外面): call next() for the answer of what is inside. Where it returns nil and a
--- reason, that is logged, and what is inside answers as if it were not there.
---@param fn async fun(msg: weiyue.Message, next: (async fun(): weiyue.Answer)): weiyue.Answer
function wx.use(fn) end

-- Replies -------------------------------------------------------------------------------------------

--- A reply as wx.reply makes it; a table written by hand does as well.
---@alias weiyue.Reply weiyue.codec.Reply|{ type: "raw", raw: string }

--- Kinds of replies (回复). Each takes named fields; most also the one field that matters.
---@class weiyue.reply
wx.reply = {}

--- A file of the plugin's own folder (插件文件夹里的文件) in the place of a media_id: of pictures, voices, videos, the
--- thumb_media_id of music, the pic_url of articles. It is uploaded once for an account, when a reply needs it, and its
--- id is kept until WeChat forgets it. A name that leaves the folder raises.
---@param name string such as "static/a.png"
---@return weiyue.File
function wx.file(name) end

---@class weiyue.File
local file = {}

--- Its media_id at an account, for calls of WeChat's API (上传后的 media_id).
---@async
---@param account weiyue.Account
---@param kind? "image"|"voice"|"video"|"thumb" default "image"
---@return string? media_id
---@return weiyue.api.Error? err file.missing, file.empty, file.large, file.type; or WeChat's
function file:media_id(account, kind) end

--- The address of a picture at WeChat, for articles (图文里的图片地址).
---@async
---@param account weiyue.Account
---@return string? url
---@return weiyue.api.Error? err
function file:url(account) end

--- Text (文字): more than 2048 bytes leave in pages; the user fetches the next one by the word of the mailbox.
---@param content string|{ content: string }
---@return weiyue.Reply
function wx.reply.text(content) end

--- A picture (图片) that was uploaded before.
---@param media_id string|weiyue.File|{ media_id: string|weiyue.File }
---@return weiyue.Reply
function wx.reply.image(media_id) end

--- A voice message (语音).
---@param media_id string|weiyue.File|{ media_id: string|weiyue.File }
---@return weiyue.Reply
function wx.reply.voice(media_id) end

---@class weiyue.VideoReply
---@field media_id string|weiyue.File
---@field title? string
---@field description? string
---@field thumb_media_id? string|weiyue.File of the late form: a customer service message wants one

--- A video (视频).
---@param media_id string|weiyue.File|weiyue.VideoReply
---@param title? string
---@param description? string
---@return weiyue.Reply
function wx.reply.video(media_id, title, description) end

---@class weiyue.MusicReply
---@field thumb_media_id string|weiyue.File
---@field title? string
---@field description? string
---@field url? string
---@field hq_url? string

--- Music (音乐); links that begin with "/" are completed with account.pages.
---@param music weiyue.MusicReply
---@return weiyue.Reply
function wx.reply.music(music) end

--- Articles (图文): WeChat shows one as the answer to a message and up to 8 as the answer to an event;
--- the rest is cut, and the log says so. Links that begin with "/" are completed with account.pages.
---@param articles weiyue.codec.Article[]|weiyue.codec.Article
---@param ... weiyue.codec.Article when the first argument is one article
---@return weiyue.Reply
function wx.reply.news(articles, ...) end

--- Hands the user to the customer service desk (转人工客服), or to one agent of it.
---@param account? string|{ account?: string } the agent, name@account
---@return weiyue.Reply
function wx.reply.transfer(account) end

--- The answer to a device's message (设备消息); content is sent as base64.
---@param fields { device_type: string, device_id: string, session_id: string, content: string }
---@return weiyue.Reply
function wx.reply.device_text(fields) end

--- The answer to a device's event (设备事件); content is sent as base64.
---@param fields { event: string, device_type: string, device_id: string, session_id: string, content: string }
---@return weiyue.Reply
function wx.reply.device_event(fields) end

--- A device's state (设备状态): 0 not connected, 1 connected.
---@param fields { device_type: string, device_id: string, status: string|integer }
---@return weiyue.Reply
function wx.reply.device_status(fields) end

--- Opens a view of WeRun (微信运动), such as view "myrank" with action "ranklist".
---@param fields { view: string, action: string }
---@return weiyue.Reply
function wx.reply.hardware(fields) end

--- A body of your own, sent as it is (encrypted where the account is): for the events that expect
--- a body other than a message, such as add_waybill.
---@param body string
---@return weiyue.Reply
function wx.reply.raw(body) end

-- The plugin ----------------------------------------------------------------------------------------

---@class weiyue.PluginHead
---@field name? string for people; rules and logs use the file's name
---@field version? string
---@field priority? number higher runs first within one kind of rule; default 0
---@field schema? table<string, weiyue.SchemaField> its settings: wx.config has them checked; a plugin whose
---  configuration is wrong is not loaded, and the fault is told with its line in weiyue.lua
---@field api? string[] the API calls it makes (要调用的接口), FAMILY.NAME with stars: "template.send", "material.*";
---  never token.* and openapi.clear*, which are the host's

--- A setting of a plugin (一项设置).
---@class weiyue.SchemaField
---@field type "string"|"number"|"integer"|"boolean"|"enum"|"list"|"table"|"any" numbers may stand as text, from `env`
---@field required? boolean it must be set
---@field default? any not of a table: that has the defaults of its fields
---@field min? number of a number; bytes of a string, entries of a list
---@field max? number
---@field unit? "s"|"bytes" of a number: also written "5m", "64KiB"
---@field pattern? string a Lua pattern for the whole text
---@field values? (string|number|boolean)[] of an enum
---@field item? weiyue.SchemaField of a list, each entry; a value alone is a list of one
---@field fields? table<string, weiyue.SchemaField> of a table
---@field secret? boolean shown as *** in every line from a plugin, where it has 8 bytes or more
---@field example? any a good value, for messages
---@field zh? string what it is, for messages (说明)
---@field en? string

--- Who this plugin is (插件信息); optional.
---@param head weiyue.PluginHead
function wx.plugin(head) end

--- A call of WeChat's that this build does not know (补一个接口), written as in lua/weiyue/api/FAMILY.lua:
---
---     wx.api("shop", { "ship", "POST", "/shop/ship", body = "order_id, note?" })   -- account.api.shop.ship { … }
---
--- While the plugin loads. What the build knows cannot be replaced.
---@param family string
---@param row table name, "GET" or "POST", path; query, body, reply, auth, idempotent
function wx.api(family, row) end

--- The account of this id, else the message's, or the only one (账号); of an authorizer by its AppID, which may wait.
---@param id? string
---@return weiyue.Account
function wx.account(id) end

--- The account's menu (自定义菜单), as data beside its handlers; with `match` a conditional one. While the plugin
--- loads. What WeChat would refuse fails the plugin; `weiyue check` also says which clicks have no handler:
---
---     wx.menu { { "关于", click = "about" }, { "更多", { "我的", page = "/me" } } }
---@param menu weiyue.Menu
function wx.menu(menu) end

-- What is kept --------------------------------------------------------------------------------------

--- A user's session (会话): msg:session(); of a request: that of its user, or of its browser. A page is answered 503
--- where it cannot be written. What a stream's function changes is written at the stream's end; nobody waits for it.
---@async
---@param of weiyue.Message|weiyue.Request
---@return table<string, any>? session
---@return weiyue.Error? err
function wx.session(of) end

-- Pages ---------------------------------------------------------------------------------------------

--- A page (网页): what it returns is shown to people. A part of the path may be :name, the last one *name: req.params.
---@param path string
---@param options weiyue.PageOptions
---@param handler async fun(req: weiyue.Request): weiyue.PageAnswer, string?
---@overload fun(path: string, handler: async fun(req: weiyue.Request): weiyue.PageAnswer, string?)
function wx.page(path, options, handler) end

--- A route (接口) for scripts and other programs: a table is JSON, a text plain.
---@param method "GET"|"POST"|"PUT"|"PATCH"|"DELETE"|"OPTIONS"
---@param path string
---@param options weiyue.RouteOptions
---@param handler async fun(req: weiyue.Request): weiyue.PageAnswer, string?
---@overload fun(method: string, path: string, handler: async fun(req: weiyue.Request): weiyue.PageAnswer, string?)
function wx.route(method, path, options, handler) end

--- Serves a folder of the plugin's (静态文件): no hidden files, nothing that leads out of it.
---@param prefix string such as "/static"
---@param folder string
---@param options? { max_age?: number|string } how long browsers keep a file without asking
function wx.static(prefix, folder, options) end

--- Leads the browser to another page of one's own (跳转); other addresses raise.
---@param path string
---@return weiyue.Response
function wx.redirect(path) end

--- An answer (应答) with a status, headers, cookies, a file or a stream.
---@param fields weiyue.ResponseFields
---@return weiyue.Response
function wx.response(fields) end

--- A template (模板), NAME.html in the plugin's folder: {{ expression }} escaped, {{{ expression }}} as it is,
--- {% if … %} {% for … %} {% else %} {% end %}, {% include "name" %}, {# left out #}. It has req, csrf, csrf_field,
--- nonce, base and json(value) besides vars. An included one has the same, and no locals (局部变量): {% include "name",
--- { v = v } %} gives it values.
---@param name string
---@param vars? table<string, any>
---@return weiyue.Rendered
function wx.render(name, vars) end

--- Is held by one at a time (锁), whichever worker, process or machine shares the store; of this plugin and the
--- account. Give it back at the block's end: `local lock <close> = wx.lock("report", "30s")`. It ends by itself after
--- `ttl`, whatever its holder does: who may take longer extends it, and what must not be overwritten by a holder who is
--- late is written by lock:set, or told apart by lock.fence.
---@async
---@param name string
---@param ttl number|string
---@param options? weiyue.LockOptions
---@return weiyue.Lock? lock nil: it is somebody else's (err.code "lock.busy"), or the store fails
---@return weiyue.Error? err
function wx.lock(name, ttl, options) end

---@class weiyue.LockOptions
---@field wait? number|string how long to wait for it, at most a minute; those who wait take turns in a process. Default
---  is none
---@field account? string|weiyue.Account whose lock; default: the message's account, or the only one

--- A lock that is held.
---@class weiyue.Lock
---@field fence integer grows with every lock that is given
local lock = {}

--- It ends so long from now on (续期); nil and an error: it is no longer ours.
---@async
---@param ttl number|string
---@return true? ok
---@return weiyue.Error? err
function lock:extend(ttl) end

--- Keeps a value in wx.store, in one step with looking whether the lock is still ours.
---@async
---@param key string
---@param value weiyue.store.Value
---@param ttl? weiyue.store.Ttl
---@return true? ok
---@return weiyue.Error? err
function lock:set(key, value, ttl) end

--- Gives it back before its block ends (释放); false: it was no longer ours.
---@async
---@return boolean? ok
---@return weiyue.Error? err
function lock:release() end

--- Runs when a user is forgotten (删除个人数据时), before what weiyue keeps of him goes: for what a plugin keeps
--- elsewhere. In a task that may wait; in it wx.store is the account's. It may run twice. What it raises is logged.
---@param fn async fun(openid: string, account: weiyue.Account)
function wx.on_forget(fn) end

-- Time ----------------------------------------------------------------------------------------------

--- Waits (等待) without holding anybody else up: seconds, or "500ms", "5m", "1h30m". WeChat waits for
--- an answer for five seconds.
---@async
---@param d number|string
function wx.sleep(d) end

--- Runs fn later (稍后运行), in a task of its own. Called while the plugin loads it runs once per host, in one of the
--- workers: after the start, and again after each reload, which drops what is pending. Raises when the plugin has
--- limits.timers of them already.
---@param d number|string
---@param fn async fun(...)
---@param ... any arguments of fn
---@return weiyue.Timer
function wx.after(d, fn, ...) end

--- Runs fn beside the handler (并行运行), in a task of its own. Raises when the plugin has limits.tasks of them already.
---@param fn async fun(...)
---@param ... any arguments of fn
function wx.spawn(fn, ...) end

--- Runs functions at a time (同时运行，等全部结束), each in a task of its own (limits.tasks), and waits for the last:
--- `local got, errors = wx.all { user = function() … end, orders = function() … end }`. What one of them raises is
--- raised here, and the others are cancelled: their waits raise, their `<close>` variables run.
---@async
---@param functions table<any, async fun(): any, any>
---@return table<any, any> results by key, the first result of each
---@return table<any, any>? errors by key, the second result of those whose first is nil; nil: there is none
function wx.all(functions) end

--- Runs functions at a time until the first one ends (谁先结束用谁), and cancels the others; with
--- `function() wx.sleep(3) return nil, "timeout" end` as one of them it is a time limit.
---@async
---@param functions table<any, async fun(): any, any>
---@return any value
---@return any err its second result
---@return any key which of them it was
function wx.race(functions) end

--- Runs fn again and again (定时重复), in a task of its own, so that it may wait; declared while the plugin
--- loads, once per host: of several workers one runs it. d: seconds, or "5m", "1h30m"; from 1 s to 366 days.
--- The first run is one interval after the host's start, the n-th after n of them: it does not drift, and no
--- reload moves it; a timer that comes with a reload joins that grid. What a blocked host missed is one run. A run
--- that is due while the last one goes on is skipped. A reload ends the one that goes on, which is no error.
---
--- What fn raises is logged as lua.error with plugin and timer, and the timer goes on. fn gets no arguments;
--- what it returns is ignored.
---
--- Raises: in a handler (there wx.after is meant); outside a plugin; for another interval; for two timers of
--- one plugin with one name.
---@param d number|string
---@param fn async fun()
---@param options? weiyue.TimerOptions
function wx.every(d, fn, options) end

--- Runs fn every day at this time, or each of these times (每天定时): "09:00", "23:59:30", { "09:00", "18:00" },
--- as local clocks of the machine show it. As wx.every: a task of its own, once per host, skipped while the
--- last run goes on, and what raises.
---
--- It follows the wall clock, within a minute when that is set. What was missed, because the machine slept, the
--- clock was set ahead or the host was blocked, runs once if it is less than an hour late (of several, the
--- latest), else the log says timer.skipped. So does what was missed while no host ran, for a week, where the store
--- is not in memory; never what came before the timer, or this time of it, was declared. A clock that is
--- set back, up to a week, repeats nothing. Summer time: a time that is left out runs when the clocks are set
--- forward, one that comes twice runs the first time.
---@param times string|string[]
---@param fn async fun()
---@param options? weiyue.TimerOptions
function wx.at(times, fn, options) end

---@class weiyue.TimerOptions
---@field name? string the timer's own within the plugin, for logs, and to know a wx.at again when its line has moved;
---  default: file:line of the call

--- A pending wx.after.
---@class weiyue.Timer
local timer = {}

---@return boolean cancelled false: it has fired or was cancelled before
function timer:cancel() end

-- Logs ----------------------------------------------------------------------------------------------

--- Lines in the host's log (日志), each with the plugin's name: event=plugin.log text=… plugin=…
--- `print` goes to info.
---@class weiyue.wxlog
wx.log = {}

---@param text any
---@param fields? table<string, any>
function wx.log.debug(text, fields) end

---@param text any
---@param fields? table<string, any>
function wx.log.info(text, fields) end

---@param text any
---@param fields? table<string, any>
function wx.log.warn(text, fields) end

---@param text any
---@param fields? table<string, any>
function wx.log.error(text, fields) end

return wx
