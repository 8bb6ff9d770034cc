-- Loads weiyue.lua: runs the file in a small environment, checks what it returns against the schema,
-- applies the rules that span several keys, and finds the line of each problem.
-- Needs nothing but stock Lua 5.4: the host, the command line and specs call it alike.

local capabilities = require "weiyue.capabilities"
local check = require "weiyue.config.check"
local punctuation = require "weiyue.config.punctuation"
local schema = require "weiyue.config.schema"
local source_text = require "weiyue.config.source"

local M = {}

local MAX_SIZE <const> = 1024 * 1024

local bare <const>, line_of <const>, locate <const> = source_text.bare, source_text.line_of, source_text.locate

---@class weiyue.config.Problem
---@field level "error"|"note"
---@field file string
---@field line integer?
---@field key string?
---@field event "config"|"config.aeskey"|"config.not_in_build"
---@field zh string
---@field en string

---@class weiyue.config.Options
---@field env? fun(name: string): string?   instead of os.getenv
---@field overrides? table<string, any>     top-level keys from the command line; they win
---@field sandbox? weiyue.sandbox.Setup     the accounts are those of a fake WeChat: lua/weiyue/sandbox/setup.lua
---@field read? fun(path: string): string?, string?, integer?  how load reads the file, instead of by Lua's io

local Problem <const> = {}

function Problem.__tostring(p)
  local text = p.file
  if p.line then text = text .. ":" .. p.line end
  if p.key then text = text .. ": " .. p.key end
  return text .. ": " .. p.en
end

-- Running the file

-- What `env` returns for a missing variable: it may be handed on or joined to strings, so that the
-- key it ends in can be named; anything else stops the file.
local function new_marker(ctx, name)
  local marker = {}
  local meta = {}
  local function refuse()
    ctx.markers[marker].fed = true
    local zh, en = check.unset(name)
    error(en .. "\1" .. zh, 2)
  end
  for _, event in ipairs { "index", "newindex", "call", "tostring", "len", "lt", "le", "add", "sub", "mul", "div",
    "mod", "unm", "idiv" } do
    meta["__" .. event] = refuse
  end
  meta.__concat = function() return marker end
  ctx.markers[marker] = { name = name, fed = false }
  return setmetatable(marker, meta)
end

local function pick(library, names)
  local result = {}
  for name in pairs(names or library) do result[name] = library[name] end
  return result
end

local function environment(ctx, getenv)
  local env = {
    string = pick(string), table = pick(table), math = pick(math),
    ipairs = ipairs, pairs = pairs, tonumber = tonumber, tostring = tostring, type = type, assert = assert,
    error = error, os = { getenv = getenv, time = os.time, date = os.date },
  }
  function env.env(name, default)
    if type(name) ~= "string" then error("env takes the name of a variable", 2) end
    local value = getenv(name)
    if value == nil then value = default else ctx.from_env[value] = true end
    if value == nil then return new_marker(ctx, name) end
    return value
  end
  return setmetatable(env, {
    __index = function(_, name)
      -- only a stock name is shown: any other may be a secret that lost its quotes
      if type(name) == "string" and _G[name] ~= nil then
        error(("%s is not available here\1这里不能用 %s"):format(name, name), 2)
      end
      error("a name is not defined here (quotes missing?)\1用了没有定义的名字（漏了引号？）", 2)
    end,
  })
end

-- Lua's messages quote the source, which may be a secret: the quotation stays only when it is
-- punctuation or the name of a key.
local function redact(message, text)
  message = message:gsub(" near '(.*)'$", function(what)
    if what:find("^[^%w\"']+$") then return nil end
    if what:find("^[%a_][%w_]*$") and text:find("%f[%w_]" .. what .. "%s*=[^=]") then return nil end
    return ""
  end)
  message = message:gsub(" %(constant '.*'%)", "")
  return (message:gsub("%c", " "))
end

-- The mistakes that beginners make most, in a source that does not compile.
local function source_hint(text, line)
  local zh, en = punctuation.hint(text, line)
  if not en and bare(text):find("^%s*{") then
    return "文件要以 return { 开头", "the file must begin with return {"
  end
  return zh, en
end

-- Lua's own messages are "config:12: text"; ours have the Chinese text behind a byte 1.
-- hint: whether the source itself may tell more than the message.
local function run_failure(ctx, text, err, hint)
  if type(err) ~= "string" then err = ("a %s was raised"):format(type(err)) end
  local number, message = err:match("^config:(%d+): (.*)$")
  local line = math.tointeger(tonumber(number))
  local en, zh = (message or err):match("^(.-)\1(.*)$")
  en, zh = redact(en or message or err, text), redact(zh or message or err, text)
  local hint_zh, hint_en
  if hint then hint_zh, hint_en = source_hint(text, line) end
  if hint_en then zh, en = ("%s（%s）"):format(hint_zh, zh), ("%s (%s)"):format(hint_en, en) end
  ctx.report("error", nil, "config", "不能运行：" .. zh, "cannot be run: " .. en, line)
end

local function run(ctx, text, getenv)
  local chunk, err = load(text, "=config", "t", environment(ctx, getenv))
  if not chunk then
    run_failure(ctx, text, err, true)
    return nil
  end
  local ok, value = pcall(chunk)
  if not ok then
    run_failure(ctx, text, value)
    return nil
  end
  if type(value) ~= "table" or ctx.markers[value] then
    ctx.report("error", nil, "config", "文件应返回一个表：return { … }", "the file must return a table: return { … }")
    return nil
  end
  return value
end

-- Rules that span several keys. `raw` is what the file said, `conf` what is left of it after the
-- check: where a value was refused it is absent (or false in a list) and has been reported.

local function url_host(url)
  local host = url:match("^%a+://(%[[^%]]*%])") or url:match("^%a+://([^:/]*)")
  return (host:gsub("[%[%]]", ""))
end

local function raw_account(raw, i)
  local account = type(raw.accounts) == "table" and raw.accounts[i]
  return type(account) == "table" and account or {}
end

local function check_ids(ctx, conf, raw)
  local seen = {}
  for i, account in ipairs(conf.accounts) do
    local key = ("accounts[%d].id"):format(i)
    if account and raw_account(raw, i).id == nil then
      if #conf.accounts == 1 then
        account.id = "default"
      else
        ctx.report("error", key, "config", "有多个账号时每个都要写 id，例如 \"demo\"",
          "must be set when there are several accounts, for example \"demo\"")
      end
    elseif account and account.id then
      if seen[account.id] then
        ctx.report("error", key, "config", ("accounts[%d] 已经用了 id \"%s\""):format(seen[account.id], account.id),
          ("accounts[%d] has the id \"%s\" already"):format(seen[account.id], account.id))
      end
      seen[account.id] = seen[account.id] or i
    end
  end
end

local function check_paths(ctx, conf)
  local owners = {}
  for i, account in ipairs(conf.accounts) do
    if account and account.path then
      local place = (account.host or "") .. account.path
      local owner, name = owners[place], account.id or "#" .. i
      if owner then
        ctx.report("error", ("accounts[%d].path"):format(i), "config",
          ("账号 %s 和 %s 的推送地址都是 %s，请改其中一个的 path"):format(owner, name, place),
          ("the accounts %s and %s are both served at %s: give one another path"):format(owner, name, place))
      end
      owners[place] = owner or name
    end
  end
end

local function check_mode(ctx, account, raw, at)
  if type(account.aes_key) == "string" then account.aes_key = { account.aes_key } end
  if raw.mode == nil then account.mode = raw.aes_key ~= nil and "safe" or "plain" end
  if account.mode ~= "safe" and account.mode ~= "compatible" then return end
  if raw.aes_key == nil then
    ctx.report("error", at .. ".aes_key", "config.aeskey",
      ("mode = \"%s\" 必须有 aes_key：写 aes_key = env \"WX_AES_KEY\"，或者 mode = \"plain\""):format(account.mode),
      ("must be set when mode = \"%s\": aes_key = env \"WX_AES_KEY\", or mode = \"plain\""):format(account.mode))
  end
  if raw.appid == nil then
    ctx.report("note", at .. ".appid", "config", "没有写 appid：不核对密文里的 AppID",
      "is not set: the AppID in encrypted pushes is not checked")
  end
end

-- What a third-party platform needs: its events come encrypted, and nothing works without its own AppID and secret.
local function check_component(ctx, account, raw, at)
  if account.kind ~= "component" then
    account.authorizers = nil
    return
  end
  for _, key in ipairs { "appid", "secret", "aes_key" } do
    if raw[key] == nil then
      ctx.report("error", at .. "." .. key, "config", ("kind = \"component\" 必须有 %s"):format(key),
        ("must be set when kind = \"component\""))
    end
  end
  if account.mode ~= "safe" then
    ctx.report("error", at .. ".mode", "config", "kind = \"component\" 只有安全模式", "is \"safe\" when kind = \"component\"")
  end
end

local QUOTA_ZH <const> = "写成 { [\"message_custom.send\"] = 1000000 }"
local QUOTA_EN <const> = "write { [\"message_custom.send\"] = 1000000 }"

local function check_quota(ctx, account, at)
  local quota = type(account.quota) == "table" and account.quota or {}
  local names = {}
  for name in pairs(quota) do names[#names + 1] = name end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  for _, name in ipairs(names) do
    local n, key = quota[name], check.join(at .. ".quota", name)
    local catalogue = require "weiyue.api.catalogue" -- large: for those alone who have quotas
    if type(name) ~= "string" or not name:find "^[%l%d_]+%.[%l%d_]+$" then
      ctx.report("error", key, "config", "不是接口的名字；" .. QUOTA_ZH, "is no API's name; " .. QUOTA_EN)
    elseif math.type(n) ~= "integer" or n < 0 then
      ctx.report("error", key, "config", "应为整数，每天的次数；" .. QUOTA_ZH,
        "must be an integer, calls a day; " .. QUOTA_EN)
    elseif not catalogue.find(name) then
      local near = catalogue.near(name)
      ctx.report("note", key, "config", "没有这个接口，除非由插件添加" .. (near and "；最接近的是 " .. near or ""),
        "there is no such API, unless a plugin adds it" .. (near and "; the nearest is " .. near or ""))
    end
  end
end

-- Whether WeChat can be asked for this account at all: what would need it is then never sent.
local function check_secret(ctx, account, raw, at)
  if not (account.verified and account.can.customer_service) or account.kind == "component" then return end
  if type(raw.access_token) == "table" or raw.appid ~= nil and raw.secret ~= nil then return end
  local key = raw.secret == nil and "secret" or "appid"
  ctx.report("note", at .. "." .. key, "config",
    ("没有写 %s：不能调用微信接口，来不及的答复不能发客服消息，只留给用户来取"):format(key),
    "is not set: WeChat's API cannot be called, and late answers wait for the user instead of leaving as "
      .. "customer service messages")
end

local SAFE_BUDGET <const> = 25 -- WeChat blocks at about 30, and counts what clients cause as well

local function check_budget(ctx, budget, key)
  if (budget or 0) <= SAFE_BUDGET then return end
  ctx.report("note", key, "config", "5 分钟内约 30 个推送不作答，微信就会屏蔽这个地址；建议不超过 20",
    "WeChat blocks an address that leaves about 30 pushes unanswered in 5 minutes: at most 20 is safer")
end

local function inherit(conf, account)
  for _, node in ipairs(schema.inherited) do
    local own, value = account[node.key], conf[node.key]
    if own == nil then
      account[node.key] = type(value) == "table" and pick(value) or value
    elseif node.fields and value then
      check.inherit(node.fields, own, value)
    end
  end
end

local function resolve_hosts(conf)
  if type(conf.hosts) == "table" then return { list = conf.hosts } end
  local list, seen = {}, {}
  local function add(host)
    if host and not seen[host] then
      seen[host] = true
      list[#list + 1] = host
    end
  end
  for _, account in ipairs(conf.accounts) do add(account and account.host) end
  if conf.hosts == "any" or #list == 0 then return { any = true } end
  add(conf.listen and conf.listen.host)
  add("localhost")
  add("127.0.0.1")
  add("::1")
  return { list = list }
end

local function apply_rules(ctx, conf, raw)
  conf.accounts = conf.accounts or {}
  for _, account in ipairs(conf.accounts) do
    if account and account.url then account.host = url_host(account.url) end
  end
  check_ids(ctx, conf, raw)
  check_paths(ctx, conf)
  check_budget(ctx, conf.hold_budget, "hold_budget")
  for i, account in ipairs(conf.accounts) do
    if account then
      check_budget(ctx, account.hold_budget, ("accounts[%d].hold_budget"):format(i))
      check_mode(ctx, account, raw_account(raw, i), ("accounts[%d]"):format(i))
      check_quota(ctx, account, ("accounts[%d]"):format(i))
      check_component(ctx, account, raw_account(raw, i), ("accounts[%d]"):format(i))
      inherit(conf, account)
      if account.kind then
        account.can = capabilities.of(account.kind, account.verified, account.can)
        check_secret(ctx, account, raw_account(raw, i), ("accounts[%d]"):format(i))
      end
    end
  end
  if conf.token_server and conf.admin == false then
    ctx.report("note", "token_server", "config", "admin = false：没有管理接口，也就没有 GET /token",
      "has no effect: admin = false, so there is no management interface, and no GET /token")
  end
  conf.hosts = resolve_hosts(conf)
  conf.from_env = ctx.from_env -- what `env` gave: it may be secret
  conf.admin_given = raw.admin ~= nil -- a default port that is taken is no reason not to start
  conf.store_given = raw.store ~= nil -- where none is named, a host for specs keeps it in memory
  if type(conf.store) == "string" then conf.store = { url = conf.store, durability = "full" } end
end

-- Loading

local MAX_LOCATED <const> = 100 -- looking for a line walks the source: not for thousands of problems

-- In the order of the file; what has no line comes first, and equals stay as they were found.
local function by_line(problems)
  local order = {}
  for i, p in ipairs(problems) do order[p] = i end
  table.sort(problems, function(a, b)
    local one, other = a.line or 0, b.line or 0
    if one ~= other then return one < other end
    return order[a] < order[b]
  end)
end

---@param text string
---@param name string  the file's name in problems
---@param options? weiyue.config.Options
---@return table? conf  nil when there is an error
---@return weiyue.config.Problem[] problems
function M.load_string(text, name, options)
  if type(text) ~= "string" or type(name) ~= "string" then error("load_string takes the text and its name", 2) end
  options = options or {}
  local overrides = options.overrides or {}
  local problems, failed = {}, false
  local source -- made when the first line is looked for
  local ctx = { markers = {}, noted = {}, from_env = {} }

  text = text:gsub("^\u{feff}", "")

  function ctx.report(level, key, event, zh, en, line)
    failed = failed or level == "error"
    local file = name
    if key and overrides[key:match("^[%w_]*")] ~= nil then
      file, key = "--" .. key, nil -- as it was given on the command line
    elseif key and not line and #problems < MAX_LOCATED then
      source = source or bare(text)
      line = locate(text, source, key)
    end
    problems[#problems + 1] = setmetatable(
      { level = level, file = file, line = line, key = key, event = event, zh = zh, en = en }, Problem)
  end

  local valid, bad = utf8.len(text)
  if not valid then
    local looks = text:find("^\xff\xfe") or text:find("^\xfe\xff")
    looks = looks and "UTF-16" or "GBK"
    ctx.report("error", nil, "config", ("请存成 UTF-8；现在看起来是 %s"):format(looks),
      ("save the file as UTF-8; it looks like %s"):format(looks), line_of(text, bad))
    return nil, problems
  end

  local raw = run(ctx, text, options.env or os.getenv)
  local conf
  if raw then
    raw = pick(raw)
    if options.sandbox then require("weiyue.sandbox.setup").fill(raw, ctx, options.sandbox) end
    for key, value in pairs(overrides) do raw[key] = tonumber(value) or value end
    conf = check.run(ctx, schema, raw)
    apply_rules(ctx, conf, raw)
  end
  local unfed = {}
  for _, marker in pairs(ctx.markers) do
    if not marker.fed and not unfed[marker.name] then
      unfed[marker.name] = true
      unfed[#unfed + 1] = marker.name
    end
  end
  table.sort(unfed)
  for _, variable in ipairs(unfed) do
    local at = text:find(variable, 1, true)
    local zh, en = check.unset(variable)
    ctx.report("error", nil, "config", zh, en, at and line_of(text, at))
  end
  by_line(problems)
  if failed then return nil, problems end
  return conf, problems
end

local WHY_ZH <const> = {
  [2] = "没有这个文件", [13] = "没有读取的权限", [21] = "这是一个文件夹",
  ["not a regular file"] = "不是普通文件", ["larger than 1 MiB"] = "大于 1 MiB",
}

local function read_file(path)
  local file, err, number = io.open(path, "rb")
  if not file then return nil, err, number end
  local text, why, code = file:read(MAX_SIZE + 1)
  file:close()
  if why then return nil, why, code end
  if text and #text > MAX_SIZE then return nil, "larger than 1 MiB" end
  return text or ""
end

---@param path string
---@param options? weiyue.config.Options
---@return table? conf  nil when there is an error
---@return weiyue.config.Problem[] problems
function M.load(path, options)
  if type(path) ~= "string" then error("load takes the path of a file", 2) end
  local text, err, number = (options and options.read or read_file)(path)
  if text then return M.load_string(text, path, options) end
  local why = err:sub(1, #path + 2) == path .. ": " and err:sub(#path + 3) or err
  local no_project = path == "weiyue.lua" and number == 2 -- the name that counts where none is given
  return nil, { setmetatable({
    level = "error", file = path, event = "config",
    zh = "打不开：" .. (WHY_ZH[number] or WHY_ZH[why] or why)
      .. (no_project and "；要在项目的文件夹里运行，新项目用 weiyue init DIR" or ""),
    en = "cannot be opened: " .. why
      .. (no_project and "; run this in a project's folder, a new one is made by weiyue init DIR" or ""),
  }, Problem) }
end

return M
