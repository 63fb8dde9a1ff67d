"""Patterns whose borders the C library finds by bit arithmetic: how they differ, and the kinds of characters they see.

The library matches all other patterns part by part. Both ways give the same pre-tokens; tests compare them.
"""

import string
from collections.abc import Mapping, Sequence
from enum import IntFlag
from typing import Final, NamedTuple

from tokenizer_registry.native.characters import MAX_CLASSES, Characters
from tokenizer_registry.native.pre_tokenizers import PatternDialect, set_name


class BorderStyle(IntFlag):
    """How patterns differ; the bits are the C library's (borders.h)."""

    SPACE_ONLY = 1
    SPACE_BEFORE_DIGITS = 2
    DIGITS_ALONE = 4
    DIGITS_BY_THREE = 8
    WHITE_BEFORE_DIGITS = 16
    SPLITS_CASES = 32
    CONTRACTIONS_FIRST = 64
    CONTRACTIONS_LAST = 128
    FOLDS_CONTRACTIONS = 256
    SLASHES_END_LINES = 512


class Kind(IntFlag):
    """What a character is to a pattern; the bits are the C library's (kinds.h). 0 is punctuation and the like."""

    LETTER = 1
    UPPER = 2
    LOWER = 4
    DIGIT = 8
    WHITE_SPACE = 16
    LINE_END = 32
    MARK = 64
    HAN = 128
    # Borders beside it are left to the pattern.
    UNKNOWN = UPPER


class BorderRule(NamedTuple):
    """The style of a pattern, and its names of sets of characters.

    `upper` and `lower` are what the first and the second part of a word may have. What is in both is a letter of no
    case, or a mark.
    """

    style: BorderStyle
    letters: str = r"\p{L}"
    digits: str = r"\p{N}"
    punctuation: str = r"[^\s\p{L}\p{N}]"
    upper: str = ""
    lower: str = ""
    han: str = ""


_WHITE: Final = r"\s*[\r\n]+|\s+(?!\S)|\s+"
_CONTRACTIONS: Final = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_BEFORE: Final = r"[^\r\n\p{L}\p{N}]?"
_WORD: Final = rf"{_BEFORE}\p{{L}}+"
_MARKS: Final = r" ?[^\s\p{L}\p{N}]+"
_UPPER: Final = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]"
_LOWER: Final = r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_NOT_HAN: Final = r"&&[^\p{Han}]]"
_UPPER_NOT_HAN: Final = _UPPER.removesuffix("]") + _NOT_HAN
_LOWER_NOT_HAN: Final = _LOWER.removesuffix("]") + _NOT_HAN
_NEW_DIGITS: Final = r"\p{N}\x{11DE0}-\x{11DE9}\x{16FF4}-\x{16FF6}"


def _cased(upper: str, lower: str, end: str) -> str:
    return f"{_BEFORE}{upper}*{lower}+{end}|{_BEFORE}{upper}+{lower}*{end}"


_OF_GPT_2: Final = BorderRule(BorderStyle.SPACE_ONLY | BorderStyle.SPACE_BEFORE_DIGITS | BorderStyle.CONTRACTIONS_FIRST)
_OF_GPT_4: Final = BorderRule(
    BorderStyle.DIGITS_BY_THREE | BorderStyle.CONTRACTIONS_FIRST | BorderStyle.FOLDS_CONTRACTIONS
)
_OF_QWEN: Final = _OF_GPT_4._replace(style=_OF_GPT_4.style ^ BorderStyle.DIGITS_BY_THREE | BorderStyle.DIGITS_ALONE)
_OF_GPT_4O: Final = BorderRule(
    BorderStyle.DIGITS_BY_THREE
    | BorderStyle.SPLITS_CASES
    | BorderStyle.CONTRACTIONS_LAST
    | BorderStyle.FOLDS_CONTRACTIONS
    | BorderStyle.SLASHES_END_LINES,
    upper=_UPPER,
    lower=_LOWER,
)

# By pattern.
RULES: Final[Mapping[str, BorderRule]] = {
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}++| ?\p{N}++| ?[^\s\p{L}\p{N}]++|\s++$|\s+(?!\S)|\s": _OF_GPT_2,
    r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+": _OF_GPT_2,
    rf"[{_NEW_DIGITS}]|'(?:[sdmt]|ll|ve|re)| ?\p{{L}}+| ?[^\s\p{{L}}{_NEW_DIGITS}]+"
    rf"|\s+(?![^\s{_NEW_DIGITS}])|\s+": BorderRule(
        BorderStyle.SPACE_ONLY
        | BorderStyle.DIGITS_ALONE
        | BorderStyle.WHITE_BEFORE_DIGITS
        | BorderStyle.CONTRACTIONS_FIRST,
        digits=f"[{_NEW_DIGITS}]",
        punctuation=rf"[^\s\p{{L}}{_NEW_DIGITS}]",
    ),
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+"
    r"|\s++$|\s*[\r\n]|\s+(?!\S)|\s": _OF_GPT_4,
    rf"{_CONTRACTIONS}|{_WORD}|\p{{N}}{{1,3}}|{_MARKS}[\r\n]*|{_WHITE}": _OF_GPT_4,
    rf"{_CONTRACTIONS}|{_WORD}|\p{{N}}|{_MARKS}[\r\n]*|{_WHITE}": _OF_QWEN,
    rf"{_CONTRACTIONS}|{_BEFORE}[\p{{L}}\p{{M}}]+|\p{{N}}| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+[\r\n]*|{_WHITE}": (
        _OF_QWEN._replace(letters=r"[\p{L}\p{M}]", punctuation=r"[^\s\p{L}\p{M}\p{N}]")
    ),
    rf"{_cased(_UPPER, _LOWER, f'{_CONTRACTIONS}?')}|\p{{N}}{{1,3}}|{_MARKS}[\r\n/]*|{_WHITE}": _OF_GPT_4O,
    rf"{_cased(_UPPER, _LOWER, '')}|\p{{N}}|{_MARKS}[\r\n/]*|{_WHITE}": _OF_GPT_4O._replace(
        style=BorderStyle.DIGITS_ALONE | BorderStyle.SPLITS_CASES | BorderStyle.SLASHES_END_LINES
    ),
    rf"[\p{{Han}}]+|{_cased(_UPPER_NOT_HAN, _LOWER_NOT_HAN, f'{_CONTRACTIONS}?')}|\p{{N}}{{1,3}}"
    rf"|{_MARKS}[\r\n]*|{_WHITE}": BorderRule(
        _OF_GPT_4O.style ^ BorderStyle.SLASHES_END_LINES,
        upper=_UPPER_NOT_HAN,
        lower=_LOWER_NOT_HAN,
        han=r"[\p{Han}]",
    ),
}


def border_kinds(rule: BorderRule, characters: Characters) -> Sequence[Kind]:
    """Return the kind of each class of characters."""
    sets = [_classes(characters, name) for name in (r"\s", r"[\r\n]", rule.digits, rule.letters, rule.punctuation)]
    cases = [_classes(characters, name) for name in (rule.upper, rule.lower, rule.han)]
    return [_kind(number, sets, cases) for number in range(MAX_CLASSES)]


def _kind(number: int, sets: Sequence[frozenset[int]], cases: Sequence[frozenset[int]]) -> Kind:
    is_white, is_line, is_digit, is_letter, is_other = (number in classes for classes in sets)
    is_upper, is_lower, is_han = (number in classes for classes in cases)
    is_letter = is_letter and not is_han
    is_mark = is_upper and is_lower and not is_letter
    kinds = (
        (is_white, Kind.WHITE_SPACE | (Kind.LINE_END if is_line else Kind(0))),
        (is_digit, Kind.DIGIT),
        (is_letter, Kind.LETTER),
        (is_han, Kind.HAN),
        (is_mark, Kind.MARK),
    )
    found = [kind for holds, kind in kinds if holds]
    if len(found) > 1 or is_other != (found in ([], [Kind.MARK])):
        return Kind.UNKNOWN
    kind = found[0] if found else Kind(0)
    if kind is Kind.LETTER and is_upper != is_lower:
        kind |= Kind.UPPER if is_upper else Kind.LOWER
    return kind


def _classes(characters: Characters, name: str) -> frozenset[int]:
    return characters.sets[set_name(PatternDialect.TIKTOKEN, name)] if name else frozenset()


def sees_ascii_as_usual(rule: BorderRule, characters: Characters, kinds: Sequence[Kind]) -> bool:
    """Return whether the kinds of ASCII are those that the C library takes for granted."""
    return all(kinds[characters.class_of(point)] == _usual(chr(point), bool(rule.upper)) for point in range(128))


def _usual(character: str, has_cases: bool) -> Kind:
    if character in string.ascii_letters:
        case = Kind.UPPER if character in string.ascii_uppercase else Kind.LOWER
        return Kind.LETTER | (case if has_cases else Kind(0))
    if character in string.digits:
        return Kind.DIGIT
    if character in string.whitespace:
        return Kind.WHITE_SPACE | (Kind.LINE_END if character in "\r\n" else Kind(0))
    return Kind(0)


def border_section(pattern: str, characters: Characters) -> bytes:
    """Return the style and the kinds as the C library maps them; nothing for a pattern that it matches part by part."""
    rule = RULES.get(pattern)
    if rule is None:
        return b""
    kinds = border_kinds(rule, characters)
    if not sees_ascii_as_usual(rule, characters, kinds):
        return b""
    return rule.style.to_bytes(4, "little") + bytes(kinds)
