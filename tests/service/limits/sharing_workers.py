"""A server's workers, forked from one process, that call with one account as fast as they can.

Arguments: URL ACCOUNT WORKERS PER_SECOND PER_MONTH. Each line of standard input is a turn:

call NUMBER SECONDS    every worker calls, at most so often and so long
first NUMBER SECONDS   the first worker alone calls
die NUMBER             the last worker is killed at its so many-th write to what the workers share, and another begins
close                  all workers end

After each turn a line of JSON has the instants at which calls were admitted, in microseconds since 1970.
"""

import asyncio
import json
import os
import signal
import sys
import time
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

from service.limits import AccountTable, Allowance, Decision, ProcessLock
from service.limits.fallback import StoreClock
from tests.logs import keep_errors_alone
from tests.service.limits.limiters import limiter_on


class DyingWords:
    """The words of a table, whose so many-th write kills the process without any cleanup."""

    def __init__(self, words: memoryview, writes: int) -> None:
        self._words = words
        self._left = writes

    def __getitem__(self, place: Any) -> Any:
        return self._words[place]

    def __setitem__(self, place: Any, value: Any) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        self._words[place] = value


class Worker:
    """A forked process, and pipes to it and from it."""

    def __init__(
        self, url: str, account_id: str, allowance: Allowance, table: AccountTable, clock: StoreClock, dies_at: int = 0
    ) -> None:
        orders, self._orders = os.pipe()
        self._answers, answers = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self._orders)
            os.close(self._answers)
            if dies_at:
                table.words = DyingWords(table.words, dies_at)  # type: ignore[assignment]
            table.join()
            asyncio.run(serve(url, account_id, allowance, table, clock, orders, answers))
            os._exit(0)
        os.close(orders)
        os.close(answers)

    def order(self, number: int, seconds: float) -> None:
        """Make the worker call so often within so many seconds."""
        os.write(self._orders, f"{number} {seconds}\n".encode())

    def answer(self) -> list[int]:
        """Return the worker's answer; an empty list if it died."""
        said = b""
        while not said.endswith(b"\n") and (piece := os.read(self._answers, 65_536)):
            said += piece
        return json.loads(said) if said else []

    def end(self) -> None:
        """Let the worker close its limiter, if it lives, and wait until it has ended."""
        with suppress(BrokenPipeError):
            os.write(self._orders, b"end\n")
        os.close(self._orders)
        os.close(self._answers)
        os.waitpid(self.pid, 0)


async def serve(
    url: str,
    account_id: str,
    allowance: Allowance,
    table: AccountTable,
    clock: StoreClock,
    orders: int,
    answers: int,
) -> None:
    """Call when ordered, until an order says to end: siblings hold the pipe too, so it is never closed."""
    async with limiter_on(url, table=table, clock=clock, timeout_seconds=1, retry_after_seconds=0.02) as limiter:
        while (words := os.read(orders, 100).split()) != [b"end"]:
            number, seconds, admitted = int(words[0]), float(words[1]), list[int]()
            end = time.monotonic() + seconds
            while len(admitted) < number and time.monotonic() < end:
                decision = await limiter.hit(account_id, allowance)
                if isinstance(decision, Decision) and decision.admitted:
                    admitted.append(decision.decided_at_microseconds)
                elif isinstance(decision, Decision) and decision.refused_by == "quota":
                    break
                await asyncio.sleep(0)
            os.write(answers, json.dumps(admitted).encode() + b"\n")


def turn(workers: list[Worker], number: int, seconds: float) -> list[int]:
    """Return the instants at which these workers were admitted, each with at most so many calls and seconds."""
    for worker in workers:
        worker.order(number, seconds)
    return [instant for worker in workers for instant in worker.answer()]


def main(url: str, account_id: str, number: int, allowance: Allowance) -> NoReturn:
    """Make workers call as the lines of standard input say, and print what was admitted."""
    keep_errors_alone()
    table = AccountTable(number, ProcessLock())
    begin = partial(Worker, url, account_id, allowance, table, StoreClock())
    workers = [begin() for _ in range(number)]
    for line in sys.stdin:
        match line.split():
            case ["call", times, seconds]:
                admitted = turn(workers, int(times), float(seconds))
            case ["first", times, seconds]:
                admitted = turn(workers[:1], int(times), float(seconds))
            case ["die", writes]:
                workers.pop().end()
                dying = begin(int(writes))
                admitted = turn([dying], 10**6, 5)
                dying.end()
                workers.append(begin())
            case _:
                break
        sys.stdout.write(json.dumps(admitted) + "\n")
        sys.stdout.flush()
    for worker in workers:
        worker.end()
    sys.exit()


if __name__ == "__main__":
    _, url, account_id, number, per_second, per_month = sys.argv
    main(url, account_id, int(number), Allowance(int(per_second), int(per_month)))
