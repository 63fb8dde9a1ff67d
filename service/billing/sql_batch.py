"""Many holds and settlements in one transaction.

Whatever is not the usual case (no balance yet, too little money, too many open calls, a hold that is closed) is left
undone here and answered with None: it is done by itself, by the ledger's own operations. Locks are taken in the
ledger's order: holds, balances, keys, and each kind in the order of its ids.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from service.billing.ledger import Balance, Call, Charge, Closed, Held, HoldState, NewHold
from service.billing.sql_credit import SIDES, WRITTEN_OFF
from service.storage.sql.rows import Parameters, Row, Rows
from service.storage.sql.tables import EPOCH, MICROSECOND

Owned = TypeVar("Owned", Call, NewHold)

SETTLE = (
    "UPDATE hold SET state = 'settled', tokens_input = :input, tokens_output = :output, cost = :cost, "
    "estimated = :estimated, outcome = :outcome, usage_fault = :usage_fault, closed_at = :now "
    "WHERE id = :id AND state = 'open' "
    "RETURNING trace_id, account_id, key_id, amount, streamed, opened_at, expires_at"
)
# The statement that decides whether the money suffices: for all holds of an account together.
MOVE = (
    "UPDATE balance SET held = held + :held, posted = posted - :cost "
    "WHERE account_id = :account_id AND posted - held >= :needed RETURNING posted, held"
)
SPEND = "UPDATE api_key SET spent_micro_inr = spent_micro_inr + :cost WHERE id = :key_id RETURNING spent_micro_inr"
SPENT = "SELECT spent_micro_inr FROM api_key WHERE id = :key_id"
# The state is written out, so that the index of open holds serves.
OPEN = "SELECT count(*) FROM hold WHERE key_id = :key_id AND state = 'open'"
OPENED = (
    "INSERT INTO hold (id, trace_id, account_id, key_id, state, amount, estimated, streamed, opened_at, expires_at) "
    "VALUES (:id, :trace_id, :account_id, :key_id, 'open', :amount, false, :streamed, :now, :expires_at)"
)
BOOKED = (
    "INSERT INTO entry (at, kind, reference, account_id, key_id, debit, credit, amount, reason) "
    "VALUES (:now, :kind, :reference, :account_id, :key_id, :debit, :credit, :amount, :reason)"
)


class Settlement(NamedTuple):
    """An open hold, and what it is to be charged."""

    hold_id: str
    charge: Charge


class Batch(NamedTuple):
    """What is written together."""

    holds: Sequence[NewHold]
    settlements: Sequence[Settlement]


class Written(NamedTuple):
    """The outcomes in the order of the batch; None for what is left to be done by itself."""

    holds: list[Held | None]
    settlements: list[Closed | None]


async def write(rows: Rows, batch: Batch, now: datetime) -> Written:
    """Write a batch in the transaction `rows`."""
    instant = (now - EPOCH) // MICROSECOND
    settled = await _settle(rows, batch.settlements, now, instant)
    balances = await _move(rows, [call for call, _ in settled], batch.holds)
    spent = await _spend(rows, [call for call, _ in settled], batch.holds)
    held = await _open(rows, [new for new in batch.holds if new.id in balances], instant)
    await rows.many(BOOKED, [entry for call, charge in settled for entry in _entries(call, charge, instant)])
    closed = {call.id: Closed(call, balances[call.id], spent[call.id]) for call, _ in settled}
    return Written(
        [Held(balances[new.id], spent[new.id]) if new.id in held else None for new in batch.holds],
        [closed.get(one.hold_id) for one in batch.settlements],
    )


async def _settle(
    rows: Rows, settlements: Sequence[Settlement], now: datetime, instant: int
) -> list[tuple[Call, Charge]]:
    """Close the holds; those that were open come back."""
    ordered = sorted(settlements, key=lambda one: one.hold_id)
    parameters = [
        {
            "id": hold_id,
            "input": charge.tokens.input,
            "output": charge.tokens.output,
            "cost": charge.cost,
            "estimated": charge.estimated,
            "outcome": charge.outcome,
            "usage_fault": charge.usage_fault,
            "now": instant,
        }
        for hold_id, charge in ordered
    ]
    found = zip(ordered, await rows.each(SETTLE, parameters), strict=True)
    return [(_settled(one, row, now), one.charge) for one, row in found if row is not None]


def _settled(one: Settlement, row: Row, now: datetime) -> Call:
    trace_id, account_id, key_id, amount, streamed, opened_at, expires_at = row
    charge = one.charge
    return Call(
        id=one.hold_id,
        trace_id=trace_id,
        account_id=account_id,
        key_id=key_id,
        state=HoldState.SETTLED,
        amount=amount,
        tokens=charge.tokens,
        cost=charge.cost,
        estimated=charge.estimated,
        streamed=bool(streamed),
        outcome=charge.outcome,
        opened_at=EPOCH + opened_at * MICROSECOND,
        expires_at=EPOCH + expires_at * MICROSECOND,
        closed_at=now,
        usage_fault=charge.usage_fault,
    )


async def _move(rows: Rows, calls: Sequence[Call], holds: Sequence[NewHold]) -> dict[str, Balance]:
    """Release what closed calls held, and set aside for new ones; the balance after each that was done, by its id."""
    released, wanted = _by_account(calls), _by_account(holds)
    groups: list[tuple[str, Sequence[Call | NewHold]]] = [
        (account_id, group)
        for account_id in sorted(released.keys() | wanted.keys())
        for group in (released.get(account_id), wanted.get(account_id))
        if group
    ]
    moved = await rows.each(MOVE, [_moved(account_id, group) for account_id, group in groups])
    balances: dict[str, Balance] = {}
    for (_, group), row in zip(groups, moved, strict=True):
        if row is None:
            continue
        posted, held = row
        for one in reversed(group):
            balances[one.id] = Balance(posted, held)
            cost, set_aside = _change(one)
            posted, held = posted + cost, held - set_aside
    return balances


def _moved(account_id: str, group: Sequence[Call | NewHold]) -> Parameters:
    changes = [_change(one) for one in group]
    held = sum(set_aside for _, set_aside in changes)
    return {"account_id": account_id, "held": held, "cost": sum(cost for cost, _ in changes), "needed": max(held, 0)}


def _change(one: Call | NewHold) -> tuple[int, int]:
    """What it takes away for good, and what it sets aside: less than nothing for a closed call."""
    return (one.cost, -one.amount) if isinstance(one, Call) else (0, one.amount)


async def _spend(rows: Rows, calls: Sequence[Call], holds: Sequence[NewHold]) -> dict[str, int]:
    """Add to what keys have spent; what the key of each had spent after it, by its id."""
    costs: dict[str, int] = {}
    for call in calls:
        costs[call.key_id] = costs.get(call.key_id, 0) + call.cost
    others = sorted({new.key_id for new in holds} - costs.keys())
    spending = [{"key_id": key_id, "cost": costs[key_id]} for key_id in sorted(costs)]
    found = [*await rows.each(SPEND, spending), *await rows.each(SPENT, [{"key_id": key_id} for key_id in others])]
    totals = {
        key_id: 0 if row is None else int(row[0]) for key_id, row in zip([*sorted(costs), *others], found, strict=True)
    }
    spent = {new.id: totals[new.key_id] for new in holds}
    for call in reversed(calls):
        spent[call.id] = totals[call.key_id]
        totals[call.key_id] -= call.cost
    return spent


async def _open(rows: Rows, holds: Sequence[NewHold], instant: int) -> set[str]:
    """Write the holds whose money is set aside, as far as their keys may have more; give the others' money back."""
    keys = sorted({new.key_id for new in holds if new.most_open is not None})
    counts = await rows.each(OPEN, [{"key_id": key_id} for key_id in keys])
    open_calls = {key_id: int(row[0]) if row else 0 for key_id, row in zip(keys, counts, strict=True)}
    opened: list[NewHold] = []
    refused: list[NewHold] = []
    for new in holds:
        room = new.most_open is None or open_calls[new.key_id] < new.most_open
        (opened if room else refused).append(new)
        if room and new.key_id in open_calls:
            open_calls[new.key_id] += 1
    await rows.each(MOVE, [{**_moved(new.account_id, [new]), "held": -new.amount, "needed": 0} for new in refused])
    await rows.many(OPENED, [_opened(new, instant) for new in opened])
    return {new.id for new in opened}


def _opened(new: NewHold, instant: int) -> Parameters:
    return {
        "id": new.id,
        "trace_id": new.trace_id,
        "account_id": new.account_id,
        "key_id": new.key_id,
        "amount": new.amount,
        "streamed": new.streamed,
        "now": instant,
        "expires_at": (new.expires_at - EPOCH) // MICROSECOND,
    }


def _entries(call: Call, charge: Charge, instant: int) -> Iterator[Parameters]:
    yield _entry(call, "charge", charge.cost, charge.outcome, instant)
    if charge.overrun:
        yield _entry(call, "write_off", charge.overrun, WRITTEN_OFF, instant)


def _entry(call: Call, kind: str, amount: int, reason: str, instant: int) -> Parameters:
    debit, credit = SIDES[kind]
    return {
        "now": instant,
        "kind": kind,
        "reference": call.id,
        "account_id": call.account_id,
        "key_id": call.key_id,
        "debit": debit,
        "credit": credit,
        "amount": amount,
        "reason": reason,
    }


def _by_account(several: Sequence[Owned]) -> dict[str, list[Owned]]:
    groups: dict[str, list[Owned]] = {}
    for one in several:
        groups.setdefault(one.account_id, []).append(one)
    return groups
