-- Errors as plugins get them: { code, message, message_zh?, hint, hint_en, api? … }. The hint is Chinese, as most of
-- those who read it are; types: lua/meta/api.lua.

local ERROR <const> = { __name = "weiyue.api.error" }

function ERROR.__tostring(err)
  return ("%s%s: %s"):format(err.api and err.api .. ": " or "", err.code, err.message)
end

-- What to do where nobody has said it: by the errcode, if it is one that is known.
local function advise(err)
  local is_errcode = math.type(err.code) == "integer"
  local known = is_errcode and require("weiyue.errcodes").of(err.code, err.message) -- a long text: only now
  if known then
    err.hint, err.hint_en = known.hint_zh, known.hint_en
  elseif is_errcode then
    err.hint, err.hint_en = "返回码不在表里：见消息", "an unknown code: see the message"
  else
    err.hint, err.hint_en = "见消息", "see the message"
  end
end

---@param err table its fields
---@return weiyue.api.Error
return function(err)
  err.message = err.message or ""
  if not err.hint then advise(err) end
  err.hint_en = err.hint_en or err.hint
  return setmetatable(err, ERROR)
end
