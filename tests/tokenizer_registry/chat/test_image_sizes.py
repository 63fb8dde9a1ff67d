"""Width and height from headers that are written here byte by byte, and from hostile ones."""

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenizer_registry.chat.base64_bytes import Base64Bytes
from tokenizer_registry.chat.image_sizes import MAX_JPEG_SEGMENTS, ImageSize, image_size

SIDES = st.integers(1, 16_383)


def size_of(data: bytes) -> ImageSize | None:
    """Return the size of an image that comes as base64."""
    return image_size(Base64Bytes(base64.b64encode(data).decode()))


def png(width: int, height: int) -> bytes:
    """Return the start of a PNG file."""
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + b"\x08\x06\0\0\0"


def gif(width: int, height: int) -> bytes:
    """Return the start of a GIF file."""
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\xf7\0\0"


def bmp(width: int, height: int) -> bytes:
    """Return the start of a BMP file whose first row is the top one."""
    return b"BM" + bytes(12) + struct.pack("<Iii", 40, width, -height) + bytes(4)


def old_bmp(width: int, height: int) -> bytes:
    """Return the start of a BMP file of OS/2."""
    return b"BM" + bytes(12) + struct.pack("<IHH", 12, width, height) + bytes(8)


def webp(kind: bytes, body: bytes) -> bytes:
    """Return the start of a WebP file."""
    return b"RIFF" + bytes(4) + b"WEBP" + kind + bytes(4) + body + bytes(10)


def lossy(width: int, height: int) -> bytes:
    """Return the start of a lossy WebP file."""
    return webp(b"VP8 ", bytes(3) + b"\x9d\x01\x2a" + struct.pack("<HH", width, height))


def lossless(width: int, height: int) -> bytes:
    """Return the start of a lossless WebP file."""
    return webp(b"VP8L", b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14))


def extended(width: int, height: int) -> bytes:
    """Return the start of a WebP file with features."""
    return webp(b"VP8X", bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"))


def jpeg(width: int, height: int, before: int = 70_000, frame: int = 0xC2) -> bytes:
    """Return the start of a JPEG file with other segments, such as a camera's, before the frame."""
    segments = b""
    while before > 0:
        length = min(before, 65_000)
        segments += b"\xff\xe1" + struct.pack(">H", length + 2) + bytes(length)
        before -= length
    return b"\xff\xd8" + segments + b"\xff" + bytes([frame]) + struct.pack(">HBHH", 17, 8, height, width) + bytes(10)


FORMATS = [png, gif, bmp, old_bmp, lossy, lossless, extended, jpeg]


@pytest.mark.parametrize("form", FORMATS)
@given(width=SIDES, height=SIDES)
def test_each_format_has_its_size(form: object, width: int, height: int) -> None:
    """Any size that the format can have."""
    assert callable(form)
    assert size_of(form(width, height)) == ImageSize(width, height)


@pytest.mark.parametrize("form", FORMATS)
def test_a_header_that_is_cut_off_has_no_size(form: object) -> None:
    """At any place."""
    assert callable(form)
    whole: bytes = form(300, 200)
    sizes = {size_of(whole[:length]) for length in range(min(len(whole), 40))}
    assert sizes <= {None, ImageSize(300, 200)}
    assert size_of(whole[:9]) is None


@given(st.binary(max_size=200))
def test_any_bytes_have_a_size_or_none(data: bytes) -> None:
    """And never one of 0 or an error."""
    size = size_of(data)
    assert size is None or min(size) > 0


@given(st.text(max_size=200))
def test_any_text_in_place_of_base64_has_no_size(text: str) -> None:
    """Without an error."""
    image_size(Base64Bytes(text))


def test_an_image_of_no_width_has_no_size() -> None:
    """A provider would refuse it."""
    assert size_of(png(0, 5)) is None


def test_endless_segments_of_a_jpeg_are_given_up() -> None:
    """After as many as no camera writes."""
    assert size_of(b"\xff\xd8" + b"\xff\xe1\x00\x02" * (MAX_JPEG_SEGMENTS + 1) + jpeg(3, 2, 0)[2:]) is None
    assert size_of(b"\xff\xd8" + b"\xff\xe1\x00\x02" * 10 + jpeg(3, 2, 0)[2:]) == ImageSize(3, 2)


def test_base64_may_be_wrapped_or_url_safe() -> None:
    """As mail and Google's libraries write it."""
    data = b"\xff\xd8" + b"\xff\xe1" + struct.pack(">H", 402) + b"\xfb\xff" * 200 + jpeg(300, 200, 0)[2:]
    wrapped = base64.encodebytes(data).decode()
    safe = base64.urlsafe_b64encode(data).decode().rstrip("=")
    assert image_size(Base64Bytes(wrapped)) == image_size(Base64Bytes(safe)) == ImageSize(300, 200)
