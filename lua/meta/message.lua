---@meta
error("lua/meta is for editors, not for require")

--- What a handler gets (消息): a message or an event. `tostring(msg)` says which and from whom, the openid
--- masked: it is personal data.
---@class weiyue.Message
---@field type string lower case: text image voice video shortvideo location link file event …; or "component"
---@field event? string lower case: subscribe click scan location …; nil: a message
---@field openid string who sent it
---@field account weiyue.Account to which account
---@field created integer unix seconds, by WeChat
---@field content? string of a text: as the user typed it
---@field key? string of a click, a scan, a view …: WeChat's EventKey
---@field scene? string of a scan or of the following that it led to: the scene without `qrscene_`
---@field first? boolean with a scene: this scan made the user follow
---@field media_id? string of a picture, a voice message, a video
---@field id? string MsgId; a text, because it has 64 bits
---@field deadline? number unix seconds: WeChat stops waiting for the answer soon after; absent: the push had ended
---@field body string the decoded message as it came, XML or JSON
---@field raw table<string, any> every element by WeChat's own name; nested elements are tables, ids are texts
---@field way? weiyue.Way how the answer leaves as things stand now; nil: this message was answered for good
---@field attempt? integer which of WeChat's three attempts this is now; nil as with way
---@field trace? string 16 hex digits: the word that stands in every log line about this push; nil: it came from none
---@field redelivered? boolean another host, or process of this one, may have handled it: WeChat sent it before, or
---  created it before this process started (after a crash); nil as with way
---@field kf? "queue"|"open" whether a human of the customer service desk has this user (人工客服): "queue" since a transfer
---  reply, "open" from kf_create_session to kf_close_session; nil: nobody. Reading it may wait for the store
local message = {}

--- A question with options: `msg:ask { "手机号？", accept = { "text", "image" } }`. Other keys raise.
---@class weiyue.Question
---@field [1] string|weiyue.Reply the question
---@field accept? string|string[] which messages and events answer it, as msg.type and msg.event name them; an event
--- whose name a message has too is written `event.location`. Default: texts
---@field exclusive? boolean it gives way to no other question: whoever asks meanwhile ends, and this one is repeated
---@field check? fun(content: string?, answer: weiyue.Message): any what the answer has to fit (not in this build)
---@field again? string|weiyue.Reply asked in its place when check refuses (not in this build)
---@field timeout? number|string how long it waits (not in this build: half an hour)
---@field id? string names the conversation (not in this build)

--- Asks the user (提问), as the answer to this message, and goes on with what he says next. It goes the way of
--- answers: behind the deadline by customer-service message, else through the mailbox; nobody answers a question
--- that he has not fetched. Meanwhile his messages and events that are no answer run their own handlers, and one of
--- those that asks too supersedes this one: the handler ends, its `<close>` variables run, the log stays quiet. It
--- ends likewise when he unsubscribes, half an hour after the question, and when nobody can be asked any more.
--- A question that waits in the mailbox takes no answer until he has fetched it; what is no reply raises here.
--- Afterwards this message and the answer both stand for the conversation: what the handler returns answers the
--- newest. Raises in what the handler spawned, where nothing can wait, and when the message was answered for good.
---@async
---@param question string|weiyue.Reply|weiyue.Question
---@return string? content of the answer; nil: it is no text
---@return weiyue.Message answer
function message:ask(question) end

--- How an answer leaves (答案怎样送达): "reply" as the answer of its push; "hold": as that of WeChat's next attempt,
--- since this one stays silent; "late" as a customer service message; "mailbox" on the user's word; "success": not
--- any more.
---@alias weiyue.Way "reply"|"hold"|"late"|"mailbox"|"success"

--- Says something before the answer: at once where the account may send customer service messages, else joined with
--- the answer, in order. Raises for what is no reply.
---@async
---@param reply string|weiyue.Reply
---@param options? { kf?: string } kf: the customer service account (name@account) that speaks
---@return true? ok
---@return weiyue.api.Error? err reply.too_late, reply.not_allowed, reply.window; file.missing and its like; or WeChat's
function message:say(reply, options) end

--- Shows the user that an answer is being written (正在输入).
---@async
---@return true? ok
---@return weiyue.api.Error? err reply.no_late: this account sends no customer service messages; or WeChat's
function message:typing() end

--- What WeChat knows of the sender (用户信息): user.info, kept in the store for `user_cache`. After 2021 nickname and
--- headimgurl are empty; remark, tagid_list, subscribe_time and unionid are there. Who does not follow has subscribe 0.
---@async
---@param options? { fresh?: boolean } fresh: WeChat is asked, whatever is kept
---@return weiyue.Subscriber? user
---@return weiyue.api.Error? err
function message:user(options) end

---@class weiyue.Subscriber as WeChat gives it
---@field openid string
---@field subscribe 0|1
---@field subscribe_time? integer
---@field unionid? string
---@field remark? string
---@field tagid_list? integer[]
---@field language? string
---@field subscribe_scene? string

--- Fetches the picture, voice or video of this message (下载). `to` is a path below the folder of weiyue.lua, whose
--- folders are made; no Lua file, nothing in the state folder. Without it the bytes are in `data`.
---@async
---@param options? { to?: string, max?: integer } max: bytes; 10 MiB in memory, 100 MiB in a file
---@return weiyue.Download? media
---@return weiyue.api.Error? err media.none: the message has none; file.place; or WeChat's
function message:download(options) end

---@class weiyue.Download
---@field path? string the file
---@field data? string its bytes, where there was no `to`
---@field type? string as the server says, such as image/jpeg
---@field size integer bytes

--- The user's session (会话): a table of his, the same in all plugins of this account, that is there again with his
--- next message. It is read on first use; what has changed is written once, before the answer leaves (and before a
--- question of msg:ask does), and stays for 30 days. What a handler that raises has changed is lost. When another
--- handler of his has written meanwhile, both changes are put together, field by field. Values are what JSON can say. A
--- write that fails is told in the log (session.failed), and the answer leaves. Raises when the message was answered
--- for good.
---@async
---@return table<string, any>? session
---@return weiyue.Error? err
function message:session() end

--- Forgets this user now: account:forget(msg.openid).
---@async
---@return true? ok
---@return weiyue.Error? err
function message:forget() end

--- An official account (账号): what a plugin may know of it, and no secret.
---@class weiyue.Account
---@field id string its name on this host
---@field path string where WeChat pushes to
---@field url? string its public address
---@field pages? string where its pages are (网页地址): url; of several accounts on one host, below /ID of it, or
---  its path. Links begin with it: account.pages .. "/me"
---@field kind "subscription"|"service"|"mini"|"component"
---@field verified boolean
---@field username? string gh_…
---@field appid? string
---@field mode "plain"|"compatible"|"safe"
---@field can weiyue.Can
---@field api weiyue.account.api WeChat's API (微信接口): msg.account.api.user.info { openid = … }
---@field authorizers? fun(self: weiyue.Account): (async fun(): string?, weiyue.Account?) of a third-party platform:
---  `for appid, account in platform:authorizers() do`
---@field pre_auth_code? async fun(self: weiyue.Account): string?, weiyue.api.Error? of one, for
---  account.api.component.login_page
---@field quota table<string, weiyue.Quota> calls of today (今天的调用次数), by "family.name": all that have a
---  limit, and what was called
local account = {}

--- Forgets a user (删除一个用户的所有数据): calls what wx.on_forget was given, ends his conversations, deletes his
--- session, what plugins keep under store:user, and his unread answers. `forget` in weiyue.lua says when that
--- happens by itself. nil and an error: the store failed, and not everything is deleted.
---@async
---@param openid string
---@return true? ok
---@return weiyue.Error? err
function account:forget(openid) end

--- All who follow (关注者列表), page by page as the loop goes: `for openid in followers do … end`. Where WeChat does not
--- go on the loop ends, and `followers.err` says why; `{ from = followers.last }` goes on behind it.
---@param options? { from?: string } from: an openid; it begins behind that
---@return weiyue.Followers
function account:followers(options) end

---@class weiyue.Followers
---@field err? weiyue.api.Error why these are not all
---@field last? string the openid that was given last
---@field total? integer how many follow, by WeChat
---@overload async fun(): string?

--- Calls of one API since midnight in Beijing, over all workers and machines that share the store.
---@class weiyue.Quota
---@field used integer
---@field limit? integer a day, where it is known
---@field left? integer
---@field open? integer 45009 or 45011: WeChat has said that they are used up; none is made until that has passed

--- What the account may do with WeChat's API: by its kind and verification, and what `can` in the
--- configuration says otherwise.
---@class weiyue.Can
---@field token boolean access tokens
---@field receive boolean pushes and passive replies
---@field customer_service boolean customer-service messages (客服消息)
---@field mass boolean mass messages (群发)
---@field template boolean template messages (模板消息)
---@field subscribe_notice boolean subscription notices (订阅通知)
---@field users boolean users, tags, the blacklist (用户管理)
---@field location_report boolean the user's place, event LOCATION (上报地理位置)
---@field oauth boolean who opens a page (网页授权)
---@field qrcode boolean QR codes with a scene (带参数的二维码)
---@field menu boolean the menu (自定义菜单)
---@field material boolean media, drafts, comments (素材)
---@field semantic boolean understanding, voice, pictures (智能接口)
---@field kf_desk boolean the customer-service desk (多客服)
---@field guide boolean shopping guides (对话能力)
---@field cards boolean cards and invoices (卡券)
---@field jssdk_base boolean JS-SDK: pictures, sound, network, place, scanning
---@field jssdk_share boolean JS-SDK: sharing (分享)
---@field datacube boolean statistics (数据统计)
