-- WeChat's API: wxa_category. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "get_all", "GET", "/cgi-bin/wxopen/getallcategories" },
  { "get", "GET", "/cgi-bin/wxopen/getcategory" },
  { "get_by_type", "POST", "/cgi-bin/wxopen/getcategoriesbytype", body = "verify_type?", idempotent = true },
  { "add", "POST", "/cgi-bin/wxopen/addcategory",
    body = "categories[]{first, second, certicates[]{key, value}}(certicates is spelt so)" },
  { "delete", "POST", "/cgi-bin/wxopen/deletecategory", body = "first, second" },
  { "modify", "POST", "/cgi-bin/wxopen/modifycategory",
    body = "first, second, certicates[]{key, value, expire_time?, is_permanent?}" },
}
