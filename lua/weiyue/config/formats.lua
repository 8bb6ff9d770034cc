-- Formats of strings, by the names that schema.lua gives them: a function of the string (and its node)
-- that returns the normalised value, or nil and, where the wanted form alone would not help, why (zh, en).

local formats = {}

local function ipv4(s)
  local parts = { s:match("^(%d+)%.(%d+)%.(%d+)%.(%d+)$") }
  for _, part in ipairs(parts) do
    if #part > 3 or tonumber(part) > 255 or part:find("^0%d") then return nil end
  end
  return parts[1] and s
end

-- Number of 16-bit groups in a run of them ("" has none), nil where one is malformed.
local function ipv6_groups(s, may_end_in_ipv4)
  if s == "" then return 0 end
  local n = 0
  for group in (s .. ":"):gmatch("([^:]*):") do
    if may_end_in_ipv4 and group:find(".", 1, true) then
      if s:sub(-#group) ~= group or not ipv4(group) then return nil end
      n = n + 2
    elseif group:find("^%x%x?%x?%x?$") then
      n = n + 1
    else
      return nil
    end
  end
  return n
end

local function ipv6(s)
  local before, after = s:match("^(.-)::(.*)$")
  if not before then
    return ipv6_groups(s, true) == 8 and s:lower() or nil
  end
  local a, b = ipv6_groups(before, false), ipv6_groups(after, true)
  return a and b and a + b <= 7 and s:lower() or nil
end

local function port(s)
  local n = #s <= 5 and math.tointeger(tonumber(s))
  return n and n <= 65535 and n or nil
end

local function host_name(s)
  s = s:lower()
  if s:find("..", 1, true) or s:find("^[%d.]+$") then return ipv4(s) end
  return s:find("^[a-z0-9_][a-z0-9_.-]*$") and not s:find("[.-]$") and s or nil
end

-- Splits HOST[:PORT] or [IPv6][:PORT]; a bare IPv6 address has no port.
local function split_host(s)
  local inner, rest = s:match("^%[([^%]]*)%](.*)$")
  if inner then
    local ok = rest == "" or rest:find("^:%d+$") and port(rest:sub(2))
    return ok and ipv6(inner), rest
  end
  local name, number = s:match("^([^:]*):(%d+)$")
  if name then return port(number) and host_name(name), ":" .. number end
  return host_name(s) or ipv6(s), ""
end

function formats.address(s)
  local inner, number = s:match("^%[(.*)%]:(%d+)$")
  local host
  if inner then
    host = ipv6(inner)
  else
    inner, number = s:match("^([^:]*):(%d+)$")
    if inner == "" then
      host = "0.0.0.0"
    elseif inner == "localhost" then
      host = "127.0.0.1"
    else
      host = inner and ipv4(inner)
    end
  end
  local p = host and port(number)
  return p and { host = host, port = p }
end

function formats.host(s)
  return (split_host(s)) or nil
end

function formats.cidr(s)
  local address, bits = s:match("^([^/]+)/(%d%d?%d?)$")
  address = address or s
  local v4 = ipv4(address)
  local most = v4 and 32 or 128
  local prefix = bits and math.tointeger(tonumber(bits)) or most
  address = v4 or ipv6(address)
  if not address or prefix > most then return nil end
  return { address = address, family = v4 and 4 or 6, prefix = prefix }
end

-- Where a call may go: an address, a network or a host's name.
function formats.destination(s)
  local net = formats.cidr(s)
  if net then return net.address .. "/" .. net.prefix end
  return not s:find("/", 1, true) and host_name(s) or nil
end

-- Why a URL is refused, without showing it: it may hold a password.
local function not_url(zh, en)
  return nil, "应为 http(s)://主机[:端口][/前缀]；" .. zh, "must be http(s)://host[:port][/prefix]; " .. en
end

function formats.url(s)
  local scheme, authority, rest = s:match("^(%a+)://([^/?#]*)(.*)$")
  scheme = scheme and scheme:lower()
  if scheme ~= "http" and scheme ~= "https" then
    return not_url("开头不是 http:// 或 https://", "it does not begin with http:// or https://")
  elseif authority:find("@", 1, true) then
    return not_url("不能带用户名和密码", "it must have no user or password")
  elseif rest:find("[?#]") then
    return not_url("不能带 ? 或 #", "it must have no ? and no #")
  end
  local host, tail = split_host(authority)
  local bare_ipv6 = host and host:find(":", 1, true) and authority:sub(1, 1) ~= "["
  if not host or bare_ipv6 then
    return not_url("主机或端口不对", "its host or port is malformed")
  elseif rest:find("[^%w%-._~/%%]") then
    return not_url("前缀里有不许的字符", "its prefix has a character that is not allowed")
  end
  if host:find(":", 1, true) then host = "[" .. host .. "]" end
  return scheme .. "://" .. host .. tail .. (rest:gsub("/+$", ""))
end

function formats.path(s)
  local ok = s:find("^/[%w%-._~/]*$") and not s:find("//", 1, true) and not (s .. "/"):find("/%.%.?/")
  return ok and s or nil
end

-- A path one of whose parts stands for an account's AppID.
function formats.appid_path(s)
  local plain, n = s:gsub("/:appid%f[/\0]", "/x")
  return n == 1 and formats.path(plain) and s or nil
end

function formats.template(s)
  return s:find("?", 1, true) and s or nil
end

-- As store/redis_url.c reads it. Says what is wrong without showing it: it may hold a password.
local function redis(s)
  local rest = s:sub(#"redis://" + 1)
  if rest == "" then return nil, "redis:// 后面没有主机", "there is no host behind redis://" end
  rest = rest:match("^.*@(.*)$") or rest -- user and password
  if rest:find("^/[^%d]") then
    local query = rest:match("%?(.*)$")
    if not query or query:find("^db=%d+$") and port(query:sub(4)) then return s end
    return nil, "套接字的路径后面只能有 ?db=N", "behind a socket's path only ?db=N may stand"
  end
  local authority, db = rest:match("^([^/]*)/?(.*)$")
  local number = authority:match("^%[[^%]]*%]:(.*)$") or authority:match("^[^%[:]*:(.*)$")
  if authority:find("^%[") and not authority:find("^%[[^%]]+%]$") and not authority:find("^%[[^%]]+%]:") then
    return nil, "IPv6 地址写成 [地址]:端口", "an IPv6 address is written [ADDRESS]:PORT"
  elseif number and not (number:find("^%d+$") and port(number)) then
    return nil, "端口应为 0 到 65535 的数字", "the port is a number up to 65535"
  elseif db ~= "" and not (db:find("^%d+$") and port(db)) then
    return nil, "主机后面应为数据库的编号，例如 /0", "behind the host stands the number of a database, such as /0"
  end
  return s
end

function formats.store(s)
  if s == "memory" or s:find("^sqlite:.") then return s end
  if s:find("^redis://") then return redis(s) end
  if s:find("^rediss://") then
    return nil, "不支持 TLS：用 redis://，不可信的网络上经由加密的隧道",
      "TLS is not supported: use redis://, through a tunnel where the network is not to be trusted"
  end
  local forms_zh, forms_en = "应为 memory、sqlite:文件 或 redis://…", "must be memory, sqlite:FILE or redis://…"
  local scheme = s:match("^(%l[%l%d+]*)://") -- short and before "://": no secret
  if scheme and #scheme <= 16 then
    return nil, ("没有 %s:// 这种存储；%s"):format(scheme, forms_zh),
      ("there is no store of the kind %s://; %s"):format(scheme, forms_en)
  end
  return nil, forms_zh .. "；文件前面要写 sqlite:，例如 \"sqlite:weiyue.db\"",
    forms_en .. "; a file has sqlite: before it, for example \"sqlite:weiyue.db\""
end

-- A secret of letters and digits, and what else stands in `more`. Says what is wrong without showing it: its
-- length, the first foreign character.
local function letters(s, min, max, more)
  more = more or ""
  local zh, en = {}, {}
  local length = utf8.len(s) or #s
  if length < min or length > max then
    local zh_want, en_want = ("%d 到 %d"):format(min, max), ("%d to %d"):format(min, max)
    if min == max then zh_want, en_want = min, min end
    zh[1] = ("应为 %s 个字符，实际 %d 个"):format(zh_want, length)
    en[1] = ("must have %s characters, has %d"):format(en_want, length)
  end
  local at = s:find("[^%w" .. more:gsub("%p", "%%%0") .. "]")
  if at then
    local char = s:sub(at, at)
    local seen = ("'%s'"):format(char)
    local seen_zh, seen_en = " " .. seen, seen
    if char:find("%s") then
      seen_zh, seen_en = "空白", "a blank"
    elseif char:find("[^\x21-\x7e]") then
      seen_zh, seen_en = "非 ASCII 字符", "not ASCII"
    end
    zh[#zh + 1] = ("第 %d 个字符是%s，只许 [A-Za-z0-9%s]"):format(at, seen_zh, more)
    en[#en + 1] = ("character %d is %s, only [A-Za-z0-9%s] are allowed"):format(at, seen_en, more)
  end
  if #en == 0 then return s end
  return nil, table.concat(zh, "；"), table.concat(en, "; ")
end

function formats.aes_key(s) return letters(s, 43, 43) end

function formats.secret(s, node) return letters(s, 1, node.max, "_-") end

function formats.token(s, node) return letters(s, node.min, node.max) end

return formats
