"""The statements that open and close holds, and the entries of the books: of any number of calls in one transaction.

They are raw SQL, because every chat executes them (docs/decisions/raw-sql.md). Locks are taken in one order (holds,
balances, keys, and each kind in the order of its ids), so that no two transactions wait for each other.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Row, select

from service.billing.ledger import Balance, CallRecord, Charge, Closed, Held, HoldState, NewHold, TooManyOpen
from service.billing.money import Tokens
from service.storage.sql.connection import SqlConnection, SqlParameters, SqlRow
from service.storage.sql.tables import EPOCH, MICROSECOND, api_key, balance, hold, microseconds_of

Owned = TypeVar("Owned", CallRecord, NewHold)

SETTLE = (
    "UPDATE hold SET state = 'settled', tokens_input = :input, tokens_output = :output, cost = :cost, "
    "estimated = :estimated, outcome = :outcome, usage_fault = :usage_fault, closed_at = :now "
    "WHERE id = :id AND state = 'open' "
    "RETURNING trace_id, account_id, key_id, amount, streamed, opened_at, expires_at"
)
VOID = (
    "UPDATE hold SET state = 'void', tokens_input = 0, tokens_output = 0, cost = 0, outcome = :outcome, "
    "closed_at = :now WHERE id = :id AND state = 'open' RETURNING account_id, amount"
)
# The statement that decides whether the money suffices: for all holds of an account together.
MOVE = (
    "UPDATE balance SET held = held + :held, posted = posted - :cost "
    "WHERE account_id = :account_id AND posted - held >= :needed RETURNING posted, held"
)
SPEND = "UPDATE api_key SET spent_micro_inr = spent_micro_inr + :cost WHERE id = :key_id RETURNING spent_micro_inr"
SELECT_SPENT = "SELECT spent_micro_inr FROM api_key WHERE id = :key_id"
# The state is a literal, so that the index of open holds is used.
COUNT_OPEN = "SELECT count(*) FROM hold WHERE key_id = :key_id AND state = 'open'"
INSERT_HOLD = (
    "INSERT INTO hold (id, trace_id, account_id, key_id, state, amount, estimated, streamed, opened_at, expires_at) "
    "VALUES (:id, :trace_id, :account_id, :key_id, 'open', :amount, false, :streamed, :now, :expires_at)"
)

INSERT_ENTRY = (
    "INSERT INTO entry (at, kind, reference, account_id, key_id, debit, credit, amount, reason) "
    "VALUES (:now, :kind, :reference, :account_id, :key_id, :debit, :credit, :amount, :reason)"
)
# The two sides of each kind of entry: from whom, to whom.
SIDES = {
    "welcome": ("grants", "customer"),
    "grant": ("grants", "customer"),
    "charge": ("customer", "revenue"),
    "write_off": ("write_off", "revenue"),
}
WRITTEN_OFF = "usage above the hold"


class SettleRequest(NamedTuple):
    """A hold that is to be closed with a charge."""

    hold_id: str
    charge: Charge


class Written(NamedTuple):
    """The outcomes in the order of the requests. A hold that its account's balance does not cover is None."""

    holds: list[Held | TooManyOpen | None]
    settled: list[Closed]


async def write(
    connection: SqlConnection, holds: Sequence[NewHold], requests: Sequence[SettleRequest], now: datetime
) -> Written:
    """Close holds and open new ones. Where the new holds of an account exceed its balance together, none is opened."""
    settled = await _settle(connection, requests, now) if requests else []
    calls = [call for call, _ in settled]
    balances, spent, open_calls = await _move_money(connection, calls, holds)
    opened = await _open(connection, [new for new in holds if new.id in balances], open_calls, now) if holds else set()
    if settled:
        entries = [entry for call, charge in settled for entry in _entries(call, charge, now)]
        await connection.run_each(INSERT_ENTRY, entries)
    closed = {call.id: Closed(call, balances[call.id], spent[call.id]) for call in calls}
    return Written(
        [_outcome(new, balances, spent, opened) for new in holds],
        [closed.get(one.hold_id) or await recorded(connection, one.hold_id) for one in requests],
    )


async def void(connection: SqlConnection, hold_id: str, outcome: str, now: datetime) -> bool:
    """Release an open hold without a charge; return False if it is closed."""
    parameters = {"id": hold_id, "outcome": outcome, "now": microseconds_of(now)}
    (row,) = await connection.fetch_each(VOID, [parameters])
    if row is None:
        return False
    account_id, amount = row
    await connection.fetch_each(MOVE, [_give_back(account_id, amount)])
    return True


async def recorded(connection: SqlConnection, hold_id: str) -> Closed:
    """Return a closed hold as it is recorded, and the money as it is now."""
    row = (await connection.execute(select(hold).where(hold.c.id == hold_id))).one()
    spent = await connection.scalar(select(api_key.c.spent_micro_inr).where(api_key.c.id == row.key_id))
    return Closed(call_of(row), await balance_of(connection, row.account_id) or Balance(0, 0), int(spent or 0))


def call_of(row: Row[Any]) -> CallRecord:
    """Return the call in a row of the table of holds."""
    return CallRecord(
        id=row.id,
        trace_id=row.trace_id,
        account_id=row.account_id,
        key_id=row.key_id,
        state=HoldState(row.state),
        amount=row.amount,
        tokens=Tokens(row.tokens_input or 0, row.tokens_output or 0),
        cost=row.cost or 0,
        estimated=row.estimated,
        streamed=row.streamed,
        outcome=row.outcome,
        opened_at=row.opened_at,
        expires_at=row.expires_at,
        closed_at=row.closed_at,
        usage_fault=row.usage_fault,
    )


async def balance_of(connection: SqlConnection, account_id: str) -> Balance | None:
    """Return an account's balance, or None if it never had one."""
    statement = select(balance.c.posted, balance.c.held).where(balance.c.account_id == account_id)
    row = (await connection.execute(statement)).one_or_none()
    return None if row is None else Balance(row.posted, row.held)


def entry_values(
    kind: str, reference: str, account_id: str, amount: int, now: datetime, reason: str, key_id: str | None = None
) -> SqlParameters:
    """Return the parameters of INSERT_ENTRY. `reference` and `kind` together are unique."""
    debit, credit = SIDES[kind]
    return {
        "now": (now - EPOCH) // MICROSECOND,
        "kind": kind,
        "reference": reference,
        "account_id": account_id,
        "key_id": key_id,
        "debit": debit,
        "credit": credit,
        "amount": amount,
        "reason": reason,
    }


def _outcome(
    new: NewHold, balances: dict[str, Balance], spent: dict[str, int], opened: set[str]
) -> Held | TooManyOpen | None:
    if new.id in opened:
        return Held(balances[new.id], spent[new.id])
    return TooManyOpen(new.most_open) if new.id in balances and new.most_open is not None else None


async def _settle(
    connection: SqlConnection, requests: Sequence[SettleRequest], now: datetime
) -> list[tuple[CallRecord, Charge]]:
    """Close holds; return those that were open."""
    ordered = sorted(requests, key=lambda one: one.hold_id)
    parameters = [
        {
            "id": hold_id,
            "input": charge.tokens.input,
            "output": charge.tokens.output,
            "cost": charge.cost,
            "estimated": charge.estimated,
            "outcome": charge.outcome,
            "usage_fault": charge.usage_fault,
            "now": (now - EPOCH) // MICROSECOND,
        }
        for hold_id, charge in ordered
    ]
    rows = await connection.fetch_each(SETTLE, parameters)
    return [(_settled(one, row, now), one.charge) for one, row in zip(ordered, rows, strict=True) if row is not None]


def _settled(one: SettleRequest, row: SqlRow, now: datetime) -> CallRecord:
    trace_id, account_id, key_id, amount, streamed, opened_at, expires_at = row
    charge = one.charge
    return CallRecord(
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


class _Moved(NamedTuple):
    """The balance after each call and hold and what its key had spent, by its id; and the open calls of keys."""

    balances: dict[str, Balance]
    spent: dict[str, int]
    open_calls: dict[str, int]


async def _move_money(connection: SqlConnection, calls: Sequence[CallRecord], holds: Sequence[NewHold]) -> _Moved:
    """Release what closed calls held, set aside money for new ones, and add to what keys have spent.

    The open calls of keys with a limit are counted after it: the number is exact, because all holds of a key wait for
    the lock on its account's balance.
    """
    groups = _groups(calls, holds)
    costs: dict[str, int] = {}
    for call in calls:
        costs[call.key_id] = costs.get(call.key_id, 0) + call.cost
    spending = sorted(costs)
    others = sorted({new.key_id for new in holds} - costs.keys())
    limited = sorted({new.key_id for new in holds if new.most_open is not None})
    moved, increased, read, counted = await connection.fetch_all(
        [
            (MOVE, [_movement(account_id, group) for account_id, group in groups]),
            (SPEND, [{"key_id": key_id, "cost": costs[key_id]} for key_id in spending]),
            (SELECT_SPENT, [{"key_id": key_id} for key_id in others]),
            (COUNT_OPEN, [{"key_id": key_id} for key_id in limited]),
        ]
    )
    totals = _numbers([*spending, *others], [*increased, *read])
    return _Moved(_balances(groups, moved), _spent(calls, holds, totals), _numbers(limited, counted))


def _groups(calls: Sequence[CallRecord], holds: Sequence[NewHold]) -> list[tuple[str, Sequence[CallRecord | NewHold]]]:
    """Return the calls and then the holds of each account, in the order of accounts."""
    released, wanted = _by_account(calls), _by_account(holds)
    return [
        (account_id, group)
        for account_id in sorted(released.keys() | wanted.keys())
        for group in (released.get(account_id), wanted.get(account_id))
        if group
    ]


def _balances(
    groups: Sequence[tuple[str, Sequence[CallRecord | NewHold]]], rows: Sequence[SqlRow | None]
) -> dict[str, Balance]:
    balances: dict[str, Balance] = {}
    for (_, group), row in zip(groups, rows, strict=True):
        if row is None:
            continue
        posted, held = row
        for one in reversed(group):
            balances[one.id] = Balance(posted, held)
            cost, set_aside = _change(one)
            posted, held = posted + cost, held - set_aside
    return balances


def _numbers(keys: Sequence[str], rows: Sequence[SqlRow | None]) -> dict[str, int]:
    return {key_id: 0 if row is None else int(row[0]) for key_id, row in zip(keys, rows, strict=True)}


def _movement(account_id: str, group: Sequence[CallRecord | NewHold]) -> SqlParameters:
    changes = [_change(one) for one in group]
    held = sum(set_aside for _, set_aside in changes)
    return {"account_id": account_id, "held": held, "cost": sum(cost for cost, _ in changes), "needed": max(held, 0)}


def _give_back(account_id: str, amount: int) -> SqlParameters:
    return {"account_id": account_id, "held": -amount, "cost": 0, "needed": 0}


def _change(one: CallRecord | NewHold) -> tuple[int, int]:
    """Return what a call costs, and what it sets aside: a negative amount for one that is closed."""
    return (one.cost, -one.amount) if isinstance(one, CallRecord) else (0, one.amount)


def _spent(calls: Sequence[CallRecord], holds: Sequence[NewHold], totals: dict[str, int]) -> dict[str, int]:
    """Return what the key of each call and hold had spent after it, by its id; `totals` is by key, after all."""
    spent = {new.id: totals[new.key_id] for new in holds}
    for call in reversed(calls):
        spent[call.id] = totals[call.key_id]
        totals[call.key_id] -= call.cost
    return spent


async def _open(
    connection: SqlConnection, holds: Sequence[NewHold], open_calls: dict[str, int], now: datetime
) -> set[str]:
    """Insert holds whose money is set aside, as many as their keys may have; give back the money of the others."""
    opened: list[NewHold] = []
    refused: list[NewHold] = []
    for new in holds:
        has_room = new.most_open is None or open_calls[new.key_id] < new.most_open
        (opened if has_room else refused).append(new)
        if has_room and new.key_id in open_calls:
            open_calls[new.key_id] += 1
    if refused:
        await connection.fetch_each(MOVE, [_give_back(new.account_id, new.amount) for new in refused])
    await connection.run_each(INSERT_HOLD, [_hold_values(new, now) for new in opened])
    return {new.id for new in opened}


def _hold_values(new: NewHold, now: datetime) -> SqlParameters:
    return {
        "id": new.id,
        "trace_id": new.trace_id,
        "account_id": new.account_id,
        "key_id": new.key_id,
        "amount": new.amount,
        "streamed": new.streamed,
        "now": (now - EPOCH) // MICROSECOND,
        "expires_at": (new.expires_at - EPOCH) // MICROSECOND,
    }


def _entries(call: CallRecord, charge: Charge, now: datetime) -> Iterator[SqlParameters]:
    yield entry_values("charge", call.id, call.account_id, charge.cost, now, charge.outcome, call.key_id)
    if charge.overrun:
        yield entry_values("write_off", call.id, call.account_id, charge.overrun, now, WRITTEN_OFF, call.key_id)


def _by_account(several: Sequence[Owned]) -> dict[str, list[Owned]]:
    groups: dict[str, list[Owned]] = {}
    for one in several:
        groups.setdefault(one.account_id, []).append(one)
    return groups
