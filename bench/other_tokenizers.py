"""Compare the engine with the fastest other tokenizers, which `make peers` installs, on texts new to all of them."""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.one_tokenizer import NAMES, OURS
from bench.report import Section
from bench.texts import LARGE, SMALL, kinds
from tokenizer_registry import Registry
from tokenizer_registry.vocabulary_files import unpack

ROOT = Path(__file__).parent.parent
PEERS = ROOT / ".peers" / "bin" / "python"
VOCABULARIES = ("o200k_base", "cl100k_base", "qwen2", "llama-2", "gemma-3")
# By the size of a text, as many texts as the sources have once.
SIZES = {"2 kB": (SMALL, 400), "50 kB": (LARGE, 24)}
ROUNDS = 5
ABOUT = (
    f"MB/s of one thread, medians of {ROUNDS} rounds in turn, each in a new process. Each text is counted once, after "
    "as many others. The ratio is ours over the best of those with the same counts; `!` marks another number of "
    "tokens, `-` a vocabulary that a library does not have."
)
# MB/s and tokens.
Measured = tuple[float, int]


def tokenizers_section() -> Section:
    """Return a row for each vocabulary, size and kind of text."""
    columns = ("vocabulary", "texts", "ours", *NAMES, "ratio")
    if not PEERS.exists():
        return Section("Engines beside other tokenizers", "Not installed: run `make peers`.", columns, [])
    registry = Registry.from_package()
    rows: list[list[str]] = []
    with tempfile.TemporaryDirectory() as folder:
        for vocabulary in VOCABULARIES:
            file = Path(folder, f"{vocabulary}.model")
            file.write_bytes(unpack(registry.vocabularies[vocabulary], registry.folder_of(vocabulary)))
            for size, (characters, number) in SIZES.items():
                texts = {kind.name: (kind.warm, kind.fresh) for kind in kinds(characters, number)}
                found = _race(vocabulary, file, json.dumps(texts).encode())
                rows += [_row(vocabulary, f"{kind}, {size}", kind, found) for kind in texts]
    return Section("Engines beside other tokenizers", ABOUT, columns, rows)


def _race(vocabulary: str, file: Path, texts: bytes) -> dict[str, list[Mapping[str, Measured]]]:
    """Return what each round measured, by library."""
    libraries = [OURS, *(library for library, names in NAMES.items() if vocabulary in names)]
    found: dict[str, list[Mapping[str, Measured]]] = {library: [] for library in libraries}
    for _ in range(ROUNDS):
        for library in libraries:
            found[library].append(_measure(library, vocabulary, file, texts))
    return found


def _measure(library: str, vocabulary: str, file: Path, texts: bytes) -> Mapping[str, Measured]:
    python = sys.executable if library == OURS else str(PEERS)
    command = [python, "-m", "bench.one_tokenizer", library, vocabulary, str(file)]
    done = subprocess.run(command, input=texts, capture_output=True, cwd=ROOT, check=True)
    return {kind: (speed, tokens) for kind, (speed, tokens) in json.loads(done.stdout).items()}


def _row(vocabulary: str, texts: str, kind: str, found: Mapping[str, Sequence[Mapping[str, Measured]]]) -> list[str]:
    speeds = {library: statistics.median(each[kind][0] for each in rounds) for library, rounds in found.items()}
    tokens = {library: rounds[0][kind][1] for library, rounds in found.items()}
    shown = [_shown(speeds, tokens, library) for library in (OURS, *NAMES)]
    equal = [speed for library, speed in speeds.items() if library != OURS and tokens[library] == tokens[OURS]]
    return [vocabulary, texts, *shown, f"{speeds[OURS] / max(equal):.2f}" if equal else "-"]


def _shown(speeds: Mapping[str, float], tokens: Mapping[str, int], library: str) -> str:
    if library not in speeds:
        return "-"
    return f"{speeds[library]:.1f}{'' if tokens[library] == tokens[OURS] else ' !'}"
