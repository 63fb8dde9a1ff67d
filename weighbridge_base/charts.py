"""SVG charts that need no script: step and column charts for templates, and bar charts as whole SVG elements.

`step_chart` and `day_columns` return a Chart, the geometry that a template draws. `bars_svg` and `columns_svg` return
an SVG element to put into a page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from html import escape
from math import ceil
from typing import NamedTuple

# Sizes of charts for templates, in pixels.
PLOT_WIDTH, PLOT_HEIGHT = 720, 260
MARGIN_LEFT, MARGIN_RIGHT, MARGIN_TOP, MARGIN_BOTTOM = 92, 18, 18, 36
MAX_TICKS = 4
ROUND_FACTORS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
# Sizes of whole SVG elements, in pixels.
ROW_HEIGHT, ROW_GAP, LABEL_WIDTH, SVG_WIDTH, AMOUNT_WIDTH = 22, 6, 250, 860, 190
COLUMN_HEIGHT = 180
MAX_LABEL_CHARACTERS = 36


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the grid: its position in pixels and its label."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A point or a column: position and size in pixels, and the text of its tooltip."""

    x: float
    y: float
    width: float
    height: float
    words: str


@dataclass(frozen=True, slots=True)
class ChartSeries:
    """One data series: an SVG path of steps (empty for columns), and its marks."""

    name: str
    path: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """The geometry of a chart, for a template that draws it as SVG."""

    series: tuple[ChartSeries, ...]
    across: tuple[Tick, ...]
    along: tuple[Tick, ...]
    width: int = PLOT_WIDTH
    height: int = PLOT_HEIGHT
    left: int = MARGIN_LEFT
    right: int = PLOT_WIDTH - MARGIN_RIGHT
    bottom: int = PLOT_HEIGHT - MARGIN_BOTTOM


def step_chart(named: Sequence[tuple[str, Sequence[tuple[date, Decimal]]]], today: date, unit: str) -> Chart | None:
    """Return a step chart of values that hold from their day until the next; None without any value.

    `named` are the series, each a name and its points, oldest first. `unit` is written before the amounts.
    """
    kept = [(name, points) for name, points in named if points]
    if not kept:
        return None
    first = min(points[0][0] for _, points in kept)
    days = max((today - first).days, 1)
    top, across = _scale(max(value for _, points in kept for _, value in points), unit)

    def x(day: date) -> float:
        return round(MARGIN_LEFT + (PLOT_WIDTH - MARGIN_LEFT - MARGIN_RIGHT) * min((day - first).days / days, 1), 1)

    def y(value: Decimal) -> float:
        return _plot_y(value, top)

    series: list[ChartSeries] = []
    for name, points in kept:
        begin, *others = [(x(day), y(value)) for day, value in points]
        path = f"M{begin[0]} {begin[1]}" + "".join(f"H{px}V{py}" for px, py in others) + f"H{PLOT_WIDTH - MARGIN_RIGHT}"
        marks = (Mark(x(day), y(v), 0, 0, f"{name}: {unit}{v.normalize():f} from {day}") for day, v in points)
        series.append(ChartSeries(name, path, tuple(marks)))
    return Chart(
        tuple(series),
        across,
        (Tick(MARGIN_LEFT, first.isoformat()), Tick(PLOT_WIDTH - MARGIN_RIGHT, today.isoformat())),
    )


def day_columns(name: str, values: Sequence[tuple[date, Decimal]], unit: str) -> Chart:
    """Return a chart with one column for each day, oldest first."""
    top, across = _scale(max((value for _, value in values), default=Decimal(0)), unit)
    room = (PLOT_WIDTH - MARGIN_LEFT - MARGIN_RIGHT) / max(len(values), 1)
    marks = []
    for number, (day, value) in enumerate(values):
        y = _plot_y(value, top)
        x = round(MARGIN_LEFT + room * number + room * 0.1, 1)
        marks.append(
            Mark(x, y, round(room * 0.8, 1), round(PLOT_HEIGHT - MARGIN_BOTTOM - y, 1), f"{day}: {unit}{value:,f}")
        )
    along = [Tick(mark.x + mark.width / 2, day.isoformat()) for mark, (day, _) in zip(marks, values, strict=True)]
    return Chart(
        (ChartSeries(name, "", tuple(marks)),), across, tuple(along[:1] + along[-1:] if len(along) > 1 else along)
    )


def _plot_y(value: Decimal, top: Decimal) -> float:
    return round(MARGIN_TOP + (PLOT_HEIGHT - MARGIN_TOP - MARGIN_BOTTOM) * float(1 - value / top), 1)


def _scale(largest: Decimal, unit: str) -> tuple[Decimal, tuple[Tick, ...]]:
    """Return a round upper end of the value axis, at or above the largest value, and its ticks."""
    if largest <= 0:
        return Decimal(1), (Tick(PLOT_HEIGHT - MARGIN_BOTTOM, f"{unit}0"),)
    power = Decimal(1).scaleb((largest / MAX_TICKS).adjusted())
    step = next(factor * power for factor in ROUND_FACTORS if factor * power * MAX_TICKS >= largest)
    ends = [step * number for number in range(ceil(largest / step) + 1)]
    return ends[-1], tuple(Tick(_plot_y(end, ends[-1]), f"{unit}{end.normalize():f}") for end in ends)


class Bar(NamedTuple):
    """One bar. `amount` is written beside it; `low` and `high` are the ends of its error bar, if it has one."""

    label: str
    value: float
    amount: str
    low: float | None = None
    high: float | None = None


def bars_svg(title: str, rows: Sequence[Bar]) -> str:
    """Return an SVG element with horizontal bars, one below the other, the first on top."""
    largest = max((row.high or row.value for row in rows), default=0) or 1
    scale = (SVG_WIDTH - LABEL_WIDTH - AMOUNT_WIDTH) / largest
    height = len(rows) * (ROW_HEIGHT + ROW_GAP) + ROW_GAP
    body = "".join(_bar(row, ROW_GAP + place * (ROW_HEIGHT + ROW_GAP), scale) for place, row in enumerate(rows))
    return _svg(title, height, body)


def columns_svg(title: str, rows: Sequence[Bar]) -> str:
    """Return an SVG element with vertical bars side by side, such as a histogram."""
    largest = max((row.value for row in rows), default=0) or 1
    width = min(64, (SVG_WIDTH - 20) / max(1, len(rows)))
    left = (SVG_WIDTH - width * len(rows)) / 2
    body = ""
    for place, row in enumerate(rows):
        height = row.value / largest * COLUMN_HEIGHT
        x, y = left + place * width, 24 + COLUMN_HEIGHT - height
        middle = x + width / 2
        body += f'<rect class="bar" x="{x + 2:.1f}" y="{y:.1f}" width="{width - 4:.1f}" height="{height:.1f}"/>'
        body += f'<text class="value" x="{middle:.1f}" y="{y - 5:.1f}" text-anchor="middle">{escape(row.amount)}</text>'
        foot = COLUMN_HEIGHT + 40
        body += f'<text x="{middle:.1f}" y="{foot}" text-anchor="middle">{escape(row.label)}</text>'
    return _svg(title, COLUMN_HEIGHT + 52, body)


def _bar(row: Bar, y: int, scale: float) -> str:
    width, middle = row.value * scale, y + ROW_HEIGHT / 2
    end = LABEL_WIDTH + max(width, (row.high or 0) * scale) + 8
    body = f'<text x="{LABEL_WIDTH - 8}" y="{middle + 4}" text-anchor="end">{escape(_short(row.label))}</text>'
    body += f'<rect class="bar" x="{LABEL_WIDTH}" y="{y}" width="{max(width, 1):.1f}" height="{ROW_HEIGHT}"/>'
    if row.low is not None and row.high is not None:
        low, high = LABEL_WIDTH + row.low * scale, LABEL_WIDTH + row.high * scale
        ends = f"M{low:.1f} {middle - 5}v10M{high:.1f} {middle - 5}v10"
        body += f'<path class="whisker" d="M{low:.1f} {middle}H{high:.1f}{ends}"/>'
    return body + f'<text class="value" x="{end:.1f}" y="{middle + 4}">{escape(row.amount)}</text>'


def _short(label: str) -> str:
    return label if len(label) <= MAX_LABEL_CHARACTERS else label[: MAX_LABEL_CHARACTERS - 1] + "…"


def _svg(title: str, height: float, body: str) -> str:
    name = escape(title)
    return f'<svg role="img" aria-label="{name}" viewBox="0 0 {SVG_WIDTH} {height:.0f}" width="100%">{body}</svg>'
