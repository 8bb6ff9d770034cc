-- The settings of a plugin: its schema, as wx.plugin declares it, and what weiyue.lua gives under
-- plugins.NAME.config. The schema's fields become nodes of config/schema.lua, which config/check.lua checks.

local nearest = require "weiyue.nearest"
local pattern = require "weiyue.pattern"
local readonly = require "weiyue.readonly"
local secrets = require "weiyue_core".secrets

local M = {}

-- What every field may say, and what a type adds to it.
local COMMON <const> = {
  type = "string", required = "boolean", secret = "boolean", default = "any", example = "any",
  zh = "string", en = "string",
}
local OWN <const> = {
  string = { min = "integer", max = "integer", pattern = "string" },
  number = { min = "number", max = "number", unit = "string" },
  integer = { min = "number", max = "number", unit = "string" },
  boolean = {}, any = {},
  enum = { values = "table" },
  list = { item = "table", min = "integer", max = "integer" },
  table = { fields = "table" },
}
local LARGEST <const> = { string = 65536, list = 10000, number = math.huge, integer = math.huge }
local SMALLEST <const> = { number = -math.huge, integer = -math.huge }
local DEEPEST <const> = 16

local function literal(value)
  if type(value) == "string" then return ('"%s"'):format((value:gsub("[%c\"\\]", "?"))) end
  return tostring(value)
end

-- Lua text of a good value, for messages.
local EXAMPLES <const> = {
  string = function() return '"…"' end, boolean = function() return "true" end,
  enum = function(field) return literal(field.values[1]) end,
  list = function(_, node) return node.item.example and "{ " .. node.item.example .. " }" end,
}

local function number_example(field)
  return tostring(field.min or field.max and math.min(field.max, 1) or 1)
end
EXAMPLES.number, EXAMPLES.integer = number_example, number_example

local function example(field, node)
  local value = field.example
  if value == nil and not field.secret then value = field.default end
  if value ~= nil and type(value) ~= "table" then return literal(value) end
  return EXAMPLES[field.type] and EXAMPLES[field.type](field, node)
end

-- check.lua anchors a pattern itself.
local function without_anchors(p)
  if p:sub(1, 1) == "^" then p = p:sub(2) end
  local escapes = p:match "(%%*)%$$"
  return escapes and #escapes % 2 == 0 and p:sub(1, -2) or p
end

local function has_type(value, want)
  if want == "any" then return true end
  if want == "integer" then return math.type(value) == "integer" end
  return type(value) == want
end

-- What is wrong with the form of a field, or nil.
local function fault_of(path, field)
  if type(field) ~= "table" then
    return ('%s must be a table such as { type = "string" }, not %s'):format(path, type(field))
  end
  local own = OWN[field.type]
  if not own then
    local near = type(field.type) == "string" and nearest.slip(field.type, nearest.names(OWN))
    local names = nearest.names(OWN)
    table.sort(names)
    return ("%s.type must be one of %s%s"):format(path, table.concat(names, ", "),
      near and "; the nearest is " .. near or "")
  end
  for key, value in pairs(field) do
    local want = COMMON[key] or own[key]
    if not want then
      local names = nearest.names(own)
      for name in pairs(COMMON) do names[#names + 1] = name end
      local near = type(key) == "string" and nearest.slip(key, names)
      return ("%s: a field of type %s has no %s%s"):format(path, field.type, tostring(key),
        near and "; the nearest is " .. near or "")
    end
    if not has_type(value, want) then return ("%s.%s must be a %s"):format(path, key, want) end
  end
  if field.required and field.default ~= nil then return path .. ": required and default exclude each other" end
  if field.min and field.max and field.min > field.max then return path .. ": min is larger than max" end
  if field.unit and field.unit ~= "s" and field.unit ~= "bytes" then return path .. '.unit must be "s" or "bytes"' end
  if field.pattern then
    local fault = pattern.fault(field.pattern)
    if fault then return ("%s.pattern: %s"):format(path, fault) end
  end
  if field.type == "enum" then
    if not (field.values and field.values[1] ~= nil) then return path .. ".values must be a list of values" end
    for _, value in ipairs(field.values) do
      if type(value) == "table" or type(value) == "function" then return path .. ".values must be texts or numbers" end
    end
  end
  return nil
end

local read_fields

local function read_field(path, key, field, depth)
  local fault = fault_of(path, field)
  if fault then return nil, fault end
  if depth > DEEPEST then return nil, path .. " is nested too deeply" end
  local kind = field.type
  local node = {
    key = key, type = kind, required = field.required, secret = field.secret, default = field.default,
    values = field.values, unit = field.unit, zh = field.zh, en = field.en,
    min = field.min or SMALLEST[kind], max = field.max or LARGEST[kind],
    text = true, free = true, -- not refused for line breaks and blanks: it may be what users get to read
    pattern = field.pattern and without_anchors(field.pattern),
  }
  if kind == "string" and field.max and not field.min then node.min = 0 end
  if field.zh or field.en then node.want = { zh = field.zh or field.en, en = field.en or field.zh } end
  if kind == "list" then
    local item = field.item or { type = "any" }
    if type(item) == "table" and (item.default ~= nil or item.required) then
      return nil, path .. ".item: an entry of a list has no default and is not required"
    end
    node.lone = true
    node.item, fault = read_field(path .. ".item", nil, item, depth + 1)
    if fault then return nil, fault end
    node.item.secret = node.item.secret or field.secret
  elseif kind == "table" then
    if field.default ~= nil then return nil, path .. ": the default of a table is that of its fields" end
    node.fields, fault = read_fields(path .. ".fields", field.fields or {}, depth + 1)
    if fault then return nil, fault end
    for _, inner in ipairs(node.fields) do inner.secret = inner.secret or field.secret end
  end
  node.example = example(field, node)
  return node
end

-- Nodes of a table of fields by name, in the order of the names.
function read_fields(path, fields, depth)
  local nodes, names = {}, {}
  for name in pairs(fields) do
    if type(name) ~= "string" or not name:find "^[%a_][%w_]*$" then
      return nil, ("%s: %s is no name of a setting"):format(path, tostring(name))
    end
    names[#names + 1] = name
  end
  table.sort(names)
  for i, name in ipairs(names) do
    local fault
    nodes[i], fault = read_field(path .. "." .. name, name, fields[name], depth)
    if fault then return nil, fault end
  end
  return nodes
end

-- Runs the check of config/check.lua; gives what is left of the value and what is wrong.
local function run(nodes, value, path)
  local check = require "weiyue.config.check"
  local found = {}
  local conf = check.run({
    markers = {}, noted = {}, root = path, is_secret = function(text) return secrets.mask(text) ~= text end,
    report = function(_, key, _, zh, en) found[#found + 1] = { key = key, zh = zh, en = en } end,
  }, { type = "table", fields = nodes }, value, path)
  return conf, found
end

-- The first default that its own field refuses.
local function bad_default(path, nodes)
  for _, node in ipairs(nodes) do
    if node.default ~= nil then
      local alone = {}
      for name, value in pairs(node) do alone[name] = value end
      alone.default = nil
      local _, found = run({ alone }, { [node.key] = node.default }, path)
      if found[1] then return ("%s.default %s"):format(found[1].key, found[1].en) end
    end
    local fault = node.fields and bad_default(path .. "." .. node.key .. ".fields", node.fields)
    if fault then return fault end
  end
  return nil
end

--- Nodes of a schema as wx.plugin takes it, or nil and what is wrong with it.
---@param schema table<string, table>
---@return table[]? nodes
---@return string? fault
function M.read(schema)
  local nodes, fault = read_fields("schema", schema, 1)
  if not nodes then return nil, fault end
  fault = bad_default("schema", nodes)
  if fault then return nil, fault end
  return nodes
end

-- Secrets ---------------------------------------------------------------------------------------------

local function add_all(value, seen)
  if type(value) == "string" then return secrets.add(value) end
  if type(value) ~= "table" or seen[value] then return end
  seen[value] = true
  for _, inner in next, value do add_all(inner, seen) end
end

--- No line from Lua shows this: a text, or a table of texts.
function M.keep_secret(value) add_all(value, {}) end

local function add_marked(nodes, conf)
  for _, node in ipairs(nodes) do
    local value = conf[node.key]
    if node.secret then
      add_all(value, {})
    elseif node.fields and value then
      add_marked(node.fields, value)
    elseif node.item and node.item.fields and value then
      for _, entry in ipairs(value) do add_marked(node.item.fields, entry) end
    elseif node.item and node.item.secret then
      add_all(value, {})
    end
  end
end

--- What of a configuration came from the environment is secret, whether it stands alone or within a text.
---@param config any
---@param from_env table<string, true> values that `env` gave
function M.hide_env(config, from_env)
  local seen = {}
  local function walk(value)
    if type(value) == "string" then
      for text in next, from_env do
        if value:find(text, 1, true) then secrets.add(text) end
      end
    elseif type(value) == "table" and not seen[value] then
      seen[value] = true
      for _, inner in next, value do walk(inner) end
    end
  end
  walk(config)
end

-- Checking --------------------------------------------------------------------------------------------

--- How problems call a plugin's settings.
---@param name string
---@return string
function M.path(name)
  if name:find "^[%a_][%w_]*$" then return ("plugins.%s.config"):format(name) end
  return ('plugins["%s"].config'):format(name)
end

--- Checks a plugin's configuration against its schema.
---@param plugin { name: string, config?: table }
---@param nodes table[] of M.read
---@return table? conf nil: there are problems
---@return { key: string, zh: string, en: string }[] problems
function M.check(plugin, nodes)
  local conf, found = run(nodes, plugin.config or {}, M.path(plugin.name))
  if found[1] then return nil, found end
  add_marked(nodes, conf)
  return conf, found
end

--- What a plugin sees as wx.config.
---@param conf? table
---@return table
function M.view(conf)
  return readonly.deep("wx.config", "change it in weiyue.lua (请在 weiyue.lua 里改)", conf or {})
end

return M
