"""A text with the borders of its words, and their case, written into it as marks.

The rules were measured by the author of `ctok` (MIT) from answers of the provider's counting endpoint. This is
an implementation of our own; tests hold it to that package's counts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from tokenizer_registry.approximation.letters import CAPS, SHIFT, WORD_BEGINS, WORD_ENDS, marked_case
from tokenizer_registry.approximation.runs import Classes, RunClass

WORDS_KEPT: Final = 8_192
MAX_KEPT: Final = 40
# After a lone apostrophe these belong to the word before it.
CONTRACTIONS: Final = frozenset({"s", "t", "d", "m", "ll", "re", "ve"})
# A single space between two marks is what the marks stand for.
_SEAMS: Final = tuple(
    (f"{WORD_ENDS} {case}{WORD_BEGINS}", f"{WORD_ENDS}{case}{WORD_BEGINS}") for case in ("", SHIFT, CAPS)
)


@dataclass(frozen=True, slots=True)
class MarkingDialect:
    """The differences between the generations.

    `fold_quotes`: curly quotes are straight ones. `least_caps`: how many letters a word in capitals must have
    to be marked as such; None: it never is. `opens_word`: the text is treated as if WORD_BEGINS came before it,
    so that a first space disappears.
    """

    fold_quotes: bool
    least_caps: int | None
    opens_word: bool


class Marker:
    """Writes the marks of a dialect. Safe to use from many threads."""

    def __init__(self, classes: Classes, dialect: MarkingDialect) -> None:
        self._classes = classes
        self._dialect = dialect
        self._kept_word = lru_cache(WORDS_KEPT)(self._word)

    def mark(self, text: str) -> str:
        """Return the marked form of a clean text that does not end in line feeds."""
        classes, parts = self._classes, [""]
        # The previous run: `opened`, marks that opened a word; `seam`, an apostrophe that a contraction may follow;
        # `bordered`, a run with a mark at its end.
        opened = seam = bordered = False
        for match in classes.runs.finditer(text):
            kind, body, end = match.lastindex, match[0], match.end()
            if kind == RunClass.WORD:
                glued = opened or (seam and body in CONTRACTIONS)
                parts.append(body + WORD_ENDS if glued else self._bordered_word(body))
                bordered = not body.isascii() and classes.bordered_letter.match(body[-1]) is not None
                opened = seam = False
            elif kind == RunClass.SPACE:
                parts.append(body)
                opened = seam = bordered = False
            elif kind == RunClass.MARKS:
                parts.append(WORD_BEGINS + body + ("" if classes.letter.match(text, end) else WORD_ENDS))
                opened, seam, bordered = True, False, False
            else:
                left, right = self._borders(kind, body)
                begins = left and self._space_before(text, match.start()) and not self._is_quote(text, body, end)
                ends = right and text.startswith(" ", end) and not text.startswith("  ", end)
                parts.append(f"{WORD_BEGINS if begins else ''}{body}{WORD_ENDS if ends else ''}")
                opened, seam, bordered = False, body == "'" and not bordered, right
        if self._dialect.opens_word:
            parts[0] = self._head(text)
        marked = "".join(parts)
        for seam_written, seam_read in _SEAMS:
            marked = marked.replace(seam_written, seam_read)
        return marked

    def _head(self, text: str) -> str:
        """Return what stands before the text: nothing if the first run uses the mark, else the mark or a space."""
        match = self._classes.runs.match(text)
        if match is None:
            return WORD_BEGINS
        kind, body = match.lastindex, match[0]
        if self._is_quote(text, body, match.end()):
            return " "
        if kind in (RunClass.WORD, RunClass.MARKS):
            return ""
        takes_it = body[0] == " " if kind == RunClass.SPACE else self._borders(kind, body)[0]
        return "" if takes_it else WORD_BEGINS

    def _borders(self, kind: int | None, body: str) -> tuple[bool, bool]:
        """Return whether a run that touches a space gets WORD_BEGINS before it, and WORD_ENDS after it."""
        selector = self._classes.selector
        if kind in (RunClass.PUNCTUATION, RunClass.SYMBOLS):
            return True, True
        if kind == RunClass.DIGITS:
            return not body[0].isascii(), not body[-1].isascii()
        if kind == RunClass.NUMBERS and self._classes.uniform_number.fullmatch(body):
            return True, True
        return selector.match(body[0]) is not None, selector.match(body[-1]) is not None

    def _space_before(self, text: str, start: int) -> bool:
        return text[start - 1] == " " if start else self._dialect.opens_word

    def _is_quote(self, text: str, body: str, end: int) -> bool:
        """Whether a run is a lone apostrophe that opens the word after it."""
        return body == "'" and self._classes.word_start.match(text, end) is not None

    def _bordered_word(self, word: str) -> str:
        return self._kept_word(word) if len(word) <= MAX_KEPT else self._word(word)

    def _word(self, word: str) -> str:
        case, letters = marked_case(word, self._dialect.least_caps)
        return f"{case}{WORD_BEGINS}{letters}{WORD_ENDS}"


DIALECTS: Final[Mapping[str, MarkingDialect]] = MappingProxyType(
    {
        "claude-3-reconstruction": MarkingDialect(fold_quotes=True, least_caps=4, opens_word=True),
        "claude-4.7-reconstruction": MarkingDialect(fold_quotes=False, least_caps=None, opens_word=True),
        "claude-4.8-reconstruction": MarkingDialect(fold_quotes=False, least_caps=None, opens_word=False),
    }
)
