"""A real model as the upstream: llama-cpp-python, from the environment that `make llama` makes."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

from tests.clients.environments import ROOT, python_program
from tests.eventually import eventually

PYTHON = ROOT / ".llama" / "bin" / "python"
FILE = ROOT / ".llama" / "gemma-3-270m-q4_k_m.gguf"
START_SECONDS = 120


def is_installed() -> bool:
    """Whether `make llama` was run."""
    return PYTHON.exists()


@contextmanager
def llama_server(folder: Path) -> Iterator[str]:
    """A running one; its base URL is yielded."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [*python_program("llama_server.py", PYTHON), str(FILE), str(port)]
    with (folder / "llama.log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            eventually(lambda: _answers(process, port), within=START_SECONDS)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()


def _answers(process: "subprocess.Popen[bytes]", port: int) -> bool:
    if process.poll() is not None:
        raise RuntimeError("llama-cpp-python's server has ended")
    try:
        return httpx2.get(f"http://127.0.0.1:{port}/v1/models", timeout=5).status_code == 200
    except httpx2.TransportError:
        return False


def is_sound(name: str, answer: Any) -> bool:
    """Whether an answer has the right form; what a small model says is its own affair."""
    if name == "structured":
        return isinstance(answer, dict) and set(answer) == {"city", "degrees"}
    texts = answer if isinstance(answer, list) else [answer]
    return all(isinstance(text, str) for text in texts)
