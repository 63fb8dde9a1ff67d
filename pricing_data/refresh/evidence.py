"""The curated files that every refresh needs besides the sources: releases of models, decisions, cited rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

from pricing_data.dates import begin_or_none
from pricing_data.refresh.decisions import PriceDecision, read_decisions
from pricing_data.refresh.model_releases import ModelRelease, read_model_releases
from pricing_data.refresh.model_rules import ModelRule
from pricing_data.refresh.provider_rules import ProviderRule, read_provider_rules
from pricing_data.refresh.source_history import COPY, SECONDARY, SourceHistory, source_histories
from pricing_data.refresh.source_snapshot import Offer, SourceSnapshot
from pricing_data.refresh.sources import past_releases as past_releases
from pricing_data.refresh.sources.locate import version_key
from pricing_data.refresh.tariff_values import values_of

# The first price that was seen is taken to be that of the release, if it was seen so soon after it.
MAX_DAYS_TO_RELEASE = timedelta(days=200)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is known of one model: what each source states, its release, what persons decided, cited rules.

    `priced_from` is the curated instant from which the first undated price held, `today` that of the refresh.
    """

    sources: Mapping[str, SourceHistory]
    today: datetime
    release: datetime | None = None
    priced_from: datetime | None = None
    decisions: Sequence[PriceDecision] = ()
    rules: Sequence[ProviderRule] = ()

    @property
    def begins(self) -> datetime:
        """Return from when on the model has a price: its release, or the first that was seen of it, if that is earlier.

        A price that was first seen long after the release is not taken to be that of the release; a decided one is.
        """
        firsts = [offer.since for source in self.sources.values() for offer in source.offers if offer.since]
        decided = [decision.since or self.release for decision in self.decisions if decision.value is not None]
        firsts += [since for since in decided if since is not None]
        seen = min([*firsts, self.today])  # what has no day is seen today
        near = self.release is not None and seen - self.release <= MAX_DAYS_TO_RELEASE
        marks = (seen, self.release if near else None, self.priced_from)
        return min(mark for mark in marks if mark is not None)


@dataclass(frozen=True, slots=True)
class CuratedFacts:
    """What is known of models besides what the sources state now. `history` has their old releases, by package."""

    releases: Mapping[str, ModelRelease] = field(default_factory=dict)
    history: Mapping[str, SourceSnapshot] = field(default_factory=dict)
    decisions: Mapping[str, Sequence[PriceDecision]] = field(default_factory=dict)
    rules: Sequence[ProviderRule] = ()

    @classmethod
    def packaged(cls) -> "CuratedFacts":
        """Return those that ship with this package. Raise DamagedCuration."""
        history = {package: past_releases.read(package) for package in past_releases.READERS}
        return cls(read_model_releases(), history, read_decisions(), read_provider_rules())

    def evidence(self, model_rule: ModelRule, snapshots: Mapping[str, SourceSnapshot], today: datetime) -> Evidence:
        """Return all that is known of one model, at a refresh `today`."""
        ids = model_rule.ids
        offers = {package: snapshots[package].offers.get(key, ()) for package, key in ids.items()}
        before = {package: self._before(package, ids, snapshots) for package in self.history}
        release = self.releases.get(model_rule.model)
        return Evidence(
            sources=source_histories(offers, before, today.date()),
            today=today,
            release=datetime.combine(release.released, time(), UTC) if release else None,
            priced_from=begin_or_none(model_rule.priced_from),
            decisions=self.decisions.get(model_rule.model, ()),
            rules=self._rules(model_rule, [offer for found in (*offers.values(), *before.values()) for offer in found]),
        )

    def _before(self, package: str, ids: Mapping[str, str], snapshots: Mapping[str, SourceSnapshot]) -> Sequence[Offer]:
        """Return the offers of old releases of a package; those of newer ones than is read now are left out."""
        now = SECONDARY if package == COPY else package
        found = self.history[package].offers.get(ids.get(now, ""), ())
        offers = snapshots[now].offers if now in snapshots else {}
        newest = next((version_key(offer.source.version) for some in offers.values() for offer in some), None)
        if package == COPY or now not in snapshots:
            return found if newest is not None or now not in snapshots else ()
        if newest is None:
            return ()
        return [offer for offer in found if version_key(offer.source.version) <= newest]

    def _rules(self, model_rule: ModelRule, stated: Sequence[Offer]) -> Sequence[ProviderRule]:
        """Return the rules of the model's author, who must sell it itself."""
        if model_rule.policy != "first_party":
            return ()
        providers = {offer.source.provider for offer in stated}
        paths = {path for offer in stated for path in values_of(offer.tariff)}
        return [rule for rule in self.rules if rule.concerns(model_rule.model, providers, paths)]
