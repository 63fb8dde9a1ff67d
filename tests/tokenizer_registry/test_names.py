"""Names as people have them: each decided one, thousands of made ones, aliases of operators, hostile names."""

import json
import threading
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.name_forms import NAMES, made_names, recorded_names
from tests.tokenizer_registry.slow_names import contradictions, is_one_sided
from tokenizer_registry.errors import BadAlias, UnknownModel
from tokenizer_registry.names import MAX_CACHED_NAMES, NameResolver, NameTerms, Resolution
from tokenizer_registry.registry import Registry

DECIDED: list[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("names_decided.toml").read_text(encoding="utf-8")
)["name"]
# The least number of names of each form that resolve.
FLOORS = {
    "OpenRouter": 897,
    "Bedrock": 991,
    "Vertex AI": 237,
    "Azure": 459,
    "Hugging Face": 913,
    "other hosts": 1681,
}
# Models whose publishers state a version or the parameters in one of their names only.
ONE_SIDED = {
    *("claude-1", "claude-2.1", "claude-instant-1", "command", "command-light", "embed-v4.0", "titan-embed-text-v2"),
    *("gpt-oss-20b", "gpt-oss-120b", "mistral-large-3", "mistral-saba-2502", "voxtral-small-2507"),
    *("mistral-small-2501", "mistral-small-2503", "mistral-small-2506", "mistral-7b-instruct-v0.2"),
    *("mixtral-8x7b-instruct-v0.1", "mixtral-8x22b-instruct-v0.1", "qwen3-coder-480b-a35b-instruct"),
    *("llama-4-maverick-17b-128e-instruct", "llama-4-scout-17b-16e-instruct"),
    *("llama-2-7b-chat", "llama-3-8b-instruct", "llama-3.1-8b-instruct"),
}


@pytest.fixture(scope="module")
def names(fast: Registry) -> NameResolver:
    """Return the resolver of the shipped catalogue."""
    return fast.names


@pytest.mark.parametrize("row", DECIDED, ids=lambda row: row["name"])
def test_decided_names_resolve_as_decided(row: dict[str, Any], names: NameResolver, fast: Registry) -> None:
    found = names.find(row["name"])
    is_pending = row.get("pending", False) and row["model"] not in fast.models
    model = row.get("until", "unknown") if is_pending else row["model"]
    assert (found.model if found else "unknown") == model
    if found is not None:
        assert found.terms == NameTerms(**row.get("terms", {}))


def test_no_decided_name_is_there_twice() -> None:
    assert len({row["name"] for row in DECIDED}) == len(DECIDED)
    assert all(row["reason"] for row in DECIDED)


@pytest.mark.parametrize("form", FLOORS)
def test_made_names_never_resolve_to_another_author_generation_or_size(
    form: str, names: NameResolver, fast: Registry
) -> None:
    faults = []
    for name in made_names(recorded_names())[form]:
        found = names.find(name)
        if found is None:
            continue
        if wrong := contradictions(name, found.model, fast.models[found.model].author):
            faults.append((name, found.model, wrong))
        if found.model not in ONE_SIDED and is_one_sided(name, found.model):
            faults.append((name, found.model, ["stated on one side only"]))
    assert faults == []


def test_no_fewer_made_names_resolve_than_before(names: NameResolver) -> None:
    made = made_names(recorded_names())
    resolved = {form: sum(names.find(name) is not None for name in made[form]) for form in FLOORS}
    assert len({name for form in made.values() for name in form}) >= 3_000
    assert {form: max(count, FLOORS[form]) for form, count in resolved.items()} == resolved


def test_recorded_names_say_where_they_are_from() -> None:
    recorded = json.loads(NAMES.read_text(encoding="utf-8"))
    assert (recorded["package"], recorded["licence"]) == ("litellm", "MIT")
    assert len(recorded["wheel_sha256"]) == 64


def test_a_model_of_the_catalogue_is_its_own_name(names: NameResolver, fast: Registry) -> None:
    assert all(names.find(model) == Resolution(model, model) for model in fast.models)


def test_steps_lead_from_the_name_to_the_model(names: NameResolver) -> None:
    found = names.resolve("openrouter/Anthropic/claude-sonnet-4.5:free")
    assert [(step.rule, step.name) for step in found.steps] == [
        ("case", "openrouter/anthropic/claude-sonnet-4.5:free"),
        ("prefix", "anthropic/claude-sonnet-4.5:free"),
        ("prefix", "claude-sonnet-4.5:free"),
        ("offer", "claude-sonnet-4.5"),
        ("separators", "claude-sonnet-4-5"),
    ]
    assert all(step.evidence for step in found.steps)


@pytest.mark.parametrize(
    ("name", "model", "terms"),
    [
        ("us.anthropic.claude-opus-4-5-20251101-v1:0", "claude-opus-4-5-20251101", NameTerms("bedrock", "us")),
        ("global.anthropic.claude-opus-4-5-20251101-v1:0", "claude-opus-4-5-20251101", NameTerms("bedrock")),
        ("bedrock/us-east-1/meta.llama3-8b-instruct-v1:0", "llama-3-8b-instruct", NameTerms("bedrock", "us-east-1")),
        (
            "arn:aws:bedrock:eu-west-1:123456789012:inference-profile/eu.anthropic.claude-haiku-4-5-20251001-v1:0",
            "claude-haiku-4-5-20251001",
            NameTerms("bedrock", "eu"),
        ),
        (
            "arn:aws:bedrock:eu-west-1::foundation-model/anthropic.claude-3-haiku-20240307-v1:0",
            "claude-3-haiku-20240307",
            NameTerms("bedrock", "eu-west-1"),
        ),
        ("amazon.nova-pro-v1:0:300k", "nova-pro-v1", NameTerms("bedrock")),
        ("bedrock_mantle/openai.gpt-5.6-sol", "gpt-5.6-sol", NameTerms("bedrock", "regional")),
        ("anthropic.claude-v2:1:200k", "claude-2.1", NameTerms("bedrock")),
        ("anthropic.claude-v2:0:18k", "claude-2.0", NameTerms("bedrock")),
        ("bedrock/claude-v2:1", "claude-2.1", NameTerms("bedrock")),
        ("anthropic.claude-instant-v1:2:100k", "claude-instant-1.2", NameTerms("bedrock")),
        ("deepseek.v3.2", "deepseek-v3.2", NameTerms("bedrock")),
        (
            "bedrock/converse/arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-6-v1",
            "claude-opus-4-6",
            NameTerms("bedrock", "us"),
        ),
        ("openai:gpt-4o", "gpt-4o", NameTerms()),
        ("bedrock:us.anthropic.claude-opus-4-6-v1", "claude-opus-4-6", NameTerms("bedrock", "us")),
        ("qwen/qwen3-coder:free", "qwen3-coder-480b-a35b-instruct", NameTerms(is_free=True)),
        ("hosted_vllm/meta-llama/Llama-3.1-8B-Instruct", "llama-3.1-8b-instruct", NameTerms("self-hosted")),
        ("azure/mistral-large", "mistral-large-2402", NameTerms("azure")),
        ("azure/eu/gpt-4o-2024-08-06", "gpt-4o-2024-08-06", NameTerms("azure", "eu")),
        ("azure/global/gpt-4o-2024-08-06", "gpt-4o-2024-08-06", NameTerms("azure")),
        ("vertex_ai/gemini-2.5-pro", "gemini-2.5-pro", NameTerms("vertex")),
        ("vertex_ai/claude-opus-4-6@default", "claude-opus-4-6", NameTerms("vertex")),
        ("publishers/google/models/gemini-2.5-pro", "gemini-2.5-pro", NameTerms("vertex")),
        (
            "projects/p/locations/europe-west1/publishers/anthropic/models/claude-opus-4-5@20251101",
            "claude-opus-4-5-20251101",
            NameTerms("vertex", "europe-west1"),
        ),
        ("openrouter/deepseek/deepseek-r1:free", "deepseek-r1", NameTerms("openrouter", is_free=True)),
        ("gpt-4o-mini-batch", "gpt-4o-mini", NameTerms(service="batch")),
        ("anthropic/claude-opus-4.6-fast", "claude-opus-4-6", NameTerms(service="fast")),
        ("anthropic/claude-3.7-sonnet:thinking", "claude-3-7-sonnet-20250219", NameTerms()),
        ("qwen/qwen-plus-2025-07-28:thinking", "qwen-plus-2025-07-28", NameTerms(service="thinking")),
        ("openai/gpt-4o:online", "gpt-4o", NameTerms(service="online")),
        ("openai/ft:gpt-4o-mini-2024-07-18:org::abc", "gpt-4o-mini-2024-07-18", NameTerms(is_fine_tuned=True)),
        ("azure/gpt-4o-2024-08-06.ft-0123abcd", "gpt-4o-2024-08-06", NameTerms("azure", is_fine_tuned=True)),
        ("Qwen/Qwen2.5-7B-Instruct-AWQ", "qwen2.5-7b-instruct", NameTerms(service="quantized")),
        (
            "together_ai/meta-llama/Meta-Llama-3.1-8B-Instruct-Turbo",
            "llama-3.1-8b-instruct",
            NameTerms("together", service="turbo"),
        ),
        ("qwen/qwen3-coder", "qwen3-coder-480b-a35b-instruct", NameTerms()),
        ("openrouter/qwen/qwen3-coder", "qwen3-coder-480b-a35b-instruct", NameTerms("openrouter")),
        ("ollama/qwen3-coder", "qwen3-coder-30b-a3b-instruct", NameTerms("ollama")),
        ("meta-llama/Llama-2-7b-chat-hf", "llama-2-7b-chat", NameTerms()),
        ("claude-3-5-sonnet-v2@20241022", "claude-3-5-sonnet-20241022", NameTerms("vertex")),
        ("vertex_ai/claude-3-5-sonnet", "claude-3-5-sonnet-20240620", NameTerms("vertex")),
        ("anthropic/claude-4.8-opus-20260528", "claude-opus-4-8", NameTerms("openrouter")),
    ],
)
def test_names_say_their_terms(name: str, model: str, terms: NameTerms, names: NameResolver) -> None:
    found = names.resolve(name)
    assert (found.model, found.terms) == (model, terms)


@pytest.mark.parametrize(
    "name",
    [
        "anthropic.claude-v2:2",
        "openai/arn:aws:bedrock:us-east-1::foundation-model/anthropic.claude-opus-4-6-v1",
        "mistral-large",
        "mistralai/mistral-large",
        "ministral-3b",
        "llama-3",
        "meta-llama/llama-3.1",
        "qwen/qwen2.5",
        "mistral:7b",
        "anthropic/gemini-2.5-pro",
        "google/claude-opus-4-5",
        "anthropic.gpt-4o-v1:0",
        "openrouter/meta-llama/qwen3-8b",
        "meta-llama/together/llama-3.1-8b-instruct",
        "ollama/deepseek-r1",
        "qwen3-coder",
        "grok-4-fast",
        "gpt-4o-2024-05-14",
        "claude-opus-4-5-20251102",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc",
        "arn:aws:sagemaker:us-east-1:123456789012:inference-profile/us.anthropic.claude-opus-4-5",
        "arn:",
        "ft:",
        "ft::org",
        ":free",
        "-fp8",
        "@default",
        "us.",
        "us.anthropic.",
        "anthropic/",
        "/gpt-4o",
        "gpt-4o/",
        "unheard-of/gpt-4o",
        "",
        " ",
        "-",
    ],
)
def test_names_without_a_fixed_meaning_are_unknown(name: str, names: NameResolver) -> None:
    assert names.find(name) is None
    with pytest.raises(UnknownModel) as caught:
        names.resolve(name)
    assert caught.value.name == name
    assert caught.value.suggestion == names.suggest(name)


PREFIXES = st.sampled_from(["", "openrouter/", "azure/", "azure/eu/", "novita/", "vertex_ai/", "huggingface/"])
OFFERS = st.sampled_from(["", ":free", ":batch", ":beta", ":online"])


@given(data=st.data(), prefix=PREFIXES, offer=OFFERS, upper=st.booleans())
def test_prefix_case_and_offer_compose(
    data: st.DataObject, prefix: str, offer: str, upper: bool, names: NameResolver, fast: Registry
) -> None:
    model = data.draw(st.sampled_from(sorted(fast.models)))
    name = f"{prefix}{model}{offer}"
    found = names.find(name.upper() if upper else name)
    # Two models of one spelling, or a host's own name for another model, do not resolve in another case.
    if found is not None:
        assert contradictions(name, found.model, fast.models[found.model].author) == []
        assert names.find(found.model) == Resolution(found.model, found.model)
    if not upper and "vertex" not in prefix and "azure" not in prefix:
        assert found is not None
        assert found.model == model
        assert found.terms.is_free == (offer == ":free")


@given(st.text(max_size=60))
def test_any_text_resolves_or_is_unknown(text: str) -> None:
    resolver = NameResolver({"gpt-4o": None, "claude-opus-5": None})
    found = resolver.find(text)
    assert found is None or found.model in {"gpt-4o", "claude-opus-5"}
    assert resolver.find(text) == found
    suggestion = resolver.suggest(text)
    assert suggestion is None or suggestion in {"gpt-4o", "claude-opus-5"}


@given(data=st.data(), place=st.integers(0, 60), other=st.sampled_from("0123456789"))
def test_another_digit_is_never_taken_for_the_same_model(
    data: st.DataObject, place: int, other: str, names: NameResolver, fast: Registry
) -> None:
    model = data.draw(st.sampled_from(sorted(fast.models)))
    digits = [at for at, character in enumerate(model) if character.isdigit()]
    if digits:
        at = digits[place % len(digits)]
        changed = model[:at] + other + model[at + 1 :]
        found = names.find(changed)
        assert changed == model or found is None or found.model != model


@pytest.mark.parametrize(
    "name",
    [
        "a" * 100_000,
        "openai/" * 20_000 + "gpt-4o",
        "openai/" * 9 + "gpt-4o",
        "gpt-4o" + ":free" * 50,
        "us." * 30_000,
        "gpt-4o\x00",
        "\ud800gpt-4o",
        "gpt\u20114o",
        "ｇｐｔ-4o",
        "gpt-4о",
        "gpt-4o\n",
        "gpt-4o\u202e",
        "ft:" * 80,
        "/" * 256,
        "@" * 256,
        "1p" * 128,
    ],
    ids=range(16),
)
def test_hostile_names_are_unknown(name: str, names: NameResolver) -> None:
    with pytest.raises(UnknownModel):
        names.resolve(name)
    assert names.suggest(name) in (None, "gpt-4o")


def test_what_is_remembered_is_bounded(fast: Registry) -> None:
    resolver = NameResolver(fast.models)
    for number in range(2 * MAX_CACHED_NAMES):
        resolver.find(f"unheard-of-{number}")
    assert len(resolver._cache) <= MAX_CACHED_NAMES


def test_threads_agree(fast: Registry) -> None:
    resolver, found = NameResolver(fast.models), []
    threads = [threading.Thread(target=lambda: found.append(resolver.find("openai/GPT-4o"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert len(found) == 8


def test_an_alias_of_the_operator_comes_before_published_ones(fast: Registry) -> None:
    resolver = NameResolver(fast.models, {"house-large": "azure/gpt-4o", "gemini-pro": "gemini-2.5-pro"})
    found = resolver.resolve("house-large")
    assert (found.name, found.model, found.terms.host) == ("house-large", "gpt-4o", "azure")
    assert [step.rule for step in found.steps] == ["operator alias", "prefix"]
    assert resolver.resolve("gemini-pro").model == "gemini-2.5-pro"


@pytest.mark.parametrize(
    ("aliases", "alias"),
    [
        ({"a": "b", "b": "a"}, "a"),
        ({"a": "b", "b": "gpt-4o"}, "a"),
        ({"a": "a"}, "a"),
        ({"a": "no-such-model"}, "a"),
        ({"gpt-4o": "gpt-4"}, "gpt-4o"),
    ],
)
def test_a_bad_alias_is_named(aliases: dict[str, str], alias: str, fast: Registry) -> None:
    with pytest.raises(BadAlias) as caught:
        NameResolver(fast.models, aliases)
    assert caught.value.alias == alias
    assert repr(alias) in str(caught.value)
