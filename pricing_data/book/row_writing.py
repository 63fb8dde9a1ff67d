"""One row of a price book as a line of JSON; `pricing_data.book.row_reading.parse` gives the same price back."""

import json
from datetime import date, time
from typing import Any

from pricing_data.book.row_reading import FIELDS, SOURCE_FIELDS
from pricing_data.cost import plain
from pricing_data.price import (
    MIDNIGHT,
    RATE_FIELDS,
    Opinion,
    Price,
    PriceSource,
    Rates,
    Service,
    Statement,
    Tier,
    Window,
)


def dump(price: Price) -> str:
    """Return the line for a price, without its newline. `parse` gives the same price back."""
    tariff = price.tariff
    row: dict[str, Any] = {
        "model": price.model,
        "effective_from": instant_text(price.effective_from, price.effective_at),
        "basis": price.basis,
        "not_before": price.not_before.isoformat() if price.not_before else None,
        "currency": "USD",
        **_rates_row(tariff.rates),
        "tiers": _tiers_row(tariff.tiers),
        "services": {service.name: _service_row(service) for service in tariff.services},
        "schedule": [_window_row(window) for window in tariff.schedule],
        "regions": {region: plain(factor) for region, factor in tariff.regions},
        "source": _source_row(price.source),
        "second_opinions": [_opinion_row(opinion) for opinion in price.second_opinions],
        "state": price.state,
        "statements": [_statement_row(statement) for statement in price.statements],
        "recorded_at": price.recorded_at.isoformat(),
        "corrects": price.corrects,
    }
    kept = {name: value for name, value in row.items() if value or name in FIELDS}
    return json.dumps(kept, ensure_ascii=False, separators=(",", ":"))


def instant_text(day: date, at: time) -> str:
    """Return a day, with the time (UTC) if it is not midnight: "2026-08-16", "2026-08-16T16:00Z"."""
    return (
        day.isoformat() if at == MIDNIGHT else f"{day.isoformat()}T{at.isoformat('auto' if at.second else 'minutes')}Z"
    )


def _rates_row(rates: Rates) -> dict[str, str]:
    values = ((name, getattr(rates, name)) for name in RATE_FIELDS)
    return {name: plain(value) for name, value in values if value is not None}


def _tiers_row(tiers: tuple[Tier, ...]) -> list[dict[str, Any]]:
    return [{"above_tokens": tier.above_tokens, **_rates_row(tier.rates)} for tier in tiers]


def _service_row(service: Service) -> dict[str, Any]:
    row: dict[str, Any] = _rates_row(service.rates)
    return {**row, "tiers": _tiers_row(service.tiers)} if service.tiers else row


def _source_row(source: PriceSource) -> dict[str, str]:
    row = {name: str(getattr(source, name)) for name in SOURCE_FIELDS}
    return {**row, "url": source.url} if source.url else row


def _statement_row(statement: Statement) -> dict[str, Any]:
    row: dict[str, Any] = {
        "paths": list(statement.paths),
        "since": statement.since.isoformat(),
        "basis": statement.basis,
        "source": _source_row(statement.source),
        "state": statement.state,
        "not_before": statement.not_before.isoformat() if statement.not_before else None,
        "opinions": [[source, path, plain(value)] for source, path, value in statement.opinions],
    }
    return {name: value for name, value in row.items() if value}


def _opinion_row(opinion: Opinion) -> dict[str, str]:
    row = {"source": opinion.source, "value": plain(opinion.value)}
    return row if opinion.output is None else {**row, "output": plain(opinion.output)}


def _window_row(window: Window) -> dict[str, Any]:
    row: dict[str, Any] = {"starts": window.starts.strftime("%H:%M"), "ends": window.ends.strftime("%H:%M")}
    days = {
        "weekdays": list(window.weekdays),
        "utc_offset_minutes": window.utc_offset_minutes,
        "holidays": window.holidays,
    }
    return {**row, **{name: value for name, value in days.items() if value}, **_rates_row(window.rates)}
