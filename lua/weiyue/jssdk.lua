-- weiyue.jssdk: pages with WeChat's JS-SDK, signatures for clients that ask by JSON, and for cards. Tickets are the
-- host's (weiyue.token), and never leave it.

local address = require "weiyue.jssdk.address"
local codec = require "weiyue.codec"
local core = require "weiyue_core"
local crypto = require "weiyue.crypto"
local fault = require "weiyue.token.fault"
local hubs = require "weiyue.hub"
local script = require "weiyue.web.script"

local log = core.log

local M = {}

local SCRIPT <const> = "https://res.wx.qq.com/open/js/jweixin-1.6.0.js"

local function place_of(what, account)
  local place = hubs.current():place(account)
  if not place then error(("%s wants an account, as req.account or wx.account() give it"):format(what), 3) end
  return place
end

local function script_of(place) return place.jweixin or place.component and place.component.jweixin or SCRIPT end

-- What wx.config takes, but for what the page wants of it.
---@async
local function config_of(place, url)
  local hub = hubs.current()
  local ticket, err = hub.keeper:get(place, "jsapi_ticket")
  if not ticket then return nil, err end
  local nonce, timestamp = crypto.random_string(16), math.floor(core.time.now())
  return {
    appId = place.appid, timestamp = timestamp, nonceStr = nonce,
    signature = codec.jssdk_sign { ticket = ticket, noncestr = nonce, timestamp = timestamp, url = url },
  }
end

-- Pages --------------------------------------------------------------------------------------------------------

local function is_list(value)
  if type(value) ~= "table" then return false end
  for _, one in ipairs(value) do
    if type(one) ~= "string" or not one:find "^[%w%-_]+$" then return false end
  end
  return true
end

--- What is wrong with a page's `jssdk`, or nil.
---@param options any
---@return string?
function M.fault(options)
  if type(options) ~= "table" or #options > 0 then return "jssdk is a table: { api = { \"scanQRCode\" } }" end
  for key, value in pairs(options) do
    if key == "api" or key == "open_tags" then
      if not is_list(value) then return ("jssdk.%s is a list of names"):format(key) end
    elseif key == "beta" or key == "debug" then
      if type(value) ~= "boolean" then return ("jssdk.%s is true or false"):format(key) end
    else
      return ("jssdk has no %s; it has api, open_tags, beta, debug"):format(tostring(key))
    end
  end
end

--- What stands in the head of a page with `jssdk`: the script, and its wx.config for the page's own URL.
---@async
---@param req table
---@param options { api?: string[], open_tags?: string[], beta?: boolean, debug?: boolean }
---@return string html
function M.head(req, options)
  local place = hubs.current():owner_of(req) or place_of("jssdk.head", req.account)
  local nonce = core.html.escape(req.nonce or "")
  local html = ('<script nonce="%s" src="%s"></script>\n'):format(nonce, core.html.escape(script_of(place)))
  local config, err = config_of(place, req.url:match "^[^#]*")
  if not config then
    log.write("warn", "jssdk.failed", core.secrets.mask(tostring(err)), { account = place.id, code = err.code })
    return html .. ('<script nonce="%s">console.error("wx.config: " + %s)</script>\n'):format(nonce,
      script.json("no jsapi_ticket: " .. tostring(err.code)))
  end
  config.debug, config.beta = options.debug or false, options.beta or nil
  config.jsApiList = core.json.array { table.unpack(options.api or {}) }
  if options.open_tags and #options.open_tags > 0 then
    config.openTagList = core.json.array { table.unpack(options.open_tags) }
  end
  return html .. ('<script nonce="%s">wx.config(%s)</script>\n'):format(nonce, script.json(config))
end

--- Where scripts of such a page come from, besides itself.
---@param account table
---@return string[]
function M.csp(account)
  local place = place_of("jssdk.csp", account)
  return { script_of(place):match "^%a+://[^/?#]+" }
end

-- For clients that ask ---------------------------------------------------------------------------------------------

local REFUSED <const> = {
  ["jssdk.url"] = { 400, { "这不是可以签名的网址", "this is no URL that can be signed" },
    "给页面的完整网址 location.href（# 之前）；give the page's whole address, as location.href has it" },
  ["jssdk.host"] = { 403, { "不给别处的网址签名", "pages of other hosts are not signed" },
    "协议、主机、端口要与账号的 url 完全相同；scheme, host and port must be those of the account's url" },
  ["jssdk.rate"] = { 429, { "这个地址要签名太频繁", "this client asks too often" }, "过几秒再试；try again in some seconds" },
}

local function refuse(code, place)
  local why = REFUSED[code]
  if code ~= "jssdk.rate" then
    log.write("warn", code, why[2][2], { account = place.id })
  end
  return nil, fault(code, why[2], why[3], { status = why[1] })
end

--- What a client gives to wx.config, besides its lists: { appId, timestamp, nonceStr, signature }.
---@async
---@param who table an account, or the request that asks: its client is counted, and its own host signed for
---@param url string the page's address, as location.href has it
---@return table? config
---@return table? err { code, message, hint, status }
function M.sign(who, url)
  local hub = hubs.current()
  local place, req = hub:place(who), nil
  if not place then
    req = type(who) == "table" and type(who.url) == "string" and who or nil
    place = req and hub:place(req.account)
  end
  if not place then error("jssdk.sign wants an account or a request: jssdk.sign(req, url)", 2) end
  if req then
    local ok, first = hub.rates:take("jssdk", place.id, req.ip)
    if first then log.write("warn", "jssdk.rate", REFUSED["jssdk.rate"][2][2], { account = place.id }) end
    if not ok then return refuse("jssdk.rate", place) end
  end
  local origins, own = {}, place.object.url and address.origin(place.object.url)
  if own then origins[own] = true end
  own = req and address.origin(req.url:match "^[^#]*")
  if own then origins[own] = true end
  local page, why = address.read(url, origins)
  if not page then return refuse(why, place) end
  local config, err = config_of(req and hub:owner_of(req) or place, page)
  if not config then
    log.write("warn", "jssdk.failed", core.secrets.mask(tostring(err)), { account = place.id, code = err.code })
    return nil, fault("jssdk.failed", { "没有拿到 jsapi_ticket", "there is no jsapi_ticket" }, err.hint,
      { hint_en = err.hint_en, status = 502 })
  end
  return config
end

-- Cards ------------------------------------------------------------------------------------------------------------

-- Two calls never have the same timestamp here: WeChat takes each signature once.
local last = 0

local function stamp()
  last = math.max(last + 1, math.floor(core.time.now()))
  return tostring(last)
end

local function text_of(what, fields, key, is_required)
  local value = fields[key]
  if value == nil and not is_required then return "" end
  if math.type(value) == "integer" then value = tostring(value) end
  if type(value) ~= "string" or (is_required and value == "") then error(("%s: %s is a text"):format(what, key), 3) end
  return value
end

--- One card for wx.addCard's cardList: { cardId, cardExt }.
---@async
---@param account table
---@param card { card_id: string, code?: string, openid?: string, outer_str?: string, fixed_begintimestamp?: integer }
---@return table? card
---@return table? err
function M.add_card(account, card)
  local place = place_of("jssdk.add_card", account)
  if type(card) ~= "table" then error('jssdk.add_card wants { card_id = "…" }', 2) end
  local id = text_of("jssdk.add_card", card, "card_id", true)
  local code, openid = text_of("jssdk.add_card", card, "code"), text_of("jssdk.add_card", card, "openid")
  local ticket, err = hubs.current().keeper:get(place, "wx_card_ticket")
  if not ticket then return nil, err end
  local nonce, timestamp = crypto.random_string(16), stamp()
  local ext = {
    code = code, openid = openid, timestamp = timestamp, nonce_str = nonce, outer_str = card.outer_str,
    fixed_begintimestamp = card.fixed_begintimestamp,
    signature = codec.card_sign { ticket, timestamp, id, code, openid, nonce },
  }
  return { cardId = id, cardExt = core.json.encode(ext) }
end

--- What wx.chooseCard takes.
---@async
---@param account table
---@param filter? { shop_id?: string, card_type?: string, card_id?: string } which cards are offered; nil: all
---@return table? options
---@return table? err
function M.choose_card(account, filter)
  local place = place_of("jssdk.choose_card", account)
  filter = filter or {}
  local what = "jssdk.choose_card"
  local shop, kind = text_of(what, filter, "shop_id"), text_of(what, filter, "card_type")
  local id = text_of(what, filter, "card_id")
  local ticket, err = hubs.current().keeper:get(place, "wx_card_ticket")
  if not ticket then return nil, err end
  local nonce, timestamp = crypto.random_string(16), stamp()
  return {
    shopId = shop, cardType = kind, cardId = id, timestamp = math.tointeger(timestamp), nonceStr = nonce,
    signType = "SHA1", cardSign = codec.card_sign { ticket, place.appid, shop, timestamp, nonce, id, kind },
  }
end

return M
