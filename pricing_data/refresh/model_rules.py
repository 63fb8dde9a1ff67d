"""The curated files from which a book is made: pinned sources and upstream ids."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

from pricing_data.errors import DamagedCuration
from pricing_data.refresh.sources.package_file import PinnedPackage

PricePolicy = Literal["first_party", "reference_host", "none"]
PACKAGES = ("genai-prices", "litellm", "model-prices")
ID_FIELDS = {package: package.replace("-", "_") for package in PACKAGES}
RULE_FIELDS = {"price_policy", "host", "priced_from", *ID_FIELDS.values()}


@dataclass(frozen=True, slots=True)
class ModelRule:
    """Where the price of one model is read: an exact id per source, decided by a person."""

    model: str
    policy: PricePolicy
    ids: Mapping[str, str]
    host: str | None = None
    priced_from: date | None = None


@dataclass(frozen=True, slots=True)
class PinnedSources:
    """The source files of one refresh, and its day."""

    recorded_at: date
    packages: Mapping[str, PinnedPackage]


def read_pins(path: Path) -> PinnedSources:
    """The pinned packages of `sources.toml`. Raises DamagedCuration."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        found = {entry["package"]: PinnedPackage(**entry) for entry in raw["source"]}
        recorded_at: date = raw["recorded_at"]
    except (KeyError, TypeError) as fault:
        raise DamagedCuration(path, "source", repr(fault)) from fault
    if tuple(sorted(found)) != PACKAGES:
        raise DamagedCuration(path, "source", f"must be {', '.join(PACKAGES)}, not {', '.join(found)}")
    return PinnedSources(recorded_at, found)


def read_model_rules(path: Path) -> dict[str, ModelRule]:
    """The upstream ids and price policy of each model, by name. Raises DamagedCuration."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    return {name: _model_rule(path, name, entry) for name, entry in raw["models"].items()}


def _model_rule(path: Path, name: str, entry: Mapping[str, Any]) -> ModelRule:
    if unknown := sorted(set(entry) - RULE_FIELDS):
        raise DamagedCuration(path, name, f"unknown field {unknown[0]!r}")
    policy: Any = entry.get("price_policy")
    if policy not in get_args(PricePolicy):
        raise DamagedCuration(path, name, f"price_policy must be {' | '.join(get_args(PricePolicy))}, not {policy!r}")
    ids = {package: entry[field] for package, field in ID_FIELDS.items() if field in entry}
    if (policy == "none") == bool(ids):
        raise DamagedCuration(path, name, f"price_policy {policy!r} with {len(ids)} upstream ids")
    if (policy == "reference_host") != ("host" in entry):
        raise DamagedCuration(path, name, "a reference_host, and only that, names its host")
    return ModelRule(name, policy, ids, entry.get("host"), entry.get("priced_from"))
