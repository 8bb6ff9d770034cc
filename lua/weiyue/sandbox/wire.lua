-- Messages and events as WeChat writes them: XML or JSON, the elements in its order, texts in CDATA and
-- numbers bare. Nothing is done about a `]]>` that a user has typed: WeChat does nothing about it either.

local core = require "weiyue_core"
local order = require "weiyue.sandbox.order"

local json = core.json

local M = {}

local HEAD <const> = { "ToUserName", "FromUserName", "CreateTime", "MsgType", "Event" }
local NOTICE_HEAD <const> = { "AppId", "CreateTime", "InfoType" }

-- What stands bare also where it is a string of digits: ids are strings, since doubles are too short for them.
local NUMBERS <const> = {
  CreateTime = true, MsgId = true, MsgID = true, Location_X = true, Location_Y = true, Scale = true,
  Latitude = true, Longitude = true, Precision = true, Count = true, TotalCount = true, FilterCount = true,
  SentCount = true, ErrorCount = true,
}

-- Here they stand in CDATA nevertheless.
local QUOTED_INSIDE <const> = { SendLocationInfo = true }

local trees = {} -- parsed rows of `order`; what is the same for each host, and small

-- "a,b{c}" to { "a", "b", of = { b = { "c" } } }
local function parse(text, at)
  local names = { of = {} }
  while true do
    local name, after = text:match("^([^,{}]+)()", at)
    if not name then return names, at end
    names[#names + 1], at = name, after
    if text:sub(at, at) == "{" then
      names.of[name], at = parse(text, at + 1)
      at = at + 1
    end
    at = text:match("^,?()", at)
  end
end

local function tree(kind, key)
  local text = order[kind][key]
  if not text then return { of = {} } end
  trees[text] = trees[text] or parse(text, 1)
  return trees[text]
end

local function is_event(message)
  local type = message.MsgType:lower()
  return type == "event" or type == "device_event"
end

-- The order of a whole message: what all begin with, then its own.
local function order_of(message)
  local head, own
  if message.InfoType then
    head, own = NOTICE_HEAD, tree("component", message.InfoType:lower())
  elseif is_event(message) then
    head, own = HEAD, tree("event", (message.Event or ""):lower())
  else
    head, own = HEAD, tree("message", message.MsgType:lower())
  end
  local all = { of = own.of }
  for _, name in ipairs(head) do all[#all + 1] = name end
  for _, name in ipairs(own) do all[#all + 1] = name end
  return all
end

-- The keys of a table: those of the order first, others behind them in byte order.
local function keys_of(t, names)
  local keys, seen, others = {}, {}, {}
  for _, name in ipairs(names) do
    if t[name] ~= nil and not seen[name] then
      seen[name] = true
      keys[#keys + 1] = name
    end
  end
  for name in pairs(t) do
    if type(name) == "string" and not seen[name] then others[#others + 1] = name end
  end
  table.sort(others)
  for _, name in ipairs(others) do keys[#keys + 1] = name end
  return keys
end

-- The text of a value that stands bare, or nil.
local function bare(name, value, quoted)
  if math.type(value) == "float" and value == math.floor(value) and math.abs(value) < 2 ^ 53 then
    value = math.tointeger(value)
  end
  if type(value) == "number" then
    return math.type(value) == "integer" and tostring(value) or ("%.14g"):format(value)
  end
  if type(value) == "boolean" then return tostring(value) end
  if NUMBERS[name] and not quoted and type(value) == "string" and value:find "^%-?%d+%.?%d*$" then return value end
  return nil
end

local function is_list(value) return json.is_array(value) or value[1] ~= nil end

local NO_ORDER <const> = { of = {} }

-- XML

local xml_inside

local function xml_element(name, value, names, quoted)
  local out
  if type(value) == "table" then
    out = xml_inside(value, names, quoted or QUOTED_INSIDE[name])
  elseif value == json.null then
    out = ""
  else
    out = bare(name, value, quoted) or "<![CDATA[" .. value .. "]]>"
  end
  return ("<%s>%s</%s>"):format(name, out, name)
end

function xml_inside(t, names, quoted)
  local out = {}
  for _, name in ipairs(keys_of(t, names)) do
    local value, inner = t[name], names.of[name] or NO_ORDER
    for _, one in ipairs(type(value) == "table" and is_list(value) and value or { value }) do
      out[#out + 1] = xml_element(name, one, inner, quoted)
    end
  end
  return table.concat(out)
end

-- JSON

local json_inside

-- What stands empty in XML arrives in JSON as the newlines that were in it.
local EMPTY <const> = "\n\n\n"

local function json_value(name, value, names, quoted)
  if type(value) ~= "table" then
    if value == json.null then return "null" end
    return bare(name, value, quoted) or assert(json.encode(value))
  end
  if is_list(value) then
    local list = {}
    for i, one in ipairs(value) do list[i] = json_value(name, one, names, quoted) end
    return "[" .. table.concat(list, ",") .. "]"
  end
  if next(value) == nil then return json.encode(EMPTY) end
  return "{" .. json_inside(value, names, quoted or QUOTED_INSIDE[name]) .. "}"
end

function json_inside(t, names, quoted)
  local out = {}
  for _, name in ipairs(keys_of(t, names)) do
    out[#out + 1] = json.encode(name) .. ":" .. json_value(name, t[name], names.of[name] or NO_ORDER, quoted)
  end
  return table.concat(out, ",")
end

-- The three events of subscription messages: in JSON their List stands at the top, and one entry is no array.
local function lifted(message, names)
  for _, container in ipairs { "SubscribeMsgPopupEvent", "SubscribeMsgChangeEvent", "SubscribeMsgSentEvent" } do
    local inner = message[container]
    if type(inner) == "table" and type(inner.List) == "table" then
      local copy = {}
      for name, value in pairs(message) do copy[name] = value end
      copy[container] = nil
      copy.List = #inner.List == 1 and inner.List[1] or inner.List
      local within = names.of[container] or NO_ORDER
      return copy, { of = { List = within.of.List }, table.unpack(names) }
    end
  end
  return message, names
end

--- What stands inside the root, for who puts something behind it.
---@param message table<string, any>
---@param form "xml"|"json"
---@return string
function M.inside(message, form)
  local names = order_of(message)
  if form == "json" then return json_inside(lifted(message, names)) end
  return xml_inside(message, names)
end

--- Whether it is an event, in the wide sense: a push that no user has typed.
M.is_event = is_event

return M
