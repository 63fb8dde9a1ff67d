"""Ask the owners' libraries which characters are in which sets: tokenizer_registry/native/characters.json.

    python -m scripts.build_characters

Run it when a vocabulary with a new pattern comes, or when a library is renewed.
"""

import base64
import json
import re
import string
import sys
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence

import tiktoken
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers

from tokenizer_registry import Registry
from tokenizer_registry.native.characters import CLASS_BITS, FILE, FLAGS, classified, written
from tokenizer_registry.native.pre_tokenizers import PatternDialect, document_splits, rank_splits
from tokenizer_registry.vocabulary_files import VocabularyFormat, unpack

ALL = "".join(chr(point) for point in range(sys.maxunicode + 1) if not 0xD800 <= point <= 0xDFFF)
# Ends of words, and what begins a word behind a space; the four letters join the space to a grapheme.
ENDS = re.compile(r"""[\w,.;:!?)\]}'"]""")
BEGINS = re.compile(r"(?=[\w\s!-~¡¿«»‐-‧•€、-】（）])[^\u0e33\u0eb3\uff9e\uff9f]")
JAMO = (0x1160, 0x11FF)
# What makes a grapheme with its neighbours although it is no mark; bars stand for spaces already.
JOINING = re.compile(
    "[\u0e33\u0eb3\uff9e\uff9f\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff\U0001f1e6-\U0001f1ff\U0001f3fb-\U0001f3ff▁]"
)
PROBES = ("e{}e", "{}e", "e{}", "か{}か", "ก{}ก", "가{}가", "{0}{0}")
NORMAL_FORMS = (normalizers.NFC().normalize_str, normalizers.NFKC().normalize_str)
LONG_PROBES = ("中{}中", "{}中", "中{}", "か{}か", "ก{}ก", "가{}가", "क{}क", "ᄀ{}가", "{0}{0}", "☺{0}😀")


def main() -> None:
    """Write the file; about two minutes."""
    registry = Registry.from_package()
    names = sorted(set(_set_names(registry)))
    sets = {name: frozenset(map(ord, members(name, ALL))) for name in names}
    forms = {"nmt_nfkc": _nmt_nfkc(registry), "BERT": _bert(registry), "BERT cased": _bert_cased(registry)}
    sets |= dict(zip(FLAGS, (frozenset(map(ord, characters)) for characters in _flags(forms)), strict=True))
    listed = {name: _listed(form) for name, form in forms.items()} | {"lower case": _lower_case()}
    changing = sorted(_changing_pairs())
    pairs, marked = ([pair for pair in changing if is_mark(pair[1]) is marked] for marked in (False, True))
    found = classified(sets)._replace(forms=listed, pairs=pairs, marked_pairs=marked)
    FILE.write_text(written(found), encoding="utf-8")


def _listed(form: Mapping[str, str]) -> dict[str, str]:
    """What no flag tells, nor the rule for Hangul."""
    return {
        one: other
        for one, other in form.items()
        if other and other not in (one, f" {one} ") and not 0xAC00 <= ord(one) <= 0xD7A3
    }


def _set_names(registry: Registry) -> Iterable[str]:
    for name, spec in registry.vocabularies.items():
        if spec.format is VocabularyFormat.TIKTOKEN:
            splits = rank_splits(spec.pattern or "")
        elif spec.format is VocabularyFormat.HUGGINGFACE:
            document = json.loads(unpack(spec, registry.folder_of(name)))
            if document["model"]["type"] != "BPE":
                continue
            splits = document_splits(document["pre_tokenizer"])
        else:
            continue
        for split in splits:
            yield from split.sets()


def members(name: str, among: str) -> str:
    """The characters of these that are in a set, as the library of its dialect matches them."""
    dialect, _, characters = name.partition(": ")
    match PatternDialect(dialect):
        case PatternDialect.TIKTOKEN:
            ranks = {bytes([byte]): byte for byte in range(256)}
            encoding = tiktoken.Encoding("set", pat_str=characters, mergeable_ranks=ranks, special_tokens={})
            return bytes(encoding.encode(among, disallowed_special=())).decode()
        case PatternDialect.TOKENIZERS:
            rest = set(normalizers.Replace(Regex(characters), "").normalize_str(among))
            return "".join(character for character in among if character not in rest)
        case PatternDialect.STEPS:
            step = (
                pre_tokenizers.Digits(individual_digits=True)
                if characters == "digits"
                else pre_tokenizers.Punctuation()
            )
            return "".join(character for character in among if len(step.pre_tokenize_str(f"a{character}")) > 1)


def _flags(forms: Mapping[str, Mapping[str, str]]) -> Iterable[Iterable[str]]:
    yield (one for one in ALL if all(ENDS.match(form) for form in _last_of_forms(one)))
    yield filter(BEGINS.match, ALL)
    yield filter(str.isspace, ALL)
    for form in NORMAL_FORMS:
        yield _unchanged(form, _second_in_compositions())
    for name in ("nmt_nfkc", "BERT"):
        yield (one for one, other in forms[name].items() if other == one)
    yield (one for one in forms["nmt_nfkc"] if not _is_alone(one))
    yield (one for one, other in forms["BERT"].items() if other == f" {one} ")
    yield (one for one, other in forms["BERT"].items() if not other)
    yield (one for one in ALL if all(form.isalpha() or form in string.digits for form in _last_of_forms(one)))
    cased = forms["BERT cased"]
    yield (one for one, other in cased.items() if other == one)
    yield (one for one, other in cased.items() if other == f" {one} ")
    yield (one for one, other in cased.items() if not other)
    marks = _unchanged_marks(NORMAL_FORMS)
    for bit in range(len(CLASS_BITS)):
        yield (one for one in marks if unicodedata.combining(one) >> bit & 1)


def _last_of_forms(character: str) -> set[str]:
    """Return a character and the last ones of its normal forms: some letters become a letter and a mark."""
    forms = (form(character) for form in NORMAL_FORMS)
    return {character, *(form[-1] for form in forms if form)}


def _unchanged_marks(forms: Sequence[Callable[[str], str]]) -> list[str]:
    """Return the characters with a combining class that neither change nor join what is before them.

    Text with such marks and plain characters is in the form if no mark follows one of a higher class. That holds too
    where the owner's library is older than Python and knows no class of a mark: it leaves it where it is.
    """
    excluded = _second_in_compositions()
    return [
        character
        for character in ALL
        if unicodedata.combining(character)
        and character not in excluded
        and all(form(probe.format(character)) == probe.format(character) for form in forms for probe in PROBES)
    ]


def _second_in_compositions() -> set[str]:
    """The characters that Unicode composes with one before them."""
    return {pair[1] for pair in _compositions()} | set(filter(_is_jamo, ALL))


def _compositions() -> set[str]:
    """The pairs of characters that become one in the normal forms, without those of Hangul."""
    decompositions = (_decomposition(character) for character in ALL)
    pairs = ("".join(chr(int(part, 16)) for part in parts) for parts in decompositions if len(parts) == 2)
    return {pair for pair in pairs if any(form(pair) != pair for form in NORMAL_FORMS)}


def _changing_pairs() -> set[str]:
    """Those, and other characters with marks that go between their parts: pairs that do not stay as they are.

    The first of a pair is itself in the form NFC.
    """
    compositions = _compositions()
    seconds = {pair[1] for pair in compositions}
    firsts = {pair[0] for pair in compositions} | {character for character in ALL if _decomposition(character)}
    nfc, nfkc = NORMAL_FORMS
    found = {first + second for first in firsts if nfc(first) == first for second in seconds}
    return {pair for pair in found if nfc(pair) != pair or (nfkc(pair[0]) == pair[0] and nfkc(pair) != pair)}


def _decomposition(character: str) -> list[str]:
    """Return the code points that the canonical decomposition of a character names; none if it has no such."""
    parts = unicodedata.decomposition(character).split()
    return [] if not parts or parts[0].startswith("<") else parts


def is_mark(character: str) -> bool:
    """Whether it has a combining class."""
    return unicodedata.combining(character) > 0


def _is_jamo(character: str) -> bool:
    return JAMO[0] <= ord(character) <= JAMO[1]


def _unchanged(normalize: Callable[[str], str], excluded: set[str]) -> Iterable[str]:
    """Assigned characters without a combining class that stay what they are, whatever of their kind is beside them."""
    return (
        character
        for character in ALL
        if unicodedata.category(character) not in ("Cn", "Co")
        and not unicodedata.combining(character)
        and character not in excluded
        and all(normalize(probe.format(character)) == probe.format(character) for probe in PROBES)
    )


def _nmt_nfkc(registry: Registry) -> Mapping[str, str]:
    """What the normalizer of `aya-101` and `xlm-roberta` makes of each character.

    It looks graphemes of less than six bytes up as a whole, so this holds of a character that joins others only where
    both are of three bytes or more.
    """
    forms = [_charsmap(registry, name).normalize_str for name in ("aya-101", "xlm-roberta")]
    joining = (one for one in ALL if not _is_alone(one) and len(one.encode()) >= 3)
    return dict(_apart(forms, filter(_is_alone, ALL), PROBES)) | dict(_apart(forms, joining, LONG_PROBES))


def _is_alone(character: str) -> bool:
    """Whether it never makes a grapheme with a neighbour that is alone too."""
    if character in "\t\n\r":  # the spaces that they become are joined to one
        return True
    return unicodedata.category(character)[0] in "LNPSZ" and not JOINING.match(character)


def _bert(registry: Registry) -> Mapping[str, str]:
    """What BERT's normalizer makes of each character, with a space on both sides where it is a word of its own."""
    owner = _owner(registry, "bert-uncased")

    def form(text: str) -> str:
        return " ".join(
            piece for piece, _ in owner.pre_tokenizer.pre_tokenize_str(owner.normalizer.normalize_str(text))
        )

    marks = {one for one in ALL if unicodedata.combining(one) and unicodedata.category(one) != "Mn"}
    found = dict(_within(form, (one for one in ALL if one not in marks)))
    return found | {one: one for one in map(chr, range(0x20, 0x7F))}


def _bert_cased(registry: Registry) -> Mapping[str, str]:
    """The same of a BERT that keeps letters as they are, where no character depends on its neighbours."""
    owner = _owner(registry, "bert-cased")

    def form(text: str) -> str:
        return " ".join(
            piece for piece, _ in owner.pre_tokenizer.pre_tokenize_str(owner.normalizer.normalize_str(text))
        )

    return dict(_within(form, ALL)) | {one: one for one in map(chr, range(0x20, 0x7F))}


def _lower_case() -> Mapping[str, str]:
    """What the library's lower case makes of the characters beyond ASCII that it changes."""
    lower = normalizers.Lowercase().normalize_str
    return {one: other for one in ALL if not one.isascii() and (other := lower(one)) != one}


def _apart(
    forms: Sequence[Callable[[str], str]], characters: Iterable[str], probes: Sequence[str]
) -> Iterable[tuple[str, str]]:
    """Characters and what all the forms make of them, if it is the same whatever stands beside them."""
    for character in characters:
        alone = forms[0](character)
        if all(form(probe.format(character)) == probe.format(alone) for form in forms for probe in probes):
            yield character, alone


def _within(form: Callable[[str], str], characters: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Characters and what the form makes of them inside of a word."""
    for character in characters:
        found = form(f"a{character}a")
        if found[0] == found[-1] == "a" and form(f"ж{character}ж") == f"ж{found[1:-1]}ж":
            yield character, found[1:-1]


def _charsmap(registry: Registry, name: str) -> normalizers.Normalizer:
    document = json.loads(unpack(registry.vocabularies[name], registry.folder_of(name)))
    steps = document["normalizer"]["normalizers"]
    return normalizers.Precompiled(base64.b64decode(steps[0]["precompiled_charsmap"]))


def _owner(registry: Registry, name: str) -> Tokenizer:
    return Tokenizer.from_buffer(unpack(registry.vocabularies[name], registry.folder_of(name)))


if __name__ == "__main__":
    main()
