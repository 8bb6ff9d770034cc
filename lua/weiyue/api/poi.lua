-- WeChat's API: poi. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "add", "POST", "/cgi-bin/poi/addpoi",
    body = "business{base_info{sid, business_name, branch_name, province, city, district, address, telephone, "
      .. "categories[], offset_type, longitude, latitude, photo_list[]{photo_url}?, ...}}",
    note = "reply poi_id; audit event poi_check_notify" },
  { "get", "POST", "/cgi-bin/poi/getpoi", body = "poi_id", idempotent = true },
  { "list", "POST", "/cgi-bin/poi/getpoilist", body = "begin, limit(<=50)", idempotent = true },
  { "update", "POST", "/cgi-bin/poi/updatepoi",
    body = "business{base_info{poi_id, telephone?, photo_list[]{photo_url}?, recommend?, special?, introduction?, "
      .. "open_time?, avg_price?}}",
    note = "the 7 service fields only" },
  { "delete", "POST", "/cgi-bin/poi/delpoi", body = "poi_id" },
  { "get_categories", "GET", "/cgi-bin/poi/getwxcategory", note = "reply category_list[]" },
}
