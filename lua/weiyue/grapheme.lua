-- What a reader takes for one character, though it is several code points: which of them stay together.
local M = {}

-- Code points that belong to the one before them, ascending, from Unicode 14.0: Grapheme_Cluster_Break = Extend, ZWJ,
-- SpacingMark (marks and vowel signs), V and T (the jamo that end a syllable). Unassigned ones between two are in.
local EXTENDS <const> = [[
  300-36F 483-489 591-5BD 5BF 5C1-5C2 5C4-5C5 5C7 610-61A 64B-65F 670 6D6-6DC 6DF-6E4 6E7-6E8 6EA-6ED 711 730-74A
  7A6-7B0 7EB-7F3 7FD 816-819 81B-823 825-827 829-82D 859-85B 898-89F 8CA-8E1 8E3-903 93A-93C 93E-94F 951-957
  962-963 981-983 9BC 9BE-9CD 9D7 9E2-9E3 9FE-A03 A3C-A51 A70-A71 A75 A81-A83 ABC ABE-ACD AE2-AE3 AFA-B03 B3C
  B3E-B57 B62-B63 B82 BBE-BCD BD7 C00-C04 C3C C3E-C56 C62-C63 C81-C83 CBC CBE-CD6 CE2-CE3 D00-D03 D3B-D3C D3E-D4D
  D57 D62-D63 D81-D83 DCA-DDF DF2-DF3 E31 E33-E3A E47-E4E EB1 EB3-EBC EC8-ECD F18-F19 F35 F37 F39 F3E-F3F F71-F84
  F86-F87 F8D-FBC FC6 102D-1037 1039-103E 1056-1059 105E-1060 1071-1074 1082 1084-1086 108D 109D 1160-11FF 135D-135F
  1712-1715 1732-1734 1752-1753 1772-1773 17B4-17D3 17DD 180B-180D 180F 1885-1886 18A9 1920-193B 1A17-1A1B 1A55-1A60
  1A62 1A65-1A7F 1AB0-1B04 1B34-1B44 1B6B-1B73 1B80-1B82 1BA1-1BAD 1BE6-1BF3 1C24-1C37 1CD0-1CD2 1CD4-1CE8 1CED 1CF4
  1CF7-1CF9 1DC0-1DFF 200C-200D 20D0-20F0 2CEF-2CF1 2D7F 2DE0-2DFF 302A-302F 3099-309A A66F-A672 A674-A67D A69E-A69F
  A6F0-A6F1 A802 A806 A80B A823-A827 A82C A880-A881 A8B4-A8C5 A8E0-A8F1 A8FF A926-A92D A947-A953 A980-A983 A9B3-A9C0
  A9E5 AA29-AA36 AA43 AA4C-AA4D AA7C AAB0 AAB2-AAB4 AAB7-AAB8 AABE-AABF AAC1 AAEB-AAEF AAF5-AAF6 ABE3-ABEA ABEC-ABED
  D7B0-D7FB FB1E FE00-FE0F FE20-FE2F FF9E-FF9F 101FD 102E0 10376-1037A 10A01-10A0F 10A38-10A3F 10AE5-10AE6
  10D24-10D27 10EAB-10EAC 10F46-10F50 10F82-10F85 11000-11002 11038-11046 11070 11073-11074 1107F-11082 110B0-110BA
  110C2 11100-11102 11127-11134 11145-11146 11173 11180-11182 111B3-111C0 111C9-111CC 111CE-111CF 1122C-11237 1123E
  112DF-112EA 11300-11303 1133B-1133C 1133E-1134D 11357 11362-11374 11435-11446 1145E 114B0-114C3 115AF-115C0
  115DC-115DD 11630-11640 116AB-116B7 1171D-1171F 11722-1172B 1182C-1183A 11930-1193E 11940 11942-11943 119D1-119E0
  119E4 11A01-11A0A 11A33-11A39 11A3B-11A3E 11A47 11A51-11A5B 11A8A-11A99 11C2F-11C3F 11C92-11CB6 11D31-11D45 11D47
  11D8A-11D97 11EF3-11EF6 16AF0-16AF4 16B30-16B36 16F4F 16F51-16F92 16FE4-16FF1 1BC9D-1BC9E 1CF00-1CF46 1D165-1D169
  1D16D-1D172 1D17B-1D182 1D185-1D18B 1D1AA-1D1AD 1D242-1D244 1DA00-1DA36 1DA3B-1DA6C 1DA75 1DA84 1DA9B-1DAAF
  1E000-1E02A 1E130-1E136 1E2AE 1E2EC-1E2EF 1E8D0-1E8D6 1E944-1E94A 1F3FB-1F3FF E0020-E01EF
]]

local FROM <const>, TO <const> = {}, {}
for from, to in EXTENDS:gmatch "(%x+)%-?(%x*)" do
  FROM[#FROM + 1] = tonumber(from, 16)
  TO[#FROM] = tonumber(to ~= "" and to or from, 16)
end

-- Signs that join the consonant behind them: Devanagari, Bengali, Gujarati, Oriya, Telugu, Malayalam, Burmese, Khmer.
local LINKS <const> = {
  [0x94D] = true, [0x9CD] = true, [0xACD] = true, [0xB4D] = true, [0xC4D] = true, [0xD4D] = true, [0x1039] = true,
  [0x17D2] = true,
}
local SCRIPT_BITS <const> = 7 -- each of these scripts has its letters in one block of 128

local JOINER <const> = 0x200D
local FLAG_A <const>, FLAG_Z <const> = 0x1F1E6, 0x1F1FF -- a flag is two of these

local function extends(code)
  local low, high = 0, #FROM -- FROM[low] <= code, but for 0
  while low < high do
    local middle = (low + high + 1) // 2
    if FROM[middle] <= code then low = middle else high = middle - 1 end
  end
  return low > 0 and code <= TO[low]
end

local function is_flag(code) return code >= FLAG_A and code <= FLAG_Z end

---Whether the second of two neighbours begins a character, as a reader sees it. Flags in a row are taken for one.
---@param before integer a code point, or -1
---@param after integer likewise
---@return boolean
function M.is_boundary(before, after)
  if extends(after) or before == JOINER then return false end
  if LINKS[before] and after >> SCRIPT_BITS == before >> SCRIPT_BITS then return false end
  if is_flag(before) and is_flag(after) then return false end
  return not (before == 13 and after == 10)
end

return M
