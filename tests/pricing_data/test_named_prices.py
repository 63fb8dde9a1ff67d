"""Prices of models by what their names say: a host, a region, a service tier, fine-tuning, a free offer."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from pricing_data import PriceBook, Terms, Usage
from pricing_data.book.overrides import Override
from pricing_data.errors import BadUsage
from pricing_data.named_models import NamedModel, names_of
from pricing_data.named_prices import FINE_TUNED, FREE, find_price
from pricing_data.price import Price, PriceSource, Rates, Service, Tariff, Tier
from pricing_data.pricing import total_of_counts

DAY = date(2026, 10, 1)
MICRO = Decimal("0.000001")
CLAUDE = "claude-sonnet-4-5"
USAGE = Usage(1_000, 100)


def row(model: str, basis: str = "documented", rates: Rates | None = None, **more: object) -> Price:
    """Return a row of 3 and 15 USD per million tokens, half of that for batches."""
    rates = rates or Rates(3 * MICRO, 15 * MICRO)
    services = (Service("batch", Rates(rates.input and rates.input / 2, rates.output and rates.output / 2)),)
    tariff = replace(Tariff(rates, services=services), **more)  # type: ignore[arg-type]
    return Price(
        model, date(2025, 1, 1), basis, tariff, PriceSource("made-up", "1", "0" * 64, "p", model), (), "single", DAY
    )


def own_price(model: str, usd: str, regions: tuple[tuple[str, Decimal], ...] = ()) -> Override:
    source = PriceSource("own.toml", "1", "0" * 64, "override", model, "https://example.org")
    rates = Rates(Decimal(usd), Decimal(usd))
    return Override(model, date(2026, 1, 1), rates, None, None, source, "ours", regions=regions)


@pytest.fixture
def book(book_of: Callable[..., PriceBook]) -> PriceBook:
    """Return models of authors, and open weights at the price of one host."""
    rows = (
        row(CLAUDE, regions=(("eu", Decimal("1.5")),)),
        row("gpt-4o"),
        row("llama-3.1-8b", "host:groq"),
        row("deepseek-v3"),
    )
    return book_of(*rows)


def named(model: str, author: str, **said: object) -> NamedModel:
    return NamedModel("as sent", model, author, **said)  # type: ignore[arg-type]


def usd(book: PriceBook, model: NamedModel, terms: Terms | None = None) -> str | None:
    """Return the cost of 1,000 and 100 tokens, or the reason why there is none."""
    found = total_of_counts(book, model, USAGE, terms or Terms(DAY))
    return found.reason if found.usd is None else f"{found.usd.normalize():f}"


@pytest.mark.parametrize(
    ("said", "cost"),
    [
        ({}, "0.0045"),
        ({"host": "bedrock"}, "0.0045"),
        ({"host": "bedrock", "region": "us"}, "0.00495"),
        ({"host": "bedrock", "region": "eu"}, "0.00495"),
        ({"host": "bedrock", "region": "us-gov"}, "0.0054"),
        ({"host": "bedrock", "region": "global"}, "0.0045"),
        ({"host": "bedrock", "region": "moon"}, "no price for region 'moon' is known"),
        ({"host": "anthropic", "region": "eu"}, "0.00675"),
        ({"region": "eu"}, "0.00675"),
        ({"service": "batch"}, "0.00225"),
        ({"service": "fp8"}, "no price for service tier 'fp8' is known"),
        ({"host": "bedrock", "region": "us", "service": "batch"}, "0.002475"),
        ({"is_fine_tuned": True}, FINE_TUNED),
        ({"is_free": True}, FREE),
        ({"host": "sagemaker"}, "sagemaker asks prices of its own, and the known price is that of Anthropic"),
    ],
)
def test_what_a_name_says(book: PriceBook, said: dict[str, object], cost: str) -> None:
    """A host's region has the host's factor, not the author's; what changes a price in an unknown way gives none."""
    assert usd(book, named(CLAUDE, "Anthropic", **said)) == cost


@pytest.mark.parametrize(
    ("host", "model", "cost"),
    [
        ("groq", "llama-3.1-8b", "0.0045"),
        (None, "llama-3.1-8b", "0.0045"),
        ("fireworks", "llama-3.1-8b", "the price is that of groq, and fireworks asks prices of its own"),
        ("deepseek", "deepseek-v3", "0.0045"),
        ("together", "deepseek-v3", "together asks prices of its own, and the known price is that of DeepSeek"),
    ],
)
def test_open_weights_cost_what_their_host_asks(book: PriceBook, host: str | None, model: str, cost: str) -> None:
    """Neither the price of another host nor that of the author is the price of a host."""
    author = "Meta" if model.startswith("llama") else "DeepSeek"
    assert usd(book, named(model, author, host=host)) == cost


def test_own_prices_win_over_what_a_name_says(book: PriceBook) -> None:
    """An operator's price of a model holds at any host, with its own regions; one of fine-tuned models is theirs."""
    regions = (("us", Decimal(2)),)
    ours = book.with_overrides(
        [replace(own_price(CLAUDE, "0.000001", regions), replaces=3 * MICRO), own_price("ft:gpt-4o", "0.000002")]
    )
    assert usd(ours, named(CLAUDE, "Anthropic", host="sagemaker", region="us")) == "0.0022"
    assert usd(ours, named("gpt-4o", "OpenAI", is_fine_tuned=True)) == "0.0022"


def test_a_free_offer_of_a_model_without_a_price_costs_nothing(book: PriceBook) -> None:
    """A row that says 0 is the price of a free offer."""
    ours = book.with_overrides([own_price("our-model", "0")])
    assert usd(ours, named("our-model", "us", is_free=True)) == "0"


@pytest.mark.parametrize(
    ("said", "stated", "fault"),
    [
        ({"region": "us"}, Terms(DAY, region="eu"), 'region: "eu" contradicts the name "as sent", which says "us"'),
        ({"service": "batch"}, Terms(DAY, "flex"), 'service_tier: "flex" contradicts the name'),
        ({"service": "batch"}, Terms(DAY), None),
        ({"service": "batch"}, Terms(DAY, "batch"), None),
        ({"region": "us"}, Terms(DAY, region="us"), None),
    ],
)
def test_terms_that_contradict_the_name(
    book: PriceBook, said: dict[str, object], stated: Terms, fault: str | None
) -> None:
    """They are refused, or the reason without a cost; a service that is not stated contradicts nothing."""
    model = named(CLAUDE, "Anthropic", host="bedrock", **said)
    if fault is None:
        assert model.terms(stated).service == said.get("service", "standard")
        return
    with pytest.raises(BadUsage) as error:
        model.terms(stated)
    assert str(error.value).startswith(fault)
    assert str(usd(book, model, stated)).startswith(fault)


def test_a_stated_standard_service_contradicts_another_one() -> None:
    """A caller who states the standard tier does not mean a batch."""
    with pytest.raises(BadUsage, match="contradicts the name"):
        named(CLAUDE, "Anthropic", service="batch").terms(Terms(DAY), service_is_stated=True)


@pytest.mark.parametrize("tokens", [0, 1_000, 200_000, 200_001])
@pytest.mark.parametrize("said", [{}, {"service": "batch"}, {"host": "bedrock", "region": "us"}])
def test_the_input_rate_is_that_of_the_call(
    book_of: Callable[..., PriceBook], tokens: int, said: dict[str, object]
) -> None:
    """Tokens times the rate is what a call with this input costs, in each context tier."""
    tiered = row(CLAUDE, tiers=(Tier(200_000, Rates(6 * MICRO, 22 * MICRO)),))
    batch = Service("batch", Rates(MICRO, 5 * MICRO), (Tier(200_000, Rates(2 * MICRO, 9 * MICRO)),))
    book = book_of(replace(tiered, tariff=replace(tiered.tariff, services=(batch,))))
    model = named(CLAUDE, "Anthropic", **said)
    rate = find_price(book, model, Terms(DAY)).input_rate(tokens)
    assert rate.usd is not None
    assert rate.usd * tokens == total_of_counts(book, model, Usage(tokens), Terms(DAY)).usd
    assert rate.above_tokens == (200_000 if tokens > 200_000 else 0)


def test_the_names_of_a_book_alone(book: PriceBook) -> None:
    """Without a registry the names are those of the book and, on OpenRouter, with the author's in front."""
    resolve = names_of(book)
    assert resolve("gpt-4o", None) == NamedModel("gpt-4o", "gpt-4o")
    assert resolve("openai/gpt-4o", "openrouter").model == "gpt-4o"
    for name, provider in (("openai/gpt-4o", None), ("deepseek/deepseek-v3", "openrouter"), ("nothing", None)):
        with pytest.raises(BadUsage, match="there is no price of a model"):
            resolve(name, provider)
