"""A line of the book: written and read back."""

from datetime import date, time
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from pricing_data.price import Opinion, Price, Rates, Source, Tariff, Tier, Window
from pricing_data.row import dump, parse

amounts = st.decimals(min_value="0.000000000001", max_value="0.001", places=12)
maybe = st.none() | amounts
rates = st.builds(Rates, input=amounts, output=maybe, cached_input=maybe, cache_write=maybe)
minutes = st.times().map(lambda at: time(at.hour, at.minute))
tariffs = st.builds(
    Tariff,
    rates=rates,
    tiers=st.lists(st.builds(Tier, st.integers(1, 10**7), rates), max_size=1).map(tuple),
    batch=rates,
    batch_tiers=st.lists(st.builds(Tier, st.integers(1, 10**7), rates), max_size=1).map(tuple),
    schedule=st.lists(st.builds(Window, minutes, minutes, rates), max_size=2).map(tuple),
    per_call=maybe,
)
names = st.text(min_size=1, max_size=20)
sources = st.builds(
    Source, names, names, st.text("0123456789abcdef", min_size=64, max_size=64), names, names, st.none() | names
)
prices = st.builds(
    Price,
    model=names,
    effective_from=st.dates(),
    basis=st.sampled_from(["documented", "first_observed", "override", "host:bedrock"]),
    tariff=tariffs,
    source=sources,
    second_opinions=st.lists(st.builds(Opinion, names, amounts, maybe), max_size=2).map(tuple),
    state=st.sampled_from(["agreed", "single", "disputed", "override", "retired"]),
    recorded_at=st.dates(),
    corrects=st.none() | names,
)


@given(prices)
def test_a_row_round_trips(price: Price) -> None:
    """Every price can be written on one line and reads back equal."""
    line = dump(price)
    assert "\n" not in line
    assert parse(line) == price


def test_the_written_form() -> None:
    """Amounts are plain decimal strings per token, and unknown ones are left out."""
    source = Source("genai-prices", "0.2.3", "a" * 64, "anthropic", "claude-2", "https://example.org")
    tariff = Tariff(Rates(Decimal("8E-6"), Decimal("0.000024")))
    day = date(2026, 11, 21)
    opinions = (Opinion("litellm", Decimal("0.000008")),)
    price = Price("claude-2.1", day, "first_observed", tariff, source, opinions, "agreed", day)
    assert dump(price) == (
        '{"model":"claude-2.1","effective_from":"2026-11-21","basis":"first_observed","currency":"USD",'
        '"input":"0.000008","output":"0.000024","source":{"package":"genai-prices","version":"0.2.3","sha256":"'
        + "a"
        * 64
        + '","provider":"anthropic","id":"claude-2","url":"https://example.org"},"second_opinions":'
        '[{"source":"litellm","value":"0.000008"}],"state":"agreed","recorded_at":"2026-11-21"}'
    )
