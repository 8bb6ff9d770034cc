-- Last good: the sources of promoted generations, in the state folder, so that a host which comes back to
-- broken plugins has something to serve.
--
--   sources/SHA256             a source file, by its content
--   generations/NUMBER.json    which of them a generation has, and what else its snapshot says
--   current                    the number of the one that counts
--   pinned                     there: `current` counts, whatever the plugins' files say
--
-- Nothing is trusted when it is read: a text has the hash that is its name, a manifest carries its own.
-- Everything waits for the disk: not for a loop's thread.

local core = require "weiyue_core"
local files = require "weiyue.files"

local crypto <const>, json <const> = core.crypto, core.json

local KEPT <const> = 5
local MANIFEST_MAX <const> = 1024 * 1024 -- files.read reads no more
local MAPS <const> = { "errors", "kinds" } -- of a snapshot: text by path, as `files`

local M = {}

---@class weiyue.lastgood.Info
---@field number integer
---@field when integer      Unix time of the promotion
---@field version? string   of the host
---@field config? string    path of weiyue.lua
---@field before? integer   which one was current until then
---@field problems? { zh: string, en: string }[]  newer ones that could not be read, and why

local function problem(zh, en, ...) return { zh = zh:format(...), en = en:format(...) } end

local function manifest_path(state, number) return ("%s/generations/%d.json"):format(state, number) end
local function source_path(state, hash) return state .. "/sources/" .. hash end

-- A path or message may hold any bytes; JSON holds UTF-8.

local function pack(s)
  if utf8.len(s) and s:sub(1, 4) ~= "hex:" then return s end
  return "hex:" .. crypto.hex_encode(s)
end

local function unpack_text(s)
  if type(s) ~= "string" then return nil end
  local hex = s:match "^hex:(.*)"
  if not hex then return s end
  return (crypto.hex_decode(hex))
end

local function pack_map(map)
  local packed = {}
  for key, value in pairs(map or {}) do packed[pack(key)] = pack(value) end
  return packed
end

-- nil when it is no table of texts.
local function unpack_map(packed)
  if type(packed) ~= "table" then return nil end
  local map = {}
  for key, value in pairs(packed) do
    local name, text = unpack_text(key), unpack_text(value)
    if not (name and text) then return nil end
    map[name] = text
  end
  return map
end

local function pack_globs(globs)
  local packed = {}
  for pattern, paths in pairs(globs or {}) do
    local list = json.array {}
    for i, path in ipairs(paths) do list[i] = pack(path) end
    packed[pack(pattern)] = list
  end
  return packed
end

local function unpack_globs(packed)
  if type(packed) ~= "table" then return nil end
  local globs = {}
  for pattern, paths in pairs(packed) do
    local name, list = unpack_text(pattern), {}
    if not name or type(paths) ~= "table" then return nil end
    for i, path in ipairs(paths) do
      list[i] = unpack_text(path)
      if not list[i] then return nil end
    end
    globs[name] = list
  end
  return globs
end

-- The hash of what a table says, apart from the hash itself.
local function digest_of(manifest)
  local copy = {}
  for key, value in pairs(manifest) do
    if key ~= "digest" then copy[key] = value end
  end
  local text, err = json.encode(copy)
  if not text then return nil, err end
  return crypto.sha256(text)
end

-- What two promotions of the same sources have in common.
local function content_of(manifest)
  local content = { files = manifest.files, globs = manifest.globs, config = manifest.config }
  for _, name in ipairs(MAPS) do content[name] = manifest[name] end
  return digest_of(content)
end

-- --- reading ---

local function read_manifest(state, number)
  local path = manifest_path(state, number)
  local text, err, errno = files.read(path)
  if not text then return nil, err, errno end
  local manifest = json.decode(text)
  if type(manifest) ~= "table" or manifest.number ~= number or math.type(manifest.when) ~= "integer"
    or type(manifest.files) ~= "table" or manifest.digest ~= digest_of(manifest) then
    return nil, path .. ": damaged"
  end
  return manifest
end

-- The numbers that are there, greatest first.
local function numbers(state)
  local list = {}
  for _, name in ipairs(files.list(state .. "/generations") or {}) do
    local number = math.tointeger(tonumber(name:match "^(%d+)%.json$"))
    if number then list[#list + 1] = number end
  end
  table.sort(list, function(a, b) return a > b end)
  return list
end

-- What `current` says; nil, why.
local function pointed(state)
  local path = state .. "/current"
  local text, err, errno = files.read(path)
  if not text then return nil, err, errno end
  local number = math.tointeger(tonumber(text:match "^(%d+)\n$"))
  if not number then return nil, path .. ": damaged" end
  return number
end

local function read_source(state, hash)
  if not hash:find "^%x+$" or #hash ~= 64 then return nil, ("no hash: %q"):format(hash) end
  local path = source_path(state, hash)
  local text, err = files.read(path)
  if not text then return nil, err end
  if crypto.sha256(text) ~= hash then return nil, path .. ": damaged" end
  return text
end

-- → snapshot, manifest | nil, err
local function load_generation(state, number)
  local manifest, err = read_manifest(state, number)
  if not manifest then return nil, err end
  local hashes = unpack_map(manifest.files)
  local snapshot = { files = {}, globs = unpack_globs(manifest.globs) }
  local whole = hashes and snapshot.globs
  for _, name in ipairs(MAPS) do
    snapshot[name] = unpack_map(manifest[name])
    whole = whole and snapshot[name]
  end
  if not whole then return nil, manifest_path(state, number) .. ": damaged" end
  for path, hash in pairs(hashes) do
    local text
    text, err = read_source(state, hash)
    if not text then return nil, err end
    snapshot.files[path] = text
  end
  return snapshot, manifest
end

-- The order to try generations in: the current one, the one that was current before it, and so on; where
-- that cannot be known, the next smaller number.
local function history(state)
  local there, list = numbers(state), {}
  local known = {}
  for _, number in ipairs(there) do known[number] = true end
  local number = pointed(state)
  if not known[number] then number = there[1] end
  while number do
    list[#list + 1] = number
    local manifest, smaller = read_manifest(state, number), nil
    local before = manifest and manifest.before
    if not (known[before] and before < number) then before = nil end
    for _, other in ipairs(there) do
      if other < number then
        smaller = other
        break
      end
    end
    number = before or smaller
  end
  return list
end

local function info_of(manifest)
  return {
    number = manifest.number, when = manifest.when, version = manifest.version,
    config = manifest.config and unpack_text(manifest.config), before = manifest.before,
  }
end

---The snapshot of the current generation, or of the one that was current `back` promotions before. One
---that is damaged is passed over for the next older one; info.problems tells.
---@param state string the state folder
---@param back? integer
---@return weiyue.Snapshot? snapshot
---@return weiyue.lastgood.Info|string info  what went wrong, where there is no snapshot
function M.current(state, back)
  local problems = {}
  local number, err, errno = pointed(state)
  if not number and errno ~= 2 then
    problems[1] = problem("不知道哪一代是当前的：%s", "which generation is current is not known: %s", err)
  elseif number and not files.kind(manifest_path(state, number)) then
    problems[1] = problem("当前的第 %d 代不见了", "the current generation, %d, is missing", number)
  end
  local list = history(state)
  for i = 1 + (back or 0), #list do
    local snapshot, manifest = load_generation(state, list[i])
    if snapshot then
      local info = info_of(manifest)
      info.problems = #problems > 0 and problems or nil
      return snapshot, info
    end
    problems[#problems + 1] = problem("第 %d 代不能用：%s", "generation %d cannot be used: %s", list[i], manifest)
  end
  if #problems == 0 then return nil, "no older generation is kept in " .. state end
  local texts = {}
  for i, p in ipairs(problems) do texts[i] = p.en end
  return nil, table.concat(texts, "; ")
end

---What is kept, newest first.
---@param state string
---@return (weiyue.lastgood.Info|{ current: boolean, damaged?: string })[]
function M.list(state)
  local list, current = {}, pointed(state)
  for i, number in ipairs(numbers(state)) do
    local manifest, err = read_manifest(state, number)
    list[i] = manifest and info_of(manifest) or { number = number, damaged = err }
    list[i].current = number == current
  end
  return list
end

---@param state string
---@return boolean
function M.pinned(state) return files.kind(state .. "/pinned") ~= nil end

-- --- writing ---

-- → lock | nil, err
local function begin(state)
  for _, folder in ipairs { state, state .. "/sources", state .. "/generations" } do
    local ok, err = files.mkdir(folder)
    if not ok then return nil, err end
  end
  return files.lock(state .. "/generations")
end

local function point(state, number) return files.write(state .. "/current", number .. "\n") end

local function remove_all(folder, keep)
  for _, name in ipairs(files.list(folder) or {}) do
    if not keep(name) then files.remove(folder .. "/" .. name) end
  end
end

-- What may be gone back to stays, and what was left by a roll-back, as long as there is room.
-- Manifests go first: a source that a manifest names is never the one that is missing. What cannot be
-- removed stays for the next time. Files of crashed writers go too: nobody else writes now.
local function prune(state)
  local kept, named, n = {}, {}, 0
  for _, list in ipairs { history(state), numbers(state) } do
    for _, number in ipairs(list) do
      if not kept[number] and n < KEPT then
        kept[number] = true
        n = n + 1
      end
    end
  end
  for number in pairs(kept) do
    local manifest = read_manifest(state, number)
    for _, hash in pairs(manifest and manifest.files or {}) do named[hash] = true end
  end
  remove_all(state .. "/generations", function(name)
    return kept[math.tointeger(tonumber(name:match "^(%d+)%.json$"))]
  end)
  remove_all(state .. "/sources", function(name) return named[name] end)
  for _, name in ipairs(files.list(state) or {}) do
    if name:find "^%.current%." or name:find "^%.pinned%." then files.remove(state .. "/" .. name) end
  end
end

local function keep_sources(state, snapshot)
  local hashes = {}
  for path, text in pairs(snapshot.files) do
    local hash = crypto.sha256(text)
    if not read_source(state, hash) then
      local ok, err = files.write(source_path(state, hash), text)
      if not ok then return nil, err end
    end
    hashes[pack(path)] = hash
  end
  return hashes
end

---Keeps a promoted generation, and makes it the current one. The last 5 stay.
---@param state string
---@param snapshot weiyue.Snapshot
---@param about { number: integer, config?: string, version?: string }
---@return integer? number  under which it is kept: a greater one when others have that number or above;
---  that of the current one when nothing is new
---@return string? err
function M.keep(state, snapshot, about)
  local lock <close>, err = begin(state)
  if not lock then return nil, err end
  local hashes
  hashes, err = keep_sources(state, snapshot)
  if not hashes then return nil, err end
  local before, greatest = pointed(state), numbers(state)[1]
  local manifest = {
    number = greatest and about.number <= greatest and greatest + 1 or about.number,
    when = os.time(), version = about.version, config = about.config and pack(about.config), before = before,
    files = hashes, globs = pack_globs(snapshot.globs),
  }
  for _, name in ipairs(MAPS) do manifest[name] = pack_map(snapshot[name]) end
  local old = before and read_manifest(state, before)
  if old and content_of(old) == content_of(manifest) then return before end
  manifest.digest, err = digest_of(manifest)
  if not manifest.digest then return nil, err end
  local text = json.encode(manifest)
  if #text > MANIFEST_MAX then return nil, "the list of files is larger than 1 MiB" end
  local ok
  ok, err = files.write(manifest_path(state, manifest.number), text)
  if ok then ok, err = point(state, manifest.number) end
  if not ok then return nil, err end
  prune(state)
  return manifest.number
end

---Makes an older generation, one that is whole, the current one.
---@param state string
---@param number integer
---@return true?
---@return string? err
function M.point(state, number)
  local lock <close>, err = begin(state)
  if not lock then return nil, err end
  local snapshot
  snapshot, err = load_generation(state, number)
  if not snapshot then return nil, err end
  return point(state, number)
end

---@param state string
---@param on boolean
---@return true?
---@return string? err
function M.pin(state, on)
  local lock <close>, err = begin(state)
  if not lock then return nil, err end
  local path = state .. "/pinned"
  if on then return files.write(path, "") end
  return files.remove(path)
end

return M
