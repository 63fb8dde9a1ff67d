"""A real `weighbridge serve` in a process of its own, on a free port and a data folder of its own."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Queue

import httpx2
from click.testing import CliRunner

from service.cli.main import main
from tests.end_to_end.leaks import leaks
from tests.logs import UNWRITABLE_LOG

COMMAND = [sys.executable, "-m", "service"]
START_SECONDS = 60
PASSWORD = "correct horse battery"


class Server:
    """A running server: its address, its demo key, and all that it prints."""

    def __init__(self, process: "subprocess.Popen[str]", environ: Mapping[str, str]) -> None:
        self.process = process
        self.environ = environ
        self.output: list[str] = []
        # Secrets that were used with it, besides those in its settings. They may be nowhere in the end.
        self.keys: list[str] = []
        self.sessions: list[str] = []
        self.passwords: list[str] = [PASSWORD]
        self._lines: Queue[str | None] = Queue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.url = self._printed(r"(http://\S+:\d+)")
        self.demo_key = self._printed(r"(atms_sk_[0-9A-Za-z]+)")

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.url.rpartition(":")[2])

    @property
    def text(self) -> str:
        """Everything printed so far, on both streams."""
        return "".join(self.output)

    def new_key(self, account: str, *options: str) -> str:
        """A new key of an account, made by the command line."""
        command = ["keys", "create", "--account", account, "--json", *options]
        # Here, not in a process of its own: that would take a second only to import itself.
        done = CliRunner().invoke(main, command, env=dict(self.environ), catch_exceptions=False)
        key: str = json.loads(done.stdout)["key"]
        self.keys.append(key)
        return key

    def new_session(self, email: str) -> str:
        """A session of a new console user, whom the command line makes."""
        subprocess.run(
            [*COMMAND, "users", "create", email, "--account", "console", "--password-stdin"],
            env=self.environ, check=True, capture_output=True, text=True, input=PASSWORD + "\n",
        )  # fmt: skip
        login = httpx2.post(f"{self.url}/api/console/session", json={"email": email, "password": PASSWORD})
        token: str = login.raise_for_status().json()["access_token"]
        self.sessions.append(token)
        return token

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """End it and wait; answers the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        status = self.process.wait(timeout=60)
        self._reader.join(timeout=60)
        return status

    def numbers(self) -> list[str]:
        """What it says at /metrics; nothing if it is gone."""
        try:
            return [httpx2.get(f"{self.url}/metrics", timeout=30).text]
        except httpx2.TransportError:
            return []

    def wait_for(self, pattern: str) -> str:
        """Wait until a line with `pattern` is printed."""
        return self._printed(f"({pattern})")

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                self.output.append(line)
                self._lines.put(line)
        self._lines.put(None)

    def _printed(self, pattern: str) -> str:
        while (line := self._lines.get(timeout=START_SECONDS)) is not None:
            if found := re.search(pattern, line):
                return found[1]
        raise AssertionError(f"the server ended without printing {pattern}:\n{self.text}")


@contextmanager
def running(
    data_dir: Path,
    settings: Mapping[str, str] | None = None,
    *options: str,
    descriptors: int | None = None,
    under: Sequence[str] = (),
) -> Iterator[Server]:
    """A server for the time of the block; `settings` are WEIGHBRIDGE_ variables without the prefix, `under` is a
    command that runs it.

    Each of its processes may have `descriptors` open at most.

    In the end no secret that was used with it may be in its output, its numbers or its files.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith("WEIGHBRIDGE_")}
    environ |= {f"WEIGHBRIDGE_{name}": value for name, value in (settings or {}).items()}
    environ["WEIGHBRIDGE_DATA_DIR"] = str(data_dir)
    # A busy machine must not look like a lost store.
    environ.setdefault("WEIGHBRIDGE_REDIS_TIMEOUT_SECONDS", "10")
    # Most tests count with few vocabularies: those load at their first use, and the start is quick.
    environ.setdefault("WEIGHBRIDGE_PRELOAD_VOCABULARIES", "false")
    few = [] if descriptors is None else ["prlimit", f"--nofile={descriptors}"]
    with Path("/dev/full").open("w") as full:
        process = subprocess.Popen(
            [*under, *few, *COMMAND, "serve", "--demo", "--port", "0", *options],
            env=environ, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=full if UNWRITABLE_LOG in os.environ else subprocess.STDOUT,
        )  # fmt: skip
    try:
        server = Server(process, environ)
        yield server
        numbers = server.numbers()
        server.stop()
        assert leaks(server, numbers) == []
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
