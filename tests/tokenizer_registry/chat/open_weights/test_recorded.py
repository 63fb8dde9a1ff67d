"""Recorded calls of open models on named hosts: our counts equal theirs, or theirs lie in the band that we state."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

import pytest

from tests.tokenizer_registry.chat.recorded_calls import MODELS, named, need_recorded, package_registry
from tokenizer_registry.chat.count import count_request
from tokenizer_registry.chat.errors import BadChatRequest
from tokenizer_registry.chat.logs import LoggedCall, read_log
from tokenizer_registry.chat.parts import ChatCount

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
        model = named(call).models[0]
        if model not in MODELS.values() or model not in registry.models:
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
