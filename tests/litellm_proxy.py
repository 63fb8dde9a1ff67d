"""LiteLLM's proxy, from the environment that `make peers` makes: in a process of its own, on a free port."""

import json
import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

PROGRAM = Path(__file__).parent.parent / ".peers" / "bin" / "litellm"
ABSENT = "LiteLLM's proxy is not installed: run `make peers`"
MODEL = "mocked-model"
KEY = "sk-proxy-1"
START_SECONDS = 90


def is_installed() -> bool:
    """Whether `make peers` was run."""
    return PROGRAM.exists()


def mocked(answer: str) -> dict[str, Any]:
    """A model that always says this, made up by the proxy itself."""
    return {"model": "openai/mocked", "api_key": "none", "mock_response": answer}


def relayed(url: str, model: str) -> dict[str, Any]:
    """A model of an OpenAI-compatible server, whose base URL this is."""
    return {"model": f"openai/{model}", "api_key": "none", "api_base": url}


@contextmanager
def litellm_proxy(folder: Path, parameters: Mapping[str, Any]) -> Iterator[str]:
    """A running proxy with the one model MODEL, for callers with KEY; its base URL is yielded."""
    config = folder / "litellm.yaml"
    models = [{"model_name": MODEL, "litellm_params": dict(parameters)}]
    config.write_text(json.dumps({"model_list": models, "general_settings": {"master_key": KEY}}))  # JSON is YAML
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command: list[str | Path] = [PROGRAM, "--config", config, "--host", "127.0.0.1", "--port", str(port)]
    # Nothing is fetched at its start: it would load its list of prices from the network.
    environ = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "NO_DOCS": "True"}
    with (folder / "litellm.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environ, cwd=folder)
    try:
        _wait_until_ready(process, port, folder / "litellm.log")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    for _ in range(START_SECONDS * 10):
        try:
            if httpx2.get(f"http://127.0.0.1:{port}/health/liveliness", timeout=5).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        try:
            process.wait(timeout=0.1)
        except subprocess.TimeoutExpired:
            continue
        break
    raise RuntimeError(f"LiteLLM's proxy did not start:\n{log.read_text()}")
