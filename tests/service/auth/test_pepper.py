"""The pepper: its file, its setting, its rotation."""

import base64
import hashlib
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.auth.pepper import Pepper, PepperError, Peppers, load_peppers, parse_peppers, same_digest

FIRST, SECOND = b"1" * 32, b"2" * 32


def encoded(value: bytes) -> str:
    """Return bytes as Base64 text."""
    return base64.b64encode(value).decode()


def slow_hmac(key: bytes, message: bytes) -> str:
    """HMAC-SHA256 from its definition (RFC 2104)."""
    block = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in block) + inner).hexdigest()


@given(st.binary(min_size=32, max_size=32), st.text(st.characters(codec="ascii")))
def test_a_digest_is_hmac_sha256(value: bytes, secret: str) -> None:
    """Stored digests are HMAC-SHA256 under the pepper, by the definition of HMAC."""
    assert Pepper.of(value).digest(secret) == slow_hmac(value, secret.encode())


def test_the_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    """The first start makes 32 random bytes with mode 0600, in a new folder too; the next reads the same."""
    folder = tmp_path / "data"
    made = load_peppers(folder)
    assert load_peppers(folder) == made
    assert len(made.newest.value) == 32
    assert stat.S_IMODE((folder / "pepper").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["pepper"]


def test_starts_in_a_race_agree_on_one_pepper(tmp_path: Path) -> None:
    """Of 8 starts that all see an empty folder each gets the same pepper, the one in the file."""
    all_saw_nothing = Barrier(8)

    def start(number: int) -> Peppers:
        def random_bytes(length: int) -> bytes:
            all_saw_nothing.wait(timeout=10)
            return bytes([number]) * length

        return load_peppers(tmp_path, random_bytes=random_bytes)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(start, range(8))) == {load_peppers(tmp_path)}
    assert [path.name for path in tmp_path.iterdir()] == ["pepper"]


def test_the_setting_wins_over_the_file(tmp_path: Path) -> None:
    """With a setting no file is read or made."""
    assert load_peppers(tmp_path, encoded(FIRST)) == Peppers((Pepper.of(FIRST),))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("separator", [",", ", ", "\n", " "])
def test_the_newest_pepper_stands_first(separator: str) -> None:
    """Several peppers, with commas or a line each, are all tried; new digests are the first one's."""
    peppers = parse_peppers(separator.join(map(encoded, (SECOND, FIRST))), "here")
    assert peppers.newest == Pepper.of(SECOND)
    assert peppers.digests("key") == (Pepper.of(SECOND).digest("key"), Pepper.of(FIRST).digest("key"))


def test_a_digest_matches_under_any_pepper_and_no_other() -> None:
    """A stored digest is recognised under each of the peppers, and for its own key only."""
    peppers = Peppers((Pepper.of(SECOND), Pepper.of(FIRST)))
    for pepper in peppers.all:
        assert same_digest(pepper.digest("key"), peppers.digests("key"))
        assert not same_digest(pepper.digest("key"), peppers.digests("other key"))
    assert not same_digest(Pepper.of(b"3" * 32).digest("key"), peppers.digests("key"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("  \n", "it is empty"),
        ("not base64!", "it is not base64"),
        ("ü", "it is not base64"),
        (encoded(b"short"), "it has 5 bytes"),
        (encoded(FIRST) + "," + encoded(b"x" * 31), "it has 31 bytes"),
    ],
)
def test_an_unusable_pepper_is_refused_with_its_place(tmp_path: Path, text: str, reason: str) -> None:
    """A damaged pepper stops the start with one sentence that names the file or setting, not the value."""
    (tmp_path / "pepper").write_text(text)
    for setting, source in ((None, str(tmp_path / "pepper")), (text, "the pepper setting")):
        with pytest.raises(PepperError) as caught:
            load_peppers(tmp_path, setting)
        assert (caught.value.source, caught.value.reason) == (source, reason)
        assert source in str(caught.value)
        assert not text.strip() or text not in str(caught.value)


def test_a_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    """If the data folder cannot hold the file, the error names it."""
    (tmp_path / "data").write_text("")
    with pytest.raises(PepperError, match="data/pepper"):
        load_peppers(tmp_path / "data")


def test_a_pepper_is_not_shown() -> None:
    """Neither repr nor id reveals the value, and ids differ as values do."""
    pepper = Pepper.of(FIRST)
    assert "1111" not in repr(Peppers((pepper,)))
    assert pepper.id not in FIRST.hex()
    assert pepper.id != Pepper.of(SECOND).id
