-- What a journal may hold: openids become pseudonyms, telephone and card numbers other numbers of their length, keys
-- and tokens stars. All of one journal's key, so that the same person is the same word in it, and in no other.

local core = require "weiyue_core"
local numbers = require "weiyue.journal.numbers"

local crypto, json = core.crypto, core.json

local STARS <const> = "***"
local USERS <const> = 2048 -- whose names are known, for the answers that are still to come
local PUSHES <const> = 4096 -- whose users are known, for their calls
local VALUES <const>, LONGEST <const> = 32, 1024 -- of one user; bytes of each
local LONG_TOKEN <const> = 100 -- letters and digits without a break: an access_token has more, a word fewer

local function set(names)
  local t = {}
  for name in names:gmatch "%S+" do t[name] = true end
  return t
end

-- Names without their underscores, in lower case.
local OPENID <const> = set [[openid touser fromusername unionid openids openidlist fromopenid toopenid createopenid
  friendusername oldfriendusername fromuserid staffopenid]]
local SECRET <const> = set [[accesstoken refreshtoken authorizeraccesstoken authorizerrefreshtoken componentaccesstoken
  componentverifyticket ticket secret appsecret componentappsecret code jscode sessionkey encodingaeskey password token
  authcode preauthcode authorizationcode encrypteddata iv signature paysign cardext clientsecret apiticket
  accountpassword kfpassword usercardcode oldusercardcode membershipnumber]]
local PERSON <const> = set [[nickname headimgurl remark avatar detailinfo address addr senderaddress idcard idnumber
  realname email bankno legalpersonaname legalpersonawechat]]
local PEOPLE <const> = set "sender receiver" -- of parcels: their name is a person's
local NUMBERS <const> = set [[phone phonenumber purephonenumber mobile tel telephone phoneno telnumber componentphone
  shoptelphone]]

local function name_of(key) return type(key) == "string" and key:lower():gsub("_", "") or "" end

---@class weiyue.journal.Redactor
---@field private key string
---@field private known table<string, table> what was taken out of pushes and replies, by user, or by push
---@field private order string[] of known
---@field private users table<string, string> by push
---@field private pushes string[] of users
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

local OFTEN <const> = 64 -- a line with more of the letter has each user looked for: its text may be nothing else

--- Whether a line has one of these users, whatever stands beside the name.
---@param line string
---@param users table<string, true> pseudonyms
---@return boolean
function M.names_one(line, users)
  local at = line:find("o", 1, true)
  for _ = 1, OFTEN do
    if not at then return false end
    if users[line:sub(at, at + LENGTH - 1)] then return true end
    at = line:find("o", at + 1, true)
  end
  if not at then return false end
  for user in pairs(users) do
    if line:find(user:sub(2), at, true) then return true end -- without the letter that is so frequent
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

-- As many digits, which nobody has: no mobile number begins with 100. The same number is the same, however it is
-- written.
function Redactor:digits(raw, digits, prefix, head)
  local rest = digits:sub(#prefix + 1)
  local bytes = crypto.hmac("sha256", self.key, rest, "raw")
  local own = {}
  for i = 1, #rest do own[i] = i <= #head and head:sub(i, i) or bytes:byte((i - 1) % #bytes + 1) % 10 end
  return numbers.with_digits(raw, prefix .. table.concat(own))
end

local HEAD <const> = { telephone = "000", mobile = "100", card = "000000" }

--- A text that somebody wrote.
---@param text string
---@return string
function Redactor:text(text)
  text = M.without_secrets(text)
  text = text:gsub(WORD, function(word)
    return openids_in(word, function(openid) return self:user(openid) end)
  end)
  text = numbers.replace(text, false, function(raw, digits, prefix, kind)
    local is_mobile = kind == "telephone" and #digits == #prefix + 11 and digits:find("^1", #prefix + 1)
    return self:digits(raw, digits, prefix, HEAD[is_mobile and "mobile" or kind])
  end)
  if #text >= LONG_TOKEN then
    text = text:gsub("[%w_%-%.~+/=]+", function(word)
      if #word >= LONG_TOKEN and not word:find "^https?" and word:find "%d" and word:find "%a" then return STARS end
    end)
  end
  return text
end

-- Digits of these are no telephone numbers.
local function is_number_of_wechats(name) return name:find "id$" ~= nil or name:find "time$" ~= nil end

--- A push of this user begins: what was taken out of his earlier ones is not to appear in its answer either.
---@param push string
---@param user? string
function Redactor:begin(push, user)
  if not user or user == "" or self.users[push] then return end
  self.users[push] = user
  self.pushes[#self.pushes + 1] = push
  if #self.pushes > PUSHES then self.users[table.remove(self.pushes, 1)] = nil end
end

-- What is known of the user of a push, to be added to: { values, places }.
local function known_of(self, push)
  local key = self.users[push] or push
  local own = self.known[key]
  if own then return own end
  own = { values = {}, places = {} }
  self.known[key] = own
  self.order[#self.order + 1] = key
  if #self.order > USERS then self.known[table.remove(self.order, 1)] = nil end
  return own
end

-- A value, and what stands for it, wherever it recurs; a single letter would be hidden everywhere.
local function learn(self, push, value, stands)
  if not push or push == "" or #value < 2 or #value > LONGEST then return end
  local list = known_of(self, push).values
  for i, one in ipairs(list) do
    if one.value == value then
      table.remove(list, i)
      break
    end
  end
  table.insert(list, 1, { value = value, stands = stands })
  list[VALUES + 1] = nil
end

-- Hidden, and in what is said for the same push, too.
function Redactor:person(value, push)
  if value == "" or value == STARS then return value end
  learn(self, push, value, STARS)
  return STARS
end

function Redactor:number(value, push)
  local masked = self:text(value)
  if masked == value then masked = self:digits(value, numbers.digits(value), "", HEAD.mobile) end
  if #value > 4 then learn(self, push, value, masked) end
  return masked
end

-- A leaf.
function Redactor:leaf(value, name, push)
  if NUMBERS[name] then return self:number(tostring(value), push) end
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
---@param push? string what is taken out is not to appear in its answer either
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

-- About a kilometre.
local function coarse(value)
  local number = tonumber(value)
  return number and ("%.2f"):format(number) or value
end

local NEAR <const> = 0.006 -- degrees; coarse is within 0.005

local function coarse_if_known(number, places)
  for _, place in ipairs(places) do
    if number and math.abs(number - place) < NEAR then return coarse(number) end
  end
end

-- What is known of the user, wherever it stands in an answer.
local function without(value, known)
  if type(value) == "table" then
    local out = json.is_array(value) and json.array {} or {}
    for k, v in pairs(value) do out[k] = without(v, known) end
    return out
  end
  if math.type(value) == "float" then return tonumber(coarse_if_known(value, known.places)) or value end
  if type(value) ~= "string" then return value end
  for _, one in ipairs(known.values) do
    value = value:gsub(plain(one.value), (one.stands:gsub("%%", "%%%%")))
  end
  if #known.places > 0 then
    value = value:gsub("%d+%.%d%d%d+", function(text) return coarse_if_known(tonumber(text), known.places) end)
  end
  return value
end

--- What a handler said, to its user or to WeChat: also without what was taken out of his pushes, and out of WeChat's
--- replies.
---@param value any
---@param push string
---@return any
function Redactor:said(value, push)
  local known = self.known[self.users[push] or push]
  return self:clean(known and without(value, known) or value, push)
end

local NAMES <const> = { "Label", "Poiname", "LocationName" }
local PLACES <const> = { "Location_X", "Location_Y", "Latitude", "Longitude" }

-- A place is told to about a kilometre, in what is said, too.
local function take_places(self, t, push)
  for _, name in ipairs(PLACES) do
    local number = tonumber(t[name])
    if number and push ~= "" then
      local places = known_of(self, push).places
      table.insert(places, 1, math.abs(number))
      places[VALUES + 1] = nil
    end
    if t[name] then t[name] = coarse(t[name]) end
  end
  for _, name in ipairs(NAMES) do
    if type(t[name]) == "string" then t[name] = self:person(t[name], push) end
  end
end

--- A message as WeChat pushed it, by its own names. What depends on the account alone is left out.
---@param raw table
---@param push string
---@return table
function Redactor:message(raw, push)
  local out = self:clean(raw, push)
  out.ToUserName, out.Encrypt = nil, nil
  take_places(self, out, push)
  if type(out.SendLocationInfo) == "table" then take_places(self, out.SendLocationInfo, push) end
  return out
end

--- For what a replay says: its users have their words already.
---@return weiyue.journal.Redactor
function M.of_replay()
  local r = M.new "replay"
  r.user = function(_, openid) return openid end
  return r
end

---@param key string
---@return weiyue.journal.Redactor
function M.new(key) return setmetatable({ key = key, known = {}, order = {}, users = {}, pushes = {} },
  Redactor) end

return M
