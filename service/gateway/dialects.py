"""What an upstream reports of the tokens of a call, and whether that makes sense."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Any, Literal, NamedTuple

from service.gateway.messages import sent_back
from service.gateway.property_rules import Invalid, is_integer
from service.gateway.upstream_faults import BadUpstreamResponse, UpstreamUnavailable
from service.http.json import shorten
from service.observability.gateway_metrics import TOTAL_ABOVE_SUM, ZERO_AFTER_USAGE, ZERO_WITH_TEXT

# How an upstream counts: in OpenAI's way the output holds the tokens of reasoning; in xAI's the total alone does.
Dialect = Literal["openai", "xai"]
# What else of a usage is passed on; a provider may add its own costs, which concern its customer alone.
DETAILS = ("prompt_tokens_details", "completion_tokens_details")


class ReportedUsage(NamedTuple):
    """Tokens of input and output, None where none that can be read are reported. `fault` names what makes no sense."""

    input: int | None
    output: int | None
    details: Mapping[str, Any]
    fault: str | None = None

    @property
    def is_zero(self) -> bool:
        """Whether it reports no tokens at all."""
        return not self.input and not self.output


NO_USAGE = ReportedUsage(None, None, {})


def usage_of(answer: Mapping[str, Any], dialect: Dialect = "openai") -> ReportedUsage:
    """Return the usage in an answer or a chunk. A number that is no count is as good as none; zero is a count."""
    reported = answer.get("usage")
    if not isinstance(reported, dict):
        return NO_USAGE
    taken, given, total = (
        _count(reported.get(name)) for name in ("prompt_tokens", "completion_tokens", "total_tokens")
    )
    if taken is None and given is None:
        return NO_USAGE
    details = {name: reported[name] for name in DETAILS if isinstance(reported.get(name), dict)}
    beyond = 0 if total is None or taken is None or given is None else total - taken - given
    if beyond > 0 and dialect == "xai":
        return ReportedUsage(taken, (given or 0) + beyond, details)
    return ReportedUsage(taken, given, details, TOTAL_ABOVE_SUM if beyond > 0 else None)


def latest(before: ReportedUsage, now: ReportedUsage) -> ReportedUsage:
    """Return the usage of a stream after a further report. Zeros never replace a report of tokens."""
    if now is NO_USAGE:
        return before
    if now.is_zero and not before.is_zero:
        return before._replace(fault=ZERO_AFTER_USAGE)
    return now


def of_answer(usage: ReportedUsage, *, has_text: bool) -> ReportedUsage:
    """Return the usage of a whole answer: no output for a text that was written makes no sense."""
    return usage._replace(fault=ZERO_WITH_TEXT) if usage.output == 0 and has_text else usage


def _count(value: Any) -> int | None:
    return value if is_integer(value) and value >= 0 else None


TEXT_PROPERTIES = ("content", "refusal", "reasoning_content", "reasoning")
# A message that breaks this would break the clients that read it.
PROPERTY_TYPES: Mapping[str, tuple[type, ...]] = {
    "role": (str,),
    "content": (str, list),
    "refusal": (str,),
    "tool_calls": (list,),
    "function_call": (dict,),
}


class Transcript:
    """Follows a stream of chunks. `choices` is how many answers are written side by side."""

    def __init__(self, choices: int, dialect: Dialect) -> None:
        self.choices = choices
        self.dialect: Dialect = dialect
        self.usage = NO_USAGE
        self.finished: set[int] = set()
        self._pieces: defaultdict[tuple[int, str], list[str]] = defaultdict(list)

    @property
    def is_complete(self) -> bool:
        """Whether every answer has its finish_reason."""
        return len(self.finished) >= self.choices

    @property
    def has_text(self) -> bool:
        """Whether anything was written that is counted."""
        return bool(self._pieces)

    def texts(self) -> list[str]:
        """Everything that was written, joined per answer and kind: what is counted if no usage comes."""
        return ["".join(pieces) for pieces in self._pieces.values()]

    def take(self, chunk: dict[str, Any]) -> list[dict[str, Any]]:
        """Note a chunk and answer its choices, which are well formed. Raises UpstreamFault."""
        if chunk.get("error"):
            raise UpstreamUnavailable(f"the stream brought an error: {str(chunk['error'])[:500]}")
        self.usage = latest(self.usage, usage_of(chunk, self.dialect))
        choices = chunk.get("choices", [])
        if not isinstance(choices, list):
            raise BadUpstreamResponse("choices is no list")
        return [self._choice(choice) for choice in choices]

    def _choice(self, choice: Any) -> dict[str, Any]:
        if not isinstance(choice, dict):
            raise BadUpstreamResponse("a choice is no object")
        index, delta = choice.get("index", 0), choice.get("delta") or {}
        if not isinstance(delta, dict) or not is_integer(index) or not 0 <= index < self.choices:
            raise BadUpstreamResponse("a choice has no delta, or not an index that was asked for")
        check_message(delta)
        for kind, piece in texts_in(delta):
            self._pieces[index, kind].append(piece)
        if finish_reason_of(choice) is not None:
            self.finished.add(index)
        shown = {"index": index, "delta": delta, "finish_reason": finish_reason_of(choice)}
        return shown | ({"logprobs": choice["logprobs"]} if choice.get("logprobs") else {})


def check_message(message: Mapping[str, Any]) -> None:
    """Raise BadUpstreamResponse for a message, or a piece of one, that no client could read or send back."""
    for name, kinds in PROPERTY_TYPES.items():
        if not isinstance(message.get(name), (*kinds, NoneType)):
            raise BadUpstreamResponse(f"{name} of a message is {shorten(message[name])}")
    for number, call in enumerate(message.get("tool_calls") or ()):
        if not isinstance(call, dict) or not isinstance(call.get("function"), dict | NoneType):
            raise BadUpstreamResponse(f"tool_calls[{number}] of a message is {shorten(call)}")


def finish_reason_of(choice: Mapping[str, Any]) -> str | None:
    """Return why an answer ended. Raise BadUpstreamResponse if it is no text."""
    reason = choice.get("finish_reason")
    if not isinstance(reason, str | NoneType):
        raise BadUpstreamResponse(f"finish_reason is {shorten(reason)}")
    return reason or None


def texts_in(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The texts of a message or of a piece of one, each with its kind."""
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
    """Return the texts of a list of parts; a thinking part holds parts of its own."""
    for part in parts:
        for value in part.values() if isinstance(part, dict) else ():
            if isinstance(value, list):
                yield from _texts_of_parts(value)
        for name in ("text", "thinking", "refusal"):
            if isinstance(part, dict) and part.get(name) and isinstance(part[name], str):
                yield part[name]


def choices_of(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """The choices of a completion. Raises BadUpstreamResponse."""
    if answer.get("error"):
        raise BadUpstreamResponse(f"the answer is an error: {str(answer['error'])[:500]}")
    choices = answer.get("choices")
    if not isinstance(choices, list) or not choices:
        raise BadUpstreamResponse("the answer has no choices")
    return [_choice(number, choice) for number, choice in enumerate(choices)]


def _choice(number: int, choice: Any) -> dict[str, Any]:
    if not isinstance(choice, dict) or not isinstance(choice.get("message"), dict):
        raise BadUpstreamResponse("a choice has no message")
    message = choice["message"]
    check_message(message)
    try:
        sent_back("message", message, with_reasoning=True)
    except Invalid as fault:
        raise BadUpstreamResponse(f"the caller could not send it back: {fault}") from None
    shown = {"index": choice.get("index", number), "message": message | {"role": "assistant"}}
    logprobs = {"logprobs": choice["logprobs"]} if choice.get("logprobs") else {}
    return shown | logprobs | {"finish_reason": finish_reason_of(choice) or "stop"}
