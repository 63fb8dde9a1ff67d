"""`weighbridge cheapest`: models by the cost of a call with a text."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from corpus_cost.cheapest import CheapestQuery, cheapest
from corpus_cost.model_constraints import ModelConstraints
from pricing_data import PriceBook
from pricing_data.usage import Terms
from service.cli.main import main
from tests.service.cli.terminals import on_terminal
from tokenizer_registry import Registry

TEXT = "Each lorry is weighed twice: once loaded, once empty.\n"
DAY = "2026-11-01"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use a data folder of the test's own, and the test's folder as working folder."""
    monkeypatch.setenv("WEIGHBRIDGE_DATA_DIR", str(tmp_path / ".data"))
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text(TEXT, encoding="utf-8")


def run(*arguments: str, text: str = TEXT) -> Result:
    """Return the outcome of the command, with a text on standard input."""
    return CliRunner().invoke(main, ["cheapest", *arguments], input=text)


def answered(*arguments: str) -> dict[str, Any]:
    """Return the JSON of a successful command."""
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout, parse_float=Decimal)
    return found


def test_the_ranking_is_that_of_the_library() -> None:
    """The options are the query of the library, and a file is read as standard input is."""
    options = ["--as-of", DAY, "--output", "2k", "--author", "openai", "--author", "Meta", "--estimate"]
    found = answered("a.txt", *options, "--service-tier", "batch", "--max-results", "500")
    authors = ModelConstraints(authors=frozenset(("OpenAI", "Meta")))
    query = CheapestQuery(Terms(date.fromisoformat(DAY), "batch"), 2_000, authors, allow_estimates=True)
    ranking = cheapest(Registry.from_package(), PriceBook.from_package(), TEXT, query)
    assert [(each["model"], each["cost"]) for each in found["models"]] == [
        (each.model, each.usd) for each in ranking.models
    ]
    assert found == answered(*options, "--service-tier", "batch", "--max-results", "500")


def test_a_pipe_gets_exact_rows() -> None:
    """Elsewhere than on a terminal there are as many rows as asked for, with exact numbers."""
    done = run("-n", "3", "--as-of", DAY, "--author", "OpenAI", "--output", "500")
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert rows[0] == ["model", "tokens", "USD", "context left", "author", "method"]
    assert [(row[0], row[2]) for row in rows[1:]] == [
        (each["model"], str(each["cost"]))
        for each in answered("-n", "3", "--as-of", DAY, "--author", "OpenAI", "--output", "500")["models"]
    ]
    assert "Left out: " in done.stderr


def test_every_model_left_out_has_its_reason() -> None:
    """`--left-out` lists each model that is not ranked, with the reason."""
    rows = [line.split("\t") for line in run("--left-out").stdout.splitlines()]
    assert rows[0] == ["model", "reason", "because"]
    assert len(rows) - 1 == sum(entry["count"] for entry in answered()["left_out"])
    assert all(reason and because for _, reason, because in rows[1:])


def test_the_table_fits_80_columns() -> None:
    """The model, its tokens and its cost are on a terminal of 80 columns."""
    lines = on_terminal(80, "cheapest", "a.txt", "--output", "500").splitlines()
    assert max(len(line) for line in lines if "│" in line) <= 80
    assert all(word in lines[1] + lines[2] for word in ("model", "tokens", "USD"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["none.txt"], "Cannot read none.txt"),
        (["--author", "OpenAl"], "There is no author 'OpenAl'. Did you mean OpenAI?"),
        (["--service-tier", "slow"], '--service-tier: "slow" is not a known tier'),
        (["--min-context", "many"], "must be a whole number"),
        (["--as-of", "2999-01-01"], "2999-01-01 is not over yet."),
    ],
)
def test_a_wrong_option_is_named(arguments: list[str], sentence: str) -> None:
    """One sentence names what is wrong, and the exit status is not 0."""
    done = run(*arguments)
    assert done.exit_code in (1, 2)
    assert sentence in done.output


def test_nothing_fits_is_no_error() -> None:
    """If no model meets the constraints, an empty ranking says why."""
    found = answered("--min-context", "1B")
    assert (found["models"], found["found"]) == ([], 0)
