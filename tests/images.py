"""Images that tests make themselves."""

import struct
import zlib
from base64 import b64encode


def png(width: int, height: int) -> str:
    """Return a black PNG as a data URL."""
    rows = zlib.compress((b"\0" + b"\0" * width) * height)
    chunks = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)), (b"IDAT", rows), (b"IEND", b""))
    data = b"".join(
        struct.pack(">I", len(each)) + kind + each + struct.pack(">I", zlib.crc32(kind + each)) for kind, each in chunks
    )
    return "data:image/png;base64," + b64encode(b"\x89PNG\r\n\x1a\n" + data).decode()
