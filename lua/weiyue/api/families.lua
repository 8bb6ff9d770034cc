-- The families of WeChat's API, in the table's order. Written by spec/api_rows.
return {
  "token", "callback", "openapi", "menu", "autoreply", "message_custom", "message_mass", "template",
  "subscribe_once", "subscribe", "wxa_message", "kf_account", "kf_session", "kf_record", "kf_work", "kf_business",
  "guide", "oauth", "jssdk", "media", "material", "draft", "publish", "comment", "tag", "user", "user_group",
  "blacklist", "qrcode", "shorturl", "shorten", "datacube", "publisher", "card", "card_code", "card_member",
  "card_paygift", "card_ticket", "card_submerchant", "card_general", "card_giftcard", "card_coin", "poi",
  "wxa_store", "semantic", "voice", "ocr", "img", "marketcode", "invoice", "nontax", "realname", "scan_product",
  "marketing", "redpacket_cover", "device", "shakearound", "bizwifi", "component", "open_account", "mp_link",
  "wxa_login", "wxa_user", "wxa_sec", "wxa_code_image", "wxa_url", "wxa_account", "wxa_category", "wxa_domain",
  "wxa_tester", "wxa_code", "wxa_qrcode_jump", "wxa_privacy", "wxa_beta", "wxa_embedded", "wxa_illegal", "wxa_auth",
  "wxa_icp", "card_location", "scan_product_old", "component_card", "merchant", "wxa_search",
}
