"""Run the tests of every promise at full size, and print one line a promise: number, outcome, sentence, figures.

Tests whose times are held to a bound run by themselves, after all others, which share the processors.
"""

import os
import sys
from collections import defaultdict

import pytest

from tests.promises.rows import PROMISES, WANTED_PROMISES

# `make fuzz` and `make soak` are the long forms of promises 30, 35 and 38.
FULL_SIZE = {
    "DEADLINE_TEST_CONNECTIONS": "200",
    "TRAILER_TEST_BYTES": "100000000",
    "FUZZ_EXAMPLES": "150",
    "GATEWAY_TEST_CALLS": "2000",
    "GATEWAY_TEST_CHARGES": "500",
    "GATEWAY_TEST_IDLE_STREAMS": "1000",
    "GATEWAY_TEST_KILLS": "20",
    "GATEWAY_TEST_PROCESSES": "6",
    "GATEWAY_TEST_STREAMS": "1000",
    "LEDGER_TEST_CALLS": "2000",
    "LEDGER_TEST_CHARGES": "2000",
    "LEDGER_TEST_COSTS": "1000000",
    "LEDGER_TEST_EXAMPLES": "100",
    "LEDGER_TEST_PROCESSES": "6",
    "LIMITER_TEST_SECONDS": "5.2",
    "LIMITER_TEST_KILLS": "30",
    "LIMITER_TEST_EXAMPLES": "200",
    "HTTP_FUZZ_REQUESTS": "10000",
    "KEYS_TEST_EXAMPLES": "60",
    "SERVICE_TEST_KILLS": "30",
    "SHARE_TEST_CALLS": "250",
    "SOAK_SECONDS": "60",
    "STATEMENT_TEST_ENTRIES": "200000",
    "UNWRITABLE_LOG_TESTS": "all",
    "PROMISES_TIMED": "1",
    "PYTEST_TIMEOUT": "3600",
}
TOGETHER = ("-m", "promise and not timed", "-n", "2", "--dist", "loadscope")
ALONE = ("-m", "promise and timed", "-p", "no:xdist")


class Outcomes:
    """What became of the tests, by promise."""

    def __init__(self) -> None:
        self.passed: defaultdict[int, int] = defaultdict(int)
        self.failed: defaultdict[int, list[str]] = defaultdict(list)
        self.figures: defaultdict[int, list[str]] = defaultdict(list)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a test that is over, or that could not begin or end."""
        properties = dict(report.user_properties)
        for number in map(int, str(properties.get("promises", "")).split()):
            if report.failed:
                self.failed[number].append(report.nodeid)
            elif report.when == "call" and report.passed:
                self.passed[number] += 1
                if "figure" in properties:
                    self.figures[number].append(str(properties["figure"]))

    def is_kept(self, number: int) -> bool:
        """Whether tests showed it, and none failed."""
        return self.passed[number] > 0 and not self.failed[number]

    def line(self, number: int) -> str:
        """One promise as a line."""
        run = self.passed[number] + len(self.failed[number])
        tests = f"{self.passed[number]} of {run} tests" if self.failed[number] else f"{run} tests"
        figures = "; ".join([*dict.fromkeys(self.figures[number]), tests])
        outcome = "pass" if self.is_kept(number) else "fail"
        return f"{number:>2}  {outcome}  {PROMISES[number].sentence} ({figures})"


def main(arguments: list[str]) -> int:
    """Return 0 if every promise is kept. Arguments that are numbers name promises; the others go to pytest."""
    os.environ.update({name: os.environ.get(name, value) for name, value in FULL_SIZE.items()})
    os.environ[WANTED_PROMISES] = " ".join(word for word in arguments if word.isdecimal())
    places = [word for word in arguments if not word.isdecimal()]
    outcomes = Outcomes()
    statuses = [pytest.main([*words, *places], plugins=[outcomes]) for words in (TOGETHER, ALONE)]
    rows = [number for number in PROMISES if not arguments or number in (outcomes.passed | outcomes.failed)]
    sys.stdout.write("\n" + "\n".join(map(outcomes.line, rows)) + "\n")
    for number in rows:
        for place in outcomes.failed[number] or ([] if outcomes.is_kept(number) else ["no test shows it"]):
            sys.stdout.write(f"promise {number} is not kept: {place}\n")
    fine = {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}
    return int(not (set(statuses) <= fine and all(map(outcomes.is_kept, rows))))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
