"""The official SDKs count with another base URL, and connect to nothing else."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.environments import NO_PYTHON, has_python, python_program
from tests.end_to_end.conftest import SETTINGS
from tests.end_to_end.sdk_requests import agent_request
from tests.end_to_end.server import running
from tokenizer_registry import Registry
from tokenizer_registry.chat.count import count_request

MODEL = "claude-sonnet-4-5"
HELLO = {"messages": [{"role": "user", "content": "Hello"}]}
CONTENTS = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}


def counted(shape: str, body: Any, model: str, host: str | None = None) -> int | None:
    """Return the count of the library."""
    return count_request(Registry.from_package(), shape, body, model, host).tokens


@pytest.mark.skipif(not has_python(), reason=NO_PYTHON)
def test_the_sdks_of_providers_count(tmp_path: Path) -> None:
    """A message, a coding agent's request, a response and contents: what each SDK returns is the count."""
    agent = agent_request(MODEL)
    file = tmp_path / "agent.json"
    file.write_text(json.dumps(agent), encoding="utf-8")
    with running(tmp_path / "data", SETTINGS) as server:
        environ = {**os.environ, "GATEWAY_BASE_URL": server.url, "GATEWAY_API_KEY": server.demo_key}
        command = [*python_program("counting_sdks.py"), str(file)]
        done = subprocess.run(command, env=environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    refused = found.pop("refused")
    assert found == {
        "anthropic": counted("anthropic_messages", HELLO, MODEL),
        "agent": counted("anthropic_messages", agent, MODEL),
        "openai": counted("openai_responses", {"input": "Hello"}, "gpt-4o"),
        "gemini": counted("gemini_contents", CONTENTS, "gemini-2.5-flash"),
        "vertex": counted("gemini_contents", CONTENTS, "gemini-2.5-flash", "google-vertex"),
        "project": counted("gemini_contents", CONTENTS, "gemini-2.5-flash", "google-vertex"),
        "translated": counted("gemini_contents", CONTENTS, "gpt-4o"),
    }
    assert len(refused) == 3
    assert all("Did you mean gpt-4o?" in said for said in refused)
