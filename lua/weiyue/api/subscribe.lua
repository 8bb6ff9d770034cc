-- WeChat's API: subscribe. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "add_template", "POST", "/wxaapi/newtmpl/addtemplate", body = "tid:str, kidList[2..5], sceneDesc(<=15 chars)",
    note = "reply priTmplId; camelCase fields" },
  { "delete_template", "POST", "/wxaapi/newtmpl/deltemplate", body = "priTmplId" },
  { "get_category", "GET", "/wxaapi/newtmpl/getcategory", note = "reply data[id,name]" },
  { "get_pub_template_keywords", "GET", "/wxaapi/newtmpl/getpubtemplatekeywords", query = "tid",
    note = "reply count,data[kid,name,example,rule]" },
  { "get_pub_template_titles", "GET", "/wxaapi/newtmpl/getpubtemplatetitles",
    query = "ids:str(comma separated category ids), start, limit(<=30)",
    note = "ids comma separated category ids; limit <=30" },
  { "get_templates", "GET", "/wxaapi/newtmpl/gettemplate",
    note = "reply data[priTmplId,title,content,example,type]" },
  { "send", "POST", "/cgi-bin/message/subscribe/bizsend",
    body = "touser, template_id, page?, miniprogram{appid, pagepath?}?, data{<key>{value:str}}",
    note = "43101 refused or not subscribed, 47003 bad parameter; uses up one consent; 43101 when none is left" },
}
