-- Errors of WeChat's API, as plugins get them: { code, message, message_zh?, hint?, hint_en?, api? … }. The hint is
-- Chinese, as most of those who read it are; types: lua/meta/api.lua.

local ERROR <const> = { __name = "weiyue.api.error" }

function ERROR.__tostring(err)
  return ("%s%s: %s"):format(err.api and err.api .. ": " or "", err.code, err.message)
end

---@param err table its fields
---@return weiyue.api.Error
return function(err) return setmetatable(err, ERROR) end
