"""Rank files: one token a line, in base64, then its rank. A lower rank is merged first."""

from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping


def parse_ranks(content: bytes) -> dict[bytes, int]:
    """Token bytes to rank."""
    return {a2b_base64(token): int(rank) for token, rank in map(bytes.split, content.splitlines())}


def format_ranks(ranks: Mapping[bytes, int]) -> bytes:
    """The file for these ranks, in their order."""
    return b"".join(b"%s %d\n" % (b2a_base64(token, newline=False), rank) for token, rank in ranks.items())
