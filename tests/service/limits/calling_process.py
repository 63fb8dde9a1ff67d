"""A client process: calls with one account as fast as it can, and prints when it was admitted.

Arguments: URL ACCOUNT SECONDS PER_SECOND PER_MONTH SKEW: the host's clock is wrong by SKEW seconds. It says
`ready`, and begins when a line comes in.
"""

import asyncio
import json
import sys
import time

from service.limits import Allowance, Decision
from service.limits.fallback import StoreClock
from tests.service.limits.limiters import limiter_on


async def call(url: str, account_id: str, seconds: float, allowance: Allowance, clock: StoreClock) -> list[int]:
    """Return the instants of the admitted calls, by the store's clock."""
    admitted = []
    async with limiter_on(url, clock=clock) as limiter:
        await limiter.peek(account_id, allowance)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            decision = await limiter.hit(account_id, allowance)
            if not limiter.shared or not isinstance(decision, Decision):
                raise RuntimeError("the store was lost")
            if decision.admitted:
                admitted.append(decision.decided_at_microseconds)
            if decision.refused_by == "quota":
                break
    return admitted


if __name__ == "__main__":
    _, url, account_id, seconds, per_second, per_month, skew = sys.argv
    allowance = Allowance(int(per_second), int(per_month))
    clock = StoreClock(wall_nanoseconds=lambda: time.time_ns() + int(skew) * 10**9)
    sys.stdout.write(json.dumps(asyncio.run(call(url, account_id, float(seconds), allowance, clock))))
