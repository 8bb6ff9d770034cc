-- WeChat's return codes: what each means, what to do about it. One line each: code, class, in Chinese, in English. They
-- stay text until one is asked for: most hosts need few of them.
-- luacheck: no max string line length

local M = {}

local CODES <const> = "\n" .. [[
-1 retry_later | 系统繁忙，稍等再试 | server busy, repeat after a short wait
0 other | 成功 | success
1003 invalid_argument | POST 参数不被接受（第三方平台接口） | POST parameters rejected (component calls)
40001 refresh_token | access_token 被拒绝，或已被更新的取代；出现在 token.get 时是 AppSecret 错 | token rejected or superseded by a newer one; the same code means a wrong AppSecret when it comes from token.get: do not loop
40002 invalid_argument | grant_type 不认识 | unknown grant_type
40003 invalid_argument | openid 不属于这个账号 | openid unknown to this account
40004 media | 媒体类型不允许 | media type not allowed
40005 media | 文件类型不允许 | file type not allowed
40006 media | 文件大小不允许 | file size not allowed
40007 media | media_id 不存在或已过期 | media_id unknown or expired
40008 invalid_argument | 消息类型不允许 | message type not allowed
40009 media | 图片太大 | image too large
40010 media | 语音文件太大 | voice file too large
40011 media | 视频太大 | video too large
40012 media | 缩略图太大 | thumb too large
40013 invalid_argument | appid 错误（区分大小写） | appid wrong (case matters)
40014 refresh_token | access_token 不合规或已失效 | access_token malformed or dead
40015 menu | 菜单类型不允许 | menu type not allowed
40016 menu | 按钮个数不对 | wrong number of buttons
40017 menu | 按钮类型不允许 | button type not allowed
40018 menu | 按钮名字长度不对 | button name length
40019 menu | 按钮 key 长度不对 | button key length
40020 menu | 按钮 url 长度不对 | button url length
40021 menu | 菜单版本不存在 | menu version unknown
40022 menu | 菜单级数太多 | too many menu levels
40023 menu | 子菜单按钮个数不对 | wrong number of sub buttons
40024 menu | 子菜单按钮类型不允许 | sub button type not allowed
40025 menu | 子菜单按钮名字长度不对 | sub button name length
40026 menu | 子菜单按钮 key 长度不对 | sub button key length
40027 menu | 子菜单按钮 url 长度不对 | sub button url length
40028 menu | 自定义菜单的用户不允许 | menu user not allowed
40029 user_state | 网页授权或登录的 code 无效：让用户重新登录 | oauth or login code invalid: send the user through login again
40030 user_state | 网页授权的 refresh_token 无效：要重新授权 | oauth refresh_token invalid: new authorization needed
40031 invalid_argument | openid 列表格式不对 | openid list malformed
40032 invalid_argument | openid 列表太长或太短 | openid list too long or too short
40033 invalid_argument | 请求体里有 \uXXXX 转义，应发原样的 UTF-8 | \uXXXX escapes in the body, send raw UTF-8
40034 invalid_argument | 模板大小不对 | template size
40035 invalid_argument | 参数不被接受 | parameter rejected
40036 invalid_argument | template_id 长度不对 | template_id length
40037 invalid_argument | template_id 不存在 | template_id unknown
40038 invalid_argument | 请求格式不对 | request format
40039 invalid_argument | url 长度不对 | url length
40048 invalid_argument | url 不允许 | url not allowed
40050 invalid_argument | 分组 id 不存在 | group id unknown
40051 invalid_argument | 分组名字不允许 | group name not allowed
40052 invalid_argument | action_name 不认识 | action name unknown
40053 invalid_argument | action_info 格式不对 | action info malformed
40054 menu | 子菜单按钮 url 的域名不允许 | sub button url domain not allowed
40055 menu | 菜单按钮 url 的域名不允许 | button url domain not allowed
40059 invalid_argument | 消息 id 不存在 | msg id unknown
40060 invalid_argument | article_idx 超出范围 | article_idx out of range
40066 invalid_argument | 接口地址不对（多半是路径写错），或页面链接不允许 | API URL wrong (often a mistyped path), or page link not allowed
40073 invalid_argument | card_id 不存在 | card_id unknown
40078 invalid_argument | 卡券当前状态不允许这样做 | card status does not permit this
40079 invalid_argument | 时间不被接受 | time rejected
40089 permission | 平台 id 不存在 | platform id unknown
40090 ip_whitelist | 客户端 IP 不被接受 | client IP not accepted
40091 permission | 第三方平台的 ticket 无效 | component ticket invalid
40094 permission | 第三方平台的凭据无效 | component credential invalid
40095 permission | 调用来源不被接受 | caller source not accepted
40097 invalid_argument | 参数不被接受 | parameter rejected
40098 invalid_argument | poi_id 不存在 | poi_id unknown
40099 user_state | 卡券 code 已被核销 | card code already consumed
40101 invalid_argument | 缺少参数 | parameter missing
40102 invalid_argument | 行业 id 不存在 | industry id unknown
40113 media | 文件类型不支持 | unsupported file type
40114 invalid_argument | index 超出范围 | index out of range
40116 invalid_argument | 卡券 code 不存在 | card code unknown
40117 invalid_argument | 分组名字不允许 | group name not allowed
40118 media | media_id 长度不对 | media_id length
40119 menu | 按钮类型不允许 | button type not allowed
40120 menu | 子菜单按钮类型不允许 | sub button type not allowed
40121 media | media_id 的种类不对 | media_id of the wrong kind
40122 invalid_argument | 卡券数量不对 | card quantity
40125 permission | AppSecret 错误（是否重置过？） | AppSecret wrong (was it reset?)
40127 user_state | 用户的卡券已不在、过期或被停用 | the user's card is gone, expired or disabled
40128 media | media_id 必须来自 material.add | media_id must come from material.add
40130 invalid_argument | 群发至少要两个 openid | mass send needs two openids at least
40131 quota | 票数已达上限 | ticket limit reached
40132 invalid_argument | 微信号格式不对 | wechat id malformed
40133 invalid_argument | 加密数据不被接受 | encrypted data rejected
40137 media | 图片格式不支持 | image format not supported
40155 invalid_argument | 链接了别的公众号的主页 | link to another account's home page
40163 user_state | 网页授权的 code 已用过：让用户重新登录 | oauth code already used: send the user through login again
40164 ip_whitelist | 调用方 IP 不在账号的白名单里；消息里写着这个 IP | caller IP is not on the account's list; the message names the IP
40165 invalid_argument | 小程序页面路径不被接受 | mini-program page path rejected
40166 invalid_argument | 小程序 appid 不存在 | mini-program appid unknown
40169 invalid_argument | scene 的长度或格式不对 | scene length or format
40185 user_state | auth_token 已过期 | auth_token expired
40203 invalid_argument | check_operator 不认识 | check_operator unknown
40222 invalid_argument | 地区接口域名不被接受 | regional API domain not accepted
40226 user_state | 高风险用户，登录被拦截 | high-risk user blocked at login
40229 media | 缺少封面 | media cover missing
40243 permission | AppSecret 被冻结，到后台解冻 | AppSecret frozen, thaw it in the console
41001 refresh_token | 缺少 access_token：客户端的错，取一个再重发一次 | access_token parameter missing: client bug, get one and repeat once
41002 invalid_argument | 缺少 appid | appid missing
41003 invalid_argument | 缺少 refresh_token | refresh_token missing
41004 invalid_argument | 缺少 secret | secret missing
41005 media | 上传里没有文件部分 | no file part in the upload
41006 invalid_argument | 缺少 media_id | media_id missing
41007 menu | 缺少子菜单数据 | sub menu data missing
41008 invalid_argument | 缺少网页授权的 code | oauth code missing
41009 invalid_argument | 缺少 openid | openid missing
41010 invalid_argument | 缺少 url | url missing
41011 invalid_argument | 缺少必填字段 | required fields missing
41012 invalid_argument | 缺少 card_id | card_id missing
41013 invalid_argument | 缺少 code | code missing
41018 invalid_argument | 缺少 component_appid | component_appid missing
41021 refresh_token | 缺少 component_access_token | component_access_token missing
41028 invalid_argument | form_id 无效 | form_id invalid
41030 invalid_argument | 页面路径不在已发布的小程序里 | page path not in the published mini-program
42001 refresh_token | access_token 已过期 | access_token expired
42002 user_state | 网页授权的 refresh_token 已过期：要重新授权 | oauth refresh_token expired: new authorization needed
42003 user_state | 网页授权的 code 已过期：让用户重新登录 | oauth code expired: send the user through login again
42004 refresh_token | 插件 token 已过期 | plugin token expired
42005 permission | 这个接口的使用期已过 | use of this API expired
42006 refresh_token | component_access_token 已过期 | component_access_token expired
42007 user_state | 用户改了密码：网页授权的 token 作废，要重新授权 | user changed password: oauth tokens void, authorize again
42009 refresh_token | 客户端临时 token 已过期 | client temporary token expired
43001 invalid_argument | 必须用 GET | must be GET
43002 invalid_argument | 必须用 POST | must be POST
43003 invalid_argument | 必须用 https | must be https
43004 user_state | 接收者没有关注 | receiver does not follow the account
43005 user_state | 需要好友关系 | friend relation needed
43009 permission | 没有自定义卡券 code 的权限 | custom card code not authorized
43010 permission | 没有卡券储值的权限 | card balance not authorized
43011 permission | 没有卡券积分的权限 | card bonus not authorized
43012 permission | 没有卡券自定义跳转的权限 | card custom url not authorized
43016 permission | 小程序没有认证 | mini-program not verified
43019 user_state | 接收者在黑名单里 | receiver is on the blacklist
43100 rate_limited | 模板改得太频繁 | template changed too often
43101 user_state | 用户拒绝或取消了订阅 | user refused or withdrew the subscription
43102 invalid_argument | 模板不是订阅类的 | template is not of the subscription kind
43104 permission | 这个 appid 不能用该模板 | appid may not use this template
43106 permission | 添加模板的能力被处罚封禁 | template adding blocked as a penalty
44001 media | 上传的文件是空的 | uploaded file empty
44002 invalid_argument | POST 的内容是空的 | POST body empty
44003 invalid_argument | 图文内容是空的 | article content empty
44004 invalid_argument | 文本内容是空的 | text content empty
45001 media | 文件超过上限 | file over the limit
45002 invalid_argument | 内容太长 | content too long
45003 invalid_argument | 标题太长 | title too long
45004 invalid_argument | 描述太长 | description too long
45005 invalid_argument | 链接太长 | link too long
45006 invalid_argument | 图片链接太长 | picture link too long
45007 media | 语音太长 | voice too long
45008 invalid_argument | 图文条数太多 | too many articles
45009 quota | 调用额度用完（按天；有的接口按分钟）：等它恢复，或清零 | call quota used up (daily; per minute for some calls): stop until it resets, or clear_quota
45010 menu | 菜单太多 | too many menus
45011 rate_limited | 达到每分钟的限制，放慢，下一分钟再试 | per-minute limit hit, slow down and repeat the next minute
45015 user_state | 48 小时的回复窗口已关 | 48-hour reply window closed
45016 invalid_argument | 系统分组不能改 | system group is read-only
45017 invalid_argument | 分组名字太长 | group name too long
45018 quota | 分组太多 | too many groups
45019 invalid_argument | openid 太多 | too many openids
45021 invalid_argument | 某个字段太长 | some field too long
45026 quota | 模板数量已达上限 | template count at its limit
45027 invalid_argument | 模板与行业不符 | template and industry do not match
45028 quota | 没有群发次数了 | no mass send left
45029 quota | 二维码数量已达上限 | QR code count at its limit
45031 user_state | 卡券库存用完 | card stock exhausted
45033 user_state | 用户已领到允许的张数 | user already holds the permitted number
45035 ip_whitelist | 调用方 IP 没有登记 | caller IP not registered
45037 user_state | 与这个用户没有临时会话 | no temporary session with this user
45040 quota | 达到本月额度 | monthly quota reached
45047 quota | 自用户上次动作以来，发给他的客服消息太多 | too many customer messages to this user since the last user action
45056 quota | 标签太多 | too many tags
45057 invalid_argument | 标签的粉丝太多，不能删 | tag has too many fans to delete
45058 invalid_argument | 系统标签不能改 | system tag is read-only
45059 quota | 用户身上已有 20 个标签 | user already carries 20 tags
45060 media | 素材在使用中，不能删 | material is in use, cannot delete
45061 rate_limited | 更新太频繁 | updated too often
45063 refresh_token | token 属于另一种类型的账号 | token belongs to an account of another type
45064 menu | 菜单指向没有关联的小程序 | menu points at a mini-program not linked
45065 other | clientmsgid 已用过；返回里有第一次的 msg_id：当作已发送 | clientmsgid already used; the reply carries the first msg_id: treat as sent
45066 rate_limited | 同一个 clientmsgid 一分钟内重试 | same clientmsgid retried within a minute
45067 invalid_argument | clientmsgid 太长 | clientmsgid too long
45072 invalid_argument | 输入状态的 command 不认识 | typing command unknown
45080 user_state | “正在输入”要求用户 30 秒内有过互动 | typing needs user contact within 30 s
45081 user_state | 已经处在输入状态 | already in typing state
45083 invalid_argument | 群发速度不在 0..4 | mass speed outside 0..4
45084 invalid_argument | 缺少群发速度 | mass speed missing
45085 retry_later | 群发速度服务出错 | mass speed server error
45087 permission | 这个账号的客服消息被封禁 | customer messages of this account are blocked
45093 quota | 没有消息额度了 | no message quota left
45094 permission | 进入会话时不许发客服消息（处罚） | no customer message allowed on session entry, penalty
45102 retry_later | 接口被暂时封禁 | API blocked for a while
45103 other | 接口已停用（material.add_news 自 2022 年起返回它） | API switched off (material.add_news answers this since 2022)
45104 quota | 域名额度已满 | domain quota reached
45157 invalid_argument | 标签名不允许或重复 | tag name not allowed or duplicate
45158 invalid_argument | 标签名太长 | tag name too long
45159 invalid_argument | 标签 id 不存在 | tag id unknown
45501 retry_later | 这个应用的请求被暂时封禁 | requests of the app blocked for a while
46001 media | 媒体不存在 | media does not exist
46002 menu | 菜单版本不存在 | menu version does not exist
46003 menu | 还没有菜单：是空结果，不是失败 | no menu yet: an empty result, not a failure
46004 user_state | 用户不存在 | user does not exist
46005 invalid_argument | 门店不存在 | poi does not exist
46007 retry_later | 文件正在转码 | file is being transcoded
46101 other | 接口已停用，改用订阅消息 | API switched off, use subscribe messages
47001 invalid_argument | JSON 或 XML 解析不了 | JSON or XML does not parse
47002 invalid_argument | 请求体里有 \uXXXX 转义，应发原样的 UTF-8 | \uXXXX escapes in the body, send raw UTF-8
47003 invalid_argument | 模板参数为空或不合它的规则；消息里写着是哪个 | template parameter empty or against its rule; message names it
47009 other | 接口已下线，有新的代替（旧的图文统计） | API offline, a newer one replaces it (old article statistics)
47501 invalid_argument | activity_id 错误 | activity_id wrong
47502 invalid_argument | target_state 错误 | target_state wrong
47504 invalid_argument | activity_id 已过期 | activity_id expired
48001 permission | 账号没有这个接口的权限 | account lacks this API
48002 user_state | 粉丝拒收消息 | follower refuses messages
48003 permission | 没有同意群发协议 | mass send terms not accepted
48004 permission | 接口被封禁 | API banned for this account
48005 media | 素材被菜单或自动回复使用 | material used by menu or autoreply
48006 quota | 本月的额度清零次数用完 | monthly clear_quota count used up
48008 permission | 不能发这种类型的消息 | may not send this message type
48010 permission | 素材不能改 | material may not be changed
48012 refresh_token | token 无效 | token invalid
48013 media | 视频不是用新接口上传的 | video not uploaded by the new call
48014 media | 视频审核状态不对 | video audit state bad
48015 permission | 没有留言功能 | no comment feature
49003 invalid_argument | openid 不属于这个 appid | openid does not belong to this appid
50001 permission | 用户没有授权这个接口，或 scope 不够 | user or scope did not authorize this API
50002 user_state | 用户或账号被限制、冻结或注销 | user or account restricted, frozen or closed
50004 permission | 用户被处罚，不能使用 token | user may not use the token, penalty
50005 user_state | 用户没有关注 | user does not follow the account
50007 user_state | 账号被冻结 | account frozen
53010 invalid_argument | 名称格式不对 | name format
53011 rate_limited | 名称检测太频繁 | name check called too often
53012 invalid_argument | 名称被禁用 | name forbidden
53200 quota | 本月修改简介的次数用完 | signature changes of the month used up
53202 quota | 本月修改头像的次数用完 | avatar changes of the month used up
53300 quota | 达到本月上限 | monthly limit
53500 permission | 发布功能被封禁 | publishing feature banned
53501 rate_limited | 发布太频繁 | published too often
53502 invalid_argument | 发布：草稿无效，检查封面和内容 | publish: draft invalid, check cover and content
53503 invalid_argument | 发布：草稿没有通过检查 | publish: draft failed the check
53504 invalid_argument | 发布：这个草稿要在后台发布 | publish: use the console for this draft
53505 invalid_argument | 发布：先手动保存草稿 | publish: save the draft by hand first
53600 invalid_argument | article_id 不存在 | article_id unknown
61000 permission | 第三方平台类型无效 | component type invalid
61001 permission | 第三方平台类型与 appid 不符 | component type and appid differ
61003 permission | 账号没有授权给这个第三方平台 | account did not authorize this component
61004 ip_whitelist | 调用方 IP 没有登记 | caller IP not registered (some SDK tables still give the older meaning, API not authorized)
61005 refresh_token | component_verify_ticket 已过期，等下一次推送 | component_verify_ticket expired, wait for the next push
61006 refresh_token | component_verify_ticket 无效，用最新推送的 | component_verify_ticket invalid, use the newest push
61007 permission | 接口不在授权给平台的权限集里 | API not in the permission set granted to the component
61009 user_state | 授权码无效 | authorization code invalid
61010 user_state | 授权码已过期 | authorization code expired
61011 permission | 第三方平台无效 | component invalid
61012 invalid_argument | 选项名不认识 | option name unknown
61013 invalid_argument | 选项值不认识 | option value unknown
61014 refresh_token | 这里要用第三方平台的 token | component token needed here
61015 refresh_token | 这里要用授权方的 token，不是平台的 | authorizer token needed here, not the component's
61016 permission | 权限集要由平台确认 | permission set must be confirmed by the component
61017 permission | 权限集没有授权 | permission set not authorized
61023 user_state | authorizer_refresh_token 无效：账号要重新授权 | authorizer_refresh_token invalid: the account must authorize again
61024 refresh_token | 第三方平台要用 api_component_token | component accounts must use api_component_token
61025 invalid_argument | 选项只读 | option is read-only
61028 permission | 第三方平台没有发布 | component not published
61055 quota | 达到本月额度 | monthly quota reached
61058 invalid_argument | ticket 无效 | ticket invalid
61400 invalid_argument | kf_account 错误 | kf_account error
61450 retry_later | 客服系统错误 | customer service system error
61451 invalid_argument | 参数不被接受（客服） | parameter rejected (customer service)
61452 invalid_argument | 客服账号不存在 | kf_account unknown
61453 invalid_argument | 客服账号已存在 | kf_account exists
61454 invalid_argument | 客服账号名太长 | kf_account name too long
61455 invalid_argument | 客服账号里有不允许的字符 | kf_account has bad characters
61456 quota | 客服账号太多 | too many kf accounts
61457 media | 客服头像的文件类型不允许 | kf avatar type not allowed
61500 invalid_argument | 日期格式不对 | date format
61501 invalid_argument | 日期范围不对 | date range
61503 retry_later | 统计数据还没准备好 | statistics not ready yet
63001 invalid_argument | 某个参数为空 | some parameter empty
63002 invalid_argument | 签名无效 | signature invalid
65115 invalid_argument | poi_id 不存在 | poi_id does not exist
65116 invalid_argument | 门店已删除 | poi deleted
65118 invalid_argument | 门店当前状态不允许这样做 | store status does not permit this
65301 menu | 没有这个 menuid 的个性化菜单 | no conditional menu with this menuid
65302 menu | 用户不存在 | user unknown
65303 menu | 先要有默认菜单 | default menu must exist first
65304 menu | matchrule 是空的 | matchrule empty
65305 menu | 个性化菜单太多 | too many conditional menus
65306 menu | 账号不能用个性化菜单 | account may not use conditional menus
65307 menu | 个性化菜单是空的 | conditional menu empty
65308 menu | 有按钮没有动作类型 | a button has no action type
65309 menu | 个性化菜单已关闭 | conditional menus are switched off
65310 menu | 缺少国家 | country missing
65311 menu | 缺少省份 | province missing
65312 menu | 国家不认识 | country unknown
65313 menu | 省份不认识 | province unknown
65314 menu | 城市不认识 | city unknown
65316 menu | 链接的域名超过 3 个 | links to more than 3 domains
65317 menu | url 不允许 | url not allowed
65318 menu | 必须是 UTF-8 | must be UTF-8
65319 menu | 不允许创建菜单 | menu creation not allowed
65400 permission | 没有开通新版客服 | new customer service not enabled
65401 invalid_argument | 客服账号无效 | kf account invalid
65402 user_state | 客服账号还没有绑定微信号 | kf account has no bound wechat user yet
65403 invalid_argument | 昵称不允许 | nickname not allowed
65404 invalid_argument | 客服账号名不允许 | kf account name not allowed
65405 quota | 客服账号数量已达上限 | kf account limit
65406 invalid_argument | 客服账号已存在 | kf account exists
65407 user_state | 被邀请者已是客服 | invitee already is a worker
65408 user_state | 邀请已经发出 | invitation already sent
65409 invalid_argument | 微信号无效 | wechat id invalid
65410 quota | 被邀请者绑定的账号太多 | invitee is bound to too many accounts
65411 user_state | 账号有未处理的邀请 | account has an invitation pending
65412 user_state | 账号已绑定 | account already bound
65413 user_state | 客户没有会话 | customer has no session
65414 user_state | 客户由别的客服接待 | customer served by another worker
65415 user_state | 客服不在线 | worker offline
65416 invalid_argument | 参数不被接受（会话） | parameter rejected (sessions)
65417 invalid_argument | 时间跨度太长 | time span too long
72015 permission | 不能开发票 | may not issue invoices
72018 user_state | 这个订单的发票已插入 | invoice of this order already inserted
72023 user_state | 发票被别的一方锁定 | invoice locked by another party
72024 user_state | 发票当前状态不允许这样做 | invoice state does not permit this
72028 permission | 没有先做 set_pay_mch | set_pay_mch not done
72029 permission | 没有先做 set_auth_field | set_auth_field not done
72031 invalid_argument | 发票参数不被接受 | invoice parameters rejected
72035 user_state | 商户拒绝开票 | merchant rejected the invoice
72036 retry_later | 发票繁忙 | invoice busy
72038 user_state | 用户没有授权这个订单 | user has not authorized the order
72040 media | 发票 pdf 不被接受 | invoice pdf rejected
72042 user_state | 发票号已用过 | invoice number already used
72044 user_state | 扫描的抬头已过期 | scanned title expired
72050 user_state | 发票授权已过期 | invoice authorization expired
72054 retry_later | 发票正在插入 | invoices are being inserted
72057 quota | 达到每日插入上限 | daily insert limit
72059 retry_later | 发票正在转交 | invoice is being handed over
72063 permission | 必须先做 set_contact | set_contact must be done first
73100 retry_later | 开票平台错误 | issuing platform error
73104 rate_limited | 太频繁 | too frequent
73105 retry_later | 开票平台超时：用同一个 fpqqlsh 重发 | issuing platform timeout: repeat with the same fpqqlsh
73107 retry_later | fpqqlsh 正在处理，稍后查询 | fpqqlsh in progress, query later
73109 invalid_argument | fpqqlsh 不存在 | fpqqlsh unknown
80000 retry_later | 系统错误 | system error
80001 invalid_argument | 参数格式不对 | parameter format
80300 invalid_argument | 申请二维码的单号不存在 | code application unknown
80301 permission | 申请单属于别的账号 | application belongs to another account
80302 invalid_argument | 激活的区间重叠 | activation ranges overlap
80304 user_state | 码没有激活 | code not active
80308 retry_later | 子任务没有完成 | sub task not finished
80309 user_state | 子任务文件已过期 | sub task file expired
85009 user_state | 已有一个审核在进行 | an audit is already running
85052 user_state | 版本已发布 | version already released
85064 invalid_argument | 模板找不到 | template not found
85085 quota | 本月审核次数用完 | audits of the month used up
86000 permission | 只有第三方平台能调用 | only a component may call this
86007 permission | 小程序不能提审 | mini-program may not submit
87009 invalid_argument | 签名无效 | signature invalid
87011 user_state | 正在灰度发布，不能回退 | gray release running, no rollback
87013 quota | 撤回审核的次数用完 | audit withdrawals used up
87014 invalid_argument | 内容有风险 | content risky
88000 permission | 没有留言权限 | no comment privilege
88001 invalid_argument | msg_data_id 不存在 | msg_data_id unknown
88002 permission | 文章因安全原因受限 | article limited for safety
88003 quota | 精选留言太多 | too many elected comments
88004 user_state | 留言已被用户删除 | comment deleted by the user
88005 user_state | 已经回复过 | already replied
88007 invalid_argument | 回复为空或太长 | reply empty or too long
88008 invalid_argument | 留言不存在 | comment unknown
88009 invalid_argument | 回复不存在 | reply unknown
88010 invalid_argument | count 不在 1..50 | count outside 1..50
88011 permission | 文章因安全原因受限 | article limited for safety
89000 user_state | 账号已绑定开放平台账号 | account is already bound to an open account
89001 permission | 主体不同 | owners differ
89002 user_state | 没有绑定开放平台账号 | no open account bound
89003 permission | 开放平台账号不是用接口创建的 | open account not made by API
89004 quota | 开放平台账号已满 | open account is full
89235 permission | 主体在拒绝名单里 | owner on a deny list
89236 permission | 插件不能申请 | plugin cannot be applied for
89247 retry_later | 内部错误 | internal error
89249 retry_later | 任务正在进行 | task running
89250 retry_later | 内部错误 | internal error
89251 user_state | 等待法人核验 | waiting for the legal person's check
89254 permission | 平台缺少权限集 | component lacks permission sets
89256 refresh_token | token 信息不对 | token information wrong
89401 retry_later | 系统不稳定 | system unstable
89501 ip_whitelist | 这个 IP 正等管理员确认：稍后再试 | a confirmation of this IP is pending at the admin: repeat later
89502 ip_whitelist | 等待管理员确认 | waiting for the admin
89503 ip_whitelist | 要管理员确认这个 IP（已发消息给管理员）：确认后再试 | admin must confirm this IP (message sent to the admin): repeat after that
89504 ip_whitelist | 等待管理员确认 | waiting for the admin
89505 ip_whitelist | 等待管理员确认 | waiting for the admin
89506 ip_whitelist | 管理员多次拒绝这个 IP：封 24 小时或更久 | admin refused this IP more than once: blocked for 24 h or longer
89507 ip_whitelist | 管理员拒绝了这个 IP：封 1 小时 | admin refused this IP: blocked for 1 h
91001 permission | 小程序不是由公众号快速创建的 | mini-program not made from an account
92000 user_state | 资质已添加 | qualification already added
94012 invalid_argument | appid 与商户没有绑定 | appid and merchant are not bound
101000 media | img_url 无效（ocr、img） | img_url invalid (ocr, img)
101001 media | 图里没有找到证件 | no document found in the image
101002 media | 图片数据无效 | image data invalid
101003 quota | ocr 次数用完或没有购买 | ocr package used up or not bought
200002 invalid_argument | 参数不被接受（模板） | parameter rejected (templates)
200011 permission | 账号被封禁，模板不可用 | account banned, templates unavailable
200012 quota | 个人模板数量已达上限 | private templates at their limit
200013 permission | 模板被封禁 | template banned
200014 invalid_argument | tid 错误 | tid wrong
200016 invalid_argument | start 错误 | start wrong
200017 invalid_argument | limit 错误 | limit wrong
200018 invalid_argument | 缺少类目 id | category ids missing
200019 invalid_argument | 类目 id 错误 | category ids wrong
200020 invalid_argument | kidList 错误 | kidList wrong
200021 invalid_argument | sceneDesc 错误 | sceneDesc wrong
9001001 invalid_argument | 参数不被接受（摇一摇） | parameters rejected (shakearound)
9001002 retry_later | 远端服务不可用 | remote service down
9001003 invalid_argument | ticket 无效 | ticket invalid
9001007 media | 缺少文件 | file missing
9001008 media | 文件类型不对 | file type
9001009 media | 文件大小不对 | file size
9001010 retry_later | 上传失败 | upload failed
9001020 permission | 账号没有权限 | account not allowed
9200001 invalid_argument | 订单不存在（非税） | order unknown (nontax)
9200003 permission | 已封禁（非税） | blocked (nontax)
9200231 invalid_argument | 缴款通知书不存在 | payment notice unknown
9200232 user_state | 缴款通知书已缴 | payment notice already paid
9200233 user_state | 缴款通知书已取消 | payment notice cancelled
9200235 user_state | 缴款通知书已过期 | payment notice expired
9200295 rate_limited | 太频繁（非税） | too frequent (nontax)
9200297 retry_later | 此时段暂停缴费 | payment suspended at this time
9200298 other | 对方的返回解不开 | third party's reply cannot be decrypted
9200299 retry_later | 对方系统错误 | third party system error
9200300 other | 对方的返回签名不对 | third party's reply badly signed
]]

-- What to do, by class.
local ADVICE <const> = {
  retry_later = { "稍后再试；宿主已退避重试过", "try later; the host has retried with back-off" },
  refresh_token = { "宿主会换新 token 再试一次；仍失败就检查 appid 和 AppSecret，以及是否有别的程序在刷新 token",
                    "the host gets a new token and tries once more; if it still fails, check appid and AppSecret, "
                      .. "and whether another program refreshes the token" },
  quota = { "额度用完，等它恢复：weiyue api show 写着每天的额度", "wait until the quota resets; weiyue api show tells it" },
  rate_limited = { "放慢，过一分钟再试", "slow down, and try again in a minute" },
  permission = { "账号没有这个权限：在公众平台检查账号类型、认证和权限",
                 "the account may not: look at its kind, its verification and its permissions in WeChat's console" },
  ip_whitelist = { "把这台机器的出口 IP 加进公众平台的 IP 白名单；宿主不会反复重试",
                   "add this machine's address to the IP list in WeChat's console; the host does not hammer" },
  invalid_argument = { "改参数：weiyue api show 列出字段和限制", "change the arguments; weiyue api show lists fields and limits" },
  user_state = { "与用户当前的状态有关，重试没有用", "it is about the user's state: a retry changes nothing" },
  media = { "检查文件的类型、大小和 media_id 的来源", "look at the file's type and size, and where the media_id comes from" },
  menu = { "检查菜单：1–3 个一级按钮，每个下面最多 5 个", "look at the menu: 1–3 buttons, up to 5 below each" },
  other = { "见说明", "see the meaning" },
}

-- What to do, where more is known than the class. Some lines serve several codes.
local SPECIAL <const> = "\n" .. [[
40001 42001 40014 | 宿主会换新 token 再试一次；反复出现说明有别的程序也在取 token：改用 stable_token，或都从宿主取 | the host gets a new token and tries once more; again and again means that another program fetches tokens too: use stable_token, or fetch all from the host
40003 | openid 只对一个公众号有效：检查是不是别的账号的，或用户已取消关注 | an openid belongs to one account: is it another account's, or did the user leave?
40004 40005 | 图片用 jpg、png、gif，语音用 amr、mp3，视频用 mp4；文件名要带扩展名 | jpg, png or gif for pictures, amr or mp3 for voice, mp4 for video; the file's name needs its ending
40006 40009 40010 40011 40012 45001 | 压缩文件：图片 10 MB，语音 2 MB 或 60 秒，视频 10 MB，缩略图 64 KB | make it smaller: pictures 10 MB, voice 2 MB or 60 s, video 10 MB, thumbs 64 KB
40007 | 临时素材只保留 3 天，重新上传；永久素材用 material.add | temporary media live 3 days: upload again, or use material.add
40013 | 检查 appid：区分大小写，要与 AppSecret 同属一个账号 | check the appid: case matters, and it belongs with the AppSecret
40029 40163 42003 | code 只能用一次，5 分钟有效：让用户重新走一遍授权，并在用完后跳离带 code 的地址 | a code serves once, for 5 minutes: send the user through login again, and redirect away from the address with the code
40030 42002 42007 | 让用户重新授权 | let the user authorize again
40033 47002 | 请求体要发原样的 UTF-8：用 weiyue.json，不要自己拼 JSON | send raw UTF-8: use weiyue.json, and build no JSON by hand
40037 40036 | template_id 要是这个账号“我的模板”里的：template.list 列出它们 | template_id is one of this account's own: template.list lists them
40066 | 检查路径；宿主的路径来自接口表，自加的行要对照微信文档 | check the path; of a row that you added, against WeChat's documents
40097 47003 40035 | 消息里写着哪个参数：对照 weiyue api show | the message names the parameter: compare with weiyue api show
40125 | AppSecret 错：在公众平台重置后要更新 WX_SECRET 并重启；宿主已停止重试 | the AppSecret is wrong: after a reset update WX_SECRET and restart; the host has stopped retrying
40130 | 只发给一个人请用 message_mass.preview 或 message_custom.send | for one person use message_mass.preview or message_custom.send
40164 61004 40090 45035 | 在公众平台“基本配置”的 IP 白名单里加上 {ip} ；几分钟后生效，宿主不会反复重试 | add {ip} to the IP list in WeChat's console (basic configuration); it counts in minutes, and the host does not hammer
40243 | AppSecret 被冻结：在公众平台解冻；宿主已停止重试 | the AppSecret is frozen: thaw it in WeChat's console; the host has stopped retrying
41005 | multipart 要有带文件名的 media 部分：media = { path = "a.jpg" } | the form needs a media part with a file name: media = { path = "a.jpg" }
43001 43002 | 接口表里的方法不对，请报告；自加的行改 GET/POST | the row's method is wrong, please report it; of a row that you added, change GET or POST
43004 50005 | 用户没有关注，发不了：先引导关注 | the user does not follow: nothing can be sent until he does
43019 | 先 blacklist.remove | blacklist.remove first
43101 | 用户没有订阅或次数用完：再请用户点一次订阅 | not subscribed, or the consent is used up: ask the user to subscribe again
44002 44003 44004 | 内容不能为空 | it must not be empty
45002 | 文本 2048 字节以内；长文用图文或分页 | at most 2048 bytes of text: send pages, or an article
45009 | 今天（或这一分钟）的调用次数用完：等恢复；每月可在公众平台清零 10 次 | the calls of the day (or minute) are used up: wait; they can be reset 10 times a month in WeChat's console
45011 | 每分钟调用太多：放慢，下一分钟再试 | too many calls a minute: slow down, try in the next
45015 | 用户 48 小时内没有动作：不能发客服消息，改用模板消息或订阅通知 | no action of the user within 48 hours: use a template or subscription message
45047 | 这次动作允许的客服消息已发完：等用户再次发消息或点击 | this action's messages are used up: wait for the user's next one
45028 | 群发次数用完：服务号每月 4 次，订阅号每天 1 次 | no mass message left: four a month, or one a day for subscription accounts
45056 45059 | 删掉不用的标签，或合并 | delete or merge tags
45065 | 已经发过，不要再发 | it has been sent: do not send it again
45080 45081 | 不要紧：输入状态只是提示 | no harm: typing is a hint only
45103 47009 46101 | 接口已停用：material.add_news 改用 draft.add，统计改用 get_article_total_detail 等，小程序模板改用订阅消息 | switched off: draft.add for material.add_news, get_article_total_detail and others for statistics, subscription messages for templates
45157 | 标签名不能重复，也不能是“星标组”之类的系统名 | a tag's name must be new, and no name of the system's
46003 | 还没有菜单：先 menu.create | there is no menu yet: menu.create
47001 | 请求体不是合法的 JSON：字段类型要对（数字不要加引号） | the body is no JSON that WeChat takes: types must be right (numbers without quotes)
48001 | 账号没有这个接口：看账号类型和认证；测试号可在公众平台领取 | the account lacks this API: look at its kind and verification
48002 | 用户关闭了接收消息 | the user has turned messages off
48004 | 接口被封禁：登录公众平台看站内通知 | the API is banned: read the notices in WeChat's console
48005 45060 | 先从菜单或自动回复里拿掉这个素材 | take the material out of the menu or the auto replies first
48006 | 本月 10 次清零已用完 | the 10 resets of this month are used up
50002 50007 | 账号或用户受限：登录公众平台看站内通知 | restricted: read the notices in WeChat's console
61005 61006 | 等下一次 component_verify_ticket 推送（每 10 分钟）；收不到就用 component.start_push_ticket | wait for the next component_verify_ticket (every 10 minutes); if none comes: component.start_push_ticket
61003 61007 61017 | 让公众号管理员重新授权，勾选这项权限集 | let the account's admin authorize again, with this permission set
61023 | 让公众号管理员重新授权 | let the account's admin authorize again
61500 61501 | 日期是 YYYY-MM-DD；结束最晚到昨天，跨度见 weiyue api show | dates are YYYY-MM-DD, up to yesterday; for the span see weiyue api show
61503 | 统计在第二天 8 点以后才有 | statistics are ready after 8 o'clock of the next day
65303 | 先 menu.create 建默认菜单 | menu.create the default menu first
85009 | 等当前审核结束，或先撤回 | wait for the audit, or withdraw it
85064 85052 85085 86000 86007 | 小程序代码管理要由第三方平台按顺序做：提交、审核、发布 | code of mini programs is handled by the platform, in order: commit, audit, release
87014 | 内容违规：不要发给别人看 | risky content: show it to nobody
88000 48015 | 账号没有留言功能，不能用留言接口 | the account has no comments
89503 89501 89502 89504 89505 | 管理员会在微信里收到确认：确认后再试；宿主不会反复重试 | the admin gets a request in WeChat: try after he has confirmed; the host does not hammer
89506 89507 | 管理员拒绝了这个 IP：联系管理员，解封前不要再试 | the admin refused this address: talk to him, and do not try before the block ends
]]

local function line_of(text, code)
  local _, at = text:find("\n" .. code .. " ", 1, true)
  return at and text:match("[^\n]*", at + 1)
end

local function special(code)
  for line in SPECIAL:gmatch "[^\n]+" do
    local codes, zh, en = line:match "^([%d ]+) | (.-) | (.+)$"
    if (" " .. codes .. " "):find(" " .. code .. " ", 1, true) then return { zh, en } end
  end
end

---@alias weiyue.Errcode.Class "retry_later"|"refresh_token"|"quota"|"rate_limited"|"permission"|"ip_whitelist"
---| "invalid_argument"|"user_state"|"media"|"menu"|"other"

---@class weiyue.Errcode
---@field class weiyue.Errcode.Class
---@field zh string what it means
---@field en string
---@field hint_zh string what to do
---@field hint_en string

local function find(code, ip)
  local line = math.type(code) == "integer" and line_of(CODES, tostring(code))
  if not line then return nil end
  local class, zh, en = line:match "^(%S+) | (.-) | (.+)$"
  local advice = special(tostring(code)) or ADVICE[class]
  return {
    class = class, zh = zh, en = en,
    hint_zh = (advice[1]:gsub("{ip}", ip or "本机的出口 IP")), hint_en = (advice[2]:gsub("{ip}", ip or "its address")),
  }
end

--- Calls fn(code) for each known code.
---@param fn fun(code: integer)
function M.each(fn)
  for code in CODES:gmatch "\n(%-?%d+) " do fn(math.tointeger(tonumber(code))) end
end

--- The address that WeChat saw, of an errmsg about the IP list.
---@param errmsg string
---@return string?
function M.ip(errmsg)
  return errmsg:match "[Ii][Pp]:? +(%d+%.%d+%.%d+%.%d+)" or errmsg:match "%f[%w](%x*:[%x:]+:%x*)"
    or errmsg:match "%d+%.%d+%.%d+%.%d+"
end

--- A code; nil for one that is not known.
---@param code integer
---@param errmsg? string what WeChat said: the hint names the address that is in it
---@return weiyue.Errcode?
function M.of(code, errmsg) return find(code, errmsg and M.ip(errmsg)) end

return setmetatable(M, { __index = function(_, code) return find(code) end })
