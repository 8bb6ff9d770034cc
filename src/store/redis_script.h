/* What Redis runs for each operation: one script, so that each is done whole or not at all.
 *
 * Keys in Redis: wy:v:KEY is a value as it is; wy:i, a sorted set, has all KEYs in the order of
 * their bytes; wy:e, another, has those with a ttl by their end in ms (vKEY, and lNAME of a lock);
 * wy:l:NAME is the fence that holds a lock; wy:f the fence given last. The first is of the time, so
 * that they go on growing where Redis has lost what it had: no holder from before is taken for one.
 *
 * Times are of the server's clock, which all who share it agree upon; a caller with a virtual clock
 * brings his own. What is over is absent at once, and goes a few at a time with each write. The ttl
 * of Redis itself is not used: the index would not hear of it, and a server that runs out of memory
 * could take it for leave to drop what is durable.
 *
 * ARGV: verb, now (0: the server's), ttl, key, number, value, old, lock; behind value and old: 1
 * where there is one. Of a scan: value and old are the bounds, number the limit, ttl the bytes. */
#ifndef WY_STORE_REDIS_SCRIPT_H
#define WY_STORE_REDIS_SCRIPT_H

#define WY_REDIS_INDEX "wy:i"

/* clang-format off */
#define WY_REDIS_SCRIPT                                                                         \
  "if redis.replicate_commands then redis.replicate_commands() end\n"                           \
  "local verb, now, ttl, key, number = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5]\n" \
  "local value, has_value, old, has_old = ARGV[6], ARGV[7] == '1', ARGV[8], ARGV[9] == '1'\n"   \
  "local V, I, E, L, F = 'wy:v:', '" WY_REDIS_INDEX "', 'wy:e', 'wy:l:', 'wy:f'\n"                            \
  "local call = redis.call\n"                                                                   \
  "if now == 0 then\n"                                                                          \
  "  local t = call('TIME')\n"                                                                  \
  "  now = t[1] * 1000 + math.floor(t[2] / 1000)\n"                                             \
  "end\n"                                                                                       \
  "local function whole(n) return string.format('%.0f', n) end\n"                               \
  "local function over(member)\n"                                                               \
  "  local e = call('ZSCORE', E, member)\n"                                                     \
  "  return e and tonumber(e) <= now, e\n"                                                      \
  "end\n"                                                                                       \
  "local function live(k)\n"                                                                    \
  "  local v = call('GET', V .. k)\n"                                                           \
  "  if v and not over('v' .. k) then return v end\n"                                           \
  "end\n"                                                                                       \
  "local function ends(member)\n"                                                               \
  "  if ttl > 0 then call('ZADD', E, whole(now + ttl), member) else call('ZREM', E, member) end\n" \
  "end\n"                                                                                       \
  "local function put(k, v)\n"                                                                  \
  "  call('SET', V .. k, v)\n"                                                                  \
  "  call('ZADD', I, 0, k)\n"                                                                   \
  "  ends('v' .. k)\n"                                                                          \
  "end\n"                                                                                       \
  "local function drop(k)\n"                                                                    \
  "  call('DEL', V .. k)\n"                                                                     \
  "  call('ZREM', I, k)\n"                                                                      \
  "  call('ZREM', E, 'v' .. k)\n"                                                               \
  "end\n"                                                                                       \
  "local function held(name)\n"                                                                 \
  "  local f = call('GET', L .. name)\n"                                                        \
  "  if not f then return nil end\n"                                                            \
  "  local is_over, e = over('l' .. name)\n"                                                    \
  "  if not is_over then return f, e end\n"                                                     \
  "end\n"                                                                                       \
  "local function free(name)\n"                                                                 \
  "  call('DEL', L .. name)\n"                                                                  \
  "  call('ZREM', E, 'l' .. name)\n"                                                            \
  "end\n"                                                                                       \
  "local function sweep()\n"                                                                    \
  "  for _, m in ipairs(call('ZRANGEBYSCORE', E, '-inf', whole(now), 'LIMIT', 0, 8)) do\n"      \
  "    if m:sub(1, 1) == 'v' then drop(m:sub(2)) else free(m:sub(2)) end\n"                     \
  "  end\n"                                                                                     \
  "end\n"                                                                                       \
  "if verb == 'get' then return live(key) or false end\n"                                       \
  "if verb == 'scan' then\n"                                                                    \
  "  local min, out, n, bytes, limit = value, { 0 }, 0, 0, tonumber(number)\n"                  \
  "  while true do\n"                                                                           \
  "    local keys = call('ZRANGEBYLEX', I, min, old, 'LIMIT', 0, 100)\n"                        \
  "    for _, k in ipairs(keys) do\n"                                                           \
  "      local v = live(k)\n"                                                                   \
  "      if v then\n"                                                                           \
  "        if n == limit or bytes >= ttl then\n"                                                \
  "          out[1] = 1\n"                                                                      \
  "          return out\n"                                                                      \
  "        end\n"                                                                               \
  "        out[#out + 1], out[#out + 2] = k, v\n"                                               \
  "        n, bytes = n + 1, bytes + #k + #v + 8\n"                                             \
  "      end\n"                                                                                 \
  "    end\n"                                                                                   \
  "    if #keys < 100 then return out end\n"                                                    \
  "    min = '(' .. keys[#keys]\n"                                                              \
  "  end\n"                                                                                     \
  "end\n"                                                                                       \
  "local function change(k)\n"                                                                  \
  "  if has_value then put(k, value) else drop(k) end\n"                                        \
  "end\n"                                                                                       \
  "local did = {}\n"                                                                            \
  "function did.set()\n"                                                                        \
  "  put(key, value)\n"                                                                         \
  "  return 1\n"                                                                                \
  "end\n"                                                                                       \
  "function did.add()\n"                                                                        \
  "  if live(key) then return 0 end\n"                                                          \
  "  put(key, value)\n"                                                                         \
  "  return 1\n"                                                                                \
  "end\n"                                                                                       \
  "function did.cas()\n"                                                                        \
  "  local v = live(key)\n"                                                                     \
  "  if v and not (has_old and v == old) then return { 0, v } end\n"                            \
  "  if not v and has_old then return { 0 } end\n"                                              \
  "  change(key)\n"                                                                             \
  "  return { 1 }\n"                                                                            \
  "end\n"                                                                                       \
  "function did.incr()\n"                                                                       \
  "  if not live(key) then\n"                                                                   \
  "    put(key, number)\n"                                                                      \
  "    return number\n"                                                                         \
  "  end\n"                                                                                     \
  "  local sum = redis.pcall('INCRBY', V .. key, number)\n"                                     \
  "  if type(sum) == 'number' then return call('GET', V .. key) end\n"                          \
  "  if sum.err:find('not an integer', 1, true) or sum.err:find('overflow', 1, true) then return { 0 } end\n" \
  "  return sum\n"                                                                              \
  "end\n"                                                                                       \
  "function did.del()\n"                                                                        \
  "  local was = live(key) and 1 or 0\n"                                                        \
  "  drop(key)\n"                                                                               \
  "  return was\n"                                                                              \
  "end\n"                                                                                       \
  "function did.del_prefix()\n"                                                                 \
  "  local n = 0\n"                                                                             \
  "  while true do\n"                                                                           \
  "    local keys = call('ZRANGEBYLEX', I, '[' .. key, old, 'LIMIT', 0, 100)\n"                 \
  "    for _, k in ipairs(keys) do\n"                                                           \
  "      if live(k) then n = n + 1 end\n"                                                       \
  "      drop(k)\n"                                                                             \
  "    end\n"                                                                                   \
  "    if #keys == 0 then return n end\n"                                                       \
  "  end\n"                                                                                     \
  "end\n"                                                                                       \
  "function did.lock()\n"                                                                       \
  "  local fence, e = held(key)\n"                                                              \
  "  if fence then return { 0, e and whole(e - now) or '0' } end\n"                             \
  "  if call('EXISTS', F) == 0 then call('SET', F, whole(now)) end\n"                           \
  "  fence = call('INCR', F)\n"                                                                 \
  "  call('SET', L .. key, whole(fence))\n"                                                     \
  "  ends('l' .. key)\n"                                                                        \
  "  return { 1, whole(fence) }\n"                                                              \
  "end\n"                                                                                       \
  "function did.unlock()\n"                                                                     \
  "  if held(key) ~= number then return 0 end\n"                                                \
  "  free(key)\n"                                                                               \
  "  return 1\n"                                                                                \
  "end\n"                                                                                       \
  "function did.extend()\n"                                                                     \
  "  if held(key) ~= number then return 0 end\n"                                                \
  "  ends('l' .. key)\n"                                                                        \
  "  return 1\n"                                                                                \
  "end\n"                                                                                       \
  "function did.set_fenced()\n"                                                                 \
  "  if held(ARGV[10]) ~= number then return 0 end\n"                                           \
  "  change(key)\n"                                                                             \
  "  return 1\n"                                                                                \
  "end\n"                                                                                       \
  "local answer = did[verb]()\n"                                                                \
  "sweep()\n"                                                                                   \
  "return answer\n"
/* clang-format on */

#endif
