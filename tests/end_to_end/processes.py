"""What the system tells of processes."""

from pathlib import Path


def children(pid: int) -> list[int]:
    """The processes that a process began."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def workers(pid: int) -> list[int]:
    """The workers of a server, without its store."""
    return [child for child in children(pid) if b"valkey" not in Path(f"/proc/{child}/cmdline").read_bytes()]


def peak_bytes(pid: int) -> int:
    """The most memory that a process ever had."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
