"""`weighbridge cost` without a file: what calls would cost, as one table."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli.main import main

GPT_4O = ("-m", "gpt-4o", "--at", "2026-11-21")


@pytest.fixture(autouse=True)
def _no_own_book(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WEIGHBRIDGE_DATA_DIR", str(tmp_path / "data"))


def run(*arguments: str) -> Result:
    """The outcome of the command."""
    return CliRunner().invoke(main, ["cost", *arguments])


def test_models_are_compared_in_one_table() -> None:
    """The cheapest first, one call, a month and a year; a model without a price is named with the reason."""
    told = run(
        *GPT_4O, "-m", "gpt-4o-mini", "-m", "llama-3.2-1b", "-m", "gpt-4oo",
        "--input", "2k", "--output", "500", "--cached", "40%", "--calls", "1M", "--monthly",
    )  # fmt: skip
    assert told.exit_code == 2
    rows = [line.split("\t") for line in told.stdout.splitlines()]
    assert rows == [
        ["model", "one call, USD", "a month, USD", "a year, USD", "state"],
        ["gpt-4o-mini", "0.00054", "540", "6480", rows[1][4]],
        ["gpt-4o", "0.009", "9000", "108000", rows[2][4]],
    ]
    assert "llama-3.2-1b has no cost: no price of llama-3.2-1b is known." in told.stderr
    assert 'gpt-4oo has no cost: unknown model "gpt-4oo" (did you mean gpt-4o?).' in told.stderr
    assert "1,000,000 calls a month, each of 2,000 input (800 of them cached) and 500 output tokens" in told.stderr


def test_of_many_models_without_a_price_only_some_are_named() -> None:
    """If many models have no price, ten of them are named and the rest counted."""
    done = CliRunner().invoke(main, ["cost", "-m", "*", "--input", "2k"])
    assert done.exit_code == 2
    sentences = done.stderr.splitlines()
    assert sum(" has no cost: " in sentence for sentence in sentences) == 10
    assert sentences[10].endswith(" more models have no cost; --json lists them all.")
    assert len(done.stdout.splitlines()) > 500


def test_json_has_the_same_numbers() -> None:
    """Exact numbers, the lines of one call, and the terms; the batch option is a service tier."""
    told = run(*GPT_4O, "--input", "2M", "--output", "500k", "--batch", "--json")
    assert told.exit_code == 0
    found = json.loads(told.stdout, parse_float=Decimal)
    assert (found["service_tier"], found["calls"], found["monthly"]) == ("batch", 1, False)
    (cost,) = found["costs"]
    assert (cost["model"], cost["per_call"], cost["total"]) == ("gpt-4o", 5, 5)
    assert [line["path"] for line in cost["lines_per_call"]] == ["batch.input", "batch.output"]
    assert found["unpriced"] == []


@pytest.mark.parametrize(
    ("options", "sentence", "status"),
    [
        (["--input", "2x"], '--input: must be a whole number, 0 or more, or a text such as "2M", "500k", not "2x".', 1),
        (["--input", "2", "--cached", "120%"], '--cached: must be at most 100%, not "120%".', 1),
        (["--input", "2", "--cached", "3"], "The plan: 3 cached and 0 written tokens are more than the 2 input", 1),
        (["--input", "2", "--service-tier", "slow"], '--service-tier: "slow" is not a known tier', 1),
        (
            ["--input", "2", "--service-tier", "flex", "--batch"],
            "--batch and --service-tier cannot be used together.",
            2,
        ),
        (["--input", "2", "--provider", "xai"], "--provider cannot be used without a FILE.", 2),
        ([], "Name a FILE with a response or a usage, - for standard input; or models with -m, and --input.", 2),
        (["-", "--input", "2"], "--input cannot be used with a FILE.", 2),
        (["-", "-m", "o3"], "A FILE is priced for one --model only.", 2),
    ],
)
def test_options_that_cannot_be_are_named(options: list[str], sentence: str, status: int) -> None:
    """One sentence names the option and its value."""
    told = run("-m", "gpt-4o", *options)
    assert told.exit_code == status
    assert sentence in told.stderr
