-- The endpoints as spec/facts has them: wechat-api.tsv, read with spec/facts/api_reading.lua. From this spec/api_rows
-- writes lua/weiyue/api, and specs hold what the program does against it.

local facts = require "spec.support.facts"
local notation = require "weiyue.api.notation"
local reading = dofile "spec/facts/api_reading.lua"

local M = {}

-- The parts of a note between semicolons; one in brackets divides nothing.
local function clauses(note)
  local list, depth, from = {}, 0, 1
  for i = 1, #note + 1 do
    local c = note:sub(i, i)
    if c:find "[%(%[{]" then depth = depth + 1
    elseif c:find "[%)%]}]" then depth = depth - 1
    elseif (c == ";" and depth <= 0) or c == "" then
      list[#list + 1] = note:sub(from, i - 1):match "^%s*(.-)%s*$"
      from = i + 1
    end
  end
  return list
end

-- How the table came about is nothing for who uses it.
local HISTORY <const> = { "[Ss]eeds? ?%-?%d*", "peer", "SDK", "WxJava", "Senparc", "not in the seeds" }

local function is_history(clause)
  if clause:find "JS%-SDK" then return false end
  for _, pattern in ipairs(HISTORY) do
    if clause:find(pattern) then return true end
  end
  return false
end

-- list[a,b] → list[]{a, b}
local function tidy(fields)
  fields = fields:gsub("%s*,%s*", ", "):gsub("%s*%(%+optional%)", ", ..."):gsub("([{ ])%.%.}", "%1...}")
  repeat
    local n
    fields, n = fields:gsub("%[([%a_][^%[%]{}]*)%]", "[]{%1}")
    local also
    fields, also = fields:gsub("%[([%a_][^%[%]]*%b[]{?[^%[%]]*)%]", "[]{%1}")
  until n + also == 0
  return fields
end

local READS <const> = { "^get", "_get$", "_get_", "^list", "_list$", "_list_", "^query", "_query", "^count$", "^info$", "batch_get",
                        "^batch_info$", "_temp_info$", "search$", "^search_", "^fetch$", "^try_match$", "status$", "^status$", "^check$" }
local NO_READS <const> = { ["wxa_user.get_phone_number"] = true, ["component.query_auth"] = true,
                           ["redpacket_cover.get_authorize_url"] = true, ["wxa_code.change_visit_status"] = true,
                           ["wxa_account.change_search_status"] = true, ["scan_product_old.mod_status"] = true,
                           ["merchant.mod_status"] = true, ["invoice.update_status"] = true, ["component.get_token"] = true,
                           ["invoice.update_invoice_status"] = true, ["guide.get_chat_record"] = false }

-- May it be sent a second time when nobody knows whether the first one arrived?
local function is_idempotent(key, row, own)
  if own.idempotent ~= nil then return own.idempotent end
  if row.method == "GET" or row.family == "datacube" then return true end
  if NO_READS[key] then return false end
  for _, pattern in ipairs(READS) do
    if row.name:find(pattern) then return true end
  end
  return false
end

local CONTENT <const> = { json = "json", none = "none", raw = "bytes" }

-- Parameters that the account has: of a component everywhere.
local function with_defaults(fields)
  if fields:find("@component_appid", 1, true) then return fields end
  return (fields:gsub("%f[%w_]component_appid%f[^%w_]([^=])", "component_appid=@component_appid%1")
    :gsub("%f[%w_]component_appid$", "component_appid=@component_appid"))
end

--- Every row: what the table says, and what the program's row should be (in `own`).
---@return table[] rows { family, name, key, method, host, path, query, body, response, seed, note, auth, own }
function M.rows()
  local rows = facts.rows "wechat-api.tsv"
  for _, row in ipairs(rows) do
    row.key = row.family .. "." .. row.name
    local read = reading[row.key] or {}
    local own, words = { row.name, row.method, row.path }, {}
    for _, clause in ipairs(clauses(row.note)) do
      if clause:find "^auth=" then row.auth = clause:sub(6)
      elseif clause:find "^body: " then row.fields = clause:sub(7)
      elseif clause:find "#wechat_redirect" then -- the row's fragment tells it
        local rest = clause:gsub(",? ends in #.*", ""):gsub("^fragment #.*", ""):gsub(",? ?#.*", "")
        if rest ~= "" then words[#words + 1] = rest end
      elseif clause ~= "" and clause ~= "no fields" and not is_history(clause) then words[#words + 1] = clause end
    end
    if row.response == "redirect" then own.fragment = row.note:find "#wechat_redirect" and "wechat_redirect" or nil end
    own.host = row.host ~= "" and row.host or nil
    own.auth = row.auth ~= "access_token" and row.auth or nil
    own.token = read.token
    local query = read.query or row.query:gsub("&", ", ")
    own.query = query ~= "" and with_defaults(query) or nil
    local content = CONTENT[row.body] or row.body:match "^multipart" or error("no such body: " .. row.body)
    if content ~= (row.method == "GET" and "none" or "json") then own.content = content end
    if content == "multipart" then
      own.body = read.body or error(row.key .. " needs a reading of its body")
    elseif content ~= "none" then
      own.body = with_defaults(read.body or tidy(row.fields or ""))
    end
    own.needs, own.empty = read.needs, read.empty
    own.reply = row.response == "redirect" and "redirect" or row.response:find "binary" and "bytes" or nil
    local idempotent = is_idempotent(row.key, row, read)
    if idempotent ~= (row.method == "GET") then own.idempotent = idempotent end
    own.note = read.note or table.concat(words, "; ")
    if own.note == "" then own.note = nil end
    row.own, row.read = own, read
  end
  return rows
end

--- Rows whose fields are no notation: { key, err }.
---@param rows table[]
function M.unread(rows)
  local list = {}
  for _, row in ipairs(rows) do
    for _, text in ipairs { row.own.query or "", row.own.body or "" } do
      local ok, err = notation.read(text)
      if not ok then list[#list + 1] = { row = row, key = row.key, err = err } end
    end
    if row.body == "json" and not row.fields and not row.read.body then
      list[#list + 1] = { row = row, key = row.key, err = "the note has no fields" }
    end
  end
  return list
end

return M
