"""Clients of all stores of one process, opened, checked and closed together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

from service.auth.authenticator import Authenticator, LastUsed
from service.auth.login_attempts import LocalAttempts, LoginAttempts, RedisAttempts
from service.auth.pepper import Peppers
from service.auth.revocation import Revocations
from service.auth.sessions import PAGE_AUDIENCE, Sessions
from service.auth.sql_account_keys import SqlAccountKeys
from service.auth.sql_accounts import SqlAccountStore
from service.auth.sql_users import SqlUserStore
from service.billing.spending import SqlSpending
from service.billing.sql_credit import WelcomeCredit
from service.billing.sql_ledger import SqlLedger
from service.billing.sql_statements import SqlStatements
from service.limits import AccountTable, Limiter
from service.limits.redis_store import RedisRateLimitStore
from service.observability.metrics import Metrics
from service.runtime.background import in_background
from service.runtime.clock import utc_now
from service.storage.errors import StoreUnavailable
from service.storage.health import RefusedWrites, SharedChecks
from service.storage.redis import SOCKET_TIMEOUT_SECONDS, connect, write_fault
from service.storage.sql.engine import Database, check_write
from service.storage.sql.url import DatabaseUrl

# Less than the timeout of `/ready`, so that it can name the store that does not answer.
CHECK_TIMEOUT_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Addresses:
    """URLs of the stores, and the peppers of the keys."""

    redis_url: str
    database: DatabaseUrl
    peppers: Peppers


class Connections:
    """Clients of all stores for one event loop; connections are opened at first use.

    Workers that share `table` share the limits while Redis is unavailable.
    """

    def __init__(
        self,
        addresses: Addresses,
        *,
        limits_without_redis: str,
        table: AccountTable | None = None,
        redis_timeout_seconds: float = SOCKET_TIMEOUT_SECONDS,
        metrics: Metrics | None = None,
        welcome_micro_inr: int = 0,
    ) -> None:
        self.peppers = addresses.peppers
        self._redis_timeout_seconds = redis_timeout_seconds
        self.redis = connect(addresses.redis_url, socket_timeout_seconds=redis_timeout_seconds)
        self.metrics = metrics = metrics or Metrics()
        # RedisCounters limits the time of a whole round trip itself.
        self._counters_redis = connect(addresses.redis_url, socket_timeout_seconds=None)
        self.refused_writes = refused = RefusedWrites()
        rate_limit_store = RedisRateLimitStore(
            self._counters_redis,
            timeout_seconds=redis_timeout_seconds,
            on_error=partial(metrics.store_error, "counters"),
            on_refusal=partial(refused.note, "counters"),
        )
        self.limiter = Limiter(
            rate_limit_store,
            policy=limits_without_redis,
            table=table,
            on_outcome=metrics.decided,
            on_failure=metrics.task_failed,
        )
        self.revocations = Revocations(self.redis)
        self.database = Database(
            addresses.database, partial(metrics.store_error, "accounts"), partial(refused.note, "accounts")
        )
        self._checks = SharedChecks(self._check)
        self.accounts = SqlAccountStore(
            self.database, addresses.peppers, utc_now, welcome=WelcomeCredit(welcome_micro_inr)
        )
        self.account_keys = SqlAccountKeys(self.accounts)
        self.ledger = SqlLedger(self.database, utc_now, welcome_micro_inr)
        self.statements = SqlStatements(self.database, utc_now, welcome_micro_inr)
        self.spending = SqlSpending(self.database)
        self.users = SqlUserStore(self.database, utc_now)
        self.sessions = Sessions(addresses.peppers, utc_now)
        self.page_sessions = Sessions(addresses.peppers, utc_now, audience=PAGE_AUDIENCE)
        self.login_attempts = LoginAttempts(RedisAttempts(self.redis), addresses.peppers.newest, LocalAttempts())
        self.last_used = LastUsed(self.accounts)
        self.authenticator = Authenticator(self.accounts, addresses.peppers, utc_now, last_used=self.last_used)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Use the stores in the block; at its end write what is pending and close all clients."""
        failed = self.metrics.task_failed
        listen = partial(self.revocations.listen, self.authenticator.forget)
        async with AsyncExitStack() as closing:  # closes all, also if one of them fails
            closing.push_async_callback(self.database.close)
            closing.push_async_callback(self.ledger.close)
            closing.push_async_callback(self.redis.aclose)
            closing.push_async_callback(self._counters_redis.aclose)
            closing.push_async_callback(self.authenticator.close)
            closing.push_async_callback(self._checks.close)
            closing.push_async_callback(self._write_last_used)
            closing.push_async_callback(self.limiter.close)
            await closing.enter_async_context(in_background("revocations", listen, failed))
            await closing.enter_async_context(in_background("last_used", self.last_used.step, failed))
            yield

    async def faults(self) -> dict[str, str | None]:
        """Return the fault of each store as a sentence, or None; stores are checked with a write."""
        faults = await self._checks.ask()
        return {store: fault or self.refused_writes.fault(store) for store, fault in faults.items()}

    async def _check(self) -> dict[str, str | None]:
        counters, accounts = await asyncio.gather(self._counters_fault(), self._accounts_fault())
        return {"counters": counters, "accounts": accounts}

    async def _write_last_used(self) -> None:
        with suppress(StoreUnavailable):
            await self.last_used.flush()

    async def _counters_fault(self) -> str | None:
        timeout_seconds = min(2 * self._redis_timeout_seconds, CHECK_TIMEOUT_SECONDS)
        return await write_fault(self.redis, timeout_seconds=timeout_seconds)

    async def _accounts_fault(self) -> str | None:
        try:
            async with asyncio.timeout(CHECK_TIMEOUT_SECONDS):
                await check_write(self.database)
        except StoreUnavailable as error:
            return f"The database cannot be written: {error.reason}"
        except TimeoutError:
            return f"The database does not answer within {CHECK_TIMEOUT_SECONDS:g} s."
        return None
