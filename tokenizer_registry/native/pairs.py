"""Which two tokens of a byte-level vocabulary merge, as the C library looks them up."""

import ctypes
from array import array
from collections import Counter
from collections.abc import Sequence
from itertools import accumulate, chain
from typing import Final, NamedTuple

from tokenizer_registry.native.library import library
from tokenizer_registry.native.tables import FREE, numbers

BYTES: Final = 256
# The C library has the two tokens of a pair, and the one that they make, in 20 bits each; one number is none.
NO_TOKEN: Final = 2**20 - 1
PAIR_BYTES: Final = 8
PAIR_ZONES: Final = 21
PLACES_PER_PAIR: Final = 2
# Free places behind the last one where a pair belongs: look-ups end there at the latest.
PAIRS_BEHIND: Final = 64
# Each place has four bits in a filter.
FILTERED_PLACES_PER_BYTE: Final = 2
# The bytes that UTF-8 has.
TEXT_BYTES: Final = frozenset({*range(0xC0), *range(0xC2, 0xF5)})


class TokenPair(NamedTuple):
    """Two tokens, and the one that they make."""

    left: int
    right: int
    made: int


def has_bytes(tokens: Sequence[bytes]) -> bool:
    """Return whether each byte of a text is a token, so that merging may begin with them."""
    return TEXT_BYTES.issubset(token[0] for token in tokens if len(token) == 1)


def token_pairs(packed: bytes, tokens: Sequence[bytes]) -> list[TokenPair]:
    """Return the pair that makes each token of a packed vocabulary, for those that are made of one.

    The tokens are numbered by rank. Return nothing if there are too many. Raise ValueError if it is not a vocabulary.
    """
    if len(tokens) > NO_TOKEN:
        return []
    found = array("I", bytes(3 * 4 * len(tokens)))
    count = library().weighbridge_find_pairs(packed, len(packed), found.buffer_info()[0])
    if count == FREE:
        raise ValueError("not a packed vocabulary")
    return list(map(TokenPair._make, zip(*(found[place : 3 * count : 3] for place in range(3)), strict=True)))


def pair_table(pairs: Sequence[TokenPair], tokens: Sequence[bytes]) -> bytes:
    """Return the table of pairs, and the tokens of single bytes; those without one have none."""
    bits = Counter((pair.left | pair.right | 1).bit_length() for pair in pairs)
    places = [bits[number] * PLACES_PER_PAIR for number in range(PAIR_ZONES)]
    begins = list(accumulate(places, initial=0))
    capacity = begins.pop()
    zones = numbers(chain(*zip(begins, places, strict=True)))
    filter_bytes = (capacity + PAIRS_BEHIND) // FILTERED_PLACES_PER_BYTE + PAIR_BYTES
    content = b"\xff" * PAIR_BYTES * (capacity + PAIRS_BEHIND) + bytes(filter_bytes)
    table = ctypes.create_string_buffer(content, len(content))
    if not library().weighbridge_fill_pairs(zones, capacity, numbers(chain(*pairs)), len(pairs), table):
        raise ValueError("no room for a pair of tokens")
    of_bytes = {token: number for number, token in enumerate(tokens) if len(token) == 1}
    return (
        numbers([capacity, 0])
        + zones
        + numbers(of_bytes.get(bytes([byte]), NO_TOKEN) for byte in range(BYTES))
        + table.raw
    )
