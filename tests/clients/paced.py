"""A thousand calls of OpenAI's SDK with pauses between them, and without retries: a connection that is reset is seen.

Each client keeps its connection between its calls, for pauses that are shorter and longer than the gateway keeps it.
"""

import random
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import openai

from tests.end_to_end.conftest import SETTINGS
from tests.end_to_end.server import running
from tests.fake_upstream import MODEL, FakeUpstream

CLIENTS, CALLS_EACH = 100, 10
PAUSE_SECONDS = (1.0, 10.0)


class Paced(NamedTuple):
    """How many calls were answered, what became of the others, and how long all took."""

    answered: int
    errors: Counter[str]
    seconds: float

    @property
    def failed(self) -> bool:
        """Whether a call was not answered."""
        return bool(self.errors)

    @property
    def sentence(self) -> str:
        """Return the sentence below the table: calls answered and failed, clients, pauses and time."""
        others = ", ".join(f"{count} {name}" for name, count in self.errors.items()) or "none reset"
        low, high = PAUSE_SECONDS
        return (
            f"{self.answered:,} of {CLIENTS * CALLS_EACH:,} paced calls of openai (Python) {openai.__version__} were "
            f"answered, {others}: {CLIENTS} clients, pauses of {low:g} to {high:g} s, no retries, {self.seconds:.0f} s."
        )


def paced_calls(upstream: FakeUpstream, folder: Path) -> Paced:
    """Make them, with all clients side by side."""
    settings = {**SETTINGS, "UPSTREAM_URL": upstream.url, "UPSTREAM_MODEL": MODEL}
    with running(folder, settings) as server:
        started = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as threads:
            url, key = f"{server.url}/v1", server.demo_key
            results = list(threads.map(lambda seed: list(_calls(seed, url, key)), range(CLIENTS)))
        seconds = time.monotonic() - started
    counted = Counter(result for client in results for result in client)
    answered = counted.pop("answered", 0)
    return Paced(answered, counted, seconds)


def _calls(seed: int, url: str, key: str) -> Iterator[str]:
    pauses = random.Random(seed)
    messages: Any = [{"role": "user", "content": "Hello"}]
    with openai.OpenAI(base_url=url, api_key=key, max_retries=0) as client:
        for number in range(CALLS_EACH):
            time.sleep(pauses.uniform(*PAUSE_SECONDS) if number else pauses.uniform(0, PAUSE_SECONDS[1]))
            try:
                client.chat.completions.create(model="cipher", messages=messages)
            except openai.APIError as error:
                yield f"{type(error).__name__}: {error.__cause__!r}"
            else:
                yield "answered"
