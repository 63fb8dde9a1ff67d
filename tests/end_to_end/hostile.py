"""The hostile inputs that are sent over HTTP: how each is made into bytes, and what is due to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.hostile_inputs import hostile_cases, text_of


@dataclass(frozen=True)
class Case:
    """One hostile input. `statuses` is empty if no reply is due."""

    name: str
    group: str
    spec: dict[str, Any]
    statuses: tuple[int, ...]
    shape: str | None

    def __str__(self) -> str:
        return self.name


def cases(group: str) -> list[Case]:
    """All cases of a group."""
    return [
        Case(
            entry["name"],
            entry["group"],
            entry["how"]["spec"],
            tuple(entry["expectation"]["status"]),
            entry["expectation"]["shape"],
        )
        for entry in hostile_cases(group)
    ]


def filled(text: str, places: Mapping[str, str]) -> str:
    """The text with its placeholders, such as `{key}`, filled in."""
    for name, value in places.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def json_body(spec: dict[str, Any], base: dict[str, Any], places: Mapping[str, str]) -> bytes:
    """The body of a JSON case, made from `base` where the case changes a valid body."""
    if "json" in spec:
        return filled(text_of(spec["json"]), places).encode("utf-8")
    if "bytes_hex" in spec:
        return bytes.fromhex(spec["bytes_hex"])
    fields = {name: value for name, value in base.items() if name not in spec.get("remove", ())}
    fields |= {name: _value(value) for name, value in spec.get("set", {}).items()}
    text = filled(json.dumps(fields, ensure_ascii=False), places)
    return bytes.fromhex(spec.get("prefix_hex", "")) + text.encode(spec.get("encode", "utf-8"))


def _value(value: Any) -> Any:
    if isinstance(value, dict) and "$text" in value:
        return text_of(value["$text"])
    if isinstance(value, dict) and "$series" in value:
        return [value["$series"].replace("{i}", str(i)) for i in range(value["times"])]
    if isinstance(value, list):
        return [_value(item) for item in value]
    return value
