"""Usage as OpenAI reports it for chat completions, responses and embeddings, and as many other providers do."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pricing_data.errors import BadUsage, shown
from pricing_data.responses.properties import (
    Properties,
    PropertyNames,
    UsageCounts,
    count_at,
    ignored_properties,
    object_at,
    raise_not_a_sum,
    required_count,
)
from pricing_data.usage import MAX_TOKENS, Usage

TIMES = "a time, which costs nothing"
OWN_COST = "the provider's own figure of the cost, which is not what is computed here"
PART_OF_INPUT = "tokens of the input, at its rate"
PART_OF_OUTPUT = "tokens of the output, which holds them already"

INPUT_DETAILS = PropertyNames(
    (
        "cached_tokens",
        "cached_tokens_details",
        "cache_write_tokens",
        "audio_tokens",
        "image_tokens",
        "text_tokens",
        "video_tokens",
    ),
    {"file_tokens": PART_OF_INPUT},
)
OUTPUT_DETAILS = PropertyNames(
    ("reasoning_tokens", "audio_tokens", "image_tokens", "text_tokens"),
    {"accepted_prediction_tokens": PART_OF_OUTPUT, "rejected_prediction_tokens": PART_OF_OUTPUT},
)
CACHED_DETAILS = PropertyNames(("text_tokens", "audio_tokens", "image_tokens"))

# Brings a usage into OpenAI's form, and returns with it counts that the form does not have, by field of Usage.
PrepareUsage = Callable[[Properties], tuple[Properties, dict[str, Any]]]
# The parts of details that a Usage has, and its names for them.
INPUT_FIELDS = {
    "cached_tokens": "cached_input_tokens",
    "cache_write_tokens": "cache_write_tokens",
    "audio_tokens": "input_audio_tokens",
    "image_tokens": "input_image_tokens",
    "video_tokens": "input_video_tokens",
}
OUTPUT_FIELDS = {
    "reasoning_tokens": "reasoning_tokens",
    "audio_tokens": "output_audio_tokens",
    "image_tokens": "output_image_tokens",
}


class CountNames(NamedTuple):
    """What an API calls the two counts, and the objects with their parts, which some APIs call otherwise."""

    input: str
    output: str
    of_input: tuple[str, ...]
    of_output: tuple[str, ...]


CHAT = CountNames(
    "prompt_tokens",
    "completion_tokens",
    ("prompt_tokens_details", "prompt_token_details"),
    ("completion_tokens_details", "completion_token_details"),
)
RESPONSES = CountNames(
    "input_tokens",
    "output_tokens",
    ("input_tokens_details", "input_token_details"),
    ("output_tokens_details", "output_token_details"),
)
CHAT_NAMES = PropertyNames((CHAT.input, CHAT.output, *CHAT.of_input, *CHAT.of_output, "total_tokens"))
RESPONSES_NAMES = PropertyNames(
    (RESPONSES.input, RESPONSES.output, *RESPONSES.of_input, *RESPONSES.of_output, "total_tokens"),
    {"type": "says that tokens are counted"},
)


class UsageDialect(NamedTuple):
    """How one provider fills the form. `beside`: reasoning is not in the count of the output, but in the total.

    `prepare` brings its own properties into OpenAI's form, or into counts that the form does not have. `apart` are
    counts that must not be charged at the rate of other tokens, each with its rate. `fee` is a property that says that
    each call has a fee besides its tokens.
    """

    title: str
    names: PropertyNames
    form: CountNames = CHAT
    beside: bool = False
    prepare: PrepareUsage | None = None
    input_details: PropertyNames = INPUT_DETAILS
    output_details: PropertyNames = OUTPUT_DETAILS
    apart: tuple[tuple[str, str], ...] = ()
    fee: str | None = None


def read(usage: Properties, dialect: UsageDialect) -> UsageCounts:
    """Return the counts of a usage in OpenAI's form. Raise BadUsage, UnpricedProperty."""
    ignored = ignored_properties(usage, dialect.names, owner=dialect.title)
    if dialect.prepare is None:
        return read_known(usage, dialect, ignored)
    prepared, beyond = dialect.prepare(usage)
    counts = read_known(prepared, dialect, ignored)
    if dialect.fee and usage.get(dialect.fee):
        counts = counts._replace(apart=(*counts.apart, ("per_call", f"usage.{dialect.fee}")))
    return counts._replace(usage=counts.usage._replace(**beyond)) if beyond else counts


def read_embeddings(usage: Properties, dialect: UsageDialect) -> UsageCounts:
    """Return the counts of a usage of embeddings, which may have a total alone. Raise BadUsage."""
    if CHAT.input in usage or "total_tokens" not in usage:
        return read(usage, dialect)
    ignored = ignored_properties(usage, dialect.names, owner=dialect.title)
    return UsageCounts(Usage(count_at(usage, "total_tokens")), ignored)


def read_known(usage: Properties, dialect: UsageDialect, ignored: tuple[str, ...] = ()) -> UsageCounts:
    """Return the counts of a usage in OpenAI's form alone, all of whose properties are known. Raise BadUsage."""
    form = dialect.form
    taken = required_count(usage, form.input)
    parts: dict[str, Any] = {}
    for name in form.of_input:
        if usage.get(name):
            ignored += _gather(parts, usage, name, dialect.input_details, INPUT_FIELDS, dialect.title)
    for name in form.of_output:
        if usage.get(name):
            ignored += _gather(parts, usage, name, dialect.output_details, OUTPUT_FIELDS, dialect.title)
    output = _output(usage, form, taken, parts.get("reasoning_tokens", 0), dialect.beside)
    if not parts:
        return UsageCounts(Usage(taken, output), ignored)
    if "cached_input_tokens" in parts and ("input_audio_tokens" in parts or "input_image_tokens" in parts):
        _find_cached_parts(parts, usage, form)
    counts = Usage(taken, output, **parts)
    if not _only_usual(parts, taken, output):
        _check_parts(usage, counts, form)
    return UsageCounts(counts, ignored, None, None, _apart(counts, dialect.apart) if dialect.apart else ())


def _only_usual(parts: Mapping[str, Any], taken: int, output: int) -> bool:
    """Return whether there are cached and reasoning tokens alone, within the wholes: a fast answer for most usages."""
    cached: int = parts.get("cached_input_tokens", 0)
    reasoning: int = parts.get("reasoning_tokens", 0)
    return cached <= taken and reasoning <= output and len(parts) == (cached > 0) + (reasoning > 0)


def _gather(
    parts: dict[str, Any], usage: Properties, place: str, names: PropertyNames, fields: Mapping[str, str], title: str
) -> tuple[str, ...]:
    """Add the parts that an object of details counts to `parts`, by field of Usage; return what it has that is ignored.

    Raise BadUsage, UnpricedProperty.
    """
    details = usage[place]
    if type(details) is not dict:
        details = object_at(usage, place)
    has_more = False
    for name, value in details.items():
        if not value:
            continue
        field = fields.get(name)
        if field is None:
            has_more = True
        elif type(value) is int and 0 < value <= MAX_TOKENS:
            parts[field] = value
        else:
            parts[field] = count_at(details, name, f"usage.{place}")
    return ignored_properties(details, names, f"usage.{place}", owner=title) if has_more else ()


def _find_cached_parts(parts: dict[str, Any], usage: Properties, form: CountNames) -> None:
    """Say how many of the cached tokens are audio and images, or that this is not known."""
    place = _place(usage, form.of_input, "")
    path = f"usage.{place}"
    found = object_at(object_at(usage, place), "cached_tokens_details", path)
    ignored_properties(found, CACHED_DETAILS, f"{path}.cached_tokens_details")
    for kind in ("audio", "image"):
        if f"input_{kind}_tokens" in parts:
            name = f"{kind}_tokens"
            parts[f"cached_{name}"] = count_at(found, name, f"{path}.cached_tokens_details") if found else None


def _output(usage: Properties, form: CountNames, taken: int, reasoning: int, beside: bool) -> int:
    """Return the tokens of the output, reasoning among them; without a count of them the rest of the total."""
    written = count_at(usage, form.output)
    total = usage.get("total_tokens")
    if total is None:
        return written + reasoning if beside else written
    if total == taken + written and type(total) is int:
        return written
    rest = count_at(usage, "total_tokens") - taken
    if rest < written or not (beside or usage.get(form.output) is None):
        hint = "; xAI counts reasoning so: if it is xAI's, say provider xai" if rest == written + reasoning else ""
        raise BadUsage(
            "usage.total_tokens",
            f"{shown(total)} is not the sum of {form.input} {taken} and {form.output} {written}{hint}",
        )
    return rest


def _check_parts(usage: Properties, counts: Usage, form: CountNames) -> None:
    """Raise BadUsage if parts are more than the whole that they are in."""
    written = counts.cache_write_tokens + counts.cache_write_1h_tokens
    if counts.cached_input_tokens + written > counts.input_tokens:
        cached = ("cached_tokens", counts.cached_input_tokens)
        parts = (cached, ("written ones", written)) if written else (cached,)
        path = f"usage.{_place(usage, form.of_input, form.input)}"
        raise_not_a_sum(path, *parts, whole=(form.input, counts.input_tokens))
    kinds = counts.input_audio_tokens + counts.input_image_tokens + counts.input_video_tokens
    if kinds > counts.input_tokens:
        named = ("tokens of audio, images and video", kinds)
        path = f"usage.{_place(usage, form.of_input, form.input)}"
        raise_not_a_sum(path, named, whole=(form.input, counts.input_tokens))
    generated = counts.output_audio_tokens + counts.output_image_tokens
    if counts.reasoning_tokens > counts.output_tokens or generated > counts.output_tokens:
        reasons = ("reasoning_tokens", counts.reasoning_tokens)
        part = reasons if reasons[1] > counts.output_tokens else ("tokens of audio and images", generated)
        path = f"usage.{_place(usage, form.of_output, form.output)}"
        raise_not_a_sum(path, part, whole=(form.output, counts.output_tokens))


def _place(usage: Properties, names: tuple[str, ...], otherwise: str) -> str:
    """Return which of the objects with details a usage has."""
    return next((name for name in names if usage.get(name)), otherwise)


def _apart(counts: Usage, apart: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple((rate, f"usage.{name}") for name, rate in apart if getattr(counts, name))
