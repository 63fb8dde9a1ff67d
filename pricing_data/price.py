"""Values of a price book: what a token costs, from when on, and who says so."""

from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal

# agreed    every source that lists the model asks the same
# single    one source lists it
# disputed  a source asks something else
# override  a person has set it, and cited where it is published
# retired   no source lists the model any more: the last price stays
STATES = frozenset({"agreed", "single", "disputed", "override", "retired"})
# Where the effective date comes from. A host's price has the basis "host:NAME".
BASES = frozenset({"documented", "upstream_dated", "upstream_commit", "first_observed", "override"})


@dataclass(frozen=True, slots=True)
class Rates:
    """USD per token. None is not known; it is never zero."""

    input: Decimal | None = None
    output: Decimal | None = None
    cached_input: Decimal | None = None
    cache_write: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """Rates for the whole of a call whose prompt has more than `above_tokens` tokens."""

    above_tokens: int
    rates: Rates


@dataclass(frozen=True, slots=True)
class Window:
    """Rates that hold instead from `starts` until `ends`, each day, in UTC; it may pass midnight."""

    starts: time
    ends: time
    rates: Rates


@dataclass(frozen=True, slots=True)
class Tariff:
    """All that one seller asks for one model on one day. `batch` and its tiers hold for batches instead.

    `per_call` is USD for each call, besides its tokens.
    """

    rates: Rates
    tiers: tuple[Tier, ...] = ()
    batch: Rates | None = None
    batch_tiers: tuple[Tier, ...] = ()
    schedule: tuple[Window, ...] = ()
    per_call: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Source:
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
class Price:
    """One row of the book: a model's tariff from one date (00:00 UTC) on.

    `corrects` is the reason for which a row stands in for an earlier recorded one of the same day,
    or comes in before it.
    """

    model: str
    effective_from: date
    basis: str
    tariff: Tariff
    source: Source
    second_opinions: tuple[Opinion, ...]
    state: str
    recorded_at: date
    corrects: str | None = None

    @property
    def input(self) -> Decimal | None:
        """USD per input token."""
        return self.tariff.rates.input

    @property
    def output(self) -> Decimal | None:
        """USD per output token."""
        return self.tariff.rates.output

    @property
    def cached_input(self) -> Decimal | None:
        """USD per input token read from a cache."""
        return self.tariff.rates.cached_input

    @property
    def cache_write(self) -> Decimal | None:
        """USD per input token written to a cache."""
        return self.tariff.rates.cache_write
