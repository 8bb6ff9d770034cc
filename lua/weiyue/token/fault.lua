-- What failed with a token or a call of WeChat's API: { code, message, hint, api }, as text in logs and replies.

local api_error = require "weiyue.api.error"

---@class weiyue.Fault
---@field code integer|string WeChat's errcode, or a name such as "api.quota"
---@field message string
---@field message_zh? string the same in Chinese; absent: the words are WeChat's
---@field hint string     what to do, in Chinese
---@field hint_en string  the same in English
---@field api? string     family.name

---@param code integer|string
---@param message string|{ [1]: string, [2]: string } in English, or Chinese and English
---@param hint? string "Chinese；English", or one text for both
---@param more? table further fields
---@return weiyue.Fault a weiyue.api.Error
return function(code, message, hint, more)
  local err = { code = code, message = message }
  if type(message) == "table" then err.message_zh, err.message = message[1], message[2] end
  if hint then
    local zh, en = hint:match "^(.-)；([%w].*)$"
    err.hint, err.hint_en = zh or hint, en
  end
  for key, value in pairs(more or {}) do err[key] = value end
  return api_error(err)
end
