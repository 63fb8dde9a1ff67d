"""Limits of the address space of a process: what it has, and little more."""

import os
import resource
from pathlib import Path


def limit_memory(room_bytes: int, process_id: int | None = None) -> tuple[int, int]:
    """Let a process, by default this one, have so much more than it has. Return the limits that it had."""
    process_id = process_id or os.getpid()
    pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[0])
    before = resource.prlimit(process_id, resource.RLIMIT_AS)
    resource.prlimit(process_id, resource.RLIMIT_AS, (pages * resource.getpagesize() + room_bytes, before[1]))
    return before
