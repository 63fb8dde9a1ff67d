"""Every way of installing gives a service that counts: a wheel from a source distribution, a folder, a git repository.

One environment outside the checkout has the locked dependencies; the packages are installed into it one after another.
With ALL_INSTALLS=1 pip fetches the dependencies anew; else they are copied from the environment of the tests.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import venv
from importlib.metadata import distribution
from pathlib import Path

import httpx2
import pytest
from packaging.requirements import Requirement

from tests.end_to_end import server as served
from tokenizer_registry import Registry

ROOT = Path(__file__).parents[2]
LOCKED = ROOT / "requirements" / "runtime.txt"
# Cloning and compiling once more takes long and finds what the wheel from the source distribution finds.
ALL_INSTALLS = bool(os.environ.get("ALL_INSTALLS"))
in_full = pytest.mark.skipif(not ALL_INSTALLS, reason="ALL_INSTALLS=1 builds and compiles once more")
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet")


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution."""
    folder = tmp_path_factory.mktemp("sdist")
    run(sys.executable, "-m", "hatchling", "build", "--target", "sdist", "--directory", str(folder), cwd=ROOT)
    return next(folder.glob("*.tar.gz"))


@pytest.fixture(scope="module")
def empty(sdist: Path) -> Path:
    """The Python of an environment without any package: with our own, what a build lacks would be found there."""
    venv.create(sdist.parent / "app", with_pip=False)
    return sdist.parent / "app" / "bin" / "python"


@pytest.fixture(scope="module")
def wheel(sdist: Path, empty: Path) -> Path:
    """The wheel that pip builds of it, in an environment for the build alone, as from a package index."""
    folder = sdist.parent / "wheels"
    run(*PIP, "--python", str(empty), "wheel", "--no-deps", "--wheel-dir", str(folder), str(sdist), cwd=sdist.parent)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(empty: Path, wheel: Path) -> Path:
    """The environment with the wheel and the locked dependencies, as the Dockerfile makes it."""
    into = (*PIP, "--python", str(empty), "install", "--only-binary", ":all:")
    if ALL_INSTALLS:
        run(*into, "--require-hashes", "-r", str(LOCKED), cwd=wheel.parent)
    else:
        copy_locked(next(empty.parents[1].glob("lib/python*/site-packages")))
    run(*into, "--no-deps", str(wheel), cwd=wheel.parent)
    return empty


def copy_locked(into: Path) -> None:
    """Copy the locked dependencies, and nothing else, from the environment of the tests."""
    for line in re.findall(r"^[\w.-]+==.*?(?= \\$)", LOCKED.read_text(encoding="utf-8"), re.MULTILINE):
        wanted = Requirement(line)
        if wanted.marker is not None and not wanted.marker.evaluate():
            continue
        found = distribution(wanted.name)
        assert wanted.specifier.contains(found.version), line
        for file in found.files or ():
            origin = Path(str(found.locate_file(file)))
            if ".." not in file.parts and origin.exists():
                (into / file).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(origin, into / file)


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Of a user who has used nothing yet."""
    return {"PATH": os.environ["PATH"], "HOME": str(tmp_path / "home")}


def run(*command: str, cwd: Path, environ: dict[str, str] | None = None) -> str:
    """Run a command to its end; its output."""
    done = subprocess.run(command, cwd=cwd, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_installed_wheel_serves(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Vocabularies, prices, migrations and scripts all travel in the wheel: a count is answered from there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(served, "COMMAND", [str(installed.parent / "weighbridge")])
    with served.running(tmp_path / "data") as server:
        answer = httpx2.post(
            f"{server.url}/v1/tokens/count",
            json={
                "input": "Felis nunc phasellus arcu ad bibendum elementum taciti.",
                "type": "text",
                "models": ["claude-2.1"],
            },
            headers={"X-Api-Key": server.demo_key},
        )
    assert answer.content == b'[{"model":"claude-2.1","token_count":18,"token_cost":0.000144}]'


def test_the_wheel_carries_types_and_licences(installed: Path) -> None:
    """Each package is marked as typed, and the licences of the vocabularies are in the wheel."""
    listed = run(str(installed), "-c", LIST_FILES, cwd=installed.parent)
    for package in ("weighbridge", "service", "tokenizer_registry", "pricing_data", "corpus_cost"):
        assert f"{package}/py.typed" in listed
    assert "tokenizer_registry/vocabularies/LICENSES/" in listed
    assert "tests/" not in listed
    assert "wheel_hook" not in listed


def test_the_wheel_has_no_packed_vocabularies(wheel: Path) -> None:
    """It would be several times as large with them, and take a minute to build."""
    assert wheel.stat().st_size < 45_000_000


def test_a_count_leaves_nothing_in_the_working_folder(installed: Path, tmp_path: Path, environ: dict[str, str]) -> None:
    """The first count of a new user is right, with the C library, and all that it keeps is in the user's folders."""
    assert_counts(installed, tmp_path, environ)


def test_python_counts_beside_another_service(installed: Path, tmp_path: Path, environ: dict[str, str]) -> None:
    """A user's own package of the name `service` stands in the way of nothing, for Python and for the command."""
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "__init__.py").write_text("raise RuntimeError('not ours')")
    example = "import weighbridge; print(weighbridge.count('hello', 'openai/GPT-4o'))"
    assert run(str(installed), "-c", example, cwd=tmp_path, environ=environ) == "1\n"
    for command in ((str(installed), "-m", "weighbridge"), (str(installed.with_name("weighbridge")),)):
        assert "weighbridge" in run(*command, "--version", cwd=tmp_path, environ=environ)


@in_full
def test_a_folder_is_installed(installed: Path, tmp_path: Path, environ: dict[str, str]) -> None:
    """`pip install .` in the source folder."""
    install(installed, str(ROOT))
    assert_counts(installed, tmp_path, environ)


@in_full
def test_a_git_repository_is_installed(installed: Path, tmp_path: Path, environ: dict[str, str]) -> None:
    """`pip install git+…`, of what is committed."""
    install(installed, f"git+file://{ROOT}")
    assert_counts(installed, tmp_path, environ)


def install(python: Path, what: str) -> None:
    """Install the package in the place of the one that is there, built in an environment of its own."""
    run(*PIP, "--python", str(python), "install", "--no-deps", "--force-reinstall", what, cwd=python.parent)


def assert_counts(python: Path, folder: Path, environ: dict[str, str]) -> None:
    """Both names of the command line count a file, in an empty folder."""
    working = folder / "working"
    working.mkdir()
    expected = Registry.from_package().count((ROOT / "README.md").read_text(encoding="utf-8"), ["gpt-4o"])[0].tokens
    count = ("count", str(ROOT / "README.md"), "-m", "gpt-4o", "--json")
    for command in ((str(python), "-m", "weighbridge"), (str(python.with_name("weighbridge")),)):
        (row,) = json.loads(run(*command, *count, cwd=working, environ=environ))
        assert row["token_count"] == expected
    engine = run(str(python), "-c", ENGINE, cwd=working, environ=environ)
    assert engine.strip() == "NativeVocabulary"
    assert list(working.iterdir()) == []
    assert sorted(path.name for path in Path(environ["HOME"]).iterdir()) == [".cache"]


ENGINE = "import tokenizer_registry as t; print(type(t.Registry.from_package().vocabulary('o200k_base')).__name__)"
LIST_FILES = "from importlib.metadata import files; print(*files('weighbridge'), sep='\\n')"
