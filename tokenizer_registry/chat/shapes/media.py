"""Images, sounds and files of all shapes: size from the header or from what the caller gives, never from an address.

A caller may put `width` and `height`, `seconds` or `pages` into the part, or into the object inside it that has the
data. They count before the header.
"""

import base64
import binascii
from typing import Final

from tokenizer_registry.chat.base64_bytes import Base64Bytes
from tokenizer_registry.chat.image_sizes import image_size
from tokenizer_registry.chat.request import MediaBlock, MediaKind
from tokenizer_registry.chat.shapes.fields import Field
from tokenizer_registry.chat.sound_lengths import wav_seconds

MAX_SIDE: Final = 1_000_000
MAX_SECONDS: Final = 1_000_000
MAX_PAGES: Final = 100_000
NO_IMAGE: Final = "not a PNG, JPEG, GIF, WebP or BMP image"


def kind_of(media_type: str | None) -> MediaKind:
    """Return the kind of a media type; what is not image, audio or video is a file."""
    match (media_type or "").partition("/")[0]:
        case "image":
            return "image"
        case "audio":
            return "audio"
        case "video":
            return "video"
        case _:
            return "file"


def media_block(
    part: Field, inner: Field, kind: MediaKind, media_type: str | None, data: str | None, detail: str | None = None
) -> MediaBlock:
    """Return the block of a part. `data` is base64, None where the content is elsewhere."""
    width, height = (_whole(part, inner, side, MAX_SIDE) for side in ("width", "height"))
    seconds = _given(part, inner, "seconds").optional_positive(MAX_SECONDS)
    fault = None
    if kind == "image" and (width is None or height is None):
        size = image_size(Base64Bytes(data)) if data is not None else None
        width, height = size or (None, None)
        fault = NO_IMAGE if data is not None and size is None else None
    if kind == "audio" and seconds is None and data is not None:
        seconds = wav_seconds(Base64Bytes(data))
    return MediaBlock(
        kind,
        part.path,
        media_type,
        width,
        height,
        seconds,
        _whole(part, inner, "pages", MAX_PAGES),
        detail,
        _plain(data) if kind == "file" and (media_type or "").startswith("text/") and data is not None else None,
        fault,
    )


def split_data_url(url: str) -> tuple[str | None, str | None]:
    """Return the media type and the base64 of a data URL; (None, None) for an address."""
    head, comma, data = url.partition(",")
    if not comma or not head.startswith("data:") or not head.endswith(";base64"):
        return None, None
    return head[5:-7].partition(";")[0], data


def _given(part: Field, inner: Field, name: str) -> Field:
    return inner.get(name) if isinstance(inner.value, dict) and inner.has(name) else part.get(name)


def _whole(part: Field, inner: Field, name: str, largest: int) -> int | None:
    given = _given(part, inner, name)
    found = given.optional_whole(largest)
    if found == 0:
        raise given.fault("must be above 0")
    return found


def _plain(data: str) -> str | None:
    try:
        return base64.b64decode(data, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return None
