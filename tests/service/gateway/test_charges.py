"""Random charges, as reported and as recorded, against exact fractions of a rupee.

At full size: LEDGER_TEST_COSTS=1000000 GATEWAY_TEST_CHARGES=500.
"""

import json
import math
import os
import random
from fractions import Fraction
from functools import partial
from typing import Any

import pytest

from service.billing.charges import BalanceSnapshot, CallBill
from service.billing.ledger import Balance
from service.billing.money import MICRO_INR, TokenPrices, Tokens, shown
from tests.fake_upstream import Script, plain, stream
from tests.promises.figure import Figure
from tests.service.gateway.served_gateway import Caller, Gateway, events_of

BILLS = int(os.environ.get("LEDGER_TEST_COSTS", "10000"))
CALLS = int(os.environ.get("GATEWAY_TEST_CHARGES", "30"))
TARIFF = TokenPrices(25, 100)
MICRO = Fraction(1, MICRO_INR)
GRANT = Fraction(25_000)


def rounded_down(amount: Fraction, decimals: int) -> Fraction:
    """Return the amount rounded down, as it is reported."""
    return Fraction(math.floor(amount * 10**decimals), 10**decimals)


def decimals(amount: str) -> int:
    """Return the number of decimals of an amount."""
    return len(amount.partition(".")[2])


def told(bill: CallBill) -> dict[str, str]:
    """Return the billing headers, which must equal the properties in a stream."""
    headers = {name.decode(): value.decode() for name, value in bill.headers()}
    properties = bill.properties()
    for name in ("request_cost_inr", "credit_balance_inr", "credit_spent_inr", "tokens_input", "tokens_output"):
        assert headers[f"x-{name.replace('_', '-')}"] == str(properties[name])
    assert headers.get("x-credit-warning") == properties.get("credit_warning")
    return headers


@pytest.mark.promise(27)
def test_a_million_bills_are_exact(figure: Figure) -> None:
    """Every header of very many random bills equals the exact fraction: cost and spending to the micro-rupee, the
    balance rounded down to four decimals, the warning if and only if less than ten rupees are left."""
    dice = random.Random(27)
    balance, spent, posted, key_spent = GRANT, Fraction(), int(GRANT * MICRO_INR), 0
    for _ in range(BILLS):
        bound = Tokens(dice.randrange(10**6), dice.randrange(10**5))
        reported = Tokens(dice.randrange(2 * bound.input + 1), dice.randrange(2 * bound.output + 1))
        charged = TARIFF.within(reported, bound)
        exact = (25 * charged.input + 100 * charged.output) * MICRO
        assert exact <= (25 * bound.input + 100 * bound.output) * MICRO
        if exact > balance:  # the account tops up to anything
            granted = dice.randrange(10**9)
            balance, posted = balance + exact + granted * MICRO, posted + TARIFF.cost(charged) + granted
        balance, spent = balance - exact, spent + exact
        posted, key_spent = posted - TARIFF.cost(charged), key_spent + TARIFF.cost(charged)
        snapshot = BalanceSnapshot(Balance(posted, 0), key_spent, 10 * MICRO_INR)
        headers = told(CallBill(charged, TARIFF.cost(charged), False, snapshot))
        assert Fraction(headers["x-request-cost-inr"]) == exact
        assert Fraction(headers["x-credit-balance-inr"]) == rounded_down(balance, 4)
        assert Fraction(headers["x-credit-spent-inr"]) == spent
        assert ("x-credit-warning" in headers) == (balance < 10)
        assert [len(headers[f"x-{name}-inr"].partition(".")[2]) for name in ("request-cost", "credit-balance")] == [
            6,
            4,
        ]
    figure(f"{BILLS:,} random bills, their sum ₹{shown(key_spent, 6)} exact")


@pytest.mark.promise(28)
@pytest.mark.parametrize(("micro_inr", "warned"), [(10_000_000, False), (9_999_999, True), (0, True)])
def test_the_mark_is_exact(gateway: Gateway, micro_inr: int, warned: bool, figure: Figure) -> None:
    """At exactly ten rupees there is no warning; one micro-rupee below there is."""
    snapshot = BalanceSnapshot(Balance(micro_inr, 0), 0, 10 * MICRO_INR)
    assert (b"x-credit-warning" in dict(snapshot.headers())) == warned
    if micro_inr:
        caller = gateway.caller(micro_inr)
        gateway.upstream.answer = lambda _: plain("x", usage=(0, 0))
        assert ("x-credit-warning" in caller.chat(max_tokens=1).headers) == warned
    figure(f"₹{micro_inr / MICRO_INR:.6f}: {'a' if warned else 'no'} warning")


# Held are at least so many input tokens.
INPUT_TOKENS = 2_000
LONG = [{"role": "user", "content": "word " * INPUT_TOKENS}]


def bill_of(caller: Caller, streamed: bool) -> dict[str, str]:
    """Return the amounts that a call reports, in its headers or its stream."""
    answer = caller.chat(stream=streamed, max_tokens=16_384, messages=LONG)
    assert answer.status_code == 200
    if not streamed:
        names = ("request_cost_inr", "credit_balance_inr", "credit_spent_inr")
        return {"id": answer.json()["id"]} | {name: answer.headers[f"x-{name.replace('_', '-')}"] for name in names}
    last: dict[str, Any] = events_of(answer.text)[-2]
    return {"id": last["id"], **last["billing"]}


def reporting(usage: tuple[int, int], body: dict[str, Any]) -> Script:
    """Return an answer with this usage."""
    return (stream if body.get("stream") else plain)("x", usage=usage)


@pytest.mark.promise(27)
def test_charges_over_http_are_exact(gateway: Gateway, figure: Figure) -> None:
    """For random usage, plain and streamed, what a call reports, its record, its entry in the ledger and the balance
    equal the exact fractions."""
    dice = random.Random(28)
    caller = gateway.caller(int(GRANT * MICRO_INR))
    spent, costs = Fraction(), {}
    for number in range(CALLS):
        usage = (dice.randrange(INPUT_TOKENS), dice.randrange(10_000))
        gateway.upstream.answer = partial(reporting, usage)
        exact = (25 * usage[0] + 100 * usage[1]) * MICRO
        spent += exact
        bill = bill_of(caller, streamed=number % 2 == 1)
        assert Fraction(bill["request_cost_inr"]) == exact
        assert Fraction(bill["credit_balance_inr"]) == rounded_down(GRANT - spent, 4)
        assert Fraction(bill["credit_spent_inr"]) == spent
        record = json.loads(caller.http.get(f"/api/gateway/usage/{bill['id']}").content)
        assert Fraction(record["request_cost_inr"]) == exact
        costs[bill["id"].removeprefix("chatcmpl-")] = exact
    booked = {entry.reference: entry.amount * MICRO for entry in caller.entries() if entry.kind == "charge"}
    assert booked == costs
    assert caller.balance().posted * MICRO == GRANT - sum(costs.values())
    figure(f"{CALLS} over HTTP")
