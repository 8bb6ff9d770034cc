-- Every key of weiyue.lua: type, default, range, meaning in Chinese and English, an example.
-- Data only. check.lua reads it to check a configuration, doc.lua to write the README's tables, the
-- spec to make its cases; nothing about a key is said a second time elsewhere.
--
-- A node has
--   key       its name (nodes in `fields`)
--   type      string number integer boolean enum list table any choice
--   default   value, or absent: the key may be absent; a table's default is its fields' defaults
--   required  true: the key must be set
--   zh, en    what it means
--   example   Lua text of a good value (nodes in `fields` without fields of their own)
--   built     false: not in this build
--   secret    true: the value is never shown in a message
--   unit      "s" or "bytes": also written "5m", "64KiB"
--   min, max  range of a number, bytes of a string, entries of a list
--   names     a sibling's key (which stands before): when that has another value than its default, so
--             has the default of this text, which names it
--   optional  true: an absent table stays absent; else it is filled with its fields' defaults
--   hidden    true: not a row of its own in the tables
--   event     event of its errors, when it is not "config"
--   lone      true: a value that is no table is a list of one
--   free      true (settings of plugins): a string may have blanks at its ends and be empty; any takes anything
--   format    name of a parser of check.lua; pattern: a Lua pattern for the whole string
--   want      what a string should look like, for messages and tables
--   values    of an enum;  item: of a list;  fields: of a table, in order;  by: of a choice, a node per Lua type
--   example_after  Lua text of further keys that the example needs beside it

local capabilities = require "weiyue.capabilities"

local KIB <const> = 1024
local MIB <const> = 1024 * 1024
local GIB <const> = 1024 * 1024 * 1024

local function seconds(key, default, min, max, zh, en)
  return { key = key, type = "number", unit = "s", default = default, min = min, max = max, zh = zh, en = en,
    example = tostring(default) }
end

local function bytes(key, default, min, max, zh, en)
  return { key = key, type = "integer", unit = "bytes", default = default, min = min, max = max, zh = zh, en = en,
    example = tostring(default) }
end

local function count(key, default, min, max, zh, en)
  return { key = key, type = "integer", default = default, min = min, max = max, zh = zh, en = en,
    example = tostring(default) }
end

-- A choice's alternatives show the choice's example when they have none.
local function choice(node)
  node.type = "choice"
  for _, inner in pairs(node.by) do inner.example = inner.example or node.example end
  return node
end

-- Keys that may stand at the top and in an account. The account's copy has no default: it inherits.
local broker <const> = {
  {
    key = "deadline", type = "number", unit = "s", default = 4.5, min = 0.1, max = 4.9, example = "4.5",
    zh = "处理一次推送的时限，告知 msg.deadline（微信等 5 秒）",
    en = "time to answer a push, told as msg.deadline (WeChat waits 5 s)",
  },
  {
    key = "hold_budget", type = "integer", default = 20, min = 0, max = 1000000, example = "20",
    zh = "5 分钟内最多留多少个推送不作答、等微信重试；到约 30 个，微信会屏蔽这个地址一分钟",
    en = "pushes left unanswered in 5 minutes to wait for WeChat's retry; at about 30 WeChat blocks the URL",
  },
  choice {
    key = "apology", default = "稍后再试", example = '"稍后再试"',
    by = {
      string = { type = "string", text = true, max = 2048 },
      boolean = { type = "enum", values = { false } },
    },
    zh = "处理函数出错、排队已满时给用户的回复；false：不回复",
    en = "what the sender gets when a handler fails, or too many of his messages wait; false: nothing",
  },
  {
    key = "mailbox", type = "table",
    zh = "信箱：来不及的答案，用户回复口令时取", en = "mailbox: a late answer is fetched by sending a word",
    fields = {
      { key = "word", type = "string", max = 64, default = "继续", example = '"继续"', zh = "取信口令", en = "the word" },
      { key = "waiting", type = "string", text = true, max = 2048, default = "正在处理，回复“继续”查看", names = "word",
        example = '"正在处理，回复“继续”查看"', zh = "等待时的提示",
        en = "what the sender is told meanwhile" },
      { key = "more", type = "string", text = true, max = 512, default = "（未完，回复“继续”看下一页）", names = "word",
        example = '"（未完，回复“继续”看下一页）"', zh = "长文字分页时每页的结尾",
        en = "the end of each page of a long text but the last" },
      { key = "gone", type = "string", text = true, max = 2048, default = "等您的答案没能留住，请重新发送",
        example = '"等您的答案没能留住，请重新发送"', zh = "要取的答案因 limits.mailbox 已满而没有留住时的回复",
        en = "what the sender gets for the word when the answer had to go, since limits.mailbox was full" },
    },
  },
  {
    key = "user_cache", type = "number", unit = "s", default = 3600, min = 0, max = 30 * 86400, example = '"1h"',
    zh = "msg:user() 的结果在存储里保留多久；0：每次都问微信",
    en = "how long the store keeps what msg:user() has asked; 0: WeChat is asked each time",
  },
  choice {
    key = "forget", default = 86400, example = '"7d"',
    by = {
      number = { type = "number", unit = "s", min = 0, max = 3650 * 86400, example = "86400" },
      string = { type = "number", unit = "s", min = 0, max = 3650 * 86400, example = '"7d"' },
      boolean = { type = "enum", values = { false } },
    },
    zh = "用户取消关注、撤回或注销授权后多久删除他的所有数据；其间再次关注则不删（仅限取消关注）；false：从不自动删除",
    en = "when all that is kept of a user is deleted after he leaves, revokes or cancels an authorisation; who left "
      .. "and follows again before keeps it; false: never by itself",
  },
}

local function inherited(node)
  local copy = {}
  for k, v in pairs(node) do copy[k] = v end
  copy.default, copy.names = nil, nil
  copy.zh = copy.zh .. "；不写则用全局的" .. (node.names and "，换上此账号的 " .. node.names or "")
  copy.en = copy.en .. "; absent: the global one" .. (node.names and " with this account's " .. node.names or "")
  if node.fields then
    copy.optional = true -- an absent table stays absent instead of being filled with defaults
    copy.fields = {}
    for i, field in ipairs(node.fields) do copy.fields[i] = inherited(field) end
  end
  return copy
end

local can <const>, can_names <const> = {}, {}
for i, row in ipairs(capabilities.rows) do
  can[i] = { key = row[1], type = "boolean", example = "true", hidden = true }
  can_names[i] = row[1]
end

local key_text <const> = {
  type = "string", format = "aes_key", secret = true, max = 4096, event = "config.aeskey",
  example = 'env "WX_AES_KEY"',
  want = { zh = "43 个字符 [A-Za-z0-9]", en = "43 characters of [A-Za-z0-9]" },
}

local account <const> = {
  {
    key = "id", type = "string", pattern = "[a-z0-9_-]+", max = 64, example = '"demo"',
    want = { zh = "只含 a-z 0-9 _ -", en = "only a-z 0-9 _ -" },
    zh = "账号在本机的名字；只有一个账号时可省，为 default", en = "the account's name on this host; `default` when it is the only one",
  },
  {
    key = "url", type = "string", format = "url", max = 1024, secret = true, example = '"https://wx.example.cn"',
    want = { zh = "http(s)://主机[:端口][/前缀]", en = "http(s)://host[:port][/prefix]" },
    zh = "对外地址；相对链接由它补全", en = "the public address; relative links resolve with it",
  },
  {
    key = "path", type = "string", format = "path", max = 256, default = "/wx", example = '"/wx"',
    want = { zh = "以 / 开头的路径", en = "a path that opens with /" },
    zh = "微信推送到的路径", en = "where WeChat pushes to",
  },
  {
    key = "kind", type = "enum", values = { "subscription", "service", "mini", "component" }, default = "subscription",
    example = '"service"', zh = "订阅号、服务号、小程序、第三方平台",
    en = "subscription account, service account, mini program, third-party platform",
  },
  {
    key = "verified", type = "boolean", default = false, example = "true", zh = "是否已认证", en = "verified by WeChat",
  },
  {
    key = "can", type = "table", optional = true, fields = can, example = "{ oauth = true }",
    default_text = { zh = "由 kind、verified 得出", en = "by kind and verified" },
    zh = "逐项改写能力：" .. table.concat(can_names, "、"),
    en = "overrides, one by one, what the account may do: " .. table.concat(can_names, ", "),
  },
  {
    key = "username", type = "string", pattern = "[%w_-]+", max = 64, example = '"gh_0123456789ab"',
    want = { zh = "原始 ID，gh_ 开头", en = "the original id, gh_…" },
    zh = "原始 ID；写了则拒收发给别人的推送", en = "the original id; when set, a push to another ToUserName is refused",
  },
  {
    key = "appid", type = "string", pattern = "[%w_-]+", max = 64, example = '"wxtest0123456789ab"',
    want = { zh = "AppID，只含字母数字 _ -", en = "the AppID, only letters, digits, _ -" },
    zh = "AppID；安全模式下核对密文里的 AppID", en = "the AppID; checked against the one in an encrypted push",
  },
  {
    key = "secret", type = "string", format = "secret", max = 128, secret = true, example = 'env "WX_SECRET"',
    want = { zh = "只含字母数字 _ -", en = "only letters, digits, _ -" },
    zh = "AppSecret", en = "the AppSecret",
  },
  {
    key = "token", type = "string", format = "token", min = 3, max = 32, required = true, secret = true,
    example = 'env "WX_TOKEN"', want = { zh = "字母和数字", en = "letters and digits" },
    zh = "服务器配置里的令牌 Token", en = "the Token of the server settings",
  },
  choice {
    key = "aes_key", secret = true, event = "config.aeskey", example = 'env "WX_AES_KEY"',
    by = {
      string = key_text,
      table = { type = "list", min = 1, max = 3, item = key_text, secret = true, event = "config.aeskey" },
    },
    zh = "消息加解密密钥 EncodingAESKey；更换期间写成列表，当前的在前",
    en = "the EncodingAESKey; a list while it is being changed, the current one first",
  },
  {
    key = "mode", type = "enum", values = { "plain", "compatible", "safe" }, example = '"safe"',
    example_after = 'aes_key = env "WX_AES_KEY"', default_text = {
      zh = '有 aes_key 时 `"safe"`，否则 `"plain"`', en = '`"safe"` with an aes_key, else `"plain"`' },
    zh = "消息加解密方式：明文、兼容、安全", en = "message encryption: plain, compatible, safe",
  },
  {
    key = "api", type = "string", format = "url", max = 1024, secret = true,
    default = "https://api.weixin.qq.com", example = '"https://api.weixin.qq.com"',
    want = { zh = "http(s)://主机[:端口][/前缀]", en = "http(s)://host[:port][/prefix]" },
    zh = "微信接口的地址", en = "where WeChat's API is",
  },
  {
    key = "open", type = "string", format = "url", max = 1024, default = "https://open.weixin.qq.com",
    example = '"https://open.weixin.qq.com"',
    want = { zh = "http(s)://主机[:端口][/前缀]", en = "http(s)://host[:port][/prefix]" },
    zh = "网页授权页的地址", en = "where WeChat's OAuth pages are",
  },
  {
    key = "mp", type = "string", format = "url", max = 1024, default = "https://mp.weixin.qq.com",
    example = '"https://mp.weixin.qq.com"',
    want = { zh = "http(s)://主机[:端口][/前缀]", en = "http(s)://host[:port][/prefix]" },
    zh = "mp.weixin.qq.com 的地址（二维码图片、授权页）", en = "where mp.weixin.qq.com is (pictures of QR codes, authorisation)",
  },
  {
    key = "jweixin", type = "string", format = "url", max = 1024,
    default = "https://res.wx.qq.com/open/js/jweixin-1.6.0.js",
    example = '"https://res.wx.qq.com/open/js/jweixin-1.6.0.js"',
    want = { zh = "http(s)://主机[:端口]/路径", en = "http(s)://host[:port]/path" },
    zh = "JS-SDK 脚本的地址", en = "where the script of the JS-SDK is",
  },
  choice {
    key = "access_token", default = "stable", example = '"stable"',
    by = {
      string = { type = "enum", values = { "stable", "classic" } },
      table = {
        type = "table",
        fields = {
          { key = "url", type = "string", format = "url", max = 1024, required = true, secret = true,
            want = { zh = "http(s)://主机[:端口][/路径]", en = "http(s)://host[:port][/path]" },
            example = '"http://10.0.0.5:8081/token"', zh = "中控服务器的地址", en = "the address of a token server" },
          { key = "key", type = "string", max = 256, secret = true, example = 'env "TOKEN_KEY"',
            example_after = 'url = "http://10.0.0.5:8081/token"',
            zh = "它的密钥，放在 Authorization: Bearer 里", en = "its key, sent as Authorization: Bearer" },
          { key = "account", type = "string", max = 64, example = '"demo"',
            example_after = 'url = "http://10.0.0.5:8081/token"',
            zh = "账号在那里的名字；不写：同名", en = "the account's name there; absent: the same" },
        },
      },
    },
    zh = "access_token 从哪里来：stable_token 接口、老的 token 接口、中控服务器",
    en = "where access_token comes from: stable_token, the classic interface, a token server",
  },
  {
    key = "quota", type = "any", example = '{ ["message_custom.send"] = 1000000 }',
    zh = "微信给这个账号的每日次数与通常的不同时，按接口写", en = "calls a day, by API, where WeChat grants others than it usually does",
  },
  {
    key = "authorizers", type = "string", format = "appid_path", max = 256, default = "/wx/:appid",
    example = '"/wx/:appid"',
    want = { zh = "以 / 开头、含 :appid 的路径", en = "a path that opens with / and has :appid" },
    zh = "第三方平台：授权账号的消息推送到的路径（微信那边写 $APPID$）",
    en = "of a third-party platform: where messages of its authorizers are pushed to ($APPID$ at WeChat's side)",
  },
  choice {
    key = "plugins", default = "all", example = '{ "shop" }',
    by = {
      string = { type = "enum", values = { "all" } },
      table = { type = "list", max = 1000, item = { type = "string", max = 4096, example = '"shop"' } },
    },
    zh = "此账号用哪些插件（名字或路径）", en = "the plugins of this account (names or paths)",
  },
}
for _, node in ipairs(broker) do account[#account + 1] = inherited(node) end

local plugin <const> = choice {
  example = '"plugins/shop"',
  by = {
    string = { type = "string", max = 4096 },
    table = {
      type = "table",
      fields = {
        { key = "path", type = "string", max = 4096, required = true, example = '"plugins/shop"',
          zh = "插件的文件或文件夹", en = "the plugin's file or folder" },
        { key = "config", type = "any", secret = true, example = '{ erp = env "ERP" }',
          example_after = 'path = "plugins/shop"',
          zh = "插件自己的设置", en = "the plugin's own settings" },
      },
    },
  },
}

local limits <const> = {
  seconds("header_time", 10, 0.01, 3600, "收完请求头的时限", "a request head must be complete within"),
  seconds("body_time", 10, 0.01, 3600, "收完正文的时限（另加按 body_rate 的时间）",
    "a body must be complete within (plus its time at body_rate)"),
  { key = "body_rate", type = "integer", unit = "bytes", default = 500, min = 1, max = GIB, example = "500",
    zh = "正文每秒至少的字节数", en = "a body's slowest speed, bytes per second" },
  seconds("idle", 30, 0.01, 86400, "空闲连接保留多久", "an idle connection is kept for"),
  seconds("write_stall", 15, 0.01, 3600, "对方不收数据多久就断开", "a peer that takes no data is dropped after"),
  bytes("target", 8192, 64, MIB, "请求行里地址的长度", "length of the request target"),
  bytes("header", 16384, 256, MIB, "请求头总长", "size of the request head"),
  count("fields", 100, 1, 10000, "请求头的字段数", "number of header fields"),
  bytes("chunk_overhead", 16384, 64, MIB, "分块传输的附加字节", "bytes that chunked coding may add to a request"),
  bytes("push", 65536, 256, 16 * MIB, "一次推送的正文", "body of a push"),
  bytes("json", MIB, 256, 64 * MIB, "JSON 与表单的正文（页面）", "body of a JSON request or a form (pages)"),
  count("json_depth", 32, 1, 500, "JSON 嵌套层数", "nesting of JSON"),
  bytes("upload", 10 * MIB, 1024, GIB, "上传的总大小", "size of an upload"),
  count("parts", 64, 1, 10000, "上传的分段数", "parts of an upload"),
  count("streams", 1000, 1, 1000000, "页面同时发送的流（含 SSE）", "streams that pages send at a time (server-sent events too)"),
  count("pipeline", 16, 1, 1024, "一个连接上排队的请求数", "requests queued on one connection"),
  count("connections", 12000, 1, 1000000, "连接总数", "connections in all"),
  count("per_address", 256, 1, 1000000, "每个客户端地址的连接数（本机不限）",
    "connections per client address (loopback is exempt)"),
  bytes("write_queue", MIB, 4 * KIB, GIB, "每个连接待发送的字节", "bytes waiting to be sent per connection"),
  count("queue", 16, 1, 1024, "同一用户的消息在处理时，最多还有几条排队",
    "messages of one user that wait while one is handled"),
  bytes("inbox", 32 * MIB, MIB, 16 * GIB, "记住推送以认出重试", "what is remembered of pushes to recognise retries"),
  bytes("mailbox", 8 * MIB, 64 * KIB, 4 * GIB, "信箱里未读的答案", "unread answers in the mailbox"),
  bytes("shared", 8 * MIB, 64 * KIB, 4 * GIB, "wx.shared 的内存", "memory of wx.shared"),
  seconds("window", 300, 1, 86400, "推送的时间戳最多差多久", "a push's timestamp may be off by"),
  seconds("slice", 0.002, 0.0001, 1, "插件连续运行多久就让出", "a plugin yields after running for"),
  seconds("slice_max", 0.2, 0.001, 10, "不能让出处连续运行的上限", "longest run where it cannot yield"),
  seconds("cpu", 1, 0.01, 3600, "一个任务的处理器时间", "processor time of a task"),
  seconds("wall", 60, 0.1, 86400, "一个任务的总时间", "duration of a task"),
  bytes("lua_memory", 64 * MIB, 4 * MIB, 16 * GIB, "每个 Lua 状态的内存", "memory of a Lua state"),
  count("timers", 1000, 1, 1000000, "一个插件同时有多少个定时器（wx.after、wx.every、wx.at）",
    "timers of one plugin at a time (wx.after, wx.every, wx.at)"),
  count("tasks", 1000, 1, 1000000, "一个插件用 wx.spawn 同时开多少个任务",
    "tasks that one plugin has spawned at a time (wx.spawn)"),
  count("calls", 100, 1, 100000, "一个插件在每个工作线程上同时有多少个 HTTP 请求",
    "HTTP calls of one plugin at a time, per worker"),
}

local http <const> = {
  { key = "allow", type = "list", max = 1000, default = {},
    example = '{ "10.0.0.5", "intranet.example", "10.1.0.0/16" }',
    item = { type = "string", format = "destination", max = 253, example = '"10.0.0.5"',
      want = { zh = "IP、IP/位数或主机名", en = "IP, IP/BITS or a host name" } },
    zh = "插件可以访问哪些内网地址；公网地址都可以，其他一律拒绝",
    en = "internal addresses that plugins may call; those of the internet are open, all others refused" },
  seconds("timeout", 10, 0.01, 3600, "一次请求的总时限", "a call must be over within"),
  seconds("connect_timeout", 3, 0.01, 3600, "建立连接的时限", "a connection must stand within"),
  bytes("max", MIB, 1, 64 * MIB, "答复正文（解压后）的上限", "body of an answer, decoded"),
  count("calls", 1000, 1, 100000, "每个工作线程同时的请求数，超过的立即失败",
    "calls at a time, per worker; more fail at once"),
  count("connections", 256, 1, 100000, "每个工作线程的连接数", "connections per worker"),
  count("per_host", 32, 1, 100000, "其中到同一主机的；更多的请求排队", "of these to one host; more calls wait"),
  { key = "ca", type = "string", max = 4096, example = '"ca.pem"', zh = "可信 CA 证书的文件，代替系统的；证书总要验证",
    en = "file of the CA certificates to trust instead of the system's; they are verified always" },
}

local fields <const> = {
  {
    key = "listen", type = "string", format = "address", max = 64, default = "0.0.0.0:8080",
    example = '"0.0.0.0:8080"',
    want = { zh = "地址:端口、[IPv6]:端口 或 :端口", en = "ADDR:PORT, [IPv6]:PORT or :PORT" },
    zh = "在哪里接受连接；端口 0：任选", en = "where to accept connections; port 0: any free one",
  },
  choice {
    key = "admin", default = "127.0.0.1:8081", example = '"127.0.0.1:8081"',
    by = {
      string = { type = "string", format = "address", max = 64, want = { zh = "地址:端口", en = "ADDR:PORT" } },
      boolean = { type = "enum", values = { false } },
    },
    zh = "管理接口的地址；false：没有", en = "where the management interface listens; false: nowhere",
  },
  { key = "token_server", type = "boolean", default = false, example = "true",
    zh = "在管理接口上提供 GET /token：其他程序从这里取 access_token（中控服务器）",
    en = "GET /token on the management interface: other programs have access_token from here" },
  choice {
    key = "workers", default = "auto", example = "1",
    by = {
      string = { type = "enum", values = { "auto" } },
      number = { type = "integer", min = 1, max = 256 },
    },
    zh = "工作线程数；auto：每个处理器核心一个", en = "number of worker threads; auto: one per core",
  },
  choice {
    key = "store", secret = true, example = '"sqlite:weiyue.db"',
    default = { url = "sqlite:weiyue.db", durability = "full" }, default_text = {
      zh = '`"sqlite:weiyue.db"`', en = '`"sqlite:weiyue.db"`' },
    by = {
      string = { type = "string", format = "store", max = 1024, secret = true,
        want = { zh = "memory、sqlite:文件 或 redis://…", en = "memory, sqlite:FILE or redis://…" } },
      table = {
        type = "table",
        fields = {
          { key = "url", type = "string", format = "store", max = 1024, required = true, secret = true,
            want = { zh = "memory、sqlite:文件 或 redis://…", en = "memory, sqlite:FILE or redis://…" },
            example = '"redis://127.0.0.1:6379/0"', zh = "存储的地址", en = "where the store is" },
          { key = "durability", type = "enum", values = { "full", "normal" }, default = "full", example = '"full"',
            example_after = 'url = "redis://127.0.0.1:6379/0"',
            zh = "断电时是否保住最后的写入", en = "whether the last writes survive a power failure" },
        },
      },
    },
    zh = "数据存在哪里", en = "where data is kept",
  },
  {
    key = "lua_path", type = "list", max = 64, default = { "lib/?.lua" }, example = '{ "lib/?.lua" }',
    item = { type = "string", format = "template", max = 4096, example = '"lib/?.lua"',
      want = { zh = "含 ? 的路径", en = "a path with a ?" } },
    zh = "到哪里找纯 Lua 库", en = "where pure-Lua libraries are looked for",
  },
  {
    key = "c_modules", type = "list", max = 100, default = {}, example = '{ "lpeg" }',
    item = { type = "string", pattern = "[%w_][%w_.-]*", max = 100, example = '"lpeg"',
      want = { zh = "模块名", en = "the name of a module" } },
    zh = "插件可以 require 的 C 模块（每个工作线程各装一次）", en = "C modules that plugins may require (loaded by each worker)",
  },
  {
    key = "proxies", type = "list", max = 256, default = { "127.0.0.1" }, example = '{ "127.0.0.1", "10.0.0.0/8" }',
    item = { type = "string", format = "cidr", max = 64, example = '"10.0.0.0/8"',
      want = { zh = "IP 或 IP/位数", en = "IP or IP/BITS" } },
    zh = "谁的 X-Forwarded-* 可信", en = "whose X-Forwarded-* counts",
  },
  choice {
    key = "hosts", default = "auto", example = '{ "wx.example.cn" }',
    by = {
      string = { type = "enum", values = { "auto", "any" } },
      table = { type = "list", min = 1, max = 1000, item = { type = "string", format = "host", max = 255,
        example = '"wx.example.cn"', want = { zh = "主机名或 IP", en = "a host name or IP" } } },
    },
    zh = "接受哪些 Host，其余答 421；auto：各账号 url 的主机、监听地址、本机回环地址和 localhost，都没有 url 则不限",
    en = "Host values served, else 421; auto: hosts of the accounts' urls, the listen address, loopback; no url: any",
  },
  { key = "state", type = "string", max = 4096, default = ".weiyue", example = '".weiyue"',
    zh = "运行状态的文件夹", en = "folder of the host's own state" },
  { key = "limits", type = "table", fields = limits, zh = "各种上限", en = "limits" },
  { key = "http", type = "table", fields = http, zh = "向外的 HTTP 请求（wx.http 与微信接口）",
    en = "HTTP calls that leave (wx.http, WeChat's API)" },
  {
    key = "plugins", type = "plugins", max = 1000, item = plugin.by.string, named = plugin,
    default = { "plugins/*.lua" }, example = '{ "plugins/*.lua", shop = { path = "plugins/shop" } }',
    zh = "插件：路径、通配、weiyue:名字，或 名字 = 路径", en = "plugins: paths, globs, weiyue:NAME, or name = path",
  },
  { key = "accounts", type = "list", max = 1000, default = {},
    item = { type = "table", secret = true, fields = account }, example = '{ { token = env "WX_TOKEN" } }',
    zh = "账号", en = "the accounts" },
  {
    key = "reload", type = "table", zh = "重新装载", en = "reloading",
    fields = {
      { key = "watch", type = "boolean", default = true, example = "true",
        zh = "保存文件即重新装载", en = "reload when a file is saved" },
      { key = "specs", type = "boolean", default = false, example = "false",
        zh = "先跑通插件自己的测试才换上：文件夹插件的 spec/*_spec.lua，单文件插件旁边的 NAME_spec.lua",
        en = "the plugins' own specs must pass first: spec/*_spec.lua of a folder, NAME_spec.lua beside a file" },
      { key = "canary", type = "table", zh = "灰度", en = "canary", fields = {
        { key = "percent", type = "number", min = 0, max = 100, default = 0, example = "5",
          zh = "先给百分之几的用户用", en = "share of users that get the new one first, in percent" },
        { key = "openids", type = "list", max = 10000, default = {}, example = '{ "otest" }',
          item = { type = "string", max = 128, example = '"otest"' },
          zh = "先给这些用户用", en = "users that get the new one first" },
      } },
    },
  },
  {
    key = "log", type = "table", zh = "日志", en = "logging",
    fields = {
      { key = "level", type = "enum", values = { "debug", "info", "warn", "error" }, default = "info",
        example = '"info"', zh = "记到哪一级", en = "lowest level written" },
      { key = "format", type = "enum", values = { "text", "json" }, default = "text",
        example = '"text"', zh = "每行的写法", en = "form of a line" },
      { key = "file", type = "string", max = 4096, example = '"weiyue.log"',
        zh = "写到这个文件；不写：标准错误", en = "the file they are written to; absent: stderr" },
    },
  },
}
for _, node in ipairs(broker) do fields[#fields + 1] = node end

return { type = "table", fields = fields, inherited = broker }
