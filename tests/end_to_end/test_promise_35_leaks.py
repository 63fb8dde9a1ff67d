"""Promise 35: no leak."""

import os
from pathlib import Path

import pytest

from bench.soak import soaked
from tests.promises.figure import Figure

SECONDS = float(os.environ.get("SOAK_SECONDS", "3"))
# Within seconds a slope says nothing: caches fill. What a leak of some kilobytes a call would add is seen all the same.
LONG_SECONDS = 100
MAX_BYTES = 40_000_000


@pytest.mark.promise(35)
def test_promise_35_nothing_is_left_behind(tmp_path: Path, figure: Figure) -> None:
    """Mixed good and hostile calls leave no open file and no task behind, no 5xx, and no memory that grows."""
    result = soaked(tmp_path, SECONDS)
    assert result.server_errors == 0
    assert result.grown("open_files") <= 2
    assert result.grown("tasks") <= 2
    assert result.grown("resident_bytes") < MAX_BYTES
    slope = result.megabytes_per_minute
    assert SECONDS < LONG_SECONDS or slope < 1
    figure(f"{result.calls} calls in {SECONDS:.0f} s, memory {slope:+.2f} MB/min")
