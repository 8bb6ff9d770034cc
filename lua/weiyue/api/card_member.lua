-- WeChat's API: card_member. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "activate", "POST", "/card/membercard/activate",
    body = "code, membership_number, card_id?, init_bonus?, init_balance?, init_custom_field_value1..3?, "
      .. "activate_begin_time?, activate_end_time?, background_pic_url?" },
  { "unactivate", "POST", "/card/membercard/unactivate", body = "card_id, code",
    note = "may not exist: only one document names it" },
  { "activate_get_url", "POST", "/card/membercard/activate/geturl", body = "card_id, outer_str?",
    idempotent = true, note = "reply url" },
  { "activate_temp_info", "POST", "/card/membercard/activatetempinfo/get", body = "activate_ticket",
    idempotent = true },
  { "set_activate_user_form", "POST", "/card/membercard/activateuserform/set",
    body = "card_id, service_statement{name, url}?, bind_old_card{name, url}?, required_form{can_modify?, "
      .. "rich_field_list[], common_field_id_list[], custom_field_list[]}?, optional_form{...}?" },
  { "update_user", "POST", "/card/membercard/updateuser",
    body = "code, card_id, bonus?, add_bonus?, record_bonus?, balance?, add_balance?, record_balance?, "
      .. "custom_field_value1..3?, notify_optional{}?" },
  { "get_user_info", "POST", "/card/membercard/userinfo/get", body = "card_id, code", idempotent = true },
}
