-- Calls that reach many people at once or cannot be undone: a plugin declares them in its head before it makes them.
-- And calls that no plugin makes at all.

local api_error = require "weiyue.api.error"
local declared = require "weiyue.declared"

local M = {}

-- By FAMILY.NAME; * is any run of characters.
M.declare = {
  -- to many people, or for all of them
  "message_mass.*", "menu.*", "publish.submit", "guide.add_massend_job",
  -- gone for good
  "*.delete", "*.del", "*.delete_*", "*.del_*", "*_delete", "*.clear", "*_clear", "card_code.unavailable",
  "template.set_industry", "draft.switch",
  -- money and papers
  "card.modify_stock", "nontax.refund", "nontax.micropay", "nontax.vehicle_pay_apply", "card_giftcard.order_refund",
  "invoice.make_out", "invoice.clear_out",
}

-- The account itself, and others of its owner: what changes something there.
M.declare_changes = {
  "component.*", "open_account.*", "mp_link.*", "wxa_account.*", "wxa_domain.*", "wxa_code.*", "wxa_icp.*",
  "wxa_auth.*", "card_coin.*",
}

-- The host owns tokens, and what they may do.
M.never = {
  "token.*", "openapi.clear*", "component.get_token", "component.authorizer_token", "component.query_auth",
  "component.start_push_ticket", "component.clear_quota*",
}

--- What a plugin has to do before it may call: nothing (nil), declare it, or never.
---@param row weiyue.api.Row
---@return "declare"|"never"|nil
function M.of(row)
  if declared.allows(M.never, row.key) then return "never" end
  if declared.allows(M.declare, row.key) then return "declare" end
  return not row.idempotent and declared.allows(M.declare_changes, row.key) and "declare" or nil
end

--- Whether a plugin with this declaration (its head's `api`) may call; else why not, and what to add.
---@param row weiyue.api.Row
---@param patterns? string[]
---@return true?, weiyue.api.Error? err
function M.check(row, patterns)
  local kind, key = M.of(row), row.key
  if not kind or (kind == "declare" and declared.allows(patterns, key)) then return true end
  local err = { code = "api.undeclared", api = key }
  if kind == "never" then
    err.message = "never called by a plugin: the host owns tokens and quotas"
    err.message_zh = "插件不能调用"
    err.hint, err.hint_en = "插件不能调用：token 和额度由宿主管理", "the host does it"
  else
    err.message = "a dangerous call that the plugin has not declared"
    err.message_zh = "这个接口有危险，插件没有声明"
    err.hint = ('在 wx.plugin 里加上 api = { "%s" }'):format(key)
    err.hint_en = ('add api = { "%s" } to wx.plugin'):format(key)
  end
  return nil, api_error(err)
end

return M
