"""Recorded calls of open models on named hosts: our counts equal theirs, or theirs lie in the band that we state."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

import pytest

from tests.tokenizer_registry.chat.recorded_calls import need_recorded, package_registry
from tokenizer_registry.chat.count import count_request
from tokenizer_registry.chat.errors import BadChatRequest
from tokenizer_registry.chat.logs import LoggedCall, read_log
from tokenizer_registry.chat.parts import ChatCount

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
# Hosts that have templates of their own, of which no exactness is claimed.
OWN_TEMPLATES: Final = {"ollama", "ollama-cloud", "gpustack"}


class Compared(NamedTuple):
    """A recorded call beside our count."""

    call: LoggedCall
    counted: ChatCount

    @property
    def is_exact(self) -> bool:
        """Whether both numbers are the same."""
        return self.counted.tokens == self.call.input_tokens

    @property
    def is_in_band(self) -> bool:
        """Whether theirs lies in our band."""
        return self.counted.high is not None and self.counted.low <= self.call.input_tokens <= self.counted.high


@cache
def compared() -> tuple[Compared, ...]:
    """Return all recorded calls of open models that have a number from us."""
    return tuple(_compared())


def _compared() -> Iterator[Compared]:
    registry = package_registry()
    for call in read_log(need_recorded()):
        # The name that was asked for says more than the one that answered: it may turn thinking off.
        model = next((MODELS[name] for name in reversed(call.models) if name in MODELS), None)
        if model is None or model not in registry.models:
            continue
        try:
            found = count_request(registry, call.shape, call.body, model, call.host, call.at)
        except BadChatRequest:
            continue
        if found.tokens is not None:
            yield Compared(call, found)


def of(*hosts: str) -> list[Compared]:
    """Return the calls at some hosts."""
    return [each for each in compared() if each.counted.host in hosts]


def share(rows: list[Compared]) -> float:
    """Return the share of exact ones."""
    return sum(each.is_exact for each in rows) / len(rows)


# Hosts, how many calls there are at least, and the least share of exact ones.
SHARES: Final = {
    "Mistral": (("mistral",), 40, 0.91),
    "DeepSeek, tools in half": (("deepseek",), 30, 0.86),
    "Cerebras, Crusoe, Together, Z.ai": (("cerebras", "crusoe", "together", "z.ai"), 19, 1.0),
    "Groq": (("groq",), 15, 0.82),
}


@pytest.mark.parametrize("name", SHARES)
def test_hosts_count_as_we_do(name: str) -> None:
    """The share of exact counts does not fall."""
    hosts, rows, least = SHARES[name]
    found = of(*hosts)
    assert len(found) >= rows
    assert share(found) >= least


def test_texts_on_named_hosts_have_the_hosts_number() -> None:
    """At least 96 of 100 of the calls with nothing but texts, on hosts that were compared."""
    named = [each for each in compared() if each.counted.host not in OWN_TEMPLATES and is_compared(each)]
    texts = [each for each in named if is_plain(each)]
    assert len(texts) >= 65
    assert share(texts) >= 0.96


def is_plain(each: Compared) -> bool:
    """Whether a call has nothing but texts: no thoughts, tools, schema or media."""
    parts = each.counted.parts._asdict()
    thinks = '"type": "thinking"' in json.dumps(each.call.body)
    return not thinks and not any(part.is_there for name, part in parts.items() if name not in {"text", "frame"})


def is_compared(each: Compared) -> bool:
    """Whether a rule says what the host adds to the template."""
    return each.counted.host in each.counted.parts.frame.rule.split("open-template-", 1)[-1]


def test_what_is_called_exact_on_a_named_host_is_the_hosts_number() -> None:
    """In at least 96 of 100 calls; of those recorded, in all."""
    exact = [each for each in compared() if each.counted.method == "exact"]
    assert len(exact) >= 90
    assert share(exact) >= 0.96


def test_the_hosts_number_lies_in_the_stated_band() -> None:
    """Of all calls that have a number, hosts with templates of their own among them."""
    rows = list(compared())
    assert len(rows) >= 150
    assert sum(each.is_in_band for each in rows) / len(rows) >= 0.97


def test_no_exactness_is_claimed_of_hosts_with_their_own_templates() -> None:
    """With tools, their renderings differ by dozens of tokens."""
    rows = [each for each in of(*OWN_TEMPLATES) if each.counted.parts.tools.tokens]
    assert len(rows) >= 25
    assert all(each.counted.method == "estimate" for each in rows)
