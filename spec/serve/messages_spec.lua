-- Every row of messages.tsv as a push to a served account: what the handler's msg holds, and whether
-- an answer may leave.
local json = require "weiyue.json"
local push = require "spec.support.push"
local serve = require "spec.support.serve"

local account <const> = serve.account("bot", "plain")

-- Remembers the last message; the text "last?" gets it. Answers everything.
local PLUGIN <const> = [[
local wx, json = require "weiyue", require "weiyue.json"
local last
wx.use(function(msg, next)
  if msg.content == "last?" then return wx.reply.raw(assert(json.encode(last))) end
  last = {
    type = msg.type, event = msg.event, key = msg.key, scene = msg.scene, first = msg.first, id = msg.id,
    media_id = msg.media_id, content = msg.content, openid = msg.openid, created = msg.created, raw = msg.raw,
    account = msg.account.id, in_time = msg.deadline > os.time() and msg.deadline < os.time() + 10,
  }
  return "answered"
end)
]]

describe("a pushed", function()
  local server

  setup(function() server = serve.start { ["weiyue.lua"] = serve.config { account }, ["plugins/all.lua"] = PLUGIN } end)
  teardown(function() server:stop() end)

  -- Sends it; what the handler saw, and the content of the answer.
  local function handled(nodes, form)
    local response = server:push(account, nodes, form)
    assert.equal(200, response.status)
    local last = server:request(serve.sign(account, push.text "last?", form))
    return json.decode(last.body), response.reply and response.reply.Content
  end

  local function leaf(nodes, name)
    for _, node in ipairs(nodes) do
      if node.name == name then return node.text end
    end
  end

  -- In these the sender is the platform, and the user stands in OpenID.
  local OTHER_USER <const> = { user_info_modified = true, user_authorization_revoke = true,
    user_authorization_cancellation = true }

  -- What lua-api.md promises for msg.
  local function expected(row, nodes, form)
    local event = row.event and row.event:lower()
    local key = leaf(nodes, "EventKey")
    local scene = event == "scan" and key or nil
    if event == "subscribe" then scene = key and key:match "^qrscene_(.*)$" end
    local is_message = row.kind == "message"
    return {
      type = row.kind == "component" and "component" or leaf(nodes, "MsgType"):lower(),
      event = event, key = key, scene = scene, first = scene and event == "subscribe" or scene and false,
      id = leaf(nodes, "MsgId") or leaf(nodes, "MsgID"),
      media_id = is_message and leaf(nodes, "MediaId") or nil,
      content = leaf(nodes, "Content"),
      openid = OTHER_USER[event] and leaf(nodes, "OpenID") or leaf(nodes, "FromUserName"),
      created = math.tointeger(leaf(nodes, "CreateTime") or 0), account = "bot", in_time = true,
      raw = push.raw(nodes, form),
    }
  end

  local with_form = 0
  for _, row in ipairs(push.rows()) do
    if row.has_form then
      with_form = with_form + 1
      local name = ("%s %s%s"):format(row.kind, row.event or row.msgtype, row.variant and " (" .. row.variant .. ")" or "")
      for _, form in ipairs { "xml", "json" } do
        it(("%s arrives as msg describes, and is answered where it may be: %s"):format(name, form), function()
          for _, nodes in ipairs(push.pushes(row)) do
            local last, answer = handled(nodes, form)
            assert.same(expected(row, nodes, form), last)
            assert.equal(row.may_reply ~= "no" and "answered" or nil, answer)
          end
        end)
      end
    end
  end

  it("row without a known form is one of two", function()
    assert.equal(223, with_form)
  end)

  it("event is known without regard to case and blanks around its name", function()
    for _, spelling in ipairs { "click", "CLICK", "Click", " CLICK\n" } do
      assert.equal("click", handled(push.message("event", spelling, "EventKey", "about"), "xml").event)
    end
  end)

  it("list of one entry may be an object in JSON", function()
    local nodes = push.message("event", "subscribe_msg_popup_event")
    nodes[#nodes + 1] = { name = "List", nodes = { push.leaf("TemplateId", "T1") } }
    assert.same({ TemplateId = "T1" }, handled(nodes, "json").raw.List)
  end)

  it("structure without content is an empty text or what WeChat puts there", function()
    local nodes = push.message("event", "masssendjobfinish", "ResultList", "\n\n\n")
    assert.equal("\n\n\n", handled(nodes, "json").raw.ResultList)
    assert.equal("\n\n\n", handled(nodes, "xml").raw.ResultList)
  end)

  it("unknown event or message arrives, is answered and told in the log", function()
    local last, answer = handled(push.message("event", "Brand_New", "EventKey", "k"), "xml")
    assert.same({ "brand_new", "k", "answered" }, { last.event, last.key, answer })
    last, answer = handled(push.message("hologram", nil, "Depth", "3"), "xml")
    assert.same({ "hologram", "3", "answered" }, { last.type, last.raw.Depth, answer })
    local lines = table.concat(server:logged "msg.unknown_type", "\n")
    assert.matches("type=event msg_event=brand_new", lines)
    assert.matches("type=hologram", lines)
  end)

  it("event that nobody may answer has its dropped answer told once, with file and line", function()
    for _ = 1, 2 do handled(push.message("event", "view", "EventKey", "http://example.com/"), "xml") end
    local lines = {}
    for _, line in ipairs(server:logged "reply.not_allowed") do
      if line:find " msg_event=view " then lines[#lines + 1] = line end
    end
    assert.equal(1, #lines)
    assert.matches("where=%S*plugins/all%.lua:%d+", lines[1])
  end)
end)
