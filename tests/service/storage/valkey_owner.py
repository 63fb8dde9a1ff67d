"""A process that owns an embedded store: prints the server's process id.

Arguments: FOLDER, and `wait` to wait to be killed, or `fork` to stop the store while a forked worker lives on.
"""

import os
import signal
import sys
from pathlib import Path

import redis

from service.storage.embedded_valkey import EmbeddedValkey


def own(folder: Path, then: str) -> None:
    """Start a store, print the server's process id, then wait or fork."""
    store = EmbeddedValkey(folder)
    store.start()
    with redis.Redis.from_url(store.url) as client:
        client.set("key", "kept")
        sys.stdout.write(f"{client.info('server')['process_id']}\n")
        sys.stdout.flush()
    if then == "wait":
        signal.pause()
    worker = os.fork()
    if not worker:
        signal.pause()
    store.stop()
    sys.stdout.write(f"stopped, worker {worker}\n")
    os.kill(worker, signal.SIGKILL)


if __name__ == "__main__":
    own(Path(sys.argv[1]), sys.argv[2])
