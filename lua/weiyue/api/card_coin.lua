-- WeChat's API: card_coin. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "activate", "GET", "/card/pay/activate", idempotent = false,
    note = "friend-coupon points account; retired line" },
  { "get_pay_price", "POST", "/card/pay/getpayprice", body = "card_id, quantity", idempotent = true,
    note = "retired line" },
  { "get_coins_info", "GET", "/card/pay/getcoinsinfo", note = "retired line" },
  { "recharge", "POST", "/card/pay/recharge", body = "coin_count", note = "retired line" },
  { "get_order", "POST", "/card/pay/getorder", body = "order_id", idempotent = true, note = "retired line" },
  { "get_order_list", "POST", "/card/pay/getorderlist",
    body = "offset, count, order_type, nor_filter{}?, sort_info{}?", idempotent = true, note = "retired line" },
  { "confirm", "POST", "/card/pay/confirm", body = "card_id, quantity, order_id", note = "retired line" },
}
