-- What a host does with its state folder, for C, which gives and takes texts: the last good generations,
-- and what a start finds there. Each function runs in a state of its own, on any thread.

local core = require "weiyue_core"
local lastgood = require "weiyue.lastgood"

local json = core.json

local M = {}

-- The state folder of a configuration, also of one that has errors: then it is where it is by default.
local function state_of(path, folder)
  local conf = path ~= "" and require "weiyue.config".load(path)
  local state = conf and conf.state or ".weiyue"
  return (state:find "^/" or folder == "") and state or folder .. "/" .. state
end

--- What a start should know: where the state folder is, whether a rollback is pinned, the highest number.
---@param path string of weiyue.lua; empty: it came as a text
---@param folder string
---@return string json {"state":…,"pinned":…,"number":…}
function M.look(path, folder)
  local state, number = state_of(path, folder), 0
  for _, info in ipairs(lastgood.list(state)) do number = math.max(number, info.number) end
  return json.encode { state = state, pinned = lastgood.pinned(state), number = number }
end

--- A generation that is kept.
---@param state string
---@param back string how many promotions ago it was current
---@param path string of the configuration; empty: it came as a text
---@return string? snapshot JSON of a weiyue.Snapshot
---@return string number or, where there is none, why
function M.kept(state, back, path)
  local snapshot, info = lastgood.current(state, tonumber(back))
  if not snapshot then return nil, tostring(info) end
  if path ~= "" and not snapshot.files[path] then return nil, "what is kept is of another configuration" end
  return json.encode(snapshot), tostring(info.number)
end

--- Keeps a promoted generation; what was pinned is so no more.
---@return string? number
---@return string? err
function M.keep(state, snapshot, number, config)
  local sources = json.decode(snapshot or "")
  if not sources then return nil, "its sources cannot be written: is the path of a file not UTF-8?" end
  local kept, err = lastgood.keep(state, sources, { number = tonumber(number), config = config })
  if not kept then return nil, err end
  local ok
  ok, err = lastgood.pin(state, false)
  return ok and tostring(kept) or nil, err
end

--- After a rollback: this generation is the current one, and restarts stay with it.
---@return string?
---@return string? err
function M.pin(state, number)
  local ok, err = true, nil
  if number ~= "" then ok, err = lastgood.point(state, tonumber(number)) end
  if ok then ok, err = lastgood.pin(state, true) end
  return ok and "" or nil, err
end

return M
