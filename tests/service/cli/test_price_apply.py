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
from service.cli.main import main
from tests.usage_book import write_book

# After every change that is announced.
LATE = "2030-01-01"
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
    """Calls of flat-priced models on a day after all their changes; cached tokens where they have a price."""
    rng = random.Random(3)
    book = PriceBook.from_package()
    names = {
        name: history[-1].tariff.rates.cached_input is not None
        for name, history in book.histories.items()
        if (tariff := history[-1].tariff).rates.output
        and not (tariff.tiers or tariff.schedule or tariff.rates.per_call)
    }
    rows: list[list[object]] = []
    for number in range(count):
        tokens, name = rng.randrange(1, 10**6), rng.choice(list(names))
        cached = rng.randrange(tokens) if names[name] else 0
        rows.append([number, name, tokens, rng.randrange(5000), cached, LATE])
    return rows


def by_hand(rows: list[list[object]]) -> list[Decimal]:
    """What the rows cost, by plain Decimals from the lines of the book's file."""
    rates: dict[str, dict[str, Decimal]] = {}
    newest: dict[str, tuple[str, str]] = {}
    for line in (
        (Path(__file__).parents[3] / "pricing_data" / "data" / "prices.jsonl").read_text("utf-8").splitlines()[:-1]
    ):
        row = json.loads(line)
        begins = row["effective_from"], row.get("effective_at", "")
        if begins >= newest.get(row["model"], ("", "")):
            newest[row["model"]] = begins
            rates[row["model"]] = {
                each: Decimal(row[each]) for each in ("input", "output", "cached_input") if each in row
            }
    costs = []
    for _, model, tokens, output, cached, _ in rows:
        own = rates[str(model)]
        fresh = int(str(tokens)) - int(str(cached))
        costs.append(
            fresh * own["input"]
            + int(str(cached)) * own.get("cached_input", Decimal())
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
    assert {(entry["first_row"], entry["model"], entry["reason"].split(";")[0]) for entry in found["unpriced"]} == {
        (2, "gpt-unheard-of", 'unknown model "gpt-unheard-of"'),
        (3, "llama-3.2-1b", "no price of llama-3.2-1b is known"),
        (4, "o3", "no price is known on 2001-01-01"),
        (5, "o3", "input_tokens 'many' is not a whole number"),
        (6, "o3", "input_tokens is empty"),
        (7, "o3", "11 cached and 0 written tokens are more than the 10 input tokens that they should be among"),
        (8, "o3", "date 'last week' is neither a date nor an instant in ISO 8601"),
        (9, "text-embedding-3-small", "no price for output is known, and there are 5 tokens"),
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
    """Return the date of an ISO 8601 text."""
    return import_module("datetime").date.fromisoformat(text)


def test_columns_may_be_called_otherwise(tmp_path: Path) -> None:
    """Options name the columns; one that has to be there and is not is an error that lists what is there."""
    path = written(tmp_path, [["o3", 500]], ["m", "n"])
    done = run(path, "--model-column", "m", "--input-column", "n", "--date", "2026-11-22", "--json")
    assert report(done)["total_usd"] == Decimal("0.001")
    missing = run(path, "--model-column", "m")
    assert missing.exit_code == 1
    assert "there is no column input_tokens; there are m, n." in missing.output


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("usage.csv", "date,model,input_tokens\n2026-01-01,o3\n", "line 2: 2 values under 3 columns"),
        ("usage.csv", "", "there is no column model, input_tokens"),
        ("usage.csv", 'date,model,input_tokens\n2026-01-01,"o3,5\n', "near line"),
        ("usage.parquet", "not parquet", "is not Parquet"),
        ("usage.txt", "x", "neither .csv, .tsv, .parquet, .json, .jsonl nor .ndjson"),
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
    assert (done.exit_code, "must be of the same type as the file, .csv" in done.output) == (1, True)


CASES = {
    # What people met in other tools: each row at the price of its tier, its cache and its kind of tokens.
    "date,model,input_tokens,output_tokens,service_tier": {
        "2026-10-01,gpt-5-mini,1000000,1000000,flex": "1.125",
        "2026-10-01,gpt-5-mini,1000000,1000000,priority": "4.05",
        "2026-10-01,gpt-5-mini,1000000,1000000,": "2.25",
        "2026-10-01,claude-opus-4-5,1000000,1000000,flex": "",
    },
    "date,model,input_tokens,output_tokens,cached_input_tokens,cache_write_tokens,cache_write_1h_tokens": {
        "2026-10-01,claude-opus-4-5,120000,1000,0,0,100000": "1.125",
        "2026-10-01,claude-opus-4-5,120000,1000,0,100000,0": "0.75",
    },
    "date,model,input_tokens,output_tokens,input_audio_tokens,reasoning_tokens": {
        "2026-10-01,gemini-2.5-flash,1000000,0,1000000,0": "1",
        "2026-10-01,gpt-4o,1000,2000,0,1500": "0.0225",
        "2026-10-01,gpt-4o,1000,2000,10,0": "",
    },
    "date,model,input_tokens,output_tokens,batch": {
        "2026-10-01,gemini-2.5-flash,1000000,100000,true": "0.275",
        "2026-10-01,gemini-2.5-flash,1000000,100000,false": "0.55",
        "2026-10-01,text-embedding-3-small,1000000,0,true": "",
    },
    "date,model,input_tokens,output_tokens,region": {
        "2026-10-01,claude-sonnet-4-5,100000,10000,us": "0.495",
        "2026-10-01,claude-sonnet-4-5,100000,10000,global": "0.45",
        "2026-10-01,claude-sonnet-4-5,100000,10000,mars": "",
    },
    "date,model,input_tokens,output_tokens,cached_input_tokens": {
        "2025-09-24,gemini-2.5-pro,250000,2000,0": "0.655",
        "2025-09-24,gemini-2.5-pro,200000,2000,0": "0.27",
        "2025-09-24,gemini-2.5-pro,260000,2000,255000": "0.10625",
        "2026-08-20T02:00:00Z,deepseek-v4-flash,1000000,1000000,0": "1.76",
        "2026-08-20T12:00:00Z,deepseek-v4-flash,1000000,1000000,0": "0.88",
        "2026-08-22T02:00:00Z,deepseek-v4-flash,1000000,1000000,0": "0.88",
    },
    "start_time_iso,end_time_iso,model,num_model_requests,input_tokens,output_tokens,input_cached_tokens,batch,"
    "service_tier": {
        "2026-10-05T00:00:00+00:00,2026-10-06T00:00:00+00:00,gpt-4o-mini-2024-07-18,1000,5000000,400000,0,false,default":
            "0.99",
        "2026-10-05T00:00:00+00:00,2026-10-06T00:00:00+00:00,gpt-5-2025-08-07,1000,5000000,400000,0,false,default":
            "10.25",
        "2026-10-05T00:00:00+00:00,2026-10-06T00:00:00+00:00,gpt-5-2025-08-07,1000,5000000,0,4000000,false,default":
            "1.75",
        "2024-10-05T00:00:00+00:00,2024-10-06T00:00:00+00:00,gpt-5-2025-08-07,1000,5000000,0,0,false,default": "",
    },
}  # fmt: skip


@pytest.mark.parametrize("header", CASES)
def test_every_kind_of_token_and_term_has_its_price_or_none(tmp_path: Path, header: str) -> None:
    """A tier, region or kind of token without a rate never gets another rate."""
    write_book(tmp_path / "data")
    path, output = tmp_path / "usage.csv", tmp_path / "priced.csv"
    path.write_text("\n".join([header, *CASES[header]]), encoding="utf-8")
    done = run(path, "-o", output)
    with output.open(encoding="utf-8", newline="") as file:
        assert [row["cost_usd"] for row in csv.DictReader(file)] == list(CASES[header].values())
    assert done.exit_code == (2 if "" in CASES[header].values() else 0)


def test_a_file_without_dates_is_refused_unless_a_day_is_given(tmp_path: Path) -> None:
    """The prices of today are not those of any other day."""
    path = written(tmp_path, [["o3", 1000]], ["model", "input_tokens"])
    refused = run(path)
    assert refused.exit_code == 1
    assert "or the day of all its rows with --as-of DAY" in " ".join(refused.output.split())
    for option in ("--as-of", "--date"):
        assert report(run(path, option, "2026-11-22", "--json"))["total_usd"] == Decimal("0.002")


def test_what_was_assumed_skipped_and_ignored_is_said(tmp_path: Path) -> None:
    """Assumptions, skipped rows and ignored columns are all reported."""
    write_book(tmp_path / "data")
    header = ["id", "date", "model", "input_tokens", "requests"]
    rows: list[list[object]] = [["1", "2026-10-05", "gemini-2.5-pro", 900_000, 9], ["2", "2026-10-05", "", "", ""]]
    path = written(tmp_path, rows, header)
    found = report(run(path, "--json"))
    assert (found["layout"], found["rows"], found["ignored_columns"]) == ("plain columns", 1, ["id"])
    assert found["skipped"] == [{"what": "rows without a model and without tokens", "rows": 1}]
    assert [entry["rows"] for entry in found["assumed"]] == [1]
    told = run(path).output
    assert "Assumed: 1 rows sum up calls of models with context tiers" in told
    assert "Skipped: 1 rows without a model and without tokens." in told
    assert "Ignored columns: id." in told


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("usage.jsonl", '{"date":"2026-10-05","model":"gpt-4o","input_tokens":1000,"id":"a"}\n'),
        ("usage.json", '[{"date":"2026-10-05","model":"gpt-4o","input_tokens":1000,"id":"a"}]'),
    ],
)
def test_json_is_written_as_json(tmp_path: Path, name: str, rows: str) -> None:
    """Each record has its cost as an exact text."""
    write_book(tmp_path / "data")
    path, output = tmp_path / name, tmp_path / f"priced.{name.partition('.')[2]}"
    path.write_text(rows, encoding="utf-8")
    assert run(path, "-o", output).exit_code == 0
    found = json.loads(output.read_text(encoding="utf-8"))
    priced = {"date": "2026-10-05", "model": "gpt-4o", "input_tokens": 1000, "id": "a", "cost_usd": "0.0025"}
    assert found == ([priced] if name == "usage.json" else priced)


def test_a_file_that_has_costs_keeps_them(tmp_path: Path) -> None:
    """Own costs stand beside those that were charged."""
    write_book(tmp_path / "data")
    path, output = tmp_path / "usage.csv", tmp_path / "priced.csv"
    path.write_text("date;model;input_tokens;cost_usd\n2026-10-05;gpt-4o;1.000;0,5\n", encoding="utf-8")
    assert run(path, "-o", output).exit_code == 0
    assert output.read_text(encoding="utf-8").splitlines() == [
        "date;model;input_tokens;cost_usd;own_cost_usd",
        "2026-10-05;gpt-4o;1.000;0,5;0.0025",
    ]


@pytest.mark.parametrize("option", ["m=modell", "model"])
def test_a_column_that_is_none_of_ours_is_refused(tmp_path: Path, option: str) -> None:
    """A mapping to an unknown column is refused, and the sentence lists the known ones."""
    done = run(written(tmp_path, []), "--column", option)
    assert done.exit_code == 2
    assert "is not NAME=OURS" in done.output


def test_rows_are_priced_by_what_their_names_say(tmp_path: Path) -> None:
    """Names as people have them are priced, rows keep them, and one whose price is not known says why."""
    header = ["model", "input_tokens", "output_tokens", "date"]
    names = {
        "openai/gpt-4o": "3.5",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0": "9.075",
        "claude-sonnet-4-5@20250929": "8.25",
        "gpt-35-turbo": "0.65",
        "GPT-4o": "3.5",
        "gpt-4o:batch": "1.75",
        "ft:gpt-4o-mini-2024-07-18:acme::AbC12": "",
        "deepseek/deepseek-v4-flash:free": "",
    }
    rows: list[list[object]] = [[name, 1_000_000, 100_000, "2026-10-01"] for name in names]
    output = tmp_path / "priced.csv"
    done = run(written(tmp_path, rows, header), "-o", output)
    with output.open(encoding="utf-8", newline="") as file:
        assert {row["model"]: row["cost_usd"] for row in csv.DictReader(file)} == names
    assert done.exit_code == 2
    assert "a fine-tuned model has a price of its own, which is not known (row 7)" in done.output
    assert "a free offer has terms of its own" in done.output


def test_a_row_may_not_contradict_its_name(tmp_path: Path) -> None:
    """A region or a service tier beside a name that says another one makes the row unpriced."""
    header = ["model", "input_tokens", "date", "region", "service_tier"]
    rows: list[list[object]] = [
        ["us.anthropic.claude-sonnet-4-5-20250929-v1:0", 1_000, "2026-10-01", "eu", ""],
        ["gpt-4o:batch", 1_000, "2026-10-01", "", "flex"],
        ["gpt-4o:batch", 1_000, "2026-10-01", "", "batch"],
    ]
    found = report(run(written(tmp_path, rows, header), "--json"))
    assert [fault["first_row"] for fault in found["unpriced"]] == [1, 2]
    assert all("contradicts the name" in fault["reason"] for fault in found["unpriced"])
    assert found["total_usd"] == Decimal("0.00125")
