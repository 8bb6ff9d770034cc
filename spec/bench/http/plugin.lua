-- Does what the bench's control server says: so many calls, and tells their processor time.

local wx = require "weiyue"
local form = require "weiyue.form"

local control <const> = wx.config.control

local jobs = {}

-- Microseconds of processor time of the whole process for each of n calls, one after another.
function jobs.calls(job)
  local n, url = tonumber(job.n), job.url
  assert(wx.http.get(url)) -- the connection
  local began = os.clock()
  for _ = 1, n do
    local r = assert(wx.http.get(url))
    assert(r.status == 200 and #r.body == 74)
  end
  return (os.clock() - began) / n * 1e6
end

function jobs.upload(job)
  local r = assert(wx.http.post(job.url, { file = job.file, timeout = 100 }))
  return r:json().length
end

function jobs.multipart(job)
  local parts = { { name = "media", file = job.file, filename = "大.bin" } }
  local r = assert(wx.http.post(job.url, { multipart = parts, timeout = 100 }))
  return r:json().length
end

function jobs.download(job)
  local r = assert(wx.http.download(job.url, job.file, { max = 1 << 30, timeout = 100 }))
  return r.size
end

wx.after(0.1, function()
  while true do
    local r = assert(wx.http.get(control .. "/next", { timeout = 600 }))
    local job = form.parse(r.body)
    if not job or not job.what then return end
    local ok, value = pcall(jobs[job.what], job)
    assert(wx.http.post(control .. "/done", { form = { ok = tostring(ok), value = tostring(value) } }))
  end
end)
