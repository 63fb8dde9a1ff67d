"""The memory of a process with all its children, watched while it runs."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

INTERVAL_SECONDS = 0.25


class Watched:
    """Watches a process; `peak_bytes` is the most that it and its children held together, shared pages counted once."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.peak_bytes = 0
        self._process = process
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> int:
        """The peak, once the process has ended."""
        self._ended.set()
        self._thread.join()
        return self.peak_bytes

    def _watch(self) -> None:
        while not self._ended.wait(INTERVAL_SECONDS):
            held = sum(map(proportional_bytes, family(self._process.pid)))
            self.peak_bytes = max(self.peak_bytes, held)


def family(process_id: int) -> Iterator[int]:
    """A process and all that came from it."""
    yield process_id
    with suppress(OSError):
        for task in Path(f"/proc/{process_id}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from family(int(child))


def proportional_bytes(process_id: int) -> int:
    """What a process holds; a page that n processes share is an n-th of it each."""
    with suppress(OSError, ProcessLookupError):
        for line in Path(f"/proc/{process_id}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
