"""Forks while threads count, and counts in the child: `python -m ... FORKS`. Prints in how many children it was right.

Threads of the parent are in the midst of counting at each fork; the child has none of them.
"""

import os
import sys
import threading

from tokenizer_registry import Registry
from tokenizer_registry.vocabulary import Vocabulary

VOCABULARY = "o200k_base"
THREADS = 8
LARGE = " ".join(f"word{number}" for number in range(200_000))
SMALL = LARGE[:100_000]


def right_in_child(vocabulary: Vocabulary, expected: int) -> bool:
    """Return whether a child of this process counts as its parent does, also in threads of its own."""
    child = os.fork()
    if child == 0:
        found: list[int] = []
        threads = [threading.Thread(target=lambda: found.append(vocabulary.count(SMALL))) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        os._exit(int(found != [expected] * THREADS))
    _, status = os.waitpid(child, 0)
    return status == 0


def main(forks: int) -> None:
    """Fork so often while threads count, and print how many children counted right."""
    vocabulary = Registry.from_package().vocabulary(VOCABULARY)
    expected = vocabulary.count(SMALL)
    over = threading.Event()

    def count_on() -> None:
        while not over.is_set():
            vocabulary.count(LARGE)

    threads = [threading.Thread(target=count_on) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    right = sum(right_in_child(vocabulary, expected) for _ in range(forks))
    over.set()
    for thread in threads:
        thread.join()
    sys.stdout.write(f"{right} of {forks}\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
