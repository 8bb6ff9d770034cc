-- weiyue.json: JSON to Lua values and back. The module is C (weiyue_core); its types and documentation
-- are in lua/meta/json.lua.
return require("weiyue_core").json
