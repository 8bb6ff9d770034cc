---@meta weiyue.form
error("lua/meta is for editors, not for require")

--- application/x-www-form-urlencoded (表单与查询串) and multipart/form-data (带文件的表单), strict.
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

---@class weiyue.form.MultipartOptions
---@field max? integer most parts, 1 to 10000; default 64
---@field repeated? boolean fields may have one name: every value is then an array; default false

--- A file name is for people to read: the last component, without control characters and marks that turn the
--- direction of text, at most 255 bytes.
---@class weiyue.form.File
---@field name string of the field; files may share it
---@field filename string what its sender calls it: never a path; "" where a browser's user chose none
---@field type? string the Content-Type that its sender claims
---@field data string

---@class weiyue.form.Multipart
---@field fields table<string, string>|table<string, string[]>
---@field files weiyue.form.File[] in the order in which they came

---@class weiyue.form.Error
---@field code string multipart.boundary, .parts, .header, .name, .dup or .truncated
---@field message string
---@field hint string in Chinese (提示)
---@field hint_en string

--- Reads the body of a form with files (解析带文件的表单). A boundary or header that is malformed, two fields of one
--- name, a field named like a file, too many parts or a body that ends early give `nil, err`.
---@param body string
---@param content_type string the request's Content-Type, which names the boundary
---@param options? weiyue.form.MultipartOptions
---@return weiyue.form.Multipart? form
---@return weiyue.form.Error? err
function form.multipart(body, content_type, options) end

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
