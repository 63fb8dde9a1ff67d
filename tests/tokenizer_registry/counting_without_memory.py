"""Counts a text that needs more memory than is allowed, by each way: `python -m ... `. Prints what each raised.

Only the memory of a process of its own may be limited like this.
"""

import resource
import sys
from collections.abc import Callable
from pathlib import Path

from tokenizer_registry import Registry
from tokenizer_registry.vocabulary import TokenCounter

# One that merges bytes, and one that merges pieces and is given a copy of the text.
VOCABULARIES = ("o200k_base", "llama-2")
CHARACTERS = 12_000_000
ROOM_BYTES = 10_000_000


def outcome(way: Callable[[], object]) -> str:
    """Return the error that a way of counting raises, or its result."""
    try:
        return str(way())
    except BaseException as error:  # also what is no Exception
        return type(error).__name__


def main() -> None:
    """Limit the address space to slightly more than is used; then remove the limit."""
    registry = Registry.from_package()
    counters: list[TokenCounter] = [registry.vocabulary(name) for name in VOCABULARIES]
    text = "a" * CHARACTERS
    models = [next(m.name for m in registry.models.values() if m.vocabulary == name) for name in VOCABULARIES]
    registry.count("a", models)
    ways: list[Callable[[], object]] = [
        *(lambda counter=counter: counter.count(text) for counter in counters),
        *(lambda counter=counter: counter.count_batch(["a", text]) for counter in counters),
        lambda: registry.count(text, models),
    ]
    expected = [outcome(way) for way in ways]
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + ROOM_BYTES, most))
    limited = [outcome(way) for way in ways]
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    sys.stdout.write(f"{sorted(set(limited))} {[outcome(way) for way in ways] == expected}\n")


if __name__ == "__main__":
    main()
