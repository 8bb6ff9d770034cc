-- `weiyue init`: what is made, that it works, and that it is made whole or not at all.

local json = require "weiyue.json"
local program = require "spec.support.program"

describe("init", function()
  local folder

  before_each(function() folder = program.folder() end)
  after_each(function() program.remove(folder) end)

  local function files(path)
    return program.capture(("cd %s && find . -type f | sort"):format(program.quote(path)))
  end

  it("makes a project, and tells what to do next", function()
    local done = program.run(folder, "init shop")
    assert.equal(0, done.status, done.err)
    assert.equal(table.concat({ "./.busted", "./.gitignore", "./.luarc.json", "./plugins/hello.lua",
      "./plugins/hello_spec.lua", "./weiyue.lua" }, "\n"), files(folder .. "/shop"))
    assert.matches("cd shop", done.out)
    assert.matches("weiyue sandbox", done.out)
    assert.matches("weiyue test", done.out)
  end)

  it("tells the command as it works: by its path where PATH has no weiyue", function()
    local whole = program.capture("realpath -e " .. program.quote(program.binary))
    assert.matches("\n  " .. whole .. " sandbox ", program.run(folder, "init one", "PATH=/usr/bin:/bin").out, 1, true)
    local path = ("PATH=%s:/usr/bin:/bin"):format(program.quote(whole:match "^(.*)/"))
    assert.matches("\n  weiyue sandbox ", program.run(folder, "init two", path).out, 1, true)
  end)

  it("names the folder so that a shell understands it", function()
    assert.matches("  cd 'a shop'\n", program.run(folder, "init 'a shop'").out, 1, true)
    assert.matches("  cd 商店\n", program.run(folder, "init 商店").out, 1, true)
  end)

  it("takes a folder that is there, and empty", function()
    os.execute("mkdir " .. program.quote(folder .. "/shop"))
    assert.equal(0, program.run(folder, "init shop").status)
    assert.equal(0, program.run(folder .. "/shop", "version").status)
  end)

  it("makes specs that pass", function()
    program.run(folder, "init shop")
    local done = program.run(folder .. "/shop", "test --output=TAP")
    assert.equal(0, done.status, done.out .. done.err)
    local _, n = done.out:gsub("\nok ", "")
    assert.is_true(n + (done.out:find "^ok " and 1 or 0) >= 3, done.out)
  end)

  it("makes a configuration without faults, once the secrets are there", function()
    program.run(folder, "init shop")
    local done = program.run(folder .. "/shop", "check", "WX_APPID=wxtest0123456789ab WX_SECRET=wxtestsecret " ..
      "WX_TOKEN=wxtesttoken WX_AES_KEY=abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG")
    assert.equal("", done.err)
    assert.equal(0, done.status)
    assert.matches("accounts: 1 %(demo /wx safe%), plugins: 1\n", done.out)
  end)

  it("has a menu, whose click is answered", function()
    program.run(folder, "init shop")
    local file = assert(io.open(folder .. "/shop/plugins/hello.lua"))
    local text = file:read "a"
    file:close()
    assert.truthy(text:find('wx.menu { { "关于", click = "about" } }\nwx.click("about"', 1, true))
  end)

  it("is named where there is no project", function()
    local done = program.run(folder, "check")
    assert.equal(1, done.status)
    assert.matches("weiyue.lua: cannot be opened: .-; run this in a project's folder, .- weiyue init DIR", done.err)
  end)

  it("names each secret that is missing", function()
    program.run(folder, "init shop")
    local done = program.run(folder .. "/shop", "check")
    assert.equal(1, done.status)
    for _, name in ipairs { "WX_APPID", "WX_SECRET", "WX_TOKEN", "WX_AES_KEY" } do assert.matches(name, done.err) end
  end)

  it("has no secret in its files, and keeps state out of git", function()
    program.run(folder, "init shop")
    assert.is_nil(program.read(folder .. "/shop/weiyue.lua"):find '"wx')
    assert.matches("/%.weiyue/\n", program.read(folder .. "/shop/.gitignore"))
  end)

  it("tells editors where the types are", function()
    -- as it is installed
    os.execute(("cd %s && mkdir -p usr/bin usr/share/weiyue && cp %s usr/bin/weiyue && cp -r %s usr/share/weiyue/meta")
      :format(program.quote(folder), program.quote(program.binary), program.quote(program.here .. "/lua/meta")))
    local done = program.shell(folder, "usr/bin/weiyue init shop")
    assert.equal(0, done.status, done.err)
    local settings = assert(json.decode(program.read(folder .. "/shop/.luarc.json")))
    assert.same({ program.capture("realpath " .. program.quote(folder)) .. "/usr/share/weiyue/meta" },
      settings["workspace.library"])
    assert.equal("Lua 5.4", settings["runtime.version"])
  end)

  it("refuses a folder that is not empty, and changes nothing", function()
    program.write(folder, "shop/notes", "mine")
    local done = program.run(folder, "init shop")
    assert.equal(1, done.status)
    assert.equal("weiyue: shop is not empty, and nothing was changed; name another folder\n", done.err)
    assert.equal("./notes", files(folder .. "/shop"))
  end)

  it("says what is in the way", function()
    program.write(folder, "file", "")
    local done = program.run(folder, "init file/shop")
    assert.equal(1, done.status)
    assert.matches("^weiyue: file/shop: Not a directory", done.err)
    done = program.run(folder, "init nowhere/shop")
    assert.equal(1, done.status)
    assert.matches("^weiyue: cannot make nowhere/shop: No such file or directory; nothing was left behind\n", done.err)
    done = program.run(folder, "init nowhere/shop", "LC_ALL=zh_CN.UTF-8")
    assert.matches("没有这个文件或文件夹（No such file or directory）；什么也没有留下", done.err, 1, true)
  end)

  for _, there in ipairs { false, true } do
    it("leaves nothing half written on a full disk, in a folder that " .. (there and "is there" or "is not"), function()
      if there then os.execute("mkdir " .. program.quote(folder .. "/shop")) end
      -- no file may have more than 1 KiB: the configuration does not fit; output is a pipe, which is no file
      local done = program.shell(folder, ("bash -c 'ulimit -f 1; trap \"\" XFSZ; exec %s init shop 2>&1 | cat'")
        :format(program.binary))
      assert.matches("cannot make shop/weiyue.lua: File too large; nothing was left behind", done.out)
      assert.equal(there and "shop" or "", program.capture(("cd %s && ls | grep -v -e out -e err")
        :format(program.quote(folder))))
      assert.equal("", there and files(folder .. "/shop") or "")
    end)
  end

  it("explains itself, and wants a folder", function()
    assert.matches("Usage: weiyue init DIR", program.run(folder, "init --help").out)
    assert.equal(2, program.run(folder, "init").status)
    assert.equal(2, program.run(folder, "init a b").status)
    assert.matches("新建一个项目", program.run(folder, "init --help", "LC_ALL=zh_CN.UTF-8").out)
  end)
end)
