"""Explain the price of a model in sentences: rates, source, rules, second opinions and history."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby

from pricing_data import Opinion, Price, PriceBook, Rates, plain
from pricing_data.book.overrides import PricesFile
from pricing_data.book.row_writing import instant_text
from pricing_data.dates import instant_of
from pricing_data.price import MIDNIGHT
from pricing_data.rate_paths import StatedRate, stated_rates
from pricing_data.refresh.model_rules import ModelRule
from pricing_data.refresh.review_queue import ReviewNote
from pricing_data.refresh.tariff_values import place_of
from service.tokens.price_words import (
    MTOK,
    alike_windows,
    day_words,
    hours_words,
    moment_words,
    place_words,
    rate_lines,
    rate_words,
    rates_in_a_row,
    scaled,
    since_words,
    tariff_lines,
    unit_words,
)
from tokenizer_registry import Model

LISTS = {
    "rules": "a rule of this book, which cites its page",
    "tokencost": "tokencost's list of prices",
    "genai-prices": "genai-prices (Pydantic's list of prices)",
    "litellm": "LiteLLM's list of prices",
    "model-prices": "model-prices (a list with the dates of changes)",
}
BASES = {
    "documented": "The list cites a page that gives this day.",
    "upstream_dated": "The list itself dates the change.",
    "upstream_commit": "The day is that on which a public list of models took the price in; it may be a little late.",
    "first_observed": "No list dates it: this is the day on which it was first read.",
    "observed": "It was seen in one release of a list, and not yet in the one before.",
    "release": "It is the first known price, taken to hold from the model's release on.",
    "override": "The day was set together with the price.",
}
# Lines in columns begin with spaces, so that they are not wrapped.
STATED = "  {:>9}  {:<37} {:<9} {:<19} {}"
HELD = "  {:<20} {:<20} {:>8} {:>8} {:>8}  {}"


@dataclass(frozen=True, slots=True)
class PriceFacts:
    """Everything that an explanation uses. `model` is None for a name outside the catalogue."""

    name: str
    model: Model | None
    book: PriceBook
    upstream: ModelRule
    notes: Sequence[ReviewNote]
    cited: PricesFile
    day: date


@dataclass(frozen=True, slots=True)
class ExplanationSection:
    """A heading and its sentences."""

    heading: str
    lines: tuple[str, ...]


def explanation(facts: PriceFacts) -> list[ExplanationSection]:
    """Return the sections of an explanation, beginning with the price itself."""
    price = facts.book.price(facts.name, facts.day)
    title = (
        f"{facts.model.display_name} ({facts.name}), a model of {facts.model.author}"
        if facts.model
        else f"{facts.name}, a name outside the catalogue"
    )
    sections = [
        ExplanationSection(title, tuple(_headline(facts, price))),
        ExplanationSection("Where it comes from", tuple(_origin(facts, price)) if price else ()),
        ExplanationSection("Since when", tuple(_since(price)) if price else ()),
        ExplanationSection("Every rate, and who states it", tuple(_statements(price)) if price else ()),
        ExplanationSection("What others say", tuple(_opinions(price)) if price else ()),
        ExplanationSection("What it was", tuple(_history(facts))),
        ExplanationSection("Not taken into the book", tuple(_notes(facts))),
        ExplanationSection("The record", tuple(_record(facts, price)) if price else ()),
    ]
    return [section for section in sections if section.lines]


def _headline(facts: PriceFacts, price: Price | None) -> Iterator[str]:
    if price is None:
        yield f"On {day_words(facts.day)} it has no price here, so a count of it has no cost."
        yield "That is not the same as free."
        yield from _why_none(facts)
        return
    yield f"On {moment_words(facts.day)} it costs, in US dollars:"
    yield from rate_lines(price.tariff.rates)
    yield from tariff_lines(price.tariff)
    yield "Rates that are not listed are unknown: a call that needs one has no cost."
    yield from _announcements(facts)


def _announcements(facts: PriceFacts) -> Iterator[str]:
    """Yield a sentence for each announced change of the price of input or output."""
    held = facts.book.price(facts.name, facts.day)
    for row in facts.book.history(facts.name):
        if row.begins <= instant_of(facts.day):
            continue
        before, held = held, row
        if before is None or (before.input, before.output) != (row.input, row.output):
            begins = moment_words(row.begins if row.effective_at != MIDNIGHT else row.effective_from)
            yield f"From {begins} on it will cost {rates_in_a_row(Rates(row.input, row.output))}."


def _statements(price: Price) -> Iterator[str]:
    """Yield every rate with its source, in columns, grouped by service and tier."""
    yield STATED.format("USD", "for", "state", "source", "since")
    rates = stated_rates(price)
    for place, alike in groupby((rate for rate in rates if rate.window is None), place_words):
        if place:
            yield f"  {place}:"
        yield from map(_rate_row, alike)
    for windows in alike_windows(price.tariff.schedule):
        yield f"  {hours_words(windows)}:"
        yield from (_rate_row(rate) for rate in rates if rate.window == windows[0])
    yield "USD for a million tokens, or for each of what is counted."
    yield from _differing(price)


def _rate_row(rate: StatedRate) -> str:
    one = rate.statement
    source = f"{one.source.package} {one.source.version}"
    return STATED.format(scaled(rate.unit, rate.rate), unit_words(rate.unit), one.state, source, since_words(one))


def _differing(price: Price) -> Iterator[str]:
    for one in price.statements:
        for name, path, value in one.opinions:
            if (place := place_of(path)) is not None:
                where = rate_words(place.rate, place.service, place.above_tokens)
                yield f"{LISTS.get(name, name)} states {scaled(place.rate, value)} for {where}."
    for region, factor in price.tariff.regions:
        one = price.statement(f"region.{region}")
        yield f"The factor {plain(factor)} of region {region}: {one.state}, {one.source.package}, {since_words(one)}."


def _why_none(facts: PriceFacts) -> Iterator[str]:
    history = facts.book.history(facts.name)
    if history:
        yield f"The first known price holds from {day_words(history[0].effective_from)}; earlier prices are unknown."
    elif facts.upstream.policy == "none":
        yield (
            "Its author does not sell it by the token, or no list has the author's price. Hosts that offer it "
            "charge very different prices, and none of them is the model's price."
        )
        yield (
            "If you pay a host for it, name the host in WEIGHBRIDGE_REFERENCE_HOSTS and run `weighbridge prices "
            "refresh`, or add your price to the file of WEIGHBRIDGE_PRICE_OVERRIDES."
        )
    else:
        yield "The lists that should have it do not have it at present."


def _origin(facts: PriceFacts, price: Price) -> Iterator[str]:
    source = price.source
    if price.state == "override":
        yield f"A person set this price, in {source.package}; it was not read from a list."
        reason = next((entry.reason for entry in facts.cited.overrides if entry.source.sha256 == source.sha256), None)
        if reason := reason or price.corrects:
            yield f"The reason given: {reason}"
        yield f"It is published at {source.url}."
        yield "It is valid only while the lists state what they stated when it was set."
        return
    name = LISTS.get(source.package, source.package)
    yield f"It was read in {name}, version {source.version}, under {source.provider}/{source.id}."
    if source.url:
        yield f"The list refers to {source.url}."
    yield _rule(facts, price)
    if price.state == "retired":
        yield "No list has the model any more. The last known price is kept so that old usage can still be priced."


def _rule(facts: PriceFacts, price: Price) -> str:
    package = price.source.package
    if price.basis.startswith("host:"):
        host = price.basis.removeprefix("host:")
        return f"The author does not sell it by the token; this is the price of one chosen host, {host}."
    if package == "litellm":
        return "The preferred lists, genai-prices and model-prices, do not have it, so LiteLLM's price is used."
    if package == "model-prices" and "genai-prices" in facts.upstream.ids:
        return (
            "The newest dated change is used, whatever the other lists state: several lists can be out of date "
            "together, so the majority does not decide."
        )
    if package == "model-prices":
        return "The preferred list, genai-prices, does not have it, so the price of model-prices is used."
    author = facts.model.author if facts.model else "Its author"
    return (
        f"{author} sells the model itself, and this is its own price. Of the lists, genai-prices is preferred "
        "unless another one dates a newer change."
    )


def _since(price: Price) -> Iterator[str]:
    own = price.statement("input")
    at = "00:00 UTC" if price.effective_at == MIDNIGHT else f"{price.effective_at:%H:%M} UTC"
    yield f"The row holds from {day_words(price.effective_from)} ({at})."
    if own.since < price.effective_from:
        yield f"Its price of input has not changed since {day_words(own.since)}; another rate has."
    if own.not_before is not None:
        yield f"The price was first seen between {day_words(own.not_before)} and {day_words(own.since)}."
    yield BASES["first_observed" if own.basis.startswith("host:") else own.basis]
    if price.corrects and price.state != "override":
        yield f"The row corrects an earlier one: {price.corrects}."


def _opinions(price: Price) -> Iterator[str]:
    for opinion in price.second_opinions:
        asked = rates_in_a_row(Rates(opinion.value, opinion.output))
        same = opinion.value == price.input and (
            None in (opinion.output, price.output) or opinion.output == price.output
        )
        verdict = (
            "the same" if same else "the price of other hours" if _of_other_hours(price, opinion) else "which differs"
        )
        yield f"{LISTS.get(opinion.source, opinion.source)}: {asked}, {verdict}."
    yield {
        "agreed": "So the price is agreed: every list that has the model states the same.",
        "single": "No other list has the model, so the price is neither confirmed nor disputed.",
        "disputed": "So the price is disputed: check the author's own page before you rely on it.",
        "override": "An override is not compared with other lists.",
        "retired": "No list has the model, so there is no second opinion.",
    }[price.state]


def _of_other_hours(price: Price, opinion: Opinion) -> bool:
    return any(window.rates.input == opinion.value for window in price.tariff.schedule)


def _history(facts: PriceFacts) -> Iterator[str]:
    rows = facts.book.history(facts.name)
    if rows:
        yield HELD.format("from", "until", "input", "cached", "output", "state, source, and what else differs")
    for place, row in enumerate(rows):
        yield _row(row, rows[place + 1] if place + 1 < len(rows) else None)
    if rows:
        first = day_words(rows[0].effective_from)
        yield f"In dollars a million tokens. Before {first} no price is known."
    for standing in facts.book.overrides.get(facts.name, ()):
        ended = f", until {standing.until}: {standing.ended}" if standing.until else ""
        row = standing.row
        yield f"Your own price of {_mtok(row.input)} ({row.source.package}) holds from {row.effective_from}{ended}."
    replaced = len(facts.book.recorded(facts.name)) - len(rows)
    if replaced:
        yield f"{replaced} recorded row(s) have been corrected; the book keeps them."


def _row(row: Price, later: Price | None) -> str:
    start = instant_text(row.effective_from, row.effective_at)
    end = instant_text(later.effective_from, later.effective_at) if later else "-"
    services = [service.name for service in row.tariff.services]
    others = ["tiers"] * bool(row.tariff.tiers) + ["hours"] * bool(row.tariff.schedule) + services
    others += ["regions"] * bool(row.tariff.regions)
    details = ", ".join([row.state, f"{row.source.package} {row.source.version}", *others])
    return HELD.format(start, end, _mtok(row.input), _mtok(row.cached_input), _mtok(row.output), details)


def _notes(facts: PriceFacts) -> Iterator[str]:
    for note in facts.notes:
        if note.model == facts.name:
            held = note.kind == "held" and note.amount is not None
            value = f" of {_mtok(note.amount)} a million" if held else ""
            day = f" for {note.effective_from}" if note.effective_from else ""
            source = f" from {note.source}" if note.source else ""
            yield f"{note.kind}: a price{value}{day}{source}. {note.reason[:1].upper()}{note.reason[1:]}."


def _record(facts: PriceFacts, price: Price) -> Iterator[str]:
    yield f"Price book {facts.book.version}; its lists were last read on {day_words(facts.book.refreshed_at)}."
    digest = price.source.sha256[:16]
    yield f"This row was written on {day_words(price.recorded_at)}, from a file whose sha256 begins {digest}."


def _mtok(value: Decimal | None) -> str:
    return "-" if value is None else plain(value * MTOK)
