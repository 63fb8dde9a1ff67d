"""A service whose standard output and standard error cannot be written serves as any other."""

import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.end_to_end.processes import workers
from tests.end_to_end.server import COMMAND
from tests.eventually import eventually

TEXT = {"input": "Felis nunc phasellus", "type": "text", "models": ["gpt-4o"]}
LINES_TO_FILL_THE_BUFFER = 400


@contextmanager
def mute_server(folder: Path, redirection: str) -> Iterator[tuple["subprocess.Popen[bytes]", httpx2.Client]]:
    """`weighbridge serve` with this redirection of the shell, and a client that holds its demo key."""
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    environ = {**os.environ, "WEIGHBRIDGE_DATA_DIR": str(folder), "WEIGHBRIDGE_PRELOAD_VOCABULARIES": "false"}
    environ |= {"WEIGHBRIDGE_RATE_LIMIT_PER_SECOND": "100000", "WEIGHBRIDGE_LOG_LEVEL": "debug"}
    options = ["serve", "--demo", "--workers", "2", "--port", str(port)]
    command = ["sh", "-c", f'exec "$0" "$@" {redirection}', *COMMAND, *options]
    process = subprocess.Popen(command, env=environ, start_new_session=True)
    try:
        with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            eventually(lambda: process.poll() is not None or is_up(client), within=60)
            assert process.poll() is None, f"it ended with status {process.returncode}"
            client.headers["X-Api-Key"] = (folder / "demo-key").read_text().strip()
            yield process, client
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def is_up(client: httpx2.Client) -> bool:
    """Whether it answers yet."""
    try:
        return client.get("/health").status_code == 200
    except httpx2.TransportError:
        return False


@pytest.mark.promise(48)
@pytest.mark.parametrize("redirection", [">/dev/full 2>&1", ">&- 2>&-"])
def test_serve_without_a_word(redirection: str, tmp_path: Path) -> None:
    """It starts, answers, replaces a worker that died, counts the lines that it could not write, and stops well."""
    with mute_server(tmp_path, redirection) as (process, client):
        for _ in range(LINES_TO_FILL_THE_BUFFER):
            assert client.post("/v1/tokens/count", json=TEXT).json()[0]["token_count"] == 6
        first, other = workers(process.pid)
        os.kill(first, signal.SIGKILL)
        eventually(lambda: len(workers(process.pid)) == 2 and first not in workers(process.pid), within=30)
        assert other in workers(process.pid)
        eventually(lambda: is_up(client), within=30)
        if "full" in redirection:
            eventually(lambda: lost_lines(client) > 0, within=10)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0


def lost_lines(client: httpx2.Client) -> float:
    """Return the number of lost lines, from /metrics."""
    (line,) = [line for line in client.get("/metrics").text.splitlines() if line.startswith("weighbridge_log_lines_l")]
    return float(line.split()[-1])
