-- The two limits of an account, decided in one atomic step on the store's own clock.
--
-- Promise: in any half-open second (t - 1 s, t] at most `limit` calls are admitted, in any calendar
-- month (UTC) at most `quota`. A refused call changes nothing.
--
-- KEYS  1 rl:{account}:a   list: the latest admissions, newest first; those of one instant together as
--                          "instant:before:after", in microseconds, and how many were admitted before and after them
--       2 rl:{account}:q   hash: m = month as YYYYMM, n = calls admitted in it, and for each process that
--                          writes, under its own name, "batch:calls": its last batch and the calls admitted in it
--       The braces keep both in one slot of a cluster. Nothing else is touched; no key is without an expiry.
--       0.1.0 keeps the first otherwise, under another name, so that both can run while one takes the other's place.
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

-- The month at an instant, as YYYYMM, and the seconds left in it. The sandbox has no dates. Days are counted in eras of
-- 400 years and years that begin in March, so that a leap day is the last: five months from there have 153 days.
local function month_at(instant)
  local floor = math.floor
  local second = floor(instant / 1000000)
  local day = floor(second / 86400) + 719468   -- since 1 March 0000
  local era = floor(day / 146097)
  local of_era = day % 146097
  local year = floor((of_era - floor(of_era / 1460) + floor(of_era / 36524) - floor(of_era / 146096)) / 365)
  local of_year = of_era - (365 * year + floor(year / 4) - floor(year / 100))
  local month = floor((5 * of_year + 2) / 153)   -- 0 is March
  local next_first = floor((153 * month + 155) / 5)
  if month == 11 then
    local next_year = year + 1
    next_first = 365 + ((next_year % 4 == 0 and (next_year % 100 ~= 0 or next_year % 400 == 0)) and 1 or 0)
  end
  local civil_year = 400 * era + year + (month > 9 and 1 or 0)
  return civil_year * 100 + (month + 2) % 12 + 1, (next_first - of_year) * 86400 - second % 86400
end

-- The count of the month, and what this writer did last. A count of another month is never used,
-- whatever became of the key's expiry.
local function read_quota()
  local month, ends_in = month_at(now)
  local stored = redis.call('HMGET', KEYS[2], 'm', 'n', writer)
  local stored_month = tonumber(stored[1])
  if stored_month ~= month and ends_in <= 86400 then
    local next_month, next_length = month_at(now + ends_in * 1000000)
    if stored_month == next_month then month, ends_in = next_month, ends_in + next_length end
  end
  local quota = {month = month, ends_in = ends_in, count = 0, batch = 0, calls = 0, renew = true}
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
  if quota.renew then redis.call('EXPIRE', KEYS[2], quota.ends_in + 86400) end
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

-- A record of admissions at one instant: the instant, and the numbers of calls before and after them.
local function record_at(place)
  local record = redis.call('LINDEX', KEYS[1], place)
  if not record then return nil end
  local instant, before, after = string.match(record, '(%d+):(%d+):(%d+)')
  return {instant = tonumber(instant), before = tonumber(before), after = tonumber(after)}
end

-- How many records lie in (now - window, now], and the oldest of them. They are in order, and those outside are at the
-- end: few, for every admission drops them. So the search begins there, with steps that double, and goes on by halves.
local function recent_records(window)
  local inside, outside, step, oldest = 0, redis.call('LLEN', KEYS[1]), 1, nil
  while inside < outside do
    local place = oldest and math.floor((inside + outside) / 2) or math.max(outside - step, 0)
    local record = record_at(place)
    if record.instant > now - window then
      inside, oldest = place + 1, record
    else
      outside, step = place, step * 2
    end
  end
  return inside, oldest
end

-- Keeps the `recent` latest records: `now` never goes back so far that others would be asked for again.
local function record_calls(calls, before, recent, window, forget)
  if forget then redis.call('DEL', KEYS[1]) end
  redis.call('LPUSH', KEYS[1], string.format('%.0f:%.0f:%.0f', now, before, before + calls))
  redis.call('LTRIM', KEYS[1], 0, recent)
  redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000) + 1000)
end

-- When the latest `limit` calls will be one fewer. The oldest of them is the oldest recent one, unless the limit was
-- lowered meanwhile.
local function next_place_at(limit, window, after, recent, oldest)
  local place = recent - 1
  while oldest.after <= after - limit do
    place = place - 1
    oldest = record_at(place)
  end
  return oldest.instant + window
end

local function decide()
  local limit, window, allowed = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
  local newest = record_at(0)
  local forget = newest ~= nil and newest.instant > now + window
  if forget then newest = nil end
  if newest then now = math.max(now, newest.instant) end

  local quota = read_quota()
  if mode == 'hit' and batch < quota.batch then
    return redis.error_reply('STALE the sender gave this call up and has settled since')
  end
  local recent, oldest = 0, nil
  if newest then recent, oldest = recent_records(window) end
  local after = newest and newest.after or 0
  local used = oldest and math.min(after - oldest.before, limit) or 0
  local admitted = math.max(math.min(tonumber(ARGV[7]), limit - used, allowed - quota.count), 0)
  if admitted > 0 and mode == 'hit' then
    record_calls(admitted, after, recent, window, forget)
    oldest = oldest or {instant = now, after = after + admitted}
    after, recent, used = after + admitted, recent + 1, used + admitted
    quota.count = quota.count + admitted
    quota.calls = quota.batch == batch and quota.calls + admitted or admitted
    quota.batch = batch
    write_quota(quota)
  end
  local wait = used < limit and 0 or next_place_at(limit, window, after, recent, oldest) - now
  return {
    admitted, quota.count < allowed and 1 or 0, limit - used, wait,
    math.max(allowed - quota.count, 0), quota.ends_in, now,
  }
end

if mode == 'settle' then return settle() end
return decide()
