"""Reading what upstreams write in OpenAI's format: usage, whole completions, and chunks of streams.

Upstreams differ in how they report usage. "openai": `completion_tokens` includes the tokens of reasoning. "xai": only
`total_tokens` includes them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from types import NoneType
from typing import Any, Literal, NamedTuple

from service.gateway.messages import InvalidProperty, is_integer, normalize_assistant_message
from service.gateway.upstream_faults import BadUpstreamResponse, UpstreamUnavailable
from service.http.json import shorten
from service.observability.metrics import TOTAL_ABOVE_SUM, ZERO_AFTER_USAGE, ZERO_WITH_TEXT

UpstreamDialect = Literal["openai", "xai"]
# The only other properties of `usage` that are passed on: a provider may add prices, which are not the caller's.
USAGE_DETAILS = ("prompt_tokens_details", "completion_tokens_details")
TEXT_PROPERTIES = ("content", "refusal", "reasoning_content", "reasoning")
# Clients fail on messages with properties of other types.
PROPERTY_TYPES: Mapping[str, tuple[type, ...]] = {
    "role": (str,),
    "content": (str, list),
    "refusal": (str,),
    "tool_calls": (list,),
    "function_call": (dict,),
}


class ReportedUsage(NamedTuple):
    """Tokens of input and output, each None if it is not reported. `fault` names an inconsistency of the report."""

    input: int | None
    output: int | None
    details: Mapping[str, Any]
    fault: str | None = None

    @property
    def is_zero(self) -> bool:
        """Whether it reports no tokens at all."""
        return not self.input and not self.output


NO_USAGE = ReportedUsage(None, None, {})


def parse_usage(answer: Mapping[str, Any], dialect: UpstreamDialect = "openai") -> ReportedUsage:
    """Return the usage in an answer or a chunk. A value that is not a count is ignored; zero is a count."""
    reported = answer.get("usage")
    if not isinstance(reported, dict):
        return NO_USAGE
    prompt, completion, total = (
        _count(reported.get(name)) for name in ("prompt_tokens", "completion_tokens", "total_tokens")
    )
    if prompt is None and completion is None:
        return NO_USAGE
    details = {name: reported[name] for name in USAGE_DETAILS if isinstance(reported.get(name), dict)}
    excess = 0 if total is None or prompt is None or completion is None else total - prompt - completion
    if excess > 0 and dialect == "xai":
        return ReportedUsage(prompt, (completion or 0) + excess, details)
    return ReportedUsage(prompt, completion, details, TOTAL_ABOVE_SUM if excess > 0 else None)


def merge_usage(before: ReportedUsage, now: ReportedUsage) -> ReportedUsage:
    """Return the usage of a stream after one more chunk. Zeros never replace a report of tokens."""
    if now is NO_USAGE:
        return before
    if now.is_zero and not before.is_zero:
        return before._replace(fault=ZERO_AFTER_USAGE)
    return now


def check_answer_usage(usage: ReportedUsage, *, has_text: bool) -> ReportedUsage:
    """Return the usage of a whole answer, with a fault if it reports no output for an answer that has text."""
    return usage._replace(fault=ZERO_WITH_TEXT) if usage.output == 0 and has_text else usage


def _count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None  # true and false are not counts


class Transcript:
    """Collects the texts, the finish reasons and the usage of a stream with that many choices."""

    def __init__(self, choices: int, dialect: UpstreamDialect) -> None:
        self.choices = choices
        self.dialect: UpstreamDialect = dialect
        self.usage = NO_USAGE
        self.finished: set[int] = set()
        self._pieces: defaultdict[tuple[int, str], list[str]] = defaultdict(list)

    @property
    def is_complete(self) -> bool:
        """Whether every choice has its finish_reason."""
        return len(self.finished) >= self.choices

    @property
    def has_text(self) -> bool:
        """Whether there is any text that is counted."""
        return bool(self._pieces)

    def texts(self) -> list[str]:
        """Return all texts so far, one for each choice and property: they are counted if no usage is reported."""
        return ["".join(pieces) for pieces in self._pieces.values()]

    def add(self, chunk: dict[str, Any]) -> list[dict[str, Any]]:
        """Record a chunk, and return its choices in the format of a chunk. Raise UpstreamFault."""
        if chunk.get("error"):
            raise UpstreamUnavailable(f"the stream brought an error: {str(chunk['error'])[:500]}")
        self.usage = merge_usage(self.usage, parse_usage(chunk, self.dialect))
        choices = chunk.get("choices", [])
        if not isinstance(choices, list):
            raise BadUpstreamResponse("choices is no list")
        return [self._add_choice(choice) for choice in choices]

    def _add_choice(self, choice: Any) -> dict[str, Any]:
        if not isinstance(choice, dict):
            raise BadUpstreamResponse("a choice is no object")
        index, delta = choice.get("index", 0), choice.get("delta") or {}
        if not isinstance(delta, dict) or not is_integer(index) or not 0 <= index < self.choices:
            raise BadUpstreamResponse("a choice has no delta, or not an index that was asked for")
        check_message(delta)
        for kind, piece in texts_in(delta):
            self._pieces[index, kind].append(piece)
        finish_reason = finish_reason_of(choice)
        if finish_reason is not None:
            self.finished.add(index)
        return {"index": index, "delta": delta, "finish_reason": finish_reason} | _logprobs(choice)


class ParsedAnswer(NamedTuple):
    """A whole completion. `texts` are those to count: empty if the usage reports tokens of output."""

    choices: Sequence[dict[str, Any]]
    usage: ReportedUsage
    texts: list[str]


def parse_answer(answer: dict[str, Any], dialect: UpstreamDialect) -> ParsedAnswer:
    """Return the choices of a whole completion, and its usage. Raise BadUpstreamResponse."""
    choices = parse_choices(answer)
    reported = parse_usage(answer, dialect)
    texts = [] if reported.output else [text for one in choices for _, text in texts_in(one["message"])]
    return ParsedAnswer(choices, check_answer_usage(reported, has_text=bool(texts)), texts)


def parse_choices(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the choices of a whole completion. Raise BadUpstreamResponse."""
    if answer.get("error"):
        raise BadUpstreamResponse(f"the answer is an error: {str(answer['error'])[:500]}")
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices:
        raise BadUpstreamResponse("the answer has no choices")
    return [_parse_choice(number, choice) for number, choice in enumerate(choices)]


def _parse_choice(number: int, choice: Any) -> dict[str, Any]:
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        raise BadUpstreamResponse("a choice has no message")
    message = choice["message"]
    check_message(message)
    try:
        normalize_assistant_message("message", message, with_reasoning=True)
    except InvalidProperty as fault:
        raise BadUpstreamResponse(f"the caller could not send it back: {fault}") from None
    parsed = {"index": choice.get("index", number), "message": message | {"role": "assistant"}}
    return parsed | _logprobs(choice) | {"finish_reason": finish_reason_of(choice) or "stop"}


def _logprobs(choice: Mapping[str, Any]) -> dict[str, Any]:
    return {"logprobs": choice["logprobs"]} if choice.get("logprobs") else {}


def check_message(message: Mapping[str, Any]) -> None:
    """Raise BadUpstreamResponse for a message, or a delta of one, that clients cannot read or send back."""
    for name, kinds in PROPERTY_TYPES.items():
        if not isinstance(message.get(name), (*kinds, NoneType)):
            raise BadUpstreamResponse(f"{name} of a message is {shorten(message[name])}")
    for number, call in enumerate(message.get("tool_calls") or ()):
        if not isinstance(call, dict) or not isinstance(call.get("function"), dict | NoneType):
            raise BadUpstreamResponse(f"tool_calls[{number}] of a message is {shorten(call)}")


def finish_reason_of(choice: Mapping[str, Any]) -> str | None:
    """Return the finish_reason of a choice; an empty one is None. Raise BadUpstreamResponse if it is not a string."""
    reason = choice.get("finish_reason")
    if not isinstance(reason, str | NoneType):
        raise BadUpstreamResponse(f"finish_reason is {shorten(reason)}")
    return reason or None


def texts_in(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the texts of a message or of a delta, each with the property that it stands in."""
    for name in TEXT_PROPERTIES:
        value = message.get(name)
        if value and isinstance(value, str):
            yield name, value
        elif value and isinstance(value, list):
            yield from ((name, piece) for piece in _texts_of_parts(value))
    calls = message.get("tool_calls")
    for number, call in enumerate(calls if isinstance(calls, list) else ()):
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            for name in ("name", "arguments"):
                if isinstance(function.get(name), str) and function[name]:
                    yield f"tool {call.get('index', number)} {name}", function[name]


def _texts_of_parts(parts: list[Any]) -> Iterator[str]:
    """Yield the texts of a list of content parts. A thinking part contains parts of its own."""
    for part in parts:
        for value in part.values() if isinstance(part, dict) else ():
            if isinstance(value, list):
                yield from _texts_of_parts(value)
        for name in ("text", "thinking", "refusal"):
            if isinstance(part, dict) and part.get(name) and isinstance(part[name], str):
                yield part[name]
