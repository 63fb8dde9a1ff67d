"""The curated files from which a book is made: pinned sources, upstream ids, and overrides."""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal, get_args

from pricing_data.errors import DamagedCuration
from pricing_data.price import Source
from pricing_data.row import amount_fault
from pricing_data.sources.package_file import Pin

Policy = Literal["first_party", "reference_host", "none"]
PACKAGES = ("genai-prices", "litellm", "model-prices")
ID_FIELDS = {package: package.replace("-", "_") for package in PACKAGES}
UPSTREAM_FIELDS = {"price_policy", "host", "priced_from", *ID_FIELDS.values()}
OVERRIDE_FIELDS = {"model", "effective_from", "input", "output", "replaces", "expires", "url", "reason"}


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where the price of one model is read: an exact id per source, decided by a person."""

    model: str
    policy: Policy
    ids: Mapping[str, str]
    host: str | None = None
    priced_from: date | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """A cited price that wins over the sources, while they say what it `replaces`."""

    model: str
    effective_from: date
    input: Decimal
    output: Decimal | None
    replaces: Decimal | None
    expires: date | None
    source: Source


@dataclass(frozen=True, slots=True)
class Pins:
    """The source files of one refresh, and its day."""

    recorded_at: date
    packages: Mapping[str, Pin]


def read_pins(path: Path) -> Pins:
    """The pinned packages of `sources.toml`. Raises DamagedCuration."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        found = {entry["package"]: Pin(**entry) for entry in raw["source"]}
        recorded_at: date = raw["recorded_at"]
    except (KeyError, TypeError) as fault:
        raise DamagedCuration(path, "source", repr(fault)) from fault
    if tuple(sorted(found)) != PACKAGES:
        raise DamagedCuration(path, "source", f"must be {', '.join(PACKAGES)}, not {', '.join(found)}")
    return Pins(recorded_at, found)


def read_upstream(path: Path) -> dict[str, Upstream]:
    """The upstream ids and price policy of each model, by name. Raises DamagedCuration."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: _upstream(path, name, entry) for name, entry in raw["models"].items()}


def _upstream(path: Path, name: str, entry: Mapping[str, Any]) -> Upstream:
    if unknown := sorted(set(entry) - UPSTREAM_FIELDS):
        raise DamagedCuration(path, name, f"unknown field {unknown[0]!r}")
    policy: Any = entry.get("price_policy")
    if policy not in get_args(Policy):
        raise DamagedCuration(path, name, f"price_policy must be {' | '.join(get_args(Policy))}, not {policy!r}")
    ids = {package: entry[field] for package, field in ID_FIELDS.items() if field in entry}
    if (policy == "none") == bool(ids):
        raise DamagedCuration(path, name, f"price_policy {policy!r} with {len(ids)} upstream ids")
    if (policy == "reference_host") != ("host" in entry):
        raise DamagedCuration(path, name, "a reference_host, and only that, names its host")
    return Upstream(name, policy, ids, entry.get("host"), entry.get("priced_from"))


def read_overrides(path: Path) -> dict[str, Override]:
    """The cited overrides, by model. Raises DamagedCuration."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    overrides: dict[str, Override] = {}
    for place, entry in enumerate(raw.get("override", []), start=1):
        name = str(entry.get("model", f"override {place}"))
        if name in overrides:
            raise DamagedCuration(path, name, "overridden twice")
        overrides[name] = _override(path, name, entry)
    return overrides


def _override(path: Path, name: str, entry: Mapping[str, Any]) -> Override:
    if unknown := sorted(set(entry) - OVERRIDE_FIELDS):
        raise DamagedCuration(path, name, f"unknown field {unknown[0]!r}")
    for field in ("model", "effective_from", "input", "url", "reason"):
        if not entry.get(field):
            raise DamagedCuration(path, name, f"{field} is missing")
    amount = _amount(path, name, entry, "input")
    if amount is None:
        raise DamagedCuration(path, name, "input is missing")
    canonical = json.dumps(entry, sort_keys=True, default=str).encode()
    digest = hashlib.sha256(canonical).hexdigest()
    return Override(
        model=name,
        effective_from=entry["effective_from"],
        input=amount,
        output=_amount(path, name, entry, "output"),
        replaces=_amount(path, name, entry, "replaces"),
        expires=entry.get("expires"),
        source=Source("overrides.toml", "1", digest, "override", name, entry["url"]),
    )


def _amount(path: Path, name: str, entry: Mapping[str, Any], field: str) -> Decimal | None:
    if field not in entry:
        return None
    value = entry[field]
    if not isinstance(value, str):
        raise DamagedCuration(path, name, f"{field} must be a decimal string, not {value!r}")
    try:
        amount = Decimal(value)
    except InvalidOperation as fault:
        raise DamagedCuration(path, name, f"{field} is not a number: {value!r}") from fault
    if reason := amount_fault(amount):
        raise DamagedCuration(path, name, f"{field} is {reason}: {value!r}")
    return amount
