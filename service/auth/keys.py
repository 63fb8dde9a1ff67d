"""The format of API keys: `atms_sk_`, 32 random base62 characters, 6 base62 characters of CRC32.

With the checksum a mistyped key is refused without a look-up. CRC32 detects every change within 32 consecutive bits:
one changed character anywhere, and up to four adjacent ones before the checksum. Other damage passes with a probability
of 2^-32. The checksum is no signature.
"""

import re
import secrets
from collections.abc import Callable
from zlib import crc32

from service.observability.secrets import KEY_PREFIX

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PREFIX = KEY_PREFIX
RANDOM_CHARACTERS = 32
CHECKSUM_CHARACTERS = 6
SECRET_CHARACTERS = len(PREFIX) + RANDOM_CHARACTERS + CHECKSUM_CHARACTERS
SHORTEST_WELL_FORMED = 20

_SECRET = re.compile(f"{PREFIX}[0-9A-Za-z]{{{RANDOM_CHARACTERS + CHECKSUM_CHARACTERS}}}")


def random_text(characters: int) -> str:
    """Return random base62 characters, 5.95 bits each."""
    return "".join(secrets.choice(ALPHABET) for _ in range(characters))


def new_secret(random_text: Callable[[int], str] = random_text) -> str:
    """Return a new key: 46 characters with 190 random bits."""
    body = PREFIX + random_text(RANDOM_CHARACTERS)
    return body + checksum(body)


def checksum(body: str) -> str:
    """Return the CRC32 of an ASCII text in six base62 characters, most significant first."""
    number = crc32(body.encode("ascii"))
    digits = []
    for _ in range(CHECKSUM_CHARACTERS):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def is_well_formed(secret: str) -> bool:
    """Return whether a text has the prefix and at least 20 characters, the gateway's definition of a key format."""
    return secret.startswith(PREFIX) and len(secret) >= SHORTEST_WELL_FORMED


def has_valid_checksum(secret: str) -> bool:
    """Return whether length, alphabet and checksum are valid. Cheap for a text of any length."""
    if len(secret) != SECRET_CHARACTERS or not _SECRET.fullmatch(secret):
        return False
    return checksum(secret[:-CHECKSUM_CHARACTERS]) == secret[-CHECKSUM_CHARACTERS:]
