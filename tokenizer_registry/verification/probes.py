"""Fixed texts whose counts are recorded for every vocabulary in vocabularies.toml."""

import json
from pathlib import Path


def probe_texts() -> tuple[str, ...]:
    """Three short texts: prose, several scripts, code."""
    texts: list[str] = json.loads(_read("probes.json"))
    return tuple(texts)


def mixed_text() -> str:
    """4 kB: code, many scripts, emoji sequences, digits, white space, HTML, addresses, combining marks."""
    return _read("mixed.txt")


def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_bytes().decode("utf-8")
