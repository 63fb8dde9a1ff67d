"""The parts of a counted request: tokens, how sure they are, the rules that gave them, and what is missing."""

import math
from decimal import Decimal
from typing import Final, Literal, NamedTuple

CountMethod = Literal["exact", "estimate", "none"]


class TokenRange(NamedTuple):
    """A number of tokens and the least and most that it may be."""

    tokens: int
    low: int
    high: int


class Part(NamedTuple):
    """One kind of content of a request.

    `tokens` is None where something is `missing`; `low` and `high` then hold as far as they are known. `rule` has the
    names of the rules that were used, with commas between.
    """

    tokens: int | None
    method: CountMethod
    rule: str
    low: int
    high: int | None
    missing: tuple[str, ...] = ()

    @property
    def is_there(self) -> bool:
        """Whether a request has any of it: tokens, a band around none, or something that is missing."""
        return bool(self.tokens or self.missing or self.method == "estimate")


# Of one part. A request may have many thousands of places, and names of any length.
MAX_MISSING: Final = 20
MAX_MISSING_CHARACTERS: Final = 200
NO_SPREAD: Final = Decimal(0)
EMPTY_PART: Final = Part(0, "exact", "", 0, 0)


class ChatParts(NamedTuple):
    """All parts of a request. `frame` is what the provider puts around messages; names and roles are in it."""

    text: Part = EMPTY_PART
    frame: Part = EMPTY_PART
    tools: Part = EMPTY_PART
    tool_calls: Part = EMPTY_PART
    schema: Part = EMPTY_PART
    images: Part = EMPTY_PART
    audio: Part = EMPTY_PART
    files: Part = EMPTY_PART


class ChatCount(NamedTuple):
    """Tokens of a whole request for a model at a host.

    Exact only if every part is; None if a part is None. `high` is None where no bound is known. `vocabulary` is the
    exact vocabulary or the estimator that counted the texts.
    """

    tokens: int | None
    method: CountMethod
    low: int
    high: int | None
    parts: ChatParts
    model: str
    host: str
    vocabulary: str | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """What has to be given before the request can be counted, by part."""
        return tuple(f"{name}: {each}" for name, part in self.parts._asdict().items() for each in part.missing)


class PartSum:
    """A part while it is added up."""

    __slots__ = ("_above", "_below", "_exact", "_high", "_low", "_missing", "_more", "_rules", "_tokens", "_unbounded")

    def __init__(self) -> None:
        self._tokens = self._low = self._high = 0
        self._below = self._above = NO_SPREAD
        self._exact = True
        self._unbounded = False
        self._rules: dict[str, None] = {}
        self._missing: list[str] = []
        self._more = 0

    @property
    def tokens(self) -> int:
        """The tokens that are known so far."""
        return self._tokens

    def add(self, tokens: int, rule: str) -> None:
        """Add tokens that are known exactly."""
        self._tokens += tokens
        self._low += tokens
        self._high += tokens
        self._rules[rule] = None

    def estimate(self, tokens: TokenRange, rule: str) -> None:
        """Add an estimate of tokens to the part."""
        self._tokens += tokens.tokens
        self._low += tokens.low
        self._high += tokens.high
        self._exact = False
        self._rules[rule] = None

    def widen(self, below: int, above: int, rule: str) -> None:
        """Make what was added an estimate that may be this much too high or too low."""
        self.estimate(TokenRange(0, -below, above), rule)

    def spread(self, below: Decimal, above: Decimal) -> None:
        """Make what was added an estimate by shares of tokens, which are rounded up when all are together."""
        self._below += below
        self._above += above
        self._exact = False

    def lack(self, missing: str, rule: str = "", low: int = 0, high: int | None = None) -> None:
        """Note something without which the part has no number, and its bounds if there are any.

        The first MAX_MISSING are named, the others counted.
        """
        if len(self._missing) < MAX_MISSING:
            is_long = len(missing) > MAX_MISSING_CHARACTERS
            self._missing.append(f"{missing[:MAX_MISSING_CHARACTERS]}…" if is_long else missing)
        else:
            self._more += 1
        self._low += low
        self._high += high or 0
        self._unbounded |= high is None
        if rule:
            self._rules[rule] = None

    def part(self) -> Part:
        """Return the part as it stands."""
        if self._exact and not self._rules and not self._missing:
            return EMPTY_PART
        rule = ", ".join(self._rules)
        if self._exact and not self._missing:
            return Part(self._tokens, "exact", rule, max(self._low, 0), self._high)
        below, above = math.ceil(self._below), math.ceil(self._above)
        low = max(self._low - below, 0)
        high = None if self._unbounded else self._high + above
        if self._missing:
            more = (f"{self._more:,} more",) if self._more else ()
            return Part(None, "none", rule, low, high, (*self._missing, *more))
        method: CountMethod = "exact" if self._exact else "estimate"
        return Part(self._tokens, method, rule, low, high)


class PartSums:
    """The eight parts while they are added up. A sum is made when it is first asked for: most requests have few."""

    __slots__ = (*ChatParts._fields, "_begun")

    text: PartSum
    frame: PartSum
    tools: PartSum
    tool_calls: PartSum
    schema: PartSum
    images: PartSum
    audio: PartSum
    files: PartSum

    def __init__(self) -> None:
        self._begun: dict[str, PartSum] = {}

    def __getattr__(self, name: str) -> PartSum:
        """Return the sum of a part that has none yet."""
        if name not in ChatParts._fields:
            raise AttributeError(name)
        begun = self._begun[name] = PartSum()
        setattr(self, name, begun)
        return begun

    def parts(self) -> ChatParts:
        """Return all parts as they stand."""
        return ChatParts(**{name: begun.part() for name, begun in self._begun.items()})
