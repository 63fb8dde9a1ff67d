"""What the columns of usage exports are called: OpenAI's, Anthropic's, and plain ones."""

from collections.abc import Sequence
from typing import NamedTuple


class Layout(NamedTuple):
    """The columns of one kind of export; each field has the names that it may have, the first that is there counts.

    `input` has all input tokens, or only those that were neither read from a cache nor written to one, as
    `input_is_whole` says. `plain` has columns that must be empty or say a plain thing: anything else is sold
    at prices that the book does not have. `extra` has amounts that are charged besides, or at other rates.
    """

    name: str
    date: tuple[str, ...]
    model: tuple[str, ...]
    input: tuple[str, ...]
    output: tuple[str, ...]
    cached: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    input_is_whole: bool = True
    requests: tuple[str, ...] = ()
    batch: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    billed: tuple[str, ...] = ()
    plain: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    one_call_a_row: bool = False


# Usage dashboard, "completions"; one row for a day, a model and what else it is grouped by.
OPENAI = Layout(
    "OpenAI usage",
    ("start_time_iso", "start_time"),
    ("model",),
    ("input_tokens",),
    ("output_tokens",),
    ("input_cached_tokens",),
    requests=("num_model_requests",),
    batch=("batch",),
    plain=("service_tier",),
    extra=("input_audio_tokens", "output_audio_tokens", "input_image_tokens", "output_image_tokens"),
)
# Console, Usage, Export; cached and written tokens are in columns of their own.
ANTHROPIC = Layout(
    "Anthropic usage",
    ("usage_date_utc",),
    ("model_version", "model"),
    ("usage_input_tokens_no_cache",),
    ("usage_output_tokens",),
    ("usage_input_tokens_cache_read",),
    ("usage_input_tokens_cache_write_5m",),
    input_is_whole=False,
    batch=("usage_type",),
    context=("context_window",),
    plain=("speed",),
    extra=("usage_input_tokens_cache_write_1h", "web_search_count"),
)
PLAIN = Layout(
    "plain columns",
    ("date", "day", "timestamp"),
    ("model",),
    ("input_tokens",),
    ("output_tokens",),
    ("cached_input_tokens",),
    ("cache_write_tokens",),
    requests=("requests",),
    batch=("batch",),
    billed=("cost_usd", "cost"),
    one_call_a_row=True,
)
# Only what was charged; the token columns are not there.
OPENAI_COSTS = Layout(
    "OpenAI costs", ("start_time_iso", "start_time"), ("line_item",), (), (), billed=("amount_value",)
)
ANTHROPIC_COSTS = Layout("Anthropic costs", ("usage_date_utc",), ("model",), (), (), billed=("cost_usd",))
USAGE = (OPENAI, ANTHROPIC, PLAIN)
COSTS = (OPENAI_COSTS, ANTHROPIC_COSTS)

PLAIN_VALUES = frozenset({"", "default", "standard", "auto", "none", "null", "not_available"})
BATCH_VALUES = frozenset({"true", "1", "yes", "batch"})
LONG_CONTEXT = (">", "200k-", "200k -", "long")


def layout_of(header: Sequence[str], layouts: Sequence[Layout]) -> Layout | None:
    """The first layout whose columns are all there: of dates, models, and tokens or amounts."""
    for layout in layouts:
        needed = (layout.date, layout.model, layout.input or layout.billed)
        told = layout is not OPENAI or "num_model_requests" in header
        if told and all(any(name in header for name in names) for names in needed):
            return layout
    return None
