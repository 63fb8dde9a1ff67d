"""Requirements for building the C library."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tokenizer_registry.shipped import shipped_specs
from tokenizer_registry.native import build

ROOT = Path(__file__).parents[3]


def test_building_needs_no_library_of_an_owner() -> None:
    """A wheel can be built with only the compiler installed: everything else comes with Python."""
    program = "import tokenizer_registry.native.build"
    done = subprocess.run([sys.executable, "-S", "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_only_what_is_not_current_is_packed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A packed vocabulary is kept; one that is damaged, or made from other sources, is packed again."""
    monkeypatch.setattr(build, "FOLDER", tmp_path)
    specs = [spec for spec in shipped_specs() if spec.name in ("llama-2", "r50k_base")]
    built = build.packs(specs, {})
    files = [tmp_path / spec.name for spec in specs]
    contents = [file.read_bytes() for file in files]
    written = [file.stat().st_mtime_ns for file in files]
    assert build.packs(specs, built) == built
    assert [file.stat().st_mtime_ns for file in files] == written
    files[0].write_bytes(contents[0][:-1])
    assert build.packs(specs, built | {specs[1].name: ("other sources", built[specs[1].name][1])}) == built
    assert [file.read_bytes() for file in files] == contents
    assert all(file.stat().st_mtime_ns > before for file, before in zip(files, written, strict=True))
