-- WeChat's API: qrcode. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "create", "POST", "/cgi-bin/qrcode/create",
    body = "expire_seconds?(<=2592000), action_name(QR_SCENE|QR_STR_SCENE|QR_LIMIT_SCENE|QR_LIMIT_STR_SCENE), "
      .. "action_info{scene{scene_id|scene_str(1-64)}}",
    note = "permanent scene_id 1-100000; reply ticket,expire_seconds,url" },
  { "show", "GET", "/cgi-bin/showqrcode", host = "mp.weixin.qq.com", auth = "none", query = "ticket",
    reply = "bytes", note = "ticket must be URL-encoded; jpg with HTTP 200, 404 for a bad ticket" },
}
