"""Estimate a total from a sample, with a 95 % confidence interval.

Points are drawn evenly from all bytes, and the text that contains a point is counted. Long texts are therefore drawn in
proportion to their size, and a few of them do not distort the total. Each point gives an amount per byte; the total is
the mean of these amounts times all bytes (Hansen and Hurwitz, 1943). There is one point in each stretch of bytes, which
is more even than independent points, so the interval is conservative.
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
    """An amount of one sampled text, with its number of points and its size in bytes as measured for sampling."""

    points: int
    measure: int
    amount: Fraction


class Interval(NamedTuple):
    """The estimate of a total and its 95 % confidence interval. The bounds are None with fewer than two points."""

    estimate: Decimal
    low: Decimal | None
    high: Decimal | None


def interval(readings: Iterable[Drawn], points: int, measured: int) -> Interval:
    """Return the total over `measured` bytes from `points` points; points without a reading count as 0."""
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
    """Return the two-sided 95 % quantile of Student's t, to 0.1 % (from 4 degrees by the Cornish-Fisher expansion)."""
    z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    if degrees < len(FEW):
        return FEW[degrees]
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / degrees + second / degrees**2 + third / degrees**3


# From tables, for 0 to 3 degrees, where the expansion is not precise.
FEW = (math.inf, 12.706, 4.303, 3.182)


def _decimal(value: Fraction) -> Decimal:
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(DECIMALS)
