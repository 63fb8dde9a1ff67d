"""From a sample to a total, with a 95 % confidence interval.

Points are drawn evenly from all bytes, and the text that holds a point is counted: long texts are drawn more often, in
proportion, so that few of them cannot upset the total. Each point then tells an amount per byte, and the total is
their mean times all bytes (Hansen and Hurwitz, 1943). There is one point in each stretch of the bytes, which is more
even than the formula for independent points assumes: the interval is rather too wide than too narrow.
"""

import math
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from statistics import NormalDist
from typing import NamedTuple

CONFIDENCE = 0.95
DECIMALS = Decimal("0.000000000001")


class Drawn(NamedTuple):
    """An amount that one text has, by how many points it holds and how many bytes it is measured with."""

    points: int
    measure: int
    amount: Fraction


class Interval(NamedTuple):
    """The estimate of a total, and the bounds of its 95 % confidence interval; None where one point is all."""

    estimate: Decimal
    low: Decimal | None
    high: Decimal | None


def interval(readings: Iterable[Drawn], points: int, measured: int) -> Interval:
    """The total over `measured` bytes from `points` points; points that no reading has held no countable text."""
    shares = [(each.points, each.amount / each.measure) for each in readings]
    if not points:
        return Interval(Decimal(), None, None)
    mean = sum((count * share for count, share in shares), Fraction()) / points
    total = _decimal(mean * measured)
    if points == 1:
        return Interval(total, None, None)
    held = sum(count for count, _ in shares)
    spread = sum(count * float(share - mean) ** 2 for count, share in shares) + (points - held) * float(mean) ** 2
    error = math.sqrt(spread / (points - 1) / points) * measured
    reach = Decimal(student(points - 1) * error)
    return Interval(total, max(Decimal(), total - reach).quantize(DECIMALS), (total + reach).quantize(DECIMALS))


def student(degrees: int) -> float:
    """The two-sided 95 % quantile of Student's t; exact to 0.1 % from 4 degrees on (Cornish and Fisher's expansion)."""
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    if degrees < len(FEW):
        return FEW[degrees]
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / degrees + second / degrees**2 + third / degrees**3


# Where the expansion is not good: 1, 2 and 3 degrees, from tables.
FEW = (math.inf, 12.706, 4.303, 3.182)


def _decimal(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(DECIMALS)
