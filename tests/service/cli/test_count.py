"""`weighbridge count`: files and folders, encodings, several models, and estimates."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.cli.main import main
from tests.service.cli.terminals import on_terminal

TEXT = "Felis nunc phasellus arcu ad bibendum elementum taciti."
# 10 tokens of gpt-4o, and of claude-2.1 13.
BILL = b"Hello world, bill me fairly.\r\nSecond line.\r\n"
# 7 tokens of gpt-4o.
CAFE = "Invoice for naïve café usage.\n"


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use a data folder of the test's own, and the test's folder as working folder."""
    monkeypatch.setenv("WEIGHBRIDGE_DATA_DIR", str(tmp_path / ".data"))
    monkeypatch.chdir(tmp_path)


def count(*arguments: str) -> Result:
    """Return the outcome of the command, with a text on standard input."""
    return CliRunner().invoke(main, ["count", *arguments], input=TEXT)


def rows(*arguments: str) -> list[list[str]]:
    """Return the cells that a successful command prints."""
    done = count(*arguments)
    assert done.exit_code == 0, done.output
    return [line.split("\t") for line in done.stdout.splitlines()]


def number(*arguments: str) -> int:
    """Return the number of tokens that `count -q` prints for gpt-4o."""
    done = count("-m", "gpt-4o", "-q", *arguments)
    assert done.exit_code == 0, done.output
    return int(done.stdout)


def test_a_long_text_costs_what_its_context_tier_asks(tmp_path: Path) -> None:
    """A text beyond the bound of a tier is priced at that tier, the whole of it."""
    path = tmp_path / "long.txt"
    path.write_text(" ".join(str(number % 9973) for number in range(60_000)), encoding="utf-8")
    done = CliRunner().invoke(main, ["count", "-m", "gemini-2.5-pro", "-m", "qwen3-max", "--json", str(path)])
    costs = {entry["model"]: entry["token_cost"] for entry in json.loads(done.stdout, parse_float=Decimal)}
    assert costs == {"gemini-2.5-pro": Decimal("0.7326675"), "qwen3-max": Decimal("0.879201")}


def test_a_byte_order_mark_is_no_text() -> None:
    """A file of UTF-8 with a mark has the tokens of the same file without one."""
    Path("plain.txt").write_bytes(BILL)
    Path("marked.txt").write_bytes(b"\xef\xbb\xbf" + BILL)
    assert [number("plain.txt"), number("marked.txt")] == [10, 10]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_a_mark_says_the_encoding(encoding: str) -> None:
    """A file with a byte order mark needs no option, and no option overrides its mark."""
    mark = "" if encoding in ("utf-8-sig", "utf-16", "utf-32") else "\ufeff"
    Path("a.txt").write_bytes((mark + CAFE).encode(encoding))
    assert [number("a.txt"), number("a.txt", "--encoding", "latin-1")] == [7, 7]


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16-le", "cp1252"])
def test_an_encoding_can_be_named(encoding: str) -> None:
    """A file without a mark is read in the encoding that is named."""
    Path("a.txt").write_bytes(CAFE.encode(encoding))
    assert number("a.txt", "--encoding", encoding) == 7


@pytest.mark.parametrize("encoding", ["utf-99", "base64"])
def test_what_is_no_encoding_is_refused(encoding: str) -> None:
    """A name that no encoding has, or one that makes no text, is an error of use."""
    done = count("-m", "gpt-4o", "--encoding", encoding)
    assert done.exit_code == 2
    assert "is not an encoding" in done.stderr


@pytest.mark.parametrize("fault", ["latin1.txt", "nothere.txt", "closed.txt"])
def test_what_cannot_be_read_is_named_and_the_rest_counted(fault: str) -> None:
    """The others are counted, the file is named on standard error, and the exit status is 2."""
    Path("good.txt").write_text("Invoice for plain usage.\n")
    Path("latin1.txt").write_bytes(CAFE.encode("latin-1"))
    Path("closed.txt").symlink_to("closed.txt")
    done = count("-m", "gpt-4o", "--json", "good.txt", fault)
    assert done.exit_code == 2
    assert json.loads(done.stdout) == [
        {"file": "good.txt", "model": "gpt-4o", "token_count": 5, "token_cost": 0.0000125}
    ]
    assert fault in done.stderr
    assert count("-m", "gpt-4o", "-q", fault, "good.txt").stdout == "5\n"


def test_a_folder_is_counted_whole() -> None:
    """Files at any depth, without hidden and binary ones, .git, and those that .gitignore files exclude."""
    Path("in", "deep").mkdir(parents=True)
    Path("in", ".git").mkdir()
    Path("in", ".gitignore").write_text("*.log\n")
    Path("in", "deep", ".gitignore").write_text("!wanted.log\n/build\n")
    Path("in", "deep", "picture.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00\xff")
    Path("in", "deep", "zeros.bin").write_bytes(b"\0\0")
    for name in ("a.txt", "a.log", ".git/config", "deep/b.log", "deep/wanted.log", "deep/build"):
        Path("in", name).write_text(TEXT)
    done = count("-m", "gpt-4o", "in")
    assert [line.split("\t")[:2] for line in done.stdout.splitlines()[1:]] == [
        ["in/a.txt", "14"],
        ["in/deep/wanted.log", "14"],
        ["total", "28"],
    ]
    assert done.exit_code == 0
    assert "Skipped binary files: in/deep/picture.png, in/deep/zeros.bin." in done.stderr
    assert "Left out of in: 3 hidden and 3 that .gitignore excludes. Name a file to count it anyway." in done.stderr
    assert number("in/a.log") == 14


def test_a_file_of_a_folder_that_is_no_text_is_named() -> None:
    """A file of a folder that is text in another encoding is reported, and not skipped silently."""
    Path("in").mkdir()
    Path("in", "a.txt").write_text(TEXT)
    Path("in", "b.txt").write_bytes(CAFE.encode("latin-1"))
    done = count("-m", "gpt-4o", "-q", "in")
    assert (done.exit_code, done.stdout) == (2, "14\n")
    assert "in/b.txt is not UTF-8 text: byte 14 cannot be read." in done.stderr


def test_quiet_prints_plain_numbers() -> None:
    """All files together, a line for each model in the order asked, and nothing else."""
    Path("a.txt").write_text(TEXT * 400)
    done = count("-m", "claude-2.1", "-m", "gpt-4o", "-q", "a.txt", "-")
    assert done.exit_code == 0
    assert [int(line) for line in done.stdout.splitlines()] == [
        sum(entry["token_count"] for entry in json.loads(count("-m", model, "--json", "a.txt", "-").stdout))
        for model in ("claude-2.1", "gpt-4o")
    ]
    assert done.stderr == ""


def test_quiet_never_prints_a_number_that_is_none() -> None:
    """A model without a public vocabulary ends the command with its reason; with --estimate it has a number."""
    done = count("-m", "claude-opus-4-5", "-q")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "claude-opus-4-5 has no count" in done.stderr
    assert count("-m", "claude-opus-4-5", "-q", "--estimate").stdout == "19\n"
    assert count("-m", "gpt-4o", "-q", "--json").exit_code == 2


def test_a_setting_names_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --model the model of WEIGHBRIDGE_DEFAULT_MODEL is taken, and without that the command says what to do."""
    done = count("-q")
    assert done.exit_code == 2
    assert "Name models with --model, or set WEIGHBRIDGE_DEFAULT_MODEL" in done.stderr
    monkeypatch.setenv("WEIGHBRIDGE_DEFAULT_MODEL", "gpt-4o")
    assert count("-q").stdout == "14\n"
    assert count("-q", "-m", "claude-2.1").stdout == "18\n"
    monkeypatch.setenv("WEIGHBRIDGE_DEFAULT_MODEL", "gpt-4oo")
    assert "Did you mean gpt-4o?" in count("-q").stderr


def test_models_are_columns() -> None:
    """Several models stand beside each other: a row for each file, and a row for all of them."""
    Path("a.txt").write_text(TEXT)
    Path("b.txt").write_bytes(BILL)
    assert rows("-m", "gpt-4o", "-m", "claude-2.1", "a.txt", "b.txt") == [
        ["file", "gpt-4o tokens", "gpt-4o USD", "claude-2.1 tokens", "claude-2.1 USD"],
        ["a.txt", "14", "0.000035", "18", "0.000144"],
        ["b.txt", "10", "0.000025", "13", "0.000104"],
        ["total", "24", "0.00006", "31", "0.000248"],
    ]
    many = rows("-m", "*")
    assert (many[0], len(many[1])) == (["file", "model", "tokens", "USD"], 4)
    assert len(many) > 700


def test_a_narrow_terminal_has_models_as_rows() -> None:
    """Where the columns of all models have no room, names of files and models are whole still."""
    names = ("gpt-4o", "claude-2.1", "llama-3.2-1b")
    models = [word for name in names for word in ("-m", name)]
    Path("a-file-with-a-long-name.txt").write_text(TEXT * 100)
    shown = on_terminal(60, "count", *models, "a-file-with-a-long-name.txt")
    for name in names:
        assert any(f"│ a-file-with-a-long-name.txt │ {name} " in line for line in shown.splitlines()), shown
    tokens = json.loads(count("-m", "gpt-4o", "--json", "a-file-with-a-long-name.txt").stdout)[0]["token_count"]
    assert f" {tokens:,} │" in shown


def test_estimates_are_marked_and_have_their_band() -> None:
    """An estimate has a tilde before count and cost, and its band; an exact count has neither."""
    done = count("-m", "claude-opus-4-5", "-m", "gpt-4o", "-m", "pplx-7b-online", "--estimate")
    _, tokens, usd, exact, exact_usd, none, _ = done.stdout.splitlines()[1].split("\t")
    assert (tokens, exact, exact_usd, none) == ("~19 (-1% to +1%)", "14", "0.000035", "")
    assert usd.startswith("~0.0")
    assert "No count without a public vocabulary: pplx-7b-online." in done.stderr


def test_without_the_option_nothing_is_estimated() -> None:
    """The plain command shows no estimate, as a table or as JSON."""
    done = count("-m", "claude-opus-4-5")
    assert done.stdout.splitlines()[1] == "-\t\t"
    assert "No count without a public vocabulary: claude-opus-4-5." in done.stderr
    assert json.loads(count("-m", "claude-opus-4-5", "--json").stdout) == [
        {
            "file": "-",
            "model": "claude-opus-4-5",
            "token_count": None,
            "token_cost": None,
            "reason": "not published: Anthropic has published the vocabulary of Claude 1 and 2 only",
        }
    ]


def test_json_carries_the_method() -> None:
    """With the option each entry has method, estimator and band, null where there is nothing to say."""
    claude, exact = json.loads(count("-m", "claude-opus-4-5", "-m", "gpt-4o", "--estimate", "--json").stdout)
    assert (claude["token_count"], claude["method"], claude["estimator"]) == (19, "estimate", "claude-3")
    assert claude["estimate_error"] == {"low": -0.01, "high": 0.01, "basis": "reconstruction"}
    assert (exact["token_count"], exact["method"]) == (14, "exact")
    assert (exact["estimator"], exact["estimate_error"]) == (None, None)


@pytest.mark.parametrize(("second", "shown"), [("Felis", "~19 (-14% to +22%)"), ("Привет", "~19 (-39% to +148%)")])
def test_a_total_has_the_widest_band(second: str, shown: str) -> None:
    """The total of an English and a Russian file has the wider band of the two; two English ones keep theirs."""
    for name, text in (("a", TEXT), ("b", second)):
        Path(name).write_text(text, encoding="utf-8")
    assert rows("a", "b", "-m", "grok-4", "--estimate")[-1][:2] == ["total", shown]


def test_the_context_that_is_left_is_shown_on_request() -> None:
    """`--context` has what each file, and all together, leave of a window; negative if they exceed it."""
    Path("a.txt").write_text("a " * 5_000, encoding="utf-8")
    Path("b.txt").write_text("b " * 5_000, encoding="utf-8")
    entries = json.loads(count("a.txt", "-m", "gpt-4", "-m", "gpt-4o", "--context", "--json").stdout)
    assert [(entry["context_window"], entry["context_left"]) for entry in entries] == [
        (8_192, 8_192 - entries[0]["token_count"]),
        (128_000, 128_000 - entries[1]["token_count"]),
    ]
    heading, *files, total = rows("a.txt", "b.txt", "-m", "gpt-4", "--context")
    assert heading == ["file", "gpt-4 tokens", "gpt-4 USD", "gpt-4 context left"]
    assert [8_192 - int(row[1]) for row in (*files, total)] == [int(row[3]) for row in (*files, total)]
    assert int(total[3]) < 0
    assert rows("a.txt", "-m", "gpt-4")[0] == heading[:3]
