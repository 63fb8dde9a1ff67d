"""Why a model costs what it costs, in sentences for somebody who sees this for the first time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from pricing_data import Opinion, Price, PriceBook, Rates, plain
from pricing_data.curation import Upstream
from pricing_data.notes import Note
from pricing_data.overrides import PricesFile
from pricing_data.price import Tariff
from tokenizer_registry import Model

LISTS = {
    "genai-prices": "genai-prices (Pydantic's list of prices)",
    "litellm": "LiteLLM's list of prices",
    "model-prices": "model-prices (a list with the dates of changes)",
}
BASES = {
    "documented": "The list cites a page that gives this day.",
    "upstream_dated": "The list itself dates the change.",
    "upstream_commit": "The day is that on which a public list of models took the price in; it may be a little late.",
    "first_observed": "No list dates it: this is the day on which it was first read.",
    "override": "The day was set together with the price.",
}
MTOK = 1_000_000


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of one model's price. A name of the operator's own is no `model` of the catalogue."""

    name: str
    model: Model | None
    book: PriceBook
    upstream: Upstream
    notes: Sequence[Note]
    cited: PricesFile
    day: date


@dataclass(frozen=True, slots=True)
class Section:
    """A heading and its sentences."""

    heading: str
    lines: tuple[str, ...]


def explanation(facts: Facts) -> list[Section]:
    """The sections of an explanation, the answer first."""
    price = facts.book.price(facts.name, facts.day)
    title = (
        f"{facts.model.display_name} ({facts.name}), a model of {facts.model.author}"
        if facts.model
        else f"{facts.name}, a name outside the catalogue"
    )
    sections = [
        Section(title, tuple(_headline(facts, price))),
        Section("Where it comes from", tuple(_origin(facts, price)) if price else ()),
        Section("Since when", tuple(_since(price)) if price else ()),
        Section("What others say", tuple(_opinions(price)) if price else ()),
        Section("What it was", tuple(_history(facts))),
        Section("Not taken into the book", tuple(_notes(facts))),
        Section("The record", tuple(_record(facts, price)) if price else ()),
    ]
    return [section for section in sections if section.lines]


def _headline(facts: Facts, price: Price | None) -> Iterator[str]:
    if price is None:
        yield f"On {long(facts.day)} it has no price here, so a count of it has no cost. That is not the same as free."
        yield from _why_none(facts)
        return
    yield f"On {long(facts.day)} it costs, in US dollars:"
    yield from _rates(price.tariff.rates)
    yield from _extras(price.tariff)


def _rates(rates: Rates) -> Iterator[str]:
    named = {
        "a million input tokens": rates.input,
        "a million input tokens read from a cache": rates.cached_input,
        "a million input tokens written to a cache": rates.cache_write,
        "a million output tokens": rates.output,
    }
    for what, value in named.items():
        if value is not None:
            yield f"  {plain(value * MTOK):>8}  for {what} ({plain(value)} each)"


def _extras(tariff: Tariff) -> Iterator[str]:
    if tariff.rates.per_call is not None:
        yield f"  {plain(tariff.rates.per_call):>8}  for each call, besides its tokens"
    for tier in tariff.tiers:
        above = f"A call with more than {tier.above_tokens:,} input tokens"
        yield f"{above} costs, for all its tokens, {_pair(tier.rates)}."
    for window in tariff.schedule:
        yield f"From {window.starts:%H:%M} to {window.ends:%H:%M} UTC each day it costs {_pair(window.rates)}."
    if (batch := tariff.service("batch")) is not None:
        yield f"In a batch it costs {_pair(batch.rates)}."


def _pair(rates: Rates) -> str:
    found = [f"{_mtok(rates.input)} for input"] if rates.input is not None else []
    found += [f"{_mtok(rates.output)} for output"] if rates.output is not None else []
    return " and ".join(found) + " a million"


def _why_none(facts: Facts) -> Iterator[str]:
    history = facts.book.history(facts.name)
    if history:
        yield f"The first known price holds from {long(history[0].effective_from)}; before it nothing is guessed."
    elif facts.upstream.policy == "none":
        yield (
            "Its author does not sell it by the token, or no list has a price of the author's own. Hosts that offer it "
            "ask very different prices, and none of them is the model's price."
        )
        yield (
            "If you pay a host for it, name the host in WEIGHBRIDGE_REFERENCE_HOSTS and run `weighbridge prices "
            "refresh`, or write your price into the file of WEIGHBRIDGE_PRICE_OVERRIDES."
        )
    else:
        yield "The lists that should have it do not have it now."


def _origin(facts: Facts, price: Price) -> Iterator[str]:
    source = price.source
    if price.state == "override":
        yield f"A person set this price, in {source.package}; it was not read from a list."
        reason = next((entry.reason for entry in facts.cited.overrides if entry.source.sha256 == source.sha256), None)
        if reason := reason or price.corrects:
            yield f"The reason given: {reason}"
        yield f"It is published at {source.url}."
        yield "It holds only while the lists say what they said when it was set, and lapses when they change."
        return
    name = LISTS.get(source.package, source.package)
    yield f"It was read in {name}, version {source.version}, under {source.provider}/{source.id}."
    if source.url:
        yield f"The list refers to {source.url}."
    yield _rule(facts, price)
    if price.state == "retired":
        yield "No list has the model any more; the last known price stays, so that old usage can still be priced."


def _rule(facts: Facts, price: Price) -> str:
    package = price.source.package
    if price.basis.startswith("host:"):
        host = price.basis.removeprefix("host:")
        return f"The author does not sell it by the token; this is the price of one chosen host, {host}."
    if package == "litellm":
        return "The lists that come first, genai-prices and model-prices, do not have it; so LiteLLM's price is taken."
    if package == "model-prices" and "genai-prices" in facts.upstream.ids:
        return (
            "The newest dated change wins, whatever the other lists say: prices are not voted on, because several "
            "lists can be out of date together."
        )
    if package == "model-prices":
        return "The list that comes first, genai-prices, does not have it; so the price of model-prices is taken."
    author = facts.model.author if facts.model else "Its author"
    return (
        f"{author} sells the model itself, and this is its own price. Of the lists that are read, "
        "genai-prices comes first, unless another one dates a newer change."
    )


def _since(price: Price) -> Iterator[str]:
    basis = "first_observed" if price.basis.startswith("host:") else price.basis
    yield f"It holds from {long(price.effective_from)} (00:00 UTC). {BASES[basis]}"
    if price.corrects and price.state != "override":
        yield f"The row stands in for an earlier one: {price.corrects}."


def _opinions(price: Price) -> Iterator[str]:
    for opinion in price.second_opinions:
        asked = _pair(Rates(opinion.value, opinion.output))
        same = opinion.value == price.input and (
            None in (opinion.output, price.output) or opinion.output == price.output
        )
        verdict = (
            "the same" if same else "the price of other hours" if _of_other_hours(price, opinion) else "which differs"
        )
        yield f"{LISTS.get(opinion.source, opinion.source)}: {asked}, {verdict}."
    yield {
        "agreed": "So the price is agreed: every list that has the model says the same.",
        "single": "No other list has the model, so nobody confirms the price and nobody doubts it.",
        "disputed": "So the price is disputed: look at the author's own page before you rely on it.",
        "override": "An override is not compared any further.",
        "retired": "There is no second opinion on a model that no list has.",
    }[price.state]


def _of_other_hours(price: Price, opinion: Opinion) -> bool:
    return any(window.rates.input == opinion.value for window in price.tariff.schedule)


def _history(facts: Facts) -> Iterator[str]:
    rows = facts.book.history(facts.name)
    for place, row in enumerate(rows):
        end = rows[place + 1].effective_from - timedelta(days=1) if place + 1 < len(rows) else None
        span = f"{row.effective_from} to {end}" if end else f"from {row.effective_from}"
        amounts = f"input {_mtok(row.input):>7}  cached {_mtok(row.cached_input):>7}  output {_mtok(row.output):>7}"
        others = ", tiers" * bool(row.tariff.tiers) + ", hours" * bool(row.tariff.schedule)
        yield f"{span:<24}  {amounts}   {row.state}, {row.source.package} {row.source.version}{others}"
    if rows:
        first = long(rows[0].effective_from)
        yield f"In dollars a million tokens. Before {first} no price is known, and none is guessed."
    for standing in facts.book.standing.get(facts.name, ()):
        ended = f", until {standing.until}: {standing.ended}" if standing.until else ""
        row = standing.row
        yield f"Your own price of {_mtok(row.input)} ({row.source.package}) holds from {row.effective_from}{ended}."
    replaced = len(facts.book.recorded(facts.name)) - len(rows)
    if replaced:
        yield f"{replaced} recorded row(s) were corrected since; the book keeps them."


def _notes(facts: Facts) -> Iterator[str]:
    for note in facts.notes:
        if note.model == facts.name:
            held = note.kind == "held" and note.amount is not None
            value = f" of {_mtok(note.amount)} a million" if held else ""
            day = f" for {note.effective_from}" if note.effective_from else ""
            source = f" from {note.source}" if note.source else ""
            yield f"{note.kind}: a price{value}{day}{source}. {note.reason[:1].upper()}{note.reason[1:]}."


def _record(facts: Facts, price: Price) -> Iterator[str]:
    yield f"Price book {facts.book.version}; its lists were last read on {long(facts.book.refreshed_at)}."
    digest = price.source.sha256[:16]
    yield f"This row was written on {long(price.recorded_at)}, from a file whose sha256 begins {digest}."


def long(day: date) -> str:
    """ "3 March 2026"."""
    return f"{day.day} {day:%B %Y}"


def _mtok(value: Decimal | None) -> str:
    return "-" if value is None else plain(value * MTOK)
