-- WeChat's API: wxa_embedded. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "list", "GET", "/wxaapi/wxaembedded/get_list", query = "start, num" },
  { "list_own", "GET", "/wxaapi/wxaembedded/get_own_list", query = "start, num" },
  { "add", "POST", "/wxaapi/wxaembedded/add_embedded", body = "appid, apply_reason?" },
  { "delete", "POST", "/wxaapi/wxaembedded/del_embedded", body = "appid" },
  { "delete_authorize", "POST", "/wxaapi/wxaembedded/del_authorize", body = "appid" },
  { "set_authorize", "POST", "/wxaapi/wxaembedded/set_authorize", body = "flag" },
}
