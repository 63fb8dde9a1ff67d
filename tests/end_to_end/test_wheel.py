"""The wheel, installed in an empty environment outside the checkout, serves: what the container image does."""

import subprocess
import sys
import venv
from pathlib import Path

import httpx2
import pytest

from tests.end_to_end import server as served

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment with the wheel and the locked dependencies, as the Dockerfile makes it."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    built = folder / "wheels"
    run(*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(built), ".", cwd=ROOT)
    venv.create(folder / "app", with_pip=False)
    python = folder / "app" / "bin" / "python"
    into = [*pip, "--python", str(python), "install", "--only-binary", ":all:"]
    run(*into, "--require-hashes", "-r", str(ROOT / "requirements" / "runtime.txt"), cwd=folder)
    run(*into, "--no-deps", str(next(built.glob("*.whl"))), cwd=folder)
    return python


def run(*command: str, cwd: Path) -> str:
    """Run a command to its end; its output."""
    done = subprocess.run(command, cwd=cwd, check=True, capture_output=True, text=True)
    return done.stdout


def test_the_installed_wheel_serves(installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Vocabularies, prices, migrations and scripts all travel in the wheel: a count is answered from there."""
    monkeypatch.chdir(tmp_path)
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
    for package in ("service", "tokenizer_registry", "pricing_data"):
        assert f"{package}/py.typed" in listed
    assert "tokenizer_registry/vocabularies/LICENSES/" in listed
    assert "tests/" not in listed


LIST_FILES = "from importlib.metadata import files; print(*files('weighbridge'), sep='\\n')"
