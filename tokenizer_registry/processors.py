"""How many processors this process may use: by its affinity, and by the quota of its control groups."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

CGROUPS: Final = Path("/sys/fs/cgroup")
MEMBERSHIP: Final = Path("/proc/self/cgroup")
V2_QUOTA: Final = "cpu.max"
V1_QUOTA, V1_PERIOD = "cpu.cfs_quota_us", "cpu.cfs_period_us"
# Where systems mount the controller of version 1.
V1_FOLDERS: Final = ("cpu", "cpu,cpuacct", "cpuacct,cpu")
V2_FOLDERS: Final = (".", "unified")


def usable_processors(cgroups: Path = CGROUPS, membership: Path = MEMBERSHIP, affinity: int | None = None) -> int:
    """Return how many processors this process may use, at least 1.

    A quota of two and a half processors counts as three. `affinity` is how many the scheduler allows, if not what it
    says; `cgroups` is where the control groups are mounted, `membership` the file that names those of the process.
    """
    allowed = _affinity() if affinity is None else affinity
    quotas = (quota for folder in _folders(cgroups, membership) if (quota := _quota(folder)) is not None)
    return max(1, min([allowed, *quotas]))


def _affinity() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _folders(cgroups: Path, membership: Path) -> Iterator[Path]:
    """The groups of this process and all groups around them: the smallest quota of them holds.

    Inside of a container its own group is often mounted as the root, while its name still is that of the host.
    """
    for controllers, name in _groups(membership):
        mounts = V2_FOLDERS if not controllers else V1_FOLDERS if "cpu" in controllers.split(",") else ()
        for mount in mounts:
            group = cgroups / mount / name.strip("/")
            around = cgroups / mount
            yield group
            yield from (parent for parent in group.parents if parent.is_relative_to(around))


def _groups(membership: Path) -> Iterator[tuple[str, str]]:
    """The controllers, none for version 2, and the name of each group: lines such as `4:cpu,cpuacct:/name`."""
    try:
        lines = membership.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return
    for line in lines:
        _, _, rest = line.partition(":")
        controllers, _, name = rest.partition(":")
        yield controllers, name


def _quota(folder: Path) -> int | None:
    """The processors that a group may use, rounded up; None where it has no limit."""
    limit = _read(folder / V2_QUOTA) or [*_read(folder / V1_QUOTA), *_read(folder / V1_PERIOD)]
    match [word for word in limit if word.isdigit()]:
        case [quota, period] if int(quota) and int(period):
            return -(-int(quota) // int(period))
    return None


def _read(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii", errors="replace").split()
    except OSError:
        return []
