"""How far a log of calls is from our counts, by model, host and the parts that the calls have.

Sums alone are kept, so that a log may have any size.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from tokenizer_registry.chat.count import count_request
from tokenizer_registry.chat.logs import LogFault, LoggedCall
from tokenizer_registry.chat.parts import ChatCount
from tokenizer_registry.chat.rules import OPEN_FAMILY, generation_of
from tokenizer_registry.errors import RegistryError
from tokenizer_registry.registry import Registry

NEAR_TOKENS = 3


class GroupKey(NamedTuple):
    """What the calls of a group have in common. `parts` are those that they have beside the frame."""

    model: str
    host: str
    shape: str
    parts: tuple[str, ...]


class Threshold(NamedTuple):
    """The most that a group may differ: a share of the charged tokens, or tokens a call."""

    amount: Decimal
    is_share: bool


@dataclass(slots=True)
class GroupDrift:
    """Sums of the calls of a group. A residual is our count less the provider's.

    `worst` is the largest residual by its size, `worst_line` its line. Calls without a number are in `calls` alone.
    """

    calls: int = 0
    counted: int = 0
    exact: int = 0
    near: int = 0
    in_band: int = 0
    charged_tokens: int = 0
    counted_tokens: int = 0
    absolute: int = 0
    worst: int = 0
    worst_line: int | None = None
    missing: dict[str, int] = field(default_factory=dict)

    def add(self, line: int, charged: int, counted: ChatCount) -> None:
        """Add one call to the sums of its group."""
        self.calls += 1
        if counted.tokens is None:
            for missing in counted.missing:
                self.missing[missing] = self.missing.get(missing, 0) + 1
            return
        residual = counted.tokens - charged
        self.counted += 1
        self.exact += residual == 0
        self.near += abs(residual) <= NEAR_TOKENS
        self.in_band += counted.high is not None and counted.low <= charged <= counted.high
        self.charged_tokens += charged
        self.counted_tokens += counted.tokens
        self.absolute += abs(residual)
        if abs(residual) > abs(self.worst):
            self.worst, self.worst_line = residual, line

    @property
    def residual(self) -> int:
        """The sum of all residuals."""
        return self.counted_tokens - self.charged_tokens

    def is_above(self, threshold: Threshold) -> bool:
        """Return whether the residuals, without their signs, are more than a threshold."""
        base = self.charged_tokens if threshold.is_share else self.counted
        return self.absolute > threshold.amount * base


@dataclass(slots=True)
class LogDrift:
    """All groups of a log, and the lines that are in none."""

    groups: dict[GroupKey, GroupDrift] = field(default_factory=dict)
    faults: list[LogFault] = field(default_factory=list)


def model_of(registry: Registry, call: LoggedCall) -> str | None:
    """Return the first known name of a call; of open weights the last, which was asked for.

    DeepSeek's names of one model turn thinking on and off. None if no name is known.
    """
    known = [(name, found.model) for name in call.models if (found := registry.names.find(name))]
    if not known:
        return None
    asked = generation_of(known[-1][1])
    return known[-1][0] if asked is not None and asked.family == OPEN_FAMILY else known[0][0]


def compare_log(registry: Registry, lines: Iterable[tuple[int, LoggedCall] | LogFault]) -> LogDrift:
    """Return how far the calls of a log are from our counts. Raise DamagedVocabulary."""
    drift = LogDrift()
    for each in lines:
        if isinstance(each, LogFault):
            drift.faults.append(each)
            continue
        number, call = each
        model = model_of(registry, call)
        if model is None:
            drift.faults.append(LogFault(number, f"unknown model {call.models[-1][:80]!r}"))
            continue
        try:
            counted = count_request(registry, call.shape, call.body, model, call.host, call.at)
        except RegistryError as fault:
            drift.faults.append(LogFault(number, str(fault)))
            continue
        drift.groups.setdefault(_key(call, counted), GroupDrift()).add(number, call.input_tokens, counted)
    return drift


def _key(call: LoggedCall, counted: ChatCount) -> GroupKey:
    parts = counted.parts._asdict().items()
    return GroupKey(
        counted.model,
        counted.host,
        call.shape,
        tuple(name for name, part in parts if name != "frame" and part.is_there),
    )
