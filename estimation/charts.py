"""Charts as inline SVG, without any script."""

from collections.abc import Sequence
from html import escape
from typing import NamedTuple

ROW, GAP, LABELS, WIDTH, VALUES = 22, 6, 250, 860, 190
COLUMN_HEIGHT = 180


class Bar(NamedTuple):
    """One bar. `low` and `high` are the ends of a whisker, where there is one; `amount` stands beside the bar."""

    label: str
    value: float
    amount: str
    low: float | None = None
    high: float | None = None


def bars(title: str, rows: Sequence[Bar]) -> str:
    """Horizontal bars from zero, one below the other."""
    most = max((row.high or row.value for row in rows), default=0) or 1
    scale = (WIDTH - LABELS - VALUES) / most
    height = len(rows) * (ROW + GAP) + GAP
    body = "".join(_bar(row, GAP + place * (ROW + GAP), scale) for place, row in enumerate(rows))
    return _svg(title, height, body)


def columns(title: str, rows: Sequence[Bar]) -> str:
    """Upright bars side by side, such as a histogram's."""
    most = max((row.value for row in rows), default=0) or 1
    wide = min(64, (WIDTH - 20) / max(1, len(rows)))
    left = (WIDTH - wide * len(rows)) / 2
    body = ""
    for place, row in enumerate(rows):
        tall = row.value / most * COLUMN_HEIGHT
        x, y = left + place * wide, 24 + COLUMN_HEIGHT - tall
        middle = x + wide / 2
        body += f'<rect class="bar" x="{x + 2:.1f}" y="{y:.1f}" width="{wide - 4:.1f}" height="{tall:.1f}"/>'
        body += f'<text class="value" x="{middle:.1f}" y="{y - 5:.1f}" text-anchor="middle">{escape(row.amount)}</text>'
        foot = COLUMN_HEIGHT + 40
        body += f'<text x="{middle:.1f}" y="{foot}" text-anchor="middle">{escape(row.label)}</text>'
    return _svg(title, COLUMN_HEIGHT + 52, body)


def _bar(row: Bar, y: int, scale: float) -> str:
    wide, middle = row.value * scale, y + ROW / 2
    end = LABELS + max(wide, (row.high or 0) * scale) + 8
    body = f'<text x="{LABELS - 8}" y="{middle + 4}" text-anchor="end">{escape(_short(row.label))}</text>'
    body += f'<rect class="bar" x="{LABELS}" y="{y}" width="{max(wide, 1):.1f}" height="{ROW}"/>'
    if row.low is not None and row.high is not None:
        low, high = LABELS + row.low * scale, LABELS + row.high * scale
        ends = f"M{low:.1f} {middle - 5}v10M{high:.1f} {middle - 5}v10"
        body += f'<path class="whisker" d="M{low:.1f} {middle}H{high:.1f}{ends}"/>'
    return body + f'<text class="value" x="{end:.1f}" y="{middle + 4}">{escape(row.amount)}</text>'


def _short(label: str) -> str:
    return label if len(label) <= 36 else label[:35] + "…"


def _svg(title: str, height: float, body: str) -> str:
    name = escape(title)
    return f'<svg role="img" aria-label="{name}" viewBox="0 0 {WIDTH} {height:.0f}" width="100%">{body}</svg>'
