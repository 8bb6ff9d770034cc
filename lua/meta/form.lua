---@meta weiyue.form
error("lua/meta is for editors, not for require")

--- application/x-www-form-urlencoded (表单与查询串), strict.
---@class weiyue.form
local form = {}

---@class weiyue.form.ParseOptions
---@field max? integer most fields, 1 to 10000; default 100
---@field repeated? boolean names may repeat: every value is then an array; default false

--- Reads a query string or form body (解析). A bad escape, a repeated name or too many fields give
--- `nil, err`. A field without "=" has the value "".
---@param s string
---@param options? weiyue.form.ParseOptions
---@return table<string, string>|table<string, string[]>|nil fields
---@return string? err
---@overload fun(s: string, options: { repeated: true, max: integer? }): table<string, string[]>?, string?
---@overload fun(s: string, options?: { max: integer? }): table<string, string>?, string?
function form.parse(s, options) end

--- Writes fields in the order of their names (编码); an array repeats its name.
---@param fields table<string, string|number|(string|number)[]>
---@return string
function form.encode(fields) end

--- One name or value: a space becomes "+", all but letters, digits and - . _ ~ becomes %XX.
---@param s string
---@return string
function form.escape(s) end

--- The inverse.
---@param s string
---@return string?
---@return string? err
function form.unescape(s) end

return form
