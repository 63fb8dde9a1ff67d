"""Large requests beside small ones, in bounded memory, and through a stop."""

import asyncio
import hashlib
import json
import os
import signal
import threading
import time
from collections.abc import Iterator

import httpx2
import pytest

from tests.end_to_end.conftest import SETTINGS
from tests.end_to_end.numbers import number
from tests.end_to_end.processes import peak_bytes, wait_until_refused, workers
from tests.end_to_end.server import Server, running
from tests.eventually import eventually
from tests.promises.figure import Figure

pytestmark = pytest.mark.timed

# On a machine with nothing else to do the times themselves are held to; elsewhere the order of events is.
TIMED = "PROMISES_TIMED" in os.environ
MAX_LAG_SECONDS = 0.05
IN_FLIGHT = "weighbridge_bytes_in_flight"
SMALL_CALLS = 50
LARGE_WORDS, LETTERS = 35_000, 23
NO_DIGITS = str.maketrans("0123456789", "ghijklmnop")
# A character that NFKC makes eighteen of: the text that costs the most memory for its bytes.
COSTLY_TEXT, COSTLY_CALLS, COSTLY_MODELS = "\ufdfa" * 121_000, 16, 50
CEILING_BYTES = 500_000_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One worker: all calls meet in the same event loop. The last test stops it."""
    # On a busy machine our own callers send a large body slowly.
    patient = {"BODY_TIMEOUT_SECONDS": "120"}
    settings = {**SETTINGS, **patient, "MAX_BYTES_IN_FLIGHT": "8000000", "PRELOAD_VOCABULARIES": "true"}
    with running(tmp_path_factory.mktemp("loaded") / "data", settings) as started:
        yield started


@pytest.mark.promise(33)
def test_small_calls_pass_a_large_one(server: Server, figure: Figure) -> None:
    """While a text of a megabyte is counted for every vocabulary, fifty lists of models are answered, before it is."""
    with httpx2.Client(base_url=server.url, headers={"X-Api-Key": server.demo_key}) as client:
        client.get("/v1/tokens/models").raise_for_status()
        text = prose("bean")
        large = Large(server, text)
        wait_for_bytes(server, 1)
        before = lags(server)
        seconds = sorted(timed(client) for _ in range(SMALL_CALLS))
        assert large.is_alive()
    assert large.status() == 200
    slowest = seconds[-1]
    tried, late = (after - earlier for after, earlier in zip(lags(server), before, strict=True))
    small = (
        f"slowest of {SMALL_CALLS} small calls {slowest * 1000:.0f} ms beside {len(text) / 1e6:.1f} MB for all models"
    )
    figure(f"{small}, the loop late by over {MAX_LAG_SECONDS * 1000:.0f} ms {late:.0f} times of {tried:.0f}")
    assert not TIMED or (slowest < 0.1 and late == 0)


@pytest.mark.promise(34)
def test_memory_has_a_ceiling(server: Server, figure: Figure) -> None:
    """Sixteen of the costliest texts in parallel, for fifty models each, are counted or refused, under the ceiling."""
    assert number(server, IN_FLIGHT) == 0
    (worker,) = workers(server.process.pid)
    before = peak_bytes(worker)
    answers = asyncio.run(costly_answers(server))
    grown = peak_bytes(worker) - before
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) == {200, 503}
    for answer in answers:
        if answer.status_code == 503:
            assert answer.headers["Retry-After"] == "1"
            assert answer.json()["message"] == "Service temporarily unavailable."
    assert grown < CEILING_BYTES
    figure(f"{statuses.count(200)} counted, {statuses.count(503)} told to come back, peak {grown / 1e6:+.0f} MB")
    assert number(server, IN_FLIGHT) == 0


@pytest.mark.promise(37)
def test_requests_under_way_are_answered(server: Server, figure: Figure) -> None:
    """After SIGTERM new connections are refused, a count under way is answered, and the server ends in its time."""
    call = Large(server, prose("corn"))
    wait_for_bytes(server, 1)
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    wait_until_refused(server.port)
    assert call.is_alive(), "the count was over before the server stopped: nothing was shown"
    assert call.status() == 200
    server.stop()
    figure(f"a count under way answered after SIGTERM, gone after {time.monotonic() - began:.1f} s")
    assert "Traceback" not in server.text


def prose(seed: str) -> str:
    """Return a large text whose words occur once, and in no text of another seed, so that no cached count helps; they
    are random letters, which take many tokens."""
    names = (hashlib.sha256(f"{seed}{number}".encode()).hexdigest()[:LETTERS] for number in range(LARGE_WORDS))
    return " ".join(name.translate(NO_DIGITS) for name in names)


class Large(threading.Thread):
    """A count of a text for all models, in a thread of its own."""

    def __init__(self, server: Server, text: str) -> None:
        super().__init__(daemon=True)
        self.server = server
        self.body = {"input": text, "type": "text", "models": ["*"]}
        self.answered = 0
        self.start()

    def run(self) -> None:
        """Call, and wait for the answer."""
        url, headers = f"{self.server.url}/v1/tokens/count", {"X-Api-Key": self.server.demo_key}
        self.answered = httpx2.post(url, json=self.body, headers=headers, timeout=120).status_code

    def status(self) -> int:
        """The status of the answer, when it is there."""
        self.join()
        return self.answered


async def costly_answers(server: Server) -> list[httpx2.Response]:
    """The answers to all costly calls together."""
    headers = {"X-Api-Key": server.demo_key, "Content-Type": "application/json"}
    async with httpx2.AsyncClient(base_url=server.url, headers=headers, timeout=120) as client:
        names = [model["name"] for model in (await client.get("/v1/tokens/models")).json()]
        chosen = names[:: len(names) // COSTLY_MODELS][:COSTLY_MODELS]
        body = json.dumps({"input": COSTLY_TEXT, "type": "text", "models": chosen}, ensure_ascii=False).encode()
        return list(await asyncio.gather(*(client.post("/v1/tokens/count", content=body) for _ in range(COSTLY_CALLS))))


def lags(server: Server) -> tuple[float, float]:
    """How often the event loop's lag was tried, and how often it was over the bound."""
    name = "weighbridge_event_loop_lag_seconds"
    tried = number(server, f"{name}_count")
    return tried, tried - number(server, f'{name}_bucket{{le="{MAX_LAG_SECONDS}"}}')


def timed(client: httpx2.Client) -> float:
    """Seconds of one small call."""
    began = time.monotonic()
    client.get("/v1/tokens/models").raise_for_status()
    return time.monotonic() - began


def wait_for_bytes(server: Server, least: int) -> None:
    """Until the worker holds so much."""
    eventually(lambda: number(server, IN_FLIGHT) >= least, within=60)
