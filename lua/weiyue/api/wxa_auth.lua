-- WeChat's API: wxa_auth. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "submit", "POST", "/wxa/sec/wxaauth",
    body = "auth_data{customer_type, contact_info{name, email}, account_name, account_name_type, pay_type, ...}, "
      .. "..." },
  { "resubmit", "POST", "/wxa/sec/reauth",
    body = "auth_data{customer_type, contact_info{name, email}, account_name, account_name_type, pay_type, ...}, "
      .. "..." },
  { "query", "POST", "/wxa/sec/queryauth", body = "taskid", idempotent = true },
  { "upload_material", "POST", "/wxa/sec/uploadauthmaterial", content = "multipart", body = "media:file" },
  { "identity_tree", "POST", "/wxa/sec/authidentitytree", body = "{}" },
  { "submit_with_icp", "POST", "/wxa/sec/submit_auth_and_icp",
    body = "auth_data{...}, icp_subject{...}, icp_applets{...}" },
  { "query_with_icp", "POST", "/wxa/sec/query_auth_and_icp", body = "procedure_id", idempotent = true },
}
