-- Who calls: which plugin's code, and where it stands. A function of a plugin's is known by its globals, its file,
-- or by the rule that dispatch runs.

local getinfo <const> = debug.getinfo

local M = {}

-- Who a plugin is here: nothing of it can be reached from this module, or what it keeps would be everybody's.
---@class weiyue.Caller
---@field name string
---@field api? string[] the dangerous calls that it declares
---@field may? table<string, true> calls that were found to be allowed

local by_env <const> = {}    -- address of its globals → weiyue.Caller
local by_source <const> = {} -- chunk name → weiyue.Caller; false: several share the file
local by_where <const> = {}  -- place of a rule → weiyue.Caller

local function address(t) return ("%p"):format(t) end

local function who(plugin)
  plugin.caller = plugin.caller or { name = plugin.name }
  return plugin.caller
end

--- A plugin's code is compiled from this file, with these globals.
---@param plugin table
---@param path string
---@param env table
function M.register(plugin, path, env)
  local source, one = "@" .. path, who(plugin)
  local other = by_source[source]
  by_source[source] = (other == nil or other and other.name == one.name) and one
  by_env[address(env)] = one
end

--- What it declares in its head.
---@param plugin table
---@param api? string[]
function M.declare(plugin, api)
  local one = who(plugin)
  one.api, one.may = api, nil
end

--- The rules of a plugin stand there.
---@param plugin table
function M.rules(plugin)
  for _, rule in ipairs(plugin.rules) do by_where[rule.where] = who(plugin) end
  for _, use in ipairs(plugin.uses) do by_where[use.where] = who(plugin) end
  for _, page in ipairs(plugin.pages or {}) do by_where[page.where] = who(plugin) end
end

--- Whose rule stands there; nil: nobody's.
---@param where string
---@return weiyue.Caller?
function M.of_rule(where) return by_where[where] end

local function is_own(source) return source:find "^=%[weiyue" or source:find "weiyue/[%w_/]+%.lua$" end

local function of_globals(f)
  for i = 1, 60 do
    local name, value = debug.getupvalue(f, i)
    if not name then return nil end
    if name == "_ENV" then return by_env[address(value)] end
  end
end

-- Dispatch holds the rule that it runs in a local named so, even where the handler has left by a tail call.
local function rule_of(level)
  for i = 1, 40 do
    local name, value = debug.getlocal(level + 1, i)
    if not name then return nil end
    if (name == "rule" or name == "use") and type(value) == "table" then
      local where = rawget(value, "where")
      if by_where[where] then return by_where[where], where end
    end
  end
end

-- What a function is, found once: a plugin's, dispatch's, which hold rules, or another one that is passed over.
local RULES <const>, PASSED <const> = "rules", "passed"
local kinds <const> = setmetatable({}, { __mode = "k" })

local function kind_of(f, source)
  local plugin = of_globals(f) or by_source[source]
  if plugin then return plugin end
  if source == "=[C]" then return PASSED end
  if not is_own(source) then return nil end -- whose it is may turn out yet
  return (source:find("dispatch", 1, true) or source:find("web.run", 1, true)) and RULES or PASSED
end

--- The plugin whose code has called into weiyue; nil: weiyue itself, or code of nobody's. As M.plugin, in a fraction
--- of its time.
---@return weiyue.Caller?
function M.who()
  for level = 2, 200 do
    local info = getinfo(level, "f")
    if not info then return nil end
    local f = info.func
    local kind = kinds[f]
    if not kind then
      kind = kind_of(f, getinfo(level, "S").source)
      kinds[f] = kind
    end
    if kind == RULES then kind = rule_of(level) end
    if kind and kind ~= PASSED then return kind end
  end
end

--- The plugin whose code has called into weiyue, and file:line. nil: weiyue itself, or code of nobody's.
---@return weiyue.Caller? plugin
---@return string? where
function M.plugin()
  local where
  for level = 2, 200 do
    local info = debug.getinfo(level, "Slf")
    if not info then return nil, where end
    local plugin
    if info.what ~= "C" then
      plugin = of_globals(info.func) or by_source[info.source] or nil
      local is_foreign = plugin or not is_own(info.source)
      if is_foreign and info.currentline > 0 then where = where or info.short_src .. ":" .. info.currentline end
      if not is_foreign then
        local at
        plugin, at = rule_of(level)
        where = where or at
      end
    end
    if plugin then return plugin, where end
  end
  return nil, where
end

--- Raises what a plugin has done wrong, with its line in front; where it has left by a tail call, with its rule's.
---@param text string
function M.misuse(text)
  local where
  for level = 2, 200 do
    local info = debug.getinfo(level, "Sl")
    if not info or where then break end
    if info.currentline > 0 and (by_source[info.source] or not is_own(info.source)) then
      where = ("%s:%d"):format(info.short_src, info.currentline)
    else
      where = select(2, rule_of(level))
    end
  end
  error(where and ("%s: %s"):format(where, text) or text, 0)
end

return M
