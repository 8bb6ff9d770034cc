-- wx: what `require "weiyue"` gives to one plugin.

local callers = require "weiyue.caller"
local core = require "weiyue_core"
local daytime = require "weiyue.daytime"
local declared = require "weiyue.declared"
local file = require "weiyue.file"
local later = require "weiyue.later"
local nearest = require "weiyue.nearest"
local pattern = require "weiyue.pattern"
local readonly = require "weiyue.readonly"
local replies = require "weiyue.reply"
local rules = require "weiyue.rules"
local settings = require "weiyue.settings"
local store = require "weiyue.store"
local shared = require "weiyue.shared"
local task = require "weiyue.task"

local M = {}

local MATCHER <const> = "weiyue.matcher"
local Matcher <const> = { __name = MATCHER, __metatable = MATCHER }

local SOURCE <const> = debug.getinfo(1, "S").source

-- file:line of the plugin's own code that called into wx.
local function caller()
  for level = 2, 20 do
    local info = debug.getinfo(level, "Sl")
    if not info then break end
    local source = info.source
    local is_own = source == SOURCE or source:find "^=%[weiyue%.web" or source:find "weiyue/web/%w+%.lua$"
    if info.currentline > 0 and not is_own then
      return info.short_src .. ":" .. info.currentline
    end
  end
  return "?"
end

local function check_reply(name, reply)
  local kind = type(reply)
  if kind == "function" or kind == "string" then return reply end
  if kind == "table" and type(reply.type) == "string" then return reply end
  error(("%s wants a reply: a string, a wx.reply value or a function, not %s"):format(name, kind), 3)
end

local LONGEST <const> = 366 * 86400 -- seconds

-- Seconds from a number or a text such as "5m".
local function seconds(name, d)
  local kind = type(d)
  local s, err
  if kind ~= "number" and kind ~= "string" then
    err = "a time is a number of seconds or a text such as \"5m\", not " .. kind
  else
    s, err = core.time.duration(d)
    if s and s > LONGEST then err = "a time is at most a year" end
  end
  if err then error(("%s: %s"):format(name, err), 3) end
  return s
end

local function fields_of(name, fields)
  if fields ~= nil and type(fields) ~= "table" then
    error(("%s: the second argument is a table of fields"):format(name), 3)
  end
  return fields
end

local function logger(plugin)
  local L = {}
  for _, level in ipairs { "debug", "info", "warn", "error" } do
    L[level] = function(text, fields)
      local all = {}
      for k, v in pairs(fields_of("wx.log." .. level, fields) or {}) do all[k] = v end
      all.plugin = plugin.name
      core.log.write(level, "plugin.log", tostring(text), all)
    end
  end
  return L
end

local PLUGIN_HEAD <const> = {
  name = "string", version = "string", priority = "number", schema = "table", api = "table",
}

-- wx.plugin{ … }: who the plugin is, which settings it takes, which API calls it makes.
local function head(plugin, wx)
  return function(t)
    if type(t) ~= "table" then error("wx.plugin wants a table", 2) end
    for key, value in pairs(t) do
      local want = PLUGIN_HEAD[key]
      if not want then
        local near = type(key) == "string" and nearest.slip(key, nearest.names(PLUGIN_HEAD))
        error(("wx.plugin has no field %s%s"):format(tostring(key), near and "; the nearest is " .. near or ""), 2)
      end
      if type(value) ~= want then error(("wx.plugin: %s must be a %s"):format(key, want), 2) end
    end
    local fault = t.api and declared.fault(t.api)
    if fault then error("wx.plugin: " .. fault, 2) end
    if t.schema then
      local nodes, wrong, conf
      nodes, wrong = settings.read(t.schema)
      if not nodes then error("wx.plugin: " .. wrong, 2) end
      conf, wrong = settings.check(plugin, nodes)
      if not conf then
        plugin.wrong = wrong -- whoever loads it tells these
        error("wx.plugin: the configuration of this plugin is wrong", 2)
      end
      wx.config = settings.view(conf)
    end
    plugin.title, plugin.version = t.name or plugin.name, t.version
    plugin.priority = t.priority or plugin.priority
    plugin.api, plugin.api_where = t.api and table.move(t.api, 1, #t.api, 1, {}), caller()
    callers.declare(plugin, plugin.api)
  end
end

local function nothing() end

local REPLY_ADVICE <const> = "other plugins use it as well (不能改)"

---@param plugin table { name, priority, rules, uses, timers, config }; without timers: it is served by no host, and
---  may have none. `loaded` is set when its rules and timers are complete; `wrong` by wx.plugin: the problems of
---  its configuration.
---@param host { account: (fun(id?: string): table), current: (fun(): table?), find: (fun(id: string): table?),
---  calls?: (fun(): integer), services?: weiyue.Services, runs?: (fun(plugin: string, name: string): boolean) }
---  current: the account of what runs, or the only one; calls: how many HTTP calls a plugin may have at a time;
---  runs: whether this worker runs what a plugin declares under a name
---@return table wx
function M.new(plugin, host)
  local scope = task.scope(plugin.name)
  local wx = {
    reply = setmetatable({}, readonly.metatable("wx.reply", REPLY_ADVICE, replies)), log = logger(plugin),
    shared = shared.object(), store = store.new(plugin.name, host), config = settings.view(plugin.config),
    file = file.of(plugin, host),
  }
  wx.plugin = head(plugin, wx)

  local function rule(trigger, name, kind, value, reply, follows)
    plugin.rules[#plugin.rules + 1] = {
      trigger = trigger, name = name, kind = kind, value = value, reply = reply,
      call = type(reply) == "function", where = caller(), follows = follows,
    }
  end

  -- Matchers ------------------------------------------------------------------------------------

  local function matcher(kind)
    return function(value)
      if type(value) ~= "string" or value == "" then error(("wx.%s wants a text"):format(kind), 2) end
      if kind == "pattern" then
        local fault = pattern.fault(value)
        if fault then error("wx.pattern: " .. fault, 2) end
        return setmetatable({ kind = kind, value = value }, Matcher)
      end
      return setmetatable({ kind = kind, value = rules.fold(value) }, Matcher)
    end
  end
  wx.contains, wx.prefix, wx.pattern = matcher "contains", matcher "prefix", matcher "pattern"

  local function text_rules(match, reply, level)
    if type(match) == "string" then
      rule("text", nil, "exact", rules.fold(match), reply)
    elseif getmetatable(match) == MATCHER then
      rule("text", nil, match.kind, match.value, reply)
    elseif type(match) == "table" and #match > 0 then
      for _, one in ipairs(match) do text_rules(one, reply, level + 1) end
    else
      error("wx.text wants a text, a list of texts, wx.contains, wx.prefix or wx.pattern", level)
    end
  end

  function wx.text(match, ...)
    if select("#", ...) == 0 then return rule("text", nil, "any", nil, check_reply("wx.text", match)) end
    text_rules(match, check_reply("wx.text", (...)), 3)
  end

  -- Messages and events ---------------------------------------------------------------------------

  local function name_of(what, name)
    if type(name) ~= "string" or name == "" then error(("%s wants a name, such as \"image\""):format(what), 3) end
    return name:lower()
  end

  function wx.message(name, reply)
    name = name_of("wx.message", name)
    if name == "event" or name == "device_event" then error("wx.message: for events use wx.event(name, reply)", 2) end
    reply = check_reply("wx.message", reply)
    if name == "text" then return rule("text", nil, "any", nil, reply) end
    rule("message", name, "any", nil, reply)
  end

  function wx.event(name, reply)
    rule("event", name_of("wx.event", name), "any", nil, check_reply("wx.event", reply))
  end

  function wx.on()
    error("wx.on is ambiguous: location, for one, is a message and an event. " ..
      "Write wx.message(\"location\", …) or wx.event(\"location\", …)", 2)
  end

  local function keyed(what, event, is_scan)
    wx[what] = function(key, ...)
      local name = "wx." .. what
      if select("#", ...) == 0 then return rule("event", event, "any", nil, check_reply(name, key), is_scan) end
      local reply = check_reply(name, (...))
      local keys = type(key) == "table" and key or { key }
      if #keys == 0 then error(name .. " wants a key, such as \"about\"", 2) end
      for _, one in ipairs(keys) do
        if type(one) ~= "string" or one == "" then error(name .. " wants a key, such as \"about\"", 2) end
        rule("event", event, is_scan and one:find("*", 1, true) and "glob" or "exact", one, reply)
      end
    end
  end
  keyed("click", "click", false)
  keyed("scan", "scan", true)

  function wx.subscribe(reply) rule("event", "subscribe", "any", nil, check_reply("wx.subscribe", reply)) end

  function wx.unsubscribe(fn)
    if type(fn) ~= "function" then error("wx.unsubscribe wants a function: nobody reads a reply", 2) end
    rule("event", "unsubscribe", "any", nil, fn)
  end

  function wx.default(reply) rule("default", nil, "any", nil, check_reply("wx.default", reply)) end

  function wx.use(fn)
    if type(fn) ~= "function" then error("wx.use wants function(msg, next)", 2) end
    plugin.uses[#plugin.uses + 1] = { call = fn, where = caller() }
  end

  -- Time, tasks, accounts ---------------------------------------------------------------------------

  ---@async
  function wx.sleep(d) return task.sleep(seconds("wx.sleep", d)) end

  function wx.after(d, fn, ...)
    if type(fn) ~= "function" then error("wx.after wants a time and a function", 2) end
    if not plugin.loaded and host.runs and not host.runs(plugin.name, caller()) then fn = nothing end
    return scope:after(seconds("wx.after", d), fn, ...)
  end

  function wx.spawn(fn, ...)
    if type(fn) ~= "function" then error("wx.spawn wants a function", 2) end
    return scope:spawn(fn, ...)
  end

  for _, name in ipairs { "all", "race" } do
    ---@async
    wx[name] = function(functions)
      local run = require("weiyue.together")[name] -- no tail call: its errors name the plugin's line
      local value, err, key = run(scope, functions)
      return value, err, key
    end
  end

  local function timer(what, fn, options, t)
    if not plugin.timers then error(what .. ": timers are for plugins, which a host serves", 3) end
    if plugin.loaded then
      error(what .. ": timers are declared while the plugin loads; in a handler use wx.after", 3)
    end
    if type(fn) ~= "function" then error(what .. " wants a time and a function", 3) end
    if options ~= nil and type(options) ~= "table" then error(what .. ": the third argument is { name = \"…\" }", 3) end
    for key in pairs(options or {}) do
      if key ~= "name" then error(("%s has no option %s"):format(what, tostring(key)), 3) end
    end
    local name = options and options.name
    if name ~= nil and (type(name) ~= "string" or name == "") then error(what .. ": the name must be a text", 3) end
    t.name, t.fn = name or caller(), fn
    for _, other in ipairs(plugin.timers) do
      if other.name == t.name then
        error(("%s: two timers are %s: give each a name, { name = \"…\" }"):format(what, t.name), 3)
      end
    end
    scope:declare(what)
    plugin.timers[#plugin.timers + 1] = t
  end

  function wx.every(d, fn, options)
    local interval = seconds("wx.every", d)
    if interval < 1 then error("wx.every: an interval is at least a second", 2) end
    timer("wx.every", fn, options, { interval = interval })
  end

  function wx.at(times, fn, options)
    local list, err = daytime.read(times)
    if not list then error("wx.at: " .. err, 2) end
    timer("wx.at", fn, options, { times = list })
  end

  --- A call of WeChat's that this build does not know: { "name", "POST", "/path", query = …, body = … }.
  function wx.api(family, row)
    if type(family) ~= "string" or type(row) ~= "table" then
      error('wx.api wants a family and a row: wx.api("shop", { "ship", "POST", "/shop/ship", body = "order_id" })', 2)
    end
    if plugin.loaded then error("wx.api: rows are added while the plugin loads", 2) end
    local copy = {}
    for key, value in pairs(row) do copy[key] = value end
    local added, fault = require("weiyue.api.catalogue").add(family, copy)
    if not added then error("wx.api: " .. fault, 2) end
  end

  --- A menu, or with match a conditional one: what the account is to have, checked now.
  function wx.menu(menu)
    if plugin.loaded then error("wx.menu: it is declared while the plugin loads", 2) end
    if type(menu) ~= "table" then error('wx.menu wants a table: wx.menu { { "关于", click = "about" } }', 2) end
    local zh, en = {}, {}
    for _, p in ipairs(require("weiyue.menu").check(menu)) do
      if p.level == "error" then zh[#zh + 1], en[#en + 1] = p.path .. "：" .. p.zh, p.path .. ": " .. p.en end
    end
    if #en > 0 then
      plugin.menu_fault = "wx.menu：" .. table.concat(zh, "；"):gsub("%%", "%%%%")
      error("wx.menu: " .. table.concat(en, "; "), 2)
    end
    plugin.menus = plugin.menus or {}
    plugin.menus[#plugin.menus + 1] = { menu = menu, where = caller() }
  end

  -- What is kept ------------------------------------------------------------------------------------

  local lock
  ---@async
  function wx.lock(...)
    lock = lock or require("weiyue.lock").new(plugin.name, host)
    return lock(...)
  end

  local requests
  ---@async
  function wx.session(of)
    local kind = getmetatable(of)
    if kind == "weiyue.request" then
      requests = requests or require "weiyue.web.request"
      return requests.session(of)
    end
    if kind ~= "weiyue.message" then error("wx.session wants a message or a request", 2) end
    return of:session()
  end

  -- Pages: their code is loaded for who has any ------------------------------------------------------

  for _, name in ipairs { "page", "route", "static" } do
    wx[name] = function(...)
      local declare = require("weiyue.web.declare").of(plugin, caller)[name] -- no tail call, likewise
      declare(...)
    end
  end

  function wx.response(t)
    local response = require("weiyue.web.response").new(t)
    return response
  end

  function wx.redirect(path)
    local response = require("weiyue.web.response").redirect(path)
    return response
  end

  local render
  function wx.render(name, vars)
    render = render or require("weiyue.web.render").of(plugin)
    local value = render(name, vars)
    return value
  end

  function wx.on_forget(fn)
    if type(fn) ~= "function" then error("wx.on_forget wants a function", 2) end
    if plugin.loaded then error("wx.on_forget: it is declared while the plugin loads", 2) end
    plugin.forgets = plugin.forgets or {}
    plugin.forgets[#plugin.forgets + 1] = { fn = fn, plugin = plugin.name, where = caller() }
  end

  function wx.account(id)
    local account = host.account(id) -- no tail call: its errors name the plugin's line
    return account
  end

  return setmetatable(wx, {
    __index = function(t, key)
      if key == "http" then -- its code is loaded for who uses it
        local http = require("weiyue.http").new(plugin, host)
        rawset(t, key, http)
        return http
      end
      if later.wx[key] then later.refuse("wx." .. key) end
      local near = type(key) == "string" and nearest.slip(key, nearest.names(wx))
      if near then error(("wx.%s does not exist; the nearest is wx.%s"):format(key, near), 2) end
    end,
  })
end

return M
