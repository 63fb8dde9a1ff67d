"""Width and height of an image from its header: PNG, JPEG, GIF, WebP, BMP. Nothing is decoded."""

from typing import Final, NamedTuple, Protocol


class ByteSource(Protocol):
    """Bytes that can be read from any place."""

    def read(self, offset: int, size: int) -> bytes:
        """Return up to `size` bytes from `offset` on."""
        ...


class ImageSize(NamedTuple):
    """Width and height of an image, in pixels."""

    width: int
    height: int


# Start-of-frame markers of JPEG, which carry the size: all of C0 to CF but tables (C4, CC) and the reserved C8.
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Markers without a length.
_BARE: Final = frozenset({0x01, *range(0xD0, 0xD8)})
# A camera's file has about 20 segments before the frame.
MAX_JPEG_SEGMENTS: Final = 500


def image_size(source: ByteSource) -> ImageSize | None:
    """Return the size that the header states; None if this is no such image, is cut off or has a side of 0."""
    head = source.read(0, 30)
    size = _png(head) or _gif(head) or _bmp(head) or _webp(head)
    if size is None and head.startswith(b"\xff\xd8"):
        size = _jpeg(source)
    return size if size is not None and size.width > 0 and size.height > 0 else None


def _png(head: bytes) -> ImageSize | None:
    if len(head) < 24 or not head.startswith(b"\x89PNG\r\n\x1a\n") or head[12:16] != b"IHDR":
        return None
    return ImageSize(int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big"))


def _gif(head: bytes) -> ImageSize | None:
    if len(head) < 10 or head[:6] not in {b"GIF87a", b"GIF89a"}:
        return None
    return ImageSize(int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little"))


def _bmp(head: bytes) -> ImageSize | None:
    if len(head) < 26 or head[:2] != b"BM":
        return None
    if int.from_bytes(head[14:18], "little") == 12:
        return ImageSize(int.from_bytes(head[18:20], "little"), int.from_bytes(head[20:22], "little"))
    # A negative height is an image whose first row is the top one.
    width, height = (int.from_bytes(head[place : place + 4], "little", signed=True) for place in (18, 22))
    return ImageSize(width, abs(height))


def _webp(head: bytes) -> ImageSize | None:
    if len(head) < 30 or head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        return None
    kind = head[12:16]
    if kind == b"VP8X":
        return ImageSize(1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little"))
    if kind == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        sides = (int.from_bytes(head[place : place + 2], "little") & 0x3FFF for place in (26, 28))
        return ImageSize(*sides)
    if kind == b"VP8L" and head[20] == 0x2F:
        bits = int.from_bytes(head[21:25], "little")
        return ImageSize(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    return None


def _jpeg(source: ByteSource) -> ImageSize | None:
    """Walk from segment to segment up to the frame."""
    offset = 2
    for _ in range(MAX_JPEG_SEGMENTS):
        segment = source.read(offset, 9)
        if len(segment) < 4 or segment[0] != 0xFF:
            return None
        marker = segment[1]
        if marker in _FRAMES:
            return None if len(segment) < 9 else _frame(segment)
        if marker == 0xFF:
            offset += 1
        elif marker in _BARE:
            offset += 2
        else:
            offset += 2 + int.from_bytes(segment[2:4], "big")
    return None


def _frame(segment: bytes) -> ImageSize:
    return ImageSize(int.from_bytes(segment[7:9], "big"), int.from_bytes(segment[5:7], "big"))
