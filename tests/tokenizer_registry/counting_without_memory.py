"""Counts a text that needs more memory than is allowed, by each way: `python -m ... `. Prints what each raised.

Only the memory of a process of its own may be limited like this.
"""

import ctypes
import resource
import sys
from collections.abc import Callable
from functools import partial

from tests.little_memory import limit_memory
from tokenizer_registry import Registry
from tokenizer_registry.vocabulary import TokenCounter

# A text of which there is no room for the UTF-8, and one that has room for it, but not for its copy with other spaces.
TEXTS = {"o200k_base": "\0" * 12_000_000, "llama-2": "a" * 8_000_000}
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
    counters: list[TokenCounter] = [registry.vocabulary(name) for name in TEXTS]
    models = [next(m.name for m in registry.models.values() if m.vocabulary == name) for name in TEXTS]
    registry.count("a", models)
    ways: list[Callable[[], object]] = [
        *(partial(counter.count, TEXTS[counter.name]) for counter in counters),
        *(partial(counter.count_batch, ["a", TEXTS[counter.name]]) for counter in counters),
        partial(registry.count, TEXTS["llama-2"], models),
    ]
    expected = [outcome(way) for way in ways]
    ctypes.CDLL(None).malloc_trim(0)  # what was freed goes back to the system, and cannot be used for the next text
    before = limit_memory(ROOM_BYTES)
    limited = [outcome(way) for way in ways]
    resource.setrlimit(resource.RLIMIT_AS, before)
    sys.stdout.write(f"{sorted(set(limited))} {[outcome(way) for way in ways] == expected}\n")


if __name__ == "__main__":
    main()
