---@meta weiyue.json
error("lua/meta holds types, not code", 0)

---JSON to Lua values and back.
---
---An object is a table, an array a table that remembers that it is one (so an empty array stays an
---array), `null` is `json.null`. Integers keep every digit: what does not fit 64 bits stays text.
---@class weiyue.json
---@field null weiyue.json.null what stands for `null`; true in a condition, prints as "null"
local json = {}

---@class weiyue.json.null: userdata

---@class weiyue.json.decode_options
---Replies of WeChat's API contain raw control characters, bad UTF-8, NUL and lone surrogates: lenient
---takes the first and makes U+FFFD of the others.
---@field lenient? boolean
---@field depth? integer how deep arrays and objects may nest, 1 to 512; default 32

---@class weiyue.json.encode_options
---@field pretty? boolean two blanks per level, one value per line
---@field sort? boolean keys in byte order; default true
---@field floats? boolean 1.0 is written as 1.0, so that it is a float when it is read; default false: 1

---Reads JSON strictly (RFC 8259, UTF-8, no key twice in an object, nothing after the value).
---@param text string
---@param options? weiyue.json.decode_options
---@return any value nil on failure; a JSON null is `json.null`
---@return string? err the reason and the byte it was found at
function json.decode(text, options) end

---Writes raw UTF-8: only `"`, `\` and control characters are escaped, for WeChat shows `\uXXXX` as
---it is. A sequence or an array becomes an array, any other table an object with string keys.
---Metamethods are not called.
---@param value any
---@param options? weiyue.json.encode_options
---@return string? text nil for bad UTF-8, nan, infinity, functions, sequences with holes, cycles
---@return string? err the reason and the path of the value
function json.encode(value, options) end

---Marks a table as an array (a new one without an argument) and returns it.
---@generic T: table
---@param t? T a table without a metatable
---@return T
function json.array(t) end

---Is it a table that came from a JSON array, from repeated elements, or from `json.array`?
---@param value any
---@return boolean
function json.is_array(value) end

return json
