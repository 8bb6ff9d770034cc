-- What a journal may hold: openids become pseudonyms, telephone and card numbers other numbers of their length, keys
-- and tokens stars. All of one journal's key, so that the same person is the same word in it, and in no other.

local core = require "weiyue_core"

local crypto, json = core.crypto, core.json

local STARS <const> = "***"
local KEPT <const> = 512 -- pushes whose users' names are known, for the answers that are still to come
local LONG_TOKEN <const> = 100 -- letters and digits without a break: an access_token has more, a word fewer

local function set(names)
  local t = {}
  for name in names:gmatch "%S+" do t[name] = true end
  return t
end

-- Names without their underscores, in lower case.
local OPENID <const> = set [[openid touser fromusername unionid openids openidlist fromopenid toopenid createopenid
  friendusername oldfriendusername fromuserid]]
local SECRET <const> = set [[accesstoken refreshtoken authorizeraccesstoken authorizerrefreshtoken componentaccesstoken
  componentverifyticket ticket secret appsecret componentappsecret code jscode sessionkey encodingaeskey password token
  authcode preauthcode authorizationcode encrypteddata iv signature paysign cardext clientsecret apiticket
  accountpassword kfpassword]]
local PERSON <const> = set [[nickname headimgurl remark avatar detailinfo address addr senderaddress idcard idnumber
  realname email bankno legalpersonaname legalpersonawechat]]
local PEOPLE <const> = set "sender receiver" -- of parcels: their name is a person's
local NUMBERS <const> = set "phone phonenumber purephonenumber mobile tel telephone phoneno telnumber componentphone"

local function name_of(key) return type(key) == "string" and key:lower():gsub("_", "") or "" end

---@class weiyue.journal.Redactor
---@field private key string
---@field private names table<string, string[]> by push: personal values that were taken out of replies
---@field private order string[]
local Redactor = {}
Redactor.__index = Redactor

local M = {}

local LENGTH <const> = 28 -- bytes of an openid
local WORD <const> = "[%w_%-]+"

-- A word with its openids replaced: it is one, or has some beside other parts, as scene values do: qrscene_oXXXX_3.
local function openids_in(word, replace)
  if #word < LENGTH then return nil end
  local out, from, at = {}, 1, 1
  while at + LENGTH - 1 <= #word do
    local ends = at + LENGTH - 1
    local fits = word:byte(at) == 0x6F and (at == 1 or word:find("^[_%-]", at - 1))
      and (ends == #word or word:find("^[_%-]", ends + 1))
    if fits and (#word == LENGTH or word:sub(at, ends):find "%u" and word:sub(at, ends):find "%l") then
      out[#out + 1] = word:sub(from, at - 1) .. replace(word:sub(at, ends))
      from, at = ends + 1, ends + 1
    else
      at = at + 1
    end
  end
  return #out > 0 and table.concat(out) .. word:sub(from) or nil
end

--- Whether a line has one of these users, whatever stands beside the name.
---@param line string
---@param users table<string, true> pseudonyms
---@return boolean
function M.names_one(line, users)
  local at = line:find("o", 1, true)
  while at do
    if users[line:sub(at, at + LENGTH - 1)] then return true end
    at = line:find("o", at + 1, true)
  end
  return false
end

--- Keys in the query or fragment of an address are stars: a page's ?token= opens it for whoever reads it.
---@param text string
---@return string
function M.without_secrets(text)
  if not text:find("=", 1, true) then return text end
  return (text:gsub("([?&#;])([%w_%-]+)=([^&#;%s\"'<>]+)", function(mark, name)
    if SECRET[name_of((name:gsub("-", "_")))] then return mark .. name .. "=" .. STARS end
  end))
end

--- What stands for a user: in the form of an openid, so that it can be replayed.
---@param openid string
---@return string
function Redactor:user(openid)
  if openid == "" then return "" end
  return "o" .. crypto.base64url_encode(crypto.hmac("sha256", self.key, openid, "raw")):sub(1, 27)
end

-- As many digits, which nobody has: no mobile number begins with 100.
function Redactor:digits(text, head)
  local raw, n = crypto.hmac("sha256", self.key, text, "raw"), 0
  local i = 0
  return (text:gsub("%d", function()
    i = i + 1
    if i <= #head then return head:sub(i, i) end
    n = n % #raw + 1
    return tostring(raw:byte(n) % 10)
  end))
end

local MOBILE <const> = "%f[%d]1[3-9]%d[ %-]?%d%d%d%d[ %-]?%d%d%d%d%f[^%d]"

-- An identity card has 17 digits and a digit or X, a bank card 16 to 19.
local function is_card(n, tail) return n >= 16 and n <= 19 or n == 17 and tail ~= "" end

--- A text that somebody wrote.
---@param text string
---@return string
function Redactor:text(text)
  text = M.without_secrets(text)
  text = text:gsub(WORD, function(word)
    return openids_in(word, function(openid) return self:user(openid) end)
  end)
  if text:find "%d%d%d%d" then
    text = text:gsub("%f[%d](0?0?86)(1[3-9]%d%d%d%d%d%d%d%d%d)%f[^%d]", "%1 %2"):gsub(MOBILE, function(number)
      return self:digits(number, "100")
    end)
    text = text:gsub("%f[%w](%d+)([Xx]?)%f[^%w]", function(number, tail)
      if is_card(#number, tail) then return self:digits(number, "000000") .. tail end
    end)
  end
  if #text >= LONG_TOKEN then
    text = text:gsub("[%w_%-%.~+/=]+", function(word)
      if #word >= LONG_TOKEN and not word:find "^https?" and word:find "%d" and word:find "%a" then return STARS end
    end)
  end
  return text
end

-- Digits of these are no telephone numbers.
local function is_number_of_wechats(name) return name:find "id$" ~= nil or name:find "time$" ~= nil end

-- The names of a push, to be added to.
function Redactor:names_of(push)
  local list = self.names[push]
  if list then return list end
  list = {}
  self.names[push] = list
  self.order[#self.order + 1] = push
  if #self.order > KEPT then self.names[table.remove(self.order, 1)] = nil end
  return list
end

-- Hidden, and in what is said for the same push, too; a single letter would be hidden everywhere.
function Redactor:person(value, push)
  if value == "" then return value end
  if push and push ~= "" and #value > 1 then
    local list = self:names_of(push)
    list[#list + 1] = value
  end
  return STARS
end

-- A leaf.
function Redactor:leaf(value, name, push)
  if NUMBERS[name] then return self:digits(tostring(value), "100") end
  if type(value) ~= "string" then
    if SECRET[name] and name ~= "code" then return STARS end -- a code that is a number is none of OAuth's
    return value
  end
  if SECRET[name] then return self:person(value, push) end
  if OPENID[name] then return value:find "^gh_" and value or self:user(value) end
  if PERSON[name] then return self:person(value, push) end
  if is_number_of_wechats(name) and value:find "^%d*$" then return value end
  return self:text(value)
end

--- A value, without what it may not tell.
---@param value any
---@param push? string of a reply or its arguments: whose names are not to appear in the push's answer either
---@param key? string that it stands under
---@return any
function Redactor:clean(value, push, key)
  local name = name_of(key)
  if type(value) ~= "table" then return self:leaf(value, name, push) end
  local out = json.is_array(value) and json.array {} or {}
  for k, v in pairs(value) do
    local is_name = PEOPLE[name] and type(v) == "string" and name_of(k) == "name"
    out[k] = is_name and self:person(v, push) or self:clean(v, push, type(k) == "string" and k or key)
  end
  return out
end

local function plain(text) return (text:gsub("%p", "%%%0")) end

-- The names that replies gave, wherever they stand in an answer.
local function without(value, names)
  if type(value) == "table" then
    local out = json.is_array(value) and json.array {} or {}
    for k, v in pairs(value) do out[k] = without(v, names) end
    return out
  end
  if type(value) ~= "string" then return value end
  for _, name in ipairs(names) do value = value:gsub(plain(name), STARS) end
  return value
end

--- What a handler said, to its user or to WeChat: also without the names that WeChat's replies gave it for this push.
---@param value any
---@param push string
---@return any
function Redactor:said(value, push)
  local names = self.names[push]
  return self:clean(names and without(value, names) or value, push)
end

local PLACES <const> = { "Label", "Poiname", "LocationName" }

-- About a kilometre.
local function coarse(value)
  local number = tonumber(value)
  return number and ("%.2f"):format(number) or value
end

--- A message as WeChat pushed it, by its own names. What depends on the account alone is left out.
---@param raw table
---@return table
function Redactor:message(raw)
  local out = self:clean(raw)
  out.ToUserName, out.Encrypt = nil, nil
  for _, name in ipairs { "Location_X", "Location_Y", "Latitude", "Longitude" } do
    if out[name] then out[name] = coarse(out[name]) end
  end
  local place = out.SendLocationInfo
  if type(place) == "table" then
    for _, name in ipairs { "Location_X", "Location_Y" } do place[name] = place[name] and coarse(place[name]) end
    for _, name in ipairs(PLACES) do place[name] = place[name] and STARS end
  end
  for _, name in ipairs(PLACES) do out[name] = out[name] and STARS end
  return out
end

---@param key string
---@return weiyue.journal.Redactor
function M.new(key) return setmetatable({ key = key, names = {}, order = {} }, Redactor) end

return M
