"""The curated files that every refresh needs besides the sources: releases of models, decisions, cited rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time

from pricing_data.curation import Upstream
from pricing_data.decisions import Decision, instant, read_decisions
from pricing_data.model_releases import ModelRelease, read_model_releases
from pricing_data.offers import Offer, Reading
from pricing_data.paths import values_of
from pricing_data.precedence import Evidence
from pricing_data.rules import Rule, read_rules
from pricing_data.source_timeline import COPY, SECONDARY, timelines
from pricing_data.sources import observations
from pricing_data.sources.locate import version_key


@dataclass(frozen=True, slots=True)
class KnownFacts:
    """What is known of models besides what the sources state now. `history` has their old releases, by package."""

    releases: Mapping[str, ModelRelease] = field(default_factory=dict)
    history: Mapping[str, Reading] = field(default_factory=dict)
    decisions: Mapping[str, Sequence[Decision]] = field(default_factory=dict)
    rules: Sequence[Rule] = ()

    @classmethod
    def packaged(cls) -> "KnownFacts":
        """Return those that ship with this package. Raise DamagedCuration."""
        history = {package: observations.read(package) for package in observations.STATES}
        return cls(read_model_releases(), history, read_decisions(), read_rules())

    def evidence(self, upstream: Upstream, readings: Mapping[str, Reading], today: datetime) -> Evidence:
        """Return all that is known of one model, at a refresh `today`."""
        ids = upstream.ids
        offers = {package: readings[package].offers.get(key, ()) for package, key in ids.items()}
        before = {package: self._before(package, ids, readings) for package in self.history}
        release = self.releases.get(upstream.model)
        return Evidence(
            sources=timelines(offers, before, today.date()),
            today=today,
            release=datetime.combine(release.released, time(), UTC) if release else None,
            priced_from=instant(upstream.priced_from),
            decisions=self.decisions.get(upstream.model, ()),
            rules=self._rules(upstream, [offer for found in (*offers.values(), *before.values()) for offer in found]),
        )

    def _before(self, package: str, ids: Mapping[str, str], readings: Mapping[str, Reading]) -> Sequence[Offer]:
        """Return the offers of old releases of a package; those of newer ones than is read now are left out."""
        now = SECONDARY if package == COPY else package
        found = self.history[package].offers.get(ids.get(now, ""), ())
        offers = readings[now].offers if now in readings else {}
        newest = next((version_key(offer.source.version) for some in offers.values() for offer in some), None)
        if package == COPY or now not in readings:
            return found if newest is not None or now not in readings else ()
        if newest is None:
            return ()
        return [offer for offer in found if version_key(offer.source.version) <= newest]

    def _rules(self, upstream: Upstream, stated: Sequence[Offer]) -> Sequence[Rule]:
        """Return the rules of the model's author, who must sell it itself."""
        if upstream.policy != "first_party":
            return ()
        providers = {offer.source.provider for offer in stated}
        paths = {path for offer in stated for path in values_of(offer.tariff)}
        return [rule for rule in self.rules if rule.concerns(upstream.model, providers, paths)]
