-- WeChat's API: subscribe_once. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "authorize_url", "GET", "/mp/subscribemsg", host = "mp.weixin.qq.com", auth = "none",
    query = "action=get_confirm, appid=@appid, scene:int(0-10000), template_id, redirect_url, reserved?",
    reply = "redirect", fragment = "wechat_redirect",
    note = "page the user opens; scene 0-10000; returns openid,template_id,action,scene,reserved to redirect_url" },
  { "send", "POST", "/cgi-bin/message/template/subscribe",
    body = "touser, template_id, url?, miniprogram{appid, pagepath?}?, scene:int, title(<=15 chars), "
      .. "data{content{value:str, color?:str}}",
    note = "one message per consent" },
}
