"""The normalizers of single vocabularies, without the rest of their owners' library."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from tokenizer_registry.normalization import blocks

# The characters that the library strips, which are Unicode's white space; Python's own has four more.
_WHITE_SPACE: Final = "".join(
    map(chr, (*range(9, 14), 0x20, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000))
)
# Characters that make a grapheme with the one behind them.
_PREPENDED: Final = (
    "\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e"
    "\U000110bd\U000110cd\U000111c2\U000111c3\U0001193f\U00011941\U00011a3a\U00011a84-\U00011a89\U00011d46\U00011f02"
)
# The normalizer of SentencePiece models looks graphemes of less than six bytes up as a whole, characters of longer ones
# one by one. So a text may be cut where a grapheme begins, and in the middle of one where six bytes of it are on each
# side; between two characters of three bytes and two others it is one or the other. A letter begins one, unless it is
# behind one of those.
_BOUNDARY: Final = re.compile(
    f"(?<![{_PREPENDED}])(?=[\x00-\x09\x0b-\x7f\u00c0-\u02ff\u0370-\u0482\u048a-\u0587\u05d0-\u05ea\u0620-\u064a])"
    "|(?<=[\u0800-\U0010ffff]{2})(?=[\u0800-\U0010ffff]{2})"
    "|(?<=[\u0300-\u036f]{3})(?=[\u0300-\u036f]{3})"
)


class OwnNormalizer(NamedTuple):
    """What brings a text into the form in which the C library counts it. It holds the GIL.

    `is_in_blocks`: other threads get their turn while it works on a long text.
    """

    normalize: Callable[[str], str]
    is_in_blocks: bool


def build_own_normalizer(description: bytes) -> OwnNormalizer:
    """The form that is described by JSON. It loads in some milliseconds, with a vocabulary it would take a second.

    `normalizer` is as in tokenizer.json; `pre_tokenizer` cuts what that makes into words, which get spaces between
    them; `strips_end` says whether white space at the end is dropped.
    """
    described = json.loads(description)
    shell = _shell(described)
    normalize, pre_tokenizer = shell.normalizer.normalize_str, shell.pre_tokenizer
    if pre_tokenizer is not None:
        return OwnNormalizer(
            lambda text: " ".join(word for word, _ in pre_tokenizer.pre_tokenize_str(normalize(text))), False
        )
    stripped = _WHITE_SPACE if described["strips_end"] else ""
    return OwnNormalizer(lambda text: "".join(map(normalize, blocks(text, _next_cut))).rstrip(stripped), True)


def _next_cut(text: str, start: int) -> int:
    found = _BOUNDARY.search(text, start)
    return found.start() if found else len(text)


def _shell(described: Mapping[str, Any]) -> Any:
    """A tokenizer of the library without a vocabulary."""
    from tokenizers import Tokenizer  # few vocabularies need it

    parts = {name: described[name] for name in ("normalizer", "pre_tokenizer")}
    model = {"type": "WordLevel", "vocab": {}, "unk_token": ""}
    return Tokenizer.from_str(json.dumps({"version": "1.0", "added_tokens": [], "model": model, **parts}))
