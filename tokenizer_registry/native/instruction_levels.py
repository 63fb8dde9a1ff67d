"""The levels of x86-64, as its ABI calls sets of instructions: the C library is compiled for each of them."""

import platform
from pathlib import Path
from typing import Final

# For any processor of its kind.
BASELINE: Final = "baseline"
# In the compiler's names, with what Linux calls the instructions that each has beyond those of the level before it.
X86_64: Final = {
    "x86_64_v2": frozenset(("cx16", "lahf_lm", "pni", "popcnt", "sse4_1", "sse4_2", "ssse3")),
    "x86_64_v3": frozenset(("abm", "avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "movbe", "xsave")),
}
NAMES_OF_X86_64: Final = ("x86_64", "amd64")
PROCESSORS: Final = Path("/proc/cpuinfo")


def levels_of(machine: str) -> tuple[str, ...]:
    """Return the levels to compile for, the lowest first; `machine` is as `platform.machine` names it."""
    return (BASELINE, *X86_64) if machine.lower() in NAMES_OF_X86_64 else (BASELINE,)


def usable_level(processors: Path = PROCESSORS, machine: str | None = None) -> str:
    """Return the highest level whose instructions the processor has, as Linux lists them; else the lowest one."""
    found = BASELINE
    flags = _flags(processors)
    for level in levels_of(machine or platform.machine())[1:]:
        if not flags >= X86_64[level]:
            break
        found = level
    return found


def _flags(processors: Path) -> frozenset[str]:
    """Return the flags of the first processor; none if the system does not list them."""
    try:
        with processors.open(encoding="utf-8", errors="replace") as lines:
            line = next((line for line in lines if line.startswith("flags")), "")
    except OSError:
        return frozenset()
    return frozenset(line.partition(":")[2].split())
