"""How many processors a process may use: its affinity and the quotas of its control groups."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.promises.figure import Figure
from tokenizer_registry.processors import CGROUPS, usable_processors

LARGE_HOST = 64
PRINT = "from tokenizer_registry.processors import usable_processors as n; print(n())"


def written(root: Path, files: dict[str, str]) -> Path:
    """Return a folder with these files."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


@pytest.mark.promise(49)
@pytest.mark.parametrize(
    ("membership", "files", "expected"),
    [
        pytest.param("0::/\n", {"cpu.max": "200000 100000\n"}, 2, id="a container of version 2"),
        pytest.param("0::/\n", {"cpu.max": "max 100000\n"}, LARGE_HOST, id="version 2 without a limit"),
        pytest.param("0::/pod/app\n", {"pod/app/cpu.max": "max 100000", "pod/cpu.max": "300000 100000"}, 3, id="pod"),
        pytest.param("0::/a/b\n", {"a/b/cpu.max": "400000 100000", "a/cpu.max": "150000 100000"}, 2, id="the smallest"),
        pytest.param("0::/a\n", {"a/cpu.max": "50000 100000\n"}, 1, id="half a processor"),
        pytest.param("0::/a\n", {"a/cpu.max": "250000 100000\n"}, 3, id="two and a half"),
        pytest.param("0::/a\n", {"a/cpu.max": "9900000 100000\n"}, LARGE_HOST, id="more than there are"),
        pytest.param("0::/host/name\n", {"cpu.max": "200000 100000\n"}, 2, id="its own group mounted as the root"),
        pytest.param(
            "4:cpu,cpuacct:/docker/1\n0::/\n",
            {"cpu,cpuacct/docker/1/cpu.cfs_quota_us": "200000", "cpu,cpuacct/docker/1/cpu.cfs_period_us": "100000"},
            2,
            id="version 1",
        ),
        pytest.param(
            "9:memory:/x\n1:cpu:/docker/1\n",
            {"cpu/cpu.cfs_quota_us": "100000\n", "cpu/cpu.cfs_period_us": "50000\n"},
            2,
            id="version 1 mounted as the root",
        ),
        pytest.param(
            "1:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, LARGE_HOST, id="no quota"
        ),
        pytest.param("0::/a\n", {"a/cpu.max": "nonsense\n"}, LARGE_HOST, id="not understood"),
        pytest.param("", {}, LARGE_HOST, id="no control groups"),
    ],
)
def test_a_quota_counts_on_a_host_of_many_processors(
    tmp_path: Path, membership: str, files: dict[str, str], expected: int
) -> None:
    """The smallest of the quotas of the groups and the affinity holds; a part of a processor counts as one."""
    written(tmp_path / "cgroup", files)
    names = written(tmp_path, {"membership": membership}) / "membership"
    assert usable_processors(tmp_path / "cgroup", names, LARGE_HOST) == expected


def test_without_any_file_the_affinity_holds(tmp_path: Path) -> None:
    """Without control groups, as on other systems, the affinity holds."""
    assert usable_processors(tmp_path / "none", tmp_path / "nothing", 7) == 7


@pytest.mark.promise(49)
@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_the_affinity_of_a_real_process_counts() -> None:
    """A process that may run on only one processor of a machine with more counts one."""
    one = min(os.sched_getaffinity(0))
    done = subprocess.run(
        [sys.executable, "-c", f"import os; os.sched_setaffinity(0, {{{one}}}); {PRINT}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["1"]


@pytest.mark.promise(49)
def test_the_quota_of_a_real_control_group_counts(figure: Figure) -> None:
    """A process in a group with a quota of one processor of this machine counts one."""
    before = usable_processors()
    with control_group() as members:
        done = subprocess.run(
            [sys.executable, "-c", f"import os; open({str(members)!r}, 'w').write(str(os.getpid())); {PRINT}"],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
    assert done.stdout.split() == ["1"]
    figure(f"a group of 1 processor on a host of {before}")


@contextmanager
def control_group() -> Iterator[Path]:
    """Yield the file to which the members of a new group with a quota of one processor are written."""
    group = _new_group(f"weighbridge-test-{os.getpid()}")
    if group is None:
        pytest.skip("this user may make no control group with a quota of processors here")
    try:
        yield group / "cgroup.procs"
    finally:
        group.rmdir()


def _new_group(name: str) -> Path | None:
    quotas = ((CGROUPS, "cpu.max", "100000 100000"), (CGROUPS / "unified", "cpu.max", "100000 100000"))
    older = tuple((CGROUPS / mount, "cpu.cfs_quota_us", "100000") for mount in ("cpu", "cpu,cpuacct"))
    for mount, file, quota in quotas + older:
        if not (mount / "cgroup.procs").exists():
            continue
        group = mount / name
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            (group / file).write_text(quota)
        except OSError:
            group.rmdir()
        else:
            return group
    return None
