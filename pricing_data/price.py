"""Values of a price book: what a token costs, from when on, and who says so."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

# agreed    every source that lists the model states the same
# single    one source lists it
# disputed  a source states something else
# override  a person has set it, and cited where it is published
# retired   no source lists the model any more: the last price stays
STATES = frozenset({"agreed", "single", "disputed", "override", "retired"})
# Where the first day of a price comes from. A host's price has the basis "host:NAME".
# observed  the price was first seen in one release of a source and was not in the one before it
# release   the first known price, taken to hold from the model's release on
BASES = frozenset(
    {"documented", "upstream_dated", "upstream_commit", "first_observed", "observed", "release", "override"}
)
STANDARD = "standard"
# The ways in which a call may be processed, at rates of their own.
SERVICES = (STANDARD, "batch", "flex", "priority", "fast", "ultrafast")
MIDNIGHT = time()


@dataclass(frozen=True, slots=True)
class Rates:
    """USD per token, and per counted thing. None is not known; it is never zero.

    Subsets of the input: `cached_input` (read from a cache), `cache_write` (kept for 5 minutes, or for the provider's
    standard time), `cache_write_1h`, `input_audio`, `cached_audio`, `input_image`, `cached_image`, `input_video`.
    Subsets of the output: `reasoning`, `output_audio`, `output_image`. Counted: `per_call`, `web_search`,
    `file_search`, `image`, `second`, `page`.
    """

    input: Decimal | None = None
    output: Decimal | None = None
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None
    cache_write_1h: Decimal | None = None
    input_audio: Decimal | None = None
    cached_audio: Decimal | None = None
    input_image: Decimal | None = None
    cached_image: Decimal | None = None
    input_video: Decimal | None = None
    reasoning: Decimal | None = None
    output_audio: Decimal | None = None
    output_image: Decimal | None = None
    per_call: Decimal | None = None
    web_search: Decimal | None = None
    file_search: Decimal | None = None
    image: Decimal | None = None
    second: Decimal | None = None
    page: Decimal | None = None


COUNTED_FIELDS = ("per_call", "web_search", "file_search", "image", "second", "page")
RATE_FIELDS: tuple[str, ...] = tuple(Rates.__dataclass_fields__)
TOKEN_FIELDS = tuple(name for name in RATE_FIELDS if name not in COUNTED_FIELDS)


@dataclass(frozen=True, slots=True)
class Tier:
    """Rates for the whole of a call whose input has more than `above_tokens` tokens."""

    above_tokens: int
    rates: Rates


@dataclass(frozen=True, slots=True)
class Window:
    """Rates that hold instead from `starts` until `ends`; it may pass midnight. Times are at `utc_offset_minutes`.

    `weekdays` are those on which it begins, Monday is 1; empty means every day. On the days of the calendar that
    `holidays` names it does not hold.
    """

    starts: time
    ends: time
    rates: Rates
    weekdays: tuple[int, ...] = ()
    utc_offset_minutes: int = 0
    holidays: str | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """What calls cost that are processed in another way than the standard one: in a batch, with priority, and so on."""

    name: str
    rates: Rates
    tiers: tuple[Tier, ...] = ()


@dataclass(frozen=True, slots=True)
class Tariff:
    """All that one seller asks for one model from one instant on.

    `rates`, `tiers` and `schedule` are those of the standard service, `services` the others, by name. `regions` has
    a factor on all token rates by region, as providers charge for keeping data in one.
    """

    rates: Rates
    tiers: tuple[Tier, ...] = ()
    services: tuple[Service, ...] = ()
    schedule: tuple[Window, ...] = ()
    regions: tuple[tuple[str, Decimal], ...] = ()

    def service(self, name: str) -> Service | None:
        """Return the rates and tiers of a service, None if they are not known."""
        if name == STANDARD:
            return Service(STANDARD, self.rates, self.tiers)
        return next((service for service in self.services if service.name == name), None)


@dataclass(frozen=True, slots=True)
class PriceSource:
    """Where a price was read: the package with its sha256, and the entry inside it."""

    package: str
    version: str
    sha256: str
    provider: str
    id: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Opinion:
    """What another source asks for input (`value`) and output, in USD per token."""

    source: str
    value: Decimal
    output: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """Who states some of a row's rates, where it is not who states its input: `paths` names them.

    A path is a rate ("cached_input"), with a service before it ("batch.input") and a tier's bound after it
    ("input>200000"). `since` is the day from which the source states them, `not_before` the last one on which it was
    seen to state something else. `opinions` has what other sources state, by source and path.
    """

    paths: tuple[str, ...]
    since: date
    basis: str
    source: PriceSource
    state: str
    not_before: date | None = None
    opinions: tuple[tuple[str, str, Decimal], ...] = ()


@dataclass(frozen=True, slots=True)
class Price:
    """One row of the book: a model's tariff from one instant on, `effective_from` at `effective_at` (UTC).

    `source`, `state`, `basis` and `second_opinions` are those of the input and output rates; `statements` has those
    of other rates, where they differ. `not_before` is the last day on which another price was observed, if the basis
    is an observation. `corrects` is the reason for which a row stands in for an earlier recorded one of the same
    instant, or comes in before it.
    """

    model: str
    effective_from: date
    basis: str
    tariff: Tariff
    source: PriceSource
    second_opinions: tuple[Opinion, ...]
    state: str
    recorded_at: date
    corrects: str | None = None
    effective_at: time = MIDNIGHT
    not_before: date | None = None
    statements: tuple[Statement, ...] = ()
    # What `pricing_data.rate_card` works out of the tariff, by service and region.
    cards: dict[tuple[str, str | None], Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def begins(self) -> datetime:
        """Return the instant from which the row holds."""
        return datetime.combine(self.effective_from, self.effective_at, UTC)

    @property
    def input(self) -> Decimal | None:
        """Return USD per input token."""
        return self.tariff.rates.input

    @property
    def output(self) -> Decimal | None:
        """Return USD per output token."""
        return self.tariff.rates.output

    @property
    def cached_input(self) -> Decimal | None:
        """Return USD per input token read from a cache."""
        return self.tariff.rates.cached_input

    @property
    def cache_write(self) -> Decimal | None:
        """Return USD per input token written to a cache."""
        return self.tariff.rates.cache_write

    def statement(self, path: str) -> Statement:
        """Return who states the rate at a path: the statement that names it, else the row's own."""
        own = (statement for statement in self.statements if path in statement.paths)
        return next(own, None) or Statement(
            (path,), self.effective_from, self.basis, self.source, self.state, self.not_before
        )
