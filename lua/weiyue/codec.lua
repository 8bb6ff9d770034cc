-- Signatures, envelopes, pushes and replies as WeChat wants them. Types: lua/meta/codec.lua.
return require("weiyue_core").codec
