"""The data behind names: every alias leads to a model, and every author can be written."""

from collections import Counter

from pricing_data.refresh.naming.authors import read_authors
from tokenizer_registry.name_data import shipped_name_data
from tokenizer_registry.name_index import spelling
from tokenizer_registry.registry import Registry


def test_every_alias_leads_to_a_model(fast: Registry) -> None:
    assert [alias for alias in shipped_name_data().aliases if alias.model not in fast.models] == []


def test_an_alias_spelt_as_a_model_has_the_same_author(fast: Registry) -> None:
    by_spelling = {spelling(name): model for name, model in fast.models.items()}
    aliases = [alias for alias in shipped_name_data().aliases if spelling(alias.name) in by_spelling]
    wrong = [one for one in aliases if by_spelling[spelling(one.name)].author != fast.models[one.model].author]
    assert wrong == []


def test_no_alias_is_given_twice() -> None:
    seen = Counter((alias.host, spelling(alias.name)) for alias in shipped_name_data().aliases)
    assert [alias for alias, times in seen.items() if times > 1] == []


def test_every_alias_has_evidence() -> None:
    assert all(alias.evidence.strip() for alias in shipped_name_data().aliases)


def test_keys_are_in_lower_case() -> None:
    data = shipped_name_data()
    keys = [*data.prefixes, *data.offers, *data.weights, *(alias.name for alias in data.aliases)]
    assert [key for key in keys if key != key.lower()] == []


def test_prefixes_of_price_sources_mean_the_same_author(fast: Registry) -> None:
    prefixes = shipped_name_data().prefixes
    wrong = [
        (author.name, prefix)
        for author in read_authors()
        for prefix in author.prefixes
        if prefix in prefixes and author.name not in (prefixes[prefix].author, prefixes[prefix].owner)
    ]
    assert wrong == []
    for author in read_authors():
        models = [name for name, model in fast.models.items() if model.author == author.name]
        for prefix in author.prefixes:
            assert not models or fast.names.find(f"{prefix}/{models[0]}") is not None, prefix


def test_every_author_of_the_catalogue_has_a_prefix(fast: Registry) -> None:
    prefixes = shipped_name_data().prefixes.values()
    known = {prefix.author for prefix in prefixes} | {prefix.owner for prefix in prefixes}
    assert {model.author for model in fast.models.values()} - known == set()
