"""Every name that an author sells itself is in the catalogue, or is left out with a reason."""

import json
import tomllib
from collections.abc import Iterator

import pytest

from pricing_data.refresh.model_rules import read_model_rules
from pricing_data.refresh.naming.left_out import read_left_out
from scripts.build_prices import CACHE, UPSTREAM
from scripts.catalogue.first_party import FirstPartyName
from scripts.catalogue.models_file import read_rows, text
from scripts.catalogue.proposal import NAMES, plain, propose, recorded_names, sorted_out, with_lines
from scripts.catalogue.sources import committed_sources


def entries() -> Iterator[tuple[str, str, list[str]]]:
    """Yield author, name and entries of each name that the pinned sources list as sold by its author."""
    for author, names in recorded_names().items():
        for name, found in names.items():
            yield author, name, found


def test_the_record_is_that_of_the_pinned_sources() -> None:
    """The names were read from the very files that are pinned."""
    sources = committed_sources()
    pins = [*sources.prices.packages.values(), *(publisher.pin for publisher in sources.publishers)]
    assert json.loads(NAMES.read_text(encoding="utf-8"))["sha256"] == {pin.package: pin.sha256 for pin in pins}


def test_every_name_is_listed_or_left_out_with_a_reason() -> None:
    """A name is a model's, or the price of a listed model is read from its entry, or left_out.toml says why not."""
    model_rules, left_out = read_model_rules(UPSTREAM), read_left_out()
    listed = {plain(row["name"]) for row in read_rows()}
    read = {f"{package} {key}" for rule in model_rules.values() for package, key in rule.ids.items()}
    assert len(recorded_names()) > 30
    assert [
        (author, name)
        for author, name, found in entries()
        if plain(name) not in listed and not read & set(found) and not left_out.reason(author, name)
    ] == []


def test_every_reason_is_used() -> None:
    """Each reason of left_out.toml is that of a name in the sources; otherwise its patterns would be errors.

    Names of weights are those of hosts, which the record has not.
    """
    left_out = read_left_out()
    used = {left_out.reason(author, name) for author, name, _ in entries()}
    unused = {reason for _, reason in left_out.patterns} - used
    assert [reason for reason in unused if "name of the weights" not in reason] == []


@pytest.mark.parametrize(
    "name",
    ["gpt-6.2-astra", "gpt-6.2-sol", "gemini-4-argon", "gemini-4-hydrogen", "mistral-large-4", "gpt-5-search-api"],
)
def test_names_of_the_newest_sources_are_recorded(name: str) -> None:
    """Models that only the newest files list are read from them."""
    assert name in {recorded for _, recorded, _ in entries()}


def test_the_pinned_archives_give_the_record() -> None:
    """Where the pinned archives are in the cache, they propose nothing but what is committed."""
    sources = committed_sources()
    wheels = [pin.wheel for pin in (*sources.prices.packages.values(), *(one.pin for one in sources.publishers))]
    if not all((CACHE / wheel).exists() for wheel in wheels):
        pytest.skip("the pinned archives are not in build/price_sources: run `make catalogue`")
    proposal = propose(sources)
    assert (proposal.added, proposal.left_out) == ([], [])
    for path, content in proposal.files.items():
        assert path.read_text(encoding="utf-8") == content, path


def test_two_spellings_are_one_model() -> None:
    """A name with dots in one source and hyphens in another is proposed once, with dots and both entries."""
    dotted = FirstPartyName("Maker", "new-9.1", "litellm", "maker/new-9.1")
    hyphened = FirstPartyName("Maker", "new-9-1", "model-prices", "maker/new-9-1")
    assert sorted_out([hyphened, dotted]) == ({("Maker", "new-9.1"): [dotted, hyphened]}, {})


def test_known_names_and_read_entries_are_not_missing() -> None:
    """A listed name, in either spelling, and an entry from which a listed model's price is read, are no proposals."""
    listed = FirstPartyName("OpenAI", "gpt-4-1", "litellm", "gpt-4-1")
    read = FirstPartyName("Anthropic", "claude-v1", "genai-prices", "anthropic/claude-v1")
    left = FirstPartyName("OpenAI", "gpt-image-9", "openai", "gpt-image-9")
    assert sorted_out([listed, read, left]) == ({}, {("OpenAI", "gpt-image-9"): "makes pictures or film"})


def test_drafted_rows_are_read_as_they_were() -> None:
    """Rows that are written as text and read again are the same, in their order."""
    rows = [
        {"name": "b-1", "author": "Zeta", "display_name": "B 1 „ü“", "reason": 'not "published"'},
        {"name": "a-2", "author": "Alpha", "display_name": "A 2", "vocabulary": "qwen2", "evidence": "map: x"},
    ]
    assert tomllib.loads(text(rows))["model"] == rows[::-1]


def test_a_line_comes_to_its_place() -> None:
    """New lines are put between the old ones, by name, and the head stays."""
    before = '# head\n[models]\n"a" = { price_policy = "none" }\n"c" = { price_policy = "none" }\n'
    after = with_lines(before, ['"b.1" = { price_policy = "none" }  # check'])
    assert after.startswith("# head\n[models]\n")
    assert list(tomllib.loads(after)["models"]) == ["a", "b.1", "c"]
    assert with_lines(before, []) == before
