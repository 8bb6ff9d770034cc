-- The templates of an account. While none was ever added, any template_id is taken: a plugin's ids come from WeChat's
-- console, which the sandbox does not have. world:add_template(appid, {template_id, title, content}) adds one.

local ids = require "weiyue.sandbox.ids"
local keywords = require "weiyue.sandbox.keywords"

local M = {}

--- The list of a kind: "template" or "subscribe".
function M.state(world, account, kind)
  return world:state(account, kind, function() return { list = {}, by_id = {} } end)
end

--- Adds a template.
---@param own { template_id: string?, title: string?, content: string?, example: string? }
---@return table template
function M.add(world, account, kind, own)
  local state = M.state(world, account, kind)
  local template = {}
  for key, value in pairs(own) do template[key] = value end
  template.template_id = own.template_id or ids.text(world.random, 43)
  template.title, template.content = own.title or "", own.content or ""
  template.names = own.content and keywords.names(own.content) or nil
  table.insert(state.list, template)
  state.by_id[template.template_id], state.is_known = template, true
  return template
end

---@return boolean was_there
function M.remove(world, account, kind, template_id)
  local state = M.state(world, account, kind)
  if not state.by_id[template_id] then return false end
  state.by_id[template_id] = nil
  for i, template in ipairs(state.list) do
    if template.template_id == template_id then
      table.remove(state.list, i)
      break
    end
  end
  return true
end

--- The template of an id; one without content where none is known at all.
---@return table? template nil: 40037
function M.find(world, account, kind, template_id)
  local state = M.state(world, account, kind)
  return state.by_id[template_id] or (not state.is_known and { template_id = template_id, title = "" }) or nil
end

return M
