"""Counts a second beside LiteLLM's `/utils/token_counter`, on the same texts of one model."""

import statistics
import tempfile
from pathlib import Path

import httpx2

from bench.chats import Target
from bench.endpoint import service
from bench.gateway import CONNECTIONS, SECONDS
from bench.report import Section
from bench.texts import SMALL, kinds
from tests.litellm_proxy import ABSENT, KEY, MODEL, is_installed, litellm_proxy, mocked

COUNTED_AS = "gpt-4o"
ROUNDS = 2
ABOUT = f"One worker each, one model, a text of 2 kB, {CONNECTIONS} callers; medians of {ROUNDS} rounds in turn."


def counts_section() -> Section:
    """Ours, theirs, and how many times theirs; both must have counted the same."""
    columns = ("what", "counts", "LiteLLM's token_counter", "ratio")
    if not is_installed():
        return Section("Counts beside a peer", ABSENT, columns, [])
    text = kinds(SMALL, 1)[0].fresh[0]
    with (
        tempfile.TemporaryDirectory() as folder,
        service(1) as server,
        litellm_proxy(Path(folder), {**mocked("yes"), "model": f"openai/{COUNTED_AS}"}) as url,
    ):
        ours = Target(f"{server.url}/v1/tokens", server.demo_key, COUNTED_AS)
        theirs = Target(url.removesuffix("/v1"), KEY, MODEL)
        calls: list[tuple[Target, str, dict[str, object]]] = [
            (ours, "/count", {"input": text, "type": "text", "models": [COUNTED_AS]}),
            (theirs, "/utils/token_counter", {"model": MODEL, "prompt": text}),
        ]
        counted = [found(*call) for call in calls]
        if counted[0] != counted[1]:
            raise RuntimeError(f"the counts differ: {counted}")
        rates = [[rate(*call) for call in calls] for _ in range(ROUNDS)]
    mine, peer = (statistics.median(column) for column in zip(*rates, strict=True))
    row = ["a second", f"{mine:,.0f}", f"{peer:,.0f}", f"{mine / peer:.1f}"]
    return Section("Counts beside a peer", ABOUT, columns, [row])


def rate(target: Target, path: str, fields: dict[str, object]) -> float:
    """Answers a second."""
    return target.rate(target.post(path, fields), connections=CONNECTIONS, seconds=SECONDS)


def found(target: Target, path: str, fields: dict[str, object]) -> int:
    """The count of one call."""
    headers = {"Authorization": f"Bearer {target.key}"}
    answer = httpx2.post(target.url + path, json=fields, headers=headers, timeout=60).raise_for_status().json()
    return int(answer[0]["token_count"] if isinstance(answer, list) else answer["total_tokens"])
