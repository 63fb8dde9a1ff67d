"""A job: all that a worker needs to know to count any shard. It travels to processes and to other machines."""

from pathlib import Path
from typing import NamedTuple

from estimation.meter import Meter
from estimation.reading.batch import Reading
from estimation.workload import Workload


class Job(NamedTuple):
    """What to count, and how to read. `parts` is the folder for the parts of a file with all texts, if there is one."""

    meters: tuple[Meter, ...]
    workload: Workload
    reading: Reading = Reading()
    parts: Path | None = None

    @property
    def counters(self) -> tuple[str, ...]:
        """What has to be loaded."""
        return tuple(meter.counter for meter in self.meters)
