"""What a packed vocabulary is made from, as digests: it is current while they are the same."""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Final

from tokenizer_registry.spec import VocabularySpec

PACKAGE: Final = Path(__file__).parents[1]
# What decides on the content of a packed vocabulary, beside this folder's modules and the vocabulary itself.
CODE: Final = tuple(PACKAGE / name for name in ("native/characters.json", "engines.toml", "spec.py", "packed.py"))


def origin_of(spec: VocabularySpec) -> str:
    """Return one text for the code and the vocabulary that a packed file is made from."""
    content = f"{spec.format} {spec.pattern} {spec.normalizer} {spec.sha256}"
    return f"{_code()} {digest(content.encode())}"


def digest_of(paths: Iterable[Path]) -> str:
    """Return one digest of the names and contents of files."""
    lines = (f"{path.name} {digest(path.read_bytes())}\n" for path in paths)
    return digest("".join(lines).encode())


def digest(content: bytes) -> str:
    """Return the sha256 in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


@cache
def _code() -> str:
    return digest_of([*sorted(PACKAGE.glob("native/*.py")), *CODE])
