-- The pages of plugins in a build: src/script/embed_pages.cmake where npm is missing, or fails.

local pipe = assert(io.popen "pwd")
local ROOT <const> = pipe:read "l"
pipe:close()

local function embed(npm)
  local work = os.tmpname()
  os.remove(work)
  local run = assert(io.popen(("cmake -DROOT='%s' -DOUT='%s/pages.c' -DWORK='%s/work' -DNPM='%s' -P '%s' 2>&1")
    :format(ROOT, work, work, npm, ROOT .. "/src/script/embed_pages.cmake")))
  local said = run:read "a"
  local ok = run:close()
  local file = assert(io.open(work .. "/pages.c", "rb"))
  local text = file:read "a"
  file:close()
  os.execute("rm -rf '" .. work .. "'")
  return ok, said, text
end

local function embedded(text)
  local names = {}
  for name in text:gmatch '{"([^"]+)", "[^"]+", page_' do names[#names + 1] = name end
  return names
end

describe("the pages of plugins", function()
  it("say how to build them, where there is no npm", function()
    local ok, said, text = embed ""
    assert.is_true(ok)
    assert.equal("", said)
    assert.same({ "sandbox/index.html" }, embedded(text))
    assert.matches('"text/html; charset=utf%-8"', text)
  end)

  it("do not fail a build when npm fails, which is told", function()
    local ok, said, text = embed "/bin/false"
    assert.is_true(ok)
    assert.matches("CMake Warning", said)
    assert.matches("plugins/sandbox/page is not built", said)
    assert.same({ "sandbox/index.html" }, embedded(text))
  end)
end)
