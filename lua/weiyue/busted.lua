-- Runs busted in this state, inside the calling task, so that `it` bodies may wait. For `weiyue test`.

local M = {}

---Runs busted's own runner with these arguments.
---@async
---@param ... string  as on busted's command line
---@return integer status  0: every spec passed
function M.run(...)
  local found, runner = pcall(require, "busted.runner")
  if not found then
    -- another error than its absence (a broken dependency, say) is shown as it is
    if not tostring(runner):find("module 'busted.runner' not found", 1, true) then error(runner, 0) end
    io.stderr:write("weiyue: busted is missing: apt-get install lua-busted"
      .. " / 没有 busted：apt-get install lua-busted\n")
    return 1
  end

  -- The runner ends with os.exit, which would take the host with it: here it only leaves the runner.
  local exit <const> = {}
  local real_exit, real_arg = os.exit, rawget(_G, "arg")
  os.exit = function(code) -- luacheck: ignore 122
    exit.status = (code == nil or code == true) and 0 or math.tointeger(code) or 1
    error(exit, 0)
  end
  _G.arg = { [0] = "weiyue test", ... }
  local ok, err = pcall(runner, { standalone = false })
  os.exit, _G.arg = real_exit, real_arg -- luacheck: ignore 122
  if ok then return 0 end
  if err == exit then return exit.status end
  error(err, 0)
end

return M
