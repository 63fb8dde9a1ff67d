"""If memory runs out a count raises MemoryError: the text is not at fault."""

import subprocess
import sys

MODULE = f"{__name__.rpartition('.')[0]}.counting_without_memory"


def test_each_way_to_count_says_that_there_was_no_memory() -> None:
    """With a limit on its address space, a process cannot count large texts; once the limit is lifted it can."""
    command = [sys.executable, "-m", MODULE]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    assert done.stdout == "['MemoryError'] True\n"
