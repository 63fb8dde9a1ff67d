"""Plans: numbers as people write them, and several models beside each other, the cheapest first."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing_data import PriceBook, Usage
from pricing_data.named_models import NamedModel
from pricing_data.plans import part_of, plan_costs, read_plan, whole_number
from pricing_data.price import Rates, Service, Tariff, Tier
from pricing_data.responses import BadUsage
from tests.pricing_data.conftest import price

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PLAIN = {"models": ["a"], "input_tokens": "2k", "output_tokens": 500}


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("0", 0), ("7", 7), (7, 7), ("2k", 2_000), ("2K", 2_000), ("1.5k", 1_500), ("2M", 2_000_000), ("2m", 2_000_000),
        ("0.25M", 250_000), ("1B", 1_000_000_000), ("1_000", 1_000), ("1.0", 1),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(written: object, number: int) -> None:
    """Thousands, millions and billions have a letter; a fraction of them is fine as long as the whole is one."""
    assert whole_number("calls", written, 10**9) == number


@pytest.mark.parametrize(
    "written",
    ["", "k", "-1", "1e6", "1.5", "0.0001k", "2 k", "2kk", "1,000", "\u0661", "0x10", 1.5, -1, True, None, []],
)
def test_what_is_no_whole_number_is_named(written: object) -> None:
    """Anything else is refused with its name; nothing is rounded."""
    with pytest.raises(BadUsage, match=r"^calls: must be a whole number"):
        whole_number("calls", written, 10**9)


@given(st.integers(0, 10**9), st.integers(0, 100))
def test_a_share_is_rounded_down(whole: int, percent: int) -> None:
    """A share is of its whole, in whole tokens."""
    assert part_of("cached", f"{percent}%", whole, 10**9) == whole * percent // 100


def test_shares_have_bounds() -> None:
    """A share of more than all is refused, one of a fraction of a percent is not."""
    assert part_of("cached", "12.5 %", 1_000, 10**9) == 125
    with pytest.raises(BadUsage, match="at most 100%"):
        part_of("cached", "100.5%", 1_000, 10**9)
    with pytest.raises(BadUsage, match="at most 1,000,000,000"):
        part_of("cached", "1.1B", 1_000, 10**9)


def test_a_plan_has_all_properties_of_a_call() -> None:
    """Every count, the share of its whole, the number of calls, and the terms."""
    plan = read_plan(
        {
            "models": ["a", "b"],
            "input_tokens": "10k",
            "output_tokens": "1k",
            "cached_input_tokens": "40%",
            "cache_write_tokens": "10%",
            "cache_write_1h_tokens": 7,
            "reasoning_tokens": "50%",
            "web_searches": 2,
            "calls": "1M",
            "monthly": True,
            "at": "2026-01-31T14:00:00+02:00",
            "service_tier": "batch",
            "region": "us",
        },
        NOW,
    )
    assert plan.usage == Usage(10_000, 1_000, 4_000, 1_000, 7, reasoning_tokens=500, web_searches=2)
    assert (plan.models, plan.calls, plan.monthly) == (("a", "b"), 1_000_000, True)
    assert (plan.terms.at, plan.terms.service, plan.terms.region) == (
        datetime(2026, 1, 31, 12, tzinfo=UTC), "batch", "us",
    )  # fmt: skip
    assert read_plan({**PLAIN, "at": "2026-01-31"}, NOW).terms.at == date(2026, 1, 31)
    assert read_plan(PLAIN, NOW).terms.at == NOW
    assert read_plan({**PLAIN, "models": ["*"]}, NOW, ["x", "y"]).models == ("x", "y")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"models": []}, "models: must be a list of 1 to 1,000 names"),
        ({"models": "a"}, "models: must be a list"),
        ({"models": [1]}, "models: must be names of models, not 1"),
        ({"tokens": 1}, "tokens: is not a property of a plan; it has models, input_tokens"),
        ({"input_tokens": "2x"}, "input_tokens: must be a whole number, 0 or more, or a text such as"),
        ({"input_tokens": "2B"}, 'input_tokens: must be at most 1,000,000,000, not "2B"'),
        ({"input_tokens": 0, "output_tokens": 0}, "input_tokens: a plan needs tokens"),
        ({"cached_input_tokens": "101%"}, 'cached_input_tokens: must be at most 100%, not "101%"'),
        ({"cached_input_tokens": 2_001}, "plan: 2001 cached and 0 written tokens are more than the 2000 input tokens"),
        ({"calls": "2B"}, "calls: must be at most 1,000,000,000"),
        ({"calls": -1}, "calls: must be a whole number"),
        ({"monthly": 1}, "monthly: must be true or false, not 1"),
        ({"at": "2026-02-30"}, "at: must be a day such as"),
        ({"at": "2026-01-31T14:00:00"}, 'at: "2026-01-31T14:00:00" has no time zone'),
        ({"at": 5}, "at: must be a day such as"),
        ({"service_tier": "slow"}, 'service_tier: "slow" is not a known tier'),
        ({"region": 5}, "region: must be the name of a region, not 5"),
    ],
)  # fmt: skip
def test_a_bad_property_is_named_with_its_value(changes: dict[str, Any], sentence: str) -> None:
    """What cannot be planned is refused with one sentence."""
    with pytest.raises(BadUsage) as caught:
        read_plan({**PLAIN, **changes}, NOW)
    assert str(caught.value).startswith(sentence)


def test_the_cheapest_model_comes_first(book_of: Callable[..., PriceBook]) -> None:
    """Each model at its own rates, tiers and services, exactly; without a price it comes last, with the reason."""
    output = Decimal("0.000004")
    dear = replace(price("dear"), tariff=Tariff(Rates(Decimal("0.000003"), output)))
    long = Tier(1_000, Rates(Decimal("0.000002"), output))
    low = Rates(Decimal("0.0000001"), Decimal("0.0000001"))
    batch = Service("batch", low, (Tier(1_000, low),))
    cheap = replace(price("cheap"), tariff=Tariff(Rates(Decimal("0.000001"), output), (long,), (batch,)))
    book = book_of(dear, cheap, price("input-only"))

    def named(name: str) -> NamedModel:
        if name == "nobody":
            raise BadUsage("model", "unknown model")
        return NamedModel(name, name)

    models = ["nobody", "dear", "input-only", "cheap", "dear", "later"]
    found = plan_costs(book, read_plan({**PLAIN, "models": models, "calls": "3M"}, NOW), named)
    assert [(cost.model, cost.per_call, cost.total) for cost in found] == [
        ("cheap", Decimal("0.006"), Decimal(18_000)),
        ("dear", Decimal("0.008"), Decimal(24_000)),
        ("nobody", None, None),
        ("input-only", None, None),
        ("later", None, None),
    ]
    assert [cost.reason for cost in found[2:]] == [
        "unknown model",
        "no price for output is known, and there are 500 tokens",
        "no price of later is known",
    ]
    assert [line.path for line in found[0].lines] == ["input>1000", "output>1000"]
    of_batch = plan_costs(book, read_plan({**PLAIN, "models": ["dear", "cheap"], "service_tier": "batch"}, NOW), named)
    assert [(cost.model, cost.total, cost.reason) for cost in of_batch] == [
        ("cheap", Decimal("0.00025"), None),
        ("dear", None, "no price for batches is known"),
    ]
