-- WeChat's API: wxa_qrcode_jump. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "add", "POST", "/cgi-bin/wxopen/qrcodejumpadd",
    body = "prefix, permit_sub_rule?, state?, appid?, path, open_version?, debug_url[]?, is_edit" },
  { "get", "POST", "/cgi-bin/wxopen/qrcodejumpget",
    body = "appid?, get_type?, prefix_list[]?, page_num?, page_size?", idempotent = true },
  { "download", "POST", "/cgi-bin/wxopen/qrcodejumpdownload", body = "{}", note = "reply file_name,file_content" },
  { "delete", "POST", "/cgi-bin/wxopen/qrcodejumpdelete", body = "prefix, appid?" },
  { "publish", "POST", "/cgi-bin/wxopen/qrcodejumppublish", body = "prefix" },
}
