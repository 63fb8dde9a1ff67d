"""Clients that others' generators make from the OpenAPI document: they have every operation, and their calls pass."""

import json
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import NO_NODE, NO_PYTHON, NODE_MODULES, PYTHON, ROOT, has_node, has_python
from tests.end_to_end.conftest import SETTINGS
from tests.end_to_end.server import Server, running
from tests.fake_upstream import MODEL, fake_upstream

DOCUMENT = ROOT / "service" / "web" / "openapi.json"
PROGRAMS = Path(__file__).parent
STRICT = ("--strict", "--noEmitOnError", "--skipLibCheck", "--target", "es2022", "--module", "nodenext")
OPERATIONS: set[str] = {
    operation["operationId"]
    for methods in json.loads(DOCUMENT.read_text(encoding="utf-8"))["paths"].values()
    for operation in methods.values()
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A gateway with a scripted upstream."""
    with fake_upstream() as upstream:
        settings = {**SETTINGS, "UPSTREAM_URL": upstream.url, "UPSTREAM_MODEL": MODEL}
        with running(tmp_path_factory.mktemp("generated") / "data", settings) as started:
            yield started


def run(command: Sequence[str | Path], folder: Path, **environ: str) -> str:
    """What a program prints that has to succeed."""
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environ}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def access(server: Server) -> dict[str, Any]:
    """What a generated client needs to know."""
    return {"GATEWAY_BASE_URL": server.url, "GATEWAY_API_KEY": server.new_key("generated")}


@pytest.mark.skipif(not has_python(), reason=NO_PYTHON)
def test_openapi_python_client(server: Server, tmp_path: Path) -> None:
    """openapi-python-client leaves nothing out and warns of nothing; its client counts, chats and sees its bill."""
    generator = PYTHON.with_name("openapi-python-client")
    command: list[str | Path] = [
        generator,
        "generate",
        "--path",
        DOCUMENT,
        "--output-path",
        tmp_path / "made",
        "--fail-on-warning",
    ]
    run(command, tmp_path, PATH=f"{PYTHON.parent}:{os.environ['PATH']}")
    modules = {path.stem for path in (tmp_path / "made").rglob("api/*/*.py")} - {"__init__"}
    assert modules == {re.sub("(?=[A-Z])", "_", name).lower() for name in OPERATIONS}
    program = [PYTHON, PROGRAMS / "programs" / "generated_client.py", tmp_path / "made"]
    assert run(program, tmp_path, **access(server)) == "right\n"


@pytest.mark.skipif(not has_node(), reason=NO_NODE)
def test_openapi_typescript(server: Server, tmp_path: Path) -> None:
    """openapi-typescript's types have every operation; calls by them are sound to the compiler, and pass."""
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    programs = NODE_MODULES / ".bin"
    run([programs / "openapi-typescript", DOCUMENT, "--output", tmp_path / "api.d.ts"], tmp_path)
    types = (tmp_path / "api.d.ts").read_text(encoding="utf-8")
    assert set(re.findall(r'operations\["(\w+)"\]', types)) == OPERATIONS
    (tmp_path / "calls.ts").write_text((PROGRAMS / "node" / "generated_client.ts").read_text())
    run([programs / "tsc", *STRICT, "calls.ts"], tmp_path)
    assert run(["node", "calls.js"], tmp_path, **access(server)) == "right\n"
