"""`GET /v1/tokens/prices/{name}`: every price of a model with its source; and what other routes tell of a price."""

from collections.abc import Callable, Mapping
from datetime import date

from starlette.types import Receive, Scope

from pricing_data import Price, PriceBook, Rates, Tier
from service import wire
from service.errors import NOT_FOUND, Refusal
from service.reply import Header, Reply
from service.strict_json import shorten
from service.tokens.parameters import parameters
from service.tokens.request import nearest
from tokenizer_registry import Model


class PriceHistories:
    """Answers what a model costs, has cost, and who says so. `today` is the UTC date."""

    def __init__(self, models: Mapping[str, Model], book: PriceBook, today: Callable[[], date]) -> None:
        self.models = models
        self.book = book
        self.today = today

    async def show(self, scope: Scope, receive: Receive) -> Reply | Refusal:
        """The history of the model that the path names."""
        wanted = parameters(scope, ())
        if isinstance(wanted, Refusal):
            return wanted
        name = scope["path_params"]["name"]
        if name not in self.models and name not in self.book.standing:
            near = nearest(name, self.models)
            hint = f"Did you mean {near}?" if near else "GET /v1/tokens/models lists the known ones."
            return NOT_FOUND.saying(f"There is no model {shorten(name)}. {hint}")
        return Reply(200, wire.encode(price_history(self.book, name, self.today())), [version_header(self.book)])


def version_header(book: PriceBook) -> Header:
    """Names the book on every reply that was priced."""
    return b"x-pricing-version", book.version.encode()


def provenance(price: Price | None) -> dict[str, wire.Value]:
    """Since when a price holds, who says so, and how sure that is."""
    return {
        "price_effective_from": price.effective_from.isoformat() if price else None,
        "price_source": f"{price.source.package} {price.source.version}" if price else None,
        "price_state": price.state if price else None,
    }


def price_history(book: PriceBook, model: str, today: date) -> dict[str, wire.Value]:
    """The price of today, the history, oldest first, and the operator's own prices over it."""
    current = book.price(model, today)
    rows = book.history(model)
    ends = [*(row.effective_from for row in rows[1:]), None]
    history: list[wire.Value] = [entry(row, end) for row, end in zip(rows, ends, strict=False)]
    overrides: list[wire.Value] = [
        {**entry(standing.row, standing.until), "ended_because": standing.ended}
        for standing in book.standing.get(model, ())
    ]
    return {
        "model": model,
        "pricing_version": book.version,
        "current": entry(current, None) if current else None,
        "history": history,
        "overrides": overrides,
    }


def entry(row: Price, until: date | None) -> dict[str, wire.Value]:
    """One row; `effective_until` is exclusive."""
    tariff, batch = row.tariff, row.tariff.service("batch")
    schedule: list[wire.Value] = [
        {"starts": f"{window.starts:%H:%M}", "ends": f"{window.ends:%H:%M}", **rates(window.rates)}
        for window in tariff.schedule
    ]
    opinions: list[wire.Value] = [
        {
            "source": opinion.source,
            "price_per_input_token": opinion.value,
            "price_per_output_token": opinion.output,
        }
        for opinion in row.second_opinions
    ]
    return {
        "effective_from": row.effective_from.isoformat(),
        "effective_until": until.isoformat() if until else None,
        **rates(tariff.rates),
        "price_per_call": tariff.rates.per_call,
        "tiers": _tiers(tariff.tiers),
        "batch": {**rates(batch.rates), "tiers": _tiers(batch.tiers)} if batch else None,
        "schedule": schedule,
        "state": row.state,
        "basis": row.basis,
        "source": {
            "package": row.source.package,
            "version": row.source.version,
            "entry": f"{row.source.provider}/{row.source.id}",
            "url": row.source.url,
        },
        "second_opinions": opinions,
        "recorded_at": row.recorded_at.isoformat(),
        "corrects": row.corrects,
    }


def rates(found: Rates) -> dict[str, wire.Value]:
    """The four rates, in USD per token."""
    return {
        "price_per_input_token": found.input,
        "price_per_output_token": found.output,
        "price_per_cached_input_token": found.cached_input,
        "price_per_cache_write_token": found.cache_write,
    }


def _tiers(tiers: tuple[Tier, ...]) -> list[wire.Value]:
    return [{"above_tokens": tier.above_tokens, **rates(tier.rates)} for tier in tiers]
