-- Boot: from weiyue.lua to everything that serves. C calls read, gives the state what the
-- configuration asks for, and calls load; then it reads the boot table. Each worker does so.

local core = require "weiyue_core"

local capabilities = require "weiyue.capabilities"
local dispatch = require "weiyue.dispatch"
local events = require "weiyue.events"
local firings = require "weiyue.firings"
local forget = require "weiyue.forget"
local hubs = require "weiyue.hub"
local keep = require "weiyue.keep"
local later = require "weiyue.later"
local lint = require "weiyue.lint"
local mailbox = require "weiyue.mailbox"
local message = require "weiyue.message"
local outbox = require "weiyue.outbox"
local plugins = require "weiyue.plugin"
local readonly = require "weiyue.readonly"
local rules = require "weiyue.rules"
local services = require "weiyue.services"
local settings = require "weiyue.settings"
local shared = require "weiyue.shared"
local sources = require "weiyue.sources"
local task = require "weiyue.task"
local timers = require "weiyue.timers"

local M = {}

-- What a problem calls the configuration.
local function file_of(options) return options.text and (options.name or "weiyue.lua") or options.path end

-- The schema with its texts in two languages is large and needed once; what checks it, by plugins as well.
local function forget_config()
  for name in pairs(package.loaded) do
    if name:find "^weiyue%.config" then package.loaded[name] = nil end
  end
end

local function read_config(options, from)
  local config = require "weiyue.config"
  local overrides = {
    overrides = { listen = options.listen }, read = from.read,
    sandbox = options.sandbox and core.json.decode(options.sandbox),
  }
  local conf, found
  if options.text then
    conf, found = config.load_string(options.text, file_of(options), overrides)
  else
    conf, found = config.load(options.path, overrides)
  end
  forget_config()
  return conf, found
end

local function place(p)
  local text = p.file or ""
  if p.line then text = text .. ":" .. p.line end
  if p.key then text = text .. ": " .. p.key end
  return text == "" and "" or text .. ": "
end

-- What of an account is made when it is asked for.
local made = {}

function made.api(its) return require("weiyue.api.objects").mine(its) end

function made.quota(its, hub) return hub.governor:quota(its) end

-- Where its pages are: an authorizer's are its platform's.
local function pages_of(conf, hub)
  local its = hub:place(conf.id)
  its = its and its.component or its
  return its and its.pages or conf.url
end

-- Of a third-party platform.
function made.authorizers(its, hub)
  if its.kind ~= "component" then return nil end
  return function() return hub.components:each(its) end
end

function made.pre_auth_code(its, hub)
  if its.kind ~= "component" then return nil end
  return function() return hub.components:pre_auth_code(its) end
end

function made.followers(_, hub) return hub.services.followers end

function made.forget(_, hub)
  return function(account, openid)
    if getmetatable(account) ~= "read-only" or type(openid) ~= "string" or openid == "" then
      error("account:forget wants an openid: account:forget(openid)", 2)
    end
    return hub.forgetting:forget(account, openid, "call")
  end
end

local ADVICE <const> = "change it in weiyue.lua (请在 weiyue.lua 里改)"

-- msg.account and wx.account(): what a plugin may know of an account, and no secret.
local function account_object(conf, hub)
  local can = {} -- a copy: what a plugin writes there by rawset changes nothing of the host
  local known = setmetatable({
    id = conf.id, url = conf.url, path = conf.path, kind = conf.kind, verified = conf.verified,
    username = conf.username, appid = conf.appid, mode = conf.mode,
    can = setmetatable({}, readonly.metatable("account.can", ADVICE, can)),
  }, {
    __index = function(_, key)
      if key == "pages" then return pages_of(conf, hub) end
      if made[key] then
        local its = hub:place(conf.id)
        if not its then error(("the account %s is gone: it has taken its authorisation back"):format(conf.id), 3) end
        return made[key](its, hub)
      end
      if later.account[key] then later.refuse("account." .. key) end
    end,
  })
  local function tell() -- again, where WeChat tells later what an authorizer is
    for name in pairs(can) do can[name] = nil end
    for name, value in pairs(conf.can) do can[name] = value end
    known.kind, known.verified, known.username = conf.kind, conf.verified, conf.username
  end
  tell()
  if conf.component then conf.tell = tell end
  return setmetatable({}, readonly.metatable("account", ADVICE, known))
end

-- The plugins of one account. A name that is no plugin's is told: the account would miss it silently.
-- Paths start from the configuration's folder, as everywhere in it.
local function chosen(all, account, folder, missing)
  if account.plugins == "all" or account.plugins == nil then return all end
  local list = {}
  for _, name in ipairs(account.plugins) do
    local before = #list
    local path = (name:find "^/" or folder == "") and name or folder .. "/" .. name
    for _, plugin in ipairs(all) do
      if plugin.name == name or plugin.entry == name or plugin.path == path then list[#list + 1] = plugin end
    end
    if #list == before then missing(account, name) end
  end
  return list
end

-- Where relative paths of a configuration start.
local function folder_of(options) return options.folder or (options.path or ""):match "^(.*)/[^/]*$" or "" end

-- Where a path of the configuration leads.
local function in_folder(folder, path)
  return (path:find "^/" or folder == "") and path or folder .. "/" .. path
end

---@class weiyue.Boot
---@field conf? table            the checked configuration; nil when it has errors
---@field options weiyue.BootOptions
---@field problems { level: string, event: string, zh: string, en: string }[]
---@field failed_plugins integer
---@field n_plugins? integer      how many were loaded
---@field plugins? table[]
---@field workers integer        how many there are to be
---@field folder? string         that the configuration is in; "" for the working directory
---@field state? string          the state folder
---@field sources weiyue.Sources what was read; its snapshot builds the same once more
---@field log_file? string       where the program writes its log; nil: stderr
---@field accounts { object: table, dispatch: function, menu?: weiyue.menu.Declared }[]
---@field sites? table[] for each account false, or its pages
---@field calls table<string, any> what C asks at run time, by name

---@class weiyue.BootOptions
---@field path? string
---@field text? string
---@field name? string
---@field folder? string
---@field listen? string
---@field sandbox? string   JSON of a weiyue.sandbox.Setup: the host's WeChat is a fake one
---@field has_guest? boolean the host is that fake one
---@field worker? integer   which one this is, from 0
---@field workers? integer  how many there are; absent: as the configuration says
---@field cores? integer    what workers = "auto" means
---@field bare? boolean     no plugins: the accounts are for a program that runs once
---@field reload? boolean   another generation serves: what looks half-saved is refused
---@field sources? weiyue.Sources where files are read; absent: the disk
---@field snapshot? weiyue.Snapshot instead of sources: what another boot read
---@field snapshot_text? string the same as JSON
---@field count? fun(name: string) called for each firing of a timer, in place of the host's counters

--- Reads and checks the configuration.
---@param options weiyue.BootOptions
---@return weiyue.Boot
function M.read(options)
  local snapshot = options.snapshot or options.snapshot_text and core.json.decode(options.snapshot_text)
  local from = options.sources or snapshot and sources.replay(snapshot) or sources.disk()
  local conf, found = read_config(options, from)
  local boot = {
    conf = conf, options = options, sources = from, problems = {}, failed_plugins = 0, workers = 1, accounts = {},
  }
  for _, p in ipairs(found) do
    local at = place(p)
    -- the event's name tells faults of one kind apart for whoever greps
    local event = p.event == "config" and "" or " [" .. p.event .. "]"
    boot.problems[#boot.problems + 1] = {
      level = p.level, event = p.event, zh = at .. p.zh .. event, en = at .. p.en .. event,
    }
  end
  if conf and options.bare then conf.plugins = {} end
  if conf and #conf.accounts == 0 then
    boot.problems[#boot.problems + 1] = { level = "note", event = "config",
      zh = file_of(options) .. ": 没有账号：收不到任何推送", en = file_of(options) .. ": no account: no push will come" }
  end
  if conf then
    local folder = folder_of(options)
    boot.folder = folder
    boot.state, boot.log_file = in_folder(folder, conf.state), conf.log.file and in_folder(folder, conf.log.file)
    boot.workers = options.workers or (conf.workers == "auto" and options.cores or conf.workers)
    if boot.workers == "auto" then boot.workers = 1 end
  end
  return boot
end

--- What was read, as text: JSON of a weiyue.Snapshot. What is no text was refused, and is left out.
---@param boot weiyue.Boot
---@return string
function M.snapshot_text(boot)
  local from = boot.sources.snapshot()
  local copy = { files = {}, errors = from.errors, globs = from.globs, kinds = from.kinds }
  for path, text in pairs(from.files) do
    if core.text.valid(text) and not text:find("\0", 1, true) then copy.files[path] = text end
  end
  return core.json.encode(copy)
end

--- The folders that hold what was read, and where more would be found: to watch them.
---@param boot weiyue.Boot
---@return string[]
function M.folders(boot)
  local from, seen, list = boot.sources.snapshot(), {}, {}
  local function add(path)
    local folder = path:match "^(.*)/[^/]*$" or "."
    if folder == "" then folder = "/" end
    if not seen[folder] and not folder:find "[%*%?%[]" then list[#list + 1] = folder end
    seen[folder] = true
  end
  for path in pairs(from.files) do add(path) end
  for path in pairs(from.errors) do add(path) end
  for pattern in pairs(from.globs) do add(pattern) end
  for path, kind in pairs(from.kinds) do add(kind == "folder" and path .. "/" or path) end
  if boot.options.path then add(boot.options.path) end
  table.sort(list)
  return list
end

-- The keys that a reload does not take over.
local FIXED <const> = { "listen", "admin", "token_server", "workers", "proxies", "limits", "log", "state", "store" }

-- A value as text, the same each time.
local function text_of(value)
  if type(value) ~= "table" then return tostring(value) end
  local parts = {}
  for k, v in pairs(value) do parts[#parts + 1] = tostring(k) .. "=" .. text_of(v) end
  table.sort(parts)
  return "{" .. table.concat(parts, ",") .. "}"
end

--- Those settings, to tell when one of them has changed.
---@param boot weiyue.Boot
---@return string[] "key=value"
function M.fixed(boot)
  local list = {}
  for i, key in ipairs(boot.conf and FIXED or {}) do list[i] = key .. "=" .. text_of(boot.conf[key]) end
  return list
end

--- The specs of the plugins, where the configuration wants them to pass before a reload: in the folder spec of
--- a plugin that is a folder, or the file NAME_spec.lua beside one that is a file.
---@param boot weiyue.Boot
---@return string[]
function M.specs(boot)
  local list = {}
  if not (boot.conf and boot.conf.reload.specs) then return list end
  for _, plugin in ipairs(boot.plugins) do
    local pattern = plugin.folder and plugin.folder .. "/spec/*_spec.lua" or plugin.path:gsub("%.lua$", "_spec.lua")
    for _, path in ipairs(boot.sources.glob(pattern) or {}) do list[#list + 1] = path end
  end
  return list
end

-- What plugins ask of the host: their accounts, and how many HTTP calls they may have.
local function host_of(objects, hub, calls)
  local host = {}
  function host.calls() return calls end
  function host.current() return hub:numbered(task.account()) or #objects == 1 and objects[1] or nil end
  -- given: perhaps the account itself
  function host.find(id, given)
    if type(given) == "table" and hub:place(given) then return given end
    for _, object in ipairs(objects) do
      if object.id == id then return object end
    end
    if not hub.has_component then return nil end
    local current = host.current() -- who sends messages is here, even if he has not authorised
    return current and current.id == id and current or hub.components:find(id)
  end
  function host.account(id)
    if id == nil and host.current() then return host.current() end
    local object = id and host.find(id)
    if object then return object end
    local ids = {}
    for i, one in ipairs(objects) do ids[i] = one.id end
    error(("%s; there is: %s"):format(id == nil and "of which account? Outside a message: wx.account(id)"
      or ("no account %s"):format(tostring(id)), #ids > 0 and table.concat(ids, ", ") or "none"), 3)
  end
  return host
end

-- The line of a key in the configuration's text, which is looked for when something is wrong.
local function locator(boot)
  local text, bare
  return function(key)
    local source = require "weiyue.config.source"
    text = text or boot.options.text or boot.sources.read(boot.options.path) or ""
    bare = bare or source.bare(text)
    return source.locate(text, bare, key)
  end
end

local function load_plugins(boot, folder, host)
  local lua_path = {}
  for i, pattern in ipairs(boot.conf.lua_path or {}) do
    local absolute = pattern:find "^/" or folder == ""
    lua_path[i] = { folder = absolute and "" or folder .. "/", pattern = pattern } -- a folder's own ? stays
  end
  local loaded, problems, failed = plugins.load(boot.conf.plugins, {
    refuse_empty = boot.options.reload, has_guest = boot.options.has_guest,
    file = file_of(boot.options), folder = folder, lua_path = lua_path, sources = boot.sources,
    c_modules = boot.conf.c_modules, from_env = boot.conf.from_env, locate = locator(boot),
  }, host)
  boot.failed_plugins = failed
  for _, p in ipairs(problems) do boot.problems[#boot.problems + 1] = p end
  for _, plugin in ipairs(loaded) do
    for _, note in ipairs(lint.check(plugin)) do
      boot.problems[#boot.problems + 1] = { level = "note", event = "plugin.lint", zh = note.zh, en = note.en }
    end
    plugin.calls, plugin.shows = nil, nil
    for _, template in pairs(plugin.templates or {}) do template.includes = nil end
  end
  return loaded
end

-- The menus that the plugins of each account declare: boot.accounts[i].menu, and its place has them.
local function read_menus(boot, own, hub)
  local told = {}
  for i in ipairs(boot.conf.accounts) do
    local has, its = false, hub:place(boot.accounts[i].object)
    for _, plugin in ipairs(own[i]) do has = has or plugin.menus ~= nil end
    boot.accounts[i].menu = has and require("weiyue.menu.declared").of(own[i], its, function(level, where, zh, en)
      if told[where .. en] then return end -- several accounts have the plugin
      told[where .. en] = true
      if level == "error" then boot.failed_plugins = boot.failed_plugins + 1 end
      boot.problems[#boot.problems + 1] = {
        level = level, event = level == "error" and "plugin.load_failed" or "plugin.lint",
        zh = ("%s: %s"):format(where, zh), en = ("%s: %s"):format(where, en),
      }
    end) or nil
    its.menu = boot.accounts[i].menu
  end
end

-- Whose a handler is, by the place of its rule: for metrics.
local function plugin_of(loaded)
  local names = { mailbox = "weiyue" }
  for _, plugin in ipairs(loaded) do
    for _, rule in ipairs(plugin.rules) do names[rule.where] = plugin.name end
    for _, use in ipairs(plugin.uses) do names[use.where] = plugin.name end
  end
  return names
end

-- HTTP calls: their limits, and where they may go.
local function configure_client(http, folder)
  local copy = {}
  for key, value in pairs(http) do copy[key] = value end
  copy.ca = copy.ca and in_folder(folder, copy.ca)
  require("weiyue.client").configure(copy)
end

local function store_file(boot)
  local path = boot.conf.store.url:match "^sqlite:(.+)$"
  return path and in_folder(boot.folder, path)
end

-- The files besides Lua's and the store's that plugins' calls neither send nor write.
local function closed_files(boot)
  local list, ca = {}, boot.conf.http.ca
  if boot.options.path then list[1] = boot.options.path end
  if boot.log_file then list[#list + 1] = boot.log_file end
  if ca then list[#list + 1] = in_folder(boot.folder, ca) end
  for path in pairs(boot.sources.snapshot().files) do
    if not path:find "%.lua$" then list[#list + 1] = path end
  end
  return list
end

-- Where a file that ends so becomes a plugin's template with the next reload.
local function template_folders(loaded)
  local list = {}
  for _, plugin in ipairs(loaded) do
    if plugin.pages then list[#list + 1] = require("weiyue.file").folder_of(plugin) end
  end
  return list
end

--- Loads the plugins and makes what serves.
---@param boot weiyue.Boot of read, with a conf
function M.load(boot)
  local conf, options = boot.conf, boot.options
  local worker, workers, wall = options.worker or 0, boot.workers, conf.limits.wall -- boot itself is not kept
  local shared_state = conf.store.url:find "^redis:" and boot.state or nil -- other hosts have the store, too
  debug.getmetatable("").__metatable = "string" -- the one table that all plugins share
  local folder = folder_of(options)
  configure_client(conf.http, folder)
  local objects, places, hub = {}, {}, hubs.new()
  hub.make_object = function(account) return account_object(account, hub) end
  for i, account in ipairs(conf.accounts) do
    objects[i] = account_object(account, hub)
    places[i] = { object = objects[i], conf = account }
    hub:add(hubs.place_of(account, objects[i], i))
    if account.kind == "component" then hub.has_component = true end
  end
  hubs.serve(hub)
  for _, account in ipairs(conf.accounts) do
    local from = account.access_token -- perhaps a token server, which wants a key
    settings.keep_secret { account.token, account.secret or false, account.aes_key or false,
      type(from) == "table" and from.key or false }
  end
  local services_options = {
    hub = hub, folder = folder, state = boot.state, accounts = places, store = store_file(boot),
  }
  hub.services = services.new(services_options)
  local host = host_of(objects, hub, conf.limits.calls)
  function host.runs(plugin, name) return timers.worker(plugin, name, workers) == worker end
  host.services = hub.services
  local loaded = load_plugins(boot, folder, host)
  services_options.closed, services_options.templates = closed_files(boot), template_folders(loaded)
  forget_config()
  boot.n_plugins, boot.plugins = #loaded, loaded
  local push = package.loaded["weiyue.push"] -- C's; absent where nothing is served
  rawset(hub, "push", push)
  if hub.has_component and push then
    local facts = push.facts
    local park = push.park
    push = setmetatable({
      facts = function(n)
        local p = facts(n)
        return p and hub.components:belongs(p)
      end,
      park = function(...) return hub.components:enter(park(...)) end,
    }, { __index = push })
  end
  local box = mailbox.new(shared.object "weiyue.mailbox.dict", {
    gone = shared.object "weiyue.mailbox.gone", untold = push and push.untold,
  })
  local function platform(object)
    local known = hub:place(object)
    if known and known.component then return known.component.object, known.number end
  end
  local out = outbox.new(places, box, push, hub.services, platform)
  message.serve(out, push)
  local to_forget = {}

  local function missing(account, name)
    if options.bare then return end
    boot.failed_plugins = boot.failed_plugins + 1
    boot.problems[#boot.problems + 1] = {
      level = "error", event = "plugin.load_failed",
      zh = ("账号 %s 要用的插件 %s 没有加载"):format(account.id, name),
      en = ("account %s wants the plugin %s, which is not loaded"):format(account.id, name),
    }
  end
  local plugins_of, has_pages = {}, false
  for i, account in ipairs(conf.accounts) do
    local own = chosen(loaded, account, folder, missing)
    local handlers = {}
    plugins_of[i] = own
    for _, plugin in ipairs(own) do has_pages = has_pages or plugin.pages ~= nil end
    for _, plugin in ipairs(own) do
      for _, handler in ipairs(plugin.forgets or {}) do handlers[#handlers + 1] = handler end
    end
    to_forget[i] = { object = objects[i], index = i, delay = account.forget, handlers = handlers }
    boot.accounts[i] = { object = objects[i], index = rules.compile(own) }
  end
  local bases = has_pages and require("weiyue.web.sites").bases(conf.accounts, plugins_of) or {}
  for i, base in ipairs(bases) do hub:place(objects[i]).pages = base.url end
  read_menus(boot, plugins_of, hub)
  hub.forgetting = forget.new(to_forget, box, push, hub.services, platform,
    hub.has_component and function(id) return hub.components:find(id) end or nil)
  for i, account in ipairs(boot.accounts) do
    local answer = dispatch.dispatcher(account.index, out, conf.accounts[i].mailbox.word, hub.forgetting)
    if conf.accounts[i].kind == "component" then answer = hub.components:around(hub:place(account.object), answer) end
    account.dispatch, account.index = answer, nil
  end

  local remote = require("weiyue.remote").new(hub)
  boot.calls = {
    token_server = remote.token_server, control = remote.control,
    plugins = loaded, -- what each keeps is weighed
    message = message.metatable, once = dispatch.once, may_reply = events.may_reply,
    is_special = events.is_special, plugin_of = plugin_of(loaded),
    window = function(type, event) return capabilities.window(type, event) ~= nil end,
    window_open = function(type, event, created, sent)
      return capabilities.window_open(type, event, created, sent, core.time.now())
    end,
    deliver = function(p, reply) return out:deliver(hub.has_component and hub.components:enter(p) or p, reply) end,
    authorizer_can = function(appid, capability)
      local its = hub:place(appid) -- known since the push was handled
      return its ~= nil and its.learnt == true and its.can[capability] == true
    end,
    typing = function(account, openid)
      local its = objects[account]
      if not its then its = hub:place(account).object end -- an authorizer's AppID
      return out:hint(its, openid)
    end,
  }
  if has_pages then
    local n = #boot.problems
    boot.sites, boot.calls.page = require("weiyue.web.sites").build {
      confs = conf.accounts, bases = bases, hosts = conf.hosts, objects = objects, plugins = plugins_of,
      problems = boot.problems, services = hub.services, push = push, json_depth = conf.limits.json_depth,
      state = boot.state, is_shared_store = conf.store.url:find "^redis:" ~= nil,
    }
    for i = n + 1, #boot.problems do
      if boot.problems[i].level == "error" then boot.failed_plugins = boot.failed_plugins + 1 end
    end
  end
  --- What is done last, when the host stops or another generation has taken over.
  function boot.calls.part()
    local governor = rawget(hub, "governor")
    if governor then governor:flush() end
  end
  --- Arms this worker's timers, once, when its loop starts; gives the function that stops them.
  function boot.calls.start()
    local stop = timers.start(loaded, {
      worker = worker, workers = workers, count = options.count or push and push.count,
      known = firings.new {
        memory = shared.object "weiyue.timers.dict", kv = keep.kv, wall = wall, state = shared_state,
      },
    })
    local stop_forgetting = worker == 0 and hub.forgetting:start()
    local stop_components = worker == 0 and hub.has_component and hub.components:start()
    if worker == 0 and options.sandbox then
      task.after(0, function() require("weiyue.menu.bring").all(hub, shared.object "weiyue.host.dict") end)
    end
    return function()
      stop()
      if stop_forgetting then stop_forgetting() end
      if stop_components then stop_components() end
    end
  end
end

return M
