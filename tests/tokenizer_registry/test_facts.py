"""The shipped facts of models against what their publishers state, their share of the catalogue, and bad files."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest

from pricing_data.book import PriceBook
from tests.tokenizer_registry.shipped import PACKAGE
from tokenizer_registry.errors import BadCatalogue
from tokenizer_registry.facts import MODALITIES, NO_FACTS, Fact, ModelFacts, read_facts, value_of
from tokenizer_registry.registry import Registry

FILE = PACKAGE / "model_facts.jsonl"
DAY = date(2026, 11, 28)
FACTS = tuple(ModelFacts.__dataclass_fields__)

# Window and most output as the publisher's own page of the model or model card states them.
PUBLISHED = {
    "gpt-4o": (128_000, 16_384),
    "gpt-4o-2024-05-13": (128_000, 4_096),
    "gpt-4o-mini": (128_000, 16_384),
    "gpt-4-turbo": (128_000, 4_096),
    "gpt-4": (8_192, 8_192),
    "gpt-4.1": (1_047_576, 32_768),
    "gpt-4.1-mini": (1_047_576, 32_768),
    "gpt-4.5-preview": (128_000, 16_384),
    "gpt-5": (400_000, 128_000),
    "gpt-5-2025-08-07": (400_000, 128_000),
    "gpt-5-mini": (400_000, 128_000),
    "gpt-5-chat-latest": (128_000, 16_384),
    "gpt-5-pro": (400_000, 272_000),
    "gpt-3.5-turbo": (16_385, 4_096),
    "gpt-3.5-turbo-instruct": (4_096, 4_096),
    "o1": (200_000, 100_000),
    "o1-mini": (128_000, 65_536),
    "o1-preview": (128_000, 32_768),
    "o3": (200_000, 100_000),
    "o4-mini": (200_000, 100_000),
    "claude-2.0": (100_000, 4_096),
    "claude-2.1": (200_000, 4_096),
    "claude-3-haiku-20240307": (200_000, 4_096),
    "claude-3-opus-20240229": (200_000, 4_096),
    "claude-3-5-sonnet-20241022": (200_000, 8_192),
    "claude-3-5-haiku-20241022": (200_000, 8_192),
    "claude-3-7-sonnet-20250219": (200_000, 64_000),
    "claude-opus-4-20250514": (200_000, 32_000),
    "claude-sonnet-4-5": (200_000, 64_000),
    "claude-haiku-4-5": (200_000, 64_000),
    "gemini-1.5-pro": (2_097_152, 8_192),
    "gemini-1.5-flash": (1_048_576, 8_192),
    "gemini-2.0-flash": (1_048_576, 8_192),
    "gemini-2.5-pro": (1_048_576, 65_536),
    "gemini-2.5-flash": (1_048_576, 65_536),
    "grok-3": (131_072, None),
    "grok-4-0709": (256_000, None),
    "qwen-max": (32_768, 8_192),
    "qwen3-max": (262_144, 65_536),
    "glm-4.6": (204_800, 131_072),
    "kimi-k2-0905-preview": (262_144, None),
    "sonar-pro": (200_000, None),
    "command-a-03-2025": (256_000, 8_000),
    "command-r-08-2024": (128_000, 4_000),
    "nova-pro-v1": (300_000, None),
    "llama-3.1-8b-instruct": (131_072, None),
    "llama-2-7b": (4_096, None),
    "gpt-oss-120b": (131_072, None),
}
EMBEDDINGS = {
    "text-embedding-3-large": 8_192,
    "text-embedding-ada-002": 8_192,
    "gemini-embedding-001": 2_048,
    "embed-english-v3.0": 512,
    "embed-v4.0": 128_000,
    "voyage-3-large": 32_000,
    "bge-m3": 8_192,
    "all-minilm-l6-v2": 256,
}
LICENCES = {
    "gpt-oss-20b": "Apache-2.0",
    "llama-3.1-8b-instruct": "Llama 3.1 Community License",
    "gemma-3-27b-it": "Gemma Terms of Use",
    "deepseek-r1": "MIT",
    "qwen2.5-72b-instruct": "Qwen License Agreement",
    "qwen2.5-7b-instruct": "Apache-2.0",
    "command-r-08-2024": "CC-BY-NC-4.0",
    "mixtral-8x7b-instruct-v0.1": "Apache-2.0",
    "falcon-180b": "Falcon-180B TII License",
}
CLOSED = ("gpt-4o", "claude-2.1", "claude-sonnet-4-5", "gemini-2.5-pro", "o1-2024-12-17", "voyage-3", "nova-pro-v1")


@pytest.fixture(scope="module")
def facts() -> Mapping[str, ModelFacts]:
    """The shipped facts."""
    return read_facts(FILE)


@pytest.mark.parametrize("model", PUBLISHED)
def test_window_and_most_output_are_those_that_the_publisher_states(
    facts: Mapping[str, ModelFacts], model: str
) -> None:
    window, output = PUBLISHED[model]
    found = facts[model]
    assert value_of(found.context_window) == window
    if output is not None:
        assert value_of(found.max_output_tokens) == output


@pytest.mark.parametrize("model", EMBEDDINGS)
def test_the_window_of_an_embedding_model_is_its_most_input_and_it_has_no_most_output(
    facts: Mapping[str, ModelFacts], model: str
) -> None:
    found = facts[model]
    assert found.output_modalities is not None
    assert found.output_modalities.value == ("embedding",)
    assert (value_of(found.context_window), found.max_output_tokens) == (EMBEDDINGS[model], None)


def test_a_bound_on_the_input_is_a_fact_of_its_own_and_no_dispute(facts: Mapping[str, ModelFacts]) -> None:
    found = facts["gpt-5"]
    assert (value_of(found.context_window), value_of(found.max_input_tokens)) == (400_000, 272_000)
    assert found.context_window is not None
    assert found.context_window.state == "agreed"
    assert value_of(facts["qwen-max"].max_input_tokens) == 30_720


def test_open_weights_have_the_licence_that_their_publisher_names(facts: Mapping[str, ModelFacts]) -> None:
    found = {model: facts[model] for model in LICENCES}
    assert {model: fact.licence and fact.licence.value for model, fact in found.items()} == LICENCES
    assert all(fact.open_weights and fact.open_weights.value for fact in found.values())


def test_models_without_published_weights_are_closed_and_have_no_licence(facts: Mapping[str, ModelFacts]) -> None:
    found = {model: facts[model] for model in CLOSED}
    assert {model: fact.open_weights and fact.open_weights.value for model, fact in found.items()} == dict.fromkeys(
        CLOSED, False
    )
    unlicensed = [
        fact for fact in facts.values() if fact.licence and not (fact.open_weights and fact.open_weights.value)
    ]
    assert unlicensed == []


def test_abilities_and_dates_are_those_that_the_publisher_states(facts: Mapping[str, ModelFacts]) -> None:
    sonnet, gemini, turbo = facts["claude-sonnet-4-5"], facts["gemini-2.5-pro"], facts["text-davinci-003"]
    assert sonnet.reasoning
    assert sonnet.reasoning.value
    assert sonnet.tools
    assert sonnet.tools.value
    assert sonnet.released
    assert sonnet.released.value == date(2025, 9, 29)
    assert gemini.input_modalities
    assert set(gemini.input_modalities.value) >= {"text", "image", "audio", "video"}
    assert gemini.knowledge_cutoff
    assert gemini.knowledge_cutoff.value == "2025-01"
    assert turbo.retires
    assert turbo.retires.value == date(2024, 1, 4)
    assert facts["gpt-4o"].reasoning
    assert not facts["gpt-4o"].reasoning.value


def test_at_least_95_of_100_priced_models_have_a_window_and_most_output(facts: Mapping[str, ModelFacts]) -> None:
    """Models that are not sold by output tokens, as embeddings, have no most output by nature."""
    book = PriceBook.from_package()
    priced = {model: price for model in book.histories if (price := book.price(model, DAY))}
    known = {model: facts.get(model, NO_FACTS) for model in priced}
    writers = [
        model
        for model, price in priced.items()
        if price.tariff.rates.output is not None and value_of(known[model].output_modalities) != ("embedding",)
    ]
    windows = sum(found.context_window is not None for found in known.values())
    outputs = sum(known[model].max_output_tokens is not None for model in writers)
    assert windows / len(priced) >= 0.95
    assert outputs / len(writers) >= 0.95


# Models of the catalogue of which a fact is known; raise one when more is known.
LEAST_KNOWN = {
    "context_window": 1_260,
    "input_modalities": 1_240,
    "output_modalities": 1_260,
    "open_weights": 1_165,
    "tools": 885,
    "reasoning": 825,
    "knowledge_cutoff": 464,
    "released": 400,
    "licence": 475,
    "retires": 200,
}


@pytest.mark.parametrize("name", LEAST_KNOWN)
def test_the_number_of_models_with_a_fact_does_not_fall(facts: Mapping[str, ModelFacts], name: str) -> None:
    models = Registry.from_package().models
    assert sum(getattr(facts.get(model, NO_FACTS), name) is not None for model in models) >= LEAST_KNOWN[name]


def test_every_fact_of_every_model_can_be_read_and_its_state_is_that_of_its_statements(
    facts: Mapping[str, ModelFacts],
) -> None:
    for model, found in facts.items():
        for name in FACTS:
            fact = getattr(found, name)
            if fact is not None:
                values = {fact.value, *(value for _, value in fact.others)}
                expected = "disputed" if len(values) > 1 else "agreed" if fact.others else "single"
                assert fact.state in (expected, "decided"), (model, name)
                assert all([fact.source, *(source for source, _ in fact.others)]), (model, name)


def test_facts_do_not_rule_each_other_out(facts: Mapping[str, ModelFacts]) -> None:
    for model, found in facts.items():
        window, bound, output = map(value_of, (found.context_window, found.max_input_tokens, found.max_output_tokens))
        if window is not None:
            assert window >= 64, model
            assert bound is None or bound < window, model
        if found.retires and found.released:
            assert found.retires.value > found.released.value, model
        for modalities in (found.input_modalities, found.output_modalities):
            assert modalities is None or set(modalities.value) <= set(MODALITIES), model
        assert output != 0, model


def test_the_registry_has_facts_of_every_model_and_of_no_other(facts: Mapping[str, ModelFacts]) -> None:
    registry = Registry.from_package()
    assert list(registry.facts) == list(registry.models)
    assert len(registry.facts) == len(registry.models)
    assert registry.facts["gpt-4o"] == facts["gpt-4o"]
    assert "no-such-model" not in registry.facts
    assert set(facts) <= set(registry.models)


def test_a_registry_without_a_file_of_facts_knows_none() -> None:
    registry = Registry.from_package()
    bare = Registry(registry.models.values(), [], PACKAGE)
    assert bare.facts["gpt-4o"] is NO_FACTS


def test_the_digest_beside_the_file_is_its_own() -> None:
    digest = FILE.with_suffix(".jsonl.sha256").read_text(encoding="utf-8")
    assert digest == f"{hashlib.sha256(FILE.read_bytes()).hexdigest()}  {FILE.name}\n"


HEAD = '{"sources":{"m":["catalogue 1","2026-01-02"],"d":["","2026-01-03"],"l":["litellm 2","2026-01-04"]}}'


def written(folder: Path, *lines: str) -> Path:
    """A file of these lines after the head."""
    path = folder / "facts.jsonl"
    path.write_text("\n".join([HEAD, *lines, ""]), encoding="utf-8")
    return path


def line(model: str, **facts: object) -> str:
    """A line with two entries of sources and a decision."""
    return json.dumps(
        {"model": model, "entries": ["m a/x", "l x", "d https://example.org/x"], **facts}, separators=(",", ":")
    )


def test_states_follow_from_the_statements(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        line("one", context_window=[[8, 1]]),
        line("three", context_window=[[8, 2, 0], [9, 1]]),
        line("two", context_window=[[8, 0, 1]], released=[["2025-01-02", 0], ["2025-01-03", 1]]),
    )
    facts = read_facts(path)
    assert list(facts) == ["one", "three", "two"]
    assert facts["one"].context_window == Fact(8, "litellm 2 x", "single", date(2026, 1, 4))
    assert facts["two"].context_window == Fact(8, "catalogue 1 a/x", "agreed", date(2026, 1, 2), (("litellm 2 x", 8),))
    assert facts["two"].released == Fact(
        date(2025, 1, 2), "catalogue 1 a/x", "disputed", date(2026, 1, 2), (("litellm 2 x", date(2025, 1, 3)),)
    )
    assert facts["three"].context_window == Fact(
        8, "https://example.org/x", "decided", date(2026, 1, 3), (("catalogue 1 a/x", 8), ("litellm 2 x", 9))
    )


@pytest.mark.parametrize(
    ("fact", "values"),
    [
        ("context_window", [[0, 0]]),
        ("context_window", [[-5, 0]]),
        ("context_window", [[8.5, 0]]),
        ("context_window", [[True, 0]]),
        ("context_window", [["8", 0]]),
        ("context_window", [[8, 3]]),
        ("context_window", [[8, -1]]),
        ("context_window", [[8]]),
        ("context_window", []),
        ("context_window", 8),
        ("context_window", [8]),
        ("reasoning", [[1, 0]]),
        ("reasoning", [["yes", 0]]),
        ("input_modalities", [["text", 0]]),
        ("input_modalities", [[["smell"], 0]]),
        ("input_modalities", [[[], 0]]),
        ("knowledge_cutoff", [["spring 2025", 0]]),
        ("knowledge_cutoff", [[2025, 0]]),
        ("released", [["2025-02-30", 0]]),
        ("released", [[20250230, 0]]),
        ("licence", [["", 0]]),
        ("colour", [["red", 0]]),
    ],
)
def test_a_bad_fact_names_file_line_model_and_key(tmp_path: Path, fact: str, values: object) -> None:
    path = written(tmp_path, line("a", reasoning=[[True, 0]]), line("b", **{fact: values}))
    facts = read_facts(path)
    assert facts["a"].reasoning is not None
    with pytest.raises(BadCatalogue, match=re.escape(f"{path}: line 3 (b), {fact}: ")):
        facts["b"]


@pytest.mark.parametrize(
    "broken",
    [
        lambda text: text[:-1],
        lambda text: text.replace('"entries"', '"sources"'),
        lambda text: text.replace("m a/x", "z a/x"),
        lambda text: text.replace('"m a/x"', "7"),
    ],
    ids=["no JSON", "no entries", "unknown source", "an entry that is no text"],
)
def test_a_bad_line_names_file_line_and_model(tmp_path: Path, broken: Callable[[str], str]) -> None:
    path = written(tmp_path, broken(line("a", reasoning=[[True, 0]])))
    with pytest.raises(BadCatalogue, match=re.escape(f"{path}: line 2 (a): is not a line of facts")):
        read_facts(path)["a"]


@pytest.mark.parametrize(
    "lines",
    [("b", "a"), ("a", "a"), ("",)],
    ids=["out of order", "twice", "without a name"],
)
def test_names_are_in_order_and_once(tmp_path: Path, lines: tuple[str, ...]) -> None:
    path = written(tmp_path, *map(line, lines))
    with pytest.raises(BadCatalogue, match=r"facts\.jsonl: line \d: must begin with model"):
        read_facts(path)


@pytest.mark.parametrize("head", ["", "{}", "[]", '{"sources":{"m":["x"]}}', '{"sources":{"m":["x","soon"]}}'])
def test_the_first_line_names_the_sources(tmp_path: Path, head: str) -> None:
    path = tmp_path / "facts.jsonl"
    path.write_text(head + "\n", encoding="utf-8")
    with pytest.raises(BadCatalogue, match="line 1: must name the sources"):
        read_facts(path)


def test_a_missing_file_or_one_that_is_no_text_is_bad(tmp_path: Path) -> None:
    with pytest.raises(BadCatalogue, match="No such file"):
        read_facts(tmp_path / "none.jsonl")
    (tmp_path / "facts.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(BadCatalogue, match="utf-8"):
        read_facts(tmp_path / "facts.jsonl")
