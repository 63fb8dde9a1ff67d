"""A small made-up book for tests of usage files: rates of every kind, round enough to be checked by hand."""

from datetime import date, time
from decimal import Decimal
from pathlib import Path

from pricing_data import PriceBook
from pricing_data.book.file import book_text
from pricing_data.price import Price, PriceSource, Rates, Service, Tariff, Tier, Window

MTOK = Decimal("0.000001")
RECORDED = date(2026, 12, 31)
PEAK = Window(time(1), time(4), Rates(Decimal("0.00000044"), Decimal("0.00000132")), (1, 2, 3, 4, 5))


def rates(**usd: str) -> Rates:
    """Rates in USD per million tokens; `web_search` and other counted things per one."""
    each = {"web_search", "per_call", "image"}
    return Rates(**{name: Decimal(value) * (1 if name in each else MTOK) for name, value in usd.items()})


def row(model: str, tariff: Tariff, since: date = date(2025, 1, 1)) -> Price:
    """Return a row of a price book that was made up for tests."""
    source = PriceSource("made-up", "1", "0" * 64, "tests", model)
    return Price(model, since, "documented", tariff, source, (), "single", RECORDED)


GPT_5_MINI = Tariff(
    rates(input="0.25", output="2", cached_input="0.025"),
    services=(
        Service("batch", rates(input="0.125", output="1", cached_input="0.0125")),
        Service("flex", rates(input="0.125", output="1", cached_input="0.0125")),
        Service("priority", rates(input="0.45", output="3.6", cached_input="0.045")),
    ),
)
CLAUDE = rates(
    input="5", output="25", cached_input="0.5", cache_write="6.25", cache_write_1h="10", web_search="0.01"
)  # fmt: skip
CLAUDE_OPUS = Tariff(
    CLAUDE,
    services=(
        Service(
            "batch", rates(input="2.5", output="12.5", cached_input="0.25", cache_write="3.125", cache_write_1h="5")
        ),
    ),
    regions=(("us", Decimal("1.1")),),
)
CLAUDE_SONNET = Tariff(
    rates(input="3", output="15", cached_input="0.3", cache_write="3.75", cache_write_1h="6"),
    (Tier(200_000, rates(input="6", output="22.5", cached_input="0.6", cache_write="7.5", cache_write_1h="12")),),
    regions=(("us", Decimal("1.1")),),
)
GEMINI_FLASH = Tariff(
    rates(input="0.3", output="2.5", cached_input="0.03", input_audio="1", cached_audio="0.1"),
    services=(Service("batch", rates(input="0.15", output="1.25", input_audio="0.5")),),
)
GEMINI_PRO = Tariff(
    rates(input="1.25", output="10", cached_input="0.125"),
    (Tier(200_000, rates(input="2.5", output="15", cached_input="0.25")),),
    services=(Service("batch", rates(input="0.625", output="5")),),
)
GPT_4O = Tariff(
    rates(input="2.5", output="10", cached_input="1.25"), services=(Service("batch", rates(input="1.25", output="5")),)
)
GPT_AUDIO = Tariff(
    rates(input="2.5", output="10", cached_input="1.25", input_audio="32", cached_audio="0.4", output_audio="64")
)

ROWS = (
    row("gpt-5-mini", GPT_5_MINI),
    row("gpt-5-2025-08-07", Tariff(rates(input="1.25", output="10", cached_input="0.125"))),
    row("gpt-4o-mini-2024-07-18", Tariff(rates(input="0.15", output="0.6", cached_input="0.075"))),
    row("gpt-4o", GPT_4O),
    row("gpt-4o-2024-08-06", GPT_4O),
    row("gpt-audio", GPT_AUDIO),
    row("text-embedding-3-small", Tariff(rates(input="0.02"))),
    row("claude-opus-4-5", CLAUDE_OPUS),
    row("claude-opus-4-5-20251101", CLAUDE_OPUS),
    row("claude-sonnet-4-5", CLAUDE_SONNET),
    row("claude-sonnet-4-5-20250929", CLAUDE_SONNET),
    row("gemini-2.5-flash", GEMINI_FLASH),
    row("gemini-2.5-pro", GEMINI_PRO),
    row("deepseek-v4-flash", Tariff(rates(input="0.22", output="0.66"), schedule=(PEAK,))),
    row("search-model", Tariff(rates(input="1", output="1", per_call="0.005"))),
    row("gpt-image-1", Tariff(rates(input="5", output="40", image="0.04"))),
)  # fmt: skip


def write_book(data_dir: Path) -> None:
    """Write the book where commands read the operator's own."""
    path = data_dir / "prices" / "prices.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(book_text(ROWS, RECORDED, []), encoding="utf-8")


def usage_book(folder: Path) -> PriceBook:
    """The book, read from a file."""
    write_book(folder)
    return PriceBook.from_file(folder / "prices" / "prices.jsonl")
