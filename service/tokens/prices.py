"""`GET /v1/tokens/prices/{name}`: every price of a model with its source; and what other routes tell of a price."""

from collections.abc import Callable
from datetime import UTC, date, datetime

from starlette.types import Receive, Scope

from corpus_cost.model_names import ModelNames, model_hint
from pricing_data import Price, PriceBook, PriceSource, Rates, Terms, Tier, Window
from pricing_data.named_models import NamedModel
from pricing_data.named_prices import find_price
from pricing_data.rate_paths import StatedRate, stated_rates
from service.auth.accounts import Principal
from service.http import json
from service.http.errors import NOT_FOUND, Refusal
from service.http.json import shorten
from service.http.responses import Header, Reply
from service.tokens.name_words import terms_entry
from service.tokens.requests import parameters
from tokenizer_registry.names import NameTerms


class PriceHistories:
    """Answers what a model costs, has cost, and who says so. `today` is the UTC date."""

    def __init__(self, names: ModelNames, today: Callable[[], date]) -> None:
        self.names = names
        self.book = names.book
        self.today = today

    async def show(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        """Answer with the history of the model that the path names."""
        wanted = parameters(scope, ())
        if isinstance(wanted, Refusal):
            return wanted
        name = scope["path_params"]["name"]
        found = self.names.priced(name)
        if found is None:
            hint = model_hint(self.names.registry.names, name, "GET /v1/tokens/models lists the known ones.")
            return NOT_FOUND.saying(f"There is no model {shorten(name)}. {hint}")
        return Reply(200, json.encode(named_price_history(self.book, found, self.today())), [version_header(self.book)])


def version_header(book: PriceBook) -> Header:
    """Return the header that names the book on every priced reply."""
    return b"x-pricing-version", book.version.encode()


def provenance(price: Price | None) -> dict[str, json.Value]:
    """Return since when a price of input holds, who states it, and how sure that is."""
    return {
        "price_effective_from": price.statement("input").since.isoformat() if price else None,
        "price_source": f"{price.source.package} {price.source.version}" if price else None,
        "price_state": price.state if price else None,
    }


def named_price_history(book: PriceBook, named: NamedModel, today: date) -> dict[str, json.Value]:
    """Return the history of a name: that of its model with what the name says, or none with the reason."""
    price = find_price(book, named, Terms(today))
    rate = price.input_rate(0)
    shown = price_history(book, named.model, today)
    if price.price is None:
        shown |= {"current": None, "history": [], "overrides": []} if not named.is_plain else {}
    return {
        **shown,
        "model": named.name,
        "resolved_model": named.model,
        "name_terms": terms_entry(NameTerms(*named[3:])),
        "price_per_input_token": rate.usd,
        "reason": price.reason,
    }


def price_history(book: PriceBook, model: str, today: date) -> dict[str, json.Value]:
    """Return today's price, the history, oldest first, and the operator's own prices over it."""
    current = book.price(model, today)
    rows = book.history(model)
    ends = [*(row.begins for row in rows[1:]), None]
    history: list[json.Value] = [entry(row, end) for row, end in zip(rows, ends, strict=False)]
    overrides: list[json.Value] = [
        {**entry(standing.row, standing.ends), "ended_because": standing.ended}
        for standing in book.overrides.get(model, ())
    ]
    return {
        "model": model,
        "pricing_version": book.version,
        "current": entry(current, None) if current else None,
        "history": history,
        "overrides": overrides,
    }


def entry(row: Price, until: datetime | None) -> dict[str, json.Value]:
    """Return one row; its ends are exclusive. `rates` has every rate of it, with who states it."""
    tariff, batch = row.tariff, row.tariff.service("batch")
    schedule: list[json.Value] = [{**hours(window), **rates(window.rates)} for window in tariff.schedule]
    stated: list[json.Value] = [stated_entry(rate) for rate in stated_rates(row)]
    opinions: list[json.Value] = [
        {
            "source": opinion.source,
            "price_per_input_token": opinion.value,
            "price_per_output_token": opinion.output,
        }
        for opinion in row.second_opinions
    ]
    return {
        "effective_from": row.effective_from.isoformat(),
        "effective_until": until.date().isoformat() if until else None,
        "effective_at": instant_words(row.begins),
        "effective_until_at": instant_words(until) if until else None,
        "not_before": row.not_before.isoformat() if row.not_before else None,
        **rates(tariff.rates),
        "price_per_call": tariff.rates.per_call,
        "tiers": _tiers(tariff.tiers),
        "batch": {**rates(batch.rates), "tiers": _tiers(batch.tiers)} if batch else None,
        "schedule": schedule,
        "regions": dict(tariff.regions),
        "rates": stated,
        "state": row.state,
        "basis": row.basis,
        "source": source_entry(row.source),
        "second_opinions": opinions,
        "recorded_at": row.recorded_at.isoformat(),
        "corrects": row.corrects,
    }


def stated_entry(rate: StatedRate) -> dict[str, json.Value]:
    """Return one rate of a row, in USD for each `unit`, which calls it is for, and who states it since when."""
    one = rate.statement
    opinions: list[json.Value] = [
        {"source": source, "rate": value} for source, path, value in one.opinions if path == rate.path
    ]
    return {
        "path": rate.path,
        "unit": rate.unit,
        "service_tier": rate.service,
        "above_tokens": rate.above_tokens,
        "hours": hours(rate.window) if rate.window else None,
        "rate": rate.rate,
        "state": one.state,
        "basis": one.basis,
        "since": one.since.isoformat(),
        "not_before": one.not_before.isoformat() if one.not_before else None,
        "source": source_entry(one.source),
        "differing_opinions": opinions,
    }


def hours(window: Window) -> dict[str, json.Value]:
    """Return when a window holds; its days are those on which it begins, at its own offset from UTC."""
    weekdays: list[json.Value] = [*window.weekdays]
    return {
        "starts": f"{window.starts:%H:%M}",
        "ends": f"{window.ends:%H:%M}",
        "weekdays": weekdays,
        "utc_offset_minutes": window.utc_offset_minutes,
        "except_holidays": window.holidays,
    }


def source_entry(source: PriceSource) -> dict[str, json.Value]:
    """Return where a rate was read."""
    return {
        "package": source.package,
        "version": source.version,
        "entry": f"{source.provider}/{source.id}",
        "url": source.url,
    }


def instant_words(at: datetime) -> str:
    """Return an instant in UTC, in ISO 8601: "2026-08-16T16:00:00Z"."""
    return f"{at.astimezone(UTC).replace(tzinfo=None).isoformat('T', 'seconds')}Z"


def rates(found: Rates) -> dict[str, json.Value]:
    """Return the four main rates, in USD per token."""
    return {
        "price_per_input_token": found.input,
        "price_per_output_token": found.output,
        "price_per_cached_input_token": found.cached_input,
        "price_per_cache_write_token": found.cache_write,
    }


def _tiers(tiers: tuple[Tier, ...]) -> list[json.Value]:
    return [{"above_tokens": tier.above_tokens, **rates(tier.rates)} for tier in tiers]
