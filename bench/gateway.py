"""Measure the latency that the gateway adds to a direct call of an upstream, beside that of LiteLLM's proxy."""

import asyncio
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from bench.calls import Seconds
from bench.chats import Target, percentile
from bench.fast_upstream import MODEL, fast_upstream
from bench.report import Section
from tests.end_to_end.server import running
from tests.litellm_proxy import ABSENT, KEY, is_installed, litellm_proxy, relayed
from tests.litellm_proxy import MODEL as PROXY_MODEL

ROUNDS, WARMING = 500, 50
CONNECTIONS, SECONDS = 16, 8
DIRECT, OURS, THEIRS = "direct", "gateway", "LiteLLM's proxy"
ABOUT = f"Before an upstream that answers without delay: one worker, latencies of one caller, rates of {CONNECTIONS}."


def gateway_section() -> Section:
    """Return the section with all rows; added latency is relative to the direct call."""
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as opened:
        targets = dict(started(Path(folder), opened))
        for streamed in (False, True):
            rows += latencies(targets, streamed=streamed)
        for streamed in (False, True):
            what = "streams" if streamed else "plain calls"
            rates = {name: rate(target, streamed=streamed) for name, target in targets.items()}
            rows.append([f"{what} a second", *(f"{rates[name]:.0f}" if name in rates else "" for name in names())])
    about = ABOUT if is_installed() else f"{ABOUT} {ABSENT}"
    return Section("The gateway", about, ("what", *names()), rows)


def names() -> Sequence[str]:
    """Return the names of the columns."""
    return DIRECT, OURS, THEIRS


def started(folder: Path, opened: ExitStack) -> Iterator[tuple[str, Target]]:
    """Yield the upstream, and the proxies in front of it."""
    url = opened.enter_context(fast_upstream())
    yield DIRECT, Target(url, "none", MODEL)
    settings = {
        "UPSTREAM_URL": url,
        "UPSTREAM_MODEL": MODEL,
        "UPSTREAM_VOCABULARY": "o200k_base",
        "LOG_LEVEL": "warning",
    }
    server = opened.enter_context(running(folder / "data", settings))
    yield OURS, Target(f"{server.url}/v1", server.demo_key, "cipher")
    if is_installed():
        proxy = opened.enter_context(litellm_proxy(folder, relayed(url, MODEL)))
        yield THEIRS, Target(proxy, KEY, PROXY_MODEL)


def latencies(targets: Mapping[str, Target], *, streamed: bool) -> Iterator[list[str]]:
    """Yield rows with the median and 99th percentile of whole plain responses or of the first byte of streams."""
    taken = asyncio.run(in_turn(targets, streamed=streamed))
    what = "stream, first byte" if streamed else "plain answer"
    for name, at in (("median", 0.5), ("99 %", 0.99)):
        milliseconds = {target: percentile([one.first for one in taken[target]], at) * 1000 for target in taken}
        yield [f"{what}, {name}", *(cell(milliseconds, target) for target in names())]


async def in_turn(targets: Mapping[str, Target], *, streamed: bool) -> dict[str, list[Seconds]]:
    """Make one call of each in turn, so that load of the machine affects all of them."""
    requests = {name: target.chat(streamed=streamed) for name, target in targets.items()}
    for name, target in targets.items():  # the first call of a server may take longer than others keep a connection
        await (await target.connection()).call(requests[name])
    connections = {name: await target.connection() for name, target in targets.items()}
    taken: dict[str, list[Seconds]] = {name: [] for name in targets}
    for number in range(WARMING + ROUNDS):
        for name, connection in connections.items():
            seconds = await connection.call(requests[name])
            if number >= WARMING:
                taken[name].append(seconds)
    return taken


def cell(milliseconds: Mapping[str, float], name: str) -> str:
    """Return a time, and by how much it exceeds that of the direct call."""
    if name not in milliseconds:
        return ""
    added = milliseconds[name] - milliseconds[DIRECT]
    return f"{milliseconds[name]:.2f} ms" + ("" if name == DIRECT else f" ({added:+.2f})")


def rate(target: Target, *, streamed: bool) -> float:
    """Return the responses per second."""
    return target.rate(target.chat(streamed=streamed), connections=CONNECTIONS, seconds=SECONDS)
