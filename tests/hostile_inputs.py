"""The hostile inputs of tests/data/hostile_inputs.json, and the texts that they describe."""

import json
import random
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

DATA = Path(__file__).parent / "data"


class HostileText(NamedTuple):
    """A text for tokenizers; `direct` ones never come in through HTTP."""

    name: str
    text: str
    direct: bool


def hostile_cases(group: str) -> list[dict[str, Any]]:
    """The cases of one group, as they stand in the file."""
    cases = json.loads((DATA / "hostile_inputs.json").read_text(encoding="utf-8"))
    return [case for case in cases if case["group"] == group]


def hostile_texts(times_as_long: Fraction = Fraction(1)) -> list[HostileText]:
    """The texts of the group `tokenizer`; their long runs are made `times_as_long` as they stand in the file."""
    specs = [(case["name"], case["how"]["spec"]) for case in hostile_cases("tokenizer")]
    return [
        HostileText(name, text_of(_stretched(spec["text"], times_as_long)), spec.get("direct", False))
        for name, spec in specs
    ]


def _stretched(spec: Any, times_as_long: Fraction) -> Any:
    lengths = ("times", "length") if isinstance(spec, dict) else ()
    return {**spec, **{name: int(spec[name] * times_as_long) for name in lengths if name in spec}} if lengths else spec


def text_of(spec: str | Mapping[str, Any]) -> str:
    """The text that a text spec stands for. Every Python gives the same one."""
    match spec:
        case str():
            return spec
        case {"repeat": repeated, "times": times}:
            return str(spec.get("prefix", "")) + text_of(repeated) * int(times) + str(spec.get("suffix", ""))
        case {"random": alphabet, "length": length, "seed": seed}:
            dice = random.Random(seed)
            return "".join(str(alphabet)[int(dice.random() * len(alphabet))] for _ in range(length))
        case {"codepoints": points}:
            return "".join(chr(int(point, 16)) for point in points)
        case {"series": pattern, "times": times, "join": separator}:
            return str(separator).join(str(pattern).replace("{i}", str(i)) for i in range(times))
        case {"concat": parts}:
            return "".join(text_of(part) for part in parts)
    raise ValueError(f"not a text spec: {spec!r}")
