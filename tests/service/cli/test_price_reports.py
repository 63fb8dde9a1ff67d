"""`weighbridge prices explain`, `at`, `diff` and `status`."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pricing_data import PriceBook
from pricing_data.book import PACKAGED
from service.cli.main import main
from tests.pricing_data.sealing import resealed
from tokenizer_registry import Registry


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder without a book: the packaged one is used."""
    monkeypatch.setenv("WEIGHBRIDGE_DATA_DIR", str(tmp_path))


def run(*arguments: str) -> Result:
    """The outcome of `weighbridge prices` with these arguments."""
    return CliRunner().invoke(main, ["prices", *arguments])


@pytest.mark.parametrize(
    ("model", "sentences"),
    [
        (
            "claude-2.1",
            ["8  for a million input tokens (0.000008 each)", "anthropic/claude-2", "neither confirmed nor disputed"],
        ),
        ("jamba-1.5-large", ["LiteLLM's price is used", "(0.000002 each)"]),
        ("llama-2-7b", ["A person set this price", "The reason given:", "(0.00000052 each)"]),
        ("gpt-4o", ["So the price is agreed", "the same.", "In a batch it costs 1.25 for input"]),
        ("deepseek-chat", ["The newest dated change is used", "which differs", "So the price is disputed"]),
        ("gemini-2.5-pro", ["more than 200,000 input tokens costs, for all its tokens, 2.5 for input"]),
        (
            "deepseek-v4-flash",
            [
                "From 09:00 to 12:00 and from 14:00 to 18:00 (UTC+08:00) on Monday to Friday, except on "
                "public holidays of China, it costs 0.3 for input and 1.2 for output a million.",
                "The row holds from 10 September 2026 (04:00 UTC).",
            ],
        ),
        (
            "gpt-5.5",
            [
                "Flex tier:",
                "Batch, above 272,000 input tokens:",
                "In the priority tier, with more than 272,000 input tokens, its price is not known.",
                "With its data kept in us, all",
            ],
        ),
        ("claude-opus-4-5", ["input tokens written to a cache for an hour (0.00001 each)", "In a batch it costs 2.5"]),
        ("sonar-pro", ["0.014  for each call, besides its tokens"]),
        ("llama-3.2-1b", ["That is not the same as free", "WEIGHBRIDGE_REFERENCE_HOSTS"]),
        ("gemini-4-argon", ["From 1 December 2026 on it will cost 4 for input and"]),
    ],
)
def test_explanations_name_the_reasons(model: str, sentences: list[str]) -> None:
    """Each kind of price is explained with its amount, its source and the rule that chose it."""
    done = run("explain", model, "--date", "2026-11-21")
    assert done.exit_code == 0, done.output
    told = " ".join(done.output.split())
    for sentence in sentences:
        assert " ".join(sentence.split()) in told


def test_an_explanation_of_a_past_day_names_later_changes_of_the_price_alone() -> None:
    """A later row with other rates than those of input and output is no change of the price."""
    assert "it will cost" not in run("explain", "gpt-5.5", "--date", "2026-08-01").output
    later = run("explain", "gpt-4o", "--date", "2024-06-01").output
    assert later.count("it will cost") == 1
    assert "From 2 October 2024 on it will cost 2.5 for input and 10 for output a million." in " ".join(later.split())


def test_a_row_at_fault_ends_any_command_with_its_line(tmp_path: Path) -> None:
    """An invalid row under a valid seal is named by its line, only by commands that need the row."""
    path = tmp_path / "prices" / "prices.jsonl"
    path.parent.mkdir()
    whole = PACKAGED.read_text(encoding="utf-8")
    number = max(i for i, line in enumerate(whole.splitlines(), 1) if line.startswith('{"model":"o3",'))
    path.write_text(resealed(whole, '"id":"o3",', '"id":"o3","from":1,'), encoding="utf-8")
    done = CliRunner().invoke(main, ["models", "o3"])
    assert done.exit_code == 1
    assert done.stderr.startswith(f"Error: {path}, line {number}, field 'source.from': unknown field")
    assert CliRunner().invoke(main, ["models", "gpt-4o"]).exit_code == 0


def test_every_model_can_be_explained(tmp_path: Path) -> None:
    """A sample of all states and sources has an explanation and a history that agree."""
    for name in list(Registry.from_package().models)[::250]:
        found = json.loads(run("explain", name, "--json").stdout, parse_float=Decimal)
        assert found["explanation"][0]["heading"].endswith(
            f"({name}), a model of {Registry.from_package().models[name].author}"
        )
        assert len(found["history"]) == len(PriceBook.from_package().history(name))


def test_a_price_on_a_day() -> None:
    """The day of a change has the new price, the day before the old one; before the first there is an error."""
    assert run("at", "o3", "--date", "2025-06-09").stdout.startswith("o3 on 2025-06-09: input 0.00001, output 0.00004")
    assert "input 0.000002," in run("at", "o3", "--date", "2025-06-10").stdout
    found = json.loads(run("at", "o3", "--date", "2025-06-10", "--json").stdout, parse_float=Decimal)
    assert found["price_per_input_token"] == Decimal("0.000002")
    missing = run("at", "o3", "--date", "2020-01-01")
    assert (missing.exit_code, "No price of o3 is known on 2020-01-01." in missing.output) == (1, True)
    assert run("at", "o3", "--date", "2025-02-30").exit_code == 2
    assert "Did you mean o3-mini" in run("at", "o3-mni", "--date", "2025-01-01").output


def test_the_difference_of_two_days() -> None:
    """Only the models whose price changed between the days are listed, with both prices."""
    found = json.loads(run("diff", "2025-06-09", "2025-06-10", "--json").stdout, parse_float=Decimal)
    (o3,) = [row for row in found if row["model"] == "o3"]
    assert (o3["before_per_input_token"], o3["after_per_input_token"]) == (Decimal("0.00001"), Decimal("0.000002"))
    assert "o3" in run("diff", "2025-06-09", "2025-06-10").output
    assert run("diff", "yesterday", "today").exit_code == 1


def test_the_difference_of_two_books() -> None:
    """A book does not differ from itself."""
    assert json.loads(run("diff", str(PACKAGED), str(PACKAGED), "--json").stdout) == []


def test_the_status_counts_every_priced_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each priced model is in one state; an old book is a warning, not a failure."""
    found = json.loads(run("status", "--json").stdout)
    states = ("agreed", "single", "disputed", "override", "retired")
    assert sum(found[state] for state in states) == found["priced_models"]
    assert (found["version"], found["book"]) == (PriceBook.from_package().version, "packaged")
    assert found["models"] >= 700
    assert found["authors"] >= 30
    monkeypatch.setattr("service.cli.price_status.utc_now", later)
    done = run("status")
    assert (done.exit_code, "Warning: the prices are 60 days old, more than 30." in done.output) == (0, True)


def later() -> object:
    """Sixty days after the packaged book was refreshed."""
    from datetime import UTC, datetime, time, timedelta

    return datetime.combine(PriceBook.from_package().refreshed_at + timedelta(days=60), time(), UTC)


def test_a_faulty_file_of_own_prices_is_told_in_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fault of the file is named; a correction of a model that is not known is one."""
    own = tmp_path / "own.toml"
    own.write_text('[[override]]\nmodel = "gpt-4o"\ninput = "x"\n', encoding="utf-8")
    monkeypatch.setenv("WEIGHBRIDGE_PRICE_OVERRIDES", str(own))
    done = run("status")
    assert done.exit_code == 1
    for word in ("effective_from is missing", "url is missing", "reason is missing", "input is not a number"):
        assert word in done.output
    own.write_text(
        '[[correction]]\nmodel = "gpt-4oo"\ninput = "0.000001"\neffective_from = 2026-01-01\n'
        'url = "https://example.org"\nreason = "r"\n',
        encoding="utf-8",
    )
    assert "gpt-4oo is not a model of the catalogue" in run("status").output


def test_an_own_price_may_be_of_a_name_outside_the_catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fine-tuned model has its own price in each command; the status names it, so that a misspelt name is noticed."""
    name = "ft:gpt-4o-mini-2024-07-18:acme::AbC12"
    own = tmp_path / "own.toml"
    own.write_text(
        f'[[override]]\nmodel = "{name}"\ninput = "0.0000003"\noutput = "0.0000012"\neffective_from = 2026-01-01\n'
        'url = "https://example.org"\nreason = "fine-tuned model"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("WEIGHBRIDGE_PRICE_OVERRIDES", str(own))
    assert json.loads(run("status", "--json").output)["own_prices_outside_catalogue"] == [name]
    assert "0.0000003" in run("at", name, "--date", "2026-02-01").output
    assert run("at", name, "--date", "2025-12-31").exit_code == 1
    explained = run("explain", name, "--date", "2026-02-01")
    assert explained.exit_code == 0
    assert "fine-tuned model" in explained.output
    usage = tmp_path / "usage.csv"
    usage.write_text(f"date,model,input_tokens,output_tokens\n2026-02-01,{name},1000,100\n", encoding="utf-8")
    done = json.loads(run("apply", str(usage), "--json").output, parse_float=Decimal)
    assert done["total_usd"] == Decimal("0.00042")


def test_a_price_by_another_name() -> None:
    """A region costs what it says; a fine-tuned model has no price, and its base is not shown in its place."""
    bedrock = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    assert (
        f"{bedrock} on 2026-10-01: input 0.0000033, output 0.0000165"
        in run("at", bedrock, "--date", "2026-10-01").stdout
    )
    tuned = run("at", "ft:gpt-4o-mini-2024-07-18:acme::AbC12", "--date", "2026-10-01")
    assert (tuned.exit_code, "a fine-tuned model has a price of its own" in tuned.output) == (1, True)
    explained = run("explain", bedrock).stdout
    assert "stands for claude-sonnet-4-5-20250929" in explained
    assert "Input by this name: 0.0000033 USD per token." in explained
    base = run("explain", "ft:gpt-4o-mini-2024-07-18:acme::AbC12").stdout
    assert "No price: a fine-tuned model has a price of its own" in base
    assert "0.15" not in base
