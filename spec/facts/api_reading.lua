-- How rows of wechat-api.tsv are read where the table speaks in words, or where its note knows more about the fields
-- than its list of them. By family.name; what is not here is read from the table as it stands (spec/support/api_table.lua).
-- query and body: in the notation of lua/weiyue/api/notation.lua. note: instead of the table's. needs: one of these.
-- renamed: a parameter whose name the table has wrong.
-- token: the name of the token's parameter. empty: an errcode that means an empty result. idempotent: may be sent twice.

local LANG <const> = "lang(zh_CN|zh_TW|en)=zh_CN"
local GUIDE <const> = "guide_account|guide_openid"
local MASS_IMAGES <const> = "voice|image{media_id}|image/images{media_ids[], recommend?, need_open_comment?(0|1), "
  .. "only_fans_can_comment?(0|1)}"
local MASS <const> = "msgtype>mpnews{media_id}|text{content}|" .. MASS_IMAGES
  .. "|mpvideo{media_id, title?, description?}|wxcard{card_id}"
local MASS_OPTIONS <const> = ", send_ignore_reprint?(0|1), clientmsgid?(<=64 bytes)"
local CUSTOM <const> = "touser, msgtype>text{content}|image|voice{media_id}"
  .. "|video{media_id, thumb_media_id, title?, description?}|music{title?, description?, musicurl, hqmusicurl, thumb_media_id}"
  .. "|news{articles[1..1]{title, description?, url?, picurl?}}|mpnews{media_id}|mpnewsarticle{article_id}"
  .. "|msgmenu{head_content, list[]{id, content}, tail_content}|wxcard{card_id}"
  .. "|miniprogrampage{title, appid, pagepath, thumb_media_id}|link{title, description, url, thumb_url}"
local BUTTON <const> = "type?(click|view|scancode_push|scancode_waitmsg|pic_sysphoto|pic_photo_or_album|pic_weixin"
  .. "|location_select|media_id|view_limited|article_id|article_view_limited|miniprogram), name, key?, url?, media_id?, "
  .. "article_id?, appid?, pagepath?"
local BUTTONS <const> = ("button[1..3]{%s, sub_button[0..5]{%s}?}"):format(BUTTON, BUTTON)
local ARTICLE <const> = "thumb_media_id, title, author?, digest?, content_source_url?, content, show_cover_pic?(0|1), "
  .. "need_open_comment?(0|1), only_fans_can_comment?(0|1)"
local DRAFT <const> = "article_type?(news|newspic), title, author?, digest?, content, content_source_url?, "
  .. "thumb_media_id?, need_open_comment?(0|1), only_fans_can_comment?(0|1), pic_crop_235_1?, pic_crop_1_1?, "
  .. "image_info?, cover_info?, product_info?"
local CARD_BASE <const> = "base_info{logo_url, brand_name, code_type, title, color, notice, description, sku{quantity}, "
  .. "date_info{}, ...}, ..."
local CARD_TYPES <const> = { "GROUPON", "CASH", "DISCOUNT", "GIFT", "GENERAL_COUPON", "MEMBER_CARD", "GENERAL_CARD",
                             "MEETING_TICKET", "SCENIC_TICKET", "MOVIE_TICKET", "BOARDING_PASS" }
local PAGE <const> = "banner_pic_url, page_title, theme_list[], category_list[]?, address, service_phone, biz_description, "
  .. "support_multi?, ..."
local SUBMERCHANT <const> = "app_id?, brand_name, logo_url, protocol, end_time, agreement_media_id?, operator_media_id?, "
  .. "primary_category_id, secondary_category_id"
local PRODUCT <const> = "product_base{}, sku_list[], attrext{}, delivery_info{}"
local AUTH_DATA <const> = "auth_data{customer_type, contact_info{name, email}, account_name, account_name_type, pay_type, ...}, ..."
local IMG <const> = { query = "img_url?", body = "img:file?", needs = "img_url|img" }
local IMG_TYPE <const> = { query = "img_url?, type?", body = "img:file?", needs = "img_url|img" }

local function each(list, fmt)
  local parts = {}
  for i, word in ipairs(list) do parts[i] = fmt:gsub("%$%a+", { ["$TYPE"] = word, ["$type"] = word:lower() }) end
  return table.concat(parts, "|")
end

local function reimburse(states)
  local words = {}
  for word in states:gmatch "%u+" do words[#words + 1] = "INVOICE_REIMBURSE_" .. word end
  return ("reimburse_status(%s)"):format(table.concat(words, "|"))
end

local function plain_token(names)
  local rows = {}
  for name in names:gmatch "%S+" do rows["component." .. name] = { token = "access_token" } end
  return rows
end

local M = {
  ["token.get"] = { query = "grant_type=client_credential, appid=@appid, secret=@secret", idempotent = false,
    note = "reply access_token, expires_in (7200 s); a fresh call retires the old token about 5 min later; the caller's IP must be "
      .. "on the list (40164, 89503); one writer" },
  ["token.stable"] = { body = "grant_type=client_credential, appid=@appid, secret=@secret, force_refresh?", idempotent = true },
  ["openapi.clear_quota"] = { body = "appid=@appid" },
  ["openapi.clear_quota_v2"] = { query = "appid=@appid, appsecret=@secret", body = "appid=@appid, appsecret=@secret",
    note = "resets the counters without a token; in query and body alike; shares the 10 a month" },
  ["openapi.quota_get"] = { body = "cgi_path" },

  ["menu.create"] = { body = BUTTONS, idempotent = true,
    note = "1-3 buttons, up to 5 below each; clients refresh after 5 min" },
  ["menu.get"] = { empty = 46003 },
  ["menu.add_conditional"] = { body = BUTTONS .. ", matchrule{tag_id?, client_platform_type?, language?}" },

  ["message_custom.send"] = { body = CUSTOM .. ", customservice{kf_account}?, aimsgcontext?",
    note = "within 48 h of the user's action (45015), a limited number (45047); window and number by trigger; news: one article" },
  ["message_custom.typing"] = { idempotent = true },
  ["message_custom.business_send"] = { body = CUSTOM .. ", businessid",
    note = "customer service of a mini-program; as message_custom.send with businessid" },
  ["message_mass.sendall"] = { body = "filter{is_to_all, tag_id:int?}, " .. MASS .. MASS_OPTIONS },
  ["message_mass.send"] = { body = "touser[2..10000], " .. MASS .. MASS_OPTIONS },
  ["message_mass.preview"] = { body = "touser|towxname, " .. MASS },
  ["message_mass.delete"] = { body = "msg_id|url, article_idx:int?" },
  ["message_mass.speed_set"] = { body = "speed(0-4)", note = "0..4 = 80, 60, 45, 30, 10 (10k a minute); 45083, 45084" },
  ["message_mass.speed_get"] = { body = "{}" },

  ["template.send"] = { body = "touser, template_id, url?, miniprogram{appid, pagepath?}?, data{<key>{value:str, color?:str}}, "
    .. "client_msg_id?" },
  ["template.query_blocked"] = { body = "tmpl_msg_id, largest_id:id(0 first), limit(<=100)" },
  ["subscribe_once.authorize_url"] = { query = "action=get_confirm, appid=@appid, scene:int(0-10000), template_id, "
    .. "redirect_url, reserved?", renamed = { redirect_uri = "redirect_url" } }, -- as its users have it
  ["subscribe_once.send"] = { body = "touser, template_id, url?, miniprogram{appid, pagepath?}?, scene:int, title(<=15 chars), "
    .. "data{content{value:str, color?:str}}" },
  ["subscribe.add_template"] = { body = "tid:str, kidList[2..5], sceneDesc(<=15 chars)" },
  ["subscribe.get_pub_template_titles"] = { query = "ids:str(comma separated category ids), start, limit(<=30)" },
  ["subscribe.send"] = { body = "touser, template_id, page?, miniprogram{appid, pagepath?}?, data{<key>{value:str}}" },
  ["wxa_message.subscribe_send"] = { body = "touser, template_id, page?, data{<key>{value:str}}, "
    .. "miniprogram_state?(developer|trial|formal), lang?" },

  ["kf_account.add"] = { body = "kf_account(name@wechatid), nickname, password?(md5; of old accounts)" },
  ["kf_account.del"] = { idempotent = false, note = "a GET with the account in the query" },
  ["kf_account.upload_head_img"] = { body = "media:file" },
  ["kf_record.get_msg_list"] = { body = "starttime, endtime, msgid:id(start 1), number(<=10000)" },
  ["guide.set_config"] = { body = "guide_account|guide_openid?, is_delete?, guide_fast_reply_list[]{content}?, "
    .. "guide_auto_reply{content, msgtype:any}?, guide_auto_reply_plus{content, msgtype:any}?" },
  ["guide.get"] = { body = GUIDE, note = "" },
  ["guide.get_acct_config"] = { body = "{}", note = "" },
  ["guide.get_group_list"] = { body = "{}", note = "" },
  ["guide.get_tag_option"] = { body = "{}", note = "" },
  ["guide.add_buyer_relation"] = { body = GUIDE .. ", openid+buyer_nickname?|buyer_list[<=200]{openid, buyer_nickname?}" },
  ["guide.list"] = { body = "page:int(from 0), num(<=500)" },
  ["guide.get_chat_record"] = { body = GUIDE .. ", openid?, begin_time?, end_time?, page:int, num" },
  ["guide.get_group_info"] = { body = "group_id, page:int, num" },
  ["guide.get_buyer_relation_list"] = { body = "guide_account?, guide_openid?, page:int, num" },

  ["oauth.authorize_url"] = { query = "appid=@appid, redirect_uri, response_type=code, scope(snsapi_base|snsapi_userinfo), state?, "
    .. "forcePopup:bool?" },
  ["oauth.qrconnect_url"] = { query = "appid=@appid, redirect_uri, response_type=code, scope=snsapi_login, state?" },
  ["oauth.access_token"] = { query = "appid=@appid, secret=@secret, code, grant_type=authorization_code", idempotent = false },
  ["oauth.refresh_token"] = { query = "appid=@appid, grant_type=refresh_token, refresh_token" },
  ["oauth.userinfo"] = { query = "access_token:str, openid, " .. LANG },
  ["oauth.auth"] = { query = "access_token:str, openid" },
  ["jssdk.get_ticket"] = { note = "reply ticket, expires_in (7200 s); keep it" },
  ["jssdk.get_card_ticket"] = { note = "the api_ticket for pages with cards and invoices; its signature sorts the values before sha1" },
  ["user.info"] = { query = "openid, " .. LANG },
  ["user.batch_info"] = { body = "user_list[<=100]{openid, lang?(zh_CN|zh_TW|en)}" },
  ["user.update_remark"] = { idempotent = true },
  ["user_group.create"] = { note = "retired in 2016, replaced by tags" },

  ["media.upload"] = { query = "type(image|voice|video|thumb)", body = "media:file",
    note = "reply type, media_id (thumb_media_id for thumb), created_at; kept 3 days; image 10 MB, voice 2 MB or 60 s of AMR or MP3, "
      .. "video 10 MB of MP4, thumb 64 KB of JPG" },
  ["media.upload_img"] = { body = "media:file" },
  ["media.upload_news"] = { body = ("articles[1..8]{%s}"):format(ARTICLE) },
  ["material.add"] = { query = "type(image|voice|video|thumb)", body = "media:file, description{title, introduction}?(of a video)",
    note = "reply media_id, url (of an image); 100000 images, 1000 of each other kind" },
  ["material.add_news"] = { body = "articles[]{title, thumb_media_id, author?, digest?, show_cover_pic(0|1), content, "
    .. "content_source_url, need_open_comment?(0|1), only_fans_can_comment?(0|1)}" },
  ["material.update_news"] = { body = ("media_id, index(from 0), articles{%s}"):format(ARTICLE) },
  ["material.batch_get"] = { body = "type(image|video|voice|news), offset, count(1-20)" },
  ["draft.add"] = { body = ("articles[]{%s}"):format(DRAFT) },
  ["draft.update"] = { body = ("media_id, index, articles{%s}"):format(ARTICLE) },
  ["draft.switch"] = { query = "checkonly?(0|1)", body = "{}" },
  ["publish.submit"] = { body = "media_id(of a draft)" },
  ["publish.delete"] = { body = "article_id, index?(from 1; 0 or absent: all)" },

  ["tag.create"] = { body = "tag{name(<=30 bytes)}" },
  ["tag.update"] = { body = "tag{id:int, name(<=30 bytes)}", idempotent = true },
  ["tag.delete"] = { body = "tag{id:int}" },
  ["tag.batch_tagging"] = { idempotent = true },
  ["tag.batch_untagging"] = { idempotent = true },
  ["blacklist.add"] = { idempotent = true, note = "" },
  ["blacklist.remove"] = { idempotent = true, note = "" },
  ["qrcode.create"] = { body = "expire_seconds?(<=2592000), action_name(QR_SCENE|QR_STR_SCENE|QR_LIMIT_SCENE|QR_LIMIT_STR_SCENE), "
    .. "action_info{scene{scene_id|scene_str(1-64)}}" },
  ["shorten.gen"] = { body = "long_data(<=4 KB), expire_seconds?(<=2592000)" },
  ["datacube.get_article_read"] = { note = "daily reads of published articles; data from 2025-11-01; a span of 1 day, maybe 30" },

  ["card.create"] = { note = "reply card_id", body = ("card{card_type>%s}"):format(each(CARD_TYPES, "$TYPE/$type") .. "{" .. CARD_BASE .. "}") },
  ["card.update"] = { body = ("card_id, %s"):format(each(CARD_TYPES, "$type{}")) },
  ["component.delete_template"] = { body = "template_id:int", token = "access_token" },
  ["merchant.express_delete"] = { body = "template_id:any" }, ["merchant.express_get"] = { body = "template_id:any" },
  ["merchant.express_update"] = { body = "template_id:any, delivery_template{}" },
  ["bizwifi.homepage_set"] = { body = "shop_id, template_id:int, struct{}?" },
  ["card.set_selfconsumecell"] = { body = "card_id, is_open, need_verify_cod?(spelt so), need_remark_amount?" },
  ["card.create_qrcode"] = { body = "action_name(QR_CARD|QR_MULTIPLE_CARD), expire_seconds?(60-1800), action_info{"
    .. "card{card_id, code?, openid?, is_unique_code?, outer_str?}|multiple_card{card_list[]}}" },
  ["card_member.unactivate"] = { note = "may not exist: only one document names it" },
  ["card_submerchant.update"] = { body = ("info{merchant_id, %s}"):format(SUBMERCHANT) },
  ["card_giftcard.page_update"] = { body = ("page{page_id, %s}"):format(PAGE:gsub("([%w_%]]), ", "%1?, "):gsub("%?%?", "?")) },
  ["card_giftcard.page_batch_get"] = { body = "{}" },
  ["poi.update"] = { body = "business{base_info{poi_id, telephone?, photo_list[]{photo_url}?, recommend?, special?, introduction?, "
    .. "open_time?, avg_price?}}" },
  ["semantic.search"] = { body = "query, category:str(type in some documents), city?|latitude+longitude?, region?, appid=@appid, uid?" },
  ["voice.add_reco"] = { query = "format=mp3, voice_id, lang(zh_CN|en_US)=zh_CN", body = "data:file" },
  ["voice.query_reco"] = { query = "voice_id, lang(zh_CN|en_US)=zh_CN" },
  ["voice.translate"] = { query = "lfrom(zh_CN|en_US), lto(zh_CN|en_US)", body = "content:str(<=600 bytes)" },
  ["ocr.menu"] = IMG, ["ocr.bizlicense"] = IMG, ["ocr.comm"] = IMG, ["ocr.platenum"] = IMG,
  ["ocr.idcard"] = IMG_TYPE, ["ocr.bankcard"] = IMG_TYPE, ["ocr.driving"] = IMG_TYPE, ["ocr.driving_license"] = IMG_TYPE,
  ["img.qrcode"] = IMG, ["img.superresolution"] = IMG,
  ["img.aicrop"] = { query = "img_url?, ratios?", body = "img:file?", needs = "img_url|img" },
  ["marketcode.apply_code"] = { body = "code_count:int(10000..20000000, multiple of 10000), isv_application_id:str(<=128)" },

  ["invoice.query_info"] = { note = "the path is spelt so" },
  ["invoice.set_url"] = { idempotent = true, note = "reply invoice_url, which carries s_pappid; the name says set, the effect is get" },
  ["invoice.create_card"] = { body = "invoice_info{base_info{logo_url, title, custom_url?, ...}, type, payee}" },
  ["invoice.set_pdf"] = { body = "pdf:file" },
  ["invoice.update_status"] = { body = "card_id, code, " .. reimburse "INIT LOCK CLOSURE CANCEL" },
  ["invoice.update_invoice_status"] = { body = "card_id, encrypt_code, " .. reimburse "INIT LOCK CLOSURE" },
  ["invoice.update_status_batch"] = { body = "openid, " .. reimburse "INIT LOCK CLOSURE" .. ", "
    .. "invoice_list[]{card_id, encrypt_code}" },
  ["nontax.unified_order"] = { body = "desc, fee, ip, payment_notice_create_time, payment_expire_date, department_code, "
    .. "department_name, region_code, scene, items[]{no, item_id, item_name, fee}, ..." },
  ["nontax.vehicle_pay_apply"] = { body = "desc, fee, department_code, department_name, trade_scene, "
    .. "scene_info{start_time, plate_number, ...}, ..." },
  ["component.modify_wxa_server_domain"] = { token = "access_token", body = "action(add|delete|set|get), "
    .. "wxa_server_domain?(separated by semicolons), is_modify_published_together?" },
  ["nontax.mock_query_fee"] = { body = "appid, url, version, service_id?, bank_id?, payment_notice_type?, payment_notice_no?, "
    .. "department_code?, region_code?" },
  ["nontax.micropay"] = { note = "system error: wait 5 s and repeat; USERPAYING: ask every 10 s up to 30 s" },
  ["nontax.get_user_client_ip"] = { note = "called from the payer's browser, for H5 pay outside WeChat" },
  ["marketing.wechat_ad_leads_get"] = { query = "version=v1.0, page, page_size, date_range:json, filtering:json?" },
  ["shakearound.device_search"] = { body = "type, device_identifiers[]?|apply_id?, last_seen?, count" },
  ["shakearound.page_search"] = { body = "type, page_ids[]|begin+count" },
  ["shakearound.material_add"] = { query = "type?(icon|license)", body = "media:file" },

  ["component.start_push_ticket"] = { body = "component_appid=@component_appid, component_secret=@component_secret" },
  ["component.get_token"] = { body = "component_appid=@component_appid, component_appsecret=@component_secret, "
    .. "component_verify_ticket=@component_verify_ticket" },
  ["component.clear_quota_v2"] = { body = "appid=@appid, component_appid=@component_appid, appsecret=@component_secret" },
  ["component.login_page"] = { query = "component_appid=@component_appid, pre_auth_code, redirect_uri, auth_type?, biz_appid?" },
  ["component.bind_page_mp"] = { note = "an older page for phones" },
  ["component.oauth_authorize_url"] = { query = "appid=@appid, redirect_uri, response_type=code, "
    .. "scope(snsapi_base|snsapi_userinfo), state?, component_appid=@component_appid" },
  ["component.oauth_access_token"] = { idempotent = false,
    query = "appid=@appid, code, grant_type=authorization_code, component_appid=@component_appid" },
  ["component.oauth_refresh_token"] = {
    query = "appid=@appid, grant_type=refresh_token, component_appid=@component_appid, refresh_token" },
  ["component.jscode2session"] = { idempotent = false,
    query = "appid=@appid, js_code, grant_type=authorization_code, component_appid=@component_appid" },
  ["wxa_login.jscode2session"] = { query = "appid=@appid, secret=@secret, js_code, grant_type=authorization_code", idempotent = false },
  ["wxa_user.reset_session_key"] = { idempotent = false },
  ["wxa_sec.img_sec_check"] = { body = "media:file" },
  ["wxa_sec.msg_sec_check"] = { body = "content, version=2, scene(1-4), openid, title?, nickname?, signature?" },
  ["wxa_code_image.get_unlimited"] = { body = "scene:str(<=32), page?, check_path?, env_version?, width?, auto_color?, "
    .. "line_color{r, g, b}?, is_hyaline?" },
  ["wxa_code.commit"] = { body = "template_id:any, ext_json:json, user_version, user_desc" },
  ["wxa_code.release"] = { body = "{}" },
  ["wxa_code.upload_media"] = { body = "media:file" },
  ["wxa_code.undo_audit"] = { idempotent = false },
  ["wxa_code.revert_release"] = { idempotent = false },
  ["wxa_code.revert_gray_release"] = { idempotent = false },
  ["wxa_category.add"] = { body = "categories[]{first, second, certicates[]{key, value}}(certicates is spelt so)" },
  ["wxa_privacy.set_setting"] = { body = "owner_setting{notice_method, ext_file_media_id?, ...}, "
    .. "setting_list[]{privacy_key, privacy_text}, privacy_ver?" },
  ["wxa_privacy.upload_ext_file"] = { body = "file:file" },
  ["wxa_auth.upload_material"] = { body = "media:file" },
  ["wxa_auth.identity_tree"] = { body = "{}", note = "" },
  ["wxa_auth.submit_with_icp"] = { body = "auth_data{...}, icp_subject{...}, icp_applets{...}" },
  ["wxa_auth.submit"] = { body = AUTH_DATA }, ["wxa_auth.resubmit"] = { body = AUTH_DATA },
  ["wxa_icp.upload_media"] = { body = "type, certificate_type?, icp_order_field?, media:file" },
  ["wxa_search.set_dynamic_data"] = { body = "lifespan, query:json, scene=1, data:json" },
  ["scan_product_old.update"] = { body = "keystandard, keystr, brand_info{base_info{}, detail_info{}, action_info{}, module_info{}}",
    note = "retired" },
  ["merchant.update"] = { body = "product_id, " .. PRODUCT:gsub("([%]}])", "%1?"), note = "retired" },
  ["merchant.upload_img"] = { body = "data:file", note = "retired; reply image_url" },
  ["kf_account.set_admin"] = { idempotent = true },
  ["kf_account.cancel_admin"] = { idempotent = true },
  ["card_coin.activate"] = { idempotent = false },
}


for name, row in pairs(plain_token [[
  get_template_draft_list add_to_template get_template_list fast_register_beta
  get_domain_confirm_file modify_wxa_jump_domain apply_set_order_path_info
]]) do M[name] = row end

return M
