-- Every row of the catalogue against the fake WeChat: what a client sends is understood, and answered by the row.

local catalogue = require "weiyue.api.catalogue"
local errcodes = require "weiyue.errcodes"
local json = require "weiyue.json"
local more = require "spec.support.sandbox_rows_more"
local rows = require "spec.support.sandbox_rows"
local sample = require "weiyue.api.sample"
local sandbox = require "spec.support.sandbox_world"

-- Files are data here: nothing is read.
local function arguments(row, nth)
  local args = sample.arguments(row, nth)
  for _, field in ipairs(row.body or {}) do
    if field.type == "file" and args[field.name] then args[field.name] = { data = "\xFF\xD8\xFF wxtest", filename = "a.jpg" } end
  end
  return args
end

-- A sandbox in which the nth made-up arguments mean something, and these.
local function prepared(row, nth)
  local s, args = sandbox.new(), arguments(row, nth)
  local prepare = rows.prepare[row.key]
  if not prepare and nth == 1 then prepare = more.prepare[row.key] or more.families[row.family] end
  if prepare then prepare(s, args, row.name) end
  return s, args
end

local function each(fn)
  catalogue.each(function(row)
    if row.reply ~= "redirect" then fn(row) end
  end)
end

local function is_stateless(s) return s.response.headers["x-weiyue-sandbox"] == "stateless" end

local function has_default(field) return field.default and field.values and #field.values > 1 end

-- Copies of a table without one of its members: each with the path of what it lacks, where the row needs it.
local function lacking(fields, value, path, list)
  local function without(...) list[#list + 1] = { path = path, names = { ... }, name = table.concat({ ... }, "|") } end
  for _, one in ipairs(fields) do
    if one.choice and not one.optional then
      local names = {}
      for _, alternative in ipairs(one.choice) do
        for _, field in ipairs(alternative) do names[#names + 1] = field.name end
      end
      without(table.unpack(names))
    end
    if one.switch then
      if value[one.switch] ~= nil and not one.optional then without(one.switch) end
    elseif not one.choice and not one.optional and value[one.name] ~= nil and not has_default(one) then
      without(one.name)
      if one.fields and #one.fields > 0 and type(value[one.name]) == "table" then
        local inner = table.move(path, 1, #path, 1, {})
        inner[#inner + 1] = one.name
        lacking(one.fields, value[one.name], inner, list)
      end
    end
  end
  return list
end

local function remove(body, one)
  for _, name in ipairs(one.path) do body = body[name] end
  for _, name in ipairs(one.names) do body[name] = nil end
end

-- The requests of a row that lack one thing each.
local function requests(row, wire)
  local list = {}
  for _, one in ipairs(lacking(row.query or {}, wire.query, {}, {})) do
    list[#list + 1] = { one.name, function(w)
      remove(w.query, one)
      local body = row.content == "json" and w.body and json.decode(w.body) -- some rows have a value in both
      if body then
        remove(body, one)
        w.body = json.encode(body)
      end
    end }
  end
  if row.content == "json" and wire.body then
    for _, one in ipairs(lacking(row.body, json.decode(wire.body), {}, {})) do
      list[#list + 1] = { one.name, function(w)
        local body = json.decode(w.body)
        remove(body, one)
        w.body = json.encode(body)
        if #one.path == 0 then remove(w.query, one) end
      end }
    end
  elseif row.content == "multipart" or row.content == "bytes" then
    if row.body[1] and not row.body[1].optional then
      list[#list + 1] = { row.body[1].name, function(w) w.body, w.headers = "", {} end }
    end
  end
  return list
end

local function errcode_of(response)
  local reply = json.decode(response.body, { lenient = true })
  return type(reply) == "table" and (reply.errcode or 0) or response.status ~= 200 and response.status or 0
end

describe("the fake WeChat", function()
  it("understands every row with each of its alternatives", function()
    local calls, stateless, bad = 0, 0, {}
    each(function(row)
      for nth = 1, sample.count(row) do
        local s, args = prepared(row, nth)
        local ok, err = s:call(row.key, args)
        calls = calls + 1
        if is_stateless(s) then stateless = stateless + 1 end
        local off = rows.off[row.key] or more.off[row.key]
        local must = rows.families[row.family] or is_stateless(s) or (nth == 1 and not more.elsewhere[row.key])
        if off then
          assert.equal(off, err.code)
        elseif not ok and must then
          bad[#bad + 1] = ("%s (%d): %s"):format(row.key, nth, tostring(err))
        elseif not ok and not (math.type(err.code) == "integer" and (errcodes.of(err.code) and err.rid or err.code == -1)) then
          bad[#bad + 1] = ("%s (%d): no code of WeChat's: %s"):format(row.key, nth, tostring(err))
        end
      end
    end)
    assert.same({}, bad)
    assert.is_true(calls > 1300, calls)
    assert.is_true(stateless > 500, stateless)
  end)

  it("has specs for the rows that take more than one call to prepare", function()
    local text = {}
    for _, name in ipairs { "invoice", "card", "component", "others" } do
      local file = assert(io.open(("spec/lua/sandbox/%s_spec.lua"):format(name)))
      text[#text + 1] = file:read "a"
      file:close()
    end
    text = table.concat(text)
    for key in pairs(more.elsewhere) do assert.is_truthy(text:find('"' .. key .. '"', 1, true), key) end
  end)

  it("refuses each row without each of the fields that it needs", function()
    local tried, bad = 0, {}
    each(function(row)
      local s, args = prepared(row, 1)
      if rows.off[row.key] or more.off[row.key] or not s:call(row.key, args) then return end
      for i = 1, 99 do
        s, args = prepared(row, 1)
        local wire = s:request(row.key, args)
        local one = requests(row, wire)[i]
        if not one then break end
        one[2](wire)
        tried = tried + 1
        if errcode_of(s:send(wire)) == 0 then bad[#bad + 1] = row.key .. " without " .. one[1] end
      end
    end)
    assert.same({}, bad)
    assert.is_true(tried > 800, tried)
  end)

  it("wants a token for each row that has one", function()
    each(function(row)
      if not row.token then return end
      local s, args = prepared(row, 1)
      local wire = s:request(row.key, args)
      wire.query[row.token] = nil
      assert.equal(row.auth == "access_token" and 41001 or 41021, errcode_of(s:send(wire)), row.key)
      wire.query[row.token] = "wxtest-no-token"
      assert.equal(40001, errcode_of(s:send(wire)), row.key)
    end)
  end)

  it("tells a wrong method, and a path that is not there", function()
    local s = sandbox.new()
    assert.equal(43002, errcode_of(s:send { method = "GET", path = "/cgi-bin/menu/create", query = {} }))
    assert.equal(43001, errcode_of(s:send { method = "POST", path = "/cgi-bin/menu/get", query = {}, body = "{}" }))
    assert.equal(40066, errcode_of(s:send { method = "GET", path = "/cgi-bin/menu/made", query = {} }))
    assert.equal(40066, errcode_of(s:send { method = "GET", path = "/connect/oauth2/authorize", query = {} }))
  end)
end)
