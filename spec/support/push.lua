-- Made-up pushes: from one row of messages.tsv, or from a few fields, to XML and JSON as WeChat spells
-- them, and to the table that a handler must find in msg.raw. Needs nothing of weiyue.

local facts = require "spec.support.facts"

local M = {}

---@class spec.Node
---@field name string
---@field text? string     a leaf
---@field bare? boolean    a leaf that stands without CDATA or quotes: a number
---@field nodes? spec.Node[]
---@field list? spec.Node[] repeated under one name; each entry's own name is not used

-- Trees -------------------------------------------------------------------------------------------

local xml_of

local function xml_inside(node)
  if node.nodes then return xml_of(node.nodes) end
  return node.bare and node.text or "<![CDATA[" .. node.text .. "]]>"
end

function xml_of(nodes)
  local out = {}
  for _, node in ipairs(nodes) do
    for _, one in ipairs(node.list or { node }) do
      out[#out + 1] = ("<%s>%s</%s>"):format(node.name, xml_inside(one), node.name)
    end
  end
  return table.concat(out)
end

--- The push in XML.
---@param nodes spec.Node[]
---@return string
function M.xml(nodes) return "<xml>" .. xml_of(nodes) .. "</xml>" end

local function quoted(text)
  return '"' .. text:gsub('[%c"\\]', function(c) return ("\\u%04x"):format(c:byte()) end) .. '"'
end

local function json_value(node)
  if node.nodes then return M.json(node.nodes) end
  return node.bare and node.text or quoted(node.text)
end

--- The push in JSON: a list is an array.
---@param nodes spec.Node[]
---@return string
function M.json(nodes)
  local out = {}
  for i, node in ipairs(nodes) do
    local value
    if node.list then
      local entries = {}
      for k, one in ipairs(node.list) do entries[k] = json_value(one) end
      value = "[" .. table.concat(entries, ",") .. "]"
    else
      value = json_value(node)
    end
    out[i] = quoted(node.name) .. ":" .. value
  end
  return "{" .. table.concat(out, ",") .. "}"
end

--- What msg.raw must hold: texts as strings, and what is repeated as a list. An array of JSON is a
--- list whatever it holds; in XML an element that stands once cannot be known from a list of one.
---@param nodes spec.Node[]
---@param form "xml"|"json"
---@return table<string, any>
function M.raw(nodes, form)
  local raw = {}
  for _, node in ipairs(nodes) do
    local function value(one) return one.nodes and M.raw(one.nodes, form) or one.text end
    if node.list and (form == "json" or #node.list ~= 1) then
      raw[node.name] = {}
      for i, one in ipairs(node.list) do raw[node.name][i] = value(one) end
    else
      raw[node.name] = value(node.list and node.list[1] or node)
    end
  end
  return raw
end

--- A leaf.
---@param name string
---@param text string|integer an integer stands bare
---@return spec.Node
function M.leaf(name, text)
  return { name = name, text = tostring(text), bare = math.type(text) == "integer" }
end

local count = 0

--- The head that every push to an account has. No two heads are equal.
---@param type string MsgType
---@param event? string
---@return spec.Node[]
function M.head(type, event)
  count = count + 1
  local head = {
    M.leaf("ToUserName", "gh_test"), M.leaf("FromUserName", ("oTest%08d"):format(count)),
    M.leaf("CreateTime", os.time()), M.leaf("MsgType", type),
  }
  head[#head + 1] = event and M.leaf("Event", event) or nil
  return head
end

--- A message or event with these further leaves: pairs of name and text.
---@param type string
---@param event? string
---@param ... string|integer
---@return spec.Node[]
function M.message(type, event, ...)
  local nodes, more = M.head(type, event), table.pack(...)
  for i = 1, more.n, 2 do nodes[#nodes + 1] = M.leaf(more[i], more[i + 1]) end
  if not event then nodes[#nodes + 1] = M.leaf("MsgId", 6054768590064713728 + count) end
  return nodes
end

--- A text that a user sent.
---@param content string
---@return spec.Node[]
function M.text(content) return M.message("text", nil, "Content", content) end

-- The column `fields` of messages.tsv -----------------------------------------------------------------

-- `a,b?,c=value,d{e,f[]},g[]{h},i|j (note)`; ` | ` in braces parts variants of the whole group.
local function read_group(text, at)
  local variants, fields = {}, {}
  variants[1] = fields
  while true do
    at = text:match("^[%s,.]*()", at)
    local char = text:sub(at, at)
    local name, after = text:match("^([%a_][%w_]*)()", at)
    if char == "" or char == "}" then
      return variants, at + 1
    elseif char == "(" then
      at = text:match("^%b()()", at)
    elseif char == "|" or char == ";" then
      fields = {}
      variants[#variants + 1] = fields
      at = text:match("^;[^:]*:()", at) or at + 1
    else
      assert(name, "cannot read: " .. text:sub(at))
      local field = { name = name }
      fields[#fields + 1] = field
      at = after
      while true do
        local sign = text:sub(at, at)
        if text:find("^%[%]", at) then
          field.list, at = true, at + 2
        elseif sign == "?" then
          field.optional, at = true, at + 1
        elseif sign == "{" then
          field.variants, at = read_group(text, at + 1)
        elseif sign == "=" then
          field.value, at = text:match("^=([^,]*)()", at)
        elseif text:find("^|%a", at) then
          field.other, at = text:match("^|([%w_]+)()", at)
        else
          break
        end
      end
    end
  end
end

local NO_FIELDS <const> = { ["-"] = true, any = true, ["(see SKIT model)"] = true, ["(WxJava constant)"] = true,
  ["(not modelled by peers)"] = true }

local function read_fields(text, rows)
  local same = text:match "^same as ([%w_]+)$"
  if same then
    for _, row in ipairs(rows) do
      if row.event == same then return read_fields(row.fields, rows) end
    end
    error("no row " .. same)
  end
  if NO_FIELDS[text] then return { {} } end
  return (read_group(text, 1))
end

-- The value of a leaf: ids are longer than a double is exact, texts hold what XML and JSON escape.
local function leaf(field, name)
  if field.value then
    local text = field.value:gsub(" or .*$", ""):gsub("[%[%]]", ""):gsub("[<>]", "")
    return M.leaf(name, text)
  end
  if name == "CreateTime" then return M.leaf(name, os.time()) end
  if name:find "[iI][dD]$" then
    count = count + 1
    return M.leaf(name, 6054768590064713728 + count)
  end
  return M.leaf(name, name .. " <&> \"值\"")
end

local function make(fields, options)
  local nodes = {}
  for _, field in ipairs(fields) do
    if options.optional or not field.optional then
      local name = options.variant > 1 and field.other or field.name
      local function one()
        if not field.variants then return leaf(field, name) end
        local inner = field.variants[math.min(options.variant, #field.variants)]
        return { name = name, nodes = make(inner, options) }
      end
      local node = one()
      if field.list then
        node = { name = name, list = { node } }
        for i = 2, options.entries do node.list[i] = one() end
      end
      nodes[#nodes + 1] = node
    end
  end
  return nodes
end

---@class spec.Row
---@field kind "message"|"event"|"component"
---@field msgtype string
---@field event? string      Event, or InfoType
---@field variant? string    what the table adds to the event's name in brackets
---@field fields string
---@field may_reply "yes"|"no"|"unknown"|"special"
---@field has_form boolean   false: nobody knows how it looks on the wire

--- The rows of messages.tsv.
---@return spec.Row[]
function M.rows()
  local rows = {}
  for i, row in ipairs(facts.rows "messages.tsv") do
    local event, variant = row.event:match "^(%S+) %((.-)%)$"
    event = event or row.event
    rows[i] = {
      kind = row.kind, msgtype = row.msgtype, event = event ~= "-" and event or nil, variant = variant,
      fields = row.fields, may_reply = row.may_reply, has_form = event ~= "nontax" and event ~= "marketcode",
    }
  end
  for _, row in ipairs(rows) do row.variants = read_fields(row.fields, rows) end
  return rows
end

--- Every push that a row describes: with and without what is optional, lists of one and of two, and
--- each variant of its fields.
---@param row spec.Row
---@return spec.Node[][]
function M.pushes(row)
  local pushes = {}
  local variants, entries, absent = #row.variants, 1, { true }
  local function inner(fields)
    for _, field in ipairs(fields) do
      variants = math.max(variants, field.other and 2 or 1, field.variants and #field.variants or 1)
      if field.list then entries = 2 end
      if field.optional then absent = { true, false } end
      for _, group in ipairs(field.variants or {}) do inner(group) end
    end
  end
  for _, fields in ipairs(row.variants) do inner(fields) end
  for variant = 1, variants do
    for n = 1, entries do
      for _, optional in ipairs(absent) do
        local nodes = row.kind == "component" and { M.leaf("InfoType", row.event) }
          or M.head(row.msgtype == "(unknown)" and "not_known_yet" or row.msgtype, row.event)
        local fields = row.variants[math.min(variant, #row.variants)]
        for _, node in ipairs(make(fields, { optional = optional, entries = n, variant = variant })) do
          nodes[#nodes + 1] = node
        end
        pushes[#pushes + 1] = nodes
      end
    end
  end
  return pushes
end

return M
