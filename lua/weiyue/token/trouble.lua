-- What keeps a token from being had: kinds that an account does not have, and failures, which are remembered beside the
-- token so that nobody hammers.

local core = require "weiyue_core"
local fault = require "weiyue.token.fault"

local log, time = core.log, core.time

local SLOWEST <const> = 60 -- seconds of the longest back-off
local FASTEST <const> = 5  -- seconds: the issuer is not asked more often than that when it fails

local M = {}

-- What asking again does not mend: for how many seconds nobody asks, unless the configuration changes.
local PAUSES <const> = {
  [40164] = { 300, "把报错里的 IP 加进公众平台的 IP 白名单；add the IP of the message to the account's IP whitelist" },
  [89503] = { 600, "管理员要在微信里确认这个 IP；the account's administrator must confirm this IP in WeChat" },
  [89506] = { 3600, "管理员拒绝了这个 IP，过一会儿再试；the administrator has refused this IP" },
  [89507] = { 3600, "管理员拒绝了这个 IP，一小时后再试；the administrator has refused this IP for an hour" },
  [89501] = { 600, "管理员要在微信里确认这个 IP；the account's administrator must confirm this IP in WeChat" },
  [40125] = { 600, "AppSecret 不对，是不是重置过；the AppSecret is wrong: was it reset?" },
  [40001] = { 600, "AppSecret 不对；the AppSecret is wrong" },
  [40013] = { 600, "AppID 不对；the AppID is wrong" },
  [40243] = { 600, "AppSecret 已冻结，到公众平台解冻；the AppSecret is frozen: thaw it in the console" },
  [41002] = { 600, "缺 AppID；there is no AppID" },
  [41004] = { 600, "缺 AppSecret；there is no AppSecret" },
  [50004] = { 600, "账号不能用这个接口；this account may not use the interface" },
  [50007] = { 600, "账号已冻结；the account is frozen" },
  [45009] = { 600, "今天取 token 的次数用完了：是不是还有别的程序在取；the day's calls are used up: who else fetches?" },
  [61023] = { 600, "refresh_token 无效，请管理员重新授权；the account must authorise anew" },
  [61004] = { 300, "把这台机器的 IP 加进第三方平台的白名单；add this machine's IP to the platform's whitelist" },
  [61005] = { 60, "component_verify_ticket 过期，等下一次推送；the ticket is too old: the next one comes within 10 minutes" },
  [61006] = { 60, "component_verify_ticket 无效，等下一次推送；the ticket is wrong: the next one comes within 10 minutes" },
  [61003] = { 600, "账号没有授权给这个平台；the account has not authorised this platform" },
}

-- Why an account has no token of this kind; nil: it may have one.
---@return weiyue.Fault?
function M.kindless(place, kind)
  if kind == "component_access_token" and place.kind ~= "component" then
    return fault("token.config",
      { ("账号 %s 不是第三方平台，没有 %s"):format(place.id, kind),
        ("account %s is no third-party platform and has no %s"):format(place.id, kind) },
      '公众号的是 access_token；平台的账号写 kind = "component"；'
        .. 'an ordinary account has access_token; a platform is an account of kind = "component"')
  elseif kind == "access_token" and place.kind == "component" then
    return fault("token.config",
      { ("账号 %s 是第三方平台，没有 access_token"):format(place.id),
        ("%s is a third-party platform: its accounts have tokens, it has none"):format(place.id) },
      "它自己的是 component_access_token；授权给它的公众号用 AppID 来取；"
        .. "its own is component_access_token; accounts that authorised it are named by their AppID")
  elseif kind == "authorizer_access_token" and not place.component then
    return fault("token.config",
      { ("账号 %s 不是由第三方平台代管的，没有 %s"):format(place.id, kind),
        ("account %s is not one that a third-party platform calls for, and has no %s"):format(place.id, kind) },
      "它的是 access_token；its own is access_token")
  end
end

-- A failure as the caller gets it, and as it is kept: with its hint in both languages, as one text.
local function told(e, err)
  return fault(err.code, err.message_zh and { err.message_zh, err.message } or err.message, err.hint, { kind = e.kind })
end

local function hint_of(err)
  if err.hint and err.hint_en and err.hint ~= err.hint_en then return err.hint .. "；" .. err.hint_en end
  return err.hint
end

-- The pause or the back-off that is on, as an error; nil: it may ask.
---@return weiyue.Fault?
function M.held(e, record)
  local now, pause, tries = time.now(), record.pause, record.tries
  if pause and pause.print == e.print and now < pause["until"] and pause["until"] - now <= 3600 then
    return told(e, pause)
  end
  if tries and now < tries.next and tries.next - now <= 2 * SLOWEST then return told(e, tries) end
end

-- Remembers a failure, and for how long nobody asks.
---@param e weiyue.token.Entry
---@param record table what is kept of the token
---@param err weiyue.Fault
---@param passing? boolean waiting mends it, whatever the code says elsewhere
---@return weiyue.Fault
function M.note(e, record, err, passing)
  local now, pause = time.now(), not passing and PAUSES[err.code] or nil
  local message, zh, hint = tostring(err.message), err.message_zh, hint_of(err)
  if pause then
    local ip = err.code == 40164 and message:match "invalid ip%s+([%x%.:]+)"
    hint = ip and ("IP %s：%s"):format(ip, (pause[2]:gsub("；", "；IP " .. ip .. ": "))) or pause[2]
    record.pause = { ["until"] = now + pause[1], print = e.print, code = err.code, message = message,
      message_zh = zh, hint = hint }
    record.tries = nil
  else
    local n = (record.tries and record.tries.n or 0) + 1
    local wait = math.min(FASTEST * 2 ^ math.min(n - 1, 6), SLOWEST)
    record.tries = { n = n, next = now + wait * (1 + math.random() / 4), code = err.code, message = message,
      message_zh = zh, hint = hint }
  end
  log.write(pause and "error" or "warn", "token.failed", message,
    { account = e.place.id, kind = e.kind, code = err.code, hint = hint })
  return told(e, { code = err.code, message = message, message_zh = zh, hint = hint })
end

return M
