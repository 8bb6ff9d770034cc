-- The program as a command: for specs that run in plain lua5.4. It is named by the environment variable WEIYUE
-- (default build/weiyue), and runs in a folder of the spec's own.

local M = {}

function M.quote(word) return "'" .. word:gsub("'", "'\\''") .. "'" end

--- What a command line writes, without the newline at the end.
function M.capture(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read "a"
  pipe:close()
  return (text:gsub("\n$", ""))
end

local quote <const>, capture <const> = M.quote, M.capture

M.here = capture "pwd"
M.binary = capture("realpath -e -- " .. quote(os.getenv "WEIYUE" or "build/weiyue"))
assert(M.binary ~= "", "no program: build it, or name it in the environment variable WEIYUE")

function M.folder() return capture "mktemp -d" end
function M.remove(folder) os.execute("rm -rf " .. quote(folder)) end

--- A file below a folder; what is between them is made.
function M.write(folder, name, text)
  local between = name:match "^(.*)/"
  if between then os.execute("mkdir -p " .. quote(folder .. "/" .. between)) end
  local file = assert(io.open(folder .. "/" .. name, "wb"))
  file:write(text)
  file:close()
end

function M.read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "a"
  file:close()
  return text
end

--- Runs a command line in a folder, to its end, without the keys that this process may have: { status, out, err }.
---@param environment? string shell assignments
function M.shell(folder, command, environment)
  local _, kind, status = os.execute(
    ("cd %s && env -u WX_TOKEN -u WX_APPID -u WX_AES_KEY LC_ALL=C %s %s >out 2>err </dev/null")
      :format(quote(folder), environment or "", command))
  local err = M.read(folder .. "/err")
  assert(kind == "exit", err)
  return { status = status, out = M.read(folder .. "/out"), err = err }
end

--- Runs a verb likewise.
function M.run(folder, arguments, environment)
  return M.shell(folder, quote(M.binary) .. " " .. arguments, environment)
end

return M
