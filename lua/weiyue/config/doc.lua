-- Writes the README's table of configuration keys from schema.lua.

local check = require "weiyue.config.check"
local schema = require "weiyue.config.schema"

local M = {}

local TEXT <const> = {
  zh = { head = { "键", "类型", "默认", "含义" }, later = "（本版本尚未实现）",
    names = "；默认的文字随 %s 而变", required = "必填" },
  en = { head = { "key", "type", "default", "meaning" }, later = " (not in this build)",
    names = "; its default follows %s", required = "required" },
}

local function literal(value)
  if type(value) == "string" then return '"' .. value .. '"' end
  if type(value) ~= "table" then return tostring(value) end
  local items = {}
  for i, item in ipairs(value) do items[i] = literal(item) end
  return #items == 0 and "{}" or "{ " .. table.concat(items, ", ") .. " }"
end

local function default_text(node, lang)
  if node.required then return TEXT[lang].required end
  if node.default_text then return node.default_text[lang] end
  if node.default == nil then return "" end
  return "`" .. literal(node.default) .. "`"
end

local function meaning(node, lang)
  local text = node[lang]
  if node.names then text = text .. TEXT[lang].names:format(node.names) end
  if node.built == false then return text .. TEXT[lang].later end
  return text
end

local function cell(text)
  return (text:gsub("|", "\\|"))
end

---Every key in the order of the schema: the path of the key and its node.
---@return { path: string, node: table }[]
function M.keys()
  local keys = {}
  local function visit(fields, prefix)
    for _, node in ipairs(fields) do
      local path = prefix .. node.key
      if not node.hidden then keys[#keys + 1] = { path = path, node = node } end
      if node.fields then visit(node.fields, path .. ".") end
      if node.item and node.item.fields then visit(node.item.fields, path .. "[].") end
      if node.named then visit(node.named.by.table.fields, path .. ".NAME.") end
      if node.by and node.by.table and node.by.table.fields then visit(node.by.table.fields, path .. ".") end
    end
  end
  visit(schema.fields, "")
  return keys
end

---The table of every key, as Markdown: what works first, then what is not in this build.
---@param lang "zh"|"en"
---@return string
function M.markdown(lang)
  local text = TEXT[lang] or error("lang must be \"zh\" or \"en\"", 2)
  local lines = { "| " .. table.concat(text.head, " | ") .. " |", "|---|---|---|---|" }
  local later = {}
  for _, key in ipairs(M.keys()) do
    local node = key.node
    local rows = node.built == false and later or lines
    rows[#rows + 1] = ("| `%s` | %s | %s | %s |"):format(key.path, cell(check.want(node, lang)),
      cell(default_text(node, lang)), cell(meaning(node, lang)))
  end
  table.move(later, 1, #later, #lines + 1, lines)
  return table.concat(lines, "\n") .. "\n"
end

return M
