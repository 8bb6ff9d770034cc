-- A configuration for `weiyue sandbox`: its accounts have the fake WeChat in place of the real one, and what is
-- missing of them, such as secrets that only the server's environment has, is made up, the same each time. Both hosts
-- of `weiyue sandbox` read the file through this and so agree. Secrets come of the state folder's seed: nobody who does
-- not read files of this machine's user can work them out, such as a web page that wants to push to the local host.

local M = {}

---@class weiyue.sandbox.Setup
---@field base string   where the fake WeChat is: "http://127.0.0.1:9000"
---@field url string    where the accounts' pages are
---@field listen string of the accounts' host
---@field any? boolean   it listens on every address: any host name is served
---@field look? fun(raw: table) sees what the file says of the rest
---@field seed? string of the secrets that are made up; random, kept in the state folder
---@field store? string absent: a file of the sandbox's own, in its state folder

local STATE <const>, PATH <const> = ".weiyue", "/wx"

local function made_up(what, id, n, seed)
  return "sandbox" .. require("weiyue_core").crypto.sha256((seed or "") .. what .. "/" .. id, "hex"):sub(1, n - 7)
end

local function is_missing(value, markers) return value == nil or markers[value] ~= nil end

-- --- what `env` gave for variables that are not set ---

-- In a plugin's settings a text stands for it; elsewhere the key is as if it were not there.
local function put_in(value, ctx, instead, seen)
  if type(value) ~= "table" or seen[value] or ctx.markers[value] then return end
  seen[value] = true
  for key, inner in pairs(value) do
    local marker = type(inner) == "table" and ctx.markers[inner]
    if marker then
      marker.fed = true
      value[key] = instead and instead(marker.name) or nil
    else
      put_in(inner, ctx, instead, seen)
    end
  end
end

local function of_plugin(ctx)
  return function(name)
    ctx.report("note", nil, "config", ("没有环境变量 %s：沙箱里用“sandbox-%s”"):format(name, name),
      ("%s is not set: in the sandbox it is “sandbox-%s”"):format(name, name))
    return "sandbox-" .. name
  end
end

-- --- accounts ---

local SECRETS <const> = { "appid", "secret", "token", "aes_key" }

local function wants_key(account)
  return account.mode == "safe" or account.mode == "compatible" or account.kind == "component"
end

local function fill_secrets(account, id, ctx, seed)
  local had_key = account.aes_key ~= nil
  for _, key in ipairs(SECRETS) do
    local marker = account[key] ~= nil and ctx.markers[account[key]]
    if marker then marker.fed = true end
    if is_missing(account[key], ctx.markers) then account[key] = nil end
  end
  if type(account.aes_key) == "table" then -- a list during rotation
    local keys = {}
    for _, key in ipairs(account.aes_key) do
      if not ctx.markers[key] then keys[#keys + 1] = key else ctx.markers[key].fed = true end
    end
    account.aes_key = keys[1] and keys or nil
  end
  account.appid = account.appid or "wx" .. made_up("appid", id, 16)
  account.secret = account.secret or made_up("secret", id, 32, seed)
  account.token = account.token or made_up("token", id, 24, seed)
  if not account.aes_key and (had_key or wants_key(account)) then account.aes_key = made_up("aes_key", id, 43, seed) end
end

-- Accounts whose urls have told them apart are all at one address now.
local function own_path(account, id, taken)
  local path = type(account.path) == "string" and account.path or PATH
  if taken[path] then path = "/" .. id .. path end
  taken[path] = true
  account.path = path
end

local function fill_account(account, i, several, ctx, setup, taken)
  local id = type(account.id) == "string" and account.id or several and "account" .. i or "default"
  fill_secrets(account, id, ctx, setup.seed)
  put_in(account, ctx, nil, {})
  own_path(account, id, taken)
  account.url = several and setup.url .. "/" .. id or setup.url -- where the pages of several are told apart
  account.api, account.open, account.mp = setup.base, setup.base, setup.base
  account.jweixin = setup.base .. "/jweixin.js"
  if type(account.access_token) == "table" then account.access_token = nil end
end

-- Written once, changed here: the file may use one table for several accounts.
local function copies(list)
  local out = {}
  for i, one in ipairs(list) do
    out[i] = one
    if type(one) == "table" then
      out[i] = {}
      for key, value in pairs(one) do out[i][key] = value end
    end
  end
  return out
end

-- What is the server's own business: its addresses, where it logs to, who is asked for tokens.
local SERVERS <const> = { "token_server", "hosts", "proxies" }

---@param raw table what weiyue.lua has returned; changed
---@param ctx table of config/init.lua: markers, report
---@param setup weiyue.sandbox.Setup
function M.fill(raw, ctx, setup)
  local accounts = raw.accounts
  if type(accounts) == "table" and not ctx.markers[accounts] then accounts = copies(accounts) end
  if accounts == nil or type(accounts) == "table" and #accounts == 0 and next(accounts) == nil then
    accounts = { { id = "demo", kind = "service", verified = true } }
  end
  raw.accounts = accounts
  local taken = {}
  for i, account in ipairs(type(accounts) == "table" and accounts or {}) do
    if type(account) == "table" then fill_account(account, i, #accounts > 1, ctx, setup, taken) end
  end
  put_in(type(raw.plugins) == "table" and raw.plugins or {}, ctx, of_plugin(ctx), {})
  put_in(raw, ctx, nil, {})
  for _, key in ipairs(SERVERS) do raw[key] = nil end
  if setup.look then setup.look(raw) end
  raw.listen, raw.admin, raw.workers, raw.hosts = setup.listen, false, 1, setup.any and "any" or nil
  if type(raw.log) == "table" then raw.log.file, raw.log.format = nil, nil end
  if type(raw.reload) == "table" then raw.reload.canary = nil end
  raw.state = (type(raw.state) == "string" and raw.state or STATE) .. "/sandbox"
  raw.store = setup.store or "sqlite:" .. raw.state .. "/sandbox.db"
end

-- --- for the sandbox ---

--- The accounts of a configuration as the fake WeChat knows them, and what pushes to them need.
---@param path string of weiyue.lua
---@param setup weiyue.sandbox.Setup
---@return table[]? accounts nil: the file has errors
function M.accounts(path, setup)
  local conf = require("weiyue.config").load(path, { sandbox = setup })
  if not conf then return nil end
  local list = {}
  for i, account in ipairs(conf.accounts) do
    list[i] = {
      id = account.id, appid = account.appid, secret = account.secret, token = account.token, aes_key = account.aes_key,
      mode = account.mode, kind = account.kind, verified = account.verified, can = account.can,
      username = account.username or "gh_" .. made_up("username", account.id, 19):sub(8), path = account.path,
      authorizers = account.authorizers, push = setup.url .. account.path,
    }
  end
  return list
end

--- What `weiyue sandbox` must know before it chooses addresses: the port of `listen`, the state folder.
---@param path string
---@return string port empty: none is said
---@return string state
function M.prepare(path)
  local wanted
  local setup = {
    base = "http://127.0.0.1:1", url = "http://127.0.0.1:1", listen = "127.0.0.1:1",
    look = function(raw) wanted = raw.listen end,
  }
  local conf = require("weiyue.config").load(path, { sandbox = setup })
  local port = type(wanted) == "string" and wanted:match ":(%d+)$" or ""
  local folder = path:match "^(.*)/[^/]*$" or ""
  local state = conf and conf.state or STATE .. "/sandbox"
  return port, (state:find "^/" or folder == "") and state or folder .. "/" .. state
end

-- What the phone may send is larger than a page's form; a stream of events has no end, and a push may hang on to a
-- slow plugin as long as WeChat waits.
local OWN <const> = [[
return {
  listen = %q, hosts = %q, admin = false, store = "memory", state = %q,
  reload = { watch = false }, log = { level = "error" },
  limits = { upload = 22020096, json = 22020096, wall = 300, lua_memory = 268435456 },
  plugins = { sandbox = { path = "weiyue:sandbox", config = { setup = %q, path = %q, state = %q } } },
  accounts = { { id = "wechat", url = %q, path = "/-/none", token = "sandbox", kind = "service" } },
}
]]

--- The configuration of the sandbox's own host.
---@param listen string
---@param state string the state folder of the other host
---@param setup string JSON of a weiyue.sandbox.Setup
---@param path string of weiyue.lua
---@return string
function M.own(listen, state, setup, path)
  local decoded = require("weiyue_core").json.decode(setup)
  local base = decoded.base
  return OWN:format(listen, decoded.any and "any" or "auto", state .. "/wechat", setup, path, state, base)
end

return M
