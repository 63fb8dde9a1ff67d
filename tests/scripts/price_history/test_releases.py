"""A release counts only as the archive that was pinned, and releases are in order."""

import hashlib
import zipfile
from datetime import date
from pathlib import Path

import pytest

from pricing_data.errors import BadSource, DamagedCuration
from scripts.price_history.__main__ import HISTORY, PINS
from scripts.price_history.releases import MEMBERS, Release, entry, fetch, member, price_file, read_releases

CONTENT = b'{"gpt": {}}'
DIGEST = hashlib.sha256(CONTENT).hexdigest()
RELEASE = Release("litellm", "1.2.3", date(2026, 1, 2), "upload", "litellm-1.2.3-py3-none-any.whl", "0" * 64, DIGEST)


def test_the_pins_have_a_history_each_and_no_release_that_was_tampered_with() -> None:
    found = read_releases(PINS)
    assert {f"{package.replace('-', '_')}.jsonl" for package in found} == {
        path.name for path in HISTORY.glob("*.jsonl")
    }
    assert all(found.values())
    assert not {"1.82.7", "1.82.8"} & {release.version for release in found["litellm"]}
    assert len({release.sha256 for releases in found.values() for release in releases}) == sum(map(len, found.values()))


def test_a_pin_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "releases.toml"
    path.write_text(entry(RELEASE), encoding="utf-8")
    assert read_releases(path) == {"litellm": [RELEASE], "tokencost": [], "genai-prices": []}


@pytest.mark.parametrize(
    ("old", "new"), [('"litellm"', '"others"'), ("day_basis", "basis"), ("2026-01-02", "2026-01-01")]
)
def test_a_bad_pin_is_refused_with_its_version(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "releases.toml"
    path.write_text(entry(RELEASE) + entry(RELEASE).replace("1.2.3", "1.2.4").replace(old, new), encoding="utf-8")
    with pytest.raises(DamagedCuration, match=r"1\.2\.4"):
        read_releases(path)


def test_a_price_file_that_was_fetched_is_taken_without_a_download(tmp_path: Path) -> None:
    RELEASE.path(tmp_path).parent.mkdir()
    RELEASE.path(tmp_path).write_bytes(CONTENT)
    fetch(tmp_path, RELEASE)
    assert price_file(tmp_path, RELEASE) == CONTENT


def test_a_price_file_that_was_changed_is_refused(tmp_path: Path) -> None:
    RELEASE.path(tmp_path).parent.mkdir()
    RELEASE.path(tmp_path).write_bytes(CONTENT + b" ")
    with pytest.raises(BadSource, match=f"not {DIGEST}"):
        price_file(tmp_path, RELEASE)


def test_the_price_file_is_taken_out_of_a_wheel(tmp_path: Path) -> None:
    path = tmp_path / RELEASE.archive
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(MEMBERS["litellm"], CONTENT)
        wheel.writestr("litellm/__init__.py", "raise SystemExit('was run')")
    assert member(path, MEMBERS["litellm"]) == CONTENT
    with pytest.raises(BadSource, match=r"genai_prices/data\.py"):
        member(path, MEMBERS["genai-prices"])
