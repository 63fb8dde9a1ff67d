"""The shared counters of the limiter, kept in Redis or Valkey by the script limit.lua."""

import asyncio
import secrets
from collections.abc import Awaitable, Sequence
from typing import Any, NamedTuple, TypeVar

import structlog
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from service.limits.cluster_script import ClusterScript
from service.limits.decision import Decision
from service.limits.script import NodeScript, Run, ScriptRunner, limit_script
from service.limits.store import BrokenRecord, Call, CountersUnreachable, Settlement
from service.storage.redis import FAULTS, SOCKET_TIMEOUT_SECONDS, Client, write_a_key

WINDOW_MICROSECONDS = 1_000_000
RECONNECT_TIMEOUT_SECONDS = 1.0
Result = TypeVar("Result")


class Group(NamedTuple):
    """Equal calls, and their places among those that were asked for together."""

    call: Call
    places: list[int]


class RedisCounters:
    """Counters for one process. `writer` names it among the processes that share the store.

    `timeout_seconds` bounds the whole of a `decide` or `settle`. Only a call that the store answers
    with NOSCRIPT is sent twice: it alone is known not to have been carried out.
    """

    def __init__(
        self,
        client: Client,
        *,
        writer: str | None = None,
        timeout_seconds: float = SOCKET_TIMEOUT_SECONDS,
    ) -> None:
        self._client = client
        script = limit_script()
        self._script: ScriptRunner = (
            NodeScript(client, script) if isinstance(client, Redis) else ClusterScript(client, script)
        )
        self._writer = writer or secrets.token_hex(4)
        self._timeout_seconds = timeout_seconds
        self._log = structlog.get_logger()

    async def decide(
        self, calls: Sequence[Call], batch: int, due: Sequence[Settlement] = ()
    ) -> list[Decision | BrokenRecord]:
        """Settle what is due, then decide on the calls, in order, in one round trip, to each node of a cluster."""
        groups = grouped(calls)
        replies = await _in_time(self._ask(groups, batch, due), self._timeout_seconds)
        try:
            return _in_order(groups, replies, len(calls))
        except (TypeError, ValueError) as error:
            raise CountersUnreachable(f"an answer that is not the script's: {error}") from error

    async def settle(self, settlements: Sequence[Settlement]) -> None:
        """Book each settlement exactly once, however often it is sent."""
        await _in_time(self._book(settlements), self._timeout_seconds)

    async def reconnect(self) -> None:
        """Open a connection, see that the store takes writes, and load the script, so that the next `decide` is one
        round trip."""
        await _in_time(self._reconnect(), RECONNECT_TIMEOUT_SECONDS)

    async def _reconnect(self) -> None:
        await write_a_key(self._client)
        await self._script.load()

    async def _ask(self, groups: Sequence[Group], batch: int, due: Sequence[Settlement]) -> list[Any]:
        if due:
            await self._book(due)
        return await self._run([self._question(group, batch) for group in groups]) if groups else []

    async def _book(self, settlements: Sequence[Settlement]) -> None:
        replies = await self._run([self._booking(settlement) for settlement in settlements])
        for settlement, reply in zip(settlements, replies, strict=True):
            if isinstance(reply, Exception):
                fields = {"account_id": settlement.account_id, "calls": settlement.calls}
                self._log.error("limits.calls_not_booked", reason=_reason(reply), **fields)

    def _question(self, group: Group, batch: int) -> Run:
        call = group.call
        mode, number = ("hit", len(group.places)) if call.recorded else ("peek", 1)
        limit, quota = call.allowance.calls_per_second, call.allowance.calls_per_month
        return (*_keys(call.account_id), mode, self._writer, batch, limit, WINDOW_MICROSECONDS, quota, number)

    def _booking(self, settlement: Settlement) -> Run:
        account_id, batch, calls, month, lost_batch = settlement
        return (*_keys(account_id), "settle", self._writer, batch, calls, month, lost_batch)

    async def _run(self, runs: Sequence[Run]) -> list[Any]:
        """One reply a run: a list, or an error that concerns this run's account alone."""
        replies = await self._script.run(runs)
        for reply in replies:
            if isinstance(reply, Exception) and not _concerns_one_account(reply):
                raise reply
        return replies


async def _in_time(work: Awaitable[Result], timeout_seconds: float) -> Result:
    """Whatever goes wrong with the store, or takes too long, is CountersUnreachable."""
    try:
        async with asyncio.timeout(timeout_seconds):
            return await work
    except FAULTS as error:
        raise CountersUnreachable(_reason(error), refused=isinstance(error, ResponseError)) from error


def _keys(account_id: str) -> tuple[str, str]:
    return f"rl:{{{account_id}}}:a", f"rl:{{{account_id}}}:q"


async def forget_counts(client: Client, account_id: str) -> None:
    """Drop what an account has used in this second and this month. Raises CountersUnreachable."""
    try:
        await client.delete(*_keys(account_id))
    except FAULTS as error:
        raise CountersUnreachable(_reason(error)) from error


def grouped(calls: Sequence[Call]) -> list[Group]:
    """The calls of each account in order, equal ones in a row together: a busy account is one run of the script."""
    groups: list[Group] = []
    latest: dict[str, Group] = {}
    for place, call in enumerate(calls):
        group = latest.get(call.account_id)
        if group is None or group.call != call:
            group = latest[call.account_id] = Group(call, [])
            groups.append(group)
        group.places.append(place)
    return groups


def _in_order(groups: Sequence[Group], replies: Sequence[Any], number: int) -> list[Decision | BrokenRecord]:
    answers: list[Any] = [None] * number
    for group, reply in zip(groups, replies, strict=True):
        for place, answer in zip(group.places, _answers(group, reply), strict=True):
            answers[place] = answer
    return answers


def _answers(group: Group, reply: Any) -> list[Decision] | list[BrokenRecord]:
    """The answers to the calls of a group. What is left counts down to what the reply says of the last admitted."""
    call, number = group.call, len(group.places)
    if isinstance(reply, Exception):
        return [BrokenRecord(_reason(reply))] * number
    admitted, quota_allows, rate_left, wait_microseconds, quota_left, month_ends_in, now = reply
    last = Decision(
        admitted=bool(admitted),
        refused_by=None if admitted else ("rate" if quota_allows else "quota"),
        allowance=call.allowance,
        rate_remaining=rate_left,
        rate_retry_after_seconds=-(-wait_microseconds // 1_000_000),
        quota_remaining=quota_left,
        quota_retry_after_seconds=0 if quota_left else month_ends_in,
        decided_at_microseconds=now,
    )
    if number == 1 or not call.recorded:
        return [last] * number
    # Before the last one admitted there is a place, and quota is left.
    earlier = [
        Decision(True, None, call.allowance, rate_left + later, 0, quota_left + later, 0, now)
        for later in range(admitted - 1, 0, -1)
    ]
    refused = last._replace(admitted=False, refused_by="rate" if quota_allows else "quota")
    return [*earlier, *([last] if admitted else []), *[refused] * (number - admitted)]


def _concerns_one_account(error: Exception) -> bool:
    """A key of the account holds something else than the limiter put there."""
    return isinstance(error, ResponseError) and str(error).startswith("WRONGTYPE")


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
