-- WeChat's API: message_custom. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "send", "POST", "/cgi-bin/message/custom/send",
    body = "touser, msgtype>text{content}|image|voice{media_id}|video{media_id, thumb_media_id, title?, "
      .. "description?}|music{title?, description?, musicurl, hqmusicurl, "
      .. "thumb_media_id}|news{articles[1..1]{title, description?, url?, "
      .. "picurl?}}|mpnews{media_id}|mpnewsarticle{article_id}|msgmenu{head_content, list[]{id, content}, "
      .. "tail_content}|wxcard{card_id}|miniprogrampage{title, appid, pagepath, thumb_media_id}|link{title, "
      .. "description, url, thumb_url}, customservice{kf_account}?, aimsgcontext?",
    note = "within 48 h of the user's action (45015), a limited number (45047); window and number by trigger; "
      .. "news: one article" },
  { "typing", "POST", "/cgi-bin/message/custom/typing", body = "touser, command(Typing|CancelTyping)",
    idempotent = true, note = "needs user contact in last 30 s (45080), not twice (45081)" },
  { "business_send", "POST", "/cgi-bin/message/custom/business/send",
    body = "touser, msgtype>text{content}|image|voice{media_id}|video{media_id, thumb_media_id, title?, "
      .. "description?}|music{title?, description?, musicurl, hqmusicurl, "
      .. "thumb_media_id}|news{articles[1..1]{title, description?, url?, "
      .. "picurl?}}|mpnews{media_id}|mpnewsarticle{article_id}|msgmenu{head_content, list[]{id, content}, "
      .. "tail_content}|wxcard{card_id}|miniprogrampage{title, appid, pagepath, thumb_media_id}|link{title, "
      .. "description, url, thumb_url}, businessid",
    note = "customer service of a mini-program; as message_custom.send with businessid" },
  { "business_typing", "POST", "/cgi-bin/message/custom/business/typing", body = "touser, command, businessid" },
}
