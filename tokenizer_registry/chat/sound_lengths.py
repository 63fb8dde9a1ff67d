"""Seconds of a sound from the header of a WAV file."""

from typing import Final, Protocol


class SizedBytes(Protocol):
    """Bytes that can be read from any place, and how many there are."""

    @property
    def size(self) -> int:
        """How many bytes there are."""
        ...

    def read(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from `offset` on."""
        ...


MAX_CHUNKS: Final = 100


def wav_seconds(source: SizedBytes) -> float | None:
    """Return the length, at most that of the bytes that are there; None if this is no WAV file."""
    head = source.read(0, 12)
    if head[:4] != b"RIFF" or head[8:12] != b"WAVE":
        return None
    offset, bytes_per_second = 12, 0
    for _ in range(MAX_CHUNKS):
        chunk = source.read(offset, 20)
        if len(chunk) < 8:
            return None
        size = int.from_bytes(chunk[4:8], "little")
        if chunk[:4] == b"fmt " and len(chunk) == 20:
            bytes_per_second = int.from_bytes(chunk[16:20], "little")
        elif chunk[:4] == b"data":
            return min(size, source.size - offset - 8) / bytes_per_second if bytes_per_second else None
        # Chunks start at even places.
        offset += 8 + size + size % 2
    return None
