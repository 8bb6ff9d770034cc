---@meta
error("lua/meta is for editors, not for require")

--- What a handler gets (消息): a message or an event. `tostring(msg)` says which and from whom.
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
---@field deadline number unix seconds: WeChat stops waiting for the answer soon after
---@field body string the decoded message as it came, XML or JSON
---@field raw table<string, any> every element by WeChat's own name; nested elements are tables, ids are texts

--- An official account (账号): what a plugin may know of it, and no secret.
---@class weiyue.Account
---@field id string its name on this host
---@field path string where WeChat pushes to
---@field url? string its public address
---@field kind "subscription"|"service"|"mini"
---@field verified boolean
---@field username? string gh_…
---@field appid? string
---@field mode "plain"|"compatible"|"safe"
