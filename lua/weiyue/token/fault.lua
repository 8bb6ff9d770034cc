-- What failed with a token or a call of WeChat's API: { code, message, hint, api }, as text in logs and replies.

local Fault = { __name = "weiyue.fault" }

function Fault.__tostring(err)
  local text = err.api and ("%s: %s: %s"):format(err.api, err.code, err.message)
    or ("%s: %s"):format(err.code, err.message)
  return err.hint and ("%s (%s)"):format(text, err.hint) or text
end

---@class weiyue.Fault
---@field code integer|string WeChat's errcode, or a name such as "api.quota"
---@field message string
---@field hint? string    what to do, in Chinese
---@field hint_en? string the same in English
---@field api? string     family.name

---@param code integer|string
---@param message string
---@param hint? string "Chinese；English", or one text for both
---@param more? table further fields
---@return weiyue.Fault
return function(code, message, hint, more)
  local err = { code = code, message = message }
  if hint then
    local zh, en = hint:match "^(.-)；([%w].*)$"
    err.hint, err.hint_en = zh or hint, en
  end
  for key, value in pairs(more or {}) do err[key] = value end
  return setmetatable(err, Fault)
end
