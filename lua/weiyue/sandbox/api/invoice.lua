-- The sandbox: electronic invoices. An order is authorised by the user on a page, its invoice is put into his wallet,
-- another account locks and reimburses it.

local event = require "weiyue.sandbox.event"
local ids = require "weiyue.sandbox.ids"
local invoices = require "weiyue.sandbox.invoices"
local library = require "weiyue.sandbox.library"
local shelf = require "weiyue.sandbox.shelf"
local values = require "weiyue.sandbox.values"

local int, text = values.int, values.text

local M = { choose = invoices.choose, show_title = invoices.show_title } -- what users do

local ORDERS <const>, CARDS <const>, MADE <const> = 1000, 200, 500
local MAKES <const> = 3       -- seconds that an issuing platform takes
local ISSUED <const> = 1      -- status of the event
local LIFE <const> = 10 * 365 * 86400 -- seconds, of an invoice

local function fresh()
  return { orders = shelf.new(ORDERS), cards = shelf.new(CARDS), made = shelf.new(MADE) }
end

local function state(world, account) return world:state(account, "invoice", fresh) end
local function of(ctx) return state(ctx.world, ctx.account) end

-- Settings ----------------------------------------------------------------------------------------------------

local function setting(field)
  return function(ctx, args)
    of(ctx)[field] = values.copy(args[field])
    return {}
  end, function(ctx)
    return { errcode = 0, errmsg = "ok", [field] = values.copy(of(ctx)[field] or {}) }
  end
end
M.set_contact, M.get_contact = setting "contact"
M.set_auth_field, M.get_auth_field = setting "auth_field"
M.set_pay_mch, M.get_pay_mch = setting "paymch_info"

function M.set_url(ctx)
  local s = of(ctx)
  s.pappid = s.pappid or "d" .. ids.text(ctx.world.random, 30)
  return { errcode = 0, errmsg = "ok",
    invoice_url = ("%s/-/invoice/auth?s_pappid=%s"):format(ctx.world.base, s.pappid) }
end

-- Orders ------------------------------------------------------------------------------------------------------

local function order_key(args) return ("%s/%s"):format(args.s_pappid, args.order_id) end

-- Whether set_url gave it to an account, be it another one, which issues invoices for this.
local function is_pappid(world, id)
  for _, appid in ipairs(world.appids) do
    local s = world:account(appid).invoice
    if s and s.pappid == id then return true end
  end
  return false
end

-- An order that the user has answered stays as it was.
function M.get_auth_url(ctx, args)
  local s = of(ctx)
  if not s.contact then return nil, 72063 end
  if int(args.money, 0) <= 0 or not is_pappid(ctx.world, args.s_pappid)
    or args.ticket ~= ctx.world:ticket(ctx.account.appid, "wx_card") then return nil, 72031 end
  local order = s.orders:get(order_key(args))
  if not order then
    order = { id = args.order_id, pappid = args.s_pappid, key = ids.text(ctx.world.random, 24) }
    s.orders:put(order_key(args), order)
  end
  if not order.openid then
    order.money, order.source, order.type = int(args.money), args.source, args.type
    order.redirect_url = args.redirect_url
  end
  return { errcode = 0, errmsg = "ok", appid = ctx.account.appid,
    auth_url = ("%s/-/invoice/auth/%s/%s"):format(ctx.world.base, ctx.account.appid, order.key) }
end

--- The order behind the address of get_auth_url, for the page that asks the user.
---@param world table
---@param appid string
---@param key string the last part of the address
---@return table? order { id, pappid, money, source, type, redirect_url?, openid? }
function M.order(world, appid, key)
  return state(world, world:account(appid)).orders:list(function(order) return order.key == key end)[1]
end

--- A user authorises an order, once.
---@param world table
---@param appid string
---@param openid string
---@param order { s_pappid: string, order_id: string }
---@param title? table { title, tax_no?, phone?, email?, … }: for himself without tax_no, else for a firm
---@return true?
---@return integer? errcode 72031: there is none; 72035: it was rejected; 72024: it is authorised already
function M.authorize(world, appid, openid, order, title)
  local account = world:account(appid)
  local found = state(world, account).orders:get(order_key(order))
  if not found then return nil, 72031 end
  if found.openid then return nil, found.rejected and 72035 or 72024 end
  if not world:user(appid, openid) then return nil, 46004 end
  title = title or { title = "个人" }
  found.openid, found.at = openid, math.floor(world.now())
  local field = title.tax_no and "biz_field" or "user_field"
  found.info = { [field] = values.copy(title) }
  event.send(world, appid, openid, "user_authorize_invoice",
    { SuccOrderId = found.id, FailOrderId = "", AppId = appid, Source = found.source })
  return true
end

local function authorised(ctx, args)
  local order = of(ctx).orders:get(order_key(args))
  if not order or not order.openid then return nil, 72038 end
  return order
end

function M.get_auth_data(ctx, args)
  local order, errcode = authorised(ctx, args)
  if not order then return nil, errcode end
  return { errcode = 0, errmsg = "ok", invoice_status = order.rejected and "reject insert" or "auth success",
    auth_time = order.at, user_auth_info = values.copy(order.info) }
end

function M.reject_insert(ctx, args)
  local order, errcode = authorised(ctx, args)
  if not order then return nil, errcode end
  if order.invoice then return nil, 72018 end
  order.rejected = args.reason
  return {}
end

-- Issuing -----------------------------------------------------------------------------------------------------

function M.create_card(ctx, args)
  local card_id = "p" .. ids.text(ctx.world.random, 27)
  of(ctx).cards:put(card_id, values.copy(args.invoice_info))
  return { errcode = 0, errmsg = "ok", card_id = card_id }
end

function M.set_pdf(ctx)
  local file = ctx.files and ctx.files.pdf
  if not file then return nil, 41005 end
  if file.data:sub(1, 5) ~= "%PDF-" then return nil, 72040 end
  local pdf = library.add(ctx.world, ctx.account,
    { kind = "temporary", type = "pdf", data = file.data, ending = "pdf" })
  return { errcode = 0, errmsg = "ok", s_media_id = pdf.media_id }
end

function M.get_pdf(ctx, args)
  local pdf, errcode = library.need(ctx.world, ctx.account, args.s_media_id, "pdf")
  if not pdf then return nil, errcode end
  return { errcode = 0, errmsg = "ok", pdf_url = library.url(ctx.world, pdf), pdf_url_expire_time = 7200 }
end

-- The order of an insert, of the account that it names: of another's, those that this platform issues for. Its s_pappid
-- is not told, so that it is the newest of that id.
local function order_to_insert(ctx, account, id)
  local pappid = of(ctx).pappid
  local list = state(ctx.world, account).orders:list(function(order)
    return order.id == id and (account == ctx.account or order.pappid == pappid)
  end)
  local order = list[#list]
  if not order or not order.openid then return nil, 72038 end
  if order.rejected then return nil, 72035 end
  if order.invoice then return nil, 72018 end
  return order
end

function M.insert(ctx, args)
  local world = ctx.world
  local card = of(ctx).cards:get(args.card_id)
  if not card then return nil, 40073 end
  local account = world:account(args.appid)
  if not account then return nil, 40013 end
  local order, errcode = order_to_insert(ctx, account, args.order_id)
  if not order then return nil, errcode end
  local data = values.copy(args.card_ext.user_card.invoice_user_data)
  if int(data.fee, 0) <= 0 then return nil, 72031 end
  local pdf = library.need(ctx.world, ctx.account, data.s_pdf_media_id, "pdf")
  if not pdf then return nil, 72040 end
  local invoice
  invoice, errcode = invoices.add(world, { issuer = ctx.account.appid, openid = order.openid, card_id = args.card_id,
    order_id = order.id, data = data, info = card, pdf_url = library.url(world, pdf) })
  if not invoice then return nil, errcode end
  order.invoice = invoice
  world:deliver(account.appid, order.openid, { way = "card", type = "invoice", card = { card_id = args.card_id,
    code = invoice.code, title = data.title, fee = data.fee, payee = card.payee } })
  local user = world:user(account.appid, order.openid)
  return { errcode = 0, errmsg = "ok", code = invoice.code, openid = order.openid, unionid = user and user.unionid }
end

function M.update_status(ctx, args)
  local invoice, errcode = invoices.of_code(ctx.world, args.card_id, args.code)
  if not invoice then return nil, errcode end
  if invoice.issuer ~= ctx.account.appid then return nil, 72015 end
  errcode = invoices.fault(invoice, ctx.account.appid, args.reimburse_status)
  if errcode then return nil, errcode end
  invoices.set(invoice, ctx.account.appid, args.reimburse_status)
  return {}
end

-- Reimbursing -------------------------------------------------------------------------------------------------

local function show(invoice)
  local data = values.copy(invoice.data)
  data.s_pdf_media_id, data.s_trip_pdf_media_id = nil, nil
  data.pdf_url, data.reimburse_status, data.order_id = invoice.pdf_url, invoice.status, invoice.order_id
  return { card_id = invoice.card_id, openid = invoice.openid, begin_time = invoice.at, end_time = invoice.at + LIFE,
    type = invoice.info.type, payee = invoice.info.payee, detail = invoice.info.detail, user_info = data }
end

function M.get_invoice_info(ctx, args)
  local invoice, errcode = invoices.of_encrypted(ctx.world, args.card_id, args.encrypt_code)
  if not invoice then return nil, errcode end
  local reply = show(invoice)
  reply.errcode, reply.errmsg = 0, "ok"
  return reply
end

function M.get_invoice_batch(ctx, args)
  local list = values.list()
  for i, item in ipairs(args.item_list) do
    local invoice, errcode = invoices.of_encrypted(ctx.world, item.card_id, item.encrypt_code)
    if not invoice then return nil, errcode end
    list[i] = show(invoice)
  end
  return { errcode = 0, errmsg = "ok", item_list = list }
end

-- All of them, or none. Their issuers hear of it.
local function update(ctx, items, status, openid)
  local appid, found = ctx.account.appid, {}
  for i, item in ipairs(items) do
    local invoice, errcode = invoices.of_encrypted(ctx.world, item.card_id, item.encrypt_code)
    if not invoice then return nil, errcode end
    if openid and invoice.openid ~= openid then return nil, 72015 end
    errcode = invoices.fault(invoice, appid, status)
    if errcode then return nil, errcode end
    found[i] = invoice
  end
  for _, invoice in ipairs(found) do
    if invoices.set(invoice, appid, status) then
      event.send(ctx.world, invoice.issuer, invoice.openid, "update_invoice_status",
        { Status = status, CardId = invoice.card_id, Code = invoice.code })
    end
  end
  return {}
end

function M.update_invoice_status(ctx, args)
  return update(ctx, { { card_id = args.card_id, encrypt_code = args.encrypt_code } }, args.reimburse_status)
end

function M.update_status_batch(ctx, args)
  return update(ctx, args.invoice_list, args.reimburse_status, args.openid)
end

-- Issuing by a platform ---------------------------------------------------------------------------------------

local function made_key(args) return ("%s/%s"):format(args.nsrsbh, args.fpqqlsh) end

function M.make_out(ctx, args)
  local s, own = of(ctx), args.invoiceinfo
  if not s.paymch_info then return nil, 72028 end
  if not s.auth_field then return nil, 72029 end
  if not ctx.world:user(ctx.account.appid, own.wxopenid) then return nil, 40003 end
  if not s.made:get(made_key(own)) then -- the same fpqqlsh again is the same invoice
    s.serial = (s.serial or 10000000) + 1
    s.made:put(made_key(own), { info = values.copy(own), ends = ctx.world.now() + MAKES, number = tostring(s.serial) })
    event.send(ctx.world, ctx.account.appid, own.wxopenid, "cloud_invoice_invoiceresult_event",
      { fpqqlsh = own.fpqqlsh, status = ISSUED, nsrsbh = own.nsrsbh }, MAKES)
  end
  return {}
end

local function made(ctx, args)
  local found = of(ctx).made:get(made_key(args))
  if not found then return nil, 73109 end
  if ctx.world.now() < found.ends then return nil, 73107 end
  return found
end

function M.query_info(ctx, args)
  local found, errcode = made(ctx, args)
  if not found then return nil, errcode end
  return { errcode = 0, errmsg = "ok", invoicedetail = { fpqqlsh = args.fpqqlsh, nsrsbh = args.nsrsbh,
    fpdm = "150003521055", fphm = found.number, kplx = found.is_cleared and "1" or "0",
    kprq = os.date("!%Y%m%d%H%M%S", math.floor(found.ends) + 8 * 3600) } }
end

function M.clear_out(ctx, args)
  local own = args.invoiceinfo
  local found
  for _, one in ipairs(of(ctx).made:list()) do
    if one.number == own.yfphm and one.info.nsrsbh == own.nsrsbh then found = one end
  end
  if not found then return nil, 73109 end
  if found.is_cleared then return nil, 72024 end
  found.is_cleared = true
  return {}
end

-- Titles ------------------------------------------------------------------------------------------------------

local TITLE <const> = { "title", "phone", "tax_no", "addr", "bank_type", "bank_no" }

-- What arguments say of a title.
local function title_of(args)
  local title = {}
  for _, name in ipairs(TITLE) do title[name] = text(args[name]) end
  return title
end

function M.get_user_title_url(ctx, args)
  if not text(args.title) and int(args.user_fill, 0) == 0 then return nil, 41011 end
  local key = ids.text(ctx.world.random, 24)
  local s = of(ctx)
  s.titles = s.titles or shelf.new(ORDERS)
  s.titles:put(key, title_of(args))
  return { errcode = 0, errmsg = "ok",
    url = ("%s/-/invoice/title/%s/%s"):format(ctx.world.base, ctx.account.appid, key) }
end

--- What the account knows of the title that it asks a user to save; its title is nil where he fills it in.
---@param world table
---@param appid string
---@param key string the last part of the address of get_user_title_url
---@return table? title { title?, phone?, tax_no?, addr?, bank_type?, bank_no? }
function M.title_to_save(world, appid, key)
  local titles = state(world, world:account(appid)).titles
  return titles and values.copy(titles:get(key))
end

function M.get_select_title_url(ctx, args)
  local key = ids.text(ctx.world.random, 24)
  local s = of(ctx)
  s.selects = s.selects or shelf.new(ORDERS)
  s.selects:put(key, text(args.attach) or "")
  return { errcode = 0, errmsg = "ok",
    url = ("%s/-/invoice/select/%s/%s"):format(ctx.world.base, ctx.account.appid, key) }
end

--- Whether an account has asked for a title under this key.
---@return boolean
function M.is_asked(world, appid, key)
  local selects = state(world, world:account(appid)).selects
  return selects ~= nil and selects:get(key) ~= nil
end

--- A user gives the account one of his titles, on the page of get_select_title_url.
---@param world table
---@param appid string
---@param openid string
---@param title table { title, phone?, tax_no?, addr?, bank_type?, bank_no? }
---@param key? string the last part of the address, which tells what the account has attached
function M.submit_title(world, appid, openid, title, key)
  local selects = state(world, world:account(appid)).selects
  local fields = { attach = key and selects and selects:get(key) or "",
    title_type = title.tax_no and "InvoiceUserTitleBusinessType" or "InvoiceUserTitlePersonType" }
  for _, name in ipairs(TITLE) do fields[name] = title[name] or "" end
  event.send(world, appid, openid, "submit_invoice_title", fields)
end

function M.scan_title(ctx, args)
  local title, errcode = invoices.title_of(ctx.world, args.scan_text)
  if not title then return nil, errcode end
  return { errcode = 0, errmsg = "ok", title_type = title.title_type or (title.tax_no and 0 or 1), title = title.title,
    phone = title.phone or "", tax_no = title.tax_no or "", addr = title.addr or "", bank_type = title.bank_type or "",
    bank_no = title.bank_no or "" }
end

return M
