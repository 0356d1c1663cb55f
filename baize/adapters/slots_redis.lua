-- One step of one process at the shared slots. Everything in it happens at once.
--
-- KEYS: alive (sorted set: process -> end of its lease, ms), held (hash: tenant -> slots), waiting (sorted
-- set: "process|number|tenant" -> order of arrival), served (hash: tenant -> when last, as a count),
-- count (a counter). What a process holds is in the hash KEYS[2]:process, what it is to be told in the list
-- KEYS[3]:process.
-- ARGV: process, lease in ms, slots, places in the queue, JSON {former, fresh, released, asked, claimed}.
local alive, held, waiting, served, count = unpack(KEYS)
local me, lease, n_slots, n_places = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local step = cjson.decode(ARGV[5])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function parts(member)
  return string.match(member, '^([^|]*)|([^|]*)|(.*)$')
end

local function give_back(process, number)
  local tenant = redis.call('HGET', held .. ':' .. process, number)
  if not tenant then return end
  redis.call('HDEL', held .. ':' .. process, number)
  if redis.call('HINCRBY', held, tenant, -1) <= 0 then redis.call('HDEL', held, tenant) end
end

local function bury(process)
  for _, number in ipairs(redis.call('HKEYS', held .. ':' .. process)) do give_back(process, number) end
  for _, member in ipairs(redis.call('ZRANGE', waiting, 0, -1)) do
    if parts(member) == process then redis.call('ZREM', waiting, member) end
  end
  redis.call('DEL', waiting .. ':' .. process)
  redis.call('ZREM', alive, process)
end

local function take(process, number, tenant)
  redis.call('HSET', held .. ':' .. process, number, tenant)
  redis.call('HSET', served, tenant, redis.call('INCR', count))
  return redis.call('HINCRBY', held, tenant, 1)
end

local function tell(process, word, number)
  redis.call('RPUSH', waiting .. ':' .. process, word .. number)
end

for _, process in ipairs(redis.call('ZRANGEBYSCORE', alive, '-inf', now)) do bury(process) end
if step.former ~= '' then bury(step.former) end
if not step.fresh and not redis.call('ZSCORE', alive, me) then return false end
redis.call('ZADD', alive, now + lease, me)

for _, ticket in ipairs(step.released) do
  give_back(me, ticket[1])
  redis.call('ZREM', waiting, me .. '|' .. ticket[1] .. '|' .. ticket[2])
end
for _, ticket in ipairs(step.claimed) do take(me, ticket[1], ticket[2]) end
for _, ticket in ipairs(step.asked) do
  redis.call('ZADD', waiting, redis.call('INCR', count), me .. '|' .. ticket[1] .. '|' .. ticket[2])
end

-- As `domain/fairness.py`: to the tenant that holds the fewest, among equals to the one served longest ago.
local n_held = 0
for _, n in ipairs(redis.call('HVALS', held)) do n_held = n_held + n end
local n_waiting = redis.call('ZCARD', waiting)
if n_waiting > 0 and (n_held < n_slots or n_waiting > n_places) then
  local queues, firsts = {}, {}
  for _, member in ipairs(redis.call('ZRANGE', waiting, 0, -1)) do
    local _, _, tenant = parts(member)
    if not queues[tenant] then queues[tenant], firsts[tenant] = {}, 1 end
    table.insert(queues[tenant], member)
  end
  local function rank(tenant)
    return tonumber(redis.call('HGET', held, tenant) or 0), tonumber(redis.call('HGET', served, tenant) or 0)
  end
  while n_held < n_slots and n_waiting > 0 do
    local best, best_held, best_served
    for tenant, queue in pairs(queues) do
      if queue[firsts[tenant]] then
        local n, at = rank(tenant)
        if not best or n < best_held or (n == best_held and (at < best_served or
            (at == best_served and tenant < best))) then
          best, best_held, best_served = tenant, n, at
        end
      end
    end
    local member = queues[best][firsts[best]]
    firsts[best] = firsts[best] + 1
    local process, number = parts(member)
    redis.call('ZREM', waiting, member)
    take(process, number, best)
    tell(process, '+', number)
    n_held, n_waiting = n_held + 1, n_waiting - 1
  end
  while n_waiting > n_places do
    local most, size
    for tenant, queue in pairs(queues) do
      local n = #queue - firsts[tenant] + 1
      if not most or n > size or (n == size and tenant < most) then most, size = tenant, n end
    end
    local member = table.remove(queues[most])
    local process, number = parts(member)
    redis.call('ZREM', waiting, member)
    tell(process, '-', number)
    n_waiting = n_waiting - 1
  end
end

local told = redis.call('LRANGE', waiting .. ':' .. me, 0, -1)
redis.call('DEL', waiting .. ':' .. me)
return {redis.call('ZCARD', alive), told}
