-- WeChat's API: wxa_user. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "get_phone_number", "POST", "/wxa/business/getuserphonenumber", body = "code, openid?",
    note = "reply phone_info{}" },
  { "check_session", "GET", "/wxa/checksession", query = "openid, signature, sig_method=hmac_sha256",
    note = "signature = HMAC-SHA256 of the empty string keyed by session_key; 87009 bad signature" },
  { "reset_session_key", "GET", "/wxa/resetusersessionkey", query = "openid, signature, sig_method=hmac_sha256",
    idempotent = false },
  { "get_paid_unionid", "GET", "/wxa/getpaidunionid", query = "openid, transaction_id?, mch_id?, out_trade_no?" },
  { "get_plugin_openpid", "POST", "/wxa/getpluginopenpid", body = "code", idempotent = true },
  { "check_encrypted_msg", "POST", "/wxa/business/checkencryptedmsg", body = "encrypted_msg_hash" },
  { "get_user_encrypt_key", "POST", "/wxa/business/getuserencryptkey",
    query = "openid, signature, sig_method=hmac_sha256", content = "none", idempotent = true },
  { "get_user_risk_rank", "POST", "/wxa/getuserriskrank",
    body = "appid?, openid, scene, client_ip?, email_address?, mobile_no?, bank_card_no?, cert_no?, "
      .. "extended_info?, is_test?",
    idempotent = true },
}
