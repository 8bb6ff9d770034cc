-- WeChat's API: wxa_illegal. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "get_records", "POST", "/wxa/getillegalrecords", body = "start_time?, end_time?", idempotent = true },
  { "get_appeal_records", "POST", "/wxa/getappealrecords", body = "illegal_record_id", idempotent = true },
}
