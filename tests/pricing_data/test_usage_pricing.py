"""A usage or a whole response to its cost: whose terms win, which instant holds, and what is named without a price."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from pricing_data import PriceBook
from pricing_data.book import file as book_file
from pricing_data.price import Price, PriceSource, Rates, Service, Tariff
from pricing_data.responses import BadUsage
from pricing_data.usage_pricing import MissingPrice, PricedUsage, price_usage

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
CREATED = 1_767_225_600  # 2026-01-01T00:00:00Z
CHAT = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120}
RESPONSE = {"id": "x", "object": "chat.completion", "created": CREATED, "model": "m", "choices": [], "usage": CHAT}
MESSAGES = {"input_tokens": 100, "output_tokens": 20}
MICRO = Decimal("0.000001")


def row(model: str, rates: Rates, day: date, **more: Any) -> Price:
    source = PriceSource("litellm", "1", "0" * 64, "p", model)
    return Price(model, day, "documented", Tariff(rates, **more), source, (), "single", date(2026, 1, 1))


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> PriceBook:
    """One model with all that the tests ask for, from two days on, and one of each odd kind."""
    rates = Rates(input=2 * MICRO, output=8 * MICRO, cached_input=MICRO, web_search=Decimal("0.01"))
    services = (Service("batch", Rates(input=MICRO, output=4 * MICRO)), Service("flex", Rates(MICRO, 5 * MICRO)))
    regions = (("us", Decimal("1.1")),)
    rows = (
        row("m", Rates(input=MICRO, output=MICRO), date(2025, 1, 1)),
        row("m", rates, date(2026, 1, 1), services=services, regions=regions),
        row("sonar-deep", Rates(input=MICRO, output=MICRO), date(2025, 1, 1)),
        row("sonar-full", Rates(input=MICRO, output=MICRO, reasoning=MICRO), date(2025, 1, 1)),
        row("gpt-4o", Rates(input=MICRO, output=MICRO), date(2025, 1, 1)),
    )
    path = tmp_path_factory.mktemp("book") / "prices.jsonl"
    book_file.write(path, book_file.book_text(rows, date(2026, 1, 1), ()))
    return PriceBook.from_file(path)


def priced(book: PriceBook, item: Any) -> PricedUsage:
    return price_usage(book, item, now=NOW)


def test_a_usage_is_priced_line_by_line(book: PriceBook) -> None:
    """Each rate has its line, the lines add up to the total, and everything says where it comes from."""
    usage = CHAT | {"prompt_tokens_details": {"cached_tokens": 40}}
    found = priced(book, {"model": "m", "usage": usage})
    assert [(line.unit, line.count, line.amount, line.row) for line in found.lines] == [
        ("input", 60, Decimal("0.00012"), "m@2026-01-01"),
        ("cached_input", 40, Decimal("0.00004"), "m@2026-01-01"),
        ("output", 20, Decimal("0.00016"), "m@2026-01-01"),
    ]
    assert found.total == Decimal("0.00032")
    assert (found.unpriced, found.at_from) == ((), "now")


@pytest.mark.parametrize(
    ("item", "at", "at_from", "total"),
    [
        ({"model": "m", "usage": CHAT}, NOW, "now", "0.00036"),
        (RESPONSE, datetime(2026, 1, 1, tzinfo=UTC), "response", "0.00036"),
        (RESPONSE | {"created": CREATED - 1}, datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), "response", "0.00012"),
        ({"response": RESPONSE, "at": "2025-06-01"}, date(2025, 6, 1), "item", "0.00012"),
        (
            {"model": "m", "usage": CHAT, "at": "2026-01-01T00:00:00+05:30"},
            datetime(2025, 12, 31, 18, 30, tzinfo=UTC),
            "item",
            "0.00012",
        ),
        ({"model": "m", "usage": CHAT, "at": date(2025, 6, 1)}, date(2025, 6, 1), "item", "0.00012"),
        (
            {"model": "m", "usage": CHAT, "at": datetime(2026, 2, 1, tzinfo=timezone(timedelta(hours=1)))},
            datetime(2026, 1, 31, 23, tzinfo=UTC),
            "item",
            "0.00036",
        ),
        (
            {"candidates": [], "createTime": "2025-06-01T10:00:00.123456Z", "modelVersion": "m",
             "usageMetadata": {"promptTokenCount": 100, "candidatesTokenCount": 20}},
            datetime(2025, 6, 1, 10, 0, 0, 123456, tzinfo=UTC), "response", "0.00012",
        ),
    ],
)  # fmt: skip
def test_the_instant_is_the_item_s_then_the_response_s_then_now(
    book: PriceBook, item: dict[str, Any], at: date, at_from: str, total: str
) -> None:
    """Which instant was used is said with the answer."""
    found = priced(book, item)
    assert found.terms is not None
    assert (found.terms.at, found.at_from, found.total) == (at, at_from, Decimal(total))


@pytest.mark.parametrize(
    ("item", "service", "total"),
    [
        (RESPONSE | {"service_tier": "default"}, "standard", "0.00036"),
        (RESPONSE | {"service_tier": "flex"}, "flex", "0.0002"),
        ({"response": RESPONSE | {"service_tier": "flex"}, "service_tier": "batch"}, "batch", "0.00018"),
        ({"response": RESPONSE | {"service_tier": "never heard of"}, "service_tier": "batch"}, "batch", "0.00018"),
        ({"model": "m", "usage": CHAT, "service_tier": "flex"}, "flex", "0.0002"),
        ({"id": "b", "custom_id": "1", "response": {"status_code": 200, "body": RESPONSE}}, "batch", "0.00018"),
        (
            {"custom_id": "1", "result": {"type": "succeeded", "message": {
                "type": "message", "model": "m", "usage": MESSAGES}}},
            "batch", "0.00018",
        ),
        ({"type": "response.completed", "response": {"object": "response", "model": "m", "service_tier": "flex",
          "usage": MESSAGES}}, "flex", "0.0002"),
        ({"model": "m", "usage": CHAT, "region": "us"}, "standard", "0.000396"),
        ({"model": "m", "usage": MESSAGES | {"inference_geo": "us"}}, "standard", "0.000396"),
        ({"model": "m", "usage": MESSAGES | {"inference_geo": "us"}, "region": "global"},
         "standard", "0.00036"),
    ],
)  # fmt: skip
def test_terms_of_the_item_win_over_those_of_the_response(
    book: PriceBook, item: dict[str, Any], service: str, total: str
) -> None:
    """Tier and region; a line of a batch's results is priced as a batch."""
    found = priced(book, item)
    assert found.terms is not None
    assert (found.terms.service, found.total) == (service, Decimal(total))


def test_a_model_beside_a_response_wins(book: PriceBook) -> None:
    """The name in the item is priced, as with other terms."""
    found = priced(book, {"response": RESPONSE | {"model": "ft:m:me"}, "model": "m"})
    assert (found.model, found.total) == ("m", Decimal("0.00036"))


@pytest.mark.parametrize(
    ("item", "unpriced"),
    [
        ({"model": "m", "usage": CHAT | {"new_tokens": 5}},
         MissingPrice("usage.new_tokens", "5 is not a known property of OpenAI")),
        ({"model": "m", "usage": CHAT, "service_tier": "priority"},
         MissingPrice("service_tier", "no price for priority calls is known")),
        ({"model": "m", "usage": CHAT, "region": "eu"}, MissingPrice("region", "no price for region 'eu' is known")),
        ({"model": "m", "usage": CHAT, "at": "2024-01-01"},
         MissingPrice("at", "no price is known on 2024-01-01; its first price is from 2025-01-01")),
        ({"model": "m", "usage": CHAT | {"prompt_tokens_details": {"audio_tokens": 5}}},
         MissingPrice("usage", "no price for audio input is known, and there are 5 tokens")),
        ({"model": "m", "provider": "xai", "usage": CHAT | {"num_sources_used": 2}},
         MissingPrice("usage.num_sources_used", "2: no price for sources of live search is known")),
        ({"model": "sonar-deep", "provider": "perplexity", "usage": CHAT | {"reasoning_tokens": 5}},
         MissingPrice("usage.reasoning_tokens", "no price for reasoning apart from other tokens is known")),
        ({"model": "sonar-deep", "provider": "perplexity", "usage": CHAT | {"search_context_size": "high"}},
         MissingPrice("usage.search_context_size", "each call has a fee besides its tokens, which is not known")),
        (RESPONSE | {"output": [{"type": "code_interpreter_call"}]},
         MissingPrice("response.output", '1 "code_interpreter_call": no price for it is known')),
        (RESPONSE | {"performanceConfig": {"latency": "optimized"}},
         MissingPrice("response.performanceConfig.latency", '"optimized": no price for it is known')),
    ],
)  # fmt: skip
def test_what_has_no_price_is_named_and_the_total_is_unknown(
    book: PriceBook, item: dict[str, Any], unpriced: MissingPrice
) -> None:
    """Never the rate of something else in its place."""
    found = priced(book, item)
    assert found.total is None
    assert found.lines == ()
    assert found.unpriced == (unpriced,)


def test_reasoning_beside_the_output_is_priced_at_its_own_rate(book: PriceBook) -> None:
    """Where the row has one: 100 of input, 20 written and 5 thought."""
    item = {"model": "sonar-full", "provider": "perplexity", "usage": CHAT | {"reasoning_tokens": 5}}
    assert priced(book, item).total == Decimal("0.000125")


def test_tools_of_a_whole_response_are_charged(book: PriceBook) -> None:
    """Searches are calls in the output of a response; to open a page that was found is none."""
    output = [
        {"type": "web_search_call", "action": {"type": "search"}},
        {"type": "web_search_call", "action": {"type": "open_page"}},
        {"type": "function_call"},
        {"type": "message"},
    ]
    response = {
        "object": "response",
        "model": "m",
        "output": output,
        "usage": MESSAGES,
    }
    found = priced(book, response)
    assert found.total == Decimal("0.01036")
    grounded = {
        "modelVersion": "m",
        "candidates": [{"groundingMetadata": {"webSearchQueries": ["a", "b"]}}],
        "usageMetadata": {"promptTokenCount": 100, "candidatesTokenCount": 20},
    }
    assert priced(book, grounded).total == Decimal("0.02036")


@pytest.mark.parametrize(
    ("item", "sentence"),
    [
        (5, "item: must be an object, not 5"),
        ({}, "item: send either usage or response"),
        ({"model": "m", "usage": CHAT, "response": {}}, "item: send either usage or response"),
        ({"usage": CHAT}, "model: this property is missing"),
        ({"usage": CHAT, "model": 5}, "model: must be the name of a model, not 5"),
        ({"usage": CHAT, "model": "n"}, 'model: there is no price of a model "n"'),
        ({"usage": 5, "model": "m"}, "usage: must be an object, not 5"),
        ({"response": 5, "model": "m"}, "response: must be an object, not 5"),
        ({"response": {}, "model": "m"}, "response: has no usage"),
        (
            {"usage": CHAT, "modle": "m"},
            "modle: is not a property of this request; it has provider, shape, model",
        ),
        (RESPONSE | {"at": "2026-01-01"}, "at: stands in a response: put that into response, and this beside it"),
        ({"model": "m", "usage": CHAT, "currency": "INR"}, 'currency: "INR" has no rate: costs are in USD'),
        ({"model": "m", "usage": CHAT, "service_tier": "turbo"}, 'service_tier: "turbo" is not a known tier'),
        ({"model": "m", "usage": CHAT, "region": 5}, "region: must be the name of a region, not 5"),
        (
            {"model": "m", "usage": CHAT, "provider": "acme"},
            'provider: "acme" is not a known provider; there are',
        ),
        ({"model": "m", "usage": CHAT, "shape": "acme"}, 'shape: "acme" is not a known shape; there are openai-chat'),
        ({"model": "m", "usage": CHAT, "at": "2026-02-30"}, "at: must be a day such as"),
        ({"model": "m", "usage": CHAT, "at": "2026-01-01T10:00:00"}, 'at: "2026-01-01T10:00:00" has no time zone'),
        ({"model": "m", "usage": CHAT, "at": "0001-01-01T00:00:00+05:30"}, "at: must be a day such as"),
        (
            {"type": "message_start", "message": {"type": "message", "model": "m", "usage": {"input_tokens": 9}}},
            'response.type: "message_start" comes before the end of a stream',
        ),
        ({"model": "m", "done": False, "prompt_eval_count": 5, "eval_count": 1}, "response.done: false comes before"),
        ({"model": "m", "usage": CHAT, "at": "2026-W01-1"}, 'at: "2026-W01-1" has no time zone'),
        ({"model": "m", "usage": CHAT, "at": 5}, "at: must be a day such as"),
        (RESPONSE | {"created": 0}, "response.created: 0 is no instant"),
        (
            RESPONSE | {"created": 1_767_225_600_000},
            "response.created: 1767225600000 is no instant",
        ),
        (RESPONSE | {"created": "yesterday"}, 'response.created: "yesterday" is no instant'),
        (RESPONSE | {"model": 5}, "response.model: must be the name of a model, not 5"),
    ],
)
def test_what_cannot_be_read_is_refused_with_property_and_value(book: PriceBook, item: object, sentence: str) -> None:
    """One sentence, and never a price at other terms than were asked for."""
    with pytest.raises(BadUsage) as fault:
        priced(book, item)
    assert str(fault.value).startswith(sentence)


@pytest.mark.parametrize(
    ("name", "known"),
    [("openai/gpt-4o", True), ("gpt-4o", True), ("openai/gpt-4o:free", False), ("meta-llama/gpt-4o", False)],
)
def test_openrouter_sells_models_under_their_authors_names(book: PriceBook, name: str, known: bool) -> None:
    """Those that it sells at the author's price are priced by it; `:free` and open weights on other hosts are not."""
    item = {"model": name, "provider": "openrouter", "usage": CHAT}
    if known:
        assert priced(book, item).total == Decimal("0.00012")
    else:
        with pytest.raises(BadUsage, match="there is no price of a model"):
            priced(book, item)
