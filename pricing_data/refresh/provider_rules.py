"""What providers document for all their models, cited: rules.toml. A rule gives a rate that no source states.

[[rule]]
providers = ["anthropic"]        as the sources name them
rates = ["cache_write_1h"]       the rates that it gives; "*" is every rate that tokens have
of = "input"                     of which they are a part (left out: of the same rate)
service = "batch"                the service whose rates it gives (left out: the service of the rate itself)
factor = "2"
region = "us"                    instead of rates: by what all token rates are multiplied in this region
models = ["claude-*"]            the models, as in file names; `except` leaves some out
known = "batch.input"            only for models of which a source states this path at any time
since, url
"""

import hashlib
import json
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from pricing_data.cost import multiply
from pricing_data.data import DATA
from pricing_data.dates import begin_or_none
from pricing_data.errors import DamagedCuration
from pricing_data.price import STANDARD, TOKEN_FIELDS, PriceSource
from pricing_data.rate_paths import path_of
from pricing_data.refresh.tariff_values import REGION, PathValue, RatePlace, place_of

RULES = DATA / "rules.toml"
FIELDS = {"providers", "rates", "of", "service", "factor", "region", "models", "except", "known", "since", "url"}
NEEDED = ("providers", "models", "factor", "since", "url")


@dataclass(frozen=True, slots=True)
class ProviderRule:
    """A factor that a provider documents, from which rates follow that no source states."""

    providers: tuple[str, ...]
    models: tuple[str, ...]
    excepted: tuple[str, ...]
    rates: tuple[str, ...]
    of: str | None
    service: str | None
    region: str | None
    known: str | None
    factor: Decimal
    since: datetime
    source: PriceSource

    def concerns(self, model: str, providers: Collection[str], paths: Collection[str]) -> bool:
        """Return whether it is about a model, of which the sources state these paths at any time."""
        named = any(fnmatchcase(model, pattern) for pattern in self.models)
        left_out = any(fnmatchcase(model, pattern) for pattern in self.excepted)
        known = self.known is None or self.known in paths
        return named and not left_out and known and bool({*self.providers} & {*providers})


def values_from_rules(
    rules: Sequence[ProviderRule], values: Mapping[str, PathValue], at: datetime
) -> Iterator[tuple[str, Decimal, ProviderRule]]:
    """Yield each path with the value that a rule gives it at an instant, where there is none. Later rules see it."""
    known = dict(values)
    for rule in rules:
        if at < rule.since:
            continue
        for path, value in list(_given(rule, known)):
            if path not in known:
                known[path] = value
                yield path, value, rule


def _given(rule: ProviderRule, known: Mapping[str, PathValue]) -> Iterator[tuple[str, Decimal]]:
    if rule.region is not None:
        yield REGION + rule.region, rule.factor
        return
    for path, value in known.items():
        place = place_of(path)
        if place is None or not isinstance(value, Decimal):
            continue
        for rate in _rates(rule, place):
            service = rule.service or place.service
            if rule.service is None or place.service == STANDARD:
                yield path_of(rate, service, place.above_tokens), multiply(value, rule.factor).normalize()


def _rates(rule: ProviderRule, place: RatePlace) -> tuple[str, ...]:
    """Return the rates that a rule makes of the one at a place."""
    if rule.of is not None:
        return rule.rates if place.rate == rule.of else ()
    wanted = TOKEN_FIELDS if "*" in rule.rates else rule.rates
    return (place.rate,) if place.rate in wanted else ()


def read_provider_rules(path: Path = RULES) -> tuple[ProviderRule, ...]:
    """Return the cited rules in order. Raise DamagedCuration, OSError."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"))
    rules: list[ProviderRule] = []
    for number, entry in enumerate(raw.get("rule", ()), start=1):
        missing = [name for name in NEEDED if name not in entry]
        unknown = sorted(set(entry) - FIELDS)
        if missing or unknown or ("rates" in entry) == ("region" in entry):
            fault = f"missing {missing}, unknown {unknown}; it names either rates or a region"
            raise DamagedCuration(path, f"rule {number}", fault)
        rules.append(_rule(path, entry))
    return tuple(rules)


def _rule(path: Path, entry: Mapping[str, Any]) -> ProviderRule:
    canonical = json.dumps(entry, sort_keys=True, default=str).encode()
    digest = hashlib.sha256(canonical).hexdigest()
    what = entry.get("region") or entry.get("service") or entry["rates"][0]
    since = begin_or_none(entry["since"])
    if since is None:
        raise DamagedCuration(path, what, "since must be a day")
    return ProviderRule(
        providers=tuple(entry["providers"]),
        models=tuple(entry["models"]),
        excepted=tuple(entry.get("except", ())),
        rates=tuple(entry.get("rates", ())),
        of=entry.get("of"),
        service=entry.get("service"),
        region=entry.get("region"),
        known=entry.get("known"),
        factor=Decimal(entry["factor"]),
        since=since,
        source=PriceSource("rules", "1", digest, entry["providers"][0], what, entry["url"]),
    )
