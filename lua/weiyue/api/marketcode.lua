-- WeChat's API: marketcode. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "apply_code", "POST", "/intp/marketcode/applycode",
    body = "code_count:int(10000..20000000, multiple of 10000), isv_application_id:str(<=128)",
    note = "reply application_id" },
  { "apply_code_query", "POST", "/intp/marketcode/applycodequery", body = "application_id|isv_application_id",
    idempotent = true, note = "reply status,code_generate_list[]" },
  { "apply_code_download", "POST", "/intp/marketcode/applycodedownload",
    body = "application_id, code_start, code_end", note = "reply buffer (base64 of AES data)" },
  { "code_active", "POST", "/intp/marketcode/codeactive",
    body = "application_id, activity_name, product_brand, product_title, product_code, wxa_appid, wxa_path, "
      .. "wxa_type?, code_start, code_end" },
  { "code_active_query", "POST", "/intp/marketcode/codeactivequery",
    body = "application_id+code_index|code_url|code", idempotent = true },
  { "ticket_to_code", "POST", "/intp/marketcode/tickettocode", body = "openid, code_ticket" },
}
