-- What each account serves: the pages of its plugins, in the order in which they are tried, for C; and the function
-- that C calls for a request.

local keep_names <const> = { "open", "mp", "jweixin", "url" }

local M = {}

-- Literal parts before names before what takes the rest.
local function rank(pattern)
  return (pattern:gsub("/([^/]*)", function(part)
    local first = part:sub(1, 1)
    return first == ":" and "b" or first == "*" and "c" or "a"
  end))
end

local function plain(pattern) return (pattern:gsub("/([:*])[^/]*", "/%1")) end

local function host_of(conf) return conf.host and conf.host:lower() end

local function prefix_of(url) return url and url:match "^%a+://[^/]+(/.*)$" or "" end

-- The hosts that are served, as they stand in an address; nil: any.
local function served(hosts)
  local set = {}
  for _, host in ipairs(hosts.list or {}) do
    set[(host:find(":", 1, true) and "[%s]" or "%s"):format(host:lower())] = true
  end
  return hosts.list and set
end

-- Which accounts are told by the host that was asked for: those whose own it is.
local function owners(confs)
  local n = {}
  for _, conf in ipairs(confs) do
    local host = host_of(conf)
    if host then n[host] = (n[host] or 0) + 1 end
  end
  return n
end

--- Where the pages of each account stand. One whose host no other account has is told by it; of several on one host
--- each is below the path of its url, or, where it has none of its own, below /ID.
---@param confs table[]     the accounts of the configuration
---@param plugins table[][] the plugins of each
---@return { own_host: boolean, prefix: string, base: string, url?: string }[] bases base: on other hosts than its
---  own; url: what links to its pages begin with
function M.bases(confs, plugins)
  local n_sites, of_host, taken = 0, owners(confs), {}
  for i, conf in ipairs(confs) do
    local has_pages = false
    for _, plugin in ipairs(plugins[i]) do has_pages = has_pages or plugin.pages ~= nil end
    if has_pages then n_sites = n_sites + 1 end
    for _, base in ipairs { "/" .. conf.id, prefix_of(conf.url) } do taken[base] = (taken[base] or 0) + 1 end
  end
  local bases = {}
  for i, conf in ipairs(confs) do
    local host, prefix = host_of(conf), prefix_of(conf.url)
    local one = { own_host = n_sites > 1 and host ~= nil and of_host[host] == 1, prefix = prefix, base = "" }
    local is_shared = n_sites > 1 and not one.own_host
    if n_sites > 1 then one.base = "/" .. conf.id end
    if is_shared and prefix ~= "" and taken[prefix] == 1 then one.base = prefix end
    one.url = is_shared and conf.url and conf.url:match "^%a+://[^/]+" .. one.base or conf.url
    bases[i] = one
  end
  return bases
end

local function problem(account, zh, en)
  return { level = "error", event = "plugin.load_failed",
    zh = ("账号 %s：%s"):format(account, zh), en = ("account %s: %s"):format(account, en) }
end

-- The pages of one account's plugins; pages that stand in each other's place are told.
local function gather(conf, plugins, problems)
  local list, seen = {}, {}
  local function add(page)
    local key = plain(page.pattern)
    for _, other in ipairs(seen[key] or {}) do
      if other.methods & page.methods ~= 0 then
        problems[#problems + 1] = problem(conf.id, ("%s 声明了两次：%s 与 %s"):format(page.pattern, other.where, page.where),
          ("%s is declared twice: %s and %s"):format(page.pattern, other.where, page.where))
        return
      end
    end
    if page.pattern == conf.path then
      problems[#problems + 1] = problem(conf.id, ("%s 是微信推送的路径（accounts[].path）：%s"):format(page.pattern, page.where),
        ("%s is where WeChat pushes to (accounts[].path): %s"):format(page.pattern, page.where))
      return
    end
    seen[key] = seen[key] or {}
    table.insert(seen[key], page)
    list[#list + 1] = page
  end
  local login = false
  for _, plugin in ipairs(plugins) do
    for _, page in ipairs(plugin.pages or {}) do
      login = login or page.login ~= nil
      add(page)
    end
  end
  for i = 1, #list do -- a folder is found without its slash as well, where no page stands there
    local page = list[i]
    local bare = page.kind == "static" and page.pattern:match "^(/.+)/%*path$"
    if bare and not seen[bare] and bare ~= conf.path then
      local copy = {}
      for key, value in pairs(page) do copy[key] = value end
      copy.pattern, copy.is_last = bare, true
      add(copy)
    end
  end
  return list, login, add
end

-- Of weiyue's own, for accounts whose users log in.
local BITS <const> = { GET = 3, POST = 4 }
local function add_login(site, add)
  for _, route in ipairs(require("weiyue.oauth").routes(site.object)) do
    add {
      kind = "page", pattern = route.path, methods = BITS[route.method or "GET"], handler = route.handler, body = 0,
      repeated = false, where = "weiyue.oauth", plugin = "weiyue", rule = { where = "weiyue.oauth" }, csrf = false,
    }
  end
end

local function sort(list)
  local order, ranks = {}, {}
  for i, page in ipairs(list) do order[page], ranks[page] = i, page.is_last and "d" or rank(page.pattern) end
  table.sort(list, function(a, b)
    if ranks[a] ~= ranks[b] then return ranks[a] < ranks[b] end
    return order[a] < order[b]
  end)
end

---@class weiyue.web.SitesOptions
---@field confs table[]         the accounts of the configuration
---@field hosts { list?: string[] } that are served; without a list: any
---@field objects table[]       msg.account of each
---@field plugins table[][]     the plugins of each
---@field bases table[]         of M.bases
---@field problems table[]
---@field services weiyue.Services
---@field json_depth integer
---@field push table the module weiyue.push
---@field state string
---@field is_shared_store boolean other hosts write it as well

---@param options weiyue.web.SitesOptions
---@return table sites for C: for each account false, or its pages
---@return function serve
function M.build(options)
  local confs = options.confs
  local hosts = served(options.hosts)
  local for_c, sites = {}, {}
  local dict = not options.is_shared_store and require("weiyue.shared").object "weiyue.visitors.dict" or nil
  local visitors = require("weiyue.web.visitors").new(dict)
  require("weiyue.web.seal").at(options.state)
  require "weiyue.pages" -- which C needs before a request comes
  for i, conf in ipairs(confs) do
    local list, login, add = gather(conf, options.plugins[i], options.problems)
    local site = {
      id = conf.id, object = options.objects[i], pages = list, json_depth = options.json_depth,
      hosts = hosts, visitors = visitors, push = options.push,
      visitor_cookies = {}, origins = {}, n_origins = 0, fields = {}, n_fields = 0, -- what was found out before
      paths = function() return options.services.paths end,
    }
    for _, name in ipairs(keep_names) do site[name] = conf[name] end
    local has_jssdk = false
    for _, page in ipairs(list) do has_jssdk = has_jssdk or page.jssdk ~= nil end
    function site.script_sources() return has_jssdk and require("weiyue.jssdk").csp(site.object) or {} end
    if login then
      add_login(site, add)
      for _, note in ipairs(require("weiyue.oauth").notes(conf)) do
        options.problems[#options.problems + 1] = { level = "note", event = "plugin.lint",
          zh = ("账号 %s：%s"):format(conf.id, note.zh), en = ("account %s: %s"):format(conf.id, note.en) }
      end
    end
    sort(list)
    sites[i] = site
  end
  for i, site in ipairs(sites) do
    local at = options.bases[i]
    local c = { prefix = at.prefix, own_host = at.own_host, base = at.base }
    for k, page in ipairs(site.pages) do
      c[k] = {
        pattern = page.pattern, methods = page.methods, body = page.body, repeated = page.repeated, raw = page.raw,
        is_page = page.kind == "page", where = page.where, plugin = page.plugin,
      }
    end
    for_c[i] = #site.pages > 0 and c
  end
  local run
  local function serve(account, page, ...)
    run = run or require("weiyue.web.run").serve -- loaded when the first request comes
    return run(sites[account], sites[account].pages[page], ...)
  end
  return for_c, serve
end

return M
