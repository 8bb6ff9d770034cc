-- WeChat's API: message_mass. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "sendall", "POST", "/cgi-bin/message/mass/sendall",
    body = "filter{is_to_all, tag_id:int?}, msgtype>mpnews{media_id}|text{content}|voice|image{media_id}|"
      .. "image/images{media_ids[], recommend?, need_open_comment?(0|1), "
      .. "only_fans_can_comment?(0|1)}|mpvideo{media_id, title?, description?}|wxcard{card_id}, "
      .. "send_ignore_reprint?(0|1), clientmsgid?(<=64 bytes)",
    note = "reply msg_id,msg_data_id; 100 calls a day, 60 a minute" },
  { "send", "POST", "/cgi-bin/message/mass/send",
    body = "touser[2..10000], msgtype>mpnews{media_id}|text{content}|voice|image{media_id}|"
      .. "image/images{media_ids[], recommend?, need_open_comment?(0|1), "
      .. "only_fans_can_comment?(0|1)}|mpvideo{media_id, title?, description?}|wxcard{card_id}, "
      .. "send_ignore_reprint?(0|1), clientmsgid?(<=64 bytes)",
    note = "verified service accounts only" },
  { "delete", "POST", "/cgi-bin/message/mass/delete", body = "msg_id|url, article_idx:int?",
    note = "works on news and video only" },
  { "preview", "POST", "/cgi-bin/message/mass/preview",
    body = "touser|towxname, msgtype>mpnews{media_id}|text{content}|voice|image{media_id}|image/images{media_ids[],"
      .. " recommend?, need_open_comment?(0|1), only_fans_can_comment?(0|1)}|mpvideo{media_id, title?, "
      .. "description?}|wxcard{card_id}",
    note = "100 a day for towxname" },
  { "get", "POST", "/cgi-bin/message/mass/get", body = "msg_id", idempotent = true,
    note = "reply msg_status(SEND_SUCCESS|SENDING|SEND_FAIL|DELETE)" },
  { "speed_get", "POST", "/cgi-bin/message/mass/speed/get", body = "{}", idempotent = true,
    note = "reply speed(0-4),realspeed" },
  { "speed_set", "POST", "/cgi-bin/message/mass/speed/set", body = "speed(0-4)",
    note = "0..4 = 80, 60, 45, 30, 10 (10k a minute); 45083, 45084" },
}
