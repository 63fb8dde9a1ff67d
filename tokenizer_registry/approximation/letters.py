"""Upper and lower case as the reconstructed vocabularies see it, and the marks that stand for it."""

import unicodedata
from typing import Final

WORD_BEGINS: Final = "\ufdd0"
WORD_ENDS: Final = "\ufdd1"
SHIFT: Final = "\ufdd3"
CAPS: Final = "\ufdd4"
# Stands for a character that no piece holds.
UNCOVERED: Final = "\ufdd5"
# Put after a character that costs two tokens alone, but can be part of a longer piece.
SECOND_HALF: Final = "\ufdd6"

# Text must not contain these marks. Each is replaced by this noncharacter, which counts the same.
RESERVED: Final = "\ufdd0-\ufdd6"
STAND_IN: Final = "\ufdef"


# Pairs that Unicode has had since version 16; Python's own tables may be older.
NEW_PAIRS: Final = {"\u1c89": "\u1c8a", "\ua7cb": "\u0264"}
NEW_SMALL: Final = frozenset(NEW_PAIRS.values())
# Capital letters by Unicode that are treated as caseless, and capitals that no mark can stand for.
THETA_SYMBOL: Final = "\u03f4"
CAPITAL_SHARP_S: Final = "\u1e9e"
DOTTED_I: Final = "\u0130"


def marked_case(word: str, least_caps: int | None) -> tuple[str, str]:
    """Return the mark for the case of a word, and the word as it is counted with that mark.

    `NASA` becomes (CAPS, `nasa`) if it has at least `least_caps` letters (None: never), `Word` becomes (SHIFT, `word`);
    every other spelling is returned as it is, with an empty mark.
    """
    if word.isascii():
        return _marked_ascii(word, least_caps)
    if CAPITAL_SHARP_S in word:
        return "", word
    if DOTTED_I in word:
        return _marked_dotted(word)
    if least_caps is not None and len(word) >= least_caps and _is_all_capitals(word):
        return CAPS, _lower(word)
    if _is_capital(word[0]) and not any(map(_is_capital, word[1:])):
        return SHIFT, _lower(word)
    return "", word


def _marked_ascii(word: str, least_caps: int | None) -> tuple[str, str]:
    if word.islower():
        return "", word
    if least_caps is not None and len(word) >= least_caps and word.isupper():
        return CAPS, word.lower()
    if word[0].isupper() and (len(word) == 1 or word[1:].islower()):
        return SHIFT, word.lower()
    return "", word


def _marked_dotted(word: str) -> tuple[str, str]:
    """Return the same for a word with İ, kept and ignored for the case. At the beginning it allows no mark."""
    others = word[1:].replace(DOTTED_I, "")
    if word[0] == DOTTED_I or not _is_capital(word[0]) or any(map(_is_capital, others)):
        return "", word
    return SHIFT, "".join(letter if letter == DOTTED_I else _lower(letter) for letter in word)


def _is_all_capitals(word: str) -> bool:
    """Return whether every letter is a capital; one letter or mark without case makes it False."""
    cased = [letter for letter in word if _is_capital(letter) or _is_small(letter)]
    return bool(cased) and all(map(_is_capital, cased)) and not any(map(_is_caseless, word))


def _is_caseless(letter: str) -> bool:
    """Return whether a character has no case. Numbers and symbols do not count; everything else without case
    does, because Python's tables may not know new letters."""
    return not _is_capital(letter) and not _is_small(letter) and unicodedata.category(letter)[0] not in "NS"


def _is_capital(letter: str) -> bool:
    """Return whether a letter is a capital: it differs from its lower case."""
    if letter == THETA_SYMBOL:
        return False
    return letter in NEW_PAIRS or (letter.isupper() and _lower(letter) != letter)


def _is_small(letter: str) -> bool:
    return letter in NEW_SMALL or letter.islower()


def _lower(text: str) -> str:
    """Letter by letter, so that a final sigma is lowered like any other."""
    return "".join(letter if letter == THETA_SYMBOL else NEW_PAIRS.get(letter, letter.lower()) for letter in text)
