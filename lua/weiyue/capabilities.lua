-- What an account may do with WeChat's API, by its kind and whether WeChat has verified it; and how
-- many customer-service messages a user's action opens the way for.
local M = {}

-- Columns as in `columns` below. "apply": only after an application to WeChat, so no until it is overridden.
M.rows = {
  --                      subscription, verified; service, verified
  { "token",              "yes", "yes",   "yes", "yes" },
  { "receive",            "yes", "yes",   "yes", "yes" },
  { "customer_service",   "no",  "yes",   "no",  "yes" },
  { "mass",               "no",  "yes",   "no",  "yes" },
  { "template",           "no",  "no",    "no",  "yes" },
  { "subscribe_notice",   "no",  "no",    "no",  "yes" },
  { "users",              "no",  "yes",   "no",  "yes" },
  { "location_report",    "no",  "no",    "no",  "yes" },
  { "oauth",              "no",  "no",    "no",  "yes" },
  { "qrcode",             "no",  "no",    "no",  "yes" },
  { "menu",               "no",  "yes",   "yes", "yes" },
  { "material",           "no",  "yes",   "no",  "yes" },
  { "semantic",           "no",  "no",    "no",  "yes" },
  { "kf_desk",            "no",  "no",    "no",  "yes" },
  { "guide",              "no",  "no",    "no",  "yes" },
  { "cards",              "no",  "apply", "no",  "apply" },
  { "jssdk_base",         "yes", "yes",   "yes", "yes" },
  { "jssdk_share",        "no",  "yes",   "no",  "yes" },
  { "datacube",           "no",  "yes",   "no",  "yes" },
}

M.columns = { subscription = 2, subscription_verified = 3, service = 4, service_verified = 5 }

-- A mini program is verified or not alike.
local MINI <const> = { token = true, receive = true, customer_service = true, material = true, qrcode = true }

-- A third-party platform has no users of its own: its authorizers have.
local COMPONENT <const> = { token = true, receive = true }
local OTHERS <const> = { mini = MINI, component = COMPONENT }

---Every capability, as yes or no.
---@param kind "subscription"|"service"|"mini"|"component"
---@param verified? boolean
---@param overrides? table<string, boolean> these win, one by one
---@return table<string, boolean> can
function M.of(kind, verified, overrides)
  local column = M.columns[verified and kind .. "_verified" or kind]
  if not column and not OTHERS[kind] then error("no such kind of account: " .. tostring(kind), 2) end
  local can = {}
  for _, row in ipairs(M.rows) do
    local name = row[1]
    if column then can[name] = row[column] == "yes" else can[name] = OTHERS[kind][name] == true end
    if overrides and overrides[name] ~= nil then can[name] = overrides[name] end
  end
  return can
end

-- Scanning opens the same window whether it made the user follow (subscribe) or not (scan).
M.message_window = { messages = 5, seconds = 48 * 3600 }
M.event_windows = {
  click = { messages = 3, seconds = 60 },
  scancode_push = { messages = 3, seconds = 60 },
  scancode_waitmsg = { messages = 3, seconds = 60 },
  subscribe = { messages = 3, seconds = 60 },
  scan = { messages = 3, seconds = 60 },
}

---How many customer-service messages may follow, and for how long from the trigger on.
---@param type string msg.type
---@param event? string msg.event
---@return { messages: integer, seconds: integer }? window nil: none
function M.window(type, event)
  if type == "event" then return M.event_windows[event] end
  if event == nil or event == "" then return M.message_window end
  return nil -- a device's event: nothing the user sent
end

---Whether one more may follow now.
---@param type string msg.type
---@param event? string msg.event
---@param created integer msg.created: s since 1970
---@param sent integer how many have followed
---@param now number s since 1970
---@return boolean
function M.window_open(type, event, created, sent, now)
  local window = M.window(type, event)
  return window ~= nil and sent < window.messages and now < created + window.seconds
end

return M
