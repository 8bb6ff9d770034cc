-- WeChat's API: device. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "authorize", "POST", "/device/authorize_device", body = "device_num, device_list[], op_type, product_id?",
    note = "IoT line, hardware platform largely retired" },
  { "create_qrcode", "POST", "/device/create_qrcode", body = "device_num, device_id_list[]", note = "old path" },
  { "get_qrcode", "GET", "/device/getqrcode", query = "product_id?",
    note = "reply deviceid,qrticket,devicelicence" },
  { "verify_qrcode", "POST", "/device/verify_qrcode", body = "ticket" },
  { "get_stat", "GET", "/device/get_stat", query = "device_id", note = "reply status" },
  { "get_bind_device", "GET", "/device/get_bind_device", query = "openid" },
  { "get_openid", "GET", "/device/get_openid", query = "device_type, device_id" },
  { "bind", "POST", "/device/bind", body = "ticket, device_id, openid" },
  { "unbind", "POST", "/device/unbind", body = "ticket, device_id, openid" },
  { "compel_bind", "POST", "/device/compel_bind", body = "device_id, openid" },
  { "compel_unbind", "POST", "/device/compel_unbind", body = "device_id, openid" },
  { "transmsg", "POST", "/device/transmsg",
    body = "device_type, device_id, open_id, content(base64), msg_type?, device_status?" },
}
