-- Which accounts may call an endpoint, and how often a day.

local api_error = require "weiyue.api.error"
local capabilities = require "weiyue.capabilities"

local M = {}

local CAPABILITIES <const> = {}
for capability, list in pairs {
  token = "token callback jssdk", customer_service = "message_custom", mass = "message_mass", template = "template",
  subscribe_notice = "subscribe", users = "user tag blacklist", oauth = "oauth", qrcode = "qrcode shorten",
  menu = "menu", material = "media material draft comment", semantic = "semantic voice ocr img",
  kf_desk = "kf_account kf_session kf_record", guide = "guide", cards = "invoice", datacube = "datacube publisher",
} do
  for family in list:gmatch "%S+" do CAPABILITIES[family] = capability end
end

-- Calls a day, as WeChat gives them to an account; of a capability, in words where it is more than one number.
local QUOTAS <const> = {
  token = "2000 (token), 5000 (IP list)", customer_service = "500000", mass = "100", template = "100000",
  users = "500000 (info), 500 (list), 10000 (remark)", qrcode = "100000",
  menu = "1000 create, 1000 delete, 10000 query; conditional 2000, 2000, try-match 20000",
  material = "5000 upload, 10000 download", semantic = "1000", kf_desk = "5000 (records)",
}

--- What an account must be able to do for this row; nil: nothing that is known of.
---@param row weiyue.api.Row
---@return string? capability a name in account.can
function M.capability(row)
  local family = row.family
  local capability = CAPABILITIES[family]
  if capability == nil then -- known from now on
    capability = family:find "^card" and "cards" or false
    CAPABILITIES[family] = capability
  end
  return capability or nil
end

-- The same by call, where it is told apart.
local DAILY <const> = {
  ["token.get"] = 2000, ["callback.get_callback_ip"] = 5000, ["message_custom.send"] = 500000,
  ["message_mass.sendall"] = 100, ["message_mass.send"] = 100, ["template.send"] = 100000, ["user.info"] = 500000,
  ["user.list"] = 500, ["user.update_remark"] = 10000, ["qrcode.create"] = 100000, ["menu.create"] = 1000,
  ["menu.delete"] = 1000, ["menu.get"] = 10000, ["menu.add_conditional"] = 2000, ["menu.del_conditional"] = 2000,
  ["menu.try_match"] = 20000, ["media.upload"] = 5000, ["media.get"] = 10000, ["semantic.search"] = 1000,
  ["kf_record.get_msg_list"] = 5000,
}

--- Calls a day of this one; nil where it is not known.
---@param row weiyue.api.Row
---@return integer?
function M.daily(row) return DAILY[row.key] end

local A_MINUTE <const> = { ["message_mass.sendall"] = 60, ["message_mass.send"] = 60 }

--- Calls a minute of this one; nil where it is not known.
---@param row weiyue.api.Row
---@return integer?
function M.a_minute(row) return A_MINUTE[row.key] end

--- Calls a day, in words; nil where none is known.
---@param row weiyue.api.Row
---@return string?
function M.quota(row) return QUOTAS[M.capability(row) or ""] end

-- A mini program is no column of the table of capabilities.
local MINI <const> = { kind = "mini", zh = "小程序", en = "mini program", apply = false }

local KINDS <const> = {
  { "subscription", "未认证订阅号", "unverified subscription account" },
  { "subscription_verified", "已认证订阅号", "verified subscription account" },
  { "service", "未认证服务号", "unverified service account" },
  { "service_verified", "已认证服务号", "verified service account" },
}

--- The kinds of account that have a capability, in words.
---@param capability string
---@return { kind: string, zh: string, en: string, apply: boolean }[]
function M.kinds(capability)
  local list = {}
  for _, own in ipairs(capabilities.rows) do
    if own[1] == capability then
      for _, kind in ipairs(KINDS) do
        local has = own[capabilities.columns[kind[1]]]
        if has ~= "no" then list[#list + 1] = { kind = kind[1], zh = kind[2], en = kind[3], apply = has == "apply" } end
      end
    end
  end
  if capabilities.of("mini")[capability] then list[#list + 1] = MINI end
  return list
end

--- The same in one line: "已认证服务号、小程序".
---@param capability string
---@param zh boolean
---@return string
function M.kinds_text(capability, zh)
  local words = {}
  for _, kind in ipairs(M.kinds(capability)) do
    local apply = kind.apply and (zh and "（须申请）" or " (on application)") or ""
    words[#words + 1] = (zh and kind.zh or kind.en) .. apply
  end
  return table.concat(words, zh and "、" or ", ")
end

--- Whether an account may call a row; else which kinds of account may.
---@param row weiyue.api.Row
---@param can table<string, boolean> account.can
---@return true?, weiyue.api.Error? err
function M.check(row, can)
  local capability = M.capability(row)
  if not capability or can[capability] then return true end
  return nil, api_error {
    code = "api.capability", api = row.key, class = "permission", capability = capability,
    message = ("the account cannot: %s; %s can"):format(capability, M.kinds_text(capability, false)),
    message_zh = "账号没有这个能力",
    hint = ("账号没有这个能力：%s有。若微信已给了权限，在账号里写 can = { %s = true }")
      :format(M.kinds_text(capability, true), capability),
    hint_en = ("if WeChat has granted it, say can = { %s = true } in the account"):format(capability),
  }
end

return M
