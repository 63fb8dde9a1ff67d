"""Tables: boxes within a terminal's width, and tab-separated values with exact numbers anywhere else."""

from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from service.cli.main import main
from service.cli.table import WRAPPED, Column, TableCell, grouped, lay_out, money, print_table, rounded_tokens
from tests.service.cli.terminals import on_terminal

COLUMNS = (Column("model", "name"), Column("tokens", "number"), Column("what it is"))


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder of the test's own."""
    monkeypatch.setenv("WEIGHBRIDGE_DATA_DIR", str(tmp_path / "data"))


def test_a_pipe_gets_plain_tab_separated_values(capsys: pytest.CaptureFixture[str]) -> None:
    """A line of headings, a line for each row, numbers in full, nothing for what there is not, and no line breaks."""
    print_table(COLUMNS, [("a\tb\n\x1b[1m", 1_234_567, "[red]x"), ("c", None, TableCell("~1,000", "~1000"))])
    assert capsys.readouterr().out == ("model\ttokens\twhat it is\na\\tb\\n\\x1b[1m\t1234567\t[red]x\nc\t\t~1000\n")


def test_names_out_of_a_file_cannot_steer_a_terminal(tmp_path: Path) -> None:
    """Neither a column's name nor a model's that has control characters reaches a terminal as it is."""
    usage = tmp_path / "a.csv"
    for header, model in (
        ("model,date,input_tokens,\x1b]0;x\x07", "gpt-4o"),
        ("model,date,input_tokens,y", "\x1b[8mm"),
    ):
        usage.write_text(f"{header}\n{model},2026-10-05,5,1\n")
        shown = on_terminal(120, "prices", "apply", str(usage))
        assert "\\x1b" in shown
        assert "\x1b]0" not in shown
        assert "\x1b[8m" not in shown
    usage.write_text("mod\x1b]0;x\x07,date\n1,2\n")
    assert "\x1b]" not in on_terminal(120, "prices", "apply", str(usage))


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "0.00"),
        ("0.000144", "0.000144"),
        ("0.00014452", "0.0001445"),
        ("0.5", "0.50"),
        ("-0.0312", "-0.0312"),
        ("1.125", "1.12"),
        ("1234.567", "1,234.57"),
        ("-1234567.8", "-1,234,567.80"),
    ],
)
def test_money_is_short_for_people_and_exact_for_programs(amount: str, shown: str) -> None:
    """People read cents, or four digits of what is below a dollar; programs read every digit."""
    assert money(Decimal(amount)) == TableCell(shown, amount)


@pytest.mark.parametrize(
    ("amount", "shown"), [("1234567.00000125", "1,234,567.00000125"), ("0.075", "0.075"), ("-12", "-12.00")]
)
def test_a_price_keeps_all_its_digits(amount: str, shown: str) -> None:
    """A price is never rounded."""
    assert grouped(Decimal(amount)) == shown


@given(
    st.integers(1, 120),
    st.lists(st.tuples(*[st.text("abc def", max_size=30)] * 4), min_size=1, max_size=4),
)
def test_names_are_whole_at_any_width(width: int, rows: list[tuple[str, ...]]) -> None:
    """Names and numbers are as wide as their longest cell; the table is within the width unless it has names only."""
    columns = (Column("no"), Column("name", "name"), Column("number", "number"), Column("texts"))
    layout = lay_out(columns, rows, width)
    assert 1 in layout.shown
    for index, space in zip(layout.shown, layout.widths, strict=True):
        longest = max(len(row[index]) for row in rows)
        assert space >= (min(longest, WRAPPED.get(columns[index].kind, longest)))
    assert layout.total <= width or layout.shown == (1,)
    assert 2 in layout.shown or not {0, 3} & set(layout.shown), "texts give way before numbers"


@pytest.mark.parametrize(
    ("tokens", "shown"),
    [
        (0, "0"),
        (999, "999"),
        (8_192, "8.19k"),
        (128_000, "128k"),
        (999_499, "999k"),
        (999_500, "1M"),
        (1_048_576, "1.05M"),
        (10_000_000, "10M"),
    ],
)
def test_a_number_of_tokens_is_short_for_people_and_exact_for_programs(tokens: int, shown: str) -> None:
    """People read three digits."""
    assert rounded_tokens(tokens) == TableCell(shown, str(tokens))


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_every_name_stands_in_one_line_of_a_terminal(columns: int) -> None:
    """However narrow the terminal is, a model's name can be read and copied; what has no room is named."""
    shown = on_terminal(columns, "models", "gpt-4o", "nova-premier-v1", "gemini-2.5-flash-lite-preview-06-17")
    assert "gemini-2.5-flash-lite-preview-06-17 " in shown
    assert ("Columns hidden on this narrow terminal: " in shown) is (columns < 200)
    assert all(len(line) <= columns for line in shown.splitlines() if "│" in line)


def test_sentences_about_a_table_stay_out_of_a_pipe() -> None:
    """`prices diff` in a pipe has rows only; their number goes to standard error."""
    done = CliRunner().invoke(main, ["prices", "diff", "2025-06-01", "2025-06-20"])
    lines = done.stdout.splitlines()
    assert {line.count("\t") for line in lines} == {5}
    assert f"{len(lines) - 1} of " in done.stderr


@pytest.mark.parametrize(
    "command", [["models"], ["vocab", "list"], ["config"], ["prices", "status"], ["accounts", "list"], ["keys", "list"],
                ["users", "list"], ["credits", "show"]], ids=" ".join,
)  # fmt: skip
def test_every_list_is_tab_separated_in_a_pipe(command: list[str]) -> None:
    """No box, no colour, the same number of cells in each line."""
    done = CliRunner().invoke(main, command)
    assert (done.exit_code, done.exception) == (0, None)
    assert len({line.count("\t") for line in done.stdout.splitlines()}) == 1
    assert not {"│", "┃", "\x1b"} & set(done.stdout)
