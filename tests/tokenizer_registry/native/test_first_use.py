"""Packing of vocabularies at their first use."""

import hashlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest

from tests.tokenizer_registry.shipped import VOCABULARIES, shipped_specs
from tokenizer_registry.native.first_use import cache_folder, pack_in_a_process, packed_at_first_use
from tokenizer_registry.native.packed_files import FOLDER
from tokenizer_registry.vocabulary_files import VocabularySpec

NAME = "r50k_base"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a cache folder of the test's own, which does not exist yet."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "weighbridge" / "packed"


def spec() -> VocabularySpec:
    return next(spec for spec in shipped_specs() if spec.name == NAME)


def packed() -> bytes:
    """Return the packed vocabulary, without the digest that the cache appends."""
    return bytes(packed_at_first_use(spec(), VOCABULARIES).content[: (FOLDER / NAME).stat().st_size])


def digest() -> str:
    """Return a vocabulary's digest, computed in another process."""
    return hashlib.sha256(packed()).hexdigest()


def test_it_is_packed_once(cache: Path) -> None:
    """The first use packs the same bytes as `make native`; later uses, also in other processes, map them."""
    assert packed() == (FOLDER / NAME).read_bytes()
    assert cache_folder() == cache
    (file,) = cache.iterdir()
    written = file.stat().st_mtime_ns
    assert packed() == (FOLDER / NAME).read_bytes()
    assert file.stat().st_mtime_ns == written


@pytest.mark.parametrize("damage", [lambda whole: b"", lambda whole: whole[:-1], lambda whole: b"x" + whole[1:]])
def test_a_damaged_file_is_packed_again(cache: Path, damage: Callable[[bytes], bytes]) -> None:
    """A file that is empty, cut off or changed is packed again before it is used."""
    packed()
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    file.write_bytes(damage(whole))
    assert packed() == (FOLDER / NAME).read_bytes()
    assert file.read_bytes() == whole


def test_processes_that_pack_together_disturb_none(cache: Path) -> None:
    """Two processes that pack concurrently get the same bytes, and leave one file."""
    with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
        found = {task.result() for task in [pool.submit(digest) for _ in range(4)]}
    assert found == {hashlib.sha256((FOLDER / NAME).read_bytes()).hexdigest()}
    assert len(list(cache.iterdir())) == 1


def test_without_a_cache_it_is_kept_in_memory(cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A cache that cannot be written, here because a file is in its place, costs time but changes no count."""
    cache.parent.parent.mkdir()
    cache.parent.touch()
    assert packed() == (FOLDER / NAME).read_bytes()
    assert "cannot be written" in caplog.text


def test_a_start_packs_in_processes(cache: Path) -> None:
    """A vocabulary that another process has packed is mapped."""
    pack_in_a_process(spec())
    (file,) = cache.iterdir()
    written = file.stat().st_mtime_ns
    assert packed() == (FOLDER / NAME).read_bytes()
    assert file.stat().st_mtime_ns == written
