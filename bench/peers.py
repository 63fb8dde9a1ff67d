"""Compare counts per second with LiteLLM's `/utils/token_counter`, on the same texts of one model."""

import json
import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path

import httpx2

from bench.endpoint import service
from bench.gateway import CONNECTIONS
from bench.load import SECONDS, Target, requests_per_second
from bench.report import Section
from bench.texts import SMALL, kinds
from tests.litellm_proxy import ABSENT, KEY, MODEL, is_installed, litellm_proxy, mocked
from tokenizer_registry import Registry

COUNTED_AS = "gpt-4o"
TEXTS = 200
ROUNDS = 15
ABOUT = (
    f"One worker each, one model, {TEXTS} texts of 2 kB in turn, {CONNECTIONS} callers; "
    f"medians of {ROUNDS} rounds of {SECONDS} second in turn."
)


def counts_section() -> Section:
    """Return our rate, theirs and the ratio, and how many texts each counts as the reference library does."""
    columns = ("what", "counts", "LiteLLM's token_counter", "ratio")
    if not is_installed():
        return Section("Counts beside a peer", ABSENT, columns, [])
    texts = kinds(SMALL, TEXTS)[0].fresh
    ours = [json.dumps({"input": text, "type": "text", "models": [COUNTED_AS]}).encode() for text in texts]
    theirs = [json.dumps({"model": MODEL, "prompt": text}).encode() for text in texts]
    with (
        tempfile.TemporaryDirectory() as folder,
        service(1) as server,
        litellm_proxy(Path(folder), {**mocked("yes"), "model": f"openai/{COUNTED_AS}"}) as url,
    ):
        peer = Target(url.removesuffix("/v1"), f"Bearer {KEY}", "Authorization", "/utils/token_counter")
        pairs = ((Target(server.url, server.demo_key), ours), (peer, theirs))
        right = [str(as_owner(*pair, texts)) for pair in pairs]
        rates = [[requests_per_second(*pair, connections=CONNECTIONS) for pair in pairs] for _ in range(ROUNDS)]
    mine, other = (statistics.median(column) for column in zip(*rates, strict=True))
    rows = [
        ["a second", f"{mine:,.0f}", f"{other:,.0f}", f"{mine / other:.1f}"],
        [f"of {TEXTS} texts counted as tiktoken does", *right, ""],
    ]
    return Section("Counts beside a peer", ABOUT, columns, rows)


def as_owner(target: Target, bodies: Sequence[bytes], texts: Sequence[str]) -> int:
    """Return how many of the texts get the count of the reference library."""
    owner = Registry.from_package(fast=False)
    expected = [owner.count(text, [COUNTED_AS])[0].tokens for text in texts]
    return sum(found(target, body) == count for body, count in zip(bodies, expected, strict=True))


def found(target: Target, body: bytes) -> int:
    """Return the count of one call."""
    headers = {target.header: target.key, "Content-Type": "application/json"}
    answer = httpx2.post(target.url + target.path, content=body, headers=headers, timeout=60).raise_for_status().json()
    return int(answer[0]["token_count"] if isinstance(answer, list) else answer["total_tokens"])
