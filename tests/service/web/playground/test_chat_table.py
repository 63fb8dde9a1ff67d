"""The table of a chat: totals with their bounds, costs, and parts as shares of a bar."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from pricing_data import Price, PriceBook
from service.web.playground.chat_results import contents
from service.web.playground.chat_table import BAR_LENGTH, ChatTable, build_chat_table
from tokenizer_registry import Registry
from tokenizer_registry.chat.count import count_request, read_request

DAY = date(2026, 11, 21)
MODELS = ("gpt-4o", "claude-sonnet-4-5", "gemini-2.5-flash", "jamba-1.5-mini")
TOOL = {"name": "weigh", "description": "Weigh a lorry.", "parameters": {"type": "object", "properties": {}}}
CHAT: dict[str, Any] = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"width": 800, "height": 600}}]},
    ],
    "tools": [{"type": "function", "function": TOOL}],
}
SIZELESS = {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "image_url"}]}]}


@pytest.fixture(scope="module")
def registry() -> Registry:
    """The catalogue of the package."""
    return Registry.from_package()


def table_of(registry: Registry, body: dict[str, Any], models: tuple[str, ...] = MODELS) -> ChatTable:
    """Return the table of a request in OpenAI's shape."""
    book = PriceBook.from_package()
    prices: dict[str, Price] = {name: price for name in models if (price := book.price(name, DAY)) is not None}
    counts = [count_request(registry, "openai_chat", body, model) for model in models]
    return build_chat_table(models, counts, prices, registry)


def test_a_row_is_the_count_of_the_request(registry: Registry) -> None:
    """Tokens, method and bounds are those of the count, and rows go from the cheapest to those without a cost."""
    found = table_of(registry, CHAT)
    rows = {row.model: row for row in found.table.rows}
    for model in MODELS:
        count = count_request(registry, "openai_chat", CHAT, model)
        assert (rows[model].tokens, rows[model].method) == (count.tokens, count.method)
        if count.method == "estimate":
            assert rows[model].error == f"{count.low:,} to {count.high:,}"
    costs = [row.cost for row in found.table.rows if row.cost is not None]
    assert costs == sorted(costs)
    assert found.table.rows[-1].model == "jamba-1.5-mini"


def test_parts_are_shares_of_the_longest_bar(registry: Registry) -> None:
    """Shares follow each other without gaps, and the longest row fills the bar."""
    found = table_of(registry, CHAT, MODELS[:3])
    assert found.names == ("text", "frame", "tools", "images")
    ends = []
    for row in found.table.rows:
        shares = found.bars[row.model].shares
        assert sum(share.part.tokens or 0 for share in shares) == row.tokens
        assert [share.start for share in shares] == [0, *(share.start + share.length for share in shares[:-1])]
        ends.append(shares[-1].start + shares[-1].length)
    assert max(ends) == BAR_LENGTH
    assert not found.has_missing


def test_a_missing_part_is_named(registry: Registry) -> None:
    """A picture without a size has no number, nor has the whole; what is known has its part and the least of all."""
    found = table_of(registry, SIZELESS, ("gpt-4o",))
    (row,) = found.table.rows
    assert row.tokens is None
    assert row.reason is not None
    assert row.reason.startswith("missing for images: ")
    assert "width" in row.reason
    assert row.reason.endswith(" tokens")
    bar = found.bars["gpt-4o"]
    assert bar.missing_at is not None
    assert bar.missing_at + bar.missing_length <= BAR_LENGTH
    assert found.has_missing


def test_a_model_without_a_rule_has_no_parts(registry: Registry) -> None:
    """Nothing of it is known, which is not the same as a part of 0 tokens."""
    found = table_of(registry, CHAT)
    assert not found.bars["jamba-1.5-mini"].is_known
    assert found.unknown == (registry.models["jamba-1.5-mini"].display_name,)
    (row,) = (row for row in found.table.rows if row.model == "jamba-1.5-mini")
    assert row.reason == "missing: a rule for chats of jamba-1.5-mini"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (CHAT, "OpenAI Chat Completions: 2 messages, 1 tool, 1 image"),
        ({"messages": [{"role": "user", "content": "Hi"}]}, "OpenAI Chat Completions: 1 message"),
    ],
)
def test_a_request_is_described(body: dict[str, Any], words: str) -> None:
    """The page says what was recognised."""
    assert contents(read_request("openai_chat", body), "openai_chat") == words


def test_sound_has_its_own_price(registry: Registry) -> None:
    """A row costs what its parts cost, where the model has a price for sound."""
    sound = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3", "seconds": 600}}
    body = {"messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}, sound]}]}
    (row,) = table_of(registry, body, ("gemini-2.5-flash",)).table.rows
    audio = count_request(registry, "openai_chat", body, "gemini-2.5-flash").parts.audio.tokens
    assert row.tokens is not None
    assert audio
    assert row.cost == (row.tokens - audio) * Decimal("0.0000003") + audio * Decimal("0.000001")
    assert row.cost_of_many == row.cost * 1_000
