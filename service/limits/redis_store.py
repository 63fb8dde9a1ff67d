"""The shared counters of the limiter, kept in Redis or Valkey by the script limit.lua."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, TypeVar

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from service.limits.decision import Allowance, Decision
from service.limits.redis_script import ClusterScript, NodeScript, ScriptArguments, ScriptRunner, limit_script
from service.limits.store import BrokenRecord, CountersUnreachable, LimitRequest, UsageBooking
from service.storage.redis import FAULTS, SOCKET_TIMEOUT_SECONDS, Client, write_a_key

WINDOW_MICROSECONDS = 1_000_000
RECONNECT_TIMEOUT_SECONDS = 1.0
OPERATOR_TIMEOUT_SECONDS = 2.0
Result = TypeVar("Result")


class RequestGroup(NamedTuple):
    """Equal requests, and their places in the batch."""

    request: LimitRequest
    places: list[int]


class RedisRateLimitStore:
    """A RateLimitStore for one process. `writer` names it among the processes that share the store.

    `timeout_seconds` bounds the whole of a `decide` or `book`. Only an execution that the store answers with NOSCRIPT
    is sent twice: it alone is known not to have been carried out. `on_error` is called each time that the store cannot
    be reached, and `on_refusal` with the reason if it replied that it does not write.
    """

    def __init__(
        self,
        client: Client,
        *,
        writer: str | None = None,
        timeout_seconds: float = SOCKET_TIMEOUT_SECONDS,
        on_error: Callable[[], None] = lambda: None,
        on_refusal: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._client = client
        script = limit_script()
        self._script: ScriptRunner = (
            NodeScript(client, script) if isinstance(client, Redis) else ClusterScript(client, script)
        )
        self._writer = writer or secrets.token_hex(4)
        self._timeout_seconds = timeout_seconds
        self._on_error = on_error
        self._on_refusal = on_refusal
        self._log = structlog.get_logger()

    async def decide(
        self, requests: Sequence[LimitRequest], batch: int, due: Sequence[UsageBooking] = ()
    ) -> list[Decision | BrokenRecord]:
        """Book what is due, then decide on the requests, in order, in one round trip, to each node of a cluster."""
        groups = group_equal(requests)
        replies = await self._in_time(self._ask(groups, batch, due), self._timeout_seconds)
        try:
            return _in_order(groups, replies, len(requests))
        except (TypeError, ValueError) as error:
            raise self._unreachable(f"an answer that is not the script's: {error}") from error

    async def book(self, bookings: Sequence[UsageBooking]) -> None:
        """Count each booking exactly once, however often it is sent."""
        await self._in_time(self._book(bookings), self._timeout_seconds)

    async def reconnect(self) -> None:
        """Open a connection, check that the store takes writes, and load the script: the next `decide` then takes one
        round trip."""
        await self._in_time(self._reconnect(), RECONNECT_TIMEOUT_SECONDS)

    async def _reconnect(self) -> None:
        await write_a_key(self._client)
        await self._script.load()

    async def _ask(self, groups: Sequence[RequestGroup], batch: int, due: Sequence[UsageBooking]) -> list[Any]:
        if due:
            await self._book(due)
        return await self._run([self._question(group, batch) for group in groups]) if groups else []

    async def _book(self, bookings: Sequence[UsageBooking]) -> None:
        replies = await self._run([self._booking(booking) for booking in bookings])
        for booking, reply in zip(bookings, replies, strict=True):
            if isinstance(reply, Exception):
                fields = {"account_id": booking.account_id, "calls": booking.calls}
                self._log.error("limits.calls_not_booked", reason=_reason(reply), **fields)

    def _question(self, group: RequestGroup, batch: int) -> ScriptArguments:
        request = group.request
        mode, number = ("hit", len(group.places)) if request.recorded else ("peek", 1)
        limit, quota = request.allowance.calls_per_second, request.allowance.calls_per_month
        return (*_keys(request.account_id), mode, self._writer, batch, limit, WINDOW_MICROSECONDS, quota, number)

    def _booking(self, booking: UsageBooking) -> ScriptArguments:
        account_id, batch, calls, month, lost_batch = booking
        return (*_keys(account_id), "settle", self._writer, batch, calls, month, lost_batch)

    async def _run(self, executions: Sequence[ScriptArguments]) -> list[Any]:
        """Return one reply for each execution: a list, or an error that concerns its account alone."""
        replies = await self._script.run(executions)
        for reply in replies:
            if isinstance(reply, Exception) and not _concerns_one_account(reply):
                raise reply
        return replies

    async def _in_time(self, work: Awaitable[Result], timeout_seconds: float) -> Result:
        """Raise any fault of the store, and a timeout, as CountersUnreachable."""
        try:
            async with asyncio.timeout(timeout_seconds):
                return await work
        except FAULTS as error:
            raise self._unreachable(_reason(error), refused=isinstance(error, ResponseError)) from error

    def _unreachable(self, reason: str, *, refused: bool = False) -> CountersUnreachable:
        self._on_error()
        if refused:
            self._on_refusal(reason)
        return CountersUnreachable(reason, refused)


class AccountLimits:
    """What an account has used, for operators. Every method raises CountersUnreachable."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._store = RedisRateLimitStore(client, timeout_seconds=OPERATOR_TIMEOUT_SECONDS)

    async def look(self, account_id: str, allowance: Allowance) -> Decision:
        """Return the decision that a call of the account would get now. Nothing changes."""
        (answer,) = await self._store.decide([LimitRequest(account_id, allowance, recorded=False)], 0)
        if not isinstance(answer, Decision):
            raise CountersUnreachable(answer.reason)
        return answer

    async def reset(self, account_id: str) -> None:
        """Set to zero what the account has used in this second and this month."""
        try:
            await self._client.delete(*_keys(account_id))
        except FAULTS as error:
            raise CountersUnreachable(_reason(error)) from error


def _keys(account_id: str) -> tuple[str, str]:
    return f"rl:{{{account_id}}}:a", f"rl:{{{account_id}}}:q"


def group_equal(requests: Sequence[LimitRequest]) -> list[RequestGroup]:
    """Group the requests of each account in order, equal ones in a row together, so that a busy account needs one
    execution of the script."""
    groups: list[RequestGroup] = []
    latest: dict[str, RequestGroup] = {}
    for place, request in enumerate(requests):
        group = latest.get(request.account_id)
        if group is None or group.request != request:
            group = latest[request.account_id] = RequestGroup(request, [])
            groups.append(group)
        group.places.append(place)
    return groups


def _in_order(groups: Sequence[RequestGroup], replies: Sequence[Any], number: int) -> list[Decision | BrokenRecord]:
    answers: list[Any] = [None] * number
    for group, reply in zip(groups, replies, strict=True):
        for place, answer in zip(group.places, _answers(group, reply), strict=True):
            answers[place] = answer
    return answers


def _answers(group: RequestGroup, reply: Any) -> list[Decision] | list[BrokenRecord]:
    """Return the answers to the requests of a group. The reply has what is left after the last one admitted."""
    request, number = group.request, len(group.places)
    if isinstance(reply, Exception):
        return [BrokenRecord(_reason(reply))] * number
    admitted, quota_allows, rate_left, wait_microseconds, quota_left, month_ends_in, now = reply
    last = Decision(
        admitted=bool(admitted),
        refused_by=None if admitted else ("rate" if quota_allows else "quota"),
        allowance=request.allowance,
        rate_remaining=rate_left,
        rate_retry_after_seconds=-(-wait_microseconds // 1_000_000),
        quota_remaining=quota_left,
        quota_retry_after_seconds=0 if quota_left else month_ends_in,
        decided_at_microseconds=now,
    )
    if number == 1 or not request.recorded:
        return [last] * number
    # Before the last one admitted there is a place, and quota is left.
    earlier = [
        Decision(True, None, request.allowance, rate_left + later, 0, quota_left + later, 0, now)
        for later in range(admitted - 1, 0, -1)
    ]
    refused = last._replace(admitted=False, refused_by="rate" if quota_allows else "quota")
    return [*earlier, *([last] if admitted else []), *[refused] * (number - admitted)]


def _concerns_one_account(error: Exception) -> bool:
    """Return whether a key of the account holds something else than the limiter wrote there."""
    return isinstance(error, ResponseError) and str(error).startswith("WRONGTYPE")


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
