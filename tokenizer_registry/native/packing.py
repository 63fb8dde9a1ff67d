"""Packed vocabularies: files that the C library maps and counts with as they are."""

import struct
from collections.abc import Sequence
from typing import Final

from tokenizer_registry.native.characters import FLAGS, PLAIN_IN, read_characters
from tokenizer_registry.native.form import SIZE, Section, Tables
from tokenizer_registry.native.tables import split_program, whole_tokens

MAGIC: Final = b"WBPACK02"
MAX_SPLITS: Final = 8
HEAD: Final = struct.Struct(f"<8s6Id{len(Section) + MAX_SPLITS}Q")
# What stands in front of the offsets.
HEAD_NUMBERS: Final = 8
ALIGNED: Final = 16


def packed(tables: Tables) -> bytes:
    """The file of a vocabulary. Raises KeyError for a set of characters that characters.json has not."""
    if tables.candidates:
        tables.sections[Section.WHOLE] = whole_tokens(_packed(tables), tables.candidates)
    return _packed(tables)


def _packed(tables: Tables) -> bytes:
    if len(tables.splits) > MAX_SPLITS:
        raise ValueError(f"{len(tables.splits)} splits; a packed vocabulary has room for {MAX_SPLITS}")
    programs = [split_program(split, read_characters()) for split in tables.splits]
    contents = [tables.sections.get(section, b"") for section in Section] + programs
    offsets, body = _laid_out(contents, HEAD.size)
    offsets += [0] * (MAX_SPLITS - len(programs))
    head = (tables.method, tables.plain, tables.puts_space_first, len(programs), tables.unknown, tables.strips_end)
    return HEAD.pack(MAGIC, *head, tables.unknown_score, *offsets) + body


def form_of(content: memoryview) -> str | None:
    """The form that texts must have for a packed vocabulary, if they must have one: `NFC`, `BERT`, ..."""
    plain = HEAD.unpack_from(content)[2]
    return FLAGS[plain.bit_length() - 1].removeprefix(PLAIN_IN) if plain else None


def own_form_of(content: memoryview) -> bytes | None:
    """The description of the form that is this vocabulary's own, if it has one."""
    offset = HEAD.unpack_from(content)[HEAD_NUMBERS + Section.OWN_FORM]
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
