"""What an upstream has written so far, and what it says of its usage."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from service.gateway.faults import BadUpstreamResponse, UpstreamUnavailable
from service.gateway.fields import is_integer

TEXT_PROPERTIES = ("content", "refusal", "reasoning_content", "reasoning")
# What else of a usage is passed on; a provider may add its own costs, which are nobody's business.
DETAILS = ("prompt_tokens_details", "completion_tokens_details")


class Usage(NamedTuple):
    """What an upstream reports; None where it reports nothing that can be read."""

    input: int | None
    output: int | None
    details: Mapping[str, Any]


NO_USAGE = Usage(None, None, {})


class Transcript:
    """Follows a stream of chunks. `choices` is how many answers are written side by side."""

    def __init__(self, choices: int) -> None:
        self.choices = choices
        self.usage = NO_USAGE
        self.finished: set[int] = set()
        self._pieces: defaultdict[tuple[int, str], list[str]] = defaultdict(list)

    @property
    def is_complete(self) -> bool:
        """Whether every answer has its finish_reason."""
        return len(self.finished) >= self.choices

    def texts(self) -> list[str]:
        """Everything that was written, joined per answer and kind: what is counted if no usage comes."""
        return ["".join(pieces) for pieces in self._pieces.values()]

    def take(self, chunk: dict[str, Any]) -> list[dict[str, Any]]:
        """Note a chunk and answer its choices, which are well formed. Raises UpstreamFault."""
        if chunk.get("error"):
            raise UpstreamUnavailable(f"the stream brought an error: {str(chunk['error'])[:500]}")
        usage = usage_of(chunk)
        if usage is not NO_USAGE:
            self.usage = usage
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
        for kind, piece in texts_in(delta):
            self._pieces[index, kind].append(piece)
        if choice.get("finish_reason") is not None:
            self.finished.add(index)
        told = {"index": index, "delta": delta, "finish_reason": choice.get("finish_reason")}
        return told | ({"logprobs": choice["logprobs"]} if choice.get("logprobs") else {})


def texts_in(message: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The texts of a message or of a piece of one, each with its kind."""
    for name in TEXT_PROPERTIES:
        if isinstance(message.get(name), str) and message[name]:
            yield name, message[name]
    calls = message.get("tool_calls")
    for number, call in enumerate(calls if isinstance(calls, list) else ()):
        function = call.get("function") if isinstance(call, dict) else None
        if isinstance(function, dict):
            for name in ("name", "arguments"):
                if isinstance(function.get(name), str) and function[name]:
                    yield f"tool {call.get('index', number)} {name}", function[name]


def usage_of(answer: Mapping[str, Any]) -> Usage:
    """The usage in an answer or a chunk. A number that is no count is as good as none; zero is a count."""
    reported = answer.get("usage")
    if not isinstance(reported, dict):
        return NO_USAGE
    counts = [reported.get(name) for name in ("prompt_tokens", "completion_tokens")]
    given = [count if is_integer(count) and count >= 0 else None for count in counts]
    details = {name: reported[name] for name in DETAILS if isinstance(reported.get(name), dict)}
    return NO_USAGE if given == [None, None] else Usage(given[0], given[1], details)
