"""Record what the package `ctok` counts, in tests/data/claude_counts.json: golden counts for the reconstructions.

    python -m scripts.record_claude_counts --python PYTHON [--cache FOLDER]

PYTHON is the interpreter of an environment in which `ctok` is installed; it asks for Python 3.12 or newer. Some of
the provider's own answers, which the package holds as evidence, are recorded beside its counts.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.estimates.source import PACKAGE, PIECES, VERSION, document, fetch, witnesses
from tokenizer_registry.approximation.samples import samples
from tokenizer_registry.verification.corpus import corpus
from tokenizer_registry.vocabulary_files import mixed_text, probe_texts

ROOT = Path(__file__).parent.parent
DATA = ROOT / "tests" / "data"
# The family that the package is asked for, and the tokens that it adds around a text.
FAMILIES = {
    "claude-3-reconstruction": ("3.0", 7),
    "claude-4.7-reconstruction": ("4.7", 11),
    "claude-4.8-reconstruction": ("4.8", 6),
}
# One in so many pieces of the corpus, and one in so many answers.
CORPUS_SHARE = 10
ANSWER_SHARE = 100
COUNT = """
import importlib.metadata, json, platform, sys
import ctok
asked = json.load(sys.stdin)
counts = {name: [ctok.token_count(text, family) - frame for text in asked["texts"]]
          for name, (family, frame) in asked["families"].items()}
json.dump({"version": importlib.metadata.version("ctok"), "python": platform.python_version(), "counts": counts},
          sys.stdout)
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Record counts of the installed ctok as test data. Return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--python", required=True, help="an interpreter with ctok")
    parser.add_argument("--cache", type=Path, default=ROOT / "build" / "estimates")
    options = parser.parse_args(arguments)
    asked = json.dumps({"texts": golden_texts(), "families": FAMILIES})
    done = subprocess.run([options.python, "-c", COUNT], input=asked, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    if found["version"] != VERSION:
        raise ValueError(f"{PACKAGE} {found['version']} is installed, expected {VERSION}")
    options.cache.mkdir(parents=True, exist_ok=True)
    archive = fetch(options.cache)
    answers = [[list(answer) for answer in witnesses(document(archive, path))][::ANSWER_SHARE] for path in PIECES]
    recorded = {
        "origin": f"{PACKAGE} {VERSION} on Python {found['python']}, without the tokens around a message",
        "counts": found["counts"],
        "answers": dict(zip(["claude-3-reconstruction", "claude-4.7-reconstruction"], answers, strict=True)),
    }
    (DATA / "claude_counts.json").write_text(json.dumps(recorded, ensure_ascii=False) + "\n", "utf-8")
    return 0


def golden_texts() -> list[str]:
    """The probe texts, the corpora's texts, and those of tests/data/claude_texts.json, which go to the edges."""
    edges: list[str] = json.loads((DATA / "claude_texts.json").read_text(encoding="utf-8"))
    pieces = list(corpus())[::CORPUS_SHARE]
    return [*probe_texts(), mixed_text(), *(sample.text for sample in samples()), *pieces, *edges]


if __name__ == "__main__":
    sys.exit(main())
