"""`weighbridge audit`: exports of providers against own prices, by model and day, exact."""

import csv
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from pricing_data import PriceBook, Terms, Usage
from service.cli.main import main
from tests.usage_book import write_book

OPENAI = (
    "start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,api_key_id,model,batch,"
    "service_tier,input_tokens,output_tokens,input_cached_tokens,input_audio_tokens,output_audio_tokens"
)
OPENAI_COSTS = "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id"
ANTHROPIC = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,"
    "usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,"
    "usage_output_tokens,web_search_count,inference_geo,speed"
)
ANTHROPIC_COSTS = (
    "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type"
)
DAY = date(2026, 8, 5)
SAMPLES = Path(__file__).parents[2] / "data" / "usage_files"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder without a book, and the test's folder as the place where files are."""
    monkeypatch.setenv("WEIGHBRIDGE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def audit(*arguments: str) -> Result:
    """The outcome of the command."""
    return CliRunner().invoke(main, ["audit", *arguments])


def lines(*arguments: str) -> list[dict[str, Any]]:
    """The lines of its JSON."""
    found: list[dict[str, Any]] = json.loads(audit(*arguments, "--json").stdout, parse_float=Decimal)["lines"]
    return found


def write(name: str, header: str, rows: list[list[object]]) -> str:
    """Write a CSV file of a header and rows, and return its name."""
    with Path(name).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header.split(","), *rows])
    return name


def openai_row(name: str, requests: int, whole: int, output: int, cached: int, **more: str) -> list[object]:
    """A row of OpenAI's usage export for one day."""
    values = {"start_time": "1785888000", "start_time_iso": f"{DAY}T00:00:00+00:00", "model": name, "batch": "false"}
    numbers = {"num_model_requests": requests, "input_tokens": whole, "output_tokens": output}
    row: dict[str, object] = {**values, **numbers, "input_cached_tokens": cached, "service_tier": "default", **more}
    return [row.get(column, "") for column in OPENAI.split(",")]


def anthropic_row(model: str, fresh: int, written: int, hour: int, read: int, output: int, window: str) -> list[object]:
    """A row of Anthropic's usage export for one day."""
    return [DAY, model, "key", "Default", "standard", window, fresh, written, hour, read, output, 0, "global", ""]


def test_openai_usage_and_costs_are_compared(tmp_path: Path) -> None:
    """Tokens of many calls are priced with caches, and stand against the line items of the same model and day."""
    usage = write("usage.csv", OPENAI, [openai_row("gpt-4o-2024-08-06", 9, 5_000_000, 200_000, 1_000_000)])
    costs: list[list[object]] = [
        ["", "", f"{DAY}T00:00:00+00:00", "", amount, "usd", f"gpt-4o-2024-08-06, {item}", "p"]
        for item, amount in (("input", "10.00"), ("cached input", "1.25"), ("output", "2.50"))
    ]
    (line,) = lines(usage, "--costs", write("costs.csv", OPENAI_COSTS, costs))
    # 4 Mtok x 2.50 + 1 Mtok x 1.25 + 0.2 Mtok x 10
    assert (line["own_usd"], line["charged_usd"]) == (Decimal("13.25"), Decimal("13.75"))
    assert line["difference_usd"] == Decimal("0.5")
    assert line["rows"] == 1


def test_anthropic_usage_and_costs_are_compared(book: PriceBook) -> None:
    """Cached and written tokens are beside the input, and bills name models as people do."""
    usage = write(
        "usage.csv",
        ANTHROPIC,
        [anthropic_row("claude-haiku-4-5-20251001", 1_000_000, 200_000, 0, 3_000_000, 50_000, "≤ 200k")],
    )
    bill = write(
        "costs.csv", ANTHROPIC_COSTS,
        [[DAY, "Claude Haiku 4.5", "Default", "key", "message", "≤ 200k", "input_no_cache", "1.80", "1.80", "token"]],
    )  # fmt: skip
    (line,) = lines(usage, "--costs", bill)
    price = book.price("claude-haiku-4-5-20251001", DAY)
    assert price is not None
    assert price.input
    assert price.output
    own = (
        1_000_000 * price.input
        + 200_000 * (price.cache_write or price.input)
        + 3_000_000 * (price.cached_input or price.input)
        + 50_000 * price.output
    )
    assert line["own_usd"] == own == Decimal("1.8")
    assert line["difference_usd"] == 0
    assert audit(usage, "--costs", bill).exit_code == 0


def test_the_context_window_decides_the_tier(book: PriceBook) -> None:
    """Rows of long contexts are priced at the tier above, rows of short ones at the lowest, whatever their sums."""
    rows = [anthropic_row("claude-sonnet-4-5", 900_000, 0, 0, 0, 0, window) for window in ("≤ 200k", "> 200k")]
    for row, tier in zip(rows, (0, 1), strict=True):
        (line,) = lines(write("usage.csv", ANTHROPIC, [row]))
        price = book.price("claude-sonnet-4-5", DAY)
        assert price is not None
        rates = price.tariff.tiers[0].rates if tier else price.tariff.rates
        assert rates.input
        assert line["own_usd"] == 900_000 * rates.input


def test_plain_columns_are_calls_with_their_charges(book: PriceBook) -> None:
    """Each row is one call at its own day, and differences beyond the tolerance end with status 2."""
    rows: list[list[object]] = [
        ["2025-07-01", "gpt-4o", 1_000, 10, "0.00515"],
        ["2026-08-05", "gpt-4o", 1_000, 10, "0.0026"],
        ["2026-08-05", "gemini-2.5-pro", 300_000, 0, "0.5"],
    ]
    path = write("plain.csv", "date,model,input_tokens,output_tokens,cost_usd", rows)
    found = lines(path)
    for line, row in zip(found, rows, strict=True):
        own = book.call_cost(
            str(row[1]), Usage(int(str(row[2])), int(str(row[3]))), Terms(date.fromisoformat(str(row[0])))
        )
        assert line["own_usd"] == own.total
        assert line["difference_usd"] == Decimal(str(row[4])) - own.total
    widest = max(abs(line["difference_usd"]) for line in found)
    assert audit(path, "--tolerance", str(widest)).exit_code == 0
    assert audit(path, "--tolerance", str(widest - Decimal("0.0001"))).exit_code == 2


UNPRICED = {
    "service_tier 'scale' has no known price": {"service_tier": "scale"},
    "whether input_audio_tokens 5 are among input_tokens is not known": {"input_audio_tokens": "5"},
    'unknown model "gpt-99"': {"model": "gpt-99"},
    "input_tokens 'many' is not a whole number": {"input_tokens": "many"},
    "input_tokens -1 is below 0": {"input_tokens": "-1"},
    "5000 cached and 0 written tokens are more than the 1000 input tokens that they should be among": {
        "input_cached_tokens": "5000"
    },
}


@pytest.mark.parametrize("reason", UNPRICED)
def test_what_the_book_cannot_price_is_told_and_never_zero(reason: str) -> None:
    """A row outside the book makes its line incomparable, with the reason and the number of rows."""
    row = openai_row("gpt-4o", 1, 1_000, 10, 0, **UNPRICED[reason])
    (line,) = lines(write("usage.csv", OPENAI, [row]))
    assert (line["own_usd"], line["difference_usd"]) == (None, None)
    assert line["unpriced"] == [{"reason": reason, "rows": 1}]
    assert audit("usage.csv").exit_code == 2


BAD = {
    "of no known kind": ("when,what\n1,2\n", "there is no column model, input_tokens; there are when, what."),
    "no date": ("model,input_tokens\ngpt-4o,1\n", "it has no column for the date: say which one is with --column"),
    "too wide": (
        "date,model,input_tokens,output_tokens\n2026-01-01,gpt-4o,1,1,1\n",
        "line 2: 5 values under 4 columns.",
    ),
    "empty": ("", "its columns are of no known kind"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_file_that_cannot_be_compared_says_why(case: str) -> None:
    """One sentence with the file and the row, and exit status 1."""
    content, sentence = BAD[case]
    Path("usage.csv").write_text(content, encoding="utf-8")
    done = audit("usage.csv")
    assert done.exit_code == 1
    assert sentence in done.stderr


def test_costs_of_no_known_kind_are_refused_with_those_that_are() -> None:
    """Costs have other columns than usage."""
    usage = write("usage.csv", OPENAI, [openai_row("gpt-4o", 1, 1_000, 10, 0)])
    done = audit(usage, "--costs", write("costs.csv", "when,what", []))
    assert done.exit_code == 1
    assert "its columns are of no known kind. Needed are, for OpenAI costs: start_time_iso, line_item" in done.stderr


def test_a_row_without_a_day_is_named_and_the_others_are_compared() -> None:
    """It belongs to no line."""
    rows: list[list[object]] = [["soon", "gpt-4o", 1, 0, "1"], [DAY, "gpt-4o", 1_000_000, 0, "2.5"]]
    done = audit(write("usage.csv", "date,model,input_tokens,output_tokens,cost_usd", rows), "--json")
    found = json.loads(done.stdout, parse_float=Decimal)
    assert done.exit_code == 2
    reason = "gpt-4o: date 'soon' is neither a date nor an instant in ISO 8601"
    assert found["without_a_day"] == [{"reason": reason, "rows": 1}]
    assert [line["difference_usd"] for line in found["lines"]] == [0]


def test_each_difference_has_its_causes(tmp_path: Path) -> None:
    """In JSON for each line, and below the table for all lines; they sum to the difference."""
    write_book(tmp_path / "data")
    rows: list[list[object]] = [
        [DAY, "gpt-5-mini", 1_000_000, 1_000_000, "1.125", "", ""],
        [DAY, "gpt-5-mini", 1_000_000, 1_000_000, "2.25", "flex", ""],
        [DAY, "claude-sonnet-4-5", 100_000, 10_000, "0.495", "", ""],
        [DAY, "gpt-4o", 1_000_000, 100_000, "3.50", "", ""],
    ]
    path = write("usage.csv", "date,model,input_tokens,output_tokens,cost_usd,service_tier,region", rows)
    found = {line["model"]: line for line in lines(path)}
    assert {model: [(each["cause"], each["usd"]) for each in line["causes"]] for model, line in found.items()} == {
        "GPT-5 Mini": [("service tier", Decimal("-1.125")), ("service tier", Decimal("1.125"))],
        "Claude Sonnet 4.5": [("region", Decimal("0.045"))],
        "GPT-4o": [],
    }
    done = audit(path, "--all")
    assert done.exit_code == 2
    assert "region (charged as in us) 0.045" in done.stdout
    assert "The difference by cause, USD: region 0.045." in done.stderr


def test_assumptions_and_ignored_columns_are_said(tmp_path: Path) -> None:
    """A row of many calls to a model with tiers does not say which tier they reach."""
    write_book(tmp_path / "data")
    row = openai_row("gemini-2.5-pro", 9, 5_000_000, 0, 0)
    told = audit(write("usage.csv", OPENAI, [row])).stderr
    assert "Assumed: 1 rows sum up calls of models with context tiers" in told
    assert "Ignored columns: project_id, user_id, api_key_id." in told


def test_other_exports_are_compared_too(tmp_path: Path) -> None:
    """Exports with charges in their own rows need no costs."""
    write_book(tmp_path / "data")
    found = lines(str(SAMPLES / "bedrock_cur.csv"))
    compared = {line["model"]: line["difference_usd"] for line in found if not line["unpriced"]}
    assert compared == {"Claude Sonnet 4.5": 0}


def test_names_of_one_model_share_a_line_unless_they_change_the_price() -> None:
    """A prefix and a spelling are of the model's line, as in bills; a region and a batch have lines of their own."""
    bedrock = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
    rows: list[list[object]] = [
        ["2026-10-05", "openai/gpt-4o", 1_000_000, 100_000, "3.50"],
        ["2026-10-05", "GPT-4o", 1_000_000, 100_000, "3.50"],
        ["2026-10-05", "gpt-4o", 1_000_000, 100_000, "3.50"],
        ["2026-10-05", "gpt-4o:batch", 1_000_000, 100_000, "1.75"],
        ["2026-10-05", bedrock, 100_000, 10_000, "0.495"],
    ]
    found = lines(write("usage.csv", "date,model,input_tokens,output_tokens,cost_usd", rows))
    assert {line["model"]: (line["rows"], line["own_usd"], line["difference_usd"]) for line in found} == {
        "GPT-4o": (3, Decimal("10.5"), 0),
        "gpt-4o:batch": (1, Decimal("1.75"), 0),
        bedrock: (1, Decimal("0.495"), 0),
    }
