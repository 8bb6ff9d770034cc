---@meta weiyue.xml
error("lua/meta holds types, not code", 0)

---The XML of pushes and replies as Lua tables.
---@class weiyue.xml
local xml = {}

---What an element holds: text, or children by name; a name that is repeated holds an array.
---@alias weiyue.xml.value string|table<string, weiyue.xml.value>|weiyue.xml.value[]

---Reads a document with the limits of a push (16 levels, 4096 elements, no document type, UTF-8).
---Attributes and comments are dropped, and the root: the table holds its children. Texts are
---strings, never trimmed. As in a push, ToUserName, FromUserName, CreateTime, MsgType and MsgId may
---not stand twice.
---@param text string
---@return table<string, weiyue.xml.value>? children
---@return string? err
function xml.parse(text) end

---Writes a document: keys in byte order, strings in CDATA, numbers and booleans bare, a list as
---repeated elements, `json.null` as an empty element. Characters that XML forbids become U+FFFD.
---@param children table<string, any>
---@param root? string default "xml"
---@return string? text
---@return string? err a value without a form, a name that is none, too deep
function xml.build(children, root) end

---Escapes text for an element or an attribute.
---@param text string
---@return string
function xml.escape(text) end

---Text as a CDATA section, `]]>` in it split over two.
---@param text string
---@return string
function xml.cdata(text) end

---A list of what may be nothing (nil, `json.null`, blanks: an empty list), one entry (a list of it) or
---a list already (itself): WeChat sends a single entry bare.
---@param value any
---@return any[]
function xml.as_list(value) end

return xml
