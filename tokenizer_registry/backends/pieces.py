"""The texts of pieces as SentencePiece writes them, which files of other libraries have too."""

from typing import Final

# Stands for a space.
SPACE: Final = "\u2581"
BYTE_PIECE_CHARACTERS: Final = len("<0x41>")


def is_byte_piece(piece: str) -> bool:
    """Return whether a piece stands for one byte: `<0x41>`."""
    return len(piece) == BYTE_PIECE_CHARACTERS and piece.startswith("<0x") and piece.endswith(">")


def byte_of(piece: str) -> bytes:
    """Return the byte of a piece such as `<0x41>`."""
    return bytes.fromhex(piece[3:5])


def without_prefix(found: list[bytes | None], first_piece: str) -> list[bytes | None]:
    """Return the bytes of tokens without the space that a vocabulary puts before a text.

    `first_piece` is the first piece of the text "a", which shows whether it does.
    """
    place = next((place for place, each in enumerate(found) if each != b""), None)
    first = None if place is None else found[place]
    if place is None or first is None or not first_piece.startswith(SPACE):
        return found
    return [*found[:place], first.removeprefix(b" "), *found[place + 1 :]]
