-- WeChat's API: wxa_icp. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "create_verify_task", "POST", "/wxa/icp/create_icp_verifytask", body = "{}" },
  { "query_verify_task", "POST", "/wxa/icp/query_icp_verifytask", body = "task_id", idempotent = true },
  { "upload_media", "POST", "/wxa/icp/upload_icp_media", content = "multipart",
    body = "type, certificate_type?, icp_order_field?, media:file",
    note = "extra form fields type,certificate_type?,icp_order_field?" },
  { "get_media", "GET", "/wxa/icp/get_icp_media", query = "media_id", reply = "bytes" },
  { "apply", "POST", "/wxa/icp/apply_icp_filing",
    body = "icp_subject{base_info{}, personal_info{}?, organize_info{}?, principal_info{}}, "
      .. "icp_applets{base_info{}, principal_info{}}, icp_materials{}?" },
  { "cancel_apply", "POST", "/wxa/icp/cancel_apply_icp_filing", body = "{}" },
  { "cancel", "POST", "/wxa/icp/cancel_icp_filing", body = "cancel_type" },
  { "get_entrance_info", "GET", "/wxa/icp/get_icp_entrance_info" },
  { "get_online_order", "GET", "/wxa/icp/get_online_icp_order" },
  { "query_service_content_types", "GET", "/wxa/icp/query_icp_service_content_types" },
  { "query_certificate_types", "GET", "/wxa/icp/query_icp_certificate_types" },
  { "query_district_code", "GET", "/wxa/icp/query_icp_district_code" },
  { "query_nrlx_types", "GET", "/wxa/icp/query_icp_nrlx_types" },
  { "query_subject_types", "GET", "/wxa/icp/query_icp_subject_types" },
}
