"""The tests of money once more, with a log that cannot be written: no path of money ends differently.

All of them: UNWRITABLE_LOG_TESTS=all.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.logs import UNWRITABLE_LOG
from tests.promises.__main__ import FULL_SIZE
from tests.promises.figure import Figure

GATEWAY, BILLING, SERVED = "tests/service/gateway", "tests/service/billing", "tests/end_to_end"
# Those that log most: faults of the upstream, streams that break off, callers that hang up.
SOME = [
    f"{GATEWAY}/test_breakage.py",
    f"{GATEWAY}/test_plain.py",
    f"{GATEWAY}/test_stream.py",
    f"{GATEWAY}/test_billing.py",
]
ALL = [
    GATEWAY,
    BILLING + "/test_sql_ledger.py",
    BILLING + "/test_ledger_model.py",
    BILLING + "/test_ledger_race.py",
    BILLING + "/test_sql_holds.py",
    SERVED + "/test_gateway.py",
    SERVED + "/test_promise_19_overspending.py",
    SERVED + "/test_promise_22_cut_streams.py",
]
PLACES = ALL if os.environ.get("UNWRITABLE_LOG_TESTS") == "all" else SOME


@pytest.mark.promise(48)
def test_money_with_an_unwritable_log(figure: Figure) -> None:
    """Standard error is a full device, and so is the log of every service in the tests' process and beside it."""
    command = [sys.executable, "-m", "pytest", "-p", "no:xdist", "-p", "no:cacheprovider", *PLACES]
    # At their usual size: at full size, and alone where they are timed, they run without this.
    environ = {name: value for name, value in os.environ.items() if name not in FULL_SIZE}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command, env={**environ, UNWRITABLE_LOG: "1"}, stdout=subprocess.PIPE, stderr=full, text=True, check=False
        )
    assert done.returncode == 0, done.stdout[-20_000:]
    figure(" and ".join(re.findall(r"\d+ passed", done.stdout)[-1:]) + " with the log on a full device")
