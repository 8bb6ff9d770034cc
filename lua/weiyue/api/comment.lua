-- WeChat's API: comment. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "open", "POST", "/cgi-bin/comment/open", body = "msg_data_id, index?(from 0)",
    note = "88000 no comment privilege" },
  { "close", "POST", "/cgi-bin/comment/close", body = "msg_data_id, index?" },
  { "list", "POST", "/cgi-bin/comment/list",
    body = "msg_data_id, index?, begin, count(<=49), type(0 all, 1 plain, 2 elected)", idempotent = true,
    note = "reply total,comment[]" },
  { "mark_elect", "POST", "/cgi-bin/comment/markelect", body = "msg_data_id, index?, user_comment_id",
    note = "88003 limit" },
  { "unmark_elect", "POST", "/cgi-bin/comment/unmarkelect", body = "msg_data_id, index?, user_comment_id" },
  { "delete", "POST", "/cgi-bin/comment/delete", body = "msg_data_id, index?, user_comment_id" },
  { "reply_add", "POST", "/cgi-bin/comment/reply/add", body = "msg_data_id, index?, user_comment_id, content" },
  { "reply_delete", "POST", "/cgi-bin/comment/reply/delete", body = "msg_data_id, index?, user_comment_id" },
}
