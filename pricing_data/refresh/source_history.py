"""What one source states of one model over time, path by path."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta

from pricing_data.price import TOKEN_FIELDS, PriceSource, Rates, Tariff, Tier
from pricing_data.refresh.source_snapshot import Offer, same_price, slipped
from pricing_data.refresh.tariff_values import PathValue, place_of, values_of

# The beginning of a statement that has no date: it is stated of all the past.
ALWAYS = datetime.min.replace(tzinfo=UTC)
PRIMARY, SECONDARY, DATED = "genai-prices", "litellm", "model-prices"
# Old releases of the primary. What it states now is kept apart from what it stated then.
PRIMARY_BEFORE = "genai-prices, before"
OBSERVED = "observed"
# A package that copied LiteLLM's file until LiteLLM's own releases are there again.
COPY, COPY_ENDS = "tokencost", datetime(2024, 11, 28, tzinfo=UTC)
# A day that a source documents; other bases are days on which a price was seen.
DOCUMENTED = frozenset({"documented", "upstream_dated"})
# Two tellings of one change lie no further apart: one that was seen, and two that are both dated.
SAME_CHANGE = timedelta(days=60)
SAME_DATED_CHANGE = timedelta(days=3)


@dataclass(frozen=True, slots=True, eq=False)
class ValuePeriod:
    """The time in which a source states one value of a path; `value` is None while it states none.

    `source` is the last release in which it states it, `basis` and `not_before` are those of its beginning.
    `first_listing` is whether it began with the source's first statement of the model.
    """

    value: PathValue | None
    begins: datetime
    ends: datetime | None
    basis: str
    source: PriceSource
    not_before: date | None
    first_listing: bool


@dataclass(frozen=True, slots=True, eq=False)
class SourceHistory:
    """What a source states of a model: its offers in order of time, and from them the periods of each path.

    `current` is whether its newest release still lists the model.
    """

    name: str
    offers: tuple[Offer, ...]
    periods: Mapping[str, tuple[ValuePeriod, ...]]
    current: bool

    @property
    def package(self) -> str:
        """Return the package that it is, in whatever release."""
        return PRIMARY if self.name == PRIMARY_BEFORE else self.name

    @property
    def begins(self) -> datetime:
        """Return the instant of its first statement, `ALWAYS` for an undated one."""
        return _begin(self.offers[0])

    def period(self, path: str, at: datetime) -> ValuePeriod | None:
        """Return what it states of a path at an instant; None if it states nothing."""
        periods = self.periods.get(path, ())
        place = bisect_right(periods, at, key=_period_begins)
        found = periods[place - 1] if place else None
        return found if found and found.value is not None else None

    def first(self, path: str) -> ValuePeriod | None:
        """Return its first statement of a path."""
        return next((period for period in self.periods.get(path, ()) if period.value is not None), None)

    def bounds(self, service: str, at: datetime) -> tuple[int, ...]:
        """Return the bounds of the tiers that it states for a service at an instant."""
        places = ((path, place_of(path)) for path in self.periods)
        tiers = ((path, place) for path, place in places if place and place.above_tokens and place.service == service)
        return tuple(sorted({place.above_tokens for path, place in tiers if self.period(path, at)}))

    def had_tiers(self, service: str, at: datetime) -> bool:
        """Return whether it stated tiers of a service before an instant, and has since dated their end."""
        offers = [offer for offer in self.offers if _begin(offer) <= at]
        named = [offer.tariff.service(service) for offer in offers]
        dated_end = bool(offers) and offers[-1].basis in DOCUMENTED and offers[-1].since is not None
        return dated_end and any(found is not None and found.tiers for found in named)


def source_histories(
    now: Mapping[str, Sequence[Offer]], before: Mapping[str, Sequence[Offer]], today: date
) -> dict[str, SourceHistory]:
    """Return what each source states of a model, from the offers of its newest release and of old ones, by package.

    Old releases of the primary are a source of their own. What another source states now without a day, and old
    releases of it did not, is seen `today` for the first time.
    """
    offers = {package: list(found) for package, found in before.items()}
    named = {PRIMARY: list(now.get(PRIMARY, ())), PRIMARY_BEFORE: offers.pop(PRIMARY, [])}
    for package in sorted({*now, *offers} - {PRIMARY, COPY}):
        seen = offers.get(package, [])
        if package == SECONDARY:
            seen = _with_copy(seen, offers.get(COPY, []))
        named[package] = [*seen, *(_seen(offer, seen, today) for offer in now.get(package, ()))]
    in_time = {name: _without_slips(_by_time(found)) for name, found in named.items() if found}
    days = [offer for found in in_time.values() for offer in _dated_changes(found)]
    aligned = {name: _aligned(found, days) for name, found in in_time.items()}
    return {name: _source_history(name, found, current=bool(now.get(name))) for name, found in aligned.items()}


def _source_history(name: str, offers: Sequence[Offer], *, current: bool) -> SourceHistory:
    """Return a timeline with the periods of each path that any of the offers states."""
    stated = [values_of(_without_flat_tiers(offer.tariff)) for offer in offers]
    paths = {path for values in stated for path in values}
    return SourceHistory(name, tuple(offers), {path: _periods(path, offers, stated) for path in paths}, current)


def _without_flat_tiers(tariff: Tariff) -> Tariff:
    """Return a tariff without the tiers that ask in every rate what the service asks below them."""
    services = tuple(replace(service, tiers=_steep(service.rates, service.tiers)) for service in tariff.services)
    return replace(tariff, tiers=_steep(tariff.rates, tariff.tiers), services=services)


def _steep(rates: Rates, tiers: tuple[Tier, ...]) -> tuple[Tier, ...]:
    own = [(getattr(tier.rates, name), getattr(rates, name)) for tier in tiers for name in TOKEN_FIELDS]
    unknown = any(tier.rates == Rates() for tier in tiers)
    return tiers if unknown or any(value is not None and value != below for value, below in own) else ()


def _periods(path: str, offers: Sequence[Offer], stated: Sequence[Mapping[str, PathValue]]) -> tuple[ValuePeriod, ...]:
    periods: list[ValuePeriod] = []
    for place, (offer, values) in enumerate(zip(offers, stated, strict=True)):
        value, begins = values.get(path), _begin(offer)
        if periods and periods[-1].value == value:
            periods[-1] = replace(periods[-1], source=offer.source)
            continue
        if periods:
            periods[-1] = replace(periods[-1], ends=begins)
        periods.append(ValuePeriod(value, begins, None, offer.basis, offer.source, offer.not_before, place == 0))
    return tuple(periods)


def _with_copy(seen: list[Offer], copied: list[Offer]) -> list[Offer]:
    """Return the offers of a source with those of another package that copied it while it published no releases.

    When the source published again it stated its own price, which a slip in the copy does not outlast.
    """
    if not seen or not copied:
        return [*seen, *copied]
    last = max(offer.since for offer in copied if offer.since)
    before = [offer for offer in seen if offer.since and offer.since <= COPY_ENDS]
    restated = [replace(before[-1], since=COPY_ENDS)] if before and last < COPY_ENDS else []
    within = [offer for offer in copied if offer.since and offer.since < COPY_ENDS]
    return [*seen, *within, *restated]


def _seen(offer: Offer, seen: Sequence[Offer], today: date) -> Offer:
    """Return an offer of a source that gives no days as one that is first seen today."""
    if offer.since is not None:
        return offer
    last = max((old.since for old in seen if old.since), default=None)
    begins = datetime.combine(today, time(), UTC)
    if last is None:
        return replace(offer, since=begins)
    return replace(offer, since=begins, basis=OBSERVED, not_before=last.date())


def _without_slips(offers: list[Offer]) -> list[Offer]:
    """Return offers without those that were off by a unit until the source mended them."""
    pairs = zip(offers, [*offers[1:], None], strict=True)
    return [offer for offer, later in pairs if later is None or offer.basis != OBSERVED or not _slip(offer, later)]


def _slip(offer: Offer, mended: Offer) -> bool:
    before, after = offer.tariff.rates.input, mended.tariff.rates.input
    return before is not None and after is not None and slipped(before, after)


def _by_time(offers: Iterable[Offer]) -> list[Offer]:
    """Return offers in order of time; of several from one instant, the last one holds."""
    by_instant = {_begin(offer): offer for offer in sorted(offers, key=_begin)}
    return list(by_instant.values())


def _dated_changes(offers: Sequence[Offer]) -> list[Offer]:
    """Return the offers that begin on a documented day and ask another price than the one before."""
    pairs = zip([None, *offers], offers, strict=False)
    return [
        offer
        for before, offer in pairs
        if offer.since
        and offer.basis in DOCUMENTED
        and (before is None or not same_price(before.tariff.rates, offer.tariff.rates))
    ]


def _aligned(offers: list[Offer], documented: Sequence[Offer]) -> list[Offer]:
    """Return offers, where a change that was seen begins on the day that another source documents for it.

    What the source stated between the two days was stale, or early; it is left out.
    """
    found: list[Offer] = []
    for offer in offers:
        change = _documented(found[-1] if found else None, offer, documented)
        if change is None or change.since is None:
            found.append(offer)
            continue
        day, basis = change.since, change.basis
        while found and _begin(found[-1]) >= day and found[-1].basis not in DOCUMENTED:
            found.pop()
        stands = found and _begin(found[-1]) >= day
        found.append(offer if stands else replace(offer, since=day, basis=basis, not_before=None))
    return _by_time(found)


def _documented(before: Offer | None, offer: Offer, documented: Sequence[Offer]) -> Offer | None:
    """Return the documented telling of a change that was seen, or was dated to the day only; None if there is none."""
    since = offer.since
    if since is None or offer.basis == "documented":
        return None
    dated = offer.basis in DOCUMENTED
    apart = SAME_DATED_CHANGE if dated else SAME_CHANGE
    if before is not None and same_price(before.tariff.rates, offer.tariff.rates):
        return None
    same = [
        (abs(other.since - since), place, other)
        for place, other in enumerate(documented)
        if other.since
        and other.source.package != offer.source.package
        and abs(other.since - since) <= apart
        and (other.basis == "documented" or not dated)
        and same_price(other.tariff.rates, offer.tariff.rates)
    ]
    return min(same)[2] if same else None


def _begin(offer: Offer) -> datetime:
    return offer.since or ALWAYS


def _period_begins(period: ValuePeriod) -> datetime:
    return period.begins
