"""The command line tool `llm`, with the gateway in its list of OpenAI-compatible models."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from protocol import AND_NOW, API_KEY, BASE_URL, COUNT, DESCRIBE, HELLO, MODEL, WARMTH, attend, total

FOLDER = Path(tempfile.mkdtemp(prefix="llm-"))
PROGRAM = Path(sys.executable).with_name("llm")
ENTRY = {
    "model_id": MODEL,
    "model_name": MODEL,
    "api_base": BASE_URL,
    "api_key_name": "weighbridge",
    "supports_tools": True,
    "supports_schema": True,
}
FUNCTION = 'def temperature(city: str) -> str:\n    "The temperature in a city."\n    return "21"\n'


def llm(*arguments: str) -> str:
    """What the tool prints."""
    environ = {**os.environ, "LLM_USER_PATH": str(FOLDER)}
    done = subprocess.run([PROGRAM, *arguments], env=environ, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout.strip()


def logged(answer: Any, calls: int) -> dict[str, Any]:
    """The result, with the usage that the tool has logged of the last calls."""
    rows = json.loads(llm("logs", "list", "--json", "--count", str(calls)))
    return total(answer, sum(row["input_tokens"] for row in rows), sum(row["output_tokens"] for row in rows))


def chat() -> dict[str, Any]:
    """Two turns; the second goes on with the last conversation."""
    return logged([llm("-m", MODEL, "--no-stream", HELLO), llm("-m", MODEL, "--no-stream", "-c", AND_NOW)], 2)


def tools() -> dict[str, Any]:
    """A function that the tool runs."""
    return logged(llm("-m", MODEL, "--no-stream", "--functions", FUNCTION, WARMTH), 2)


def stream() -> dict[str, Any]:
    """A stream, which is what the tool does unless it is asked not to."""
    return logged(llm("-m", MODEL, COUNT), 1)


def structured() -> dict[str, Any]:
    """A value by a schema in the tool's short form."""
    return logged(json.loads(llm("-m", MODEL, "--no-stream", "--schema", "city, degrees int", DESCRIBE)), 1)


(FOLDER / "extra-openai-models.yaml").write_text(json.dumps([ENTRY]))  # JSON is YAML
(FOLDER / "keys.json").write_text(json.dumps({"weighbridge": API_KEY}))
attend("llm", (chat, tools, stream, structured))
