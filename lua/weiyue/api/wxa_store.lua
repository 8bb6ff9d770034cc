-- WeChat's API: wxa_store. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "get_merchant_category", "GET", "/wxa/get_merchant_category" },
  { "apply_merchant", "POST", "/wxa/apply_merchant",
    body = "first_catid, second_catid, qualification_list[]?, nickname, intro, headimg_mediaid, org_code?, "
      .. "other_files[]?" },
  { "get_merchant_audit_info", "GET", "/wxa/get_merchant_audit_info" },
  { "modify_merchant", "POST", "/wxa/modify_merchant", body = "intro, headimg_mediaid" },
  { "get_district", "GET", "/wxa/get_district" },
  { "search_map_poi", "POST", "/wxa/search_map_poi", body = "districtid, keyword", idempotent = true },
  { "create_map_poi", "POST", "/wxa/create_map_poi",
    body = "poi_id?, name, category, introduct, telephone, longitude, latitude, districtid, province, city, "
      .. "district, address, photo, license" },
  { "add_store", "POST", "/wxa/add_store",
    body = "poi_id?, map_poi_id, pic_list{list[]}, hour, address, company_name, contract_phone, credential, "
      .. "qualification_list[]?, card_id" },
  { "update_store", "POST", "/wxa/update_store",
    body = "poi_id, map_poi_id, pic_list{list[]}, hour, contract_phone, card_id" },
  { "get_store_info", "POST", "/wxa/get_store_info", body = "poi_id", idempotent = true },
  { "get_store_list", "POST", "/wxa/get_store_list", body = "offset, limit", idempotent = true },
  { "del_store", "POST", "/wxa/del_store", body = "poi_id" },
}
