"""A file of prices that a person has set, each cited. All its faults are found at once.

[[override]]    a price that wins over the sources while they say what it `replaces`
[[correction]]  what a model cost from an earlier day on, where the book has it wrong
[[allow]]       a change that a guard held, and that is right
"""

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pricing_data.errors import BadPricesFile
from pricing_data.price import RATE_FIELDS, Rates, Source
from pricing_data.row import amount_fault

CITATION = ("url", "reason")
FIELDS: Mapping[str, frozenset[str]] = {
    "override": frozenset({"model", "effective_from", *RATE_FIELDS, "replaces", "expires", *CITATION}),
    "correction": frozenset({"model", "effective_from", *RATE_FIELDS, *CITATION}),
    "allow": frozenset({"model", "input", *CITATION}),
}
TEXTS, DATES, AMOUNTS = ("model", *CITATION), ("effective_from", "expires"), (*RATE_FIELDS, "replaces")


@dataclass(frozen=True, slots=True)
class Override:
    """A cited price that wins over the sources, while they say what it `replaces` (None: no price)."""

    model: str
    effective_from: date
    rates: Rates
    replaces: Decimal | None
    expires: date | None
    source: Source
    reason: str


@dataclass(frozen=True, slots=True)
class Correction:
    """What a model cost from a day on, where the book says otherwise."""

    model: str
    effective_from: date
    rates: Rates
    source: Source
    reason: str


@dataclass(frozen=True, slots=True)
class PricesFile:
    """All entries of a file of cited prices. `allowed` are input prices that no guard holds."""

    overrides: tuple[Override, ...] = ()
    corrections: tuple[Correction, ...] = ()
    allowed: frozenset[tuple[str, Decimal]] = frozenset()

    def joined(self, other: "PricesFile") -> "PricesFile":
        """The entries of both; the other's overrides win."""
        named = {override.model for override in other.overrides}
        kept = tuple(override for override in self.overrides if override.model not in named)
        return PricesFile(
            (*kept, *other.overrides), (*self.corrections, *other.corrections), self.allowed | other.allowed
        )

    @property
    def models(self) -> tuple[str, ...]:
        """Every model that is named."""
        entries: tuple[Override | Correction, ...] = (*self.overrides, *self.corrections)
        return tuple(sorted({*(entry.model for entry in entries), *(model for model, _ in self.allowed)}))


def read_prices_file(path: Path) -> PricesFile:
    """The entries of a file. Raises BadPricesFile with every fault."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as fault:
        raise BadPricesFile(path, (f"it cannot be read: {fault.strerror}",)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise BadPricesFile(path, (f"it is not TOML: {fault}",)) from None
    faults = list(_faults(raw))
    if faults:
        raise BadPricesFile(path, tuple(faults))
    overrides = tuple(_override(path, entry) for entry in raw.get("override", ()))
    overrides = tuple(sorted(overrides, key=lambda override: (override.model, override.effective_from)))
    if overlaps := tuple(_overlaps(overrides)):
        raise BadPricesFile(path, overlaps)
    return PricesFile(
        overrides,
        tuple(_correction(path, entry) for entry in raw.get("correction", ())),
        frozenset((entry["model"], Decimal(entry["input"])) for entry in raw.get("allow", ())),
    )


def _faults(raw: Mapping[str, Any]) -> Iterator[str]:
    for kind, entries in raw.items():
        if kind not in FIELDS:
            yield f"[[{kind}]] is not known here; there are {', '.join(FIELDS)}"
        elif not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
            yield f"{kind}: write [[{kind}]], once for each entry"
        else:
            for place, entry in enumerate(entries, start=1):
                where = f"{kind} {place} ({entry.get('model', 'no model')})"
                yield from (f"{where}: {fault}" for fault in _entry_faults(kind, entry))


def _entry_faults(kind: str, entry: Mapping[str, Any]) -> Iterator[str]:
    for field in sorted(set(entry) - FIELDS[kind]):
        yield f"{field} is not a field of it"
    needed = ("model", "effective_from", "input", *CITATION)
    for field in needed:
        if field in FIELDS[kind] and not entry.get(field):
            yield f"{field} is missing"
    for field in entry:
        value = entry[field]
        if field in TEXTS and not isinstance(value, str):
            yield f"{field} must be a string, not {value!r}"
        elif field in DATES and (not isinstance(value, date) or isinstance(value, datetime)):
            yield f"{field} must be a date such as 2026-01-31, without quotes, not {value!r}"
        elif field in AMOUNTS and (fault := _amount_fault(value)):
            yield f"{field} {fault}"
    yield from _citation_faults(entry)


def _citation_faults(entry: Mapping[str, Any]) -> Iterator[str]:
    url = entry.get("url")
    if isinstance(url, str) and url and urlsplit(url).scheme not in ("http", "https"):
        yield f"url must say where the price is published, as in https://example.org/prices, not {url!r}"
    since, expires = entry.get("effective_from"), entry.get("expires")
    if isinstance(since, date) and isinstance(expires, date) and expires <= since:
        yield f"expires {expires} is not after effective_from {since}"


def _amount_fault(value: object) -> str | None:
    if not isinstance(value, str):
        return f'must be a decimal string in USD per token, as in "0.000002", not {value!r}'
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return f"is not a number: {value!r}"
    fault = amount_fault(amount)
    return f"is {fault}: {value!r}" if fault else None


def _overlaps(overrides: Sequence[Override]) -> Iterator[str]:
    for one, other in pairwise(overrides):
        if one.model == other.model and (one.expires is None or one.expires > other.effective_from):
            yield f"{one.model}: overridden twice from {other.effective_from} on; let the older one expire by then"


def _rates(entry: Mapping[str, Any]) -> Rates:
    return Rates(**{name: Decimal(entry[name]) if name in entry else None for name in RATE_FIELDS})


def _source(path: Path, entry: Mapping[str, Any]) -> Source:
    canonical = json.dumps(entry, sort_keys=True, default=str).encode()
    return Source(path.name, "1", hashlib.sha256(canonical).hexdigest(), "override", entry["model"], entry["url"])


def _override(path: Path, entry: Mapping[str, Any]) -> Override:
    return Override(
        model=entry["model"],
        effective_from=entry["effective_from"],
        rates=_rates(entry),
        replaces=Decimal(entry["replaces"]) if "replaces" in entry else None,
        expires=entry.get("expires"),
        source=_source(path, entry),
        reason=entry["reason"],
    )


def _correction(path: Path, entry: Mapping[str, Any]) -> Correction:
    return Correction(entry["model"], entry["effective_from"], _rates(entry), _source(path, entry), entry["reason"])
