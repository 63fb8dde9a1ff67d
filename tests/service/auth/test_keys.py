"""The form of API keys."""

import string
from urllib.parse import quote

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from service.auth.keys import (
    ALPHABET,
    PREFIX,
    RANDOM_CHARACTERS,
    SECRET_CHARACTERS,
    checksum,
    has_valid_checksum,
    is_well_formed,
    new_secret,
)
from service.observability.secrets import KEY_MASK, mask_secrets

# Made with the CRC32 that gzip writes, and base62 by hand.
GOLDEN = {
    "atms_sk_00000000000000000000000000000000": "4dACnb",
    "atms_sk_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz": "37jefJ",
    "atms_sk_Weighbridge0Weighbridge1Weighbri": "3S0KVI",
}

random_parts = st.text(ALPHABET, min_size=RANDOM_CHARACTERS, max_size=RANDOM_CHARACTERS)
other_texts = st.text(st.characters(exclude_characters=ALPHABET + "%"))
secrets = random_parts.map(lambda random: new_secret(lambda _: random))


def slow_checksum(body: str) -> str:
    """CRC32 bit by bit (IEEE 802.3, reflected), then base62 digit by digit."""
    register = 0xFFFFFFFF
    for byte in body.encode():
        register ^= byte
        for _ in range(8):
            register = (register >> 1) ^ (0xEDB88320 if register & 1 else 0)
    number = register ^ 0xFFFFFFFF
    return "".join(ALPHABET[number // 62**place % 62] for place in range(5, -1, -1))


@pytest.mark.parametrize(("body", "expected"), GOLDEN.items())
def test_golden_checksums(body: str, expected: str) -> None:
    """The checksum of a given body never changes: keys handed out stay valid."""
    assert checksum(body) == expected


@given(random_parts)
def test_checksum_agrees_with_a_slow_reference(random: str) -> None:
    """The checksum is CRC32 in base62 and nothing else."""
    assert checksum(PREFIX + random) == slow_checksum(PREFIX + random)


def test_a_new_key_has_the_documented_form() -> None:
    """A key is the prefix, 32 base62 characters and its checksum: 46 characters, each time others."""
    made = {new_secret() for _ in range(1_000)}
    assert len(made) == 1_000
    for secret in made:
        assert len(secret) == SECRET_CHARACTERS == 46
        assert secret.startswith("atms_sk_")
        assert set(secret[8:]) <= set(string.ascii_letters + string.digits)
        assert is_well_formed(secret)
        assert has_valid_checksum(secret)


@given(secrets, st.integers(0, SECRET_CHARACTERS - 1), st.characters())
def test_one_changed_character_is_always_refused(secret: str, place: int, other: str) -> None:
    """CRC32 finds every change within 32 bits, and a checksum has one spelling: no single change passes."""
    assume(secret[place] != other)
    assert not has_valid_checksum(secret[:place] + other + secret[place + 1 :])


@given(secrets, st.integers(0, RANDOM_CHARACTERS - 4), st.text(ALPHABET, min_size=4, max_size=4))
def test_up_to_four_changed_neighbours_are_always_refused(secret: str, place: int, others: str) -> None:
    """Damage to four neighbouring characters of the random part, which are 32 bits, and a swap are always found."""
    start = len(PREFIX) + place
    assume(secret[start : start + 4] != others)
    assert not has_valid_checksum(secret[:start] + others + secret[start + 4 :])


@given(secrets, st.integers(0, SECRET_CHARACTERS - 1), st.sampled_from(ALPHABET))
def test_a_character_too_few_or_too_many_is_refused(secret: str, place: int, extra: str) -> None:
    """Only the exact length passes."""
    assert not has_valid_checksum(secret[:place] + secret[place + 1 :])
    assert not has_valid_checksum(secret[:place] + extra + secret[place:])


@pytest.mark.parametrize("wrong", ["\n", " ", "\x00", "é", "٣", "-", "_", "\ud800"])
def test_the_alphabet_is_ascii_letters_and_digits(wrong: str) -> None:
    """Bytes that a header or a query may bring do not pass for base62, other scripts' digits included."""
    secret = new_secret()
    for changed in (
        secret[:-1] + wrong,
        wrong + secret[1:],
        secret[:20] + wrong + secret[21:],
        secret + wrong,
    ):
        assert not has_valid_checksum(changed)


@given(st.text())
def test_any_text_may_be_asked_about(text: str) -> None:
    """No text makes the checks fail, and none that is not made as a key passes."""
    assert not has_valid_checksum(text)
    assert isinstance(is_well_formed(text), bool)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", False),
        ("abc", False),
        ("atms_sk_", False),
        ("atms_sk_12345678901", False),
        ("atms_sk_123456789012", True),
        ("ATMS_SK_123456789012", False),
        (" atms_sk_123456789012", False),
        ("sk_atms_123456789012", False),
    ],
)
def test_well_formed_is_prefix_and_twenty_characters(text: str, expected: bool) -> None:
    """The gateway's format check asks for the prefix and at least 20 characters, no more."""
    assert is_well_formed(text) is expected


@given(other_texts, secrets, other_texts)
def test_a_key_is_masked_wherever_it_stands(before: str, secret: str, after: str) -> None:
    """Of a key in a text nothing but the prefix is left, and the text around it is not touched."""
    assert mask_secrets(before + secret + after) == before + KEY_MASK + after


@given(secrets, st.sets(st.integers(0, SECRET_CHARACTERS - 1)))
def test_a_percent_encoded_key_is_masked(secret: str, places: set[int]) -> None:
    """A query is logged as it was sent: a key of which any characters are percent-encoded is masked whole."""
    sent = "".join(f"%{ord(each):02x}" if at in places else each for at, each in enumerate(secret))
    assert mask_secrets(f"GET /v1/tokens/models?api-key={sent}&name=x") == (
        f"GET /v1/tokens/models?api-key={KEY_MASK}&name=x"
    )


@pytest.mark.parametrize(
    "text", ["", "nothing here", "atms_sk_...wXyZ", "atms_sk_…wXyZ", "the prefix atms_sk_ alone", quote("ü%")]
)
def test_other_text_is_left_as_it_is(text: str) -> None:
    """The short form of a key and everything else stays readable."""
    assert mask_secrets(text) == text
