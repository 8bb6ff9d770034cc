---@meta weiyue.jssdk
error("lua/meta is for editors, not for require")

--- WeChat's JS-SDK: signatures for clients that ask by JSON, and for cards. A page with `jssdk = { … }` is signed by
--- itself. Tickets are the host's, and never leave it. In a host only.
---@class weiyue.jssdk
local jssdk = {}

---@class weiyue.jssdk.Config what wx.config takes, besides the lists
---@field appId string
---@field timestamp integer
---@field nonceStr string
---@field signature string

---@class weiyue.jssdk.Error: weiyue.api.Error
---@field code "jssdk.url"|"jssdk.host"|"jssdk.rate"|"jssdk.failed"
---@field status integer for an answer: 400, 403, 429, 502

--- Signs a page's address (JS-SDK 签名), location.href as its script has it. Only of the account's own host: scheme, host
--- and port of its url are compared, and those that the request has come to. With a request its client is counted: 500
--- in 10 seconds, at each worker.
---@async
---@param who weiyue.Account|weiyue.Request
---@param url string
---@return weiyue.jssdk.Config? config
---@return weiyue.jssdk.Error? err
function jssdk.sign(who, url) end

---@class weiyue.jssdk.Card
---@field card_id string
---@field code? string
---@field openid? string the only one who may take it
---@field outer_str? string
---@field fixed_begintimestamp? integer

--- A card for the cardList of wx.addCard (添加卡券); its timestamp is another each time.
---@async
---@param account weiyue.Account
---@param card weiyue.jssdk.Card
---@return { cardId: string, cardExt: string }? card
---@return weiyue.api.Error? err
function jssdk.add_card(account, card) end

--- What wx.chooseCard takes (拉取适用卡券).
---@async
---@param account weiyue.Account
---@param filter? { shop_id?: string, card_type?: string, card_id?: string } default: all cards
---@return table? options shopId, cardType, cardId, timestamp, nonceStr, signType, cardSign
---@return weiyue.api.Error? err
function jssdk.choose_card(account, filter) end

---@class weiyue.jssdk.Options
---@field api? string[] jsApiList, such as "scanQRCode"
---@field open_tags? string[] openTagList, such as "wx-open-launch-weapp"
---@field beta? boolean
---@field debug? boolean WeChat's app shows what each call gives

--- The script, and wx.config for the request's own URL, as HTML: what a page with `jssdk` has in its head.
---@async
---@param req weiyue.Request
---@param options weiyue.jssdk.Options
---@return string html
function jssdk.head(req, options) end

--- Where the scripts of such a page come from.
---@param account weiyue.Account
---@return string[]
function jssdk.csp(account) end

--- What is wrong with the `jssdk` of a page; nil: nothing.
---@param options any
---@return string?
function jssdk.fault(options) end

return jssdk
