--- weiyue.time: clocks (the host's inside a host), durations, HTTP dates, RFC 3339.
--- All of it is C; types and docs: lua/meta/time.lua.
return require("weiyue_core").time
