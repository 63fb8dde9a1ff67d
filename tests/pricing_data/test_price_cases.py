"""Calls whose right cost providers document, each at its instant: the packaged book gives them to the last digit."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from pricing_data import PriceBook
from pricing_data.price import STANDARD
from pricing_data.usage import Terms, Usage


@pytest.fixture(scope="module")
def book() -> PriceBook:
    """Return the price book of the package."""
    return PriceBook.from_package()


def hour(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def cost(book: PriceBook, model: str, at: date, usage: Usage, service: str = STANDARD) -> Decimal:
    return book.call_cost(model, usage, Terms(at, service)).total


@pytest.mark.parametrize(
    ("model", "at", "tokens", "output", "usd"),
    [
        # Google: above 200,000 tokens since the launch.
        ("gemini-2.5-pro", date(2025, 9, 24), 250_000, 2_000, "0.655"),
        ("gemini-2.5-pro", date(2026, 2, 1), 250_000, 2_000, "0.655"),
        # OpenAI: above 272,000 tokens, and not at them.
        ("gpt-5.5", date(2026, 5, 1), 250_000, 1_000, "1.28"),
        ("gpt-5.4", date(2026, 4, 1), 250_000, 1_000, "0.64"),
        ("gpt-5.6-sol", date(2026, 10, 1), 272_000, 1_000, "1.108"),
        ("gpt-6-astra", date(2026, 10, 1), 272_000, 1_000, "2.77"),
        # Anthropic: above 200,000 tokens since 12 August 2025.
        ("claude-sonnet-4-20250514", date(2025, 9, 10), 250_000, 1_000, "1.5225"),
        ("claude-sonnet-4-5", date(2025, 11, 10), 250_000, 1_000, "1.5225"),
    ],
)
def test_context_tiers(book: PriceBook, model: str, at: date, tokens: int, output: int, usd: str) -> None:
    """The tier that a call's input reaches has its rates, for the whole call, since the day on which it began."""
    assert cost(book, model, at, Usage(tokens, output)) == Decimal(usd)


@pytest.mark.parametrize(
    ("model", "at", "usd"),
    [
        ("deepseek-v4-flash", "2026-08-20T02:00", "1.76"),  # a Thursday, at a peak hour
        ("deepseek-v4-flash", "2026-08-20T12:00", "0.88"),
        ("deepseek-v4-pro", "2026-08-22T02:00", "2.64"),  # a Saturday: peaks are Monday to Friday
        ("deepseek-flash", "2026-10-17T02:00", "0.75"),
        ("deepseek-v4-flash", "2026-08-16T15:59", "0.42"),  # the price changed at 16:00
        ("deepseek-v4-flash", "2026-08-16T20:00", "0.88"),
        ("deepseek-flash", "2026-10-05T02:00", "0.75"),  # a Monday that is a holiday in China
    ],
)
def test_hours_weekdays_and_holidays(book: PriceBook, model: str, at: str, usd: str) -> None:
    """A call costs what its hour costs: DeepSeek's peak hours are those of working days in China."""
    assert cost(book, model, hour(at), Usage(1_000_000, 1_000_000)) == Decimal(usd)


@pytest.mark.parametrize(("service", "usd"), [("flex", "1.125"), ("priority", "4.05"), (STANDARD, "2.25")])
def test_service_tiers(book: PriceBook, service: str, usd: str) -> None:
    """Flex and priority have rates of their own."""
    assert cost(book, "gpt-5-mini", date(2026, 10, 1), Usage(1_000_000, 1_000_000), service) == Decimal(usd)


def test_writing_to_a_cache_for_an_hour(book: PriceBook) -> None:
    """An hour costs twice the input, five minutes a quarter more than it."""
    day = date(2026, 10, 1)
    assert cost(book, "claude-opus-4-5", day, Usage(120_000, 1_000, cache_write_1h_tokens=100_000)) == Decimal("1.125")
    assert cost(book, "claude-opus-4-5", day, Usage(120_000, 1_000, cache_write_tokens=100_000)) == Decimal("0.75")


def test_audio(book: PriceBook) -> None:
    """Audio has a rate of its own."""
    usage = Usage(1_000_000, input_audio_tokens=1_000_000)
    assert cost(book, "gemini-2.5-flash", date(2026, 10, 1), usage) == Decimal(1)


@pytest.mark.parametrize(
    ("snapshot", "alias", "usd"),
    [
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini", "0.15"),
        ("gpt-5-2025-08-07", "gpt-5", "1.25"),
        ("gpt-5-mini-2025-08-07", "gpt-5-mini", "0.25"),
        ("gpt-4.1-2025-04-14", "gpt-4.1", "2"),
        ("o4-mini-2025-04-16", "o4-mini", "1.1"),
        ("gpt-5.4-2026-03-05", "gpt-5.4", "2.5"),
    ],
)
def test_snapshots_have_the_history_of_their_entry(book: PriceBook, snapshot: str, alias: str, usd: str) -> None:
    """A dated snapshot costs what its alias does, on every day since its release."""
    for day in (date(2026, 10, 1), date(2026, 4, 1)):
        assert cost(book, snapshot, day, Usage(1_000_000)) == Decimal(usd) * (2 if alias == "gpt-5.4" else 1)
        assert cost(book, alias, day, Usage(100_000)) == cost(book, snapshot, day, Usage(100_000))


def test_snapshots_of_another_price_have_a_history_of_their_own(book: PriceBook) -> None:
    """gpt-4o-2024-05-13 never became cheaper; gpt-4o did when it became gpt-4o-2024-08-06."""
    for day, usd in ((date(2024, 6, 1), "5"), (date(2026, 10, 1), "5")):
        assert cost(book, "gpt-4o-2024-05-13", day, Usage(1_000_000)) == Decimal(usd)
    assert cost(book, "gpt-4o", date(2024, 10, 1), Usage(1_000_000)) == Decimal(5)
    assert cost(book, "gpt-4o", date(2024, 10, 2), Usage(1_000_000)) == Decimal("2.5")
    assert cost(book, "gpt-4o-2024-08-06", date(2024, 9, 1), Usage(1_000_000)) == Decimal("2.5")


def test_an_audit_of_two_snapshots(book: PriceBook) -> None:
    """Five million tokens in and 400,000 out, in a thousand calls of one day."""
    day, usage = date(2026, 10, 5), Usage(5_000_000, 400_000, requests=1_000)
    for model, usd in (("gpt-4o-mini-2024-07-18", "0.99"), ("gpt-5-2025-08-07", "10.25")):
        assert cost(book, model, day, usage) == Decimal(usd)


@pytest.mark.parametrize(
    ("model", "day", "output", "usd"),
    [
        ("claude-sonnet-4-20250514", date(2026, 1, 15), 100_000, "2.25"),
        ("claude-3-5-haiku-20241022", date(2025, 11, 15), 100_000, "0.6"),
        ("gemini-2.5-flash", date(2025, 11, 15), 100_000, "0.275"),
        ("gpt-4o-mini", date(2026, 10, 15), 100_000, "0.105"),
        ("text-embedding-3-small", date(2026, 10, 15), 0, "0.01"),
        ("claude-haiku-4-5", date(2026, 10, 15), 100_000, "0.75"),
    ],
)
def test_batches(book: PriceBook, model: str, day: date, output: int, usd: str) -> None:
    """A batch costs half, since the provider has batches."""
    usage = Usage(1_000_000, output)
    tiered = cost(book, model, day, Usage(100_000, output // 10), "batch")
    assert tiered * 10 == Decimal(usd)
    assert cost(book, model, day, Usage(100_000, output // 10)) == tiered * 2
    assert cost(book, model, day, usage, "batch") >= Decimal(usd)
