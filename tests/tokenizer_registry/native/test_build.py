"""What building the C library takes."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_building_needs_no_library_of_an_owner() -> None:
    """A wheel is built where only the compiler is installed: all else comes from Python."""
    program = "import sys, tokenizer_registry.native.build; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()).isdisjoint({"tiktoken", "tokenizers", "sentencepiece", "numpy"})
