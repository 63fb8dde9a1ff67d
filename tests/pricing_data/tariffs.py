"""Tariffs, usages and terms of every shape, for properties."""

from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal

from hypothesis import strategies as st

from pricing_data.price import COUNTED_FIELDS, SERVICES, TOKEN_FIELDS, Rates, Service, Tariff, Tier, Window
from pricing_data.usage import Terms, Usage

amounts = st.decimals(min_value="0.000000000001", max_value="0.001", places=12)
fees = st.decimals(min_value="0.000001", max_value="1", places=6)
maybe = st.none() | amounts
# Amounts that lists really state: in USD per million tokens, to the cent.
PLAIN_AMOUNTS = st.integers(1, 5_000).map(lambda cents: Decimal(cents).scaleb(-8))
REGIONS = ("us", "eu", "au")


def rates(amount: st.SearchStrategy[Decimal] = amounts, *, full: bool = False) -> st.SearchStrategy[Rates]:
    """Rates with an input and any of the others."""
    other = amount if full else st.none() | amount
    tokens = {name: amount if name == "input" else other for name in TOKEN_FIELDS}
    return st.builds(Rates, **tokens, **dict.fromkeys(COUNTED_FIELDS, fees if full else st.none() | fees))


minutes = st.times().map(lambda at: time(at.hour, at.minute))
weekdays = st.sets(st.integers(1, 7)).map(lambda days: tuple(sorted(days)))
windows = st.builds(
    Window,
    starts=minutes,
    ends=minutes,
    rates=rates(),
    weekdays=weekdays,
    utc_offset_minutes=st.integers(-840, 840),
    holidays=st.sampled_from([None, "cn"]),
)


def tiers(amount: st.SearchStrategy[Decimal] = amounts, *, full: bool = False) -> st.SearchStrategy[tuple[Tier, ...]]:
    """Up to three tiers, by rising bounds."""
    bounds = st.sets(st.sampled_from([1, 100, 32_000, 200_000, 272_000, 10**7]), max_size=3).map(sorted)
    return bounds.flatmap(
        lambda found: st.tuples(*(st.builds(Tier, st.just(bound), rates(amount, full=full)) for bound in found))
    )


def services(*, full: bool = False) -> st.SearchStrategy[tuple[Service, ...]]:
    """Any of the services, in their order."""
    chosen = st.sets(st.sampled_from(SERVICES[1:])).map(lambda names: [name for name in SERVICES if name in names])
    return chosen.flatmap(
        lambda names: st.tuples(
            *(st.builds(Service, st.just(name), rates(full=full), tiers(full=full)) for name in names)
        )
    )


factors = st.decimals(min_value="0.5", max_value="10", places=3)
regions = st.dictionaries(st.sampled_from(REGIONS), factors).map(lambda found: tuple(found.items()))


def tariffs(*, full: bool = False) -> st.SearchStrategy[Tariff]:
    """Tariffs; with `full`, each set of rates in them states every rate."""
    return st.builds(
        Tariff,
        rates=rates(full=full),
        tiers=tiers(full=full),
        services=services(full=full),
        schedule=st.lists(windows, max_size=2).map(tuple),
        regions=regions,
    )


@st.composite
def usages(draw: st.DrawFn) -> Usage:
    """A usage whose parts add up."""
    whole, answer = draw(st.integers(0, 10**6)), draw(st.integers(0, 10**6))
    audio, image, video = _parts(draw, whole, 3)
    cached, written, hour = _parts(draw, whole, 3)
    spoken, drawn = _parts(draw, answer, 2)
    known = draw(st.booleans())
    cached_audio = min(audio, cached)
    return Usage(
        whole,
        answer,
        cached,
        written,
        hour,
        audio,
        draw(st.integers(0, cached_audio)) if known or draw(st.booleans()) else None,
        image,
        draw(st.integers(0, min(image, cached - cached_audio))) if known else None,
        video,
        draw(st.integers(0, answer)),
        spoken,
        drawn,
        requests=draw(st.sampled_from([1, 1, 0, 7])),
        web_searches=draw(st.integers(0, 2)),
        file_searches=draw(st.integers(0, 1)),
        images=draw(st.integers(0, 1)),
        seconds=draw(st.sampled_from([Decimal(), Decimal("12.75")])),
        pages=draw(st.integers(0, 1)),
    )


def _parts(draw: st.DrawFn, whole: int, parts: int) -> list[int]:
    found = []
    for _ in range(parts):
        some = draw(st.just(0) | st.integers(0, whole))
        found.append(some)
        whole -= some
    return found


zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
instants = st.datetimes(datetime(2026, 1, 2), datetime(2026, 12, 30), timezones=zones | st.just(UTC))
terms = st.builds(
    Terms,
    at=instants | st.dates(datetime(2026, 1, 2).date(), datetime(2026, 12, 30).date()),
    service=st.sampled_from(SERVICES),
    region=st.sampled_from([None, "global", *REGIONS]),
)
