-- Tables of spec/facts.

local M = {}

--- The rows of a table, by the names in its first line.
---@param name string a file of spec/facts
---@return table<string, string>[]
function M.rows(name)
  local rows, head = {}, nil
  for line in io.lines("spec/facts/" .. name) do
    local cells = {}
    for cell in (line .. "\t"):gmatch "([^\t]*)\t" do cells[#cells + 1] = cell end
    if head then
      local row = {}
      for i, key in ipairs(head) do row[key] = cells[i] end
      rows[#rows + 1] = row
    else
      head = cells
    end
  end
  return rows
end

return M
