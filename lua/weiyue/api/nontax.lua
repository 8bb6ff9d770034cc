-- WeChat's API: nontax. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "get_bill_auth_url", "POST", "/nontax/getbillauthurl",
    body = "s_pappid, order_id, money, timestamp, source, redirect_url?, ticket", idempotent = true,
    note = "reply auth_url,expire_time" },
  { "create_bill_card", "POST", "/nontax/createbillcard", body = "invoice_info{base_info{logo_url}, payee}",
    note = "reply card_url,card_id" },
  { "insert_bill", "POST", "/nontax/insertbill",
    body = "order_id, card_id, appid, card_ext{nonce_str, user_card{invoice_user_data{}}}" },
  { "query_fee", "POST", "/nontax/queryfee",
    body = "appid?, service_id?, bank_id?, payment_notice_type?, payment_notice_no, department_code, region_code",
    idempotent = true },
  { "unified_order", "POST", "/nontax/unifiedorder",
    body = "desc, fee, ip, payment_notice_create_time, payment_expire_date, department_code, department_name, "
      .. "region_code, scene, items[]{no, item_id, item_name, fee}, ..." },
  { "get_order", "POST", "/nontax/getorder", body = "appid?, service_id?, order_id", idempotent = true },
  { "refund", "POST", "/nontax/refund", body = "appid?, order_id, reason, refund_fee?, refund_out_id?",
    note = "caller IP must be registered" },
  { "download_bill", "POST", "/nontax/downloadbill", body = "appid, mch_id?, bill_date, bill_type?",
    reply = "bytes", note = "bill text on success" },
  { "notify_inconsistent_order", "POST", "/nontax/notifyinconsistentorder", body = "appid?, order_id?" },
  { "mock_notification", "POST", "/nontax/mocknotification", body = "appid?, url, version" },
  { "mock_query_fee", "POST", "/nontax/mockqueryfee",
    body = "appid, url, version, service_id?, bank_id?, payment_notice_type?, payment_notice_no?, "
      .. "department_code?, region_code?",
    idempotent = true },
  { "micropay", "POST", "/nontax/micropay",
    body = "appid, desc, fee, auth_code, payment_notice_create_time, payment_expire_date, department_code, "
      .. "department_name, region_code, items[], ...",
    note = "system error: wait 5 s and repeat; USERPAYING: ask every 10 s up to 30 s" },
  { "get_order_list", "POST", "/nontax/getorderlist",
    body = "appid?, order_no?, payment_notice_no?, department_code, region_code", idempotent = true },
  { "get_user_client_ip", "GET", "/intp/getuserclientip", host = "mp.weixin.qq.com", auth = "none",
    note = "called from the payer's browser, for H5 pay outside WeChat" },
  { "get_real_name", "POST", "/nontax/getrealname", body = "wx_realname_token", idempotent = true },
  { "vehicle_query_state", "POST", "/nontax/vehicle/querystate",
    body = "appid?, bank_id?, bank_account?, mch_id?, region_code, trade_scene, jump_scene?, openid?, "
      .. "plate_number?, material_info?, channel_type?",
    idempotent = true },
  { "vehicle_entrance_notify", "POST", "/nontax/vehicle/entrancenotify",
    body = "appid?, bank_id?, bank_account?, mch_id?, region_code, trade_scene, scene_info{start_time, "
      .. "plate_number, car_type?, notify_url?, parking_name?, openid?, free_time?}" },
  { "vehicle_pay_apply", "POST", "/nontax/vehicle/payapply",
    body = "desc, fee, department_code, department_name, trade_scene, scene_info{start_time, plate_number, ...}, "
      .. "..." },
}
