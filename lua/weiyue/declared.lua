-- The API calls that a plugin declares in its head: api = { "message_custom.*", "template.send" }.

local nearest = require "weiyue.nearest"

local M = {}

-- Families of WeChat's API.
local FAMILIES <const> = {}
for name in ([[
  autoreply bizwifi blacklist callback card card_code card_coin card_general card_giftcard card_location
  card_member card_paygift card_submerchant card_ticket comment component component_card datacube device
  draft guide img invoice jssdk kf_account kf_business kf_record kf_session kf_work marketcode marketing
  material media menu merchant message_custom message_mass mp_link nontax oauth ocr open_account openapi poi
  publish publisher qrcode realname redpacket_cover scan_product scan_product_old semantic shakearound
  shorten shorturl subscribe subscribe_once tag template token user user_group voice wxa_account wxa_auth
  wxa_beta wxa_category wxa_code wxa_code_image wxa_domain wxa_embedded wxa_icp wxa_illegal wxa_login
  wxa_message wxa_privacy wxa_qrcode_jump wxa_search wxa_sec wxa_store wxa_tester wxa_url wxa_user
]]):gmatch "%S+" do FAMILIES[name] = true end

-- Calls that no plugin makes: tokens and quotas are the host's.
local NEVER <const> = { "^token%.", "^openapi%.clear" }

local function is_glob(part) return part:find("*", 1, true) ~= nil end

--- What is wrong with the form of a declaration, or nil.
---@param api any
---@return string?
function M.fault(api)
  local n = 0
  for key, one in pairs(api) do
    n = n + 1
    if type(key) ~= "number" then return 'api is a list: { "template.send", "material.*" }' end
    if type(one) ~= "string" or not one:find "^[%l%d_*]+%.[%l%d_*]+$" then
      return ('api: %s is no FAMILY.NAME, such as "template.send" or "material.*"'):format(tostring(one))
    end
    for _, never in ipairs(NEVER) do
      if one:find(never) then return ("api: %s is never called by a plugin: the host owns tokens"):format(one) end
    end
  end
  return n ~= #api and "api is a list without gaps" or nil
end

--- Families that a declaration names and WeChat does not have, each with the nearest one.
---@param api string[]
---@return { pattern: string, family: string, near?: string }[]
function M.unknown(api)
  local found = {}
  for _, one in ipairs(api) do
    local family = one:match "^[^.]+"
    if not is_glob(family) and not FAMILIES[family] then
      found[#found + 1] = { pattern = one, family = family, near = nearest.slip(family, nearest.names(FAMILIES)) }
    end
  end
  return found
end

return M
