"""How byte-level BPE writes bytes as printable characters."""

from collections.abc import Mapping


def byte_alphabet() -> Mapping[int, str]:
    """Byte to character, as GPT-2 chose them: printable Latin-1 as it is, the rest from U+0100 on."""
    plain = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    others = [byte for byte in range(256) if byte not in plain]
    return {byte: chr(byte) for byte in plain} | {byte: chr(256 + at) for at, byte in enumerate(others)}
