"""Masking of API keys in texts, for logs."""

import re

KEY_PREFIX = "atms_sk_"
KEY_MASK = KEY_PREFIX + "********"

# Each character of the prefix may be percent-encoded, as in a logged query.
_SECRET_IN_TEXT = re.compile(
    "".join(f"(?:{character}|%{ord(character):02X})" for character in KEY_PREFIX) + "[0-9A-Za-z%]+",
    re.IGNORECASE | re.ASCII,
)


def mask_secrets(text: str) -> str:
    """Return the text with every `atms_sk_…` replaced by a mask, percent-encoded ones too."""
    return _SECRET_IN_TEXT.sub(KEY_MASK, text)
