-- WeChat's API: wxa_beta. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "verify", "POST", "/wxa/verifybetaweapp",
    body = "verify_info{enterprise_name, code, code_type, legal_persona_name, legal_persona_wechat, "
      .. "legal_persona_idcard, component_phone}" },
  { "set_nickname", "POST", "/wxa/setbetaweappnickname", body = "name" },
  { "get_mp_admin_auth", "POST", "/wxa/getmpadminauth", body = "mp_appid, same_admin", idempotent = true },
  { "mp_verify", "POST", "/wxa/mpverifybetaweapp", body = "mp_appid, ticket" },
}
