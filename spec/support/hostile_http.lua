-- Starts spec/support/hostile_http.py, and ends it.

local M = {}

local function capture(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  pipe:close()
  return text
end

local function wait_for(path)
  for _ = 1, 500 do
    local file = io.open(path)
    if file then
      local text = file:read "a"
      file:close()
      return text
    end
    os.execute "sleep 0.02"
  end
  error("nobody has written " .. path)
end

-- Certificates: good is of our own authority, for localhost; the others are what nobody may trust.
local CERTIFICATES <const> = [[
cd '%s' && exec >/dev/null 2>&1
key() { openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"; }
sign() { # NAME HOST DAYS
  key "$1"
  openssl req -new -key "$1.key" -subj "/CN=$2" -out "$1.csr"
  printf 'subjectAltName=DNS:%%s\n' "$2" > "$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -set_serial "$4" -days "$3" -extfile "$1.ext" -out "$1.crt"
  cat "$1.key" "$1.crt" > "$1.pem"
}
key ca
openssl req -x509 -new -key ca.key -subj "/CN=spec authority" -days 2 -out ca.crt \
  -addext "basicConstraints=critical,CA:TRUE" -addext "keyUsage=critical,keyCertSign"
sign good localhost 2 2
sign expired localhost -1 3
sign other other.example 2 4
key alone
openssl req -x509 -new -key alone.key -subj "/CN=localhost" -days 2 -addext "subjectAltName=DNS:localhost" -out alone.crt
cat alone.key alone.crt > alone.pem
]]

---@class spec.HostileServer
---@field port integer
---@field url string   http://127.0.0.1:PORT
---@field folder string
---@field ca string    the authority's certificate, with tls
---@field pipe file*

--- Starts the server; with tls it has servers with certificates as well: ports good, expired, other, alone.
---@param options? { tls?: boolean }
---@return spec.HostileServer
function M.start(options)
  local folder = capture "mktemp -d":gsub("%s+$", "")
  local tls = ""
  if options and options.tls then
    tls = folder .. "/tls"
    assert(os.execute(("mkdir '%s'"):format(tls)))
    os.execute(CERTIFICATES:format(tls))
  end
  local pipe = assert(io.popen(("exec python3 spec/support/hostile_http.py '%s' %s"):format(folder, tls), "w"))
  local server = { folder = folder, pipe = pipe, ca = tls .. "/ca.crt" }
  server.port = tonumber(wait_for(folder .. "/port"))
  server.url = "http://127.0.0.1:" .. server.port
  if tls ~= "" then
    server.tls = {}
    for _, name in ipairs { "good", "expired", "other", "alone" } do
      server.tls[name] = ("https://localhost:%s"):format(wait_for(folder .. "/port." .. name))
    end
  end
  return server
end

function M.stop(server)
  server.pipe:close()
  os.execute(("rm -rf '%s'"):format(server.folder))
end

return M
