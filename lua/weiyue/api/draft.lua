-- WeChat's API: draft. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "add", "POST", "/cgi-bin/draft/add",
    body = "articles[]{article_type?(news|newspic), title, author?, digest?, content, content_source_url?, "
      .. "thumb_media_id?, need_open_comment?(0|1), only_fans_can_comment?(0|1), pic_crop_235_1?, pic_crop_1_1?, "
      .. "image_info?, cover_info?, product_info?}",
    note = "reply media_id" },
  { "get", "POST", "/cgi-bin/draft/get", body = "media_id", idempotent = true },
  { "delete", "POST", "/cgi-bin/draft/delete", body = "media_id" },
  { "update", "POST", "/cgi-bin/draft/update",
    body = "media_id, index, articles{thumb_media_id, title, author?, digest?, content_source_url?, content, "
      .. "show_cover_pic?(0|1), need_open_comment?(0|1), only_fans_can_comment?(0|1)}" },
  { "count", "GET", "/cgi-bin/draft/count", note = "reply total_count" },
  { "batch_get", "POST", "/cgi-bin/draft/batchget", body = "offset, count(1-20), no_content?(0|1)",
    idempotent = true, note = "reply total_count,item_count,item[]" },
  { "switch", "POST", "/cgi-bin/draft/switch", query = "checkonly?(0|1)", body = "{}",
    note = "checkonly=1 only asks; turning the draft box on cannot be undone; reply is_open" },
}
