"""Compare the endpoint, with keys and limits, with a bare application on the same server; measure start and memory."""

import json
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2

from bench.load import Target, requests_per_second
from bench.texts import SMALL, kinds
from tests.end_to_end.server import Server, running

# A text is cut once a vocabulary: the first five have one between them, the others one each.
ONE_VOCABULARY = ("gpt-4o", "gpt-4o-mini", "gpt-4.1", "o3", "gpt-5")
MODELS = ("gpt-4o", "gpt-4", "llama-3.1-8b", "qwen3-8b", "deepseek-chat")
SETTINGS = {
    "RATE_LIMIT_PER_SECOND": "1000000",
    "QUOTA_PER_MONTH": "1000000000",
    "LOG_LEVEL": "warning",
    "PRELOAD_VOCABULARIES": "true",
}
ROUNDS = 15


def served() -> Iterator[tuple[str, str, str]]:
    """Yield rows with figures for five models of one vocabulary, and for five vocabularies."""
    columns = [dict(_served(models)) for models in (ONE_VOCABULARY, MODELS)]
    yield from ((name, value, columns[1][name]) for name, value in columns[0].items())


def _served(models: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield requests per second with one and two workers and of the bare application, measured in turns."""
    texts = kinds(SMALL, 200)[0]
    bodies = [json.dumps({"input": text, "type": "text", "models": models}).encode() for text in texts.fresh]
    with service(1) as one, service(2) as two:
        answers = [_answer(server, bodies[0]) for server in (one, two)]
        with bare(answers[0]) as url:
            turn = (Target(url), Target(one.url, one.demo_key), Target(two.url, two.demo_key))
            rounds = [tuple(requests_per_second(server, bodies) for server in turn) for _ in range(ROUNDS)]
    share = statistics.median(single / plain for plain, single, _ in rounds)
    twice = statistics.median(double / single for _, single, double in rounds)
    plain, single, double = map(statistics.median, zip(*rounds, strict=True))
    yield "share of the bare application's requests per second, one worker", f"{share:.2f}"
    yield "two workers, times one", f"{twice:.2f}"
    yield "requests per second: bare, one worker, two workers", f"{plain:,.0f}, {single:,.0f}, {double:,.0f}"


def _answer(server: Server, body: bytes) -> str:
    """Return the headers and body of a reply as JSON, without the date, which the HTTP server adds."""
    headers = {"X-Api-Key": server.demo_key, "Content-Type": "application/json"}
    reply = httpx2.post(f"{server.url}/v1/tokens/count", content=body, headers=headers).raise_for_status()
    return json.dumps(([pair for pair in reply.headers.multi_items() if pair[0] != "date"], reply.text))


def start_and_memory() -> Iterator[tuple[str, str]]:
    """Yield the seconds until the service is ready, and the memory of the first and of each further worker."""
    started = time.perf_counter()
    with service(1) as server:
        yield "start until ready, empty data folder", f"{time.perf_counter() - started:.1f} s"
    with service(2) as server:
        first, second = children(server.process.pid)
        yield "resident memory of a worker after the start", f"{memory(first, 'Rss'):.0f} MB"
        whole = memory(server.process.pid, "Pss") + memory(first, "Pss") + memory(second, "Pss")
        yield "parent and two workers together (proportional)", f"{whole:.0f} MB"
        yield "of that a second worker", f"{memory(second, 'Pss'):.0f} MB, private {private(second):.0f} MB"
    with service(1) as server:
        body = {"input": "all of them", "type": "text", "models": ["*"]}
        httpx2.post(
            f"{server.url}/v1/tokens/count", json=body, headers={"X-Api-Key": server.demo_key}, timeout=120
        ).raise_for_status()
        worker = children(server.process.pid)[0]
        yield "resident memory of a worker with every vocabulary of a model loaded", f"{memory(worker, 'Rss'):.0f} MB"


@contextmanager
def service(workers: int) -> Iterator[Server]:
    """Yield a running service with `workers` workers and limits that are never reached."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running(Path(folder) / "data", SETTINGS, "--workers", str(workers)) as server,
    ):
        httpx2.get(f"{server.url}/health", timeout=60).raise_for_status()
        while len(children(server.process.pid)) < workers:  # one is enough to answer
            time.sleep(0.01)
        yield server


@contextmanager
def bare(answer: str) -> Iterator[str]:
    """Yield the address of the bare application, running in a separate process."""
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.bare", str(listener.fileno()), answer], pass_fds=[listener.fileno()]
        )
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            process.terminate()
            process.wait()


def children(parent: int) -> list[int]:
    """Return the process ids of the workers."""
    found = [int(pid) for pid in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]
    return [pid for pid in found if "valkey" not in Path(f"/proc/{pid}/cmdline").read_text()]


def memory(process: int, what: str) -> float:
    """Return the memory of a process in MB, as the kernel counts it."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(f"{what}:")) / 1024


def private(process: int) -> float:
    """Return the memory of a process in MB that it shares with no other."""
    return memory(process, "Private_Dirty") + memory(process, "Private_Clean")
