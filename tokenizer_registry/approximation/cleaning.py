"""What is done to a text before anything is counted in it: NFC, and characters dropped or folded."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from tokenizer_registry.approximation.letters import RESERVED, STAND_IN
from tokenizer_registry.normalization import Normalize, normalizer

SLICE_CHARACTERS: Final = 16_384
# Control characters but for tab and line feed; NUL is a space.
_DROPPED: Final = re.compile("[\x01-\x08\x0b-\x1f\x7f-\x9f]+")
_SPACES: Final = "\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f"
_CURLY: Final = "\u2018\u2019\u201c\u201d"
_PRIVATE: Final = "\ue000-\uf8ff"
# Thai SARA AM in two characters, which NFC leaves alone.
_SPLIT_SARA_AM: Final = "\u0e4d\u0e32"
_SARA_AM: Final = "\u0e33"


class Cleaner:
    """Brings texts into the form that is counted. `fold_quotes`: curly quotes become straight ones."""

    def __init__(self, *, fold_quotes: bool) -> None:
        self._nfc: Normalize = normalizer("NFC")
        folded = dict.fromkeys(_CURLY[:2], "'") | dict.fromkeys(_CURLY[2:], '"')
        self._folded: dict[str, str] = folded if fold_quotes else {}
        quotes = _CURLY if fold_quotes else ""
        self._special = re.compile(f"[{_PRIVATE}{RESERVED}{_SPACES}{quotes}]")

    def clean(self, text: str) -> str:
        """The text as it is counted. The text must not hold lone surrogates."""
        text = _DROPPED.sub("", self._nfc(text)).replace("\x00", " ")
        if text.isascii():
            return text
        return _in_slices(text.replace(_SPLIT_SARA_AM, _SARA_AM), self._fold)

    def _fold(self, part: str) -> str:
        return self._special.sub(self._in_place, part)

    def _in_place(self, match: re.Match[str]) -> str:
        character = match[0]
        if "\ue000" <= character <= "\uf8ff":
            return ""
        if "\ufdd0" <= character <= "\ufdd6":
            return STAND_IN
        return self._folded.get(character, " ")


def _in_slices(text: str, change: Callable[[str], str]) -> str:
    """Character by character changes, slice by slice: other threads get their turn in between."""
    return "".join(change(part) for part in _slices(text))


def _slices(text: str) -> Iterator[str]:
    for start in range(0, len(text), SLICE_CHARACTERS):
        yield text[start : start + SLICE_CHARACTERS]
