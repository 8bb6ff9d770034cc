-- WeChat's API: component_card. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "upload_agent_qualification", "POST", "/cgi-bin/component/upload_card_agent_qualification",
    body = "register_capital, business_license_media_id, tax_registration_certificate_media_id, "
      .. "last_quarter_tax_listing_media_id" },
  { "check_agent_qualification", "GET", "/cgi-bin/component/check_card_agent_qualification" },
  { "upload_merchant_qualification", "POST", "/cgi-bin/component/upload_card_merchant_qualification",
    body = "appid, name, logo_media_id, business_license_media_id, operator_id_card_media_id, "
      .. "agreement_file_media_id, primary_category_id, secondary_category_id" },
  { "check_merchant_qualification", "POST", "/cgi-bin/component/check_card_merchant_qualification", body = "appid" },
  { "get_merchant", "POST", "/cgi-bin/component/get_card_merchant", body = "appid", idempotent = true },
  { "batch_get_merchant", "POST", "/cgi-bin/component/batchget_card_merchant", body = "next_get",
    idempotent = true },
}
