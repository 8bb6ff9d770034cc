-- WeChat's API: scan_product. Written by spec/api_rows; notation.lua explains query and body.
return {
  { "add", "POST", "/scan/product/v2/add",
    body = "product[]{pid, image_info{main_image_list[]}, category_info{}, title, price_info{}, sale_info{}, ...}",
    note = "reply status_ticket" },
  { "status", "POST", "/scan/product/v2/status", body = "status_ticket", idempotent = true },
  { "get_info", "POST", "/scan/product/v2/getinfo", body = "product{pid}", idempotent = true },
  { "get_info_by_page", "POST", "/scan/product/v2/getinfobypage", body = "page_context?, page_num, page_size",
    idempotent = true },
}
