-- WeChat's API: template. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "set_industry", "POST", "/cgi-bin/template/api_set_industry", body = "industry_id1, industry_id2",
    note = "change once a month" },
  { "get_industry", "GET", "/cgi-bin/template/get_industry", note = "reply primary_industry,secondary_industry" },
  { "add", "POST", "/cgi-bin/template/api_add_template", body = "template_id_short, keyword_name_list[]?",
    note = "reply template_id; 25 templates per account" },
  { "list", "GET", "/cgi-bin/template/get_all_private_template", note = "reply template_list[]" },
  { "delete", "POST", "/cgi-bin/template/del_private_template", body = "template_id" },
  { "send", "POST", "/cgi-bin/message/template/send",
    body = "touser, template_id, url?, miniprogram{appid, pagepath?}?, data{<key>{value:str, color?:str}}, "
      .. "client_msg_id?",
    note = "reply msgid (may exceed 2^53); result arrives as TEMPLATESENDJOBFINISH; 100k a day; since 2023-05-04 "
      .. "first, remark and colour are ignored and a field is cut at 20 characters" },
  { "query_blocked", "POST", "/wxa/sec/queryblocktmplmsg",
    body = "tmpl_msg_id, largest_id:id(0 first), limit(<=100)", idempotent = true,
    note = "template messages that were intercepted" },
}
