"""Limiters as the service builds them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from service.limits import AccountTable, Limiter, LimitOutcome
from service.limits.fallback import StoreClock
from service.limits.limiter import ignore_outcome
from service.limits.redis_store import RedisRateLimitStore
from service.storage.redis import connect

PATIENT_SECONDS = 10.0  # where a test is not about time, a busy machine must not look like a lost store
SOON_SECONDS = 0.05


@asynccontextmanager
async def limiter_on(
    url: str,
    *,
    policy: str = "local",
    table: AccountTable | None = None,
    timeout_seconds: float = PATIENT_SECONDS,
    retry_after_seconds: float = SOON_SECONDS,
    clock: StoreClock | None = None,
    on_outcome: Callable[[LimitOutcome], None] = ignore_outcome,
) -> AsyncIterator[Limiter]:
    """Yield a limiter on the store at `url`, with connections of its own."""
    client = connect(url, socket_timeout_seconds=timeout_seconds)
    limiter = Limiter(
        RedisRateLimitStore(client, timeout_seconds=timeout_seconds),
        policy=policy,
        table=table,
        clock=clock,
        on_outcome=on_outcome,
        retry_after_seconds=retry_after_seconds,
    )
    yield limiter
    await limiter.close()
    await client.aclose()
