"""Known differences between the sources that a person has decided, each with its reason: decisions.toml.

[[decision]]
model = "grok-2"                 a model, or several in `models`
paths = ["cache_write"]          of price.path_of, "schedule" or "region.NAME"; "batch.*" is all of a service
take = "litellm"                 the value of this source, or of cited "rules"; or `value`, in USD per token; or
                                 `unknown = true`
since, until                     an instant or a day, if it is not for always
reason, url                      why; url where it is published
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from pricing_data.data import DATA
from pricing_data.dates import begin_or_none
from pricing_data.errors import DamagedCuration
from pricing_data.price import PriceSource

DECISIONS = DATA / "decisions.toml"
FIELDS = {"model", "models", "paths", "take", "value", "unknown", "since", "until", "reason", "url"}
VERDICTS = ("take", "value", "unknown")


@dataclass(frozen=True, slots=True)
class PriceDecision:
    """What a person has decided of one path of one model: a source to take, a value, or that it is not known."""

    model: str
    path: str
    reason: str
    source: PriceSource
    take: str | None = None
    value: Decimal | None = None
    since: datetime | None = None
    until: datetime | None = None

    def covers(self, path: str, at: datetime) -> bool:
        """Return whether it decides a path at an instant."""
        if (self.since and at < self.since) or (self.until and at >= self.until):
            return False
        return path == self.path or (self.path.endswith("*") and path.startswith(self.path[:-1]))


def decision_for(decisions: Sequence[PriceDecision], path: str, at: datetime) -> PriceDecision | None:
    """Return the decision on a path at an instant; of several the last one in the file."""
    found = [decision for decision in decisions if decision.covers(path, at)]
    return found[-1] if found else None


def read_decisions(path: Path = DECISIONS) -> dict[str, tuple[PriceDecision, ...]]:
    """Return the decisions on each model, by name. Raise DamagedCuration, OSError."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    found: dict[str, tuple[PriceDecision, ...]] = {}
    for number, entry in enumerate(raw.get("decision", ()), start=1):
        if fault := _fault(entry):
            raise DamagedCuration(path, f"decision {number}", fault)
        for decision in _decisions(path, entry):
            found[decision.model] = (*found.get(decision.model, ()), decision)
    return found


def _fault(entry: Mapping[str, Any]) -> str | None:
    if unknown := sorted(set(entry) - FIELDS):
        return f"unknown field {unknown[0]!r}"
    if ("model" in entry) == ("models" in entry):
        return "it names either a model or models"
    if sum(verdict in entry for verdict in VERDICTS) != 1:
        return f"it has exactly one of {', '.join(VERDICTS)}"
    if not entry.get("paths") or not entry.get("reason"):
        return "paths and reason must be given"
    if "value" in entry and "url" not in entry:
        return "a value must cite its url"
    try:
        Decimal(entry.get("value", "1"))
    except (InvalidOperation, TypeError):
        return f"value must be a decimal string, not {entry['value']!r}"
    return None


def _decisions(path: Path, entry: Mapping[str, Any]) -> list[PriceDecision]:
    canonical = json.dumps(entry, sort_keys=True, default=str).encode()
    digest = hashlib.sha256(canonical).hexdigest()
    return [
        PriceDecision(
            model=model,
            path=where,
            reason=entry["reason"],
            source=PriceSource(path.name, "1", digest, "decision", model, entry.get("url")),
            take=entry.get("take"),
            value=Decimal(entry["value"]) if "value" in entry else None,
            since=begin_or_none(entry.get("since")),
            until=begin_or_none(entry.get("until")),
        )
        for model in entry.get("models", [entry.get("model")])
        for where in entry["paths"]
    ]
