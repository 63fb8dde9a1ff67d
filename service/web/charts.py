"""Charts drawn on the server: steps of prices over time, and columns of days. They need no script."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import ceil

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 92, 18, 18, 36
MAX_TICKS = 4
NICE = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid, where it is and what it says."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A point or a column: its place and size, and the words that it stands for."""

    x: float
    y: float
    width: float
    height: float
    words: str


@dataclass(frozen=True, slots=True)
class Series:
    """A line of steps as an SVG path, and its points."""

    name: str
    path: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """All that a template needs to draw one."""

    series: tuple[Series, ...]
    across: tuple[Tick, ...]
    along: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def steps(named: Sequence[tuple[str, Sequence[tuple[date, Decimal]]]], today: date, unit: str) -> Chart | None:
    """Values that hold from a day until the next, up to today. None without a value."""
    kept = [(name, points) for name, points in named if points]
    if not kept:
        return None
    first = min(points[0][0] for _, points in kept)
    days = max((today - first).days, 1)
    top, across = _scale(max(value for _, points in kept for _, value in points), unit)

    def x(day: date) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * min((day - first).days / days, 1), 1)

    def y(value: Decimal) -> float:
        return _height(value, top)

    series: list[Series] = []
    for name, points in kept:
        begin, *others = [(x(day), y(value)) for day, value in points]
        path = f"M{begin[0]} {begin[1]}" + "".join(f"H{px}V{py}" for px, py in others) + f"H{WIDTH - RIGHT}"
        marks = (Mark(x(day), y(v), 0, 0, f"{name}: {unit}{v.normalize():f} from {day}") for day, v in points)
        series.append(Series(name, path, tuple(marks)))
    return Chart(tuple(series), across, (Tick(LEFT, first.isoformat()), Tick(WIDTH - RIGHT, today.isoformat())))


def columns(name: str, values: Sequence[tuple[date, Decimal]], unit: str) -> Chart:
    """One column a day, oldest first."""
    top, across = _scale(max((value for _, value in values), default=Decimal(0)), unit)
    room = (WIDTH - LEFT - RIGHT) / max(len(values), 1)
    marks = []
    for number, (day, value) in enumerate(values):
        y = _height(value, top)
        x = round(LEFT + room * number + room * 0.1, 1)
        marks.append(Mark(x, y, round(room * 0.8, 1), round(HEIGHT - BOTTOM - y, 1), f"{day}: {unit}{value:,f}"))
    along = [Tick(mark.x + mark.width / 2, day.isoformat()) for mark, (day, _) in zip(marks, values, strict=True)]
    return Chart((Series(name, "", tuple(marks)),), across, tuple(along[:1] + along[-1:] if len(along) > 1 else along))


def _height(value: Decimal, top: Decimal) -> float:
    return round(TOP + (HEIGHT - TOP - BOTTOM) * float(1 - value / top), 1)


def _scale(largest: Decimal, unit: str) -> tuple[Decimal, tuple[Tick, ...]]:
    """A round end of the axis at or above the largest value, and its ticks."""
    if largest <= 0:
        return Decimal(1), (Tick(HEIGHT - BOTTOM, f"{unit}0"),)
    power = Decimal(1).scaleb((largest / MAX_TICKS).adjusted())
    step = next(factor * power for factor in NICE if factor * power * MAX_TICKS >= largest)
    ends = [step * number for number in range(ceil(largest / step) + 1)]
    return ends[-1], tuple(Tick(_height(end, ends[-1]), f"{unit}{end.normalize():f}") for end in ends)
