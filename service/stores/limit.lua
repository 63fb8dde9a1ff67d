-- The two limits of an account, decided in one atomic step on the store's own clock.
--
-- Promise: in any half-open second (t - 1 s, t] at most `limit` calls are admitted, in any calendar
-- month (UTC) at most `quota`. A refused call changes nothing.
--
-- KEYS  1 rl:{account}:w   list: instants of the latest admissions in microseconds, newest first, at most `limit`
--       2 rl:{account}:q   hash: m = month as YYYYMM, n = calls admitted in it, and for each process that
--                          writes, under its own name, "batch:calls": its last batch and the calls admitted in it
--       The braces keep both in one slot of a cluster. Nothing else is touched, every write sets an expiry.
--
-- ARGV  1 mode   "hit" admits and records; "peek" answers as "hit" would and writes nothing;
--                "settle" books the calls that a process admitted while it could not reach the store
--       2 writer, 3 batch   the calling process, and the number of its batch; numbers only ever rise
--       hit, peek:  4 limit   5 window in microseconds   6 quota   7 calls, decided one after the other (peek: 1)
--       settle:     4 calls admitted without the store   5 their month   6 batch whose reply was lost, or 0
--
-- Reply hit, peek: calls admitted, which are the first of them, quota allows 0|1, rate left, microseconds to the next
--                  free place (0: now), quota left, seconds to the end of the month, instant in microseconds;
--                  what is left, after the last of them
-- Reply settle:    1 if booked, 0 if it was booked before or its month is over
--
-- Exactly once. A sender gives a batch up when no reply comes in time, and cannot know whether it was
-- carried out. It sends nothing more for the account until it has settled, under a higher number. Then
-- calls of the lost batch that were carried out are known by that batch's number and taken off again; those that
-- arrive even later carry a number that has been overtaken and are dropped; and a settlement that arrives
-- twice is booked once.
--
-- Clock. Hosts' clocks are never read. If the store's clock steps back by up to one window, the newest
-- recorded instant stands in for it, and the window does not open again; if by more, the recorded
-- instants are forgotten, for otherwise the account would be shut out for the length of the step. A
-- step back of up to a day across the 1st stays in the month that had begun.
--
-- Instants stay under 2^53 and are exact in Lua's numbers. Tests put a clock of their own in place of TIME.

local mode, writer, batch = ARGV[1], ARGV[2], tonumber(ARGV[3])
local MAX_WRITERS = 64   -- beyond it the oldest traces of writers are dropped, so that the hash stays small

local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]

-- The sandbox has no dates. Days are counted from 1970-01-01.
local function days_before(year)
  local past = year - 1
  return (year - 1970) * 365 + math.floor(past / 4) - math.floor(past / 100) + math.floor(past / 400) - 477
end

local function days_in(year, month)
  if month == 2 then return 28 + days_before(year + 1) - days_before(year) - 365 end
  return (month == 4 or month == 6 or month == 9 or month == 11) and 30 or 31
end

-- The month at an instant: YYYYMM, seconds left in it, and the length in seconds of the month after it.
local function month_at(instant)
  local second = math.floor(instant / 1000000)
  local day = math.floor(second / 86400)
  local year = 1970 + math.floor(day / 365.2425)
  while days_before(year) > day do year = year - 1 end
  while days_before(year + 1) <= day do year = year + 1 end
  local month, left = 1, day - days_before(year)
  while left >= days_in(year, month) do
    left = left - days_in(year, month)
    month = month + 1
  end
  local next_year, next_month = year, month + 1
  if month == 12 then next_year, next_month = year + 1, 1 end
  return year * 100 + month, (days_in(year, month) - left) * 86400 - second % 86400,
    next_year * 100 + next_month, days_in(next_year, next_month) * 86400
end

-- The count of the month, and what this writer did last. A count of another month is never used,
-- whatever became of the key's expiry.
local function read_quota()
  local month, ends_in, next_month, next_length = month_at(now)
  local stored = redis.call('HMGET', KEYS[2], 'm', 'n', writer)
  local stored_month = tonumber(stored[1])
  if stored_month == next_month and ends_in <= 86400 then
    month, ends_in = next_month, ends_in + next_length
  end
  local quota = {month = month, ends_in = ends_in, count = 0, batch = 0, calls = 0, renew = stored_month ~= nil}
  if stored_month == month then
    quota.renew = false
    quota.count = tonumber(stored[2])
    if stored[3] then
      local last, calls = string.match(stored[3], '(%d+):(%d+)')
      quota.batch, quota.calls = tonumber(last), tonumber(calls)
    elseif redis.call('HLEN', KEYS[2]) >= MAX_WRITERS + 2 then
      quota.renew = true
    end
  end
  return quota
end

local function write_quota(quota)
  if quota.renew then redis.call('DEL', KEYS[2]) end
  redis.call('HSET', KEYS[2], 'm', quota.month, 'n', string.format('%.0f', quota.count),
    writer, string.format('%.0f:%.0f', quota.batch, quota.calls))
  redis.call('EXPIRE', KEYS[2], quota.ends_in + 86400)
end

local function settle()
  local calls, month, lost = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
  local quota = read_quota()
  if batch <= quota.batch or month < quota.month then return 0 end
  local carried_out = quota.batch == lost and quota.calls or 0
  quota.count = math.max(quota.count + calls - carried_out, 0)
  quota.batch, quota.calls = batch, 0
  write_quota(quota)
  return 1
end

-- How many of the recorded instants lie in (now - window, now]. They are in order: search by halves.
local function count_recent(limit, window)
  local inside, outside = 0, math.min(redis.call('LLEN', KEYS[1]), limit)
  while inside < outside do
    local middle = math.floor((inside + outside) / 2)
    if tonumber(redis.call('LINDEX', KEYS[1], middle)) > now - window then
      inside = middle + 1
    else
      outside = middle
    end
  end
  return inside
end

local function record_instants(calls, limit, window, forget)
  if forget then redis.call('DEL', KEYS[1]) end
  local instant, instants = string.format('%.0f', now), {}
  for i = 1, calls do instants[i] = instant end
  redis.call('LPUSH', KEYS[1], unpack(instants))
  redis.call('LTRIM', KEYS[1], 0, limit - 1)
  redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000) + 1000)
end

local function wait_for_place(limit, window, used)
  if used < limit then return 0 end
  return tonumber(redis.call('LINDEX', KEYS[1], limit - 1)) + window - now
end

local function decide()
  local limit, window, allowed = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
  local newest = tonumber(redis.call('LINDEX', KEYS[1], 0))
  local forget = newest ~= nil and newest > now + window
  if newest and not forget then now = math.max(now, newest) end

  local quota = read_quota()
  if mode == 'hit' and batch < quota.batch then
    return redis.error_reply('STALE the sender gave this call up and has settled since')
  end
  local used = forget and 0 or count_recent(limit, window)
  local admitted = math.max(math.min(tonumber(ARGV[7]), limit - used, allowed - quota.count), 0)
  if admitted > 0 and mode == 'hit' then
    record_instants(admitted, limit, window, forget)
    used = used + admitted
    quota.count = quota.count + admitted
    quota.calls = quota.batch == batch and quota.calls + admitted or admitted
    quota.batch = batch
    write_quota(quota)
  end
  return {
    admitted, quota.count < allowed and 1 or 0, limit - used, wait_for_place(limit, window, used),
    math.max(allowed - quota.count, 0), quota.ends_in, now,
  }
end

if mode == 'settle' then return settle() end
return decide()
