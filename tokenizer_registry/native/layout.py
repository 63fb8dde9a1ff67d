"""The layout of a packed vocabulary: a method, the tables that it needs, and the file that the C library maps."""

import struct
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import accumulate
from typing import Final

from tokenizer_registry.native.characters import FLAGS, PLAIN_IN, read_characters
from tokenizer_registry.native.first_symbols import character_symbols, first_symbols
from tokenizer_registry.native.pairs import has_bytes, pair_table, token_pairs
from tokenizer_registry.native.pre_tokenizers import Split, split_program
from tokenizer_registry.native.runs import run_section
from tokenizer_registry.native.tables import numbers, strings, whole_tokens, with_prefixes

# What stands for a space in pieces.
META_SPACE: Final = "▁".encode()
# What stands in front of content that only Python reads.
SIZE: Final = struct.Struct("<I")


class Method(IntEnum):
    """How a segment of text becomes tokens; the numbers are the C library's."""

    BYTE_BPE = 0
    CHARACTER_BPE = 1
    UNIGRAM = 2
    WORD_PIECES = 3
    LONGEST_MATCH = 4
    UNSPLIT_UNIGRAM = 5


class PackedSection(IntEnum):
    """The tables of a packed file; splits come behind them."""

    TOKENS = 0
    LEFT_OUT = 1
    ADDED = 2
    ADDED_ENDS = 3
    SCORES = 4
    CONTINUATIONS = 5
    RANKS = 6
    CHANGED = 7
    CHANGED_INTO = 8
    WHOLE = 9
    ASCII_PAIRS = 10
    BOUNDARIES = 11
    OWN_NORMALIZER = 12
    END_OF_WORD = 13
    PAIRS = 14
    BORDERS = 15
    FIRST_SYMBOLS = 16
    CHARSMAP = 17
    PIECE_TRIE = 18
    RUNS = 19


@dataclass(slots=True)
class Tables:
    """A vocabulary for the C library. `plain`: the flag that all its characters but ASCII must have.

    `candidates` are the texts of its tokens, in the order of their numbers: which of them are what becomes of their own
    text is found out when it is packed. `ranked` are the texts of tokens that are numbered by rank, `ranks` their
    ranks if some have the same, and `never_merged` those that texts never have where merging takes place.
    """

    method: Method
    sections: dict[PackedSection, bytes] = field(default_factory=dict)
    splits: tuple[Split, ...] = ()
    plain: int = 0
    puts_space_first: bool = False
    strips_end: bool = False
    candidates: Sequence[bytes] = ()
    ranked: Sequence[bytes] = ()
    ranks: Sequence[int] = ()
    never_merged: frozenset[int] = frozenset()
    unknown: int = 0
    unknown_score: float = 0.0


def flag_of(form: str | None) -> int:
    """The flag that characters must have for texts in this form; 0 where there is no form."""
    return 1 << FLAGS.index(f"{PLAIN_IN}{form}") if form else 0


def added_sections(texts: Sequence[str]) -> dict[PackedSection, bytes]:
    """The tables of what is a token wherever it stands."""
    if not texts:
        return {}
    prefixes = with_prefixes(texts)
    return {PackedSection.ADDED: strings(prefixes.texts), PackedSection.ADDED_ENDS: bytes(prefixes.are_whole)}


def changed_sections(form: Mapping[str, str]) -> dict[PackedSection, bytes]:
    """The tables of a form: the characters that it changes, and what becomes of them."""
    texts = [text.encode() for text in form.values()]
    places = numbers([0, *accumulate(map(len, texts))])
    return {
        PackedSection.CHANGED: strings([character.encode() for character in form]),
        PackedSection.CHANGED_INTO: places + b"".join(texts),
    }


MAGIC: Final = b"WBPACK06"
MAX_SPLITS: Final = 8
HEAD: Final = struct.Struct(f"<8s6Id{len(PackedSection) + MAX_SPLITS}Q")
# What stands in front of the offsets.
HEAD_NUMBERS: Final = 8
ALIGNED: Final = 16


def packed(tables: Tables) -> bytes:
    """The file of a vocabulary. Raises KeyError for a set of characters that characters.json has not."""
    if tables.candidates:
        tables.sections[PackedSection.WHOLE] = whole_tokens(_packed(tables), tables.candidates)
    tables.sections |= _pair_sections(tables)
    return _packed(tables)


def _pair_sections(tables: Tables) -> dict[PackedSection, bytes]:
    """Return the tables for merging by pairs; none if tokens are not numbered by rank, or a byte has no token.

    Tokens of one rank are merged by strings, unless they are runs of one character behind all others.
    """
    tokens = tables.ranked
    if not tokens or (tables.method is Method.BYTE_BPE and not has_bytes(tokens)):
        return {}
    pairs = [pair for pair in token_pairs(_packed(tables), tokens) if pair.made not in tables.never_merged]
    runs = b""
    if tables.method is Method.BYTE_BPE:
        symbols = first_symbols(pairs, tokens)
    else:
        counts = Counter(tables.ranks[pair.made] for pair in pairs)
        tied = {pair.made for pair in pairs if counts[tables.ranks[pair.made]] > 1}
        repeated = {character for number in tied for character in tokens[number].decode()}
        if len(repeated) > 1:
            return {}
        runs = run_section(tied, pairs, tokens, tables.ranks)
        pairs = [pair for pair in pairs if pair.made not in tied]
        symbols = character_symbols(tokens, repeated)
    if not pairs:
        return {}
    table = pair_table(pairs, tokens)
    return {PackedSection.PAIRS: table, PackedSection.FIRST_SYMBOLS: symbols, PackedSection.RUNS: runs}


def _packed(tables: Tables) -> bytes:
    if len(tables.splits) > MAX_SPLITS:
        raise ValueError(f"{len(tables.splits)} splits; a packed vocabulary has room for {MAX_SPLITS}")
    programs = [split_program(split, read_characters()) for split in tables.splits]
    contents = [tables.sections.get(section, b"") for section in PackedSection] + programs
    offsets, body = _laid_out(contents, HEAD.size)
    offsets += [0] * (MAX_SPLITS - len(programs))
    head = (tables.method, tables.plain, tables.puts_space_first, len(programs), tables.unknown, tables.strips_end)
    return HEAD.pack(MAGIC, *head, tables.unknown_score, *offsets) + body


def normal_form_of(content: memoryview) -> str | None:
    """The form that texts must have for a packed vocabulary, if they must have one: `NFC`, `BERT`, ..."""
    plain = HEAD.unpack_from(content)[2]
    return FLAGS[plain.bit_length() - 1].removeprefix(PLAIN_IN) if plain else None


def own_normalizer_of(content: memoryview) -> bytes | None:
    """The description of the form that is this vocabulary's own, if it has one."""
    offset = HEAD.unpack_from(content)[HEAD_NUMBERS + PackedSection.OWN_NORMALIZER]
    if not offset:
        return None
    (size,) = SIZE.unpack_from(content, offset)
    return bytes(content[offset + SIZE.size : offset + SIZE.size + size])


def _laid_out(contents: Sequence[bytes], start: int) -> tuple[list[int], bytes]:
    """Where each content begins, 0 for none, and all of them one behind the other."""
    body = bytearray()
    offsets = []
    for content in contents:
        body += b"\0" * (-(start + len(body)) % ALIGNED)
        offsets.append(start + len(body) if content else 0)
        body += content
    return offsets, bytes(body)
