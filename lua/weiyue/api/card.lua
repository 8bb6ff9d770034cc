-- WeChat's API: card. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "create", "POST", "/card/create",
    body = "card{card_type>GROUPON/groupon|CASH/cash|DISCOUNT/discount|GIFT/gift|GENERAL_COUPON/general_coupon|"
      .. "MEMBER_CARD/member_card|GENERAL_CARD/general_card|MEETING_TICKET/meeting_ticket|"
      .. "SCENIC_TICKET/scenic_ticket|MOVIE_TICKET/movie_ticket|BOARDING_PASS/boarding_pass{base_info{logo_url, "
      .. "brand_name, code_type, title, color, notice, description, sku{quantity}, date_info{}, ...}, ...}}",
    note = "reply card_id" },
  { "get", "POST", "/card/get", body = "card_id", idempotent = true, note = "reply card{}" },
  { "batch_get", "POST", "/card/batchget", body = "offset, count(<=50), status_list[]?", idempotent = true,
    note = "reply card_id_list[],total_num" },
  { "update", "POST", "/card/update",
    body = "card_id, groupon{}|cash{}|discount{}|gift{}|general_coupon{}|member_card{}|general_card{}|"
      .. "meeting_ticket{}|scenic_ticket{}|movie_ticket{}|boarding_pass{}",
    note = "reply send_check" },
  { "modify_stock", "POST", "/card/modifystock", body = "card_id, increase_stock_value?, reduce_stock_value?" },
  { "delete", "POST", "/card/delete", body = "card_id" },
  { "set_paycell", "POST", "/card/paycell/set", body = "card_id, is_open" },
  { "set_selfconsumecell", "POST", "/card/selfconsumecell/set",
    body = "card_id, is_open, need_verify_cod?(spelt so), need_remark_amount?" },
  { "create_qrcode", "POST", "/card/qrcode/create",
    body = "action_name(QR_CARD|QR_MULTIPLE_CARD), expire_seconds?(60-1800), action_info{card{card_id, code?, "
      .. "openid?, is_unique_code?, outer_str?}|multiple_card{card_list[]}}",
    note = "reply ticket,url,show_qrcode_url" },
  { "create_landing_page", "POST", "/card/landingpage/create",
    body = "banner, page_title, can_share, scene, card_list[]{card_id, thumb_url}", note = "reply url,page_id" },
  { "get_mpnews_html", "POST", "/card/mpnews/gethtml", body = "card_id", idempotent = true, note = "reply content" },
  { "set_test_whitelist", "POST", "/card/testwhitelist/set", body = "openid[]?, username[]?", note = "10 users" },
  { "get_user_card_list", "POST", "/card/user/getcardlist", body = "openid, card_id?", idempotent = true },
  { "get_colors", "GET", "/card/getcolors", note = "reply colors[name,value]" },
  { "set_store_wxa", "POST", "/card/storewxa/set", body = "poi_id, card_id",
    note = "binds a card to a store mini-program" },
  { "get_store_wxa", "POST", "/card/storewxa/get", body = "poi_id", idempotent = true },
}
