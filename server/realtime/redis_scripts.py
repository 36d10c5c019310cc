"""What Redis does in one act each, in Lua. One script runs after the other; none begins before the last has ended.

``KEYS[1]`` is the server's record, ``KEYS[2]`` the user's ledger, and then come two keys for each log. A script checks
first and writes then, so that one that fails has done nothing.

An entry is kept in the stream as it is published: epoch, offset, version or ``-``, and the event as JSON, with blanks
between. Offset 0 tells that an epoch begins.

Not for Redis Cluster: a script works with keys of several slots.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from server.realtime.event_log import MAX_ENTRIES, WINDOW, Outcome

KEPT = 86_400
"""Seconds from its last use for which it is known how a log stands: whoever idles that long is given a snapshot."""
PAGE = 1000
"""Entries that are read in one go: a few milliseconds in which Redis does nothing else."""
SIGNALS = 1000
OUTCOMES = (Outcome.DONE, Outcome.BEHIND, Outcome.LOST, Outcome.OVER)
"""By the number that a script returns."""

Argument = str | bytes | int
Command = tuple[Argument, ...]


@dataclass(frozen=True, slots=True)
class Script:
    text: str
    sha: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sha", hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest())

    def call(self, keys: Sequence[str], arguments: Sequence[Argument] = ()) -> Command:
        return ("EVALSHA", self.sha, len(keys), *keys, *arguments)


_LIFE = """
-- A life of the server begins with its start, and with its promotion from a replica: what was written before may be
-- lost in part. Returns the present one.
local function life(fresh)
  local run = (string.match(redis.call('INFO', 'server'), 'run_id:(%x+)') or '')
    .. (string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)') or '')
  local known = redis.call('HMGET', KEYS[1], 'run', 'life')
  if known[1] == run then return known[2] end
  redis.call('HSET', KEYS[1], 'run', run, 'life', fresh)
  return fresh
end
"""

_LEDGER = """
-- Key and version of the ledger, unless it is of an earlier life.
local function ledger()
  local held = redis.call('HMGET', KEYS[2], 'key', 'version', 'life')
  if held[1] and held[3] == redis.call('HGET', KEYS[1], 'life') then return held[1], tonumber(held[2]) end
end
"""

_LOG = f"""
local DONE, BEHIND, LOST, OVER = 0, 1, 2, 3

local function begin(log, entries, ledger, epoch)
  redis.call('UNLINK', log, entries)
  redis.call('HSET', log, 'ledger', ledger, 'epoch', epoch, 'offset', 0)
  redis.call('EXPIRE', log, {KEPT})
  redis.call('PUBLISH', log, epoch .. ' 0 - ')
end

local function add(log, entries, epoch, version, event)
  local offset = redis.call('HINCRBY', log, 'offset', 1)
  local entry = epoch .. ' ' .. offset .. ' ' .. version .. ' ' .. event
  redis.call('XADD', entries, 'MAXLEN', '~', {MAX_ENTRIES}, offset .. '-0', 'entry', entry)
  redis.call('PUBLISH', log, entry)
end

-- The epoch and the offset of the log in KEYS[3] and KEYS[4]; where there is none it begins, if a fresh epoch is given.
local function stand(ledger, fresh)
  local held = redis.call('HMGET', KEYS[3], 'ledger', 'epoch', 'offset')
  if held[1] == ledger then
    redis.call('EXPIRE', KEYS[3], {KEPT})
    return held[2], tonumber(held[3])
  elseif fresh ~= '' then
    begin(KEYS[3], KEYS[4], ledger, fresh)
    return fresh, 0
  end
end

local function read(entries, after, most)
  local found = redis.call('XRANGE', entries, '(' .. after .. '-0', '+', 'COUNT', most)
  for n, entry in ipairs(found) do found[n] = entry[2][2] end
  return table.concat(found, '\\n')
end
"""

_TELL = f"""
-- Appends the n-th event of ARGV, which has six fields there: the event, what it does to the live run, that run's turn
-- and number, and how many characters there are of its answer and its reasoning.
local function tell(n, first, ledger, fresh, version)
  local log, entries, at = KEYS[1 + 2 * n], KEYS[2 + 2 * n], first + 6 * (n - 1)
  local held = redis.call('HMGET', log, 'ledger', 'epoch')
  local epoch = held[2]
  if held[1] ~= ledger then
    epoch = fresh .. '.' .. n
    begin(log, entries, ledger, epoch)
  end
  add(log, entries, epoch, version, ARGV[at])
  if ARGV[at + 1] == 'begins' then
    redis.call('HSET', log, 'turn', ARGV[at + 2], 'run', ARGV[at + 3],
      'answer', ARGV[at + 4], 'reasoning', ARGV[at + 5])
  elseif ARGV[at + 1] == 'ends' then
    redis.call('HDEL', log, 'turn', 'run')
  end
  redis.call('EXPIRE', log, {KEPT})
  redis.call('EXPIRE', entries, {int(WINDOW)})
end
"""

GREET = Script(_LIFE + "return life(ARGV[1])")
"""``fresh life``: said first of all on each connection, for it may lead to another server than the last one."""

LEDGER = Script(
    _LEDGER
    + f"""
local key, version = ledger()
if not key then return false end
redis.call('EXPIRE', KEYS[2], {KEPT})
return {{key, version}}
"""
)

RENEW = Script(
    _LIFE
    + _LEDGER
    + f"""
-- instead of which key ('' for none), fresh key, version, fresh life, channel, user
local key, version = ledger()
if (key or '') ~= ARGV[1] then return end
redis.call('HSET', KEYS[2], 'key', ARGV[2], 'version', math.max(version or 0, ARGV[3]), 'life', life(ARGV[4]))
redis.call('EXPIRE', KEYS[2], {KEPT})
redis.call('PUBLISH', ARGV[5], ARGV[6] .. ' ' .. ARGV[2])
"""
)

ANNOUNCE = Script(
    _LEDGER
    + _LOG
    + _TELL
    + f"""
-- version, fresh epoch, events
local key, told = ledger()
local version, count = tonumber(ARGV[1]), (#ARGV - 2) / 6
if not key then return LOST end
if told >= version then return DONE end
if told ~= version - count then return BEHIND end
for n = 1, count do tell(n, 3, key, ARGV[2], told + n) end
redis.call('HSET', KEYS[2], 'version', version)
redis.call('EXPIRE', KEYS[2], {KEPT})
return DONE
"""
)

APPEND = Script(
    _LEDGER
    + _LOG
    + _TELL
    + """
-- fresh epoch, events. Without a ledger nobody can follow what is appended.
local key = ledger()
if not key then return end
for n = 1, (#ARGV - 1) / 6 do tell(n, 2, key, ARGV[1], '-') end
"""
)

WRITE = Script(
    _LEDGER
    + _LOG
    + f"""
-- epoch, turn, run, and of each delta: part, where it starts, how many characters it has, the event
local held = redis.call('HMGET', KEYS[3], 'epoch', 'ledger', 'turn', 'run', 'answer', 'reasoning')
if held[1] ~= ARGV[1] or held[2] ~= ledger() then return LOST end
if held[3] ~= ARGV[2] or held[4] ~= ARGV[3] then return OVER end
local chars = {{answer = tonumber(held[5]), reasoning = tonumber(held[6])}}
for at = 4, #ARGV, 4 do
  local part = ARGV[at]
  if tonumber(ARGV[at + 1]) ~= chars[part] then return LOST end
  chars[part] = chars[part] + ARGV[at + 2]
end
for at = 4, #ARGV, 4 do add(KEYS[3], KEYS[4], held[1], '-', ARGV[at + 3]) end
redis.call('HSET', KEYS[3], 'answer', chars.answer, 'reasoning', chars.reasoning)
redis.call('EXPIRE', KEYS[4], {int(WINDOW)})
return DONE
"""
)

POSITION = Script(
    _LEDGER
    + _LOG
    + f"""
-- fresh epoch
local key = ledger()
if not key then return false end
redis.call('EXPIRE', KEYS[2], {KEPT})
return {{stand(key, ARGV[1])}}
"""
)

READ = Script(
    _LEDGER
    + _LOG
    + f"""
-- after which offset, how many at most, fresh epoch or '' where no log is to begin
local key, version = ledger()
if not key then return false end
redis.call('EXPIRE', KEYS[2], {KEPT})
local epoch, offset = stand(key, ARGV[3])
if not epoch then return false end
return {{key, version, epoch, offset, read(KEYS[4], ARGV[1], ARGV[2])}}
"""
)

RESUME = Script(
    _LEDGER
    + _LOG
    + """
-- fresh epoch, turn, run, characters of its answer and of its reasoning
local key = ledger()
if not key then return false end
begin(KEYS[3], KEYS[4], key, ARGV[1])
redis.call('HSET', KEYS[3], 'turn', ARGV[2], 'run', ARGV[3], 'answer', ARGV[4], 'reasoning', ARGV[5])
return DONE
"""
)

FORGET = Script("redis.call('UNLINK', unpack(KEYS, 2))")
"""The ledger, and what is kept of a log."""

SEIZE = Script(
    _LEDGER
    + _LOG
    + f"""
-- turn, run
local held = redis.call('HMGET', KEYS[3], 'ledger', 'turn', 'run')
if not held[1] or held[1] ~= ledger() then return '' end
if held[2] == ARGV[1] and held[3] == ARGV[2] then redis.call('HDEL', KEYS[3], 'turn', 'run') end
return read(KEYS[4], 0, {2 * MAX_ENTRIES})
"""
)

SIGNAL = Script(
    f"""
-- The bus's stream is KEYS[1]. A signal is kept and published with its id before it.
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', {SIGNALS}, '*', 'signal', ARGV[1])
redis.call('EXPIRE', KEYS[1], {int(WINDOW)})
redis.call('PUBLISH', KEYS[1], id .. ' ' .. ARGV[1])
"""
)

MISSED = Script(
    """
-- The signals after an id, as they were published.
local found = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1], '+')
for n, entry in ipairs(found) do found[n] = entry[1] .. ' ' .. entry[2][2] end
return found
"""
)

ALL = (GREET, LEDGER, RENEW, ANNOUNCE, APPEND, WRITE, POSITION, READ, RESUME, FORGET, SEIZE, SIGNAL, MISSED)
