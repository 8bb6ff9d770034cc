-- WeChat's API: wxa_code_image. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "get", "POST", "/wxa/getwxacode",
    body = "path, width?, auto_color?, line_color{r, g, b}?, is_hyaline?, env_version?", reply = "bytes",
    idempotent = true, note = "100k lifetime total with createwxaqrcode" },
  { "get_unlimited", "POST", "/wxa/getwxacodeunlimit",
    body = "scene:str(<=32), page?, check_path?, env_version?, width?, auto_color?, line_color{r, g, b}?, "
      .. "is_hyaline?",
    reply = "bytes", idempotent = true, note = "45009 at 5000 a minute" },
  { "create_qrcode", "POST", "/cgi-bin/wxaapp/createwxaqrcode", body = "path, width?", reply = "bytes" },
}
