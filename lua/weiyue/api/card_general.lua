-- WeChat's API: card_general. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "activate", "POST", "/card/generalcard/activate",
    body = "card_id, code, card_number, init_bonus?, init_balance?" },
  { "unactivate", "POST", "/card/generalcard/unactivate", body = "card_id, code" },
  { "update_user", "POST", "/card/generalcard/updateuser",
    body = "card_id, code, background_pic_url?, bonus?, record_bonus?, balance?, record_balance?, "
      .. "custom_field_value1?, custom_field_value2?, custom_field_value3?, can_give_friend?" },
  { "update_balance", "POST", "/card/luckymoney/updateuserbalance", body = "code, card_id, balance",
    note = "retired red-packet card" },
}
