"""An estimate as one HTML page that needs nothing else: tables, charts, assumptions, and what was not counted."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from html import escape

from estimation.assumptions import assumptions
from estimation.estimate import Estimate, ModelEstimate
from pricing_data import plain
from weighbridge_base.charts import Bar, bars_svg, columns_svg

BARS = 40
FAULTS = 200
STYLE = """
:root{color-scheme:light dark;--ink:#1c2330;--soft:#5b6472;--line:#d8dde4;--bar:#2f6f8f;--page:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ee;--soft:#9aa4b2;--line:#39414d;--bar:#5aa7cc;--page:#14181f}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--page)}
body{max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2rem}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .6rem;border-bottom:1px solid var(--line);text-align:left;font-size:.9rem}
.n{text-align:right}.soft{color:var(--soft)}
svg text{font-size:13px;fill:var(--ink)}svg .value{fill:var(--soft)}svg .bar{fill:var(--bar)}
svg .whisker{stroke:var(--ink);stroke-width:1.5;fill:none}
.scroll{overflow-x:auto}
"""
SIZES = ("B", "KiB", "MiB", "GiB", "TiB")


def page(found: Estimate, inputs: Sequence[str]) -> str:
    """The whole page."""
    title = f"What {_named(inputs)} would cost"
    parts = [
        f"<h1>{escape(title)}</h1>",
        _incomplete(found),
        "<h2>Cost by model, USD</h2>" + _cost_chart(found),
        "<h2>All models</h2>" + _table(found),
        "<h2>Bytes in a token</h2>" + _token_chart(found) if not found.sample else "",
        "<h2>How long the texts are</h2>" + _length_chart(found),
        "<h2>What this rests on</h2>" + _listed(assumptions(found)),
        _faults(found),
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _named(inputs: Sequence[str]) -> str:
    return ", ".join(inputs[:3]) + (f" and {len(inputs) - 3:,} more" if len(inputs) > 3 else "")


def _incomplete(found: Estimate) -> str:
    if found.is_whole:
        return ""
    return "<p><strong>Not everything could be counted; the totals are of what was.</strong> The list is below.</p>"


def _by_cost(found: Estimate) -> list[ModelEstimate]:
    priced = [model for model in found.models if model.usd is not None]
    return sorted(priced, key=lambda model: (-(model.usd or Decimal()), model.way.model))


def _cost_chart(found: Estimate) -> str:
    rows = _by_cost(found)
    if not rows:
        return "<p>No model that was asked for has both a count and a price.</p>"
    more = f'<p class="soft">The {BARS} dearest of {len(rows):,} models.</p>' if len(rows) > BARS else ""
    return bars_svg("Cost by model", [_cost_bar(model) for model in rows[:BARS]]) + more


def _cost_bar(model: ModelEstimate) -> Bar:
    usd = model.usd or Decimal()
    interval = model.usd_interval
    if interval and interval.low is not None and interval.high is not None:
        return Bar(model.way.model, float(usd), f"~{_rounded(usd)}", float(interval.low), float(interval.high))
    if model.way.band:
        low, high = (float(usd * (1 + edge)) for edge in (model.way.band.low, model.way.band.high))
        return Bar(model.way.model, float(usd), f"~{_rounded(usd)}", low, high)
    return Bar(model.way.model, float(usd), _rounded(usd))


def _rounded(usd: Decimal) -> str:
    """For a chart: four digits that tell; the table has the exact amount."""
    if usd >= 1000:
        return f"{usd:,.0f}"
    return plain(usd.quantize(Decimal(1).scaleb(min(0, usd.adjusted() - 3)))) if usd else "0"


def _token_chart(found: Estimate) -> str:
    tokens = {
        model.way.counter: model.input_tokens for model in found.models if model.way.counter and model.input_tokens
    }
    rows = sorted((found.total.bytes / count, name) for name, count in tokens.items() if name and count)
    return bars_svg("Bytes in a token", [Bar(name, value, f"{value:.2f}") for value, name in reversed(rows)])


def _length_chart(found: Estimate) -> str:
    lengths = found.total.lengths
    if not lengths:
        return "<p>There are no texts.</p>"
    note = '<p class="soft">Texts by their size in UTF-8; each column reaches from half its size up to it.</p>'
    if found.sample:
        note = '<p class="soft">Of the sample alone, in which long texts are more frequent than among all.</p>'
    digits = range(min(lengths), max(lengths) + 1)
    return columns_svg("Texts by size", [_length_bar(each, lengths.get(each, 0)) for each in digits]) + note


def _length_bar(digits: int, count: int) -> Bar:
    return Bar(_size(1 << digits) if digits else "empty", count, f"{count:,}" if count else "")


def _size(size: int) -> str:
    unit = 0
    while size >= 1024 and unit < len(SIZES) - 1:
        size, unit = size // 1024, unit + 1
    return f"{size} {SIZES[unit]}"


def _table(found: Estimate) -> str:
    head = "<th>model<th>vocabulary<th class=n>input tokens<th class=n>output tokens<th class=n>cost, USD"
    missing = [model for model in found.models if model.usd is None]
    rows = "".join(_row(model, found) for model in (*_by_cost(found), *missing))
    return f'<div class="scroll"><table><thead><tr>{head}</thead><tbody>{rows}</tbody></table></div>'


def _row(model: ModelEstimate, found: Estimate) -> str:
    mark = "~" if model.way.band or found.sample else ""
    tokens = "-" if model.input_tokens is None else f"{mark}{model.input_tokens:,}"
    output = "-" if model.output_tokens is None else f"{mark if model.output_tokens else ''}{model.output_tokens:,}"
    usd = escape(model.reason or "-") if model.usd is None else mark + plain(model.usd)
    cells = f"<td class=n>{tokens}<td class=n>{output}<td class=n>{usd}"
    return f"<tr><td>{escape(model.way.model)}<td>{escape(model.way.counter or '-')}{cells}"


def _faults(found: Estimate) -> str:
    if not found.faults:
        return ""
    more = len(found.faults) - FAULTS
    rest = f'<p class="soft">And {more:,} more.</p>' if more > 0 else ""
    return "<h2>What was not counted</h2>" + _listed(map(str, found.faults[:FAULTS])) + rest


def _listed(sentences: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(sentence)}" for sentence in sentences) + "</ul>"
