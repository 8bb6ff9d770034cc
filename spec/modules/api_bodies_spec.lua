-- Realistic calls, compared byte for byte.

local api_rows = require "spec.support.api_rows"
local catalogue = require "weiyue.api.catalogue"
local facts = require "spec.support.facts"
local request = require "weiyue.api.request"

local calls <const> = dofile "spec/facts/api_bodies.lua"

describe("a realistic call of", function()
  for i, call in ipairs(calls) do
    it(("%s is what the documents show (%d)"):format(call[1], i), function()
      local row = assert(catalogue.find(call[1]))
      local made = assert(request.build(row, call[2], api_rows.ctx))
      local url = made.url:gsub("[?&][%w_]*access_token=wxtest%-token&?", function(all)
        return all:sub(1, 1) == "?" and all:sub(-1) == "&" and "?" or ""
      end)
      assert.equal("https://" .. (call.host or "api.weixin.qq.com") .. call.target, url)
      assert.equal(row.token ~= nil, made.url ~= url)
      assert.equal(call.body, made.body)
      assert.same(call.parts, made.multipart)
    end)
  end

  it("every family of the mission's documents is there", function()
    local there, missing = {}, {}
    for _, call in ipairs(calls) do there[call[1]:match "^[^.]+"] = true end
    for _, row in ipairs(facts.rows "wechat-api.tsv") do
      if row.seed ~= "-" and not there[row.family] then missing[row.family] = true end
    end
    assert.same({}, missing)
  end)
end)
