"""Run the tests of every promise at full size, and print one line a promise: number, outcome, sentence, figure."""

import os
import sys
from collections import defaultdict

import pytest

from tests.promises.rows import PROMISES

FULL_SIZE = {
    "FUZZ_EXAMPLES": "1000",
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
    "SOAK_SECONDS": "120",
    "PROMISES_TIMED": "1",
}


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

    def line(self, number: int) -> str:
        """One promise as a line."""
        if self.failed[number]:
            outcome, tests = "FAIL", f"{len(self.failed[number])} of {self.passed[number] + len(self.failed[number])}"
        elif self.passed[number]:
            outcome, tests = "pass", str(self.passed[number])
        else:
            outcome, tests = "-", "no"
        figures = f"; {'; '.join(dict.fromkeys(self.figures[number]))}" if self.figures[number] else ""
        return f"{number:>2}  {outcome:<4}  {PROMISES[number].sentence} ({tests} tests{figures})"


def main(arguments: list[str]) -> int:
    """The exit status of pytest. With arguments, which choose tests, only their promises are printed."""
    os.environ.update({name: os.environ.get(name, value) for name, value in FULL_SIZE.items()})
    outcomes = Outcomes()
    status = pytest.main(["-m", "promise", *arguments], plugins=[outcomes])
    chosen = [number for number in PROMISES if not arguments or outcomes.passed[number] or outcomes.failed[number]]
    sys.stdout.write("\n" + "\n".join(map(outcomes.line, chosen)) + "\n")
    for number in PROMISES:
        for place in outcomes.failed[number]:
            sys.stdout.write(f"promise {number} is not kept: {place}\n")
    return int(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
