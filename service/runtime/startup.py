"""The garbage collector, out of the way while a process starts."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """For the time of the block nothing is collected.

    What is imported and loaded at a start stays; looking through it again and again would take a fifth of the time.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def block_imports(*packages: str) -> Iterator[None]:
    """For the time of the block these packages are as if they were not installed, for whatever is imported in it.

    Some libraries import what they find, for uses that are not ours: it would cost time at each start, and memory.
    """
    found = {name: sys.modules.get(name) for name in packages}
    sys.modules |= dict.fromkeys(packages)  # type: ignore[arg-type]  # None is how the import system marks it
    try:
        yield
    finally:
        for name, module in found.items():
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module
