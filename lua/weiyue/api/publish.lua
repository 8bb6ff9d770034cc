-- WeChat's API: publish. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "submit", "POST", "/cgi-bin/freepublish/submit", body = "media_id(of a draft)",
    note = "reply publish_id,msg_data_id; asynchronous, result event PUBLISHJOBFINISH" },
  { "get", "POST", "/cgi-bin/freepublish/get", body = "publish_id", idempotent = true,
    note = "reply publish_status(0 ok,1 running,2 original-check fail,3 fail,4 audit fail,5 deleted,6 "
      .. "banned),article_id?,article_detail?,fail_idx?" },
  { "delete", "POST", "/cgi-bin/freepublish/delete", body = "article_id, index?(from 1; 0 or absent: all)",
    note = "irreversible" },
  { "get_article", "POST", "/cgi-bin/freepublish/getarticle", body = "article_id", idempotent = true },
  { "batch_get", "POST", "/cgi-bin/freepublish/batchget", body = "offset, count(1-20), no_content?",
    idempotent = true },
}
