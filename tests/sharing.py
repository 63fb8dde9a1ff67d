"""Which tests run in one process: those of a file, and those of all files that share what takes long to start."""

import re
from functools import cache
from pathlib import Path
from typing import Any

from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # it ships no types

ROOT = Path(__file__).parents[1]
# Session fixtures of a folder's conftest.py that take long to make, as the tests of other files name them.
SHARED = {
    "tests/browser": re.compile(r"\b(visits|browser|server)\b"),
    "tests/end_to_end": re.compile(r"^def test_\w+\((.*, )?(server: Server|client: httpx2\.Client)", re.MULTILINE),
    "tests/tokenizer_registry": re.compile(r"\((.*, )?(registry: Registry|fast: Registry)|shared_registry\("),
}
OWN_SERVER = re.compile(r"^def server\(|with running\(", re.MULTILINE)


# Few tests that take long: begun last, they would keep one process busy while the others are done.
SLOW = (
    "tests/end_to_end/test_wheel.py",
    "tests/tokenizer_registry",
    "tests/end_to_end",
    "tests/browser",
    "tests/end_to_end/test_gateway_litellm.py",
    "tests/end_to_end/test_workers_replaced.py",
    "tests/end_to_end/test_full_disk.py",
    "tests/end_to_end/test_resource_leaks.py",
    "tests/end_to_end/test_fuzzed_requests.py",
    "tests/end_to_end/test_money_with_unwritable_log.py",
    "tests/end_to_end/test_secrets.py",
    "tests/tokenizer_registry/native/test_compiler.py",
    "tests/end_to_end/test_overspending.py",
    "tests/end_to_end/test_turns_of_accounts.py",
)


class TogetherScheduling(LoadScopeScheduling):  # type: ignore[misc]  # its base has no types
    """Gives the tests of a group to one process: first slow groups, then the others from the largest on."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid.partition("::")[0])

    def _assign_work_unit(self, node: Any) -> None:
        for group in reversed(SLOW):
            if group in self.workqueue:
                self.workqueue.move_to_end(group, last=False)
        super()._assign_work_unit(node)


@cache
def group_of(file: str) -> str:
    """Return the group of a file of tests: the folder whose fixture it shares, or the file itself."""
    folder = str(Path(file).parent)
    text = (ROOT / file).read_text(encoding="utf-8")
    shares = folder in SHARED and SHARED[folder].search(text) and not OWN_SERVER.search(text)
    return folder if shares else file
