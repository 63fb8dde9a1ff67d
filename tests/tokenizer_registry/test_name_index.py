"""Finding a model by a spelling of its name."""

import pytest

from tokenizer_registry.models import Model
from tokenizer_registry.name_data import NameData, PublishedAlias, shipped_name_data
from tokenizer_registry.name_index import NameIndex, spelling

MODELS = {
    model.name: model
    for model in (
        Model("llama-3.1-8b", "Meta", "Llama 3.1 8B"),
        Model("solar-mini-4", "Upstage", "Solar Mini 4"),
        Model("solar-mini4", "Upstage", "Solar Mini4"),
        Model("gpt-4o", "OpenAI", "GPT-4o"),
        Model("gpt-4o-mini", "OpenAI", "GPT-4o Mini"),
    )
}


def data(*aliases: PublishedAlias) -> NameData:
    """Return the shipped data with these aliases alone."""
    return shipped_name_data()._replace(aliases=aliases)


@pytest.mark.parametrize("name", ["Llama3.1_8B", "llama-3-1-8b", "llama 3.1 8b", "LLAMA-3.1-8B"])
def test_separators_are_one_and_the_same(name: str) -> None:
    assert spelling(name) == "llama-3-1-8b"


@pytest.mark.parametrize("name", ["llama-31-8b", "llama-3.1-80b", "llama-3.18b", "llama-3.1-8-b"])
def test_numbers_are_not(name: str) -> None:
    assert spelling(name) != "llama-3-1-8b"


def test_two_models_of_one_spelling_have_only_their_own_names() -> None:
    index = NameIndex(MODELS, data())
    assert index.find("solar_mini_4", None, None) is None
    assert all(index.find(name, None, None) is not None for name in ("solar-mini-4", "solar-mini4"))


def test_the_author_has_to_agree() -> None:
    index = NameIndex(MODELS, data())
    assert index.find("gpt-4o", "OpenAI", None) is not None
    assert index.find("gpt-4o", "Meta", None) is None


def test_a_hosts_alias_comes_before_the_model_at_that_host_only() -> None:
    index = NameIndex(MODELS, data(PublishedAlias("gpt-4o", "gpt-4o-mini", "a page", "ollama")))
    found = [index.find("gpt-4o", None, host) for host in (None, "azure", "ollama")]
    assert [match.model if match else None for match in found] == ["gpt-4o", "gpt-4o", "gpt-4o-mini"]
    assert index.find("llama-3.1-8b", None, "ollama", is_closed=True) is None


def test_an_alias_that_two_hosts_use_differently_needs_its_host() -> None:
    aliases = (PublishedAlias("big", "gpt-4o", "a page", "one"), PublishedAlias("big", "llama-3.1-8b", "a page", "two"))
    index = NameIndex(MODELS, data(*aliases))
    found = [index.find("big", None, host) for host in (None, "one", "two")]
    assert [match.model if match else None for match in found] == [None, "gpt-4o", "llama-3.1-8b"]


def test_an_alias_of_a_model_that_is_not_listed_is_none() -> None:
    assert NameIndex(MODELS, data(PublishedAlias("big", "gpt-9", "a page"))).find("big", None, None) is None
