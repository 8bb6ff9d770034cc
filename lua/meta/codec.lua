---@meta weiyue.codec
error("lua/meta is for editors, not for require")

--- Signatures, envelopes, pushes and replies of WeChat (签名、加解密、推送、被动回复).
--- Misuse raises; what comes from outside and is wrong gives `nil, err`.
---@class weiyue.codec
local codec = {}

--- What a refusal looks like; `tostring(err)` is "code: message".
---@class weiyue.codec.Error
---@field code string the event in logs, such as "sig.mismatch"
---@field reason string tells apart what one code covers, such as "padding"
---@field message string
---@field hint string what to do, in Chinese
---@field hint_en string
---@field field? string key of a reply that is missing or wrong

---@class weiyue.codec.Account
---@field token string
---@field mode? "plain"|"compatible"|"safe" default "safe" with an aes_key, else "plain"
---@field aes_key? string|string[] EncodingAESKey; a list during rotation (at most 3), the current one first
---@field appid? string when set, the id inside the frame must be this
---@field username? string gh_…; when set, ToUserName must be this
---@field window? integer seconds that a timestamp may be off; default 300

--- Signature of a URL or, with encrypt, of an encrypted message (签名).
---@param token string
---@param timestamp string|integer
---@param nonce string
---@param encrypt? string
---@return string signature 40 lower-case hex digits
function codec.sign(token, timestamp, nonce, encrypt) end

---@class weiyue.codec.Signed
---@field token string
---@field timestamp? string|integer
---@field nonce? string
---@field signature? string
---@field encrypt? string covered as a fourth part
---@field window? number seconds of age allowed; absent: any age
---@field now? number unix seconds; default: the clock

--- Checks a signature in constant time (验证签名).
---@param signed weiyue.codec.Signed
---@return true? ok
---@return weiyue.codec.Error? err
function codec.verify(signed) end

--- Opens an Encrypt (解密); keys are tried in order.
---@param sealed { aes_key: string|string[], encrypt: string, appid?: string }
---@return string? text
---@return string|weiyue.codec.Error receive_id the id inside the frame
---@return integer key which key fitted, from 1
function codec.decrypt(sealed) end

--- Makes an Encrypt (加密); `random` (16 bytes) is for tests only.
---@param message { aes_key: string|string[], text: string, appid: string, random?: string }
---@return string? encrypt base64
---@return weiyue.codec.Error? err
function codec.encrypt(message) end

---@class weiyue.codec.Push
---@field form "xml"|"json"
---@field sealed boolean came encrypted
---@field text string the decoded message as it came
---@field key? integer which key opened it, from 1
---@field receive_id? string the id inside its frame

--- Checks, decrypts and decodes a push (接收推送). Every element stands in the table by WeChat's
--- own name, texts as strings, nested elements as tables, repeated ones as lists.
---@param account weiyue.codec.Account
---@param query string what stands after "?" in the URL
---@param body string
---@param now? number unix seconds
---@return table<string, any>? raw
---@return weiyue.codec.Push|weiyue.codec.Error info
function codec.open(account, query, body, now) end

---@class weiyue.codec.SealOptions
---@field sealed? boolean false: the text leaves as it is
---@field form? "xml"|"json" default "xml"
---@field key? integer default 1
---@field receive_id? string default: the account's appid

--- The envelope of a reply (加密回复), as the push it answers demands.
---@param account weiyue.codec.Account
---@param info weiyue.codec.Push|weiyue.codec.SealOptions
---@param reply string
---@param now? number unix seconds
---@return string? text
---@return weiyue.codec.Error? err
function codec.seal(account, info, reply, now) end

--- Answers the GET that WeChat sends when the URL is saved (验证服务器地址).
---@param account weiyue.codec.Account
---@param query string
---@param now? number unix seconds
---@return string? echostr to be sent back as it is
---@return weiyue.codec.Error? err
function codec.verify_url(account, query, now) end

--- Decodes a message, XML or JSON, without any check of who sent it (解析).
---@param text string
---@return table<string, any>? raw
---@return "xml"|"json"|weiyue.codec.Error form
function codec.parse(text) end

---@class weiyue.codec.Article
---@field title string
---@field description? string
---@field pic_url? string
---@field url? string

---@class weiyue.codec.Reply
---@field type string one of codec.reply_types()
---@field content? string text, device_text, device_event
---@field media_id? string image, voice, video
---@field title? string video, music
---@field description? string video, music
---@field url? string music
---@field hq_url? string music
---@field thumb_media_id? string music
---@field articles? weiyue.codec.Article[] news
---@field account? string transfer: this agent only
---@field event? string device_event
---@field device_type? string
---@field device_id? string
---@field session_id? string
---@field status? string|integer device_status: 0 or 1
---@field view? string hardware
---@field action? string hardware

---@class weiyue.codec.Head
---@field to string openid of the user
---@field from string gh_… of the account
---@field created? number unix seconds; default: the clock
---@field form? "xml"|"json" default "xml"
---@field articles? integer most articles; 1 for messages, 8 (the default) for events

--- Writes a passive reply (被动回复). The second value says what WeChat's limits cut, if anything.
---@param reply weiyue.codec.Reply
---@param head weiyue.codec.Head
---@return string? text
---@return { text_bytes: integer, articles: integer }|weiyue.codec.Error|nil cut
function codec.build(reply, head) end

---@class weiyue.codec.ReplyField
---@field key string as in weiyue.codec.Reply
---@field element string WeChat's name
---@field required boolean
---@field base64 boolean encoded on the way out
---@field number boolean

---@class weiyue.codec.ReplyType
---@field name string
---@field msgtype string WeChat's name
---@field wrap? string the element that holds the fields
---@field fields weiyue.codec.ReplyField[]

--- Every kind of passive reply and its fields (回复类型).
---@return weiyue.codec.ReplyType[]
function codec.reply_types() end

--- Signature of wx.config in the JS-SDK (JS-SDK 签名); the fragment of the url is left out.
---@param options { ticket: string, noncestr: string, timestamp: string|integer, url: string }
---@return string signature
function codec.jssdk_sign(options) end

--- Signature of a card (卡券签名): api_ticket and the other values, in any order.
---@param values (string|integer)[] at most 8
---@return string signature
function codec.card_sign(values) end

--- Whether this is an EncodingAESKey: 43 letters and digits.
---@param key string
---@return true? ok
---@return weiyue.codec.Error? err
function codec.check_aes_key(key) end

return codec
