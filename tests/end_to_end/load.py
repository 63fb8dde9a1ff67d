"""Callers that call without a pause, each on a connection of its own, until they are stopped."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import httpx2

PATH = "/v1/tokens/authors"
NO_REPLY = 0


class Answer(NamedTuple):
    """One reply, by the caller's clock. The status is `NO_REPLY` where the connection broke."""

    began_at_seconds: float
    ended_at_seconds: float
    status: int
    headers: httpx2.Headers
    content: bytes = b""

    @property
    def seconds(self) -> float:
        """Duration of the call in seconds."""
        return self.ended_at_seconds - self.began_at_seconds


class Load:
    """The answers so far. `wait_for` lets the load go on until there are so many."""

    def __init__(self, url: str, keys: Sequence[str], callers: int) -> None:
        self.url = url
        self.answers: list[Answer] = []
        self._news = threading.Condition()
        self._over = False
        self._threads = [threading.Thread(target=self._call, args=(keys[n % len(keys)],)) for n in range(callers)]

    def wait_for(self, number: int, since_seconds: float = 0.0) -> list[Answer]:
        """The answers to calls that were begun after a moment of the monotonic clock, once there are so many."""
        with self._news:
            assert self._news.wait_for(lambda: len(self._since(since_seconds)) >= number, timeout=60)
            return self._since(since_seconds)

    def statuses(self) -> set[int]:
        """The set of statuses seen so far."""
        return {answer.status for answer in self.answers}

    def number(self, status: int) -> int:
        """How many answers had this status."""
        return sum(answer.status == status for answer in self.answers)

    def start(self) -> None:
        """Start the callers' threads."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop the callers after their current calls."""
        self._over = True
        for thread in self._threads:
            thread.join()

    def _since(self, seconds: float) -> list[Answer]:
        return [answer for answer in self.answers if answer.began_at_seconds >= seconds]

    def _call(self, key: str) -> None:
        with httpx2.Client(base_url=self.url, headers={"X-Api-Key": key}, timeout=30) as client:
            while not self._over:
                answer = one_call(client)
                with self._news:
                    self.answers.append(answer)
                    self._news.notify()
                if answer.status == NO_REPLY:
                    return


def one_call(client: httpx2.Client) -> Answer:
    """Make one call and return its outcome."""
    began = time.monotonic()
    try:
        reply = client.get(PATH)
    except httpx2.TransportError:
        return Answer(began, time.monotonic(), NO_REPLY, httpx2.Headers())
    return Answer(began, time.monotonic(), reply.status_code, reply.headers, reply.content)


@contextmanager
def load(url: str, *keys: str, callers: int = 4) -> Iterator[Load]:
    """Calls with these keys for the time of the block. A caller whose connection breaks stops."""
    made = Load(url, keys, callers)
    made.start()
    try:
        yield made
    finally:
        made.stop()


def percentile(answers: Sequence[Answer], share: float) -> float:
    """The seconds that a share of the answers stayed under."""
    ordered = sorted(answer.seconds for answer in answers)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]
