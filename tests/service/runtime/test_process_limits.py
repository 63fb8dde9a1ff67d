"""If address space is limited, threads use little of it."""

import subprocess
import sys

THREADS = 20
PROGRAM = f"""
import resource, threading
from pathlib import Path
from service.runtime.process_limits import spare_address_space

def size():
    return int(Path("/proc/self/statm").read_text().split()[0]) * 4096

resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
spare_address_space()
before, go = size(), threading.Event()
started = threading.Barrier({THREADS} + 1)

def work():
    taken = [bytes(100_000) for _ in range(10)]
    started.wait()
    go.wait()

threads = [threading.Thread(target=work) for _ in range({THREADS})]
for thread in threads:
    thread.start()
started.wait()
print((size() - before) // {THREADS})
go.set()
"""


def test_a_thread_takes_little_address_space() -> None:
    """A thread uses a few megabytes for its stack and its allocations, instead of 72."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    assert int(done.stdout) < 8_000_000
