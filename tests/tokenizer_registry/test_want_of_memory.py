"""Without memory a count fails as such: it is not the text's fault."""

import subprocess
import sys

MODULE = f"{__name__.rpartition('.')[0]}.counting_without_memory"


def test_each_way_to_count_says_that_there_was_no_memory() -> None:
    """With a limit on its address space, a process counts no large text, but the same ones once the limit is lifted."""
    command = [sys.executable, "-m", MODULE]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    assert done.stdout == "['MemoryError'] True\n"
