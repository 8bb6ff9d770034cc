-- weiyue.xml: the XML of WeChat to Lua tables and back. The module is C (weiyue_core); its types and
-- documentation are in lua/meta/xml.lua.
return require("weiyue_core").xml
