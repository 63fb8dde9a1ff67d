"""Processor time that the host of a virtual machine gave to others: what is measured meanwhile is slower by it."""

from pathlib import Path
from typing import NamedTuple

STAT = Path("/proc/stat")
# Of the fields of /proc/stat: idle, waiting for a disk, and stolen.
IDLE, WAITING, STOLEN = 3, 4, 7


class Ticks(NamedTuple):
    """Processor time since the start of the machine: all that was wanted, and what of it went to others."""

    wanted: int
    stolen: int

    def share_since(self, earlier: "Ticks") -> float:
        """The part of the time wanted since then that went to others."""
        return (self.stolen - earlier.stolen) / max(self.wanted - earlier.wanted, 1)


def ticks() -> Ticks:
    """As the kernel tells now; none where it does not."""
    if not STAT.exists():
        return Ticks(0, 0)
    fields = list(map(int, STAT.read_text().split("\n", 1)[0].split()[1:9]))
    return Ticks(sum(fields) - fields[IDLE] - fields[WAITING], fields[STOLEN])
