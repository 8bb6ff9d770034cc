-- WeChat's API: kf_business. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "register", "POST", "/cgi-bin/business/register",
    body = "account_name, nickname, icon_media_id, transfer_to_commkf?" },
  { "update", "POST", "/cgi-bin/business/update", body = "business_id, nickname?, icon_media_id?" },
  { "get", "POST", "/cgi-bin/business/get", body = "business_id?, account_name?", idempotent = true },
  { "list", "POST", "/cgi-bin/business/list", body = "offset, count", idempotent = true },
}
