"""The disk of the data folder is full, and is freed again, while the service runs."""

import os
import shutil
import subprocess
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from service.storage.sql.url import DatabaseUrl
from tests.end_to_end.processes import workers
from tests.end_to_end.server import COMMAND, Server, running
from tests.eventually import eventually
from tests.fake_upstream import MODEL, fake_upstream
from tests.promises.figure import Figure
from tests.service.billing.ledgers import faults_in_the_books
from tests.small_disk import MEBIBYTE, SmallDisk, small_disk

SETTINGS = {
    "RATE_LIMIT_PER_SECOND": "100000",
    "QUOTA_PER_MONTH": "10000000",
    "UPSTREAM_MODEL": MODEL,
    "UPSTREAM_VOCABULARY": "cl100k_base",
    "REDIS_TIMEOUT_SECONDS": "1",
    "MAX_TEXT_CHARACTERS": "4000000",
}
LIMITS = ("prlimit", f"--as={512 * MEBIBYTE}", "--nofile=64")
LARGE_AT_ONCE, LARGE_COUNTS = 4, 8
LARGE: dict[str, Any] = {"input": "Ein wenig längerer Text. " * 150_000, "type": "text", "models": ["*"]}
CHAT: dict[str, Any] = {"model": "cipher", "messages": [{"role": "user", "content": "hello"}]}
COUNT: dict[str, Any] = {"input": "hello", "type": "text", "models": ["gpt-4o"]}
RECOVERY_SECONDS = 60
# What may be answered while nothing can be stored, by what was asked.
FULL = {"health": {200}, "count": {200, 503}, "chat": {503}, "key": {503}, "metrics": {200}}
USUAL = {"health": {200}, "count": {200}, "chat": {200}, "key": {200}, "metrics": {200}}
# Of the pauses between two keys that are made: an account may have made so many only.
KEY_SECONDS = 0.1


class Callers:
    """Threads that call the service in one way each, until the block ends; statuses by what was asked."""

    def __init__(self, server: Server, session: str) -> None:
        self.server = server
        self.session = {"Authorization": f"Bearer {session}"}
        self.seen: defaultdict[str, Counter[int]] = defaultdict(Counter)
        self.broken: list[Exception] = []
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._call, args=(name,)) for name in USUAL]

    def statuses(self, name: str) -> set[int]:
        """What was answered since `begin_anew`."""
        return set(self.seen[name])

    def begin_anew(self) -> None:
        """Forget what was seen."""
        self.seen = defaultdict(Counter)

    def have_seen(self, number: int) -> bool:
        """Whether each way has so many answers."""
        return all(self.seen[name].total() >= number for name in USUAL)

    def has_seen_refusals(self) -> bool:
        """Whether a call was refused that has to be stored."""
        return bool(self.seen["chat"][503] and self.seen["key"][503])

    def has_seen_both_stored(self) -> bool:
        """Whether such calls were answered."""
        return bool(self.seen["chat"][200] and self.seen["key"][200])

    def _call(self, name: str) -> None:
        with httpx2.Client(base_url=self.server.url, headers={"X-Api-Key": self.server.demo_key}, timeout=60) as client:
            while not self._ended.wait(KEY_SECONDS if name == "key" else 0):
                try:
                    self.seen[name][self._ask(client, name)] += 1
                except httpx2.TransportError as error:
                    self.broken.append(error)

    def _ask(self, client: httpx2.Client, name: str) -> int:
        if name == "count":
            return client.post("/v1/tokens/count", json=COUNT).status_code
        if name == "chat":
            return client.post("/v1/chat/completions", json=CHAT).status_code
        if name == "key":
            return self._make_key(client)
        return client.get(f"/{name}").status_code

    def _make_key(self, client: httpx2.Client) -> int:
        made = client.post("/api/gateway/keys", json={}, headers=self.session)
        if made.status_code == 200:
            body = made.json()
            self.server.keys.append(body["value"])
            client.delete(f"/api/gateway/keys/{body['id']}", headers=self.session)
        return made.status_code

    def __enter__(self) -> "Callers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(60)


@contextmanager
def on_a_small_disk(folder: Path, under: Sequence[str] = ()) -> Iterator[tuple[SmallDisk, Server]]:
    """A server with two workers, all of whose data are on a disk of 6 MB."""
    with small_disk(folder / "disk") as disk, fake_upstream() as upstream:
        settings = {**SETTINGS, "UPSTREAM_URL": upstream.url}
        with running(disk.folder / "data", settings, "--workers", "2", under=under) as server:
            eventually(lambda: len(workers(server.process.pid)) == 2, within=60)
            yield disk, server


def faults(server: Server) -> set[str]:
    """The stores that are not well, as the service says."""
    answer = httpx2.get(f"{server.url}/ready", timeout=30)
    named = {name for name, text in answer.json().items() if name in ("counters", "accounts") and text != "ok"}
    assert answer.status_code == (503 if named else 200)
    return named


@pytest.mark.promise(42)
def test_a_full_disk_stops_only_what_is_stored(tmp_path: Path, figure: Figure) -> None:
    """While the disk is full the same workers answer: health and numbers always, what is stored with 503, and nothing
    with 500. When there is room again all is answered and counted as before, without a restart."""
    with on_a_small_disk(tmp_path) as (disk, server):
        same = workers(server.process.pid)
        with Callers(server, server.new_session("ada@example.org")) as callers:
            eventually(lambda: callers.have_seen(5), within=60)
            assert {name: callers.statuses(name) for name in USUAL} == USUAL
            disk.fill()
            eventually(callers.has_seen_refusals, within=60)
            callers.begin_anew()
            eventually(lambda: {"counters", "accounts"} <= faults(server), within=60)
            eventually(lambda: callers.have_seen(5), within=60)
            full = {name: callers.seen[name].total() for name in USUAL}
            assert {name for name in USUAL if callers.statuses(name) - FULL[name]} == set(), callers.seen
            freed_at = time.monotonic()
            disk.free()
            eventually(callers.has_seen_both_stored, within=RECOVERY_SECONDS)
            recovery_seconds = time.monotonic() - freed_at
            callers.begin_anew()
            eventually(lambda: callers.have_seen(5), within=60)
            assert {name: callers.statuses(name) for name in USUAL} == USUAL
        assert callers.broken == []
        assert workers(server.process.pid) == same
        server.stop()
        assert "Traceback" not in server.text
        assert faults_in_the_books(DatabaseUrl.of_file(disk.folder / "data" / "weighbridge.db")) == []
    answers = f"{full['health']} of /health answered, {full['chat']} chats refused"
    figure(f"{answers} on a full disk; stored again {recovery_seconds:.1f} s after it was freed")


@pytest.mark.promise(42)
def test_little_of_everything(tmp_path: Path, figure: Figure) -> None:
    """With 64 descriptors, 512 MB of address space and a full disk of 6 MB, and counts that need more memory than there
    is, health is answered throughout by the same workers, and everything else or 503."""
    if shutil.which("prlimit") is None:
        pytest.skip("there is no prlimit here")
    with on_a_small_disk(tmp_path, LIMITS) as (disk, server):
        same = workers(server.process.pid)
        with Callers(server, server.new_session("ada@example.org")) as callers:
            with ThreadPoolExecutor(LARGE_AT_ONCE) as pool:
                large = [pool.submit(count_large, server) for _ in range(LARGE_COUNTS)]
                disk.fill()
                statuses = Counter(one.result() for one in large)
            disk.free()
            eventually(callers.has_seen_both_stored, within=RECOVERY_SECONDS)
        assert {name for name in USUAL if callers.statuses(name) - {200, 503}} == set(), callers.seen
        assert statuses[500] == 0
        assert callers.statuses("health") == {200}
        assert callers.broken == []
        assert workers(server.process.pid) == same
    figure(f"512 MB of addresses: {callers.seen['health'].total()} of /health answered, large counts {dict(statuses)}")


def count_large(server: Server) -> int:
    """The status of one large count for all models; 0 if there was no memory even to take the request."""
    headers = {"X-Api-Key": server.demo_key}
    try:
        return httpx2.post(f"{server.url}/v1/tokens/count", json=LARGE, headers=headers, timeout=120).status_code
    except httpx2.TransportError:
        return 0


@pytest.mark.promise(42)
def test_a_start_on_a_full_disk_ends_with_one_sentence(tmp_path: Path) -> None:
    """It says what is wrong and leaves nothing behind that would be in the way of the next start."""
    with small_disk(tmp_path / "disk", MEBIBYTE) as disk:
        disk.fill()
        environ = {**os.environ, "WEIGHBRIDGE_DATA_DIR": str(disk.folder / "data")}
        command = [*COMMAND, "serve", "--port", "0", "--workers", "1"]
        ended = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
        assert ended.returncode == 1
        (sentence,) = ended.stderr.splitlines()
        assert sentence.startswith("Error: ")
        assert "full" in sentence
        disk.free()
        with running(disk.folder / "data") as server:
            assert faults(server) == set()
