"""The JSON of a counted chat: its parts, each with its method, rules and bounds."""

from service.http import json
from tokenizer_registry.chat.parts import ChatCount, Part


def chat_entry(count: ChatCount) -> dict[str, json.Value]:
    """Return the members that a chat has beside those of a text."""
    missing: list[json.Value] = [*count.missing]
    parts: dict[str, json.Value] = {name: _part(part) for name, part in count.parts._asdict().items()}
    return {"host": count.host, "low": count.low, "high": count.high, "missing": missing, "parts": parts}


def _part(part: Part) -> json.Value:
    missing: list[json.Value] = [*part.missing]
    return {
        "tokens": part.tokens,
        "method": part.method,
        "rule": part.rule or None,
        "low": part.low,
        "high": part.high,
        "missing": missing,
    }
