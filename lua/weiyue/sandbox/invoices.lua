-- Electronic invoices of a sandbox: who issued one, whose wallet it is in, who has locked it. They belong to the whole
-- world, for an account may reimburse what another has issued.

local ids = require "weiyue.sandbox.ids"
local shelf = require "weiyue.sandbox.shelf"
local values = require "weiyue.sandbox.values"

local M = {}

local INVOICES <const>, TITLES <const> = 2000, 500
local TITLE <const> = 600 -- seconds that a shown title can be scanned

M.INIT, M.LOCK = "INVOICE_REIMBURSE_INIT", "INVOICE_REIMBURSE_LOCK"
M.CLOSURE, M.CANCEL = "INVOICE_REIMBURSE_CLOSURE", "INVOICE_REIMBURSE_CANCEL"

local function state(world)
  world.invoices = world.invoices or { by_code = shelf.new(INVOICES), encrypted = shelf.new(INVOICES),
    numbers = shelf.new(INVOICES), titles = shelf.new(TITLES) }
  return world.invoices
end

--- Puts an invoice into a user's wallet.
---@param world table
---@param invoice { issuer: string, openid: string, card_id: string, order_id: string, data: table, info: table }
---@return table? invoice with code and encrypt_code
---@return integer? errcode 72042: its number is used
function M.add(world, invoice)
  local s = state(world)
  local number = ("%s/%s"):format(invoice.data.billing_code, invoice.data.billing_no)
  if s.numbers:get(number) then return nil, 72042 end
  invoice.code, invoice.encrypt_code = ids.hex(world.random, 12), ids.text(world.random, 43) .. "="
  invoice.status, invoice.at = M.INIT, math.floor(world.now())
  s.numbers:put(number, invoice)
  s.by_code:put(invoice.card_id .. "/" .. invoice.code, invoice)
  s.encrypted:put(invoice.encrypt_code, invoice)
  return invoice
end

--- By what its issuer knows of it.
---@return table? invoice, integer? errcode
function M.of_code(world, card_id, code)
  local invoice = state(world).by_code:get(("%s/%s"):format(card_id, code))
  if not invoice then return nil, 40116 end
  return invoice
end

--- By what a page got from wx.chooseInvoice.
---@return table? invoice, integer? errcode
function M.of_encrypted(world, card_id, encrypt_code)
  local invoice = state(world).encrypted:get(encrypt_code)
  if not invoice then return nil, 40133 end
  if invoice.card_id ~= card_id then return nil, 40073 end
  return invoice
end

--- What wx.chooseInvoice gives a page: those of a user that are not used up.
---@param world table
---@param openid string
---@return { card_id: string, encrypt_code: string, app_id: string }[]
function M.choose(world, openid)
  local list = {}
  for _, invoice in ipairs(state(world).by_code:list()) do
    if invoice.openid == openid and invoice.status ~= M.CLOSURE and invoice.status ~= M.CANCEL then
      list[#list + 1] = { card_id = invoice.card_id, encrypt_code = invoice.encrypt_code, app_id = invoice.issuer }
    end
  end
  return list
end

-- From here others may follow; the same again is no change. What is reimbursed or cancelled stays so.
local OPEN <const> = { [M.INIT] = true, [M.LOCK] = true }

--- Why an account may not give an invoice this status. Its issuer alone cancels one, whoever has locked it.
---@return integer? errcode 72023: another has locked it; 72024: it is used up
function M.fault(invoice, appid, status)
  if not OPEN[invoice.status] then return 72024 end
  if invoice.status == M.LOCK and invoice.locked_by ~= appid and status ~= M.CANCEL then return 72023 end
end

--- Gives it the status.
---@return boolean has_changed
function M.set(invoice, appid, status)
  local has_changed = invoice.status ~= status
  invoice.status, invoice.locked_by = status, status == M.LOCK and appid or nil
  return has_changed
end

--- A user shows the QR code of his invoice title: the text that a scanner reads.
---@param world table
---@param title { title: string, title_type?: integer, tax_no?: string, phone?: string, addr?: string }
---@return string scan_text
function M.show_title(world, title)
  local scan_text = ("%s/-/title/%s"):format(world.base, ids.text(world.random, 24))
  state(world).titles:put(scan_text, { title = values.copy(title), ends = world.now() + TITLE })
  return scan_text
end

--- What is behind such a text.
---@return table? title, integer? errcode
function M.title_of(world, scan_text)
  local shown = state(world).titles:get(scan_text)
  if not shown then return nil, 40097 end
  if world.now() >= shown.ends then return nil, 72044 end
  return values.copy(shown.title)
end

return M
