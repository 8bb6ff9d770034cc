-- What those files of weiyue have in common that keep something in the host's store: keys, times, errors.

local core = require "weiyue_core"

local M = {}

local LONGEST <const> = 366 * 86400 -- seconds
M.KEY_MAX = 1024

local Fault <const> = { __tostring = function(err) return err.message end, __metatable = "weiyue.Error" }

local AGAIN <const> = { "稍后再试", "try again later" }

--- An error as a plugin gets it.
---@param code string
---@param message string
---@param hint? { [1]: string, [2]: string } what to do, in Chinese and English
---@return weiyue.Error
function M.fault(code, message, hint)
  hint = hint or AGAIN
  return setmetatable({ code = code, message = message, hint = hint[1], hint_en = hint[2] }, Fault)
end

--- The host's store, or nil and why there is none.
---@return weiyue.kv? kv
---@return weiyue.Error? err
function M.kv()
  local kv = require("weiyue.kv").object()
  if not kv then
    return nil, M.fault("store.closed", "this host has no store",
      { "只有宿主里才有存储", "there is a store only where a host serves" })
  end
  return kv
end

--- Gives a lock back. A task that is stopped cannot wait: then nobody hears what became of it.
---@async
---@return boolean? held
---@return weiyue.Error? err
function M.unlock(kv, name, fence)
  local over = false
  local _ <close> = setmetatable({}, { __close = function()
    if not over then kv:release(name, fence) end
  end })
  local held, err = kv:unlock(name, fence)
  over = true
  return held, err
end

-- Tables ----------------------------------------------------------------------------------------------

local WRITE <const>, READ <const> = { floats = true }, { depth = 512 }

--- A table as it is kept. One that could not be read again is refused: JSON is read without NUL.
---@param value table
---@return string? text, string? err
function M.encode(value)
  local text, err = core.json.encode(value, WRITE)
  if text and text:find("\\u0000", 1, true) and core.json.decode(text, READ) == nil then
    return nil, "a text in it has a NUL byte"
  end
  return text, err
end

--- What M.encode was given; nil: it is nothing of its.
---@param text string
---@return any value
function M.decode(text) return (core.json.decode(text, READ)) end

-- Misuse ----------------------------------------------------------------------------------------------

local ours = { [debug.getinfo(1, "S").source] = true }

--- What is raised in functions of this source is the fault of who called it.
---@param source string
function M.is_ours(source) ours[source] = true end

--- Raises, with the plugin's line in front.
---@param text string
function M.misuse(text)
  for level = 2, 20 do
    local info = debug.getinfo(level, "Sl")
    if not info then break end
    if info.currentline > 0 and not ours[info.source] and info.source:sub(1, 8) ~= "=[weiyue" then
      error(("%s:%d: %s"):format(info.short_src, info.currentline, text), 0)
    end
  end
  error(text, 0)
end

-- Keys ------------------------------------------------------------------------------------------------

local ESCAPED <const> = { ["%"] = "%25", ["/"] = "%2F" }

--- One component of a key.
---@param text string
---@return string
function M.escape(text)
  if not (text:find("%", 1, true) or text:find("/", 1, true)) then return text end
  return (text:gsub("[%%/]", ESCAPED))
end

--- What M.escape was given.
---@param part string
---@return string
function M.unescape(part)
  return (part:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

--- A key of these components.
---@param ... string
---@return string
function M.key(...)
  local parts = { ... }
  for i, part in ipairs(parts) do parts[i] = M.escape(part) end
  return table.concat(parts, "/")
end

--- What all that is kept of a user begins with: to forget him is to delete that.
---@param account_id string
---@param openid string
---@return string
function M.user(account_id, openid) return ("u/%s/%s/"):format(M.escape(account_id), M.escape(openid)) end

--- The same of a browser whose user is not known.
---@param account_id string
---@param id string letters and digits
---@return string
function M.visitor(account_id, id) return "u/" .. M.escape(account_id) .. "/visitor:" .. id .. "/" end

-- Forgetting ------------------------------------------------------------------------------------------

local MARKED <const> = 3600000 -- ms: longer than a handler lives, with a question that waits
local APART <const> = 60       -- seconds that the clocks of machines may differ

-- Who it is, it does not show.
local function mark_key(account_id, openid)
  return M.key("g", account_id, core.crypto.sha256(M.user(account_id, openid), "hex"))
end

--- A mark that a user is forgotten, before anything of his is deleted. Who writes something of his that an older
--- handler or call has got looks at the mark before and after: where it has changed, it goes again.
---@async
---@return true? ok, weiyue.Error? err
function M.mark(kv, account_id, openid)
  local value = ("%d %s"):format(math.floor(core.time.now()), core.crypto.random_string(12))
  return kv:set(mark_key(account_id, openid), value, MARKED)
end

--- His mark, which is another each time; nil: he was not forgotten in the last hour.
---@async
---@return string? mark, weiyue.Error? err
function M.marked(kv, account_id, openid) return kv:get(mark_key(account_id, openid)) end

--- Whether this mark is certainly older than `began`.
---@param mark string
---@param began number seconds, of the wall clock
function M.is_before(mark, began) return tonumber(mark:match "^%d+") < began - APART end

-- Times -----------------------------------------------------------------------------------------------

--- Milliseconds of a plugin's ttl; nil: none.
---@param method string for messages
---@param d? number|string
---@return integer?
function M.ms(method, d)
  if d == nil then return nil end
  local kind = type(d)
  local seconds, err
  if kind ~= "number" and kind ~= "string" then
    err = "a time is a number of seconds or a text such as \"5m\", not " .. kind
  else
    seconds, err = core.time.duration(d)
    if seconds and not (seconds > 0 and seconds <= LONGEST) then err = "a time is more than 0 and at most a year" end
  end
  if err then M.misuse(("%s: %s"):format(method, err)) end
  return math.ceil(seconds * 1000)
end

return M
