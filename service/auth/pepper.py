"""The server's pepper: the secret with which API keys are hashed, stored outside the database.

A stolen database is useless without it. Peppers are a list, newest first: new keys are stored under the first, keys
under any of them are accepted. To rotate the pepper, put a new one in front. Keys under a removed pepper stop working.
"""

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from service.runtime.data_dir import PEPPER_FILE
from weighbridge_base.files import OWNER_ONLY, create_file

SETTING_NAME = "the pepper setting"
PEPPER_BYTES = 32


@dataclass(eq=False)
class PepperError(Exception):
    """The peppers cannot be read."""

    source: str
    reason: str

    def __str__(self) -> str:
        return (
            f"Cannot read a pepper from {self.source}: {self.reason}. "
            f"Expected is base64 of {PEPPER_BYTES} bytes, as `openssl rand -base64 {PEPPER_BYTES}` prints, "
            "or several, newest first, with commas."
        )


@dataclass(frozen=True, slots=True)
class Pepper:
    """One pepper. Its id is derived from it without revealing it."""

    id: str
    value: bytes

    @classmethod
    def of(cls, value: bytes) -> "Pepper":
        return cls(hmac.digest(value, b"pepper id", "sha256").hex()[:12], value)

    def digest(self, secret: str) -> str:
        """Return the HMAC-SHA256 of an API key, 64 hex digits."""
        return hmac.digest(self.value, secret.encode(), "sha256").hex()

    def __repr__(self) -> str:
        return f"Pepper(id={self.id!r})"


@dataclass(frozen=True, slots=True)
class Peppers:
    """All peppers, newest first; at least one."""

    all: tuple[Pepper, ...]

    @property
    def newest(self) -> Pepper:
        return self.all[0]

    def digests(self, secret: str) -> tuple[str, ...]:
        """Return the digests of an API key under all peppers, the newest pepper's first."""
        return tuple(pepper.digest(secret) for pepper in self.all)


def same_digest(stored: str, digests: tuple[str, ...]) -> bool:
    """Return whether `stored` is one of the digests, compared in constant time."""
    return sum(hmac.compare_digest(stored, digest) for digest in digests) > 0


def load_peppers(
    data_dir: Path, setting: str | None = None, random_bytes: Callable[[int], bytes] = secrets.token_bytes
) -> Peppers:
    """Return the peppers of the setting, else of the file `pepper` in the data folder, which is created if missing.

    Processes that start together agree on one pepper. Raise PepperError.
    """
    if setting is not None:
        return parse_peppers(setting, SETTING_NAME)
    path = data_dir / PEPPER_FILE
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            create_file(path, base64.b64encode(random_bytes(PEPPER_BYTES)) + b"\n", mode=OWNER_ONLY)
        return parse_peppers(path.read_text(encoding="utf-8"), str(path))
    except UnicodeDecodeError:
        raise PepperError(str(path), "it is not text") from None
    except OSError as error:
        raise PepperError(str(path), error.strerror or str(error)) from error


def parse_peppers(text: str, source: str) -> Peppers:
    """Return peppers from base64, newest first, separated by commas or space. Raise PepperError with `source`."""
    words = text.replace(",", " ").split()
    if not words:
        raise PepperError(source, "it is empty")
    return Peppers(tuple(Pepper.of(_decoded(word, source)) for word in words))


def _decoded(word: str, source: str) -> bytes:
    try:
        value = base64.b64decode(word, validate=True)
    except (binascii.Error, ValueError):
        raise PepperError(source, "it is not base64") from None
    if len(value) != PEPPER_BYTES:
        raise PepperError(source, f"it has {len(value)} bytes")
    return value
