"""The assumptions of an estimate in sentences, and the report as one self-contained HTML page."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from html import escape

from corpus_cost.estimate import Estimate, ModelEstimate
from corpus_cost.workload import Workload
from pricing_data import plain
from weighbridge_base.charts import Bar, bars_svg, columns_svg


def assumptions(found: Estimate) -> tuple[str, ...]:
    """Return the assumptions of an estimate, as sentences."""
    return (
        *_texts_read(found),
        *_workload_terms(found.workload),
        *_content_terms(found),
        *_output_terms(found.workload),
        *_sample_terms(found),
        *_approximation_terms(found),
    )


def _texts_read(found: Estimate) -> Iterator[str]:
    total = found.total
    if found.sample is None:
        texts = [] if total.chats == total.texts and total.chats else [_plural(total.texts - total.chats, "text")]
        read = " and ".join(texts + ([_plural(total.chats, "chat")] if total.chats else []))
        whole = f"{read} of {_plural(total.bytes, 'byte')} in {_plural(found.sources, 'source')}"
        yield f"{whole}; each {'chat' if not texts else 'text or chat' if total.chats else 'text'} is one call."
    if total.nulls:
        yield f"{_plural(total.nulls, 'null')} left out."
    if found.hidden:
        yield f"{found.hidden:,} hidden files and folders were left out; name one to have it counted."
    if found.ignored:
        yield f"{found.ignored:,} files and folders were left out by .gitignore; name one to have it counted."


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _workload_terms(workload: Workload) -> Iterator[str]:
    kind = "for batches " if workload.batch else ""
    yield f"Prices {kind}are those of {workload.day} (UTC), in USD, at the tier that each text reaches by itself."


def _content_terms(found: Estimate) -> Iterator[str]:
    total = found.total
    if total.chats:
        yield "Chats are counted as their hosts bill them: every message as input, with frame, tools and images."
    if total.texts > total.chats or not total.texts:
        yield "Only the texts are counted: no instructions around them, no markers of chats."


def _output_terms(workload: Workload) -> Iterator[str]:
    output = workload.output
    if output.tokens:
        yield f"Each text is answered with {output.tokens:,} tokens."
    elif output.ratio:
        yield f"Each text is answered with {float(output.ratio):.2%} of its tokens, to the nearest whole one."
    elif output.column:
        yield f"The tokens of each answer are in the column {output.column!r}."
    else:
        yield "No answers are priced; --output-tokens adds them."
    if workload.cached_share:
        yield f"Of each text's tokens {float(workload.cached_share):.2%} are read from a cache, rounded down."


def _sample_terms(found: Estimate) -> Iterator[str]:
    if (sample := found.sample) is not None:
        yield (
            f"From a sample: {sample.texts:,} texts, drawn by {sample.points:,} points spread evenly over "
            f"{sample.measured_bytes:,} bytes. The intervals hold the totals of a full count with 95 % confidence; "
            "they say nothing about output or prices that turn out otherwise."
        )


def _approximation_terms(found: Estimate) -> Iterator[str]:
    if any(model.way.method == "estimate" for model in found.models):
        yield "~ marks models without a public vocabulary: the band says how far off their tokens may be."
    estimated = [model for model in found.models if model.chats.estimated_chats]
    if estimated and not found.sample:
        shares = (f"{model.way.model} {_of_chats(model)}" for model in estimated[:MAX_NAMED_MODELS])
        more = len(estimated) - MAX_NAMED_MODELS
        rest = f", and {more:,} more models" if more > 0 else ""
        yield f"~ also marks totals with chats whose tokens are estimates: {', '.join(shares)}{rest}."


def _of_chats(model: ModelEstimate) -> str:
    chats = model.chats
    return f"{chats.estimated_chats:,} of {chats.estimated_chats + chats.exact_chats:,} chats"


MAX_BARS = 40
MAX_NAMED_MODELS = 5
MAX_LISTED_FAULTS = 200
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
    """Return the report as an HTML page."""
    title = f"What {_name_inputs(inputs)} would cost"
    parts = [
        f"<h1>{escape(title)}</h1>",
        _incomplete(found),
        "<h2>Cost by model, USD</h2>" + _cost_chart(found),
        "<h2>All models</h2>" + _model_table(found),
        "<h2>Bytes in a token</h2>" + _token_chart(found) if not found.sample else "",
        "<h2>How long the texts are</h2>" + _length_chart(found),
        "<h2>What this rests on</h2>" + _list_html(assumptions(found)),
        _fault_list(found),
    ]
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _name_inputs(inputs: Sequence[str]) -> str:
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
    more = f'<p class="soft">The {MAX_BARS} dearest of {len(rows):,} models.</p>' if len(rows) > MAX_BARS else ""
    return bars_svg("Cost by model", [_cost_bar(model) for model in rows[:MAX_BARS]]) + more


def _cost_bar(model: ModelEstimate) -> Bar:
    usd = model.usd or Decimal()
    interval = model.usd_interval
    if interval and interval.low is not None and interval.high is not None:
        return Bar(model.way.model, float(usd), f"~{_rounded(usd)}", float(interval.low), float(interval.high))
    if model.band:
        low, high = (float(usd * (1 + edge)) for edge in (model.band.low, model.band.high))
        return Bar(model.way.model, float(usd), f"~{_rounded(usd)}", low, high)
    return Bar(model.way.model, float(usd), _rounded(usd))


def _rounded(usd: Decimal) -> str:
    """Return an amount with four significant digits, for a chart; the table has the exact amount."""
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


def _model_table(found: Estimate) -> str:
    head = "<th>model<th>vocabulary<th class=n>input tokens<th class=n>output tokens<th class=n>cost, USD"
    missing = [model for model in found.models if model.usd is None]
    rows = "".join(_model_row(model, found) for model in (*_by_cost(found), *missing))
    return f'<div class="scroll"><table><thead><tr>{head}</thead><tbody>{rows}</tbody></table></div>'


def _model_row(model: ModelEstimate, found: Estimate) -> str:
    mark = "~" if model.band or found.sample else ""
    tokens = "-" if model.input_tokens is None else f"{mark}{model.input_tokens:,}"
    output = "-" if model.output_tokens is None else f"{mark if model.output_tokens else ''}{model.output_tokens:,}"
    usd = escape(model.reason or "-") if model.usd is None else mark + plain(model.usd)
    cells = f"<td class=n>{tokens}<td class=n>{output}<td class=n>{usd}"
    return f"<tr><td>{escape(model.way.model)}<td>{escape(model.way.counter or '-')}{cells}"


def _fault_list(found: Estimate) -> str:
    if not found.faults:
        return ""
    more = len(found.faults) - MAX_LISTED_FAULTS
    rest = f'<p class="soft">And {more:,} more.</p>' if more > 0 else ""
    return "<h2>What was not counted</h2>" + _list_html(map(str, found.faults[:MAX_LISTED_FAULTS])) + rest


def _list_html(sentences: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(sentence)}" for sentence in sentences) + "</ul>"
