"""`weighbridge models` as a list: search, filters, order, and what fits a terminal."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli import models as command
from service.cli.main import main
from service.tokens.model_orders import ORDERS
from tests.corpus_cost.made_facts import facts_of, made_facts
from tests.service.cli.terminals import on_terminal
from tokenizer_registry import Registry

COLUMNS = 80


@pytest.fixture(autouse=True)
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    """The shipped catalogue with made facts, and a data folder of the test's own."""
    shipped = Registry.from_package()
    known = made_facts(shipped.models)
    shipped.facts = {**known, "gpt-4o": facts_of(released=date(2030, 1, 1), context_window=10_000_000)}
    monkeypatch.setenv("WEIGHBRIDGE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(command, "load_registry", lambda: shipped)
    return shipped


def run(*arguments: str) -> Result:
    """Return the outcome of the command."""
    return CliRunner().invoke(main, ["models", *arguments])


def listed(*arguments: str) -> list[dict[str, Any]]:
    """Return the entries of `models --json`."""
    done = run("--json", *arguments)
    assert done.exit_code == 0, done.output
    entries: list[dict[str, Any]] = json.loads(done.stdout, parse_float=Decimal)
    return entries


@pytest.mark.parametrize(
    ("order", "name", "largest_first"),
    [
        ("released", "released", True),
        ("price", "price_per_input_token", False),
        ("output-price", "price_per_output_token", False),
        ("context", "context_window", True),
    ],
)
@pytest.mark.parametrize("reverse", [False, True])
def test_every_order_puts_unknown_values_last(order: str, name: str, largest_first: bool, reverse: bool) -> None:
    """A list has every model once, sorted by the value, and those without one at the end, in both directions."""
    found = [entry[name] for entry in listed("--sort", order, *(["--reverse"] if reverse else []))]
    known = [value for value in found if value is not None]
    assert known == sorted(known, reverse=largest_first is not reverse)
    assert found == known + [None] * (len(found) - len(known))
    assert len(found) == len(Registry.from_package().models)


def test_by_name_the_newest_generation_of_a_family_comes_first() -> None:
    """Claude 5 stands before Claude 1."""
    names = [entry["name"] for entry in listed("--sort", "name")]
    assert names.index("claude-opus-5") < names.index("claude-opus-4-5") < names.index("claude-1")
    assert sorted(names) == sorted(Registry.from_package().models)


def test_the_newest_model_comes_first() -> None:
    """Without an order, a list begins with the newest model."""
    assert listed()[0]["name"] == "gpt-4o"
    assert {"released", "name", "price", "output-price", "cached-price", "context", "retires"} <= set(ORDERS)


def test_filters_are_those_of_the_api(registry: Registry) -> None:
    """Words, weights, context, modality and prices narrow a list; a context may be written as 128k."""
    for entry in listed("--min-context", "128k", "--modality", "image", "--open-weights", "--search", "Qwen"):
        assert entry["context_window"] >= 128_000
        assert "image" in entry["input_modalities"]
        assert entry["open_weights"] is True
        assert "qwen" in f"{entry['name']} {entry['display_name']} {entry['author']}".lower()
    assert {entry["author"] for entry in listed("--author", "openai", "--priced")} == {"OpenAI"}
    assert all(entry["price_per_input_token"] is None for entry in listed("--unpriced"))
    assert len(listed("--priced")) + len(listed("--unpriced")) == len(registry.models)


def test_an_entry_has_everything_that_is_known() -> None:
    """JSON has the vocabulary with its evidence, prices with their source, and facts with theirs."""
    (entry,) = [entry for entry in listed("--search", "gpt-4o") if entry["name"] == "gpt-4o"]
    assert (entry["vocabulary"], entry["without_count"]) == ("o200k_base", None)
    assert entry["price_per_output_token"] == Decimal("0.00001")
    assert entry["facts"]["released"]["source"] == "made 1.0"


def test_a_pipe_gets_every_row_with_tabs() -> None:
    """Elsewhere than on a terminal a list is tab-separated and complete."""
    lines = run("--sort", "name").stdout.splitlines()
    assert lines[0].split("\t") == [
        "name", "context", "USD/M in", "USD/M out", "released", "author", "vocabulary", "display name",
    ]  # fmt: skip
    row = next(line.split("\t") for line in lines if line.startswith("gpt-4o\t"))
    assert row[:6] == ["gpt-4o", "10000000", "2.5", "10", "2030-01-01", "OpenAI"]
    assert len(lines) == len(Registry.from_package().models) + 1


def test_a_terminal_of_80_columns_shows_the_first_rows() -> None:
    """Name, context, both prices and the day of release fit; the rest of the list is counted."""
    shown = on_terminal(COLUMNS, "models", "--sort", "price").splitlines()
    assert max(len(line) for line in shown if "│" in line) <= COLUMNS
    headings = " ".join(" ".join(shown[1:3]).replace("┃", " ").split())
    assert all(word in headings for word in ("name", "context", "in", "out", "released"))
    assert len([line for line in shown if "│" in line]) == 40
    assert any(line.startswith("40 of ") and "--all" in line for line in shown)


def test_every_row_fits_a_terminal_of_80_columns() -> None:
    """Whatever is longest in the catalogue, the table is not wider than the terminal."""
    shown = on_terminal(COLUMNS, "models", "--all").splitlines()
    assert max(len(line) for line in shown if "│" in line) <= COLUMNS
    assert len(shown) > len(Registry.from_package().models)


def test_words_of_no_model_give_an_empty_list() -> None:
    """A search without a result is no error."""
    assert listed("--search", "no such model") == []


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--min-context", "many"], "must be a whole number"),
        (["--modality", "smell"], "'smell' is not one of"),
        (["--sort", "size"], "'size' is not one of"),
        (["gpt-4o", "--sort", "price"], "cannot be used with NAMES"),
        (["gpt-4o", "--unpriced"], "cannot be used with NAMES"),
    ],
)
def test_a_wrong_option_is_an_error_of_use(arguments: list[str], sentence: str) -> None:
    """An unknown value is named, and options of a list do not go with names."""
    done = run(*arguments)
    assert done.exit_code == 2
    assert sentence in done.output
