"""How far public vocabularies lie apart: each in turn stands for the unknown one."""

from collections.abc import Callable, Mapping, Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction
from typing import NamedTuple

from tokenizer_registry.approximation.estimators import ScriptClass, script_of
from tokenizer_registry.approximation.samples import SampleText

# The band leaves out this share of the measured pairs at either end.
TAIL = Fraction(5, 100)
STEP = Decimal("0.01")


class Pair(NamedTuple):
    """One text, one public vocabulary in the unknown one's place; `error` is its count over the estimate, less 1."""

    kind: str
    text: str
    peer: str
    error: Fraction


Counts = Mapping[str, Sequence[int]]


def counted(names: Sequence[str], samples: Sequence[SampleText], count: Callable[[str, str], int]) -> Counts:
    """Each vocabulary's counts of all samples, in their order. `count` takes a vocabulary's name and a text."""
    return {name: tuple(count(name, sample.text) for sample in samples) for name in names}


def pairs(
    vocabulary: str, peers: Sequence[str], samples: Sequence[SampleText], counts: Counts, *, mirrored: bool = False
) -> list[Pair]:
    """All texts with all peers but the vocabulary itself; `mirrored`: and the other way round as well."""
    found = [
        Pair(sample.kind, sample.name, peer, Fraction(counts[peer][at], counts[vocabulary][at]) - 1)
        for at, sample in enumerate(samples)
        for peer in peers
        if peer != vocabulary
    ]
    return found + [pair._replace(error=1 / (1 + pair.error) - 1) for pair in found if mirrored]


def bands(found: Sequence[Pair], samples: Sequence[SampleText]) -> dict[ScriptClass, tuple[Decimal, Decimal]]:
    """For each kind of text the range of the errors, without the tails, in whole percents; 0 lies within."""
    scripts = {(sample.kind, sample.name): script_of(sample.text) for sample in samples}
    return {
        script: _range([pair.error for pair in found if scripts[pair.kind, pair.text] is script])
        for script in ScriptClass
    }


def _range(errors: Sequence[Fraction]) -> tuple[Decimal, Decimal]:
    ordered = sorted(errors)
    cut = int(len(ordered) * TAIL)
    low, high = min(ordered[cut], Fraction(0)), max(ordered[-1 - cut], Fraction(0))
    return _percent(low, ROUND_FLOOR), _percent(high, ROUND_CEILING)


def _percent(value: Fraction, rounding: str) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(STEP, rounding)
