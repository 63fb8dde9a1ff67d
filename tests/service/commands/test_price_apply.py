"""`weighbridge prices apply`: exact totals, and no row that is silently free."""

import csv
import json
import random
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pricing_data import PriceBook
from service.cli import main

HEADER = ["id", "model", "input_tokens", "output_tokens", "cached_input_tokens", "date"]


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder without a book: the packaged one is used."""
    monkeypatch.setenv("WEIGHBRIDGE_DATA_DIR", str(tmp_path / "data"))


def run(*arguments: object) -> Result:
    """The outcome of `weighbridge prices apply` with these arguments."""
    return CliRunner().invoke(main, ["prices", "apply", *map(str, arguments)])


def report(done: Result) -> dict[str, Any]:
    """Its JSON, with exact numbers."""
    found: dict[str, Any] = json.loads(done.stdout, parse_float=Decimal)
    return found


def written(folder: Path, rows: list[list[object]], header: list[str] = HEADER) -> Path:
    """A CSV file of these rows."""
    path = folder / "usage.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def random_rows(count: int) -> list[list[object]]:
    """Calls of flat-priced models on days on which all of them have a price."""
    rng = random.Random(3)
    book = PriceBook.from_package()
    names = [
        name
        for name, history in book.histories.items()
        if (tariff := history[-1].tariff).rates.output
        and not (tariff.tiers or tariff.schedule or tariff.rates.per_call)
    ]
    rows: list[list[object]] = []
    for number in range(count):
        tokens = rng.randrange(1, 10**6)
        rows.append([number, rng.choice(names), tokens, rng.randrange(5000), rng.randrange(tokens), "2026-11-22"])
    return rows


def by_hand(rows: list[list[object]]) -> list[Decimal]:
    """What the rows cost, by plain Decimals from the lines of the book's file."""
    rates: dict[str, dict[str, Decimal]] = {}
    for line in (Path(__file__).parents[3] / "pricing_data" / "prices.jsonl").read_text("utf-8").splitlines()[:-1]:
        row = json.loads(line)
        rates[row["model"]] = {name: Decimal(row[name]) for name in ("input", "output", "cached_input") if name in row}
    costs = []
    for _, model, tokens, output, cached, _ in rows:
        own = rates[str(model)]
        fresh = int(str(tokens)) - int(str(cached))
        costs.append(
            fresh * own["input"]
            + int(str(cached)) * own.get("cached_input", own["input"])
            + int(str(output)) * own["output"]
        )
    return costs


def test_the_total_is_the_exact_sum(tmp_path: Path) -> None:
    """A few thousand calls cost, each and in total, what plain Decimals give from the book's own file."""
    rows = random_rows(3000)
    expected = by_hand(rows)
    output = tmp_path / "priced.csv"
    done = run(written(tmp_path, rows), "--output", output, "--json")
    assert done.exit_code == 0, done.output
    assert report(done)["total_usd"] == sum(expected)
    with output.open(encoding="utf-8", newline="") as file:
        priced = list(csv.DictReader(file))
    assert [Decimal(row["cost_usd"]) for row in priced] == expected
    assert [row["id"] for row in priced] == [str(number) for number in range(3000)]
    assert not any("E" in row["cost_usd"] for row in priced)


def test_parquet_costs_the_same(tmp_path: Path) -> None:
    """A Parquet file has the same total as its CSV, and its output the same costs as exact decimals."""
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    rows = random_rows(500)
    path, output = tmp_path / "usage.parquet", tmp_path / "priced.parquet"
    columns = {name: [row[place] for row in rows] for place, name in enumerate(HEADER)}
    parquet.write_table(arrow.table(columns), path)
    done = run(path, "--output", output, "--json")
    assert done.exit_code == 0, done.output
    assert report(done)["total_usd"] == sum(by_hand(rows))
    assert parquet.read_table(output).column("cost_usd").to_pylist() == by_hand(rows)


def test_what_cannot_be_priced_is_listed_and_not_free(tmp_path: Path) -> None:
    """Unknown models, missing prices and odd values are named with their rows, and have an empty cost."""
    rows: list[list[object]] = [
        ["1", "o3", 1000, 0, 0, "2026-01-01"],
        ["2", "gpt-unheard-of", 1000, 0, 0, "2026-01-01"],
        ["3", "llama-3.2-1b", 1000, 0, 0, "2026-01-01"],
        ["4", "o3", 1000, 0, 0, "2001-01-01"],
        ["5", "o3", "many", 0, 0, "2026-01-01"],
        ["6", "o3", "", 0, 0, "2026-01-01"],
        ["7", "o3", 10, 0, 11, "2026-01-01"],
        ["8", "o3", 10, 0, 0, "last week"],
        ["9", "text-embedding-3-small", 10, 5, 0, "2026-11-22"],
    ]
    output = tmp_path / "priced.csv"
    done = run(written(tmp_path, rows), "--output", output, "--json")
    assert done.exit_code == 2
    found = report(done)
    assert (found["rows"], found["priced_rows"], found["total_usd"]) == (9, 1, Decimal("0.002"))
    assert {(entry["model"], entry["reason"].split(",")[0]) for entry in found["unpriced"]} >= {
        ("gpt-unheard-of", "unknown model"),
        ("llama-3.2-1b", "unknown model"),
        ("o3", "no price is known on its day"),
        ("o3", "input_tokens is not a whole number"),
        ("o3", "input_tokens is empty"),
        ("o3", "date is neither a date nor an instant in ISO 8601"),
        ("text-embedding-3-small", "no price for output is known"),
    }
    with output.open(encoding="utf-8", newline="") as file:
        assert [row["cost_usd"] for row in csv.DictReader(file)] == ["0.002", *[""] * 8]
    assert "Not priced: 1 rows of gpt-unheard-of" in run(written(tmp_path, rows)).output


def test_instants_days_and_batches(tmp_path: Path) -> None:
    """An instant is priced at its UTC day and hour; a row without a date at --date; a batch at the batch price."""
    header = ["model", "input_tokens", "date", "batch"]
    rows: list[list[object]] = [
        ["o3", 1000, "2025-06-09T23:30:00-01:00", ""],
        ["o3", 1000, "2025-06-09T23:30:00", "false"],
        ["deepseek-v4-flash", 1000, "2026-11-20T02:00:00Z", ""],
        ["deepseek-v4-flash", 1000, "2026-11-20T05:00:00Z", ""],
        ["o3", 1000, "2026-11-20", "true"],
        ["o3", 1000, "", ""],
    ]
    output = tmp_path / "priced.csv"
    done = run(written(tmp_path, rows, header), "-o", output, "--date", "2025-01-01")
    with output.open(encoding="utf-8", newline="") as file:
        costs = [row["cost_usd"] for row in csv.DictReader(file)]
    assert costs[:5] == ["0.002", "0.01", "0.0003", "0.00015", "0.001"]
    expected = PriceBook.from_package().price("o3", date_of("2025-01-01"))
    assert (costs[5] == "") == (expected is None)
    assert done.exit_code == (2 if expected is None else 0)


def date_of(text: str) -> Any:
    """A date."""
    return import_module("datetime").date.fromisoformat(text)


def test_columns_may_be_called_otherwise(tmp_path: Path) -> None:
    """Options name the columns; one that has to be there and is not is an error that lists what is there."""
    path = written(tmp_path, [["o3", 500]], ["m", "n"])
    done = run(path, "--model-column", "m", "--input-column", "n", "--date", "2026-11-22", "--json")
    assert report(done)["total_usd"] == Decimal("0.001")
    missing = run(path, "--model-column", "m")
    assert missing.exit_code == 1
    assert "There is no column input_tokens; there are m, n." in missing.output


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("usage.csv", "model,input_tokens\no3\n", "line 2: 1 values under 2 columns"),
        ("usage.csv", "", "There is no column model, input_tokens"),
        ("usage.csv", 'model,input_tokens\n"o3,5\n', "near line"),
        ("usage.parquet", "not parquet", "is not Parquet"),
        ("usage.txt", "x", "neither .csv, .tsv nor .parquet"),
    ],
)
def test_a_bad_file_is_refused(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    """A file that is not what it should be ends with a sentence, and leaves no output behind."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    done = run(path, "-o", tmp_path / f"out{path.suffix}")
    assert done.exit_code == 1
    assert sentence in done.output
    assert [found.name for found in tmp_path.iterdir()] == [name]


def test_the_output_is_of_the_same_kind(tmp_path: Path) -> None:
    """A CSV file is not written as Parquet."""
    done = run(written(tmp_path, []), "-o", tmp_path / "out.parquet")
    assert (done.exit_code, "has to be .csv" in done.output) == (1, True)
