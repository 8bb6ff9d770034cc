-- WeChat's API: card_giftcard. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "page_add", "POST", "/card/giftcard/page/add",
    body = "page{banner_pic_url, page_title, theme_list[], category_list[]?, address, service_phone, "
      .. "biz_description, support_multi?, ...}",
    note = "reply page_id" },
  { "page_get", "POST", "/card/giftcard/page/get", body = "page_id", idempotent = true },
  { "page_update", "POST", "/card/giftcard/page/update",
    body = "page{page_id, banner_pic_url?, page_title?, theme_list[]?, category_list[]?, address?, service_phone?, "
      .. "biz_description?, support_multi?, ...}" },
  { "page_batch_get", "POST", "/card/giftcard/page/batchget", body = "{}", idempotent = true },
  { "maintain_set", "POST", "/card/giftcard/maintain/set", body = "page_id?, all?, maintain" },
  { "pay_whitelist_add", "POST", "/card/giftcard/pay/whitelist/add", body = "sub_mch_id" },
  { "pay_submch_bind", "POST", "/card/giftcard/pay/submch/bind", body = "sub_mch_id, wxa_appid" },
  { "wxa_set", "POST", "/card/giftcard/wxa/set", body = "wxa_appid, page_id" },
  { "order_get", "POST", "/card/giftcard/order/get", body = "order_id", idempotent = true },
  { "order_batch_get", "POST", "/card/giftcard/order/batchget",
    body = "begin_time?, end_time?, sort_type, offset, count", idempotent = true },
  { "order_refund", "POST", "/card/giftcard/order/refund", body = "order_id" },
}
