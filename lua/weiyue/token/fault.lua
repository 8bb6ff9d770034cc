-- What failed with a token or a call of WeChat's API: { code, message, hint, api }, as text in logs and replies.

local Fault = { __name = "weiyue.fault" }

function Fault.__tostring(err)
  local text = err.code == err.message and err.message or ("%s: %s"):format(err.code, err.message)
  if err.api then text = err.api .. ": " .. text end
  return err.hint and ("%s (%s)"):format(text, err.hint) or text
end

---@class weiyue.Fault
---@field code integer|string WeChat's errcode, or a name such as "api.quota"
---@field message string
---@field hint? string  what to do
---@field api? string   family.name

---@param code integer|string
---@param message string
---@param hint? string
---@param more? table further fields
---@return weiyue.Fault
return function(code, message, hint, more)
  local err = { code = code, message = message, hint = hint }
  for key, value in pairs(more or {}) do err[key] = value end
  return setmetatable(err, Fault)
end
