"""What an API key looks like: `atms_sk_`, 32 random base62 characters, 6 base62 characters of CRC32.

The checksum lets a typing error be refused without asking any store. CRC32 finds every change that
stays within 32 consecutive bits, and a checksum has one spelling only. So any one changed character
is refused, and so are up to four neighbouring ones before the checksum; any other damage passes with
a chance of 2**-32. It proves nothing about who made the key.
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
    """That many random base62 characters, 5.95 bits each."""
    return "".join(secrets.choice(ALPHABET) for _ in range(characters))


def new_secret(random_text: Callable[[int], str] = random_text) -> str:
    """A new key: 46 characters, 190 random bits."""
    body = PREFIX + random_text(RANDOM_CHARACTERS)
    return body + checksum(body)


def checksum(body: str) -> str:
    """CRC32 of an ASCII text in six base62 characters, the highest digit first."""
    number = crc32(body.encode("ascii"))
    digits = []
    for _ in range(CHECKSUM_CHARACTERS):
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits))


def is_well_formed(secret: str) -> bool:
    """Whether it has the prefix and at least 20 characters: what the gateway calls a valid key format."""
    return secret.startswith(PREFIX) and len(secret) >= SHORTEST_WELL_FORMED


def has_valid_checksum(secret: str) -> bool:
    """Whether length, alphabet and checksum are those of a key of ours. Cheap for a text of any length."""
    if len(secret) != SECRET_CHARACTERS or not _SECRET.fullmatch(secret):
        return False
    return checksum(secret[:-CHECKSUM_CHARACTERS]) == secret[-CHECKSUM_CHARACTERS:]
