"""Limits on an account's calls: in any second, and in a calendar month.

limiter.py        decides, by the shared counters or without them
store.py          the protocol RateLimitStore, its values and errors
redis_store.py    the shared counters in Redis or Valkey; redis_script.py executes limit.lua there
outage.py         the time until the shared counters can be reached again, and the calls to be counted there then
fallback.py       the limits during that time, for all workers of a server together; the store's clock
account_table.py  what these workers share: accounts in memory, and a lock
decision.py       the allowance, and the answer
"""

from service.limits.account_table import AccountTable, ProcessLock
from service.limits.decision import Allowance, Decision, Unavailable
from service.limits.limiter import Limiter, LimitOutcome
from service.limits.store import CountersUnreachable, LimitsError

__all__ = [
    "AccountTable",
    "Allowance",
    "CountersUnreachable",
    "Decision",
    "LimitOutcome",
    "Limiter",
    "LimitsError",
    "ProcessLock",
    "Unavailable",
]
