"""Logs of requests and what their providers counted: one JSON object a line."""

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from tokenizer_registry.chat.recognition import shape_of

# Names of request shapes in logs, beside our own.
SHAPES: Final[Mapping[str, str]] = {
    "openai.chat": "openai_chat",
    "openai.responses": "openai_responses",
    "openai.responses.count": "openai_responses",
    "anthropic.messages": "anthropic_messages",
    "anthropic.count": "anthropic_messages",
    "gemini.generate": "gemini_contents",
    "gemini.count": "gemini_contents",
    "bedrock.converse": "bedrock_converse",
    "bedrock.invoke": "anthropic_messages",
    "cohere.chat": "cohere_chat",
}
# The host behind OpenRouter, which gives that host's numbers.
_UPSTREAMS: Final[Mapping[str, str]] = {
    "Google": "google-vertex",
    "Google AI Studio": "google-ai-studio",
    "Amazon Bedrock": "bedrock",
    "Anthropic": "anthropic",
    "OpenAI": "openai",
}
# Counts of input by the names that providers have; those of one row are added up.
_INPUTS: Final = (
    ("prompt_tokens",),
    ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"),
    ("inputTokens", "cacheReadInputTokens", "cacheWriteInputTokens"),
    ("promptTokenCount",),
    ("totalTokens",),
)
_GIVEN: Final = ("width", "height", "seconds", "pages")


class LoggedCall(NamedTuple):
    """One request and the input tokens that its provider counted. `models` are names to try, the best first."""

    name: str
    shape: str
    models: tuple[str, ...]
    host: str | None
    body: Any
    input_tokens: int
    at: date | None


def read_log(path: Path, *, include_offline: bool = False) -> Iterator[LoggedCall]:
    """Return the calls of a log that have a known shape and a number; rows marked `offline: false` only if asked for.

    Raise ValueError for a line that is no JSON object.
    """
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                call = _call(json.loads(line), number)
                if call is not None and (include_offline or call[1]):
                    yield call[0]


class LogFault(NamedTuple):
    """A line of a log that cannot be compared."""

    line: int
    reason: str


def read_lines(lines: Iterable[bytes]) -> Iterator[tuple[int, LoggedCall] | LogFault]:
    """Yield each call of anybody's log with the number of its line, or why it is none.

    Empty lines and rows marked `offline: false` are left out. The shape, the model and the usage may also stand in the
    request and in the response.
    """
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line.decode("utf-8-sig"))
        except UnicodeDecodeError:
            yield LogFault(number, "it is not UTF-8")
        except (ValueError, RecursionError):
            yield LogFault(number, "it is not JSON")
        else:
            if not isinstance(row, dict):
                yield LogFault(number, "it is no JSON object")
            elif row.get("offline") is not False:
                yield _call_or_fault(row, number)


def _call_or_fault(row: dict[str, Any], number: int) -> tuple[int, LoggedCall] | LogFault:
    whole = _completed(row)
    kind = whole["shape"]
    if not isinstance(whole["request"], dict):
        return LogFault(number, "it has no request")
    if SHAPES.get(kind, kind) not in set(SHAPES.values()):
        return LogFault(number, f"its request has no known shape{f': {kind}' if kind else ''}")
    if (fault := _fault(whole)) is not None:
        return LogFault(number, fault)
    found = _call(whole, number)
    return LogFault(number, "it names no model") if found is None or not found[0].models else (number, found[0])


def _fault(row: Mapping[str, Any]) -> str | None:
    """Return which property of a row has a value that it cannot have, None if none has."""
    usage = row.get("usage") if isinstance(row.get("usage"), dict) else {}
    counts = {name: usage.get(name) for names in _INPUTS for name in names} if isinstance(usage, dict) else {}
    for name, count in counts.items():
        if count is not None and (type(count) is not int or count < 0):
            return f"its usage has a {name} that is no number of tokens: {str(count)[:40]!r}"
    media, thoughts = row.get("media") or [], row.get("earlier_thoughts") or []
    if not isinstance(media, list) or not all(isinstance(each, dict) for each in media):
        return "its media must be an array of objects"
    if not isinstance(thoughts, list) or not all(type(each) is int for each in thoughts):
        return "its earlier_thoughts must be an array of numbers"
    return "it has no usage with input tokens" if input_tokens(row) is None else None


def _completed(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with `shape`, `request`, `model` and `usage` where they are elsewhere."""
    response = row.get("response")
    answer = response.get("body", response) if isinstance(response, dict) else {}
    answer = answer if isinstance(answer, dict) else {}
    request = row.get("request", row.get("body"))
    named = request.get("model") if isinstance(request, dict) else None
    return {
        **row,
        "request": request,
        "shape": str(row.get("shape") or row.get("api") or shape_of(request) or ""),
        "model": row.get("model") or named,
        "usage": row.get("usage") or answer.get("usage") or answer.get("usageMetadata"),
    }


def _call(row: Any, number: int) -> tuple[LoggedCall, bool] | None:
    if not isinstance(row, dict):
        raise ValueError(f"line {number} is no JSON object")
    kind = str(row.get("shape") or row.get("api") or "")
    body, tokens = row.get("request"), input_tokens(row)
    if not isinstance(body, dict) or tokens is None or SHAPES.get(kind, kind) not in set(SHAPES.values()):
        return None
    models = tuple(name for name in (row.get("response_model"), row.get("model")) if isinstance(name, str) and name)
    shape = SHAPES.get(kind, kind)
    if kind == "bedrock.invoke" and any("nova" in name for name in models):
        shape = "bedrock_converse"
    host = _UPSTREAMS.get(str(row.get("upstream"))) or row.get("host") or row.get("provider")
    host = host.partition(" (")[0] if isinstance(host, str) else None
    given = with_thoughts(with_media(body, row.get("media") or []), row.get("earlier_thoughts") or [])
    call = LoggedCall(str(row.get("id", number)), shape, models, host, given, tokens, day_of(row.get("recorded")))
    return call, row.get("offline") is not False


def input_tokens(row: Mapping[str, Any]) -> int | None:
    """Return all input that the provider counted, cached or not; None if the row does not say."""
    if isinstance(row.get("prompt_tokens"), int):
        return int(row["prompt_tokens"])
    usage = row.get("usage")
    if not isinstance(usage, dict):
        return None
    for first, *others in _INPUTS:
        if isinstance(usage.get(first), int):
            return int(usage[first]) + sum(int(usage.get(name) or 0) for name in others)
    return None


def day_of(recorded: Any) -> date | None:
    """Return the day of a time in ISO 8601, as seconds since 1970 or as HTTP writes it; None if it is none of these."""
    text = str(recorded or "")
    try:
        if text.isdigit():
            return datetime.fromtimestamp(int(text), UTC).date()
        return date.fromisoformat(text[:10]) if text[:2] == "20" else parsedate_to_datetime(text).date()
    except (ValueError, OverflowError, OSError):
        return None


def with_media(body: Any, media: list[Mapping[str, Any]]) -> Any:
    """Return a request where each placeholder `<sha256:…>` or `<any …>` of a medium has the sizes that are logged."""
    by_digest = {each.get("sha256"): each for each in media}
    others = iter(media)
    return _sized(body, by_digest, others)


def _sized(value: Any, by_digest: Mapping[Any, Mapping[str, Any]], others: Iterator[Mapping[str, Any]]) -> Any:
    if isinstance(value, list):
        return [_sized(each, by_digest, others) for each in value]
    if not isinstance(value, dict):
        return value
    found = {key: _sized(each, by_digest, others) for key, each in value.items()}
    for each in value.values():
        if isinstance(each, str) and "<sha256:" in each:
            digest = each.partition("<sha256:")[2].partition(">")[0]
            found |= _sizes(by_digest.get(digest, {}))
        elif isinstance(each, str) and "<any " in each:
            found |= _sizes(next(others, {}))
    return found


def _sizes(medium: Mapping[str, Any]) -> dict[str, Any]:
    return {key: medium[key] for key in _GIVEN if medium.get(key) is not None}


def with_thoughts(body: Any, thoughts: list[int]) -> Any:
    """Return a Gemini request whose signed turns have the thoughts of the answers that they came from, in order."""
    if not thoughts or not isinstance(body.get("contents"), list):
        return body
    left = iter(thoughts)
    return {**body, "contents": [_thoughtful(content, left) for content in body["contents"]]}


def _thoughtful(content: Any, left: Iterator[int]) -> Any:
    parts = content.get("parts") if isinstance(content, dict) else None
    if not isinstance(parts, list) or content.get("role") != "model":
        return content
    signed = (
        place
        for place, part in enumerate(parts)
        if isinstance(part, dict) and {"thoughtSignature", "thought_signature"} & set(part)
    )
    tokens, place = next(left, None), next(signed, None)
    if tokens is None or place is None:
        return content
    return {**content, "parts": [*parts[:place], {**parts[place], "thoughtsTokenCount": tokens}, *parts[place + 1 :]]}
