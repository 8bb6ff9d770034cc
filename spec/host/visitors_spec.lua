-- Sessions of browsers in the memory of all workers: what one has written, no other puts back.

local kvs = require "spec.support.kv_object"
local visitors = require "weiyue.web.visitors"

local KEY <const> = "u/one/visitor:a/s"

local function new_dict()
  local has = {}
  return {
    get = function(_, key) return has[key] end,
    set = function(_, key, value) has[key] = value end,
    add = function(_, key, value)
      if has[key] == nil then has[key] = value end
    end,
    delete = function(_, key) has[key] = nil end,
  }
end

describe("sessions of browsers", function()
  local kv, one, other

  before_each(function()
    kv = kvs.new()
    local dict = new_dict()
    one, other = visitors.new(dict), visitors.new(dict)
  end)
  after_each(function() kv:free() end)

  -- While one reads, another writes.
  local function read_meanwhile(text)
    kv.get = function(self, key)
      local entry = self.entries[key]
      other:wrote(KEY, text)
      return entry.value
    end
    kv:set(KEY, "old")
    assert.equal("old", one:read(KEY))
    kv.get = nil
    if text then kv:set(KEY, text) else kv:del(KEY) end
  end

  it("are asked of the store once", function()
    kv:set(KEY, "text")
    assert.equal("text", one:read(KEY))
    kv:del(KEY)
    assert.equal("text", other:read(KEY))
  end)

  it("are what was written last, whoever has read before that", function()
    read_meanwhile "new"
    assert.equal("new", one:read(KEY))
    assert.equal("new", other:read(KEY))
  end)

  it("are none once they are empty", function()
    read_meanwhile(nil)
    assert.is_nil(one:read(KEY))
  end)

  it("are asked of the store each time where they are large", function()
    local large = ("x"):rep(10000)
    read_meanwhile(large)
    assert.equal(large, one:read(KEY))
    kv:set(KEY, "small")
    assert.equal("small", one:read(KEY))
  end)
end)
