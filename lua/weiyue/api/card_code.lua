-- WeChat's API: card_code. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "deposit", "POST", "/card/code/deposit", body = "card_id, code[<=100]" },
  { "get_deposit_count", "POST", "/card/code/getdepositcount", body = "card_id", idempotent = true },
  { "check", "POST", "/card/code/checkcode", body = "card_id, code[]", idempotent = true },
  { "get", "POST", "/card/code/get", body = "code, card_id?(needed for custom code), check_consume?",
    idempotent = true, note = "also used for the non-jump member-card component" },
  { "consume", "POST", "/card/code/consume", body = "code, card_id?(needed for custom code)",
    note = "40127, 40099" },
  { "decrypt", "POST", "/card/code/decrypt", body = "encrypt_code", note = "reply code" },
  { "update", "POST", "/card/code/update", body = "code, new_code, card_id?" },
  { "unavailable", "POST", "/card/code/unavailable", body = "code, card_id?, reason?" },
  { "mark", "POST", "/card/code/mark", body = "code, card_id, openid, is_mark", note = "friend-coupon marking" },
}
