-- WeChat's API: realname. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "get_auth_url", "POST", "/intp/realname/getauthurl", body = "redirect_url", idempotent = true },
  { "check_info", "POST", "/intp/realname/checkrealnameinfo", body = "openid, real_name, cred_type, cred_id, code" },
  { "quick_check_student", "POST", "/intp/quickcheckstudentidentity", body = "openid, wx_studentcheck_code" },
}
