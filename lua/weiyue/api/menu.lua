-- WeChat's API: menu. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "create", "POST", "/cgi-bin/menu/create",
    body = "button[1..3]{type?(click|view|scancode_push|scancode_waitmsg|pic_sysphoto|pic_photo_or_album|"
      .. "pic_weixin|location_select|media_id|view_limited|article_id|article_view_limited|miniprogram), name, "
      .. "key?, url?, media_id?, article_id?, appid?, pagepath?, "
      .. "sub_button[0..5]{type?(click|view|scancode_push|scancode_waitmsg|pic_sysphoto|pic_photo_or_album|"
      .. "pic_weixin|location_select|media_id|view_limited|article_id|article_view_limited|miniprogram), name, "
      .. "key?, url?, media_id?, article_id?, appid?, pagepath?}?}",
    idempotent = true, note = "1-3 buttons, up to 5 below each; clients refresh after 5 min" },
  { "get", "GET", "/cgi-bin/menu/get", empty = 46003,
    note = "reply menu{button[],menuid?},conditionalmenu[]; only for API-made menus; 46003 when there is none" },
  { "delete", "GET", "/cgi-bin/menu/delete", note = "deletes default and all conditional menus" },
  { "get_self", "GET", "/cgi-bin/get_current_selfmenu_info",
    note = "reply is_menu_open,selfmenu_info{button[]}; also sees menus made in the web console (nested "
      .. "sub_button{list[]})" },
  { "add_conditional", "POST", "/cgi-bin/menu/addconditional",
    body = "button[1..3]{type?(click|view|scancode_push|scancode_waitmsg|pic_sysphoto|pic_photo_or_album|"
      .. "pic_weixin|location_select|media_id|view_limited|article_id|article_view_limited|miniprogram), name, "
      .. "key?, url?, media_id?, article_id?, appid?, pagepath?, "
      .. "sub_button[0..5]{type?(click|view|scancode_push|scancode_waitmsg|pic_sysphoto|pic_photo_or_album|"
      .. "pic_weixin|location_select|media_id|view_limited|article_id|article_view_limited|miniprogram), name, "
      .. "key?, url?, media_id?, article_id?, appid?, pagepath?}?}, matchrule{tag_id?, client_platform_type?, "
      .. "language?}",
    note = "reply menuid; 2000 a day; needs a default menu (65303); region/sex rules were retired" },
  { "del_conditional", "POST", "/cgi-bin/menu/delconditional", body = "menuid", note = "2000 a day" },
  { "try_match", "POST", "/cgi-bin/menu/trymatch", body = "user_id (openid or wechat id)", idempotent = true,
    note = "20000 a day" },
}
