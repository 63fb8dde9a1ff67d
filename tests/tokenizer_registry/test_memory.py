"""The memory of a process does not grow with the number of counted texts."""

import os
import subprocess
import sys
from pathlib import Path

from tokenizer_registry import Registry

TEXTS = int(os.environ.get("MEMORY_TEXTS", "100000"))
MODELS = ("gpt-4o", "claude-2.1", "gemma-3-27b-it", "bge-m3")
MAX_MEGABYTES = 8


def megabytes() -> float:
    """Return the resident memory of this process in megabytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def grown_megabytes(texts: int) -> float:
    """Return the growth from a quarter of so many distinct texts, which fill the caches, to all of them."""
    registry = Registry.from_package()
    before = 0.0
    for number in range(texts):
        if number == texts // 4:
            before = megabytes()
        registry.count(f"{number:x} is {number**3:x}, {chr(0x4E00 + number % 20_000)}{number}\n" * 2, MODELS)
    return megabytes() - before


def test_memory_is_flat_over_distinct_texts() -> None:
    """After many texts of new words a process uses no more memory than after the first ones."""
    # In a process of its own, where nothing else takes or gives back memory.
    script = "import sys; from tests.tokenizer_registry.test_memory import *; print(grown_megabytes(int(sys.argv[1])))"
    done = subprocess.run([sys.executable, "-c", script, str(TEXTS)], capture_output=True, text=True, check=True)
    assert float(done.stdout) < MAX_MEGABYTES
