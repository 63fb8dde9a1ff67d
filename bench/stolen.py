"""Stolen time: processor time that the host of a virtual machine gave to others, which makes measurements slower."""

from pathlib import Path
from typing import NamedTuple

STAT = Path("/proc/stat")
# Of the fields of /proc/stat: idle, waiting for a disk, and stolen.
IDLE, WAITING, STOLEN = 3, 4, 7


class Ticks(NamedTuple):
    """Processor time since the machine was started, in ticks: all that was wanted, and the stolen part of it."""

    wanted: int
    stolen: int

    def share_since(self, earlier: "Ticks") -> float:
        """Return the stolen part of the processor time wanted since `earlier`, from 0 to 1."""
        return (self.stolen - earlier.stolen) / max(self.wanted - earlier.wanted, 1)


def ticks() -> Ticks:
    """Return the current ticks; zeros where the kernel does not report them."""
    if not STAT.exists():
        return Ticks(0, 0)
    fields = list(map(int, STAT.read_text().split("\n", 1)[0].split()[1:9]))
    return Ticks(sum(fields) - fields[IDLE] - fields[WAITING], fields[STOLEN])
