"""What an account has used, for those who run the service."""

from service.limits import Allowance, CountersUnreachable, Decision
from service.limits.redis_store import RedisCounters, forget_counts
from service.limits.store import Call
from service.storage.redis import Client

TIMEOUT_SECONDS = 2.0


class AccountLimits:
    """Looks at the shared counters and resets them. Every method raises CountersUnreachable."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._counters = RedisCounters(client, timeout_seconds=TIMEOUT_SECONDS)

    async def look(self, account_id: str, allowance: Allowance) -> Decision:
        """What a call of the account would be answered now. Nothing changes."""
        (answer,) = await self._counters.decide([Call(account_id, allowance, recorded=False)], 0)
        if not isinstance(answer, Decision):
            raise CountersUnreachable(answer.reason)
        return answer

    async def reset(self, account_id: str) -> None:
        """The account has used nothing, neither in this second nor in this month."""
        await forget_counts(self._client, account_id)
