-- wx.all and wx.race: several functions at a time, each in a task of its own, for one that waits.

local signal = require "weiyue.signal"

local M = {}

local LONGEST <const> = 3600 -- seconds of one wait; the task's own limit ends it before

local function check(what, functions)
  if type(functions) ~= "table" then error(what .. " wants a table of functions", 4) end
  local n = 0
  for key, fn in pairs(functions) do
    n = n + 1
    if type(fn) ~= "function" then
      error(("%s: [%s] is no function but a %s"):format(what, tostring(key), type(fn)), 4)
    end
  end
  if n == 0 then error(what .. " wants a function at least", 4) end
  return n
end

local function cancel(run)
  run.over = true
  for _, one in ipairs(run.started) do one:cancel() end
end

-- What runs for one caller: what is left when he goes on, or is stopped, is cancelled.
local function new_run()
  return setmetatable({ over = false, woken = signal.new(), started = {} }, { __close = cancel })
end

-- Starts all of them, and waits until `ended(key, ok, value, err)`, which is told of each that ends, says that it
-- is over.
local function go(run, scope, what, functions, ended)
  local function body(key, fn)
    if run.over then return end
    local ok, value, err = false, "it was stopped; the log says why", nil
    local _ <close> = setmetatable({}, { __close = function() -- also where a limit ends it
      if run.over then return end
      run.over = ended(key, ok, value, err)
      if run.over then run.woken:wake() end
    end })
    ok, value, err = pcall(fn)
  end
  for key, fn in pairs(functions) do run.started[#run.started + 1] = scope:start(what, body, key, fn) end
  while not run.over do run.woken:wait(LONGEST) end
end

-- What one of them has raised, as the caller's own error; it has its place in it already.
local function raise(what, key, value)
  if type(value) == "string" then value = ("%s [%s]: %s"):format(what, tostring(key), value) end
  error(value, 0)
end

--- Runs all of them and waits for the last one.
---@async
---@param scope table whose tasks they are
---@param functions table<any, async fun(): any, any>
---@return table<any, any> results by key: the first result of each
---@return table<any, any>? errors by key: the second result of those whose first one is nil
function M.all(scope, functions)
  local left = check("wx.all", functions)
  local results, errors, failed = {}, nil, nil
  local run <close> = new_run()
  go(run, scope, "wx.all", functions, function(key, ok, value, err)
    left = left - 1
    if not ok then
      failed = failed or { key, value }
    elseif value ~= nil then
      results[key] = value
    elseif err ~= nil then
      errors = errors or {}
      errors[key] = err
    end
    return left == 0 or failed ~= nil
  end)
  if failed then raise("wx.all", failed[1], failed[2]) end
  return results, errors
end

--- Runs all of them until the first one ends.
---@async
---@param scope table
---@param functions table<any, async fun(): any, any>
---@return any value, any err its first two results
---@return any key which of them it was
function M.race(scope, functions)
  check("wx.race", functions)
  local winner
  local run <close> = new_run()
  go(run, scope, "wx.race", functions, function(...)
    winner = { ... }
    return true
  end)
  local key, ok, value, err = table.unpack(winner, 1, 4)
  if not ok then raise("wx.race", key, value) end
  return value, err, key
end

return M
