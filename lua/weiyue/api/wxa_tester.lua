-- WeChat's API: wxa_tester. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "bind", "POST", "/wxa/bind_tester", body = "wechatid", note = "reply userstr" },
  { "unbind", "POST", "/wxa/unbind_tester", body = "wechatid|userstr" },
  { "list", "POST", "/wxa/memberauth", body = "action=get_experiencer", idempotent = true },
}
