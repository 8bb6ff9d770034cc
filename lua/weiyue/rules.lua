-- Rules: what a plugin declares, and the index that dispatch looks them up in.
-- Specific before general: exact, prefix, pattern, contains, any; then the default rules. Within one
-- kind by plugin priority (higher first), then by order of writing.

local text = require "weiyue_core".text

local M = {}

---@class weiyue.Rule
---@field kind "exact"|"prefix"|"pattern"|"contains"|"glob"|"any"
---@field value? string      what to compare with; folded where the kind folds
---@field reply any          a string, a reply, or a function
---@field call boolean       reply is a function
---@field follows? boolean   of any scan: also of the one that made the user follow
---@field where string       file:line of the declaration
---@field priority number
---@field order integer

local KINDS <const> = { "exact", "prefix", "pattern", "contains", "glob", "any" }

local function lists()
  return { exact = {}, prefix = {}, pattern = {}, contains = {}, glob = {}, any = {}, followed = {} }
end

local function before(a, b)
  if a.priority ~= b.priority then return a.priority > b.priority end
  return a.order < b.order
end

-- A glob's `*` matches any run of bytes; everything else is literal.
local function glob_pattern(glob)
  return "^" .. glob:gsub("[^%w%s]", "%%%0"):gsub("%%%*", ".*") .. "$"
end

local function add(into, rule)
  if rule.kind == "exact" then
    local list = into.exact[rule.value]
    if not list then
      list = {}
      into.exact[rule.value] = list
    end
    list[#list + 1] = rule
  else
    if rule.kind == "glob" then rule.glob = glob_pattern(rule.value) end
    local list = into[rule.kind]
    list[#list + 1] = rule
  end
end

---@class weiyue.Index
---@field text table             lists of rules for the words of a user
---@field message table<string, table>
---@field event table<string, table>
---@field default weiyue.Rule[]
---@field use table[]            functions around everything

-- One index for the plugins of one account.
---@param plugins { name: string, priority: number, rules: table[], uses: table[] }[]
---@return weiyue.Index
function M.compile(plugins)
  local index = { text = lists(), message = {}, event = {}, default = {}, use = {} }
  local rules, order = {}, 0
  for _, plugin in ipairs(plugins) do
    for _, rule in ipairs(plugin.rules) do
      order = order + 1
      rules[#rules + 1] = setmetatable({ priority = plugin.priority, order = order }, { __index = rule })
    end
    for _, use in ipairs(plugin.uses) do
      order = order + 1
      index.use[#index.use + 1] = { call = use.call, where = use.where, priority = plugin.priority, order = order }
    end
  end
  table.sort(rules, before)
  table.sort(index.use, before)
  for _, rule in ipairs(rules) do
    -- a plain table: dispatch reads these fields for every push
    local flat = {
      kind = rule.kind, value = rule.value, reply = rule.reply, call = rule.call, where = rule.where,
      priority = rule.priority, order = rule.order,
    }
    if rule.trigger == "text" then
      add(index.text, flat)
    elseif rule.trigger == "default" then
      index.default[#index.default + 1] = flat
    else
      local group = index[rule.trigger]
      group[rule.name] = group[rule.name] or lists()
      add(group[rule.name], flat)
      if rule.follows then table.insert(group[rule.name].followed, flat) end
    end
  end
  return index
end

--- How many rules an index holds.
---@param index weiyue.Index
---@return integer
function M.count(index)
  local n = #index.default
  local function count(l)
    for _, kind in ipairs(KINDS) do
      if kind == "exact" then
        for _, list in pairs(l.exact) do n = n + #list end
      else
        n = n + #l[kind]
      end
    end
  end
  count(index.text)
  for _, l in pairs(index.message) do count(l) end
  for _, l in pairs(index.event) do count(l) end
  return n
end

-- What a matcher compares: exact, prefix and contains without regard to width and case; patterns
-- with regard to case, because captures are what the user wrote.
M.fold = text.fold
M.width = text.width

return M
