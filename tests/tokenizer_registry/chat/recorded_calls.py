"""Recorded calls beside the checkout, and the shipped models with exact names."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

from tokenizer_registry.chat.check import Comparison, all_shares, compare, residual_table
from tokenizer_registry.chat.logs import LoggedCall, read_log
from tokenizer_registry.registry import Registry

ROOT = Path(__file__).parents[3]
RESIDUALS = ROOT / "tokenizer_registry" / "chat" / "residuals.toml"
RESIDUALS_HEADER: Final = """\
# How far counts lie from the providers' own numbers: ours less theirs, by generation, host, shape and kinds of content.
# Evidence: {} recorded calls of open projects' tests (MIT, Apache-2.0) that can be counted from the request alone.
# Written by `python -m tests.tokenizer_registry.chat.recorded_calls`; the bands in bands.toml are set from it.

"""
# Beside the checkout, or beside the folder in which it is a worktree.
PLACES = [beside / "shared" / "calls" / "recorded.jsonl" for beside in (ROOT.parent, ROOT.parents[1])]
RECORDED = next((place for place in PLACES if place.exists()), PLACES[0])

# The models behind the names of the recorded calls, by what the hosts' pages said of them on the days of the calls.
MODELS: Final = {
    "Qwen/Qwen2.5-VL-72B-Instruct": "qwen2.5-vl-72b-instruct",
    "deepseek-ai/DeepSeek-R1": "deepseek-r1",
    "deepseek-chat": "deepseek-chat",
    "deepseek-r1-distill-llama-70b": "deepseek-r1-distill-llama-70b",
    "deepseek-reasoner": "deepseek-reasoner",
    "deepseek-v4-flash": "deepseek-v4-flash",
    "glm-4.6v": "glm-4.6v",
    "glm-4.7": "glm-4.7",
    "glm-5.2": "glm-5.2",
    "glm-5.3": "glm-5.3",
    "gpt-oss-120b": "gpt-oss-120b",
    "gpt-oss:120b": "gpt-oss-120b",
    "gpt-oss:20b": "gpt-oss-20b",
    "llama-3.3-70b": "llama-3.3-70b-instruct",
    "llama-3.3-70b-versatile": "llama-3.3-70b-instruct",
    "llama3-8b-8192": "llama-3-8b-instruct",
    "magistral-medium-latest": "magistral-medium-2509",
    "magistral-small-latest": "mistral-small-2603",
    "meta-llama/Llama-3.3-70B-Instruct": "llama-3.3-70b-instruct",
    "meta-llama/Llama-4-Scout-17B-16E-Instruct": "llama-4-scout-17b-16e-instruct",
    "meta-llama/llama-3.1-8b-instruct": "llama-3.1-8b-instruct",
    "meta-llama/llama-4-maverick-17b-128e-instruct": "llama-4-maverick-17b-128e-instruct",
    "meta-llama/llama-4-scout-17b-16e-instruct": "llama-4-scout-17b-16e-instruct",
    "ministral-8b-latest": "ministral-8b-2410",
    "minimax/minimax-m2:free": "minimax-m2",
    "mistral-large-latest": "mistral-large-2512",
    "mistral-medium-latest": "mistral-medium-2508",
    "mistral-small-latest": "mistral-small-2603",
    "mistralai/Mixtral-8x7B-Instruct-v0.1": "mixtral-8x7b-instruct-v0.1",
    "openai.gpt-oss-120b": "gpt-oss-120b",
    "openai/gpt-oss-120b": "gpt-oss-120b",
    "openai/gpt-oss-20b": "gpt-oss-20b",
    "pixtral-12b-latest": "pixtral-12b-2409",
    "qwen/qwen3-32b": "qwen3-32b",
    "qwen3": "qwen3-32b",
    "zai-glm-4.7": "glm-4.7",
    "zai/GLM-5.2": "glm-5.2",
}


def need_recorded() -> Path:
    """Return the log, or skip the test and say so."""
    if not RECORDED.exists():
        pytest.skip("There is no shared/calls/recorded.jsonl beside the checkout.")
    return RECORDED


def recorded_rows() -> Iterator[dict[str, Any]]:
    """Return the rows of the log as they are."""
    with need_recorded().open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


@cache
def package_registry() -> Registry:
    """Return the registry with the models and engines that the service uses."""
    return Registry.from_package()


@cache
def comparisons() -> tuple[Comparison, ...]:
    """Return each recorded call that can be counted from its request alone, beside our count."""
    return tuple(compare(package_registry(), map(named, read_log(need_recorded()))))


def named(call: LoggedCall) -> LoggedCall:
    """Return a call with the model behind its name where hosts have names of their own.

    The name that was asked for says more than the one that answered: it may turn thinking off.
    """
    model = next((MODELS[name] for name in reversed(call.models) if name in MODELS), None)
    return call if model is None else call._replace(models=(model,))


def recorded_residuals() -> str:
    """Return residuals.toml: how far our counts of the recorded calls are from their providers' numbers."""
    counted = [each for each in comparisons() if each.residual is not None]
    return RESIDUALS_HEADER.format(len(counted)) + residual_table(all_shares(comparisons())[:-1], comparisons())


if __name__ == "__main__":
    RESIDUALS.write_text(recorded_residuals(), encoding="utf-8")
