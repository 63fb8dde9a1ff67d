"""Files of usage as people have them: separators, marks, odd rows, columns of other names; all rows go on."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pricing_data.errors import UnusableUsageFile
from pricing_data.usage import Usage
from pricing_data.usage_files.columns import ReadingOptions, column_option
from pricing_data.usage_files.file import GENERIC, open_usage
from pricing_data.usage_files.reader import RowReader
from pricing_data.usage_files.row import UsageRow

DAY = date(2026, 10, 5)
PLAIN_OPTIONS = ReadingOptions()


def read(path: Path, text: str | bytes, options: ReadingOptions = PLAIN_OPTIONS) -> Sequence[UsageRow]:
    """The rows of a file with this text."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with open_usage(path, options=options) as file:
        return list(file.rows())


PLAIN = "date,model,input_tokens,output_tokens,cost_usd\n2026-10-05,gpt-4o,1000,10,0.5\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", PLAIN),
        ("a.csv", "\ufeff" + PLAIN.replace("\n", "\r\n")),
        ("a.csv", PLAIN + "\n\n"),
        ("a.csv", PLAIN.replace(",", ";").replace("0.5", "0,5")),
        ("a.csv", PLAIN.replace(",", "\t")),
        ("a.tsv", PLAIN.replace(",", "\t")),
        ("a.csv", PLAIN.replace("1000", '"1,000"')),
        ("a.csv", PLAIN.replace(",", ";").replace("1000", "1.000").replace("0.5", "0,5")),
        ("a.csv", " Date , MODEL ,Input Tokens,outputTokens,Cost USD\n2026-10-05,gpt-4o,1000,10,0.5\n"),
        ("a.json", '[{"date":"2026-10-05","model":"gpt-4o","input_tokens":1000,"output_tokens":10,"cost_usd":0.5}]'),
        ("a.jsonl", '{"date":"2026-10-05","model":"gpt-4o","input_tokens":1000,"output_tokens":10,"cost_usd":0.5}\n\n'),
        ("a.jsonl", '{"model":"gpt-4o","input_tokens":1000,"date":"2026-10-05","output_tokens":10,"billed":0.5,"x":1}'),
    ],
)  # fmt: skip
def test_the_same_row_in_every_form(tmp_path: Path, name: str, text: str) -> None:
    (row,) = read(tmp_path / name, text)
    assert (row.model, row.at, row.usage, str(row.billed), row.fault) == ("gpt-4o", DAY, Usage(1000, 10), "0.5", None)


def test_parquet_has_the_same_rows(tmp_path: Path) -> None:
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    columns = {"date": [DAY], "model": ["gpt-4o"], "input_tokens": [1000.0], "output_tokens": [10]}
    parquet.write_table(arrow.table(columns), tmp_path / "a.parquet")
    with open_usage(tmp_path / "a.parquet") as file:
        (row,) = file.rows()
    assert (row.at, row.usage) == (DAY, Usage(1000, 10))


FAULTY = {
    "2026-10-05,gpt-4o,many,0,,,": "input_tokens 'many' is not a whole number",
    "2026-10-05,gpt-4o,-5,0,,,": "input_tokens -5 is below 0",
    "2026-10-05,gpt-4o,1.5,0,,,": "input_tokens 1.5 is not a whole number",
    "2026-10-05,gpt-4o,,0,,,": "input_tokens is empty",
    ",gpt-4o,5,0,,,": "date is empty",
    "soon,gpt-4o,5,0,,,": "date 'soon' is neither a date nor an instant in ISO 8601",
    "2026-10-05,,5,0,,,": "model is empty",
    "2026-10-05,gpt-4o,5,0,scale,,": "service_tier 'scale' has no known price",
    "2026-10-05,gpt-4o,5,0,flex,true,": "batch and flex are two service tiers",
    "2026-10-05,gpt-4o,5,0,,maybe,": "batch 'maybe' is neither true nor false",
    "2026-10-05,gpt-4o,5,0,,,EUR": "currency 'EUR' has no rate to USD",
}


def test_each_fault_has_its_sentence_and_the_other_rows_go_on(tmp_path: Path) -> None:
    header = "date,model,input_tokens,output_tokens,service_tier,batch,currency\n"
    good = "2026-10-05,gpt-4o,5,0,default,false,usd\n"
    rows = read(tmp_path / "a.csv", header + good + "\n".join(FAULTY) + "\n" + good)
    assert [row.fault for row in rows] == [None, *FAULTY.values(), None]


@pytest.mark.parametrize(
    ("column", "value", "fault"),
    [
        ("search_context_size", "medium", "column search_context_size 'medium' may change the price, and is not known"),
        ("web_tokens", "5", "column web_tokens 5 may change the price, and is not known"),
        ("cache_ttl", "1h", "column cache_ttl '1h' may change the price, and is not known"),
        ("data_region", "eu", "column data_region 'eu' may change the price, and is not known"),
        ("upstream_cost", "0.1", "column upstream_cost 0.1 may change the price, and is not known"),
        ("total_tokens", "7", "total_tokens 7 is not 6, which input and output tokens come to"),
        ("web_tokens", "0", None),
        ("audio_seconds", "", None),
        ("service_level", "gold", None),
        ("latency_seconds", "1.5", None),
        ("max_tokens", "100", None),
        ("tokens_per_second", "80", None),
        ("total_tokens", "6", None),
    ],
)
def test_a_column_that_may_change_the_price_makes_its_row_unpriced(
    tmp_path: Path, column: str, value: str, fault: str | None
) -> None:
    text = f"date,model,input_tokens,output_tokens,{column}\n2026-10-05,gpt-4o,5,1,{value}\n"
    (row,) = read(tmp_path / "a.csv", text)
    assert row.fault == fault
    ignored = ReadingOptions(columns={column: "ignore"})
    (row,) = read(tmp_path / "a.csv", text, ignored)
    assert row.fault is None


def test_columns_that_cannot_change_a_price_are_listed(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,date,model,input_tokens,team\n1,2026-10-05,gpt-4o,5,red\n")
    with open_usage(tmp_path / "a.csv") as file:
        assert file.reader.ignored == ["id", "team"]


def test_two_columns_of_one_meaning_must_say_the_same(tmp_path: Path) -> None:
    """A column that gives way to another one makes its row unpriced where it says something else; an equal, empty or
    ignored one does not."""
    text = (
        "date,model,input_tokens,billed_tokens\n2026-10-05,gpt-4o,1000,1\n2026-10-05,gpt-4o,5,5\n2026-10-05,gpt-4o,,7\n"
    )
    columns = {"billed_tokens": "input_tokens"}
    differs, same, empty = read(tmp_path / "a.csv", text, ReadingOptions(columns=columns))
    assert differs.fault == "column input_tokens 1000 is not what billed_tokens says, 1"
    assert (same.fault, same.usage, empty.fault, empty.usage) == (None, Usage(5), None, Usage(7))
    columns["input_tokens"] = "ignore"
    assert [row.usage for row in read(tmp_path / "a.csv", text, ReadingOptions(columns=columns))] == [
        Usage(1), Usage(5), Usage(7),
    ]  # fmt: skip


def test_an_instant_is_taken_before_a_day_and_what_is_not_used_is_listed(tmp_path: Path) -> None:
    """Of several columns for the date the one with hours counts, of several charges the best name; others are named."""
    text = "date,model,input_tokens,timestamp,cost,cost_usd\n2026-10-05,gpt-4o,5,2026-10-05T02:00:00Z,9,1\n"
    (tmp_path / "a.csv").write_text(text)
    with open_usage(tmp_path / "a.csv") as file:
        (row,) = file.rows()
        assert (row.at, str(row.billed)) == (datetime(2026, 10, 5, 2, tzinfo=UTC), "1")
        assert file.reader.ignored == ["date", "cost"]


def test_two_columns_cannot_be_given_one_meaning(tmp_path: Path) -> None:
    columns = {"a": "input_tokens", "b": "input_tokens"}
    with pytest.raises(UnusableUsageFile, match="a and b cannot both be input_tokens"):
        read(tmp_path / "a.csv", "date,model,a,b\n2026-10-05,gpt-4o,1,2\n", ReadingOptions(columns=columns))


@pytest.mark.parametrize("name", ["a.json", "a.jsonl"])
def test_a_name_twice_in_one_object_is_refused(tmp_path: Path, name: str) -> None:
    """Which of two values holds is not known, so that neither is priced."""
    text = '{"date": "2026-10-05", "model": "gpt-4o", "input_tokens": 5, "input_tokens": 500}'
    with pytest.raises(UnusableUsageFile, match="'input_tokens' appears twice in one object"):
        read(tmp_path / name, text)


def test_columns_of_other_names_are_mapped(tmp_path: Path) -> None:
    columns = dict(map(column_option, ("when=date", "m=model", "in=input_tokens", "hot=cached_input_tokens")))
    (row,) = read(tmp_path / "a.csv", "when,m,in,hot\n2026-10-05,gpt-4o,5,2\n", ReadingOptions(columns=columns))
    assert (row.at, row.model, row.usage) == (DAY, "gpt-4o", Usage(5, cached_input_tokens=2))


@pytest.mark.parametrize("text", ["model", "=model", "m=modell"])
def test_a_mapping_to_nothing_of_ours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not NAME=OURS, where OURS is one of"):
        column_option(text)


UNUSABLE: dict[str, tuple[str, str | bytes, str]] = {
    "no date": ("a.csv", "model,input_tokens\ngpt-4o,5\n", "it has no column for the date: say which one is with"),
    "no model": ("a.csv", "date,input_tokens\n2026-10-05,5\n", "there is no column model; there are date, input"),
    "nothing": ("a.csv", "", "there is no column model, input_tokens; there are none."),
    "ambiguous": ("a.csv", "a;b,c\n1;2,3\n", "whether its columns are separated by comma or semicolon is not clear"),
    "twice": ("a.csv", "date,model,input_tokens,model\n", "column model is there twice."),
    "short row": ("a.csv", "date,model,input_tokens\n2026-10-05,gpt-4o\n", "line 2: 2 values under 3 columns."),
    "UTF-16": ("a.csv", PLAIN.encode("utf-16"), "near line 1: it is not UTF-8; save it as CSV in UTF-8."),
    "quote": ("a.csv", 'date,model,input_tokens\n2026-10-05,"gpt-4o,5\n', "near line"),
    "not JSON": ("a.json", "{", "it is not JSON in UTF-8"),
    "deep JSON": ("a.json", "[" * 100_000, "it is not JSON in UTF-8: it is nested too deeply."),
    "not JSON lines": ("a.jsonl", '{"date":"2026-10-05","model":"m","input_tokens":5}\nx\n', "line 2 is not JSON"),
    "no object": ("a.json", "[5]", "a row is not an object with names."),
    "not Parquet": ("a.parquet", "x", "it is not Parquet"),
    "unknown kind": ("a.txt", "x", "it is neither .csv, .tsv, .parquet, .json, .jsonl nor .ndjson."),
}  # fmt: skip


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, case: str) -> None:
    name, text, sentence = UNUSABLE[case]
    with pytest.raises(UnusableUsageFile) as caught:
        read(tmp_path / name, text)
    assert sentence in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableUsageFile, match="near line"):
        read(tmp_path / "a.csv", b"date,model,input_tokens\n2026-10-05,\xff,5\n")


def test_the_day_of_a_file_without_dates_is_that_of_as_of(tmp_path: Path) -> None:
    (row,) = read(tmp_path / "a.csv", "model,input_tokens\ngpt-4o,5\n", ReadingOptions(DAY))
    assert row.at == DAY


def test_a_separator_and_a_decimal_sign_can_be_said(tmp_path: Path) -> None:
    text = "date;model;input_tokens;cost_usd\n2026-10-05;gpt-4o;5;1.234\n"
    (unclear,) = read(tmp_path / "a.csv", text)
    assert unclear.fault == "cost_usd 1.234 can be read in two ways; --decimal says which"
    (clear,) = read(tmp_path / "a.csv", text, ReadingOptions(separator=";", decimal_comma=False))
    assert str(clear.billed) == "1.234"


def test_rows_without_a_model_and_tokens_are_skipped_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("date,model,input_tokens,cost_usd\n2026-10-05,,,\n2026-10-05,,0,0.0\n2026-10-05,gpt-4o,5,1\n")
    with open_usage(path) as file:
        assert [row.number for row in file.rows()] == [3]
        assert file.reader.skipped == {"rows without a model and without tokens": 2}


def test_a_row_of_nested_json_is_read_by_its_dotted_names(tmp_path: Path) -> None:
    record = {"date": "2026-10-05", "model": "m", "input_tokens": 5, "details": {"audio": 3}, "tags": ["a"]}
    (row,) = read(tmp_path / "a.json", json.dumps([record]))
    assert row.fault == "column details.audio 3 may change the price, and is not known"


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("date", ["2026-10-05"], "date \"['2026-10-05']\" is neither a date nor an instant in ISO 8601"),
        ("service_tier", ["flex"], "service_tier \"['flex']\" has no known price"),
        ("input_tokens", [5], "input_tokens '[5]' is not a whole number"),
        ("input_tokens", 10**40, "input_tokens has more than 30 digits"),
        ("input_tokens", float("nan"), "input_tokens is empty"),
        ("cost_usd", [1], "cost_usd '[1]' is not a number"),
    ],
)
def test_values_of_odd_types_are_faults_of_their_row(tmp_path: Path, name: str, value: object, fault: str) -> None:
    good = {"date": "2026-10-05", "model": "m", "input_tokens": 5, "service_tier": None, "cost_usd": 1}
    rows = read(tmp_path / "a.json", json.dumps([{**good, name: value}, good]))
    assert [row.fault for row in rows] == [fault, None]


CELLS = st.sampled_from(["", "0", "7", "12", "1,000", "-1", "x", "null", " 5 "])
ROWS = st.tuples(
    st.sampled_from(["gpt-4o", "", "null", " o3 "]),
    st.sampled_from(["2026-10-05", "2026-10-05T12:00:00Z", "2026-10-05T14:00:00+02:00", "2026-13-05T12:00:00Z", ""]),
    CELLS,
    CELLS,
    CELLS,
    st.sampled_from(["", "flex", "scale"]),
    st.sampled_from(["", "true", "false"]),
)


def test_odd_cells_beside_plain_numbers_are_no_usual_row(tmp_path: Path) -> None:
    record = {"date": "2026-10-05", "model": "m", "input_tokens": "5", "service_tier": ["flex"]}
    rows = read(tmp_path / "a.json", json.dumps([record]))
    assert [row.fault for row in rows] == ["service_tier \"['flex']\" has no known price"]


@given(st.lists(ROWS, max_size=5))
def test_the_fast_path_for_plain_rows_gives_what_the_full_reader_gives(rows: list[tuple[str, ...]]) -> None:
    """A column that might change the price, and is empty, takes every row the long way."""
    header = ["model", "date", "input_tokens", "cached_input_tokens", "images", "service_tier", "batch"]
    short = RowReader(GENERIC, header, PLAIN_OPTIONS)
    long = RowReader(GENERIC, [*header, "some_tier"], PLAIN_OPTIONS)
    for number, row in enumerate(rows):
        assert short.read(number, row) == long.read(number, (*row, ""))
    assert short.skipped == long.skipped
