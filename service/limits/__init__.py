"""May this account call now: a limit on calls in any second and a quota of calls in a calendar month.

limiter.py      decides; knows what to do while the shared counters cannot be reached
batches.py      the calls of one event-loop turn travel together
counters.py     what the limiter asks of the shared counters (`service.limits.redis_store` has them)
local.py        the limits while the shared counters are away, of all workers of a server together
table.py        what these workers share: accounts in memory
process_lock.py their lock
debts.py        calls admitted without the shared counters, to be booked later
clock.py        the store's time, as this process knows it
allowance.py, decision.py, headers.py    the values that come and go

LimitsError
└── CountersUnreachable     the shared counters gave no answer; carries `reason`
"""

from service.limits.account_table import AccountTable, ProcessLock
from service.limits.decision import Allowance, Decision, Unavailable
from service.limits.headers import limit_headers
from service.limits.limiter import Limiter, Outcome
from service.limits.store import CountersUnreachable, LimitsError

__all__ = [
    "AccountTable",
    "Allowance",
    "CountersUnreachable",
    "Decision",
    "Limiter",
    "LimitsError",
    "Outcome",
    "ProcessLock",
    "Unavailable",
    "limit_headers",
]
