-- Texts that browsers keep for us, and cannot change: signed, for one purpose each, with a time until which they are
-- good. The key is in the state folder: workers, generations and restarts share it.

local core = require "weiyue_core"

local M = {}

M.LONGEST = 10 * 366 * 86400 -- seconds that one can be good

local crypto <const> = core.crypto
local FORM <const> = "1" -- of what is made here: first letter of a token
local KEY <const>, FILE <const> = 32, "cookie.key"

local CACHE <const> = 512
local state, key -- the folder; what is in its file
local opened, n_opened = {}, 0

--- Where the key is. Called by boot.
---@param folder string
function M.at(folder) state, key, opened, n_opened = folder, nil, {}, 0 end

local function read(files, path)
  local text = files.read(path)
  local bytes = text and text:match "^%x+%s*$" and crypto.hex_decode(text:match "^%x+")
  return bytes and #bytes == KEY and bytes or nil
end

-- Whoever comes first makes it; where the folder cannot be written it lives as long as this state.
local function the_key()
  if key then return key end
  local files = require "weiyue.files"
  local path = state and state .. "/" .. FILE
  key = path and read(files, path)
  if not key and path then
    files.mkdir(state)
    local _ <close> = files.lock(state) or nil
    key = read(files, path)
    if not key then
      local made = crypto.random(KEY)
      local ok, err = files.write(path, crypto.hex_encode(made) .. "\n")
      if not ok then
        core.log.write("error", "page.key", "the key of cookies cannot be kept: " .. tostring(err)
          .. ": who is logged in has to log in again after a restart, and at each worker")
      end
      key = made
    end
  end
  key = key or crypto.random(KEY)
  core.secrets.add(crypto.hex_encode(key))
  return key
end

-- Lengths stand in front: no two pairs of purpose and text give the same bytes.
local function mac(purpose, text)
  return crypto.hmac("sha256", the_key(), string.pack("<s4", purpose) .. text, "raw"):sub(1, 18)
end

--- Who has it can give it back, and not change it.
---@param purpose string what it is for: a token of one purpose opens for no other
---@param text string
---@param seconds number how long it is good
---@return string token of letters, digits, '-', '_' and '.'
function M.sign(purpose, text, seconds)
  if type(purpose) ~= "string" or type(text) ~= "string" then error("seal.sign wants a purpose and a text", 2) end
  if type(seconds) ~= "number" or not (seconds > 0 and seconds <= M.LONGEST) then
    error("seal.sign wants how many seconds it is good", 2)
  end
  local body = ("%s.%x.%s"):format(FORM, math.ceil(core.time.now() + seconds), crypto.base64url_encode(text))
  return body .. "." .. crypto.base64url_encode(mac(purpose, body))
end

-- Tokens that were opened, until they are too old or others crowd them out: a browser sends the same one each time.
local function remember(purpose, token, text, ends)
  if n_opened >= CACHE then opened, n_opened = {}, 0 end
  opened[purpose] = opened[purpose] or {}
  opened[purpose][token], n_opened = { text, ends }, n_opened + 1
end

--- The text of a token. nil: it is none, is not for this purpose, was changed ("forged"), or is too old ("expired").
---@param purpose string
---@param token string
---@return string? text
---@return string? why
---@return number? left seconds that it is good for still
function M.open(purpose, token)
  if type(token) ~= "string" or #token > 8192 then return nil, "forged" end
  local known = opened[purpose]
  known = known and known[token]
  local now = core.time.now()
  if known and known[2] >= now then return known[1], nil, known[2] - now end
  local body, ends, text, sum = token:match "^(1%.(%x+)%.([%w_-]*))%.([%w_-]+)$"
  if not body or #ends > 12 then return nil, "forged" end
  local given = crypto.base64url_decode(sum)
  if not given or not crypto.equal(given, mac(purpose, body)) then return nil, "forged" end
  ends = tonumber(ends, 16)
  if ends < now then return nil, "expired" end
  text = crypto.base64url_decode(text)
  if text then remember(purpose, token, text, ends) end
  return text, nil, ends - now
end

--- What only this host can tell of a text: for comparing.
---@param purpose string
---@param text string
---@return string
function M.tag(purpose, text) return crypto.base64url_encode(mac("tag " .. purpose, text)) end

return M
