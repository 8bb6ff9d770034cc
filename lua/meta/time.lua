---@meta weiyue.time
error("lua/meta is for editors, not for require")

--- Clocks, durations, dates (时间). Times are unix seconds; inside a host its clock counts, which
--- specs make virtual.
---@class weiyue.time
local time = {}

--- Unix seconds with fraction (当前时间).
---@return number
function time.now() end

--- Seconds on a clock that never goes back (单调时钟); only differences mean something.
---@return number
function time.monotonic() end

--- Seconds of a duration (时长): "10s", "5m", "1h30m", "48h", "500ms", "2d", "1.5h", or a number of
--- seconds. Units d h m s ms, each at most once, in this order; 0 to 100 years.
---@param d string|number
---@return number? seconds
---@return string? err
function time.duration(d) end

--- HTTP date: "Sun, 06 Nov 1994 08:49:37 GMT".
---@param t number
---@return string?
---@return string? err
function time.http(t) end

--- Reads an HTTP date, the two obsolete forms too (RFC 9110 5.6.7).
---@param s string
---@return integer? t
---@return string? err
function time.parse_http(s) end

--- RFC 3339: "2024-02-29T08:00:00Z"; milliseconds are written where t has some.
---@param t number
---@param offset? integer seconds east of Greenwich, whole minutes: 8 * 3600 for Beijing (东八区)
---@return string?
---@return string? err
function time.iso(t, offset) end

--- Reads RFC 3339; a zone is required.
---@param s string
---@return number? t
---@return string? err
function time.parse_iso(s) end

return time
