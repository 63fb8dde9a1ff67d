"""Counting at times when memory is given back: at the end of a process, and while garbage is collected."""

import subprocess
import sys

import pytest

TIMEOUT_SECONDS = 60
ENDS = 5
BEGIN = """
import gc, threading
from tokenizer_registry import Registry
from tokenizer_registry.errors import UncountableText
from tokenizer_registry.native.library import library

registry = Registry.from_package()
vocabulary = registry.vocabulary("o200k_base")
text, long_text = "ein Wort für 中 " * 50, "ein Wort für 中 " * 5_000
expected, long_expected = vocabulary.count(text), vocabulary.count(long_text)
"""
AT_THE_END = """
begun = threading.Barrier(5)

def count():
    begun.wait()
    while True:
        vocabulary.count(text)
        vocabulary.count(long_text)

for _ in range(4):
    threading.Thread(target=count, daemon=True).start()
begun.wait()
vocabulary.count(long_text)
"""
IN_A_CYCLE = """
class Counting:
    def __init__(self):
        self.registry, self.vocabulary, self.itself = registry, vocabulary, self

    def __del__(self):
        print(self.vocabulary.count(text) == expected, self.vocabulary.count(long_text) == long_expected)

Counting()
del registry, vocabulary
gc.collect()
"""
# With one workspace a count that waited for another one below it would wait forever. The collection takes place where
# the exception for the surrogate is made.
AMID_ANOTHER_COUNT = """
library().weighbridge_allow_calls(1)
counted = []

def count(phase, _):
    if phase == "start":
        gc.callbacks.clear()
        counted.append(vocabulary.count(long_text))

for threshold in range(1, 40):
    gc.collect()
    gc.callbacks.append(count)
    gc.set_threshold(threshold)
    try:
        vocabulary.count("é\\ud800")
    except UncountableText:
        pass
    gc.set_threshold(0)
    gc.callbacks.clear()
print(bool(counted), set(counted) == {long_expected})
"""


def run(script: str) -> str:
    """Return what a script prints in a process of its own. Raise if it fails, or does not end."""
    command = [sys.executable, "-X", "faulthandler", "-c", BEGIN + script]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=TIMEOUT_SECONDS).stdout


@pytest.mark.parametrize("_", range(ENDS))
def test_a_process_may_end_while_its_threads_count(_: int) -> None:
    """Vocabularies stay where they are until the process is gone: it does not wait for daemon threads."""
    assert run(AT_THE_END) == ""


def test_finalizers_of_garbage_may_count() -> None:
    """Whatever in a cycle with a registry is finalized first."""
    assert run(IN_A_CYCLE) == "True True\n"


def test_code_that_python_runs_amid_a_count_may_count() -> None:
    """A call of the garbage collector in the middle of a small count is not left waiting for it."""
    assert run(AMID_ANOTHER_COUNT) == "True True\n"
