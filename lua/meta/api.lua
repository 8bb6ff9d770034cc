---@meta weiyue.account.api
error("lua/meta holds types, not code", 0)

-- Written by spec/api_rows: account.api.FAMILY.NAME for every endpoint that the program knows.
-- `weiyue api show FAMILY.NAME` tells more about one.

---A file to send: a path, or its content.
---@alias weiyue.api.File string|{ path?: string, data?: string, filename?: string, type?: string }

---What went wrong: WeChat's errcode, or a word of weiyue's own, such as "api.field".
---@class weiyue.api.Error
---@field code integer|string
---@field message string what WeChat says, or what is wrong with the arguments
---@field hint string what to do, in Chinese
---@field hint_en string the same in English
---@field message_zh? string the message in Chinese, where weiyue itself has refused
---@field api? string FAMILY.NAME
---@field class? string of an errcode: "retry_later", "quota", "permission" …
---@field field? string of "api.field": which one
---@field capability? string of "api.capability": what the account cannot, a name in account.can
---@field rid? string WeChat's number of the failed request, for openapi.rid_get
---@field sent? boolean of a call without an answer; false: WeChat has not got it
---@field ip? string of 40164: the address that WeChat saw

---WeChat's API of one account. Calls wait, but look as if they did not.
---@class weiyue.account.api
---@field token weiyue.account.api.token
---@field callback weiyue.account.api.callback
---@field openapi weiyue.account.api.openapi
---@field menu weiyue.account.api.menu
---@field autoreply weiyue.account.api.autoreply
---@field message_custom weiyue.account.api.message_custom
---@field message_mass weiyue.account.api.message_mass
---@field template weiyue.account.api.template
---@field subscribe_once weiyue.account.api.subscribe_once
---@field subscribe weiyue.account.api.subscribe
---@field wxa_message weiyue.account.api.wxa_message
---@field kf_account weiyue.account.api.kf_account
---@field kf_session weiyue.account.api.kf_session
---@field kf_record weiyue.account.api.kf_record
---@field kf_work weiyue.account.api.kf_work
---@field kf_business weiyue.account.api.kf_business
---@field guide weiyue.account.api.guide
---@field oauth weiyue.account.api.oauth
---@field jssdk weiyue.account.api.jssdk
---@field media weiyue.account.api.media
---@field material weiyue.account.api.material
---@field draft weiyue.account.api.draft
---@field publish weiyue.account.api.publish
---@field comment weiyue.account.api.comment
---@field tag weiyue.account.api.tag
---@field user weiyue.account.api.user
---@field user_group weiyue.account.api.user_group
---@field blacklist weiyue.account.api.blacklist
---@field qrcode weiyue.account.api.qrcode
---@field shorturl weiyue.account.api.shorturl
---@field shorten weiyue.account.api.shorten
---@field datacube weiyue.account.api.datacube
---@field publisher weiyue.account.api.publisher
---@field card weiyue.account.api.card
---@field card_code weiyue.account.api.card_code
---@field card_member weiyue.account.api.card_member
---@field card_paygift weiyue.account.api.card_paygift
---@field card_ticket weiyue.account.api.card_ticket
---@field card_submerchant weiyue.account.api.card_submerchant
---@field card_general weiyue.account.api.card_general
---@field card_giftcard weiyue.account.api.card_giftcard
---@field card_coin weiyue.account.api.card_coin
---@field poi weiyue.account.api.poi
---@field wxa_store weiyue.account.api.wxa_store
---@field semantic weiyue.account.api.semantic
---@field voice weiyue.account.api.voice
---@field ocr weiyue.account.api.ocr
---@field img weiyue.account.api.img
---@field marketcode weiyue.account.api.marketcode
---@field invoice weiyue.account.api.invoice
---@field nontax weiyue.account.api.nontax
---@field realname weiyue.account.api.realname
---@field scan_product weiyue.account.api.scan_product
---@field marketing weiyue.account.api.marketing
---@field redpacket_cover weiyue.account.api.redpacket_cover
---@field device weiyue.account.api.device
---@field shakearound weiyue.account.api.shakearound
---@field bizwifi weiyue.account.api.bizwifi
---@field component weiyue.account.api.component
---@field open_account weiyue.account.api.open_account
---@field mp_link weiyue.account.api.mp_link
---@field wxa_login weiyue.account.api.wxa_login
---@field wxa_user weiyue.account.api.wxa_user
---@field wxa_sec weiyue.account.api.wxa_sec
---@field wxa_code_image weiyue.account.api.wxa_code_image
---@field wxa_url weiyue.account.api.wxa_url
---@field wxa_account weiyue.account.api.wxa_account
---@field wxa_category weiyue.account.api.wxa_category
---@field wxa_domain weiyue.account.api.wxa_domain
---@field wxa_tester weiyue.account.api.wxa_tester
---@field wxa_code weiyue.account.api.wxa_code
---@field wxa_qrcode_jump weiyue.account.api.wxa_qrcode_jump
---@field wxa_privacy weiyue.account.api.wxa_privacy
---@field wxa_beta weiyue.account.api.wxa_beta
---@field wxa_embedded weiyue.account.api.wxa_embedded
---@field wxa_illegal weiyue.account.api.wxa_illegal
---@field wxa_auth weiyue.account.api.wxa_auth
---@field wxa_icp weiyue.account.api.wxa_icp
---@field card_location weiyue.account.api.card_location
---@field scan_product_old weiyue.account.api.scan_product_old
---@field component_card weiyue.account.api.component_card
---@field merchant weiyue.account.api.merchant
---@field wxa_search weiyue.account.api.wxa_search
local api = {}

---Calls by name; also rows that a plugin has added.
---@async
---@param name string FAMILY.NAME
---@param args? table
---@return table? reply
---@return weiyue.api.Error? err
function api:call(name, args) end

---@class weiyue.account.api.token
local token = {}

---GET /cgi-bin/token
---
---reply access_token, expires_in (7200 s); a fresh call retires the old token about 5 min later; the caller's IP must be on the list (40164, 89503); one writer
---@async
---@param args? { grant_type?: "client_credential", appid?: string, secret?: string }
---@return table? reply
---@return weiyue.api.Error? err
function token.get(args) end

---POST /cgi-bin/stable_token
---
---does not invalidate the token on ordinary calls; force_refresh=true is limited (about 20 a day) and rotates it; independent of token.get tokens
---@async
---@param args? { grant_type?: "client_credential", appid?: string, secret?: string, force_refresh?: boolean }
---@return table? reply
---@return weiyue.api.Error? err
function token.stable(args) end

---@class weiyue.account.api.callback
local callback = {}

---GET /cgi-bin/getcallbackip
---
---reply ip_list[] of push sources
---@async
---@return table? reply
---@return weiyue.api.Error? err
function callback.get_callback_ip() end

---GET /cgi-bin/get_api_domain_ip
---
---reply ip_list[] of API servers
---@async
---@return table? reply
---@return weiyue.api.Error? err
function callback.get_api_domain_ip() end

---POST /cgi-bin/callback/check
---
---reply dns[],ping[]
---@async
---@param args { action: "dns"|"ping"|"all", check_operator: "CHINANET"|"UNICOM"|"CAP"|"DEFAULT" }
---@return table? reply
---@return weiyue.api.Error? err
function callback.check(args) end

---@class weiyue.account.api.openapi
local openapi = {}

---POST /cgi-bin/clear_quota
---
---resets all daily counters; 10 resets a month per account, web console resets included (48006 when used up); calls made by a third party consume the account's own quota
---@async
---@param args? { appid?: string }
---@return table? reply
---@return weiyue.api.Error? err
function openapi.clear_quota(args) end

---POST /cgi-bin/clear_quota/v2
---
---resets the counters without a token; in query and body alike; shares the 10 a month
---@async
---@param args? { appid?: string, appsecret?: string }
---@return table? reply
---@return weiyue.api.Error? err
function openapi.clear_quota_v2(args) end

---POST /cgi-bin/openapi/quota/get
---
---reply quota{daily_limit,used,remain},rate_limit,component_rate_limit
---@async
---@param args { cgi_path: string }
---@return table? reply
---@return weiyue.api.Error? err
function openapi.quota_get(args) end

---POST /cgi-bin/openapi/quota/clear
---
---resets one API's counter
---@async
---@param args { cgi_path: string }
---@return table? reply
---@return weiyue.api.Error? err
function openapi.quota_clear(args) end

---POST /cgi-bin/openapi/rid/get
---
---7-day lookup of the failing request
---@async
---@param args { rid: string }
---@return table? reply
---@return weiyue.api.Error? err
function openapi.rid_get(args) end

---@class weiyue.account.api.menu
local menu = {}

---POST /cgi-bin/menu/create
---
---1-3 buttons, up to 5 below each; clients refresh after 5 min
---@async
---@param args { button: ({ type?: "click"|"view"|"scancode_push"|"scancode_waitmsg"|"pic_sysphoto"|"pic_photo_or_album"|"pic_weixin"|"location_select"|"media_id"|"view_limited"|"article_id"|"article_view_limited"|"miniprogram", name: string, key?: string, url?: string, media_id?: string, article_id?: string, appid?: string, pagepath?: string, sub_button?: ({ type?: "click"|"view"|"scancode_push"|"scancode_waitmsg"|"pic_sysphoto"|"pic_photo_or_album"|"pic_weixin"|"location_select"|"media_id"|"view_limited"|"article_id"|"article_view_limited"|"miniprogram", name: string, key?: string, url?: string, media_id?: string, article_id?: string, appid?: string, pagepath?: string })[] })[] }
---@return table? reply
---@return weiyue.api.Error? err
function menu.create(args) end

---GET /cgi-bin/menu/get
---
---reply menu{button[],menuid?},conditionalmenu[]; only for API-made menus; 46003 when there is none
---@async
---@return table? reply
---@return weiyue.api.Error? err
function menu.get() end

---GET /cgi-bin/menu/delete
---
---deletes default and all conditional menus
---@async
---@return table? reply
---@return weiyue.api.Error? err
function menu.delete() end

---GET /cgi-bin/get_current_selfmenu_info
---
---reply is_menu_open,selfmenu_info{button[]}; also sees menus made in the web console (nested sub_button{list[]})
---@async
---@return table? reply
---@return weiyue.api.Error? err
function menu.get_self() end

---POST /cgi-bin/menu/addconditional
---
---reply menuid; 2000 a day; needs a default menu (65303); region/sex rules were retired
---@async
---@param args { button: ({ type?: "click"|"view"|"scancode_push"|"scancode_waitmsg"|"pic_sysphoto"|"pic_photo_or_album"|"pic_weixin"|"location_select"|"media_id"|"view_limited"|"article_id"|"article_view_limited"|"miniprogram", name: string, key?: string, url?: string, media_id?: string, article_id?: string, appid?: string, pagepath?: string, sub_button?: ({ type?: "click"|"view"|"scancode_push"|"scancode_waitmsg"|"pic_sysphoto"|"pic_photo_or_album"|"pic_weixin"|"location_select"|"media_id"|"view_limited"|"article_id"|"article_view_limited"|"miniprogram", name: string, key?: string, url?: string, media_id?: string, article_id?: string, appid?: string, pagepath?: string })[] })[], matchrule: { tag_id?: any, client_platform_type?: any, language?: any } }
---@return table? reply
---@return weiyue.api.Error? err
function menu.add_conditional(args) end

---POST /cgi-bin/menu/delconditional
---
---2000 a day
---@async
---@param args { menuid: integer|string }
---@return table? reply
---@return weiyue.api.Error? err
function menu.del_conditional(args) end

---POST /cgi-bin/menu/trymatch
---
---20000 a day
---@async
---@param args { user_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function menu.try_match(args) end

---@class weiyue.account.api.autoreply
local autoreply = {}

---GET /cgi-bin/get_current_autoreply_info
---
---only rules made in the web console; returned image/voice/video ids are temporary (3 days), news ids permanent
---@async
---@return table? reply
---@return weiyue.api.Error? err
function autoreply.get() end

---@class weiyue.account.api.message_custom
local message_custom = {}

---POST /cgi-bin/message/custom/send
---
---within 48 h of the user's action (45015), a limited number (45047); window and number by trigger; news: one article
---@async
---@param args { touser: string, msgtype?: string, text?: { content: string }, image?: { media_id: string }, voice?: { media_id: string }, video?: { media_id: string, thumb_media_id: string, title?: string, description?: string }, music?: { title?: string, description?: string, musicurl: string, hqmusicurl: string, thumb_media_id: string }, news?: { articles: ({ title: string, description?: string, url?: string, picurl?: string })[] }, mpnews?: { media_id: string }, mpnewsarticle?: { article_id: string }, msgmenu?: { head_content: string, list: ({ id: any, content: string })[], tail_content: string }, wxcard?: { card_id: string }, miniprogrampage?: { title: string, appid: string, pagepath: string, thumb_media_id: string }, link?: { title: string, description: string, url: string, thumb_url: string }, customservice?: { kf_account: string }, aimsgcontext?: any }
---@return table? reply
---@return weiyue.api.Error? err
function message_custom.send(args) end

---POST /cgi-bin/message/custom/typing
---
---needs user contact in last 30 s (45080), not twice (45081)
---@async
---@param args { touser: string, command: "Typing"|"CancelTyping" }
---@return table? reply
---@return weiyue.api.Error? err
function message_custom.typing(args) end

---POST /cgi-bin/message/custom/business/send
---
---customer service of a mini-program; as message_custom.send with businessid
---@async
---@param args { touser: string, msgtype?: string, text?: { content: string }, image?: { media_id: string }, voice?: { media_id: string }, video?: { media_id: string, thumb_media_id: string, title?: string, description?: string }, music?: { title?: string, description?: string, musicurl: string, hqmusicurl: string, thumb_media_id: string }, news?: { articles: ({ title: string, description?: string, url?: string, picurl?: string })[] }, mpnews?: { media_id: string }, mpnewsarticle?: { article_id: string }, msgmenu?: { head_content: string, list: ({ id: any, content: string })[], tail_content: string }, wxcard?: { card_id: string }, miniprogrampage?: { title: string, appid: string, pagepath: string, thumb_media_id: string }, link?: { title: string, description: string, url: string, thumb_url: string }, businessid: any }
---@return table? reply
---@return weiyue.api.Error? err
function message_custom.business_send(args) end

---POST /cgi-bin/message/custom/business/typing
---@async
---@param args { touser: string, command: string, businessid: any }
---@return table? reply
---@return weiyue.api.Error? err
function message_custom.business_typing(args) end

---@class weiyue.account.api.message_mass
local message_mass = {}

---POST /cgi-bin/message/mass/sendall
---
---reply msg_id,msg_data_id; 100 calls a day, 60 a minute
---@async
---@param args { filter: { is_to_all: boolean, tag_id?: integer }, msgtype?: string, mpnews?: { media_id: string }, text?: { content: string }, voice?: { media_id: string }, image?: { media_id: string }, images?: { media_ids: string[], recommend?: any, need_open_comment?: integer, only_fans_can_comment?: integer }, mpvideo?: { media_id: string, title?: string, description?: string }, wxcard?: { card_id: string }, send_ignore_reprint?: integer, clientmsgid?: string }
---@return table? reply
---@return weiyue.api.Error? err
function message_mass.sendall(args) end

---POST /cgi-bin/message/mass/send
---
---verified service accounts only
---@async
---@param args { touser: string[], msgtype?: string, mpnews?: { media_id: string }, text?: { content: string }, voice?: { media_id: string }, image?: { media_id: string }, images?: { media_ids: string[], recommend?: any, need_open_comment?: integer, only_fans_can_comment?: integer }, mpvideo?: { media_id: string, title?: string, description?: string }, wxcard?: { card_id: string }, send_ignore_reprint?: integer, clientmsgid?: string }
---@return table? reply
---@return weiyue.api.Error? err
function message_mass.send(args) end

---POST /cgi-bin/message/mass/delete
---
---works on news and video only
---@async
---@param args { msg_id?: integer|string, url?: string, article_idx?: integer }
---@return table? reply
---@return weiyue.api.Error? err
function message_mass.delete(args) end

---POST /cgi-bin/message/mass/preview
---
---100 a day for towxname
---@async
---@param args { touser?: string, towxname?: string, msgtype?: string, mpnews?: { media_id: string }, text?: { content: string }, voice?: { media_id: string }, image?: { media_id: string }, images?: { media_ids: string[], recommend?: any, need_open_comment?: integer, only_fans_can_comment?: integer }, mpvideo?: { media_id: string, title?: string, description?: string }, wxcard?: { card_id: string } }
---@return table? reply
---@return weiyue.api.Error? err
function message_mass.preview(args) end

---POST /cgi-bin/message/mass/get
---
---reply msg_status(SEND_SUCCESS|SENDING|SEND_FAIL|DELETE)
---@async
---@param args { msg_id: integer|string }
---@return table? reply
---@return weiyue.api.Error? err
function message_mass.get(args) end

---POST /cgi-bin/message/mass/speed/get
---
---reply speed(0-4),realspeed
---@async
---@return table? reply
---@return weiyue.api.Error? err
function message_mass.speed_get() end

---POST /cgi-bin/message/mass/speed/set
---
---0..4 = 80, 60, 45, 30, 10 (10k a minute); 45083, 45084
---@async
---@param args { speed: integer }
---@return table? reply
---@return weiyue.api.Error? err
function message_mass.speed_set(args) end

---@class weiyue.account.api.template
local template = {}

---POST /cgi-bin/template/api_set_industry
---
---change once a month
---@async
---@param args { industry_id1: any, industry_id2: any }
---@return table? reply
---@return weiyue.api.Error? err
function template.set_industry(args) end

---GET /cgi-bin/template/get_industry
---
---reply primary_industry,secondary_industry
---@async
---@return table? reply
---@return weiyue.api.Error? err
function template.get_industry() end

---POST /cgi-bin/template/api_add_template
---
---reply template_id; 25 templates per account
---@async
---@param args { template_id_short: string, keyword_name_list?: string[] }
---@return table? reply
---@return weiyue.api.Error? err
function template.add(args) end

---GET /cgi-bin/template/get_all_private_template
---
---reply template_list[]
---@async
---@return table? reply
---@return weiyue.api.Error? err
function template.list() end

---POST /cgi-bin/template/del_private_template
---@async
---@param args { template_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function template.delete(args) end

---POST /cgi-bin/message/template/send
---
---reply msgid (may exceed 2^53); result arrives as TEMPLATESENDJOBFINISH; 100k a day; since 2023-05-04 first, remark and colour are ignored and a field is cut at 20 characters
---@async
---@param args { touser: string, template_id: string, url?: string, miniprogram?: { appid: string, pagepath?: string }, data: table<string, { value: string, color?: string }>, client_msg_id?: string }
---@return table? reply
---@return weiyue.api.Error? err
function template.send(args) end

---POST /wxa/sec/queryblocktmplmsg
---
---template messages that were intercepted
---@async
---@param args { tmpl_msg_id: integer|string, largest_id: integer|string, limit: integer }
---@return table? reply
---@return weiyue.api.Error? err
function template.query_blocked(args) end

---@class weiyue.account.api.subscribe_once
local subscribe_once = {}

---GET /mp/subscribemsg
---
---page the user opens; scene 0-10000; returns openid,template_id,action,scene,reserved to redirect_url
---@param args { action?: "get_confirm", appid?: string, scene: integer, template_id: string, redirect_url: string, reserved?: any }
---@return string? reply
---@return weiyue.api.Error? err
function subscribe_once.authorize_url(args) end

---POST /cgi-bin/message/template/subscribe
---
---one message per consent
---@async
---@param args { touser: string, template_id: string, url?: string, miniprogram?: { appid: string, pagepath?: string }, scene: integer, title: string, data: { content: { value: string, color?: string } } }
---@return table? reply
---@return weiyue.api.Error? err
function subscribe_once.send(args) end

---@class weiyue.account.api.subscribe
local subscribe = {}

---POST /wxaapi/newtmpl/addtemplate
---
---reply priTmplId; camelCase fields
---@async
---@param args { tid: string, kidList: any[], sceneDesc: string }
---@return table? reply
---@return weiyue.api.Error? err
function subscribe.add_template(args) end

---POST /wxaapi/newtmpl/deltemplate
---@async
---@param args { priTmplId: string }
---@return table? reply
---@return weiyue.api.Error? err
function subscribe.delete_template(args) end

---GET /wxaapi/newtmpl/getcategory
---
---reply data[id,name]
---@async
---@return table? reply
---@return weiyue.api.Error? err
function subscribe.get_category() end

---GET /wxaapi/newtmpl/getpubtemplatekeywords
---
---reply count,data[kid,name,example,rule]
---@async
---@param args { tid: any }
---@return table? reply
---@return weiyue.api.Error? err
function subscribe.get_pub_template_keywords(args) end

---GET /wxaapi/newtmpl/getpubtemplatetitles
---
---ids comma separated category ids; limit <=30
---@async
---@param args { ids: string, start: integer, limit: integer }
---@return table? reply
---@return weiyue.api.Error? err
function subscribe.get_pub_template_titles(args) end

---GET /wxaapi/newtmpl/gettemplate
---
---reply data[priTmplId,title,content,example,type]
---@async
---@return table? reply
---@return weiyue.api.Error? err
function subscribe.get_templates() end

---POST /cgi-bin/message/subscribe/bizsend
---
---43101 refused or not subscribed, 47003 bad parameter; uses up one consent; 43101 when none is left
---@async
---@param args { touser: string, template_id: string, page?: string, miniprogram?: { appid: string, pagepath?: string }, data: table<string, { value: string }> }
---@return table? reply
---@return weiyue.api.Error? err
function subscribe.send(args) end

---@class weiyue.account.api.wxa_message
local wxa_message = {}

---POST /cgi-bin/message/subscribe/send
---
---mini-program
---@async
---@param args { touser: string, template_id: string, page?: string, data: table<string, { value: string }>, miniprogram_state?: "developer"|"trial"|"formal", lang?: string }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_message.subscribe_send(args) end

---POST /cgi-bin/message/wxopen/template/uniform_send
---
---being retired
---@async
---@param args { touser: string, weapp_template_msg?: table, mp_template_msg: { appid: string, template_id: string, url: string, miniprogram: table, data: table } }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_message.uniform_send(args) end

---POST /cgi-bin/message/wxopen/template/send
---
---switched off since 2020-01 (46101), use wxa_message.subscribe_send
---@async
---@param args { touser: string, template_id: string, page?: string, form_id: any, data: table, emphasis_keyword?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_message.template_send(args) end

---POST /cgi-bin/message/wxopen/activityid/create
---
---reply activity_id,expiration_time
---@async
---@param args? { openid?: string, unionid?: string }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_message.activity_create(args) end

---POST /cgi-bin/message/wxopen/updatablemsg/send
---@async
---@param args { activity_id: any, target_state: integer, template_info: { parameter_list: ({ name: string, value: any })[] } }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_message.updatable_send(args) end

---POST /cgi-bin/message/device/subscribe/send
---@async
---@param args { to_openid_list: string[], template_id: string, sn: any, modelId: any, page?: string, miniprogram_state?: any, lang?: string, data: table }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_message.device_subscribe_send(args) end

---POST /cgi-bin/message/wxopen/employeerelationmsg/send
---@async
---@param args { template_id: string, touser: string, page: string, data?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_message.employee_relation_send(args) end

---POST /wxa/set_user_notify
---@async
---@param args { openid: string, notify_type: any, notify_code: any, content_json?: any, check_json?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_message.set_user_notify(args) end

---POST /wxa/get_user_notify
---@async
---@param args { openid: string, notify_type: any, notify_code: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_message.get_user_notify(args) end

---POST /wxa/set_user_notifyext
---@async
---@param args { openid: string, notify_type: any, notify_code: any, ext_json?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_message.set_user_notifyext(args) end

---@class weiyue.account.api.kf_account
local kf_account = {}

---GET /cgi-bin/customservice/getkflist
---
---reply kf_list[kf_account,kf_nick,kf_id,kf_headimgurl,kf_wx?,invite_*?]
---@async
---@return table? reply
---@return weiyue.api.Error? err
function kf_account.list() end

---GET /cgi-bin/customservice/getonlinekflist
---
---reply kf_online_list[kf_account,status,kf_id,accepted_case]
---@async
---@return table? reply
---@return weiyue.api.Error? err
function kf_account.list_online() end

---POST /customservice/kfaccount/add
---
---61456 when the account limit is reached
---@async
---@param args { kf_account: string, nickname: string, password?: any }
---@return table? reply
---@return weiyue.api.Error? err
function kf_account.add(args) end

---POST /customservice/kfaccount/update
---@async
---@param args { kf_account: string, nickname: string, password?: any }
---@return table? reply
---@return weiyue.api.Error? err
function kf_account.update(args) end

---GET /customservice/kfaccount/del
---
---a GET with the account in the query
---@async
---@param args { kf_account: string }
---@return table? reply
---@return weiyue.api.Error? err
function kf_account.del(args) end

---POST /customservice/kfaccount/uploadheadimg
---
---jpg, 640x640 advised; 61457 bad type
---@async
---@param args { kf_account: string, media: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function kf_account.upload_head_img(args) end

---POST /customservice/kfaccount/inviteworker
---
---the new account works only after the worker confirms; 65407-65412
---@async
---@param args { kf_account: string, invite_wx: string }
---@return table? reply
---@return weiyue.api.Error? err
function kf_account.invite_worker(args) end

---GET /customservice/kfaccount/setadmin
---
---mini-program customer service
---@async
---@param args { kf_openid: string }
---@return table? reply
---@return weiyue.api.Error? err
function kf_account.set_admin(args) end

---GET /customservice/kfaccount/canceladmin
---
---mini-program customer service
---@async
---@param args { kf_openid: string }
---@return table? reply
---@return weiyue.api.Error? err
function kf_account.cancel_admin(args) end

---@class weiyue.account.api.kf_session
local kf_session = {}

---POST /customservice/kfsession/create
---@async
---@param args { kf_account: string, openid: string, text?: string }
---@return table? reply
---@return weiyue.api.Error? err
function kf_session.create(args) end

---POST /customservice/kfsession/close
---@async
---@param args { kf_account: string, openid: string, text?: string }
---@return table? reply
---@return weiyue.api.Error? err
function kf_session.close(args) end

---GET /customservice/kfsession/getsession
---
---reply kf_account,createtime
---@async
---@param args { openid: string }
---@return table? reply
---@return weiyue.api.Error? err
function kf_session.get(args) end

---GET /customservice/kfsession/getsessionlist
---
---reply sessionlist[openid,createtime]
---@async
---@param args { kf_account: string }
---@return table? reply
---@return weiyue.api.Error? err
function kf_session.list(args) end

---GET /customservice/kfsession/getwaitcase
---
---reply count,waitcaselist[] (100 at most)
---@async
---@return table? reply
---@return weiyue.api.Error? err
function kf_session.wait_case() end

---@class weiyue.account.api.kf_record
local kf_record = {}

---POST /customservice/msgrecord/getmsglist
---
---span <=24 h; reply recordlist[],number,msgid; the older getrecord call is gone
---@async
---@param args { starttime: integer, endtime: integer, msgid: integer|string, number: integer }
---@return table? reply
---@return weiyue.api.Error? err
function kf_record.get_msg_list(args) end

---@class weiyue.account.api.kf_work
local kf_work = {}

---GET /customservice/work/get
---
---mini-program to WeCom kf binding
---@async
---@return table? reply
---@return weiyue.api.Error? err
function kf_work.get() end

---POST /customservice/work/bind
---@async
---@param args { corpid: any }
---@return table? reply
---@return weiyue.api.Error? err
function kf_work.bind(args) end

---POST /customservice/work/unbind
---@async
---@param args { corpid: any }
---@return table? reply
---@return weiyue.api.Error? err
function kf_work.unbind(args) end

---@class weiyue.account.api.kf_business
local kf_business = {}

---POST /cgi-bin/business/register
---@async
---@param args { account_name: string, nickname: string, icon_media_id: string, transfer_to_commkf?: any }
---@return table? reply
---@return weiyue.api.Error? err
function kf_business.register(args) end

---POST /cgi-bin/business/update
---@async
---@param args { business_id: any, nickname?: string, icon_media_id?: string }
---@return table? reply
---@return weiyue.api.Error? err
function kf_business.update(args) end

---POST /cgi-bin/business/get
---@async
---@param args? { business_id?: any, account_name?: string }
---@return table? reply
---@return weiyue.api.Error? err
function kf_business.get(args) end

---POST /cgi-bin/business/list
---@async
---@param args { offset: integer, count: integer }
---@return table? reply
---@return weiyue.api.Error? err
function kf_business.list(args) end

---@class weiyue.account.api.guide
local guide = {}

---POST /cgi-bin/guide/addguideacct
---
---every guide call takes either guide_account or guide_openid; 20000 guides an account
---@async
---@param args { guide_account?: string, guide_openid?: string, guide_nickname?: any, guide_headimgurl?: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.add(args) end

---POST /cgi-bin/guide/getguideacct
---@async
---@param args { guide_account?: string, guide_openid?: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.get(args) end

---POST /cgi-bin/guide/updateguideacct
---@async
---@param args { guide_account?: string, guide_openid?: string, guide_nickname?: any, guide_headimgurl?: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.update(args) end

---POST /cgi-bin/guide/delguideacct
---@async
---@param args { guide_account?: string, guide_openid?: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.del(args) end

---POST /cgi-bin/guide/getguideacctlist
---@async
---@param args { page: integer, num: integer }
---@return table? reply
---@return weiyue.api.Error? err
function guide.list(args) end

---POST /cgi-bin/guide/guidecreateqrcode
---
---reply qrcode_url
---@async
---@param args { guide_account?: string, guide_openid?: string, qrcode_info?: any }
---@return table? reply
---@return weiyue.api.Error? err
function guide.create_qrcode(args) end

---POST /cgi-bin/guide/getguidebuyerchatrecord
---
---last 30 days
---@async
---@param args { guide_account?: string, guide_openid?: string, openid?: string, begin_time?: integer, end_time?: integer, page: integer, num: integer }
---@return table? reply
---@return weiyue.api.Error? err
function guide.get_chat_record(args) end

---POST /cgi-bin/guide/setguideconfig
---@async
---@param args? { guide_account?: string, guide_openid?: string, is_delete?: any, guide_fast_reply_list?: ({ content: string })[], guide_auto_reply?: { content: string, msgtype: any }, guide_auto_reply_plus?: { content: string, msgtype: any } }
---@return table? reply
---@return weiyue.api.Error? err
function guide.set_config(args) end

---POST /cgi-bin/guide/getguideconfig
---@async
---@param args { guide_account?: string, guide_openid?: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.get_config(args) end

---POST /cgi-bin/guide/setguideacctconfig
---@async
---@param args? { is_delete?: any, black_keyword?: { values: any[] }, guide_auto_reply?: { content: string } }
---@return table? reply
---@return weiyue.api.Error? err
function guide.set_acct_config(args) end

---POST /cgi-bin/guide/getguideacctconfig
---@async
---@return table? reply
---@return weiyue.api.Error? err
function guide.get_acct_config() end

---POST /cgi-bin/guide/pushshowwxapathmenu
---@async
---@param args { appid: string, username: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.push_show_wxa_path_menu(args) end

---POST /cgi-bin/guide/newguidegroup
---
---200 groups, 200 guides each
---@async
---@param args { group_name: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.new_group(args) end

---POST /cgi-bin/guide/getguidegrouplist
---@async
---@return table? reply
---@return weiyue.api.Error? err
function guide.get_group_list() end

---POST /cgi-bin/guide/getgroupinfo
---@async
---@param args { group_id: any, page: integer, num: integer }
---@return table? reply
---@return weiyue.api.Error? err
function guide.get_group_info(args) end

---POST /cgi-bin/guide/addguide2guidegroup
---@async
---@param args { group_id: any, guide_account: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.add_to_group(args) end

---POST /cgi-bin/guide/delguide2guidegroup
---@async
---@param args { group_id: any, guide_account: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.del_from_group(args) end

---POST /cgi-bin/guide/getgroupbyguide
---@async
---@param args { guide_account: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.get_groups_of_guide(args) end

---POST /cgi-bin/guide/delguidegroup
---@async
---@param args { group_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function guide.del_group(args) end

---POST /cgi-bin/guide/addguidemassendjob
---@async
---@param args { guide_account?: string, guide_openid?: string, task_name: string, task_remark?: any, push_time: any, openid: string[], material: ({ type: any, media_id?: string, word?: string, appid?: string, title?: string, path?: string })[] }
---@return table? reply
---@return weiyue.api.Error? err
function guide.add_massend_job(args) end

---POST /cgi-bin/guide/getguidemassendjoblist
---@async
---@param args? { guide_account?: string, guide_openid?: string, task_status?: any[], offset?: integer, limit?: integer }
---@return table? reply
---@return weiyue.api.Error? err
function guide.get_massend_job_list(args) end

---POST /cgi-bin/guide/getguidemassendjob
---@async
---@param args { task_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function guide.get_massend_job(args) end

---POST /cgi-bin/guide/updateguidemassendjob
---@async
---@param args { task_id: any, task_name?: string, task_remark?: any, push_time?: any, openid?: string[], material?: ({ type: any, media_id?: string, word?: string, appid?: string, title?: string, path?: string })[] }
---@return table? reply
---@return weiyue.api.Error? err
function guide.update_massend_job(args) end

---POST /cgi-bin/guide/cancelguidemassendjob
---@async
---@param args { task_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function guide.cancel_massend_job(args) end

---POST /cgi-bin/guide/addguidebuyerrelation
---
---15000 buyers a guide, buyer_list <=200
---@async
---@param args { guide_account?: string, guide_openid?: string, openid?: string, buyer_nickname?: string, buyer_list?: ({ openid: string, buyer_nickname?: string })[] }
---@return table? reply
---@return weiyue.api.Error? err
function guide.add_buyer_relation(args) end

---POST /cgi-bin/guide/delguidebuyerrelation
---@async
---@param args { guide_account?: string, guide_openid?: string, openid?: string, openid_list?: string[] }
---@return table? reply
---@return weiyue.api.Error? err
function guide.del_buyer_relation(args) end

---POST /cgi-bin/guide/getguidebuyerrelationlist
---@async
---@param args { guide_account?: string, guide_openid?: string, page: integer, num: integer }
---@return table? reply
---@return weiyue.api.Error? err
function guide.get_buyer_relation_list(args) end

---POST /cgi-bin/guide/rebindguideacctforbuyer
---@async
---@param args? { old_guide_account?: any, old_guide_openid?: string, new_guide_account?: any, new_guide_openid?: string, openid?: string, openid_list?: string[] }
---@return table? reply
---@return weiyue.api.Error? err
function guide.rebind_for_buyer(args) end

---POST /cgi-bin/guide/updateguidebuyerrelation
---@async
---@param args { guide_account?: string, guide_openid?: string, openid: string, buyer_nickname: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.update_buyer_relation(args) end

---POST /cgi-bin/guide/getguidebuyerrelationbybuyer
---@async
---@param args { openid: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.get_buyer_relation_by_buyer(args) end

---POST /cgi-bin/guide/getguidebuyerrelation
---@async
---@param args { guide_account?: string, guide_openid?: string, openid: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.get_buyer_relation(args) end

---POST /cgi-bin/guide/newguidetagoption
---
---4 tag types, 50 values each
---@async
---@param args { tag_name: string, tag_values: string[] }
---@return table? reply
---@return weiyue.api.Error? err
function guide.new_tag_option(args) end

---POST /cgi-bin/guide/delguidetagoption
---@async
---@param args { tag_name: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.del_tag_option(args) end

---POST /cgi-bin/guide/addguidetagoption
---@async
---@param args { tag_name: string, tag_values: string[] }
---@return table? reply
---@return weiyue.api.Error? err
function guide.add_tag_option(args) end

---POST /cgi-bin/guide/getguidetagoption
---@async
---@return table? reply
---@return weiyue.api.Error? err
function guide.get_tag_option() end

---POST /cgi-bin/guide/addguidebuyertag
---@async
---@param args { guide_account?: string, guide_openid?: string, openid?: string, openid_list?: string[], tag_value: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.add_buyer_tag(args) end

---POST /cgi-bin/guide/getguidebuyertag
---@async
---@param args { guide_account?: string, guide_openid?: string, openid: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.get_buyer_tag(args) end

---POST /cgi-bin/guide/queryguidebuyerbytag
---@async
---@param args { guide_account?: string, guide_openid?: string, tag_values: string[], push_count?: any }
---@return table? reply
---@return weiyue.api.Error? err
function guide.query_buyer_by_tag(args) end

---POST /cgi-bin/guide/delguidebuyertag
---@async
---@param args { guide_account?: string, guide_openid?: string, openid?: string, openid_list?: string[], tag_value: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.del_buyer_tag(args) end

---POST /cgi-bin/guide/addguidebuyerdisplaytag
---@async
---@param args { guide_account?: string, guide_openid?: string, openid: string, display_tag_list: string[] }
---@return table? reply
---@return weiyue.api.Error? err
function guide.add_buyer_display_tag(args) end

---POST /cgi-bin/guide/getguidebuyerdisplaytag
---@async
---@param args { guide_account?: string, guide_openid?: string, openid: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.get_buyer_display_tag(args) end

---POST /cgi-bin/guide/setguidecardmaterial
---@async
---@param args { type: any, appid: string, title: string, path: string, media_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.set_card_material(args) end

---POST /cgi-bin/guide/getguidecardmaterial
---@async
---@param args { type: any }
---@return table? reply
---@return weiyue.api.Error? err
function guide.get_card_material(args) end

---POST /cgi-bin/guide/delguidecardmaterial
---@async
---@param args { type: any, appid: string, title: string, path: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.del_card_material(args) end

---POST /cgi-bin/guide/setguideimagematerial
---@async
---@param args { type: any, media_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.set_image_material(args) end

---POST /cgi-bin/guide/getguideimagematerial
---@async
---@param args { type: any, start: integer, num: integer }
---@return table? reply
---@return weiyue.api.Error? err
function guide.get_image_material(args) end

---POST /cgi-bin/guide/delguideimagematerial
---@async
---@param args { type: any, picurl: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.del_image_material(args) end

---POST /cgi-bin/guide/setguidewordmaterial
---@async
---@param args { type: any, word: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.set_word_material(args) end

---POST /cgi-bin/guide/getguidewordmaterial
---@async
---@param args { type: any, start: integer, num: integer }
---@return table? reply
---@return weiyue.api.Error? err
function guide.get_word_material(args) end

---POST /cgi-bin/guide/delguidewordmaterial
---@async
---@param args { type: any, word: string }
---@return table? reply
---@return weiyue.api.Error? err
function guide.del_word_material(args) end

---@class weiyue.account.api.oauth
local oauth = {}

---GET /connect/oauth2/authorize
---
---parameter order matters; scope snsapi_base (silent) or snsapi_userinfo; redirect_uri URL-encoded, host must match the configured callback domain; optional forcePopup
---@param args { appid?: string, redirect_uri: string, response_type?: "code", scope: "snsapi_base"|"snsapi_userinfo", state?: any, forcePopup?: boolean }
---@return string? reply
---@return weiyue.api.Error? err
function oauth.authorize_url(args) end

---GET /connect/qrconnect
---
---website login by QR
---@param args { appid?: string, redirect_uri: string, response_type?: "code", scope?: "snsapi_login", state?: any }
---@return string? reply
---@return weiyue.api.Error? err
function oauth.qrconnect_url(args) end

---GET /sns/oauth2/access_token
---
---reply access_token,expires_in,refresh_token,openid,scope,unionid?,is_snapshotuser?; code single use, 5 min (40029, 40163); not the base access_token
---@async
---@param args { appid?: string, secret?: string, code: string, grant_type?: "authorization_code" }
---@return table? reply
---@return weiyue.api.Error? err
function oauth.access_token(args) end

---GET /sns/oauth2/refresh_token
---
---refresh_token lives 30 days (42002, 40030); no secret needed
---@async
---@param args { appid?: string, grant_type?: "refresh_token", refresh_token: string }
---@return table? reply
---@return weiyue.api.Error? err
function oauth.refresh_token(args) end

---GET /sns/userinfo
---
---scope snsapi_userinfo; lang zh_CN|zh_TW|en; reply openid,nickname,sex,province,city,country,headimgurl,privilege[],unionid?; sex, province, city, country empty since 2021; is_snapshotuser=1 marks a virtual identity
---@async
---@param args { access_token: string, openid: string, lang?: "zh_CN"|"zh_TW"|"en" }
---@return table? reply
---@return weiyue.api.Error? err
function oauth.userinfo(args) end

---GET /sns/auth
---
---errcode 0 when still valid, 40003 otherwise
---@async
---@param args { access_token: string, openid: string }
---@return table? reply
---@return weiyue.api.Error? err
function oauth.auth(args) end

---@class weiyue.account.api.jssdk
local jssdk = {}

---GET /cgi-bin/ticket/getticket
---
---reply ticket, expires_in (7200 s); keep it
---@async
---@param args? { type?: "jsapi" }
---@return table? reply
---@return weiyue.api.Error? err
function jssdk.get_ticket(args) end

---GET /cgi-bin/ticket/getticket
---
---the api_ticket for pages with cards and invoices; its signature sorts the values before sha1
---@async
---@param args? { type?: "wx_card" }
---@return table? reply
---@return weiyue.api.Error? err
function jssdk.get_card_ticket(args) end

---@class weiyue.account.api.media
local media = {}

---POST /cgi-bin/media/upload
---
---reply type, media_id (thumb_media_id for thumb), created_at; kept 3 days; image 10 MB, voice 2 MB or 60 s of AMR or MP3, video 10 MB of MP4, thumb 64 KB of JPG
---@async
---@param args { type: "image"|"voice"|"video"|"thumb", media: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function media.upload(args) end

---GET /cgi-bin/media/get
---
---video answers JSON with video_url instead of bytes; error also JSON
---@async
---@param args { media_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function media.get(args) end

---GET /cgi-bin/media/get/jssdk
---
---high-quality speex voice uploaded by JS-SDK
---@async
---@param args { media_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function media.get_jssdk(args) end

---POST /cgi-bin/media/uploadimg
---
---reply url; jpg/png under 1 MB; does not count against the material quota; card logo and POI photos use the same call (field name buffer in old card documents)
---@async
---@param args { media: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function media.upload_img(args) end

---POST /cgi-bin/media/uploadnews
---
---reply type,media_id,created_at; for mass sending; superseded by draft.add
---@async
---@param args { articles: ({ thumb_media_id: string, title: string, author?: string, digest?: string, content_source_url?: string, content: string, show_cover_pic?: integer, need_open_comment?: integer, only_fans_can_comment?: integer })[] }
---@return table? reply
---@return weiyue.api.Error? err
function media.upload_news(args) end

---POST /cgi-bin/media/uploadvideo
---
---turns an uploaded video into an mpvideo media_id
---@async
---@param args { media_id: string, title?: string, description?: string }
---@return table? reply
---@return weiyue.api.Error? err
function media.upload_video(args) end

---GET /cgi-bin/media/getfeedbackmedia
---
---mini-program feedback picture
---@async
---@param args { record_id: any, media_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function media.get_feedback(args) end

---@class weiyue.account.api.material
local material = {}

---POST /cgi-bin/material/add_news
---
---reply media_id; switched off in 2022 (45103), use draft.add
---@async
---@param args { articles: ({ title: string, thumb_media_id: string, author?: string, digest?: string, show_cover_pic: integer, content: string, content_source_url: string, need_open_comment?: integer, only_fans_can_comment?: integer })[] }
---@return table? reply
---@return weiyue.api.Error? err
function material.add_news(args) end

---POST /cgi-bin/material/add_material
---
---reply media_id, url (of an image); 100000 images, 1000 of each other kind
---@async
---@param args { type: "image"|"voice"|"video"|"thumb", media: weiyue.api.File, description?: { title: string, introduction: any } }
---@return table? reply
---@return weiyue.api.Error? err
function material.add(args) end

---POST /cgi-bin/material/get_material
---
---news -> news_item[]; video -> title,description,down_url; others are bytes
---@async
---@param args { media_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function material.get(args) end

---POST /cgi-bin/material/del_material
---
---48005 if menu or autoreply uses it
---@async
---@param args { media_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function material.del(args) end

---POST /cgi-bin/material/update_news
---
---superseded by draft.update
---@async
---@param args { media_id: string, index: integer, articles: { thumb_media_id: string, title: string, author?: string, digest?: string, content_source_url?: string, content: string, show_cover_pic?: integer, need_open_comment?: integer, only_fans_can_comment?: integer } }
---@return table? reply
---@return weiyue.api.Error? err
function material.update_news(args) end

---GET /cgi-bin/material/get_materialcount
---
---reply voice_count,video_count,image_count,news_count
---@async
---@return table? reply
---@return weiyue.api.Error? err
function material.count() end

---POST /cgi-bin/material/batchget_material
---
---reply total_count,item_count,item[]
---@async
---@param args { type: "image"|"video"|"voice"|"news", offset: integer, count: integer }
---@return table? reply
---@return weiyue.api.Error? err
function material.batch_get(args) end

---@class weiyue.account.api.draft
local draft = {}

---POST /cgi-bin/draft/add
---
---reply media_id
---@async
---@param args { articles: ({ article_type?: "news"|"newspic", title: string, author?: string, digest?: string, content: string, content_source_url?: string, thumb_media_id?: string, need_open_comment?: integer, only_fans_can_comment?: integer, pic_crop_235_1?: any, pic_crop_1_1?: any, image_info?: any, cover_info?: any, product_info?: any })[] }
---@return table? reply
---@return weiyue.api.Error? err
function draft.add(args) end

---POST /cgi-bin/draft/get
---@async
---@param args { media_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function draft.get(args) end

---POST /cgi-bin/draft/delete
---@async
---@param args { media_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function draft.delete(args) end

---POST /cgi-bin/draft/update
---@async
---@param args { media_id: string, index: integer, articles: { thumb_media_id: string, title: string, author?: string, digest?: string, content_source_url?: string, content: string, show_cover_pic?: integer, need_open_comment?: integer, only_fans_can_comment?: integer } }
---@return table? reply
---@return weiyue.api.Error? err
function draft.update(args) end

---GET /cgi-bin/draft/count
---
---reply total_count
---@async
---@return table? reply
---@return weiyue.api.Error? err
function draft.count() end

---POST /cgi-bin/draft/batchget
---
---reply total_count,item_count,item[]
---@async
---@param args { offset: integer, count: integer, no_content?: integer }
---@return table? reply
---@return weiyue.api.Error? err
function draft.batch_get(args) end

---POST /cgi-bin/draft/switch
---
---checkonly=1 only asks; turning the draft box on cannot be undone; reply is_open
---@async
---@param args? { checkonly?: integer }
---@return table? reply
---@return weiyue.api.Error? err
function draft.switch(args) end

---@class weiyue.account.api.publish
local publish = {}

---POST /cgi-bin/freepublish/submit
---
---reply publish_id,msg_data_id; asynchronous, result event PUBLISHJOBFINISH
---@async
---@param args { media_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function publish.submit(args) end

---POST /cgi-bin/freepublish/get
---
---reply publish_status(0 ok,1 running,2 original-check fail,3 fail,4 audit fail,5 deleted,6 banned),article_id?,article_detail?,fail_idx?
---@async
---@param args { publish_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function publish.get(args) end

---POST /cgi-bin/freepublish/delete
---
---irreversible
---@async
---@param args { article_id: string, index?: integer }
---@return table? reply
---@return weiyue.api.Error? err
function publish.delete(args) end

---POST /cgi-bin/freepublish/getarticle
---@async
---@param args { article_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function publish.get_article(args) end

---POST /cgi-bin/freepublish/batchget
---@async
---@param args { offset: integer, count: integer, no_content?: any }
---@return table? reply
---@return weiyue.api.Error? err
function publish.batch_get(args) end

---@class weiyue.account.api.comment
local comment = {}

---POST /cgi-bin/comment/open
---
---88000 no comment privilege
---@async
---@param args { msg_data_id: integer, index?: integer }
---@return table? reply
---@return weiyue.api.Error? err
function comment.open(args) end

---POST /cgi-bin/comment/close
---@async
---@param args { msg_data_id: integer, index?: integer }
---@return table? reply
---@return weiyue.api.Error? err
function comment.close(args) end

---POST /cgi-bin/comment/list
---
---reply total,comment[]
---@async
---@param args { msg_data_id: integer, index?: integer, begin: integer, count: integer, type: integer }
---@return table? reply
---@return weiyue.api.Error? err
function comment.list(args) end

---POST /cgi-bin/comment/markelect
---
---88003 limit
---@async
---@param args { msg_data_id: integer, index?: integer, user_comment_id: integer }
---@return table? reply
---@return weiyue.api.Error? err
function comment.mark_elect(args) end

---POST /cgi-bin/comment/unmarkelect
---@async
---@param args { msg_data_id: integer, index?: integer, user_comment_id: integer }
---@return table? reply
---@return weiyue.api.Error? err
function comment.unmark_elect(args) end

---POST /cgi-bin/comment/delete
---@async
---@param args { msg_data_id: integer, index?: integer, user_comment_id: integer }
---@return table? reply
---@return weiyue.api.Error? err
function comment.delete(args) end

---POST /cgi-bin/comment/reply/add
---@async
---@param args { msg_data_id: integer, index?: integer, user_comment_id: integer, content: string }
---@return table? reply
---@return weiyue.api.Error? err
function comment.reply_add(args) end

---POST /cgi-bin/comment/reply/delete
---@async
---@param args { msg_data_id: integer, index?: integer, user_comment_id: integer }
---@return table? reply
---@return weiyue.api.Error? err
function comment.reply_delete(args) end

---@class weiyue.account.api.tag
local tag = {}

---POST /cgi-bin/tags/create
---
---100 tags (45056), 45157 duplicate, 45158 long
---@async
---@param args { tag: { name: string } }
---@return table? reply
---@return weiyue.api.Error? err
function tag.create(args) end

---GET /cgi-bin/tags/get
---
---reply tags[id,name,count]
---@async
---@return table? reply
---@return weiyue.api.Error? err
function tag.list() end

---POST /cgi-bin/tags/update
---
---ids 0,1,2 are system tags (45058)
---@async
---@param args { tag: { id: integer, name: string } }
---@return table? reply
---@return weiyue.api.Error? err
function tag.update(args) end

---POST /cgi-bin/tags/delete
---
---45057 above 100k fans
---@async
---@param args { tag: { id: integer } }
---@return table? reply
---@return weiyue.api.Error? err
function tag.delete(args) end

---POST /cgi-bin/user/tag/get
---@async
---@param args { tagid: integer, next_openid?: string }
---@return table? reply
---@return weiyue.api.Error? err
function tag.list_users(args) end

---POST /cgi-bin/tags/members/batchtagging
---
---20 tags a fan (45059); code 40032 too many openids
---@async
---@param args { openid_list: string[], tagid: integer }
---@return table? reply
---@return weiyue.api.Error? err
function tag.batch_tagging(args) end

---POST /cgi-bin/tags/members/batchuntagging
---@async
---@param args { openid_list: string[], tagid: integer }
---@return table? reply
---@return weiyue.api.Error? err
function tag.batch_untagging(args) end

---POST /cgi-bin/tags/getidlist
---
---reply tagid_list[]
---@async
---@param args { openid: string }
---@return table? reply
---@return weiyue.api.Error? err
function tag.get_id_list(args) end

---@class weiyue.account.api.user
local user = {}

---GET /cgi-bin/user/info
---
---reply subscribe,openid,language,subscribe_time,unionid?,remark,groupid,tagid_list[],subscribe_scene,qr_scene,qr_scene_str; nickname and headimgurl stopped being returned in 2021-12
---@async
---@param args { openid: string, lang?: "zh_CN"|"zh_TW"|"en" }
---@return table? reply
---@return weiyue.api.Error? err
function user.info(args) end

---POST /cgi-bin/user/info/batchget
---
---reply user_info_list[]
---@async
---@param args { user_list: ({ openid: string, lang?: "zh_CN"|"zh_TW"|"en" })[] }
---@return table? reply
---@return weiyue.api.Error? err
function user.batch_info(args) end

---POST /cgi-bin/user/info/updateremark
---
---verified service accounts
---@async
---@param args { openid: string, remark: string }
---@return table? reply
---@return weiyue.api.Error? err
function user.update_remark(args) end

---GET /cgi-bin/user/get
---
---10000 per call; reply total,count,data{openid[]},next_openid; data absent when count 0
---@async
---@param args? { next_openid?: string }
---@return table? reply
---@return weiyue.api.Error? err
function user.list(args) end

---POST /cgi-bin/changeopenid
---
---reply result_list[ori_openid,new_openid,err_msg]; account migration
---@async
---@param args { from_appid: string, openid_list: string[] }
---@return table? reply
---@return weiyue.api.Error? err
function user.change_openid(args) end

---@class weiyue.account.api.user_group
local user_group = {}

---POST /cgi-bin/groups/create
---
---retired in 2016, replaced by tags
---@async
---@param args { group: { name: string } }
---@return table? reply
---@return weiyue.api.Error? err
function user_group.create(args) end

---GET /cgi-bin/groups/get
---
---reply groups[id,name,count]; retired
---@async
---@return table? reply
---@return weiyue.api.Error? err
function user_group.list() end

---POST /cgi-bin/groups/getid
---
---reply groupid; retired
---@async
---@param args { openid: string }
---@return table? reply
---@return weiyue.api.Error? err
function user_group.get_id(args) end

---POST /cgi-bin/groups/update
---
---retired
---@async
---@param args { group: { id: any, name: string } }
---@return table? reply
---@return weiyue.api.Error? err
function user_group.update(args) end

---POST /cgi-bin/groups/members/update
---
---retired
---@async
---@param args { openid: string, to_groupid: integer }
---@return table? reply
---@return weiyue.api.Error? err
function user_group.move_user(args) end

---POST /cgi-bin/groups/members/batchupdate
---
---retired
---@async
---@param args { openid_list: string[], to_groupid: integer }
---@return table? reply
---@return weiyue.api.Error? err
function user_group.batch_move(args) end

---POST /cgi-bin/groups/delete
---
---retired
---@async
---@param args { group: { id: any } }
---@return table? reply
---@return weiyue.api.Error? err
function user_group.delete(args) end

---@class weiyue.account.api.blacklist
local blacklist = {}

---POST /cgi-bin/tags/members/getblacklist
---
---10000 a page
---@async
---@param args? { begin_openid?: string }
---@return table? reply
---@return weiyue.api.Error? err
function blacklist.list(args) end

---POST /cgi-bin/tags/members/batchblacklist
---@async
---@param args { openid_list: string[] }
---@return table? reply
---@return weiyue.api.Error? err
function blacklist.add(args) end

---POST /cgi-bin/tags/members/batchunblacklist
---@async
---@param args { openid_list: string[] }
---@return table? reply
---@return weiyue.api.Error? err
function blacklist.remove(args) end

---@class weiyue.account.api.qrcode
local qrcode = {}

---POST /cgi-bin/qrcode/create
---
---permanent scene_id 1-100000; reply ticket,expire_seconds,url
---@async
---@param args { expire_seconds?: integer, action_name: "QR_SCENE"|"QR_STR_SCENE"|"QR_LIMIT_SCENE"|"QR_LIMIT_STR_SCENE", action_info: { scene: { scene_id?: integer, scene_str?: string } } }
---@return table? reply
---@return weiyue.api.Error? err
function qrcode.create(args) end

---GET /cgi-bin/showqrcode
---
---ticket must be URL-encoded; jpg with HTTP 200, 404 for a bad ticket
---@async
---@param args { ticket: string }
---@return table? reply
---@return weiyue.api.Error? err
function qrcode.show(args) end

---@class weiyue.account.api.shorturl
local shorturl = {}

---POST /cgi-bin/shorturl
---
---reply short_url; switched off for new use in 2021, use shorten
---@async
---@param args { action?: "long2short", long_url: string }
---@return table? reply
---@return weiyue.api.Error? err
function shorturl.create(args) end

---@class weiyue.account.api.shorten
local shorten = {}

---POST /cgi-bin/shorten/gen
---
---reply short_key (15 chars)
---@async
---@param args { long_data: string, expire_seconds?: integer }
---@return table? reply
---@return weiyue.api.Error? err
function shorten.gen(args) end

---POST /cgi-bin/shorten/fetch
---
---reply long_data,create_time,expire_seconds
---@async
---@param args { short_key: string }
---@return table? reply
---@return weiyue.api.Error? err
function shorten.fetch(args) end

---@class weiyue.account.api.datacube
local datacube = {}

---POST /datacube/getusersummary
---
---span <=7 days, end at most yesterday; reply list[ref_date,user_source,new_user,cancel_user]
---@async
---@param args { begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_user_summary(args) end

---POST /datacube/getusercumulate
---
---<=7 days; reply list[ref_date,cumulate_user]
---@async
---@param args { begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_user_cumulate(args) end

---POST /datacube/getarticlesummary
---
---1 day; legacy, may answer 47009 (offline), use get_biz_summary
---@async
---@param args { begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_article_summary(args) end

---POST /datacube/getarticletotal
---
---1 day; counts up to 7 days after sending; legacy, use get_article_total_detail
---@async
---@param args { begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_article_total(args) end

---POST /datacube/getuserread
---
---3 days; legacy
---@async
---@param args { begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_user_read(args) end

---POST /datacube/getuserreadhour
---
---1 day; legacy
---@async
---@param args { begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_user_read_hour(args) end

---POST /datacube/getusershare
---
---7 days; legacy
---@async
---@param args { begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_user_share(args) end

---POST /datacube/getusersharehour
---
---1 day; legacy
---@async
---@param args { begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_user_share_hour(args) end

---POST /datacube/getarticleread
---
---daily reads of published articles; data from 2025-11-01; a span of 1 day, maybe 30
---@async
---@param args { begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_article_read(args) end

---POST /datacube/getarticleshare
---
---data from 2025-11-01
---@async
---@param args { begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_article_share(args) end

---POST /datacube/getbizsummary
---
---<=30 days; data from 2025-11-01
---@async
---@param args { begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_biz_summary(args) end

---POST /datacube/getarticletotaldetail
---
---1 day; 30 days of data per article
---@async
---@param args { begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_article_total_detail(args) end

---POST /datacube/getupstreammsg
---
---7 days
---@async
---@param args { begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_upstream_msg(args) end

---POST /datacube/getupstreammsghour
---
---1 day
---@async
---@param args { begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_upstream_msg_hour(args) end

---POST /datacube/getupstreammsgweek
---
---30 days
---@async
---@param args { begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_upstream_msg_week(args) end

---POST /datacube/getupstreammsgmonth
---
---30 days
---@async
---@param args { begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_upstream_msg_month(args) end

---POST /datacube/getupstreammsgdist
---
---15 days
---@async
---@param args { begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_upstream_msg_dist(args) end

---POST /datacube/getupstreammsgdistweek
---
---30 days
---@async
---@param args { begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_upstream_msg_dist_week(args) end

---POST /datacube/getupstreammsgdistmonth
---
---30 days
---@async
---@param args { begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_upstream_msg_dist_month(args) end

---POST /datacube/getinterfacesummary
---
---30 days
---@async
---@param args { begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_interface_summary(args) end

---POST /datacube/getinterfacesummaryhour
---
---1 day
---@async
---@param args { begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_interface_summary_hour(args) end

---POST /datacube/getcardbizuininfo
---
---<=62 days
---@async
---@param args { begin_date: string, end_date: string, cond_source: integer }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_card_bizuin_info(args) end

---POST /datacube/getcardcardinfo
---@async
---@param args { begin_date: string, end_date: string, cond_source: any, card_id?: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_card_card_info(args) end

---POST /datacube/getcardmembercardinfo
---@async
---@param args { begin_date: string, end_date: string, cond_source: any }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_card_membercard_info(args) end

---POST /datacube/getcardmembercarddetail
---@async
---@param args { begin_date: string, end_date: string, card_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function datacube.get_card_membercard_detail(args) end

---@class weiyue.account.api.publisher
local publisher = {}

---GET /publisher/stat
---
---<=90 days; reply base_resp{ret,err_msg},list[],summary,total_num; errors are in base_resp, not errcode
---@async
---@param args { action?: "publisher_adpos_general", page: string, page_size: integer, start_date: any, end_date: string, ad_slot?: any }
---@return table? reply
---@return weiyue.api.Error? err
function publisher.adpos_general(args) end

---GET /publisher/stat
---
---<=60 days; base_resp envelope
---@async
---@param args { action?: "publisher_cps_general", page: string, page_size: integer, start_date: any, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function publisher.cps_general(args) end

---GET /publisher/stat
---
---no maximum span; base_resp envelope; reply settlement_list[]
---@async
---@param args { action?: "publisher_settlement", page: string, page_size: integer, start_date: any, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function publisher.settlement(args) end

---@class weiyue.account.api.card
local card = {}

---POST /card/create
---
---reply card_id
---@async
---@param args { card: { card_type?: string, groupon?: { base_info: { logo_url: string, brand_name: string, code_type: any, title: string, color: any, notice: any, description: string, sku: { quantity: integer }, date_info: table } }, cash?: { base_info: { logo_url: string, brand_name: string, code_type: any, title: string, color: any, notice: any, description: string, sku: { quantity: integer }, date_info: table } }, discount?: { base_info: { logo_url: string, brand_name: string, code_type: any, title: string, color: any, notice: any, description: string, sku: { quantity: integer }, date_info: table } }, gift?: { base_info: { logo_url: string, brand_name: string, code_type: any, title: string, color: any, notice: any, description: string, sku: { quantity: integer }, date_info: table } }, general_coupon?: { base_info: { logo_url: string, brand_name: string, code_type: any, title: string, color: any, notice: any, description: string, sku: { quantity: integer }, date_info: table } }, member_card?: { base_info: { logo_url: string, brand_name: string, code_type: any, title: string, color: any, notice: any, description: string, sku: { quantity: integer }, date_info: table } }, general_card?: { base_info: { logo_url: string, brand_name: string, code_type: any, title: string, color: any, notice: any, description: string, sku: { quantity: integer }, date_info: table } }, meeting_ticket?: { base_info: { logo_url: string, brand_name: string, code_type: any, title: string, color: any, notice: any, description: string, sku: { quantity: integer }, date_info: table } }, scenic_ticket?: { base_info: { logo_url: string, brand_name: string, code_type: any, title: string, color: any, notice: any, description: string, sku: { quantity: integer }, date_info: table } }, movie_ticket?: { base_info: { logo_url: string, brand_name: string, code_type: any, title: string, color: any, notice: any, description: string, sku: { quantity: integer }, date_info: table } }, boarding_pass?: { base_info: { logo_url: string, brand_name: string, code_type: any, title: string, color: any, notice: any, description: string, sku: { quantity: integer }, date_info: table } } } }
---@return table? reply
---@return weiyue.api.Error? err
function card.create(args) end

---POST /card/get
---
---reply card{}
---@async
---@param args { card_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function card.get(args) end

---POST /card/batchget
---
---reply card_id_list[],total_num
---@async
---@param args { offset: integer, count: integer, status_list?: any[] }
---@return table? reply
---@return weiyue.api.Error? err
function card.batch_get(args) end

---POST /card/update
---
---reply send_check
---@async
---@param args { card_id: string, groupon?: table, cash?: table, discount?: table, gift?: table, general_coupon?: table, member_card?: table, general_card?: table, meeting_ticket?: table, scenic_ticket?: table, movie_ticket?: table, boarding_pass?: table }
---@return table? reply
---@return weiyue.api.Error? err
function card.update(args) end

---POST /card/modifystock
---@async
---@param args { card_id: string, increase_stock_value?: integer, reduce_stock_value?: integer }
---@return table? reply
---@return weiyue.api.Error? err
function card.modify_stock(args) end

---POST /card/delete
---@async
---@param args { card_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function card.delete(args) end

---POST /card/paycell/set
---@async
---@param args { card_id: string, is_open: boolean }
---@return table? reply
---@return weiyue.api.Error? err
function card.set_paycell(args) end

---POST /card/selfconsumecell/set
---@async
---@param args { card_id: string, is_open: boolean, need_verify_cod?: boolean, need_remark_amount?: boolean }
---@return table? reply
---@return weiyue.api.Error? err
function card.set_selfconsumecell(args) end

---POST /card/qrcode/create
---
---reply ticket,url,show_qrcode_url
---@async
---@param args { action_name: "QR_CARD"|"QR_MULTIPLE_CARD", expire_seconds?: integer, action_info: { card?: { card_id: string, code?: string, openid?: string, is_unique_code?: boolean, outer_str?: string }, multiple_card?: { card_list: any[] } } }
---@return table? reply
---@return weiyue.api.Error? err
function card.create_qrcode(args) end

---POST /card/landingpage/create
---
---reply url,page_id
---@async
---@param args { banner: any, page_title: any, can_share: boolean, scene: any, card_list: ({ card_id: string, thumb_url: string })[] }
---@return table? reply
---@return weiyue.api.Error? err
function card.create_landing_page(args) end

---POST /card/mpnews/gethtml
---
---reply content
---@async
---@param args { card_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function card.get_mpnews_html(args) end

---POST /card/testwhitelist/set
---
---10 users
---@async
---@param args? { openid?: string[], username?: string[] }
---@return table? reply
---@return weiyue.api.Error? err
function card.set_test_whitelist(args) end

---POST /card/user/getcardlist
---@async
---@param args { openid: string, card_id?: string }
---@return table? reply
---@return weiyue.api.Error? err
function card.get_user_card_list(args) end

---GET /card/getcolors
---
---reply colors[name,value]
---@async
---@return table? reply
---@return weiyue.api.Error? err
function card.get_colors() end

---POST /card/storewxa/set
---
---binds a card to a store mini-program
---@async
---@param args { poi_id: integer|string, card_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function card.set_store_wxa(args) end

---POST /card/storewxa/get
---@async
---@param args { poi_id: integer|string }
---@return table? reply
---@return weiyue.api.Error? err
function card.get_store_wxa(args) end

---@class weiyue.account.api.card_code
local card_code = {}

---POST /card/code/deposit
---@async
---@param args { card_id: string, code: string[] }
---@return table? reply
---@return weiyue.api.Error? err
function card_code.deposit(args) end

---POST /card/code/getdepositcount
---@async
---@param args { card_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function card_code.get_deposit_count(args) end

---POST /card/code/checkcode
---@async
---@param args { card_id: string, code: string[] }
---@return table? reply
---@return weiyue.api.Error? err
function card_code.check(args) end

---POST /card/code/get
---
---also used for the non-jump member-card component
---@async
---@param args { code: string, card_id?: string, check_consume?: boolean }
---@return table? reply
---@return weiyue.api.Error? err
function card_code.get(args) end

---POST /card/code/consume
---
---40127, 40099
---@async
---@param args { code: string, card_id?: string }
---@return table? reply
---@return weiyue.api.Error? err
function card_code.consume(args) end

---POST /card/code/decrypt
---
---reply code
---@async
---@param args { encrypt_code: string }
---@return table? reply
---@return weiyue.api.Error? err
function card_code.decrypt(args) end

---POST /card/code/update
---@async
---@param args { code: string, new_code: string, card_id?: string }
---@return table? reply
---@return weiyue.api.Error? err
function card_code.update(args) end

---POST /card/code/unavailable
---@async
---@param args { code: string, card_id?: string, reason?: string }
---@return table? reply
---@return weiyue.api.Error? err
function card_code.unavailable(args) end

---POST /card/code/mark
---
---friend-coupon marking
---@async
---@param args { code: string, card_id: string, openid: string, is_mark: any }
---@return table? reply
---@return weiyue.api.Error? err
function card_code.mark(args) end

---@class weiyue.account.api.card_member
local card_member = {}

---POST /card/membercard/activate
---@async
---@param args { code: string, membership_number: string, card_id?: string, init_bonus?: any, init_balance?: any, init_custom_field_value1?: any, init_custom_field_value2?: any, init_custom_field_value3?: any, activate_begin_time?: any, activate_end_time?: any, background_pic_url?: string }
---@return table? reply
---@return weiyue.api.Error? err
function card_member.activate(args) end

---POST /card/membercard/unactivate
---
---may not exist: only one document names it
---@async
---@param args { card_id: string, code: string }
---@return table? reply
---@return weiyue.api.Error? err
function card_member.unactivate(args) end

---POST /card/membercard/activate/geturl
---
---reply url
---@async
---@param args { card_id: string, outer_str?: string }
---@return table? reply
---@return weiyue.api.Error? err
function card_member.activate_get_url(args) end

---POST /card/membercard/activatetempinfo/get
---@async
---@param args { activate_ticket: any }
---@return table? reply
---@return weiyue.api.Error? err
function card_member.activate_temp_info(args) end

---POST /card/membercard/activateuserform/set
---@async
---@param args { card_id: string, service_statement?: { name: string, url: string }, bind_old_card?: { name: string, url: string }, required_form?: { can_modify?: any, rich_field_list: any[], common_field_id_list: any[], custom_field_list: any[] }, optional_form?: table }
---@return table? reply
---@return weiyue.api.Error? err
function card_member.set_activate_user_form(args) end

---POST /card/membercard/updateuser
---@async
---@param args { code: string, card_id: string, bonus?: integer, add_bonus?: integer, record_bonus?: any, balance?: integer, add_balance?: integer, record_balance?: any, custom_field_value1?: any, custom_field_value2?: any, custom_field_value3?: any, notify_optional?: table }
---@return table? reply
---@return weiyue.api.Error? err
function card_member.update_user(args) end

---POST /card/membercard/userinfo/get
---@async
---@param args { card_id: string, code: string }
---@return table? reply
---@return weiyue.api.Error? err
function card_member.get_user_info(args) end

---@class weiyue.account.api.card_paygift
local card_paygift = {}

---POST /card/paygiftcard/add
---@async
---@param args { rule_info: { type: any, base_info: { mchid_list: string[], begin_time: integer, end_time: integer }, member_rule?: table, single_pay?: table } }
---@return table? reply
---@return weiyue.api.Error? err
function card_paygift.add(args) end

---POST /card/paygiftcard/delete
---@async
---@param args { rule_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function card_paygift.delete(args) end

---POST /card/paygiftcard/getbyid
---@async
---@param args { rule_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function card_paygift.get_by_id(args) end

---POST /card/paygiftcard/batchget
---@async
---@param args { type: any, effective: any, offset: integer, count: integer }
---@return table? reply
---@return weiyue.api.Error? err
function card_paygift.batch_get(args) end

---@class weiyue.account.api.card_ticket
local card_ticket = {}

---POST /card/meetingticket/updateuser
---@async
---@param args { card_id?: string, code: string, begin_time?: integer, end_time?: integer, zone?: any, entrance?: any, seat_number?: any }
---@return table? reply
---@return weiyue.api.Error? err
function card_ticket.update_meeting(args) end

---POST /card/movieticket/updateuser
---@async
---@param args { card_id?: string, code: string, ticket_class?: any, screening_room?: any, show_time?: any, duration?: any, seat_number?: any[] }
---@return table? reply
---@return weiyue.api.Error? err
function card_ticket.update_movie(args) end

---POST /card/boardingpass/checkin
---@async
---@param args { card_id?: string, code: string, etkt_bnr?: any, class?: any, passenger_name?: string, seat?: any, qrcode_data?: any, is_cancel?: boolean }
---@return table? reply
---@return weiyue.api.Error? err
function card_ticket.checkin_boarding(args) end

---@class weiyue.account.api.card_submerchant
local card_submerchant = {}

---POST /card/submerchant/submit
---
---reply merchant_id
---@async
---@param args { info: { app_id?: any, brand_name: string, logo_url: string, protocol: any, end_time: integer, agreement_media_id?: string, operator_media_id?: string, primary_category_id: any, secondary_category_id: any } }
---@return table? reply
---@return weiyue.api.Error? err
function card_submerchant.submit(args) end

---POST /card/submerchant/update
---@async
---@param args { info: { merchant_id: any, app_id?: any, brand_name: string, logo_url: string, protocol: any, end_time: integer, agreement_media_id?: string, operator_media_id?: string, primary_category_id: any, secondary_category_id: any } }
---@return table? reply
---@return weiyue.api.Error? err
function card_submerchant.update(args) end

---POST /card/submerchant/get
---@async
---@param args { merchant_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function card_submerchant.get(args) end

---POST /card/submerchant/batchget
---@async
---@param args { begin_id: any, limit: integer, status?: any }
---@return table? reply
---@return weiyue.api.Error? err
function card_submerchant.batch_get(args) end

---GET /card/getapplyprotocol
---
---reply category[]
---@async
---@return table? reply
---@return weiyue.api.Error? err
function card_submerchant.get_apply_protocol() end

---@class weiyue.account.api.card_general
local card_general = {}

---POST /card/generalcard/activate
---@async
---@param args { card_id: string, code: string, card_number: any, init_bonus?: any, init_balance?: any }
---@return table? reply
---@return weiyue.api.Error? err
function card_general.activate(args) end

---POST /card/generalcard/unactivate
---@async
---@param args { card_id: string, code: string }
---@return table? reply
---@return weiyue.api.Error? err
function card_general.unactivate(args) end

---POST /card/generalcard/updateuser
---@async
---@param args { card_id: string, code: string, background_pic_url?: string, bonus?: integer, record_bonus?: any, balance?: integer, record_balance?: any, custom_field_value1?: any, custom_field_value2?: any, custom_field_value3?: any, can_give_friend?: any }
---@return table? reply
---@return weiyue.api.Error? err
function card_general.update_user(args) end

---POST /card/luckymoney/updateuserbalance
---
---retired red-packet card
---@async
---@param args { code: string, card_id: string, balance: integer }
---@return table? reply
---@return weiyue.api.Error? err
function card_general.update_balance(args) end

---@class weiyue.account.api.card_giftcard
local card_giftcard = {}

---POST /card/giftcard/page/add
---
---reply page_id
---@async
---@param args { page: { banner_pic_url: string, page_title: any, theme_list: any[], category_list?: any[], address: string, service_phone: any, biz_description: any, support_multi?: any } }
---@return table? reply
---@return weiyue.api.Error? err
function card_giftcard.page_add(args) end

---POST /card/giftcard/page/get
---@async
---@param args { page_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function card_giftcard.page_get(args) end

---POST /card/giftcard/page/update
---@async
---@param args { page: { page_id: any, banner_pic_url?: string, page_title?: any, theme_list?: any[], category_list?: any[], address?: string, service_phone?: any, biz_description?: any, support_multi?: any } }
---@return table? reply
---@return weiyue.api.Error? err
function card_giftcard.page_update(args) end

---POST /card/giftcard/page/batchget
---@async
---@return table? reply
---@return weiyue.api.Error? err
function card_giftcard.page_batch_get() end

---POST /card/giftcard/maintain/set
---@async
---@param args { page_id?: any, all?: any, maintain: any }
---@return table? reply
---@return weiyue.api.Error? err
function card_giftcard.maintain_set(args) end

---POST /card/giftcard/pay/whitelist/add
---@async
---@param args { sub_mch_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function card_giftcard.pay_whitelist_add(args) end

---POST /card/giftcard/pay/submch/bind
---@async
---@param args { sub_mch_id: any, wxa_appid: string }
---@return table? reply
---@return weiyue.api.Error? err
function card_giftcard.pay_submch_bind(args) end

---POST /card/giftcard/wxa/set
---@async
---@param args { wxa_appid: string, page_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function card_giftcard.wxa_set(args) end

---POST /card/giftcard/order/get
---@async
---@param args { order_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function card_giftcard.order_get(args) end

---POST /card/giftcard/order/batchget
---@async
---@param args { begin_time?: integer, end_time?: integer, sort_type: any, offset: integer, count: integer }
---@return table? reply
---@return weiyue.api.Error? err
function card_giftcard.order_batch_get(args) end

---POST /card/giftcard/order/refund
---@async
---@param args { order_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function card_giftcard.order_refund(args) end

---@class weiyue.account.api.card_coin
local card_coin = {}

---GET /card/pay/activate
---
---friend-coupon points account; retired line
---@async
---@return table? reply
---@return weiyue.api.Error? err
function card_coin.activate() end

---POST /card/pay/getpayprice
---
---retired line
---@async
---@param args { card_id: string, quantity: integer }
---@return table? reply
---@return weiyue.api.Error? err
function card_coin.get_pay_price(args) end

---GET /card/pay/getcoinsinfo
---
---retired line
---@async
---@return table? reply
---@return weiyue.api.Error? err
function card_coin.get_coins_info() end

---POST /card/pay/recharge
---
---retired line
---@async
---@param args { coin_count: any }
---@return table? reply
---@return weiyue.api.Error? err
function card_coin.recharge(args) end

---POST /card/pay/getorder
---
---retired line
---@async
---@param args { order_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function card_coin.get_order(args) end

---POST /card/pay/getorderlist
---
---retired line
---@async
---@param args { offset: integer, count: integer, order_type: any, nor_filter?: table, sort_info?: table }
---@return table? reply
---@return weiyue.api.Error? err
function card_coin.get_order_list(args) end

---POST /card/pay/confirm
---
---retired line
---@async
---@param args { card_id: string, quantity: integer, order_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function card_coin.confirm(args) end

---@class weiyue.account.api.poi
local poi = {}

---POST /cgi-bin/poi/addpoi
---
---reply poi_id; audit event poi_check_notify
---@async
---@param args { business: { base_info: { sid: any, business_name: string, branch_name: string, province: any, city: any, district: any, address: string, telephone: any, categories: string[], offset_type: any, longitude: any, latitude: any, photo_list?: ({ photo_url: string })[] } } }
---@return table? reply
---@return weiyue.api.Error? err
function poi.add(args) end

---POST /cgi-bin/poi/getpoi
---@async
---@param args { poi_id: integer|string }
---@return table? reply
---@return weiyue.api.Error? err
function poi.get(args) end

---POST /cgi-bin/poi/getpoilist
---@async
---@param args { begin: integer, limit: integer }
---@return table? reply
---@return weiyue.api.Error? err
function poi.list(args) end

---POST /cgi-bin/poi/updatepoi
---
---the 7 service fields only
---@async
---@param args { business: { base_info: { poi_id: integer|string, telephone?: any, photo_list?: ({ photo_url: string })[], recommend?: any, special?: any, introduction?: any, open_time?: any, avg_price?: any } } }
---@return table? reply
---@return weiyue.api.Error? err
function poi.update(args) end

---POST /cgi-bin/poi/delpoi
---@async
---@param args { poi_id: integer|string }
---@return table? reply
---@return weiyue.api.Error? err
function poi.delete(args) end

---GET /cgi-bin/poi/getwxcategory
---
---reply category_list[]
---@async
---@return table? reply
---@return weiyue.api.Error? err
function poi.get_categories() end

---@class weiyue.account.api.wxa_store
local wxa_store = {}

---GET /wxa/get_merchant_category
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_store.get_merchant_category() end

---POST /wxa/apply_merchant
---@async
---@param args { first_catid: any, second_catid: any, qualification_list?: any[], nickname: string, intro: any, headimg_mediaid: any, org_code?: any, other_files?: any[] }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_store.apply_merchant(args) end

---GET /wxa/get_merchant_audit_info
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_store.get_merchant_audit_info() end

---POST /wxa/modify_merchant
---@async
---@param args { intro: any, headimg_mediaid: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_store.modify_merchant(args) end

---GET /wxa/get_district
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_store.get_district() end

---POST /wxa/search_map_poi
---@async
---@param args { districtid: any, keyword: string }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_store.search_map_poi(args) end

---POST /wxa/create_map_poi
---@async
---@param args { poi_id?: integer|string, name: string, category: any, introduct: any, telephone: any, longitude: any, latitude: any, districtid: any, province: any, city: any, district: any, address: string, photo: any, license: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_store.create_map_poi(args) end

---POST /wxa/add_store
---@async
---@param args { poi_id?: integer|string, map_poi_id: any, pic_list: { list: any[] }, hour: any, address: string, company_name: string, contract_phone: any, credential: any, qualification_list?: any[], card_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_store.add_store(args) end

---POST /wxa/update_store
---@async
---@param args { poi_id: integer|string, map_poi_id: any, pic_list: { list: any[] }, hour: any, contract_phone: any, card_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_store.update_store(args) end

---POST /wxa/get_store_info
---@async
---@param args { poi_id: integer|string }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_store.get_store_info(args) end

---POST /wxa/get_store_list
---@async
---@param args { offset: integer, limit: integer }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_store.get_store_list(args) end

---POST /wxa/del_store
---@async
---@param args { poi_id: integer|string }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_store.del_store(args) end

---@class weiyue.account.api.semantic
local semantic = {}

---POST /semantic/semproxy/search
---
---reply ret,semantic{}
---@async
---@param args { query: any, category: string, city?: any, latitude?: any, longitude?: any, region?: any, appid?: string, uid?: any }
---@return table? reply
---@return weiyue.api.Error? err
function semantic.search(args) end

---@class weiyue.account.api.voice
local voice = {}

---POST /cgi-bin/media/voice/addvoicetorecofortext
---
---raw voice bytes, mp3 16 kHz mono under 1 MB and 1 min
---@async
---@param args { format?: "mp3", voice_id: string, lang?: "zh_CN"|"en_US", data: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function voice.add_reco(args) end

---POST /cgi-bin/media/voice/queryrecoresultfortext
---
---reply result,is_end; call within 10 s after upload
---@async
---@param args { voice_id: string, lang?: "zh_CN"|"en_US" }
---@return table? reply
---@return weiyue.api.Error? err
function voice.query_reco(args) end

---POST /cgi-bin/media/voice/translatecontent
---
---body is UTF-8 text, 600 bytes at most; zh_CN or en_US; reply from_content,to_content
---@async
---@param args { lfrom: "zh_CN"|"en_US", lto: "zh_CN"|"en_US", content: string }
---@return table? reply
---@return weiyue.api.Error? err
function voice.translate(args) end

---@class weiyue.account.api.ocr
local ocr = {}

---POST /cv/ocr/idcard
---
---either img_url in the query with no body or a multipart field img; image under 2 MB; 101000-101003 errors
---@async
---@param args? { img_url?: string, type?: any, img?: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function ocr.idcard(args) end

---POST /cv/ocr/bankcard
---
---img_url or img, as ocr.idcard; reply number
---@async
---@param args? { img_url?: string, type?: any, img?: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function ocr.bankcard(args) end

---POST /cv/ocr/driving
---
---vehicle licence; img_url or img
---@async
---@param args? { img_url?: string, type?: any, img?: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function ocr.driving(args) end

---POST /cv/ocr/drivinglicense
---
---driver licence; img_url or img
---@async
---@param args? { img_url?: string, type?: any, img?: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function ocr.driving_license(args) end

---POST /cv/ocr/bizlicense
---
---img_url or img
---@async
---@param args? { img_url?: string, img?: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function ocr.bizlicense(args) end

---POST /cv/ocr/comm
---
---printed text; img_url or img; reply items[text,pos],img_size
---@async
---@param args? { img_url?: string, img?: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function ocr.comm(args) end

---POST /cv/ocr/platenum
---
---img_url or img
---@async
---@param args? { img_url?: string, img?: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function ocr.platenum(args) end

---POST /cv/ocr/menu
---
---img_url or img
---@async
---@param args? { img_url?: string, img?: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function ocr.menu(args) end

---@class weiyue.account.api.img
local img = {}

---POST /cv/img/qrcode
---
---img_url or img; reply code_results[],img_size
---@async
---@param args? { img_url?: string, img?: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function img.qrcode(args) end

---POST /cv/img/superresolution
---
---img_url or img; reply media_id (temporary)
---@async
---@param args? { img_url?: string, img?: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function img.superresolution(args) end

---POST /cv/img/aicrop
---
---img_url or img; ratios comma list (<=5); reply results[],img_size
---@async
---@param args? { img_url?: string, ratios?: any, img?: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function img.aicrop(args) end

---@class weiyue.account.api.marketcode
local marketcode = {}

---POST /intp/marketcode/applycode
---
---reply application_id
---@async
---@param args { code_count: integer, isv_application_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function marketcode.apply_code(args) end

---POST /intp/marketcode/applycodequery
---
---reply status,code_generate_list[]
---@async
---@param args { application_id?: any, isv_application_id?: any }
---@return table? reply
---@return weiyue.api.Error? err
function marketcode.apply_code_query(args) end

---POST /intp/marketcode/applycodedownload
---
---reply buffer (base64 of AES data)
---@async
---@param args { application_id: any, code_start: any, code_end: any }
---@return table? reply
---@return weiyue.api.Error? err
function marketcode.apply_code_download(args) end

---POST /intp/marketcode/codeactive
---@async
---@param args { application_id: any, activity_name: string, product_brand: any, product_title: any, product_code: any, wxa_appid: string, wxa_path: any, wxa_type?: any, code_start: any, code_end: any }
---@return table? reply
---@return weiyue.api.Error? err
function marketcode.code_active(args) end

---POST /intp/marketcode/codeactivequery
---@async
---@param args { application_id?: any, code_index?: any, code_url?: string, code?: string }
---@return table? reply
---@return weiyue.api.Error? err
function marketcode.code_active_query(args) end

---POST /intp/marketcode/tickettocode
---@async
---@param args { openid: string, code_ticket: any }
---@return table? reply
---@return weiyue.api.Error? err
function marketcode.ticket_to_code(args) end

---@class weiyue.account.api.invoice
local invoice = {}

---POST /card/invoice/getauthurl
---
---reply auth_url,appid; 72063 contact not set
---@async
---@param args { s_pappid: string, order_id: string, money: any, timestamp: any, source: "app"|"web"|"wxa"|"wap", redirect_url?: string, ticket: string, type: integer }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.get_auth_url(args) end

---POST /card/invoice/getauthdata
---
---reply invoice_status,auth_time,user_auth_info; also listed under non-tax bills
---@async
---@param args { order_id: string, s_pappid: string }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.get_auth_data(args) end

---POST /card/invoice/rejectinsert
---@async
---@param args { order_id: string, s_pappid: string, reason: string, url?: string }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.reject_insert(args) end

---POST /card/invoice/makeoutinvoice
---
---pinyin-initial names; result by event cloud_invoice_invoiceresult_event
---@async
---@param args { invoiceinfo: { wxopenid: any, ddh: any, fpqqlsh: string, nsrsbh: string, nsrmc: any, nsrdz: any, nsrdh: any, nsrbank: any, nsrbankid: any, ghfmc: any, kpr: any, jshj: any, hjje: any, hjse: any, hylx: any, invoicedetail_list: any[] } }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.make_out(args) end

---POST /card/invoice/clearoutinvoice
---@async
---@param args { invoiceinfo: { wxopenid: any, fpqqlsh: string, nsrsbh: string, nsrmc: any, yfpdm: any, yfphm: any } }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.clear_out(args) end

---POST /card/invoice/queryinvoceinfo
---
---the path is spelt so
---@async
---@param args { fpqqlsh: string, nsrsbh: string }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.query_info(args) end

---POST /card/invoice/setbizattr
---
---must be done before get_auth_url
---@async
---@param args { action?: "set_contact", contact: { phone: string, time_out: any } }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.set_contact(args) end

---POST /card/invoice/setbizattr
---@async
---@param args? { action?: "get_contact" }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.get_contact(args) end

---POST /card/invoice/setbizattr
---@async
---@param args { action?: "set_auth_field", auth_field: { user_field: { show_title: any, show_phone: any, show_email: any, custom_field: any[] }, biz_field: { show_title: any, show_tax_no: any, show_addr: any, show_phone: any, show_bank_type: any, show_bank_no: any, custom_field: any[] } } }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.set_auth_field(args) end

---POST /card/invoice/setbizattr
---@async
---@param args? { action?: "get_auth_field" }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.get_auth_field(args) end

---POST /card/invoice/setbizattr
---@async
---@param args { action?: "set_pay_mch", paymch_info: { mchid: any, s_pappid: string } }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.set_pay_mch(args) end

---POST /card/invoice/setbizattr
---@async
---@param args? { action?: "get_pay_mch" }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.get_pay_mch(args) end

---POST /card/invoice/seturl
---
---reply invoice_url, which carries s_pappid; the name says set, the effect is get
---@async
---@return table? reply
---@return weiyue.api.Error? err
function invoice.set_url() end

---POST /card/invoice/platform/createcard
---
---reply card_id
---@async
---@param args { invoice_info: { base_info: { logo_url: string, title: string, custom_url?: string }, type: any, payee: any } }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.create_card(args) end

---POST /card/invoice/platform/setpdf
---
---reply s_media_id (valid 3 days)
---@async
---@param args { pdf: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.set_pdf(args) end

---POST /card/invoice/platform/getpdf
---
---reply pdf_url,pdf_url_expire_time
---@async
---@param args { action?: "get_url", s_media_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.get_pdf(args) end

---POST /card/invoice/insert
---
---reply code,openid,unionid?
---@async
---@param args { order_id: string, card_id: string, appid: string, card_ext: { nonce_str: any, user_card: { invoice_user_data: { fee: any, title: string, billing_time: any, billing_no: any, billing_code: any, fee_without_tax: any, tax: any, s_pdf_media_id: string } } } }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.insert(args) end

---POST /card/invoice/platform/updatestatus
---@async
---@param args { card_id: string, code: string, reimburse_status: "INVOICE_REIMBURSE_INIT"|"INVOICE_REIMBURSE_LOCK"|"INVOICE_REIMBURSE_CLOSURE"|"INVOICE_REIMBURSE_CANCEL" }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.update_status(args) end

---POST /card/invoice/reimburse/getinvoiceinfo
---@async
---@param args { card_id: string, encrypt_code: string }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.get_invoice_info(args) end

---POST /card/invoice/reimburse/getinvoicebatch
---@async
---@param args { item_list: ({ card_id: string, encrypt_code: string })[] }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.get_invoice_batch(args) end

---POST /card/invoice/reimburse/updateinvoicestatus
---@async
---@param args { card_id: string, encrypt_code: string, reimburse_status: "INVOICE_REIMBURSE_INIT"|"INVOICE_REIMBURSE_LOCK"|"INVOICE_REIMBURSE_CLOSURE" }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.update_invoice_status(args) end

---POST /card/invoice/reimburse/updatestatusbatch
---
---all or nothing
---@async
---@param args { openid: string, reimburse_status: "INVOICE_REIMBURSE_INIT"|"INVOICE_REIMBURSE_LOCK"|"INVOICE_REIMBURSE_CLOSURE", invoice_list: ({ card_id: string, encrypt_code: string })[] }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.update_status_batch(args) end

---POST /card/invoice/biz/getusertitleurl
---
---reply url
---@async
---@param args { user_fill: integer, title?: string, phone?: string, tax_no?: string, addr?: string, bank_type?: any, bank_no?: any, out_title_id?: any }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.get_user_title_url(args) end

---POST /card/invoice/biz/getselecttitleurl
---
---reply url
---@async
---@param args { attach?: any, biz_name: string }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.get_select_title_url(args) end

---POST /card/invoice/scantitle
---
---reply title_type,title,phone,tax_no,addr,bank_type,bank_no
---@async
---@param args { scan_text: any }
---@return table? reply
---@return weiyue.api.Error? err
function invoice.scan_title(args) end

---@class weiyue.account.api.nontax
local nontax = {}

---POST /nontax/getbillauthurl
---
---reply auth_url,expire_time
---@async
---@param args { s_pappid: string, order_id: string, money: any, timestamp: any, source: any, redirect_url?: string, ticket: string }
---@return table? reply
---@return weiyue.api.Error? err
function nontax.get_bill_auth_url(args) end

---POST /nontax/createbillcard
---
---reply card_url,card_id
---@async
---@param args { invoice_info: { base_info: { logo_url: string }, payee: any } }
---@return table? reply
---@return weiyue.api.Error? err
function nontax.create_bill_card(args) end

---POST /nontax/insertbill
---@async
---@param args { order_id: string, card_id: string, appid: string, card_ext: { nonce_str: any, user_card: { invoice_user_data: table } } }
---@return table? reply
---@return weiyue.api.Error? err
function nontax.insert_bill(args) end

---POST /nontax/queryfee
---@async
---@param args { appid?: string, service_id?: any, bank_id?: any, payment_notice_type?: any, payment_notice_no: any, department_code: any, region_code: any }
---@return table? reply
---@return weiyue.api.Error? err
function nontax.query_fee(args) end

---POST /nontax/unifiedorder
---@async
---@param args { desc: any, fee: any, ip: any, payment_notice_create_time: any, payment_expire_date: any, department_code: any, department_name: string, region_code: any, scene: any, items: ({ no: any, item_id: any, item_name: string, fee: any })[] }
---@return table? reply
---@return weiyue.api.Error? err
function nontax.unified_order(args) end

---POST /nontax/getorder
---@async
---@param args { appid?: string, service_id?: any, order_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function nontax.get_order(args) end

---POST /nontax/refund
---
---caller IP must be registered
---@async
---@param args { appid?: string, order_id: string, reason: string, refund_fee?: any, refund_out_id?: any }
---@return table? reply
---@return weiyue.api.Error? err
function nontax.refund(args) end

---POST /nontax/downloadbill
---
---bill text on success
---@async
---@param args { appid: string, mch_id?: any, bill_date: any, bill_type?: any }
---@return table? reply
---@return weiyue.api.Error? err
function nontax.download_bill(args) end

---POST /nontax/notifyinconsistentorder
---@async
---@param args? { appid?: string, order_id?: string }
---@return table? reply
---@return weiyue.api.Error? err
function nontax.notify_inconsistent_order(args) end

---POST /nontax/mocknotification
---@async
---@param args { appid?: string, url: string, version: any }
---@return table? reply
---@return weiyue.api.Error? err
function nontax.mock_notification(args) end

---POST /nontax/mockqueryfee
---@async
---@param args { appid: string, url: string, version: any, service_id?: any, bank_id?: any, payment_notice_type?: any, payment_notice_no?: any, department_code?: any, region_code?: any }
---@return table? reply
---@return weiyue.api.Error? err
function nontax.mock_query_fee(args) end

---POST /nontax/micropay
---
---system error: wait 5 s and repeat; USERPAYING: ask every 10 s up to 30 s
---@async
---@param args { appid: string, desc: any, fee: any, auth_code: any, payment_notice_create_time: any, payment_expire_date: any, department_code: any, department_name: string, region_code: any, items: any[] }
---@return table? reply
---@return weiyue.api.Error? err
function nontax.micropay(args) end

---POST /nontax/getorderlist
---@async
---@param args { appid?: string, order_no?: any, payment_notice_no?: any, department_code: any, region_code: any }
---@return table? reply
---@return weiyue.api.Error? err
function nontax.get_order_list(args) end

---GET /intp/getuserclientip
---
---called from the payer's browser, for H5 pay outside WeChat
---@async
---@return table? reply
---@return weiyue.api.Error? err
function nontax.get_user_client_ip() end

---POST /nontax/getrealname
---@async
---@param args { wx_realname_token: any }
---@return table? reply
---@return weiyue.api.Error? err
function nontax.get_real_name(args) end

---POST /nontax/vehicle/querystate
---@async
---@param args { appid?: string, bank_id?: any, bank_account?: any, mch_id?: any, region_code: any, trade_scene: any, jump_scene?: any, openid?: string, plate_number?: any, material_info?: any, channel_type?: any }
---@return table? reply
---@return weiyue.api.Error? err
function nontax.vehicle_query_state(args) end

---POST /nontax/vehicle/entrancenotify
---@async
---@param args { appid?: string, bank_id?: any, bank_account?: any, mch_id?: any, region_code: any, trade_scene: any, scene_info: { start_time: any, plate_number: any, car_type?: any, notify_url?: string, parking_name?: string, openid?: string, free_time?: any } }
---@return table? reply
---@return weiyue.api.Error? err
function nontax.vehicle_entrance_notify(args) end

---POST /nontax/vehicle/payapply
---@async
---@param args { desc: any, fee: any, department_code: any, department_name: string, trade_scene: any, scene_info: { start_time: any, plate_number: any } }
---@return table? reply
---@return weiyue.api.Error? err
function nontax.vehicle_pay_apply(args) end

---@class weiyue.account.api.realname
local realname = {}

---POST /intp/realname/getauthurl
---@async
---@param args { redirect_url: string }
---@return table? reply
---@return weiyue.api.Error? err
function realname.get_auth_url(args) end

---POST /intp/realname/checkrealnameinfo
---@async
---@param args { openid: string, real_name: string, cred_type: any, cred_id: any, code: string }
---@return table? reply
---@return weiyue.api.Error? err
function realname.check_info(args) end

---POST /intp/quickcheckstudentidentity
---@async
---@param args { openid: string, wx_studentcheck_code: any }
---@return table? reply
---@return weiyue.api.Error? err
function realname.quick_check_student(args) end

---@class weiyue.account.api.scan_product
local scan_product = {}

---POST /scan/product/v2/add
---
---reply status_ticket
---@async
---@param args { product: ({ pid: any, image_info: { main_image_list: any[] }, category_info: table, title: string, price_info: table, sale_info: table })[] }
---@return table? reply
---@return weiyue.api.Error? err
function scan_product.add(args) end

---POST /scan/product/v2/status
---@async
---@param args { status_ticket: any }
---@return table? reply
---@return weiyue.api.Error? err
function scan_product.status(args) end

---POST /scan/product/v2/getinfo
---@async
---@param args { product: { pid: any } }
---@return table? reply
---@return weiyue.api.Error? err
function scan_product.get_info(args) end

---POST /scan/product/v2/getinfobypage
---@async
---@param args { page_context?: any, page_num: integer, page_size: integer }
---@return table? reply
---@return weiyue.api.Error? err
function scan_product.get_info_by_page(args) end

---@class weiyue.account.api.marketing
local marketing = {}

---POST /marketing/user_action_sets/add
---
---reply data{user_action_set_id}
---@async
---@param args { version?: "v1.0", type: any, name: string, description?: string }
---@return table? reply
---@return weiyue.api.Error? err
function marketing.user_action_sets_add(args) end

---GET /marketing/user_action_sets/get
---@async
---@param args { version?: "v1.0", user_action_set_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function marketing.user_action_sets_get(args) end

---POST /marketing/user_actions/add
---@async
---@param args { version?: "v1.0", actions: ({ user_action_set_id: any, url: string, action_time: any, action_type: any, click_id?: any, action_param?: table })[] }
---@return table? reply
---@return weiyue.api.Error? err
function marketing.user_actions_add(args) end

---GET /marketing/wechat_ad_leads/get
---
---date_range is a JSON object in the query
---@async
---@param args { version?: "v1.0", page: string, page_size: integer, date_range: table|string, filtering?: table|string }
---@return table? reply
---@return weiyue.api.Error? err
function marketing.wechat_ad_leads_get(args) end

---@class weiyue.account.api.redpacket_cover
local redpacket_cover = {}

---POST /redpacketcover/wxapp/cover_url/get_by_token
---@async
---@param args { openid: string, ctoken: any }
---@return table? reply
---@return weiyue.api.Error? err
function redpacket_cover.get_authorize_url(args) end

---@class weiyue.account.api.device
local device = {}

---POST /device/authorize_device
---
---IoT line, hardware platform largely retired
---@async
---@param args { device_num: any, device_list: any[], op_type: any, product_id?: any }
---@return table? reply
---@return weiyue.api.Error? err
function device.authorize(args) end

---POST /device/create_qrcode
---
---old path
---@async
---@param args { device_num: any, device_id_list: any[] }
---@return table? reply
---@return weiyue.api.Error? err
function device.create_qrcode(args) end

---GET /device/getqrcode
---
---reply deviceid,qrticket,devicelicence
---@async
---@param args? { product_id?: any }
---@return table? reply
---@return weiyue.api.Error? err
function device.get_qrcode(args) end

---POST /device/verify_qrcode
---@async
---@param args { ticket: string }
---@return table? reply
---@return weiyue.api.Error? err
function device.verify_qrcode(args) end

---GET /device/get_stat
---
---reply status
---@async
---@param args { device_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function device.get_stat(args) end

---GET /device/get_bind_device
---@async
---@param args { openid: string }
---@return table? reply
---@return weiyue.api.Error? err
function device.get_bind_device(args) end

---GET /device/get_openid
---@async
---@param args { device_type: any, device_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function device.get_openid(args) end

---POST /device/bind
---@async
---@param args { ticket: string, device_id: any, openid: string }
---@return table? reply
---@return weiyue.api.Error? err
function device.bind(args) end

---POST /device/unbind
---@async
---@param args { ticket: string, device_id: any, openid: string }
---@return table? reply
---@return weiyue.api.Error? err
function device.unbind(args) end

---POST /device/compel_bind
---@async
---@param args { device_id: any, openid: string }
---@return table? reply
---@return weiyue.api.Error? err
function device.compel_bind(args) end

---POST /device/compel_unbind
---@async
---@param args { device_id: any, openid: string }
---@return table? reply
---@return weiyue.api.Error? err
function device.compel_unbind(args) end

---POST /device/transmsg
---@async
---@param args { device_type: any, device_id: any, open_id: string, content: string, msg_type?: any, device_status?: any }
---@return table? reply
---@return weiyue.api.Error? err
function device.transmsg(args) end

---@class weiyue.account.api.shakearound
local shakearound = {}

---POST /shakearound/account/register
---
---retired iBeacon line
---@async
---@param args { name: string, phone_number: any, email: any, industry_id: any, qualification_cert_urls: any[], apply_reason?: any }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.account_register(args) end

---GET /shakearound/account/auditstatus
---
---retired
---@async
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.account_audit_status() end

---POST /shakearound/user/getshakeinfo
---
---retired
---@async
---@param args { ticket: string, need_poi?: any }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.user_get_shake_info(args) end

---POST /shakearound/device/applyid
---
---retired
---@async
---@param args { quantity: integer, apply_reason: any, comment?: any, poi_id?: integer|string }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.device_apply_id(args) end

---POST /shakearound/device/applystatus
---
---retired
---@async
---@param args { apply_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.device_apply_status(args) end

---POST /shakearound/device/update
---
---retired
---@async
---@param args { device_identifier: table, comment: any }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.device_update(args) end

---POST /shakearound/device/bindlocation
---
---retired
---@async
---@param args { device_identifier: table, poi_id: integer|string }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.device_bind_location(args) end

---POST /shakearound/device/bindpage
---
---retired
---@async
---@param args { device_identifier: table, page_ids: any[] }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.device_bind_page(args) end

---POST /shakearound/device/search
---
---retired
---@async
---@param args { type: any, device_identifiers?: any[], apply_id?: any, last_seen?: any, count: integer }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.device_search(args) end

---POST /shakearound/device/group/add
---
---retired
---@async
---@param args { group_name: string }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.group_add(args) end

---POST /shakearound/device/group/update
---
---retired
---@async
---@param args { group_id: any, group_name: string }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.group_update(args) end

---POST /shakearound/device/group/delete
---
---retired
---@async
---@param args { group_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.group_delete(args) end

---POST /shakearound/device/group/getlist
---
---retired
---@async
---@param args { begin: integer, count: integer }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.group_get_list(args) end

---POST /shakearound/device/group/getdetail
---
---retired
---@async
---@param args { group_id: any, begin: integer, count: integer }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.group_get_detail(args) end

---POST /shakearound/device/group/adddevice
---
---retired
---@async
---@param args { group_id: any, device_identifiers: any[] }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.group_add_device(args) end

---POST /shakearound/device/group/deletedevice
---
---retired
---@async
---@param args { group_id: any, device_identifiers: any[] }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.group_delete_device(args) end

---POST /shakearound/page/add
---
---retired
---@async
---@param args { title: string, description: string, page_url: string, comment?: any, icon_url: string }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.page_add(args) end

---POST /shakearound/page/update
---
---retired
---@async
---@param args { page_id: any, title: string, description: string, page_url: string, comment?: any, icon_url: string }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.page_update(args) end

---POST /shakearound/page/search
---
---retired
---@async
---@param args { type: any, page_ids?: any[], begin?: integer, count?: integer }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.page_search(args) end

---POST /shakearound/page/delete
---
---retired
---@async
---@param args { page_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.page_delete(args) end

---POST /shakearound/material/add
---
---retired; type icon|license
---@async
---@param args { type?: "icon"|"license", media: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.material_add(args) end

---POST /shakearound/relation/search
---
---retired
---@async
---@param args { type: any, device_identifier?: table, page_id?: any, begin: integer, count: integer }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.relation_search(args) end

---POST /shakearound/statistics/device
---
---retired
---@async
---@param args { device_identifier: table, begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.statistics_device(args) end

---POST /shakearound/statistics/devicelist
---
---retired
---@async
---@param args { date: any, page_index: any }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.statistics_device_list(args) end

---POST /shakearound/statistics/page
---
---retired
---@async
---@param args { page_id: any, begin_date: string, end_date: string }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.statistics_page(args) end

---POST /shakearound/statistics/pagelist
---
---retired
---@async
---@param args { date: any, page_index: any }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.statistics_page_list(args) end

---POST /shakearound/lottery/addlotteryinfo
---
---retired
---@async
---@param args { use_template?: any, logo_url?: string, title: string, desc: any, onoff: any, begin_time: integer, expire_time: integer, sponsor_appid: string, total: any, jump_url?: string, key: string }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.lottery_add(args) end

---POST /shakearound/lottery/setprizebucket
---
---retired
---@async
---@param args { lottery_id: any, mchid: any, sponsor_appid: string, prize_info_list: ({ ticket: string })[] }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.lottery_set_prize_bucket(args) end

---GET /shakearound/lottery/setlotteryswitch
---
---retired
---@async
---@param args { lottery_id: any, onoff: any }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.lottery_set_switch(args) end

---GET /shakearound/lottery/querylottery
---
---retired
---@async
---@param args { lottery_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function shakearound.lottery_query(args) end

---@class weiyue.account.api.bizwifi
local bizwifi = {}

---POST /bizwifi/shop/list
---
---retired Wi-Fi line
---@async
---@param args { pageindex: integer, pagesize: integer }
---@return table? reply
---@return weiyue.api.Error? err
function bizwifi.shop_list(args) end

---POST /bizwifi/shop/get
---
---retired
---@async
---@param args { shop_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function bizwifi.shop_get(args) end

---POST /bizwifi/shop/update
---
---retired
---@async
---@param args { shop_id: any, old_ssid: any, ssid: any, password?: any }
---@return table? reply
---@return weiyue.api.Error? err
function bizwifi.shop_update(args) end

---POST /bizwifi/shop/clean
---
---retired
---@async
---@param args { shop_id: any, ssid?: any }
---@return table? reply
---@return weiyue.api.Error? err
function bizwifi.shop_clean(args) end

---POST /bizwifi/device/add
---
---retired
---@async
---@param args { shop_id: any, ssid: any, password: any }
---@return table? reply
---@return weiyue.api.Error? err
function bizwifi.device_add(args) end

---POST /bizwifi/device/list
---
---retired
---@async
---@param args { pageindex: integer, pagesize: integer, shop_id?: any }
---@return table? reply
---@return weiyue.api.Error? err
function bizwifi.device_list(args) end

---POST /bizwifi/device/delete
---
---retired
---@async
---@param args { bssid: any }
---@return table? reply
---@return weiyue.api.Error? err
function bizwifi.device_delete(args) end

---POST /bizwifi/apportal/register
---
---retired
---@async
---@param args { shop_id: any, ssid: any, reset: any }
---@return table? reply
---@return weiyue.api.Error? err
function bizwifi.apportal_register(args) end

---POST /bizwifi/qrcode/get
---
---retired
---@async
---@param args { shop_id: any, ssid: any, img_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function bizwifi.qrcode_get(args) end

---POST /bizwifi/homepage/set
---
---retired
---@async
---@param args { shop_id: any, template_id: integer, struct?: table }
---@return table? reply
---@return weiyue.api.Error? err
function bizwifi.homepage_set(args) end

---POST /bizwifi/finishpage/set
---
---retired
---@async
---@param args { shop_id: any, finishpage_url: string }
---@return table? reply
---@return weiyue.api.Error? err
function bizwifi.finishpage_set(args) end

---POST /bizwifi/couponput/set
---
---retired
---@async
---@param args { shop_id: any, card_id: string, card_describe: any, start_time: any, end_time: integer }
---@return table? reply
---@return weiyue.api.Error? err
function bizwifi.couponput_set(args) end

---POST /bizwifi/couponput/get
---
---retired
---@async
---@param args { shop_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function bizwifi.couponput_get(args) end

---POST /bizwifi/statistics/list
---
---retired
---@async
---@param args { begin_date: string, end_date: string, shop_id?: any }
---@return table? reply
---@return weiyue.api.Error? err
function bizwifi.statistics_list(args) end

---POST /bizwifi/openplugin/token
---
---retired
---@async
---@param args { callback_url: string }
---@return table? reply
---@return weiyue.api.Error? err
function bizwifi.openplugin_token(args) end

---GET /bizwifi/account/get_connecturl
---
---retired; reply connect_url
---@async
---@return table? reply
---@return weiyue.api.Error? err
function bizwifi.get_connect_url() end

---POST /bizwifi/homepage/get
---
---retired
---@async
---@param args { shop_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function bizwifi.homepage_get(args) end

---POST /bizwifi/bar/set
---
---retired
---@async
---@param args { shop_id: any, bar_type: any }
---@return table? reply
---@return weiyue.api.Error? err
function bizwifi.bar_set(args) end

---@class weiyue.account.api.component
local component = {}

---POST /cgi-bin/component/api_start_push_ticket
---
---turns the 10-minute component_verify_ticket push on
---@async
---@param args? { component_appid?: string, component_secret?: string }
---@return table? reply
---@return weiyue.api.Error? err
function component.start_push_ticket(args) end

---POST /cgi-bin/component/api_component_token
---
---reply component_access_token,expires_in 7200; ticket valid 12 h; 61005/61006 bad ticket
---@async
---@param args? { component_appid?: string, component_appsecret?: string, component_verify_ticket?: string }
---@return table? reply
---@return weiyue.api.Error? err
function component.get_token(args) end

---POST /cgi-bin/component/api_create_preauthcode
---
---reply pre_auth_code,expires_in (older docs 600, newer 1800)
---@async
---@param args? { component_appid?: string }
---@return table? reply
---@return weiyue.api.Error? err
function component.create_preauthcode(args) end

---POST /cgi-bin/component/api_query_auth
---
---reply authorization_info{authorizer_appid,authorizer_access_token,expires_in,authorizer_refresh_token,func_info[]}; keep the refresh token, it can only be had again by a new authorization
---@async
---@param args { component_appid?: string, authorization_code: string }
---@return table? reply
---@return weiyue.api.Error? err
function component.query_auth(args) end

---POST /cgi-bin/component/api_authorizer_token
---
---reply authorizer_access_token,expires_in,authorizer_refresh_token; 61023 bad refresh token
---@async
---@param args { component_appid?: string, authorizer_appid: string, authorizer_refresh_token: string }
---@return table? reply
---@return weiyue.api.Error? err
function component.authorizer_token(args) end

---POST /cgi-bin/component/api_get_authorizer_info
---@async
---@param args { component_appid?: string, authorizer_appid: string }
---@return table? reply
---@return weiyue.api.Error? err
function component.get_authorizer_info(args) end

---POST /cgi-bin/component/api_get_authorizer_list
---
---reply total_count,list[authorizer_appid,refresh_token,auth_time]
---@async
---@param args { component_appid?: string, offset: integer, count: integer }
---@return table? reply
---@return weiyue.api.Error? err
function component.get_authorizer_list(args) end

---POST /cgi-bin/component/api_get_authorizer_option
---
---older form
---@async
---@param args { component_appid?: string, authorizer_appid: string, option_name: string }
---@return table? reply
---@return weiyue.api.Error? err
function component.api_get_authorizer_option(args) end

---POST /cgi-bin/component/api_set_authorizer_option
---
---older form
---@async
---@param args { component_appid?: string, authorizer_appid: string, option_name: string, option_value: string }
---@return table? reply
---@return weiyue.api.Error? err
function component.api_set_authorizer_option(args) end

---POST /cgi-bin/component/get_authorizer_option
---
---newer form with the authorizer's own token
---@async
---@param args { option_name: "location_report"|"voice_recognize"|"customer_service" }
---@return table? reply
---@return weiyue.api.Error? err
function component.get_authorizer_option(args) end

---POST /cgi-bin/component/set_authorizer_option
---
---newer form with the authorizer's own token
---@async
---@param args { option_name: string, option_value: string }
---@return table? reply
---@return weiyue.api.Error? err
function component.set_authorizer_option(args) end

---POST /cgi-bin/component/clear_quota
---
---resets the platform's own component_* counters; 10 a month
---@async
---@param args? { component_appid?: string }
---@return table? reply
---@return weiyue.api.Error? err
function component.clear_quota(args) end

---POST /cgi-bin/component/clear_quota/v2
---
---48006 when used up
---@async
---@param args? { appid?: string, component_appid?: string, appsecret?: string }
---@return table? reply
---@return weiyue.api.Error? err
function component.clear_quota_v2(args) end

---GET /cgi-bin/componentloginpage
---
---desktop authorization page; referrer host must match the registered domain; returns auth_code,expires_in
---@param args { component_appid?: string, pre_auth_code: string, redirect_uri: string, auth_type?: any, biz_appid?: string }
---@return string? reply
---@return weiyue.api.Error? err
function component.login_page(args) end

---GET /wxaopen/safe/bindcomponent
---
---mobile authorization page
---@param args { action?: "bindcomponent", no_scan?: integer, component_appid?: string, pre_auth_code: string, redirect_uri: string, auth_type?: any, biz_appid?: string }
---@return string? reply
---@return weiyue.api.Error? err
function component.bind_page(args) end

---GET /safe/bindcomponent
---
---an older page for phones
---@param args { action?: "bindcomponent", no_scan?: integer, component_appid?: string, pre_auth_code: string, redirect_uri: string, auth_type?: any, biz_appid?: string }
---@return string? reply
---@return weiyue.api.Error? err
function component.bind_page_mp(args) end

---GET /connect/oauth2/authorize
---
---web login on behalf of an account; same path as oauth.authorize_url plus component_appid
---@param args { appid?: string, redirect_uri: string, response_type?: "code", scope: "snsapi_base"|"snsapi_userinfo", state?: any, component_appid?: string }
---@return string? reply
---@return weiyue.api.Error? err
function component.oauth_authorize_url(args) end

---GET /sns/oauth2/component/access_token
---
---component_access_token goes in the query; no secret
---@async
---@param args { appid?: string, code: string, grant_type?: "authorization_code", component_appid?: string }
---@return table? reply
---@return weiyue.api.Error? err
function component.oauth_access_token(args) end

---GET /sns/oauth2/component/refresh_token
---@async
---@param args { appid?: string, grant_type?: "refresh_token", component_appid?: string, refresh_token: string }
---@return table? reply
---@return weiyue.api.Error? err
function component.oauth_refresh_token(args) end

---GET /sns/component/jscode2session
---
---reply openid,session_key,unionid?
---@async
---@param args { appid?: string, js_code: string, grant_type?: "authorization_code", component_appid?: string }
---@return table? reply
---@return weiyue.api.Error? err
function component.jscode2session(args) end

---POST /cgi-bin/component/fastregisterweapp
---@async
---@param args { action?: "create", name: string, code: string, code_type: any, legal_persona_wechat: any, legal_persona_name: string, component_phone: any }
---@return table? reply
---@return weiyue.api.Error? err
function component.fast_register_create(args) end

---POST /cgi-bin/component/fastregisterweapp
---@async
---@param args { action?: "search", name: string, legal_persona_wechat: any, legal_persona_name: string }
---@return table? reply
---@return weiyue.api.Error? err
function component.fast_register_search(args) end

---POST /wxa/component/fastregisterpersonalweapp
---@async
---@param args { action?: "create", idname: any, wxuser: any, component_phone?: any }
---@return table? reply
---@return weiyue.api.Error? err
function component.fast_register_personal_create(args) end

---POST /wxa/component/fastregisterpersonalweapp
---@async
---@param args { action?: "query", taskid: any }
---@return table? reply
---@return weiyue.api.Error? err
function component.fast_register_personal_query(args) end

---POST /wxa/component/fastregisterbetaweapp
---@async
---@param args { name: string, openid: string }
---@return table? reply
---@return weiyue.api.Error? err
function component.fast_register_beta(args) end

---POST /cgi-bin/component/modify_wxa_server_domain
---@async
---@param args { action: "add"|"delete"|"set"|"get", wxa_server_domain?: any, is_modify_published_together?: any }
---@return table? reply
---@return weiyue.api.Error? err
function component.modify_wxa_server_domain(args) end

---POST /cgi-bin/component/get_domain_confirmfile
---
---reply file_name,file_content
---@async
---@return table? reply
---@return weiyue.api.Error? err
function component.get_domain_confirm_file() end

---POST /cgi-bin/component/modify_wxa_jump_domain
---@async
---@param args { action: string, wxa_jump_h5_domain?: any, is_modify_published_together?: any }
---@return table? reply
---@return weiyue.api.Error? err
function component.modify_wxa_jump_domain(args) end

---GET /wxa/gettemplatedraftlist
---
---reply draft_list[]
---@async
---@return table? reply
---@return weiyue.api.Error? err
function component.get_template_draft_list() end

---POST /wxa/addtotemplate
---
---85064, 85065
---@async
---@param args { draft_id: any, template_type?: integer }
---@return table? reply
---@return weiyue.api.Error? err
function component.add_to_template(args) end

---GET /wxa/gettemplatelist
---
---reply template_list[]
---@async
---@param args? { template_type?: any }
---@return table? reply
---@return weiyue.api.Error? err
function component.get_template_list(args) end

---POST /wxa/deletetemplate
---@async
---@param args { template_id: integer }
---@return table? reply
---@return weiyue.api.Error? err
function component.delete_template(args) end

---POST /wxa/security/applysetorderpathinfo
---@async
---@param args { batch_req: { path: string, appid_list?: string[], img_list?: any[], video?: any, test_account?: any, test_pwd?: any, test_remark?: any } }
---@return table? reply
---@return weiyue.api.Error? err
function component.apply_set_order_path_info(args) end

---POST /cgi-bin/component/api_confirm_authorization
---@async
---@param args { component_appid?: string, authorizer_appid: string, funcscope_category_id: any, confirm_value: any }
---@return table? reply
---@return weiyue.api.Error? err
function component.confirm_authorization(args) end

---@class weiyue.account.api.open_account
local open_account = {}

---POST /cgi-bin/open/create
---
---reply open_appid; uses the authorizer's token; 89000
---@async
---@param args { appid: string }
---@return table? reply
---@return weiyue.api.Error? err
function open_account.create(args) end

---POST /cgi-bin/open/bind
---
---89001, 89003, 89004
---@async
---@param args { appid: string, open_appid: string }
---@return table? reply
---@return weiyue.api.Error? err
function open_account.bind(args) end

---POST /cgi-bin/open/unbind
---@async
---@param args { appid: string, open_appid: string }
---@return table? reply
---@return weiyue.api.Error? err
function open_account.unbind(args) end

---POST /cgi-bin/open/get
---
---89002
---@async
---@param args { appid: string }
---@return table? reply
---@return weiyue.api.Error? err
function open_account.get(args) end

---GET /cgi-bin/open/have
---
---reply have_open
---@async
---@return table? reply
---@return weiyue.api.Error? err
function open_account.have() end

---GET /cgi-bin/open/sameentity
---
---reply same_entity
---@async
---@return table? reply
---@return weiyue.api.Error? err
function open_account.same_entity() end

---@class weiyue.account.api.mp_link
local mp_link = {}

---POST /cgi-bin/wxopen/wxamplinkget
---
---reply wxopens{items[]}; mini-programs linked to the account
---@async
---@return table? reply
---@return weiyue.api.Error? err
function mp_link.list() end

---POST /cgi-bin/wxopen/wxamplink
---@async
---@param args { appid: string, notify_users: integer, show_profile: integer }
---@return table? reply
---@return weiyue.api.Error? err
function mp_link.link(args) end

---POST /cgi-bin/wxopen/wxampunlink
---@async
---@param args { appid: string }
---@return table? reply
---@return weiyue.api.Error? err
function mp_link.unlink(args) end

---GET /cgi-bin/fastregisterauth
---
---page the account admin opens; returns ticket
---@param args { appid: string, component_appid?: string, copy_wx_verify: any, redirect_uri: string }
---@return string? reply
---@return weiyue.api.Error? err
function mp_link.fast_register_auth_url(args) end

---POST /cgi-bin/account/fastregister
---
---reply appid,authorization_code,is_wx_verify_succ,is_link_succ
---@async
---@param args { ticket: string }
---@return table? reply
---@return weiyue.api.Error? err
function mp_link.fast_register(args) end

---@class weiyue.account.api.wxa_login
local wxa_login = {}

---GET /sns/jscode2session
---
---reply openid,session_key,unionid?; js_code single use, 5 min; 40029, 45011
---@async
---@param args { appid?: string, secret?: string, js_code: string, grant_type?: "authorization_code" }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_login.jscode2session(args) end

---@class weiyue.account.api.wxa_user
local wxa_user = {}

---POST /wxa/business/getuserphonenumber
---
---reply phone_info{}
---@async
---@param args { code: string, openid?: string }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_user.get_phone_number(args) end

---GET /wxa/checksession
---
---signature = HMAC-SHA256 of the empty string keyed by session_key; 87009 bad signature
---@async
---@param args { openid: string, signature: any, sig_method?: "hmac_sha256" }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_user.check_session(args) end

---GET /wxa/resetusersessionkey
---@async
---@param args { openid: string, signature: any, sig_method?: "hmac_sha256" }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_user.reset_session_key(args) end

---GET /wxa/getpaidunionid
---@async
---@param args { openid: string, transaction_id?: any, mch_id?: any, out_trade_no?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_user.get_paid_unionid(args) end

---POST /wxa/getpluginopenpid
---@async
---@param args { code: string }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_user.get_plugin_openpid(args) end

---POST /wxa/business/checkencryptedmsg
---@async
---@param args { encrypted_msg_hash: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_user.check_encrypted_msg(args) end

---POST /wxa/business/getuserencryptkey
---@async
---@param args { openid: string, signature: any, sig_method?: "hmac_sha256" }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_user.get_user_encrypt_key(args) end

---POST /wxa/getuserriskrank
---@async
---@param args { appid?: string, openid: string, scene: any, client_ip?: any, email_address?: any, mobile_no?: any, bank_card_no?: any, cert_no?: any, extended_info?: any, is_test?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_user.get_user_risk_rank(args) end

---@class weiyue.account.api.wxa_sec
local wxa_sec = {}

---POST /wxa/msg_sec_check
---
---87014 risky
---@async
---@param args { content: string, version?: integer, scene: integer, openid: string, title?: string, nickname?: string, signature?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_sec.msg_sec_check(args) end

---POST /wxa/media_check_async
---
---result by event wxa_media_check
---@async
---@param args { media_url: string, media_type: integer, version?: integer, scene: any, openid: string }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_sec.media_check_async(args) end

---POST /wxa/img_sec_check
---
---under 1 MB; 87014 risky; old version
---@async
---@param args { media: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_sec.img_sec_check(args) end

---@class weiyue.account.api.wxa_code_image
local wxa_code_image = {}

---POST /wxa/getwxacode
---
---100k lifetime total with createwxaqrcode
---@async
---@param args { path: string, width?: integer, auto_color?: boolean, line_color?: { r: any, g: any, b: any }, is_hyaline?: boolean, env_version?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code_image.get(args) end

---POST /wxa/getwxacodeunlimit
---
---45009 at 5000 a minute
---@async
---@param args { scene: string, page?: string, check_path?: boolean, env_version?: any, width?: integer, auto_color?: boolean, line_color?: { r: any, g: any, b: any }, is_hyaline?: boolean }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code_image.get_unlimited(args) end

---POST /cgi-bin/wxaapp/createwxaqrcode
---@async
---@param args { path: string, width?: integer }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code_image.create_qrcode(args) end

---@class weiyue.account.api.wxa_url
local wxa_url = {}

---POST /wxa/generatescheme
---@async
---@param args { jump_wxa: { path: string, query?: any, env_version?: any }, is_expire?: any, expire_type: any, expire_time?: integer, expire_interval?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_url.generate_scheme(args) end

---POST /wxa/queryscheme
---@async
---@param args? { scheme?: any, query_type?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_url.query_scheme(args) end

---POST /wxa/generatenfcscheme
---@async
---@param args { jump_wxa: { path: string, query?: any, env_version?: any }, model_id: any, sn?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_url.generate_nfc_scheme(args) end

---POST /wxa/generate_urllink
---@async
---@param args? { path?: string, query?: any, expire_type?: any, expire_time?: integer, expire_interval?: any, env_version?: any, cloud_base?: table }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_url.generate_url_link(args) end

---POST /wxa/query_urllink
---@async
---@param args? { url_link?: any, query_type?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_url.query_url_link(args) end

---POST /wxa/genwxashortlink
---@async
---@param args { page_url: string, page_title: any, is_permanent?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_url.gen_short_link(args) end

---@class weiyue.account.api.wxa_account
local wxa_account = {}

---GET /cgi-bin/account/getaccountbasicinfo
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_account.get_basic_info() end

---POST /cgi-bin/account/componentrebindadmin
---@async
---@param args { taskid: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_account.rebind_admin(args) end

---POST /cgi-bin/account/modifyheadimage
---@async
---@param args { head_img_media_id: string, x1: any, y1: any, x2: any, y2: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_account.modify_head_image(args) end

---POST /cgi-bin/account/modifysignature
---@async
---@param args { signature: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_account.modify_signature(args) end

---POST /wxa/setnickname
---
---reply wording,audit_id
---@async
---@param args { nick_name: string, id_card?: any, license?: any, naming_other_stuff_1?: any, naming_other_stuff_2?: any, naming_other_stuff_3?: any, naming_other_stuff_4?: any, naming_other_stuff_5?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_account.set_nickname(args) end

---POST /wxa/api_wxa_querynickname
---@async
---@param args? { audit_id?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_account.query_nickname(args) end

---POST /cgi-bin/wxverify/checkwxverifynickname
---@async
---@param args { nick_name: string }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_account.check_nickname(args) end

---GET /wxa/getwxasearchstatus
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_account.get_search_status() end

---POST /wxa/changewxasearchstatus
---@async
---@param args { status: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_account.change_search_status(args) end

---GET /wxa/getshowwxaitem
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_account.get_show_item() end

---POST /wxa/updateshowwxaitem
---@async
---@param args { wxa_subscribe_biz_flag: any, appid?: string }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_account.update_show_item(args) end

---GET /wxa/getwxamplinkforshow
---@async
---@param args { page: string, num: integer }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_account.get_link_for_show(args) end

---POST /wxa/fetchdatasetting
---@async
---@param args { action: string, is_pre_fetch_open?: any, pre_fetch_type?: any, pre_fetch_url?: string, pre_env?: any, pre_function_name?: string, is_period_fetch_open?: any, period_fetch_type?: any, period_fetch_url?: string, period_env?: any, period_function_name?: string }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_account.fetch_data_setting(args) end

---GET /wxa/security/getorderpathinfo
---@async
---@param args { info_type: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_account.get_order_path_info(args) end

---@class weiyue.account.api.wxa_category
local wxa_category = {}

---GET /cgi-bin/wxopen/getallcategories
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_category.get_all() end

---GET /cgi-bin/wxopen/getcategory
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_category.get() end

---POST /cgi-bin/wxopen/getcategoriesbytype
---@async
---@param args? { verify_type?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_category.get_by_type(args) end

---POST /cgi-bin/wxopen/addcategory
---@async
---@param args { categories: ({ first: any, second: any, certicates: ({ key: string, value: any })[] })[] }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_category.add(args) end

---POST /cgi-bin/wxopen/deletecategory
---@async
---@param args { first: any, second: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_category.delete(args) end

---POST /cgi-bin/wxopen/modifycategory
---@async
---@param args { first: any, second: any, certicates: ({ key: string, value: any, expire_time?: integer, is_permanent?: any })[] }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_category.modify(args) end

---@class weiyue.account.api.wxa_domain
local wxa_domain = {}

---POST /wxa/modify_domain
---@async
---@param args { action: "add"|"delete"|"set"|"get", requestdomain?: string[], wsrequestdomain?: string[], uploaddomain?: string[], downloaddomain?: string[], udpdomain?: string[], tcpdomain?: string[] }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_domain.modify(args) end

---POST /wxa/modify_domain_directly
---@async
---@param args { action: string, requestdomain?: string[], wsrequestdomain?: string[], uploaddomain?: string[], downloaddomain?: string[], udpdomain?: string[] }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_domain.modify_directly(args) end

---POST /wxa/setwebviewdomain
---@async
---@param args { action: string, webviewdomain?: string[] }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_domain.set_webview(args) end

---POST /wxa/setwebviewdomain_directly
---@async
---@param args { action: string, webviewdomain?: string[] }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_domain.set_webview_directly(args) end

---POST /wxa/get_webviewdomain_confirmfile
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_domain.get_webview_confirm_file() end

---POST /wxa/get_effective_domain
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_domain.get_effective() end

---POST /wxa/get_effective_webviewdomain
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_domain.get_effective_webview() end

---GET /wxa/get_prefetchdnsdomain
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_domain.get_prefetch_dns() end

---POST /wxa/set_prefetchdnsdomain
---@async
---@param args { prefetch_dns_domain: ({ url: string })[] }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_domain.set_prefetch_dns(args) end

---@class weiyue.account.api.wxa_tester
local wxa_tester = {}

---POST /wxa/bind_tester
---
---reply userstr
---@async
---@param args { wechatid: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_tester.bind(args) end

---POST /wxa/unbind_tester
---@async
---@param args { wechatid?: any, userstr?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_tester.unbind(args) end

---POST /wxa/memberauth
---@async
---@param args? { action?: "get_experiencer" }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_tester.list(args) end

---@class weiyue.account.api.wxa_code
local wxa_code = {}

---POST /wxa/commit
---@async
---@param args { template_id: any, ext_json: table|string, user_version: any, user_desc: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.commit(args) end

---GET /wxa/get_page
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.get_page() end

---GET /wxa/get_category
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.get_category() end

---GET /wxa/get_qrcode
---@async
---@param args? { path?: string }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.get_qrcode(args) end

---POST /wxa/submit_audit
---@async
---@param args { item_list: any[] }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.submit_audit(args) end

---POST /wxa/get_auditstatus
---@async
---@param args { auditid: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.get_audit_status(args) end

---GET /wxa/get_latest_auditstatus
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.get_latest_audit_status() end

---GET /wxa/undocodeaudit
---
---87013 too many
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.undo_audit() end

---POST /wxa/speedupaudit
---@async
---@param args { auditid: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.speedup_audit(args) end

---GET /wxa/queryquota
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.query_quota() end

---POST /wxa/release
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.release() end

---GET /wxa/revertcoderelease
---
---action=get_history_version lists versions
---@async
---@param args? { action?: string, app_version?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.revert_release(args) end

---POST /wxa/grayrelease
---@async
---@param args { gray_percentage: any, support_debuger_first?: any, support_experiencer_first?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.gray_release(args) end

---GET /wxa/getgrayreleaseplan
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.get_gray_release_plan() end

---GET /wxa/revertgrayrelease
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.revert_gray_release() end

---POST /wxa/change_visitstatus
---@async
---@param args { action: "close"|"open" }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.change_visit_status(args) end

---POST /wxa/getvisitstatus
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.get_visit_status() end

---POST /wxa/getversioninfo
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.get_version_info() end

---POST /wxa/uploadmedia
---
---pictures and video for code audit
---@async
---@param args { media: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.upload_media(args) end

---POST /cgi-bin/wxopen/getweappsupportversion
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.get_support_version() end

---POST /cgi-bin/wxopen/setweappsupportversion
---@async
---@param args { appid: string, version: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.set_support_version(args) end

---GET /wxa/security/get_code_privacy_info
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_code.get_privacy_info() end

---@class weiyue.account.api.wxa_qrcode_jump
local wxa_qrcode_jump = {}

---POST /cgi-bin/wxopen/qrcodejumpadd
---@async
---@param args { prefix: any, permit_sub_rule?: any, state?: any, appid?: string, path: string, open_version?: any, debug_url?: string[], is_edit: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_qrcode_jump.add(args) end

---POST /cgi-bin/wxopen/qrcodejumpget
---@async
---@param args? { appid?: string, get_type?: any, prefix_list?: string[], page_num?: integer, page_size?: integer }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_qrcode_jump.get(args) end

---POST /cgi-bin/wxopen/qrcodejumpdownload
---
---reply file_name,file_content
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_qrcode_jump.download() end

---POST /cgi-bin/wxopen/qrcodejumpdelete
---@async
---@param args { prefix: any, appid?: string }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_qrcode_jump.delete(args) end

---POST /cgi-bin/wxopen/qrcodejumppublish
---@async
---@param args { prefix: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_qrcode_jump.publish(args) end

---@class weiyue.account.api.wxa_privacy
local wxa_privacy = {}

---POST /cgi-bin/component/setprivacysetting
---
---authorizer's token although the path says component
---@async
---@param args { owner_setting: { notice_method: any, ext_file_media_id?: string }, setting_list: ({ privacy_key: any, privacy_text: any })[], privacy_ver?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_privacy.set_setting(args) end

---POST /cgi-bin/component/getprivacysetting
---
---authorizer's token
---@async
---@param args? { privacy_ver?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_privacy.get_setting(args) end

---POST /cgi-bin/component/uploadprivacyextfile
---
---txt only, 100 KB; authorizer's token
---@async
---@param args { file: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_privacy.upload_ext_file(args) end

---POST /wxa/security/apply_privacy_interface
---@async
---@param args { api_name: string, content: string, pic_list?: any[], video_list?: any[], url_list?: any[] }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_privacy.apply_interface(args) end

---GET /wxa/security/get_privacy_interface
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_privacy.get_interface() end

---@class weiyue.account.api.wxa_beta
local wxa_beta = {}

---POST /wxa/verifybetaweapp
---@async
---@param args { verify_info: { enterprise_name: string, code: string, code_type: any, legal_persona_name: string, legal_persona_wechat: any, legal_persona_idcard: any, component_phone: any } }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_beta.verify(args) end

---POST /wxa/setbetaweappnickname
---@async
---@param args { name: string }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_beta.set_nickname(args) end

---POST /wxa/getmpadminauth
---@async
---@param args { mp_appid: string, same_admin: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_beta.get_mp_admin_auth(args) end

---POST /wxa/mpverifybetaweapp
---@async
---@param args { mp_appid: string, ticket: string }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_beta.mp_verify(args) end

---@class weiyue.account.api.wxa_embedded
local wxa_embedded = {}

---GET /wxaapi/wxaembedded/get_list
---@async
---@param args { start: integer, num: integer }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_embedded.list(args) end

---GET /wxaapi/wxaembedded/get_own_list
---@async
---@param args { start: integer, num: integer }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_embedded.list_own(args) end

---POST /wxaapi/wxaembedded/add_embedded
---@async
---@param args { appid: string, apply_reason?: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_embedded.add(args) end

---POST /wxaapi/wxaembedded/del_embedded
---@async
---@param args { appid: string }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_embedded.delete(args) end

---POST /wxaapi/wxaembedded/del_authorize
---@async
---@param args { appid: string }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_embedded.delete_authorize(args) end

---POST /wxaapi/wxaembedded/set_authorize
---@async
---@param args { flag: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_embedded.set_authorize(args) end

---@class weiyue.account.api.wxa_illegal
local wxa_illegal = {}

---POST /wxa/getillegalrecords
---@async
---@param args? { start_time?: any, end_time?: integer }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_illegal.get_records(args) end

---POST /wxa/getappealrecords
---@async
---@param args { illegal_record_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_illegal.get_appeal_records(args) end

---@class weiyue.account.api.wxa_auth
local wxa_auth = {}

---POST /wxa/sec/wxaauth
---@async
---@param args { auth_data: { customer_type: any, contact_info: { name: string, email: any }, account_name: string, account_name_type: any, pay_type: any } }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_auth.submit(args) end

---POST /wxa/sec/reauth
---@async
---@param args { auth_data: { customer_type: any, contact_info: { name: string, email: any }, account_name: string, account_name_type: any, pay_type: any } }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_auth.resubmit(args) end

---POST /wxa/sec/queryauth
---@async
---@param args { taskid: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_auth.query(args) end

---POST /wxa/sec/uploadauthmaterial
---@async
---@param args { media: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_auth.upload_material(args) end

---POST /wxa/sec/authidentitytree
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_auth.identity_tree() end

---POST /wxa/sec/submit_auth_and_icp
---@async
---@param args { auth_data: table, icp_subject: table, icp_applets: table }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_auth.submit_with_icp(args) end

---POST /wxa/sec/query_auth_and_icp
---@async
---@param args { procedure_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_auth.query_with_icp(args) end

---@class weiyue.account.api.wxa_icp
local wxa_icp = {}

---POST /wxa/icp/create_icp_verifytask
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_icp.create_verify_task() end

---POST /wxa/icp/query_icp_verifytask
---@async
---@param args { task_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_icp.query_verify_task(args) end

---POST /wxa/icp/upload_icp_media
---
---extra form fields type,certificate_type?,icp_order_field?
---@async
---@param args { type: any, certificate_type?: any, icp_order_field?: any, media: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_icp.upload_media(args) end

---GET /wxa/icp/get_icp_media
---@async
---@param args { media_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_icp.get_media(args) end

---POST /wxa/icp/apply_icp_filing
---@async
---@param args { icp_subject: { base_info: table, personal_info?: table, organize_info?: table, principal_info: table }, icp_applets: { base_info: table, principal_info: table }, icp_materials?: table }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_icp.apply(args) end

---POST /wxa/icp/cancel_apply_icp_filing
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_icp.cancel_apply() end

---POST /wxa/icp/cancel_icp_filing
---@async
---@param args { cancel_type: any }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_icp.cancel(args) end

---GET /wxa/icp/get_icp_entrance_info
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_icp.get_entrance_info() end

---GET /wxa/icp/get_online_icp_order
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_icp.get_online_order() end

---GET /wxa/icp/query_icp_service_content_types
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_icp.query_service_content_types() end

---GET /wxa/icp/query_icp_certificate_types
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_icp.query_certificate_types() end

---GET /wxa/icp/query_icp_district_code
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_icp.query_district_code() end

---GET /wxa/icp/query_icp_nrlx_types
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_icp.query_nrlx_types() end

---GET /wxa/icp/query_icp_subject_types
---@async
---@return table? reply
---@return weiyue.api.Error? err
function wxa_icp.query_subject_types() end

---@class weiyue.account.api.card_location
local card_location = {}

---POST /card/location/batchadd
---
---superseded by poi.add
---@async
---@param args { location_list: any[] }
---@return table? reply
---@return weiyue.api.Error? err
function card_location.batch_add(args) end

---POST /card/location/batchget
---
---superseded by poi.list
---@async
---@param args { offset: integer, count: integer }
---@return table? reply
---@return weiyue.api.Error? err
function card_location.batch_get(args) end

---@class weiyue.account.api.scan_product_old
local scan_product_old = {}

---GET /scan/merchantinfo/get
---
---first generation of scan goods, retired
---@async
---@return table? reply
---@return weiyue.api.Error? err
function scan_product_old.merchant_info() end

---POST /scan/product/create
---
---retired
---@async
---@param args { keystandard: any, keystr: any, brand_info: { base_info: table, detail_info: table, action_info: table, module_info: table } }
---@return table? reply
---@return weiyue.api.Error? err
function scan_product_old.create(args) end

---POST /scan/product/update
---
---retired
---@async
---@param args { keystandard: any, keystr: any, brand_info: { base_info: table, detail_info: table, action_info: table, module_info: table } }
---@return table? reply
---@return weiyue.api.Error? err
function scan_product_old.update(args) end

---POST /scan/product/modstatus
---
---retired
---@async
---@param args { keystandard: any, keystr: any, status: "on"|"off"|"check"|"cancel" }
---@return table? reply
---@return weiyue.api.Error? err
function scan_product_old.mod_status(args) end

---POST /scan/product/get
---
---retired
---@async
---@param args { keystandard: any, keystr: any }
---@return table? reply
---@return weiyue.api.Error? err
function scan_product_old.get(args) end

---POST /scan/product/getlist
---
---retired
---@async
---@param args { offset: integer, limit: integer, status: any, keystr?: any }
---@return table? reply
---@return weiyue.api.Error? err
function scan_product_old.get_list(args) end

---POST /scan/product/clear
---
---retired
---@async
---@param args { keystandard: any, keystr: any }
---@return table? reply
---@return weiyue.api.Error? err
function scan_product_old.clear(args) end

---POST /scan/product/getqrcode
---
---retired
---@async
---@param args { keystandard: any, keystr: any, extinfo?: any, qrcode_size?: any }
---@return table? reply
---@return weiyue.api.Error? err
function scan_product_old.get_qrcode(args) end

---POST /scan/testwhitelist/set
---
---retired
---@async
---@param args? { openid?: string[], username?: string[] }
---@return table? reply
---@return weiyue.api.Error? err
function scan_product_old.set_test_whitelist(args) end

---POST /scan/scanticket/check
---
---retired
---@async
---@param args { ticket: string }
---@return table? reply
---@return weiyue.api.Error? err
function scan_product_old.check_ticket(args) end

---@class weiyue.account.api.component_card
local component_card = {}

---POST /cgi-bin/component/upload_card_agent_qualification
---@async
---@param args { register_capital: any, business_license_media_id: string, tax_registration_certificate_media_id: string, last_quarter_tax_listing_media_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function component_card.upload_agent_qualification(args) end

---GET /cgi-bin/component/check_card_agent_qualification
---@async
---@return table? reply
---@return weiyue.api.Error? err
function component_card.check_agent_qualification() end

---POST /cgi-bin/component/upload_card_merchant_qualification
---@async
---@param args { appid: string, name: string, logo_media_id: string, business_license_media_id: string, operator_id_card_media_id: string, agreement_file_media_id: string, primary_category_id: any, secondary_category_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function component_card.upload_merchant_qualification(args) end

---POST /cgi-bin/component/check_card_merchant_qualification
---@async
---@param args { appid: string }
---@return table? reply
---@return weiyue.api.Error? err
function component_card.check_merchant_qualification(args) end

---POST /cgi-bin/component/get_card_merchant
---@async
---@param args { appid: string }
---@return table? reply
---@return weiyue.api.Error? err
function component_card.get_merchant(args) end

---POST /cgi-bin/component/batchget_card_merchant
---@async
---@param args { next_get: any }
---@return table? reply
---@return weiyue.api.Error? err
function component_card.batch_get_merchant(args) end

---@class weiyue.account.api.merchant
local merchant = {}

---POST /merchant/create
---
---first WeChat shop, retired (kept for old documents)
---@async
---@param args { product_base: table, sku_list: any[], attrext: table, delivery_info: table }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.create(args) end

---POST /merchant/del
---
---retired
---@async
---@param args { product_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.delete(args) end

---POST /merchant/update
---
---retired
---@async
---@param args { product_id: any, product_base?: table, sku_list?: any[], attrext?: table, delivery_info?: table }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.update(args) end

---POST /merchant/get
---
---retired
---@async
---@param args { product_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.get(args) end

---POST /merchant/getbystatus
---
---retired
---@async
---@param args { status: any }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.get_by_status(args) end

---POST /merchant/modproductstatus
---
---retired
---@async
---@param args { product_id: any, status: any }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.mod_status(args) end

---POST /merchant/category/getsub
---
---retired
---@async
---@param args { cate_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.category_get_sub(args) end

---POST /merchant/category/getsku
---
---retired
---@async
---@param args { cate_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.category_get_sku(args) end

---POST /merchant/category/getproperty
---
---retired
---@async
---@param args { cate_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.category_get_property(args) end

---POST /merchant/stock/add
---
---retired
---@async
---@param args { product_id: any, sku_info: any, quantity: integer }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.stock_add(args) end

---POST /merchant/stock/reduce
---
---retired
---@async
---@param args { product_id: any, sku_info: any, quantity: integer }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.stock_reduce(args) end

---POST /merchant/express/add
---
---retired
---@async
---@param args { delivery_template: table }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.express_add(args) end

---POST /merchant/express/del
---
---retired
---@async
---@param args { template_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.express_delete(args) end

---POST /merchant/express/update
---
---retired
---@async
---@param args { template_id: any, delivery_template: table }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.express_update(args) end

---POST /merchant/express/getbyid
---
---retired
---@async
---@param args { template_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.express_get(args) end

---GET /merchant/express/getall
---
---retired
---@async
---@return table? reply
---@return weiyue.api.Error? err
function merchant.express_list() end

---POST /merchant/group/add
---
---retired
---@async
---@param args { group_detail: { group_name: string, product_list: any[] } }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.group_add(args) end

---POST /merchant/group/del
---
---retired
---@async
---@param args { group_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.group_delete(args) end

---POST /merchant/group/propertymod
---
---retired
---@async
---@param args { group_id: any, group_name: string }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.group_mod_property(args) end

---POST /merchant/group/productmod
---
---retired
---@async
---@param args { group_id: any, product: ({ product_id: any, mod_action: any })[] }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.group_mod_product(args) end

---GET /merchant/group/getall
---
---retired
---@async
---@return table? reply
---@return weiyue.api.Error? err
function merchant.group_list() end

---POST /merchant/group/getbyid
---
---retired
---@async
---@param args { group_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.group_get(args) end

---POST /merchant/shelf/add
---
---retired
---@async
---@param args { shelf_data: table, shelf_banner: any, shelf_name: string }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.shelf_add(args) end

---POST /merchant/shelf/del
---
---retired
---@async
---@param args { shelf_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.shelf_delete(args) end

---POST /merchant/shelf/mod
---
---retired
---@async
---@param args { shelf_id: any, shelf_data: table, shelf_banner: any, shelf_name: string }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.shelf_mod(args) end

---GET /merchant/shelf/getall
---
---retired
---@async
---@return table? reply
---@return weiyue.api.Error? err
function merchant.shelf_list() end

---POST /merchant/shelf/getbyid
---
---retired
---@async
---@param args { shelf_id: any }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.shelf_get(args) end

---POST /merchant/order/getbyid
---
---retired
---@async
---@param args { order_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.order_get(args) end

---POST /merchant/order/getbyfilter
---
---retired
---@async
---@param args? { status?: any, begintime?: any, endtime?: integer }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.order_list(args) end

---POST /merchant/order/setdelivery
---
---retired
---@async
---@param args { order_id: string, delivery_company?: any, delivery_track_no?: any, need_delivery?: any, is_others?: any }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.order_set_delivery(args) end

---POST /merchant/order/close
---
---retired
---@async
---@param args { order_id: string }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.order_close(args) end

---POST /merchant/common/upload_img
---
---retired; reply image_url
---@async
---@param args { filename: string, data: weiyue.api.File }
---@return table? reply
---@return weiyue.api.Error? err
function merchant.upload_img(args) end

---@class weiyue.account.api.wxa_search
local wxa_search = {}

---POST /wxa/setdynamicdata
---
---token of the mini-program, not of the official account; at most 5 KB a call
---@async
---@param args { lifespan: any, query: table|string, scene?: integer, data: table|string }
---@return table? reply
---@return weiyue.api.Error? err
function wxa_search.set_dynamic_data(args) end

return api
