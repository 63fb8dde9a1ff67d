"""The newest release of a package: found through pip, compared with what the index records."""

import hashlib
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from pricing_data.errors import BadSource
from scripts.catalogue.package_index import NoPackageIndex, newest_release

PACKAGE = "weighbridge-example-source"
STEM = PACKAGE.replace("-", "_")


class QuietIndex(SimpleHTTPRequestHandler):
    """Serves a folder as a package index."""

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


def wheel(folder: Path, version: str) -> Path:
    """Return a wheel of the example package, written into the folder."""
    path = folder / f"{STEM}-{version}-py3-none-any.whl"
    info = f"{STEM}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {version}\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield the folder of a package in an index that pip asks: versions 1.9 and 1.10."""
    folder = tmp_path / "index" / PACKAGE
    folder.mkdir(parents=True)
    links = []
    for version in ("1.9", "1.10"):
        path = wheel(folder, version)
        links.append(f'<a href="{path.name}#sha256={hashlib.sha256(path.read_bytes()).hexdigest()}">{path.name}</a>')
    (folder / "index.html").write_text("".join(links), encoding="utf-8")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietIndex, directory=str(tmp_path / "index")))
    Thread(target=server.serve_forever, daemon=True).start()
    for name, value in {"INDEX_URL": f"http://127.0.0.1:{server.server_port}/", "NO_CACHE_DIR": "1"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    yield folder
    server.shutdown()
    server.server_close()


def test_the_newest_release_is_downloaded(index: Path, tmp_path: Path) -> None:
    """1.10 is newer than 1.9, and its sha256 is the one that the index records."""
    found = newest_release("pypi", PACKAGE, tmp_path / "cache")
    assert (found.package, found.version) == (PACKAGE, "1.10")
    content = (tmp_path / "cache" / found.archive).read_bytes()
    assert hashlib.sha256(content).hexdigest() == found.sha256
    assert content == (index / found.archive).read_bytes()


def test_a_damaged_archive_of_the_cache_is_refused(index: Path, tmp_path: Path) -> None:
    """A file of the right name that is not the recorded one is deleted, and the next call downloads it again."""
    cache = tmp_path / "cache"
    cache.mkdir()
    archive = f"{STEM}-1.10-py3-none-any.whl"
    (cache / archive).write_bytes(b"something else")
    with pytest.raises(BadSource, match="the index records"):
        newest_release("pypi", PACKAGE, cache)
    assert newest_release("pypi", PACKAGE, cache).archive == archive


def test_without_an_index_the_package_is_named(index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index that does not answer ends with the name of the package, not with a trace."""
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/")
    with pytest.raises(NoPackageIndex, match=PACKAGE):
        newest_release("pypi", PACKAGE, tmp_path)
