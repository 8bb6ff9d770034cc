-- Calls of Lua's library with made-up arguments, and what comes of each: for a comparison of the functions that
-- weiyue replaces with Lua's own. Run by a stock lua5.4 it prints them: `lua5.4 spec/support/library_cases.lua`.

local M = {}

local KINDS <const> = {
  "a", "b", "c", "x", ".", "%a", "%d", "%s", "%w", "%p", "%A", "%W", "%.", "%%", "[ab]", "[^ab]", "[a-c]", "[%a_]",
  "[]]", "[^]]", "[a-]", "[%a-z]", "[%]]", "%bab", "%f[a]", "%f[%A]", "%1", "%2", "()", "(", ")", "%x", "%l", "%g", "%c",
  "^", "$", "[", "]", "%", "-", "*", "+", "?", "\0", "[\0-\31]", "%b()", "[^%s]", "%0", "%9", "%z", "é",
}
local REPEATS <const> = { "", "", "", "*", "+", "-", "?" }
local LETTERS <const> = { "a", "b", "c", "x", " ", ".", "(", ")", "1", "_", "\0", "\n", "A", "é", "%", "ab", "aab" }
local NEWS <const> = { "", "<%0>", "%1", "%2%1", "%%", "x", "%", "%a", "%9" }
local ROUNDS <const> = 20000

local function seeded(seed)
  local n = seed
  return function(max) -- a generator of its own: a failure can be had again
    n = (n * 1103515245 + 12345) & 0x7FFFFFFF
    return (n >> 8) % max + 1
  end
end

local function pick(random, list) return list[random(#list)] end

local function pattern(random)
  local parts = { random(8) == 1 and "^" or "" }
  for i = 2, random(6) + 1 do
    if random(4) == 1 then
      parts[i] = "(" .. pick(random, KINDS) .. pick(random, REPEATS) .. ")"
    else
      parts[i] = pick(random, KINDS) .. pick(random, REPEATS)
    end
  end
  return table.concat(parts) .. (random(8) == 1 and "$" or "")
end

local function subject(random)
  local parts = {}
  for i = 1, random(12) - 1 do parts[i] = pick(random, LETTERS) end
  return table.concat(parts)
end

-- What a call gives, or the error without its place.
local function outcome(f, ...)
  local got = table.pack(pcall(f, ...))
  for i = 1, got.n do got[i] = type(got[i]) .. ":" .. tostring(got[i]) end
  local text = table.concat(got, "|"):gsub("0x%x+", ""):gsub("%./spec", "spec")
  text = text:gsub("to '[%w%.]-([%w_]+)'", "to '%1'"):gsub("loadstring", "load") -- any name that the function has
  return (text:gsub("#1 to 'remove'", "#2 to 'remove'")) -- 5.4.4 names the wrong one
end


-- Arguments as text.
local function show(value)
  if type(value) == "string" then return ("%q"):format(value) end
  if type(value) ~= "table" then return (tostring(value):gsub("0x%x+", "")) end
  local parts = {}
  for k, v in pairs(value) do parts[#parts + 1] = ("%s=%s"):format(tostring(k), (tostring(v):gsub("0x%x+", ""))) end
  table.sort(parts)
  return "{" .. table.concat(parts, " ") .. "}"
end

local function add(lines, name, f, ...)
  local arguments, shown = table.pack(...), {}
  for i = 1, arguments.n do shown[i] = show(arguments[i]) end
  -- Lua names the function by any module that has it, in no order
  local got = outcome(f, ...):gsub("(bad argument #%d+ to )'[%w_.]+'", "%1it")
  local first = arguments[1] -- as it is now
  lines[#lines + 1] = ("%s(%s) %s %s"):format(name, table.concat(shown, ", "), got,
    type(first) == "table" and show(first) or ""):gsub("\n", "\\n")
end

-- All matches, as one text.
local function gmatch(...)
  local all, n = {}, 0
  for a, b, c in string.gmatch(...) do
    n = n + 1
    all[n] = ("%s,%s,%s"):format(tostring(a), tostring(b), tostring(c))
    if n > 100 then break end
  end
  return table.concat(all, ";")
end

local NEW <const> = {
  ["function"] = function(a, b) return b or a ~= "a" and a end,
  table = setmetatable({ a = "A", b = false }, { __index = string.rep }),
}

--- string.find, match and gmatch.
function M.matching(lines)
  local random = seeded(20261126)
  for _ = 1, ROUNDS do
    local s, p = subject(random), pattern(random)
    local from = random(3) == 1 and random(20) - 10 or 1
    add(lines, "find", string.find, s, p, from)
    add(lines, "match", string.match, s, p, from)
    add(lines, "gmatch", gmatch, s, p, from)
  end
end

--- string.gsub with texts, tables and functions.
function M.replacing(lines)
  local random = seeded(7)
  for _ = 1, ROUNDS do
    local s, p = subject(random), pattern(random)
    local new = random(4) == 1 and "function" or random(4) == 1 and "table" or pick(random, NEWS)
    add(lines, "gsub " .. new, string.gsub, s, p, NEW[new] or new, random(3) == 1 and random(5) - 2 or nil)
  end
end

--- string.find of plain text.
function M.plain(lines)
  local random = seeded(99)
  for _ = 1, ROUNDS do
    add(lines, "find", string.find, subject(random), subject(random):sub(1, random(3)), random(9) - 4, true)
  end
end

--- What is refused.
function M.refused(lines)
  for _, case in ipairs {
    { "find", "a" }, { "find", {}, "a" }, { "find", "a", nil }, { "find", "a", "a", "x" }, { "gsub", "a", "a" },
    { "gsub", "a", "a", true }, { "gsub", "a", "a", "b", "c" }, { "gmatch", "a" }, { "match" },
    { "find", ("a"):rep(300), ("a?"):rep(250) }, { "find", ("a"):rep(33), ("(a)"):rep(33) },
    { "match", "a", "(a" }, { "match", "a", "a)" }, { "gsub", "abc", "%w", "%2" }, { "gsub", "abc", "b", {} },
    { "gsub", "abc", "b", { b = {} } }, { "find", "a[", "[a", 2 }, { "find", "a", "%" }, { "find", "a", "[%" },
    { "rep", "ab", math.maxinteger }, { "rep", "ab" }, { "rep", {}, 1 },
  } do
    add(lines, case[1], string[case[1]], table.unpack(case, 2, 5))
  end
end

--- string.rep.
function M.rep(lines)
  for _, s in ipairs { "", "a", "abc" } do
    for _, n in ipairs { -1, 0, 1, 2, 3, 10 } do
      for _, between in ipairs { "", ",", "--" } do add(lines, "rep", string.rep, s, n, between) end
    end
  end
end

--- The functions of table, on lists.
function M.tables(lines)
  local values = { -3, -1, 0, 1, 2, 3, 4, 5, 9 }
  local random = seeded(5)
  for _ = 1, 3000 do
    local size, a, b, c = random(6) - 1, pick(random, values), pick(random, values), pick(random, values)
    local function list()
      local t = {}
      for i = 1, size do t[i] = i * 10 end
      return t
    end
    add(lines, "insert", table.insert, list(), a, "new")
    add(lines, "insert", table.insert, list(), "new")
    add(lines, "remove", table.remove, list(), a)
    add(lines, "remove", table.remove, list())
    add(lines, "move", table.move, list(), a, b, c)
    add(lines, "move", table.move, list(), a, b, c, { "other" })
    add(lines, "concat", table.concat, list(), ",", a, b)
    add(lines, "unpack", table.unpack, list(), a, b)
  end
end

-- No list, but like one.
local function proxy()
  local t = { 3, 1, 2 }
  return setmetatable({}, {
    __index = t, __newindex = function(_, k, v) t[k] = v end, __len = function() return #t end,
    __pairs = function() return next, t end,
  })
end

--- The functions of table, on what is none, and with bad arguments.
function M.odd_tables(lines)
  for _, name in ipairs { "insert", "remove", "concat", "unpack", "sort" } do
    local p = proxy()
    if name == "concat" then add(lines, name, table[name], p, "-") else add(lines, name, table[name], p) end
    if name == "insert" then add(lines, name, table[name], p, 1, "first") end
  end
  for _, bad in ipairs { "text", 5, false, setmetatable({}, { __len = function() return "x" end }) } do
    for _, name in ipairs { "insert", "remove", "concat", "sort", "move" } do add(lines, name, table[name], bad, 1, 2, 3) end
  end
  add(lines, "move", table.move, {}, 1, math.maxinteger, 2)
  add(lines, "move", table.move, {}, -1, math.maxinteger, 2)
  add(lines, "unpack", table.unpack, {}, 1, 1e8)
  add(lines, "unpack", table.unpack, {}, 1, math.maxinteger)
  add(lines, "sort", table.sort, { 1, "a" })
  add(lines, "sort", table.sort, { 1, 2 }, 5)
  add(lines, "sort", table.sort, { 3, 1, 2 }, function(a, b) return a > b end)
  add(lines, "sort", table.sort, setmetatable({}, { __len = function() return 1 << 40 end }))
  add(lines, "concat", table.concat, { 1, {}, 3 })
  add(lines, "insert", table.insert, {}, 1, 2, 3)
end

--- table.sort of many.
function M.sorting(lines)
  local random = seeded(11)
  for _, less in ipairs { false, math.ult, function(a, b) return a > b end } do
    for _, size in ipairs { 5, 100, 5000 } do
      local many = {}
      for i = 1, size do many[i] = random(100000) end
      table.sort(many, less or nil)
      lines[#lines + 1] = "sort " .. table.concat(many, " ")
    end
  end
end

--- pcall, xpcall, setmetatable, load and others of the base library.
function M.base(lines)
  local function raise(value) return function() error(value, 0) end end
  add(lines, "pcall", pcall)
  add(lines, "pcall", pcall, raise "x")
  add(lines, "pcall", pcall, raise(nil))
  add(lines, "pcall", pcall, select, 2, "a", "b", "c")
  add(lines, "pcall", pcall, pcall, raise "x")
  add(lines, "pcall", pcall, 5)
  add(lines, "xpcall", xpcall, select, print, 2, "a", "b")
  add(lines, "xpcall", xpcall, raise "x", function(e, ...) return e .. "!", ... end)
  add(lines, "xpcall", xpcall, raise "x", 5)
  add(lines, "xpcall", xpcall, raise "x")
  add(lines, "setmetatable", setmetatable, {})
  add(lines, "setmetatable", setmetatable, {}, 5)
  add(lines, "setmetatable", setmetatable, 5, {})
  add(lines, "setmetatable", setmetatable, setmetatable({}, { __metatable = 1 }), {})
  add(lines, "setmetatable", setmetatable, setmetatable({}, {}), nil)
  add(lines, "load", load, "return")
  add(lines, "load", load, "return return")
  add(lines, "load", load, "x = ", "=name")
  add(lines, "load", load, "return ...", "name", "t", {})
  add(lines, "load", load, "\27Lua", "name", "t")
  add(lines, "load", load, function() return nil end)
  add(lines, "load", load, function() return {} end)
  add(lines, "load", load, raise "x")
  add(lines, "load", load, {})
  local given = load("return x", "=x", "t", { x = "given" })
  lines[#lines + 1] = "load " .. tostring(given and given())
end

local groups = {}
for name in pairs(M) do groups[#groups + 1] = name end
table.sort(groups)
M.groups = groups

--- The lines of one group.
function M.lines(group)
  local lines = {}
  M[group](lines)
  return lines
end

if arg and arg[0] and arg[0]:find "library_cases%.lua$" then -- run, not required
  for _, line in ipairs(M.lines(arg[1])) do print(line) end
end

return M
