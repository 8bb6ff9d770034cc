-- WeChat's API: kf_record. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "get_msg_list", "POST", "/customservice/msgrecord/getmsglist",
    body = "starttime, endtime, msgid:id(start 1), number(<=10000)", idempotent = true,
    note = "span <=24 h; reply recordlist[],number,msgid; the older getrecord call is gone" },
}
