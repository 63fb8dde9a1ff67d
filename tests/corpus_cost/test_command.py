"""`weighbridge estimate`: what it prints and writes, and what it says about input that it cannot use."""

import csv
import gzip
import json
import os
import signal
import subprocess
import sys
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from corpus_cost.planning import MIN_SHARD_BYTES
from pricing_data import PriceBook, Terms, Usage
from service.cli.main import main
from tests.corpus_cost.conftest import DAY
from tests.corpus_cost.corpora import texts, write_jsonl
from tests.corpus_cost.memory import Watched
from tests.eventually import eventually
from tokenizer_registry import Registry

HUGE = 400_000_000


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder of its own, and the test's folder as the place where files are."""
    monkeypatch.setenv("WEIGHBRIDGE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)


def estimate(*arguments: object, text: bytes | None = None) -> Result:
    """The outcome of the command for one day's prices."""
    given = ["estimate", *map(str, arguments), "--as-of", str(DAY), "--workers", "1"]
    return CliRunner().invoke(main, given, input=text)


def report(*arguments: object, text: bytes | None = None) -> dict[str, Any]:
    """Its JSON, with exact numbers."""
    found: dict[str, Any] = json.loads(estimate(*arguments, "--json", text=text).stdout, parse_float=Decimal)
    return found


BAD_FILES: dict[str, tuple[bytes, int, str]] = {
    "binary.txt": (b"\x00\x01", 0, "it is binary: byte 0 is 0; leave it out"),
    "latin.txt": ("café".encode("latin-1"), 0, "byte 3: it is not valid UTF-8; convert it, as with iconv"),
    "wide.txt": ("hello".encode("utf-16"), 0, "it looks like UTF-16; name its --encoding."),
    "long.txt": (b"word " * 1_000_000, 0, "a text of 5,000,000 bytes is over --max-text (1,000,000)"),
    "cut.jsonl.gz": (
        gzip.compress(b'"some text"\n' * 9_000)[:-8], 9_000, "gzip data are damaged or cut off",
    ),
    "not.zst": (b"hello", 0, "zstd data are damaged"),
    "not.parquet": (b"hello", 0, "it is not Parquet that can be read"),
    "column.csv": (b"id,body\n1,hello\n", 0, "there is no column 'text'; there are: id, body."),
    "empty.csv": (b"", 0, "there is no column 'text'; there are: none."),
    "short.csv": (b"id,text\n1,hello\n2\n3,a\n", 2, "row 2: 1 values under 2 columns."),
    "quote.csv": (b'id,text\n1,hello\n2,"un"closed\n3,a\n', 1, "after row 1: ',' expected"),
    "latin.csv": ("id,text\n1,café\n2,fine\n".encode("latin-1"), 1, "row 1: it is not valid UTF-8"),
    "lines.jsonl": (b'"ok"\n{"text"\n{"text":null}\n"ok"\n', 2, "byte 5: it is not JSON; mend the line"),
    "number.jsonl": (b'{"text":5}\n{"text":"ok"}\n', 1, "byte 0: 'text' is not a text but int"),
    "key.jsonl": (b'{"body":"x"}\n', 0, "there is no column 'text'; there are: body."),
    "half.jsonl": (b'{"text":"\\ud800"}\n', 0, "it has a lone surrogate"),
    "line.jsonl": (b'"' + b"a" * 8_000_000 + b'"\n"ok"\n', 1, "a line of 8,000,003 bytes is over 7,000,000 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_FILES)
def test_what_cannot_be_read_is_named_and_the_rest_counted(name: str, tmp_path: Path) -> None:
    """A sentence says what is wrong and where; the exit status is 2; what could be read is in the totals."""
    content, counted, reason = BAD_FILES[name]
    Path(name).write_bytes(content)
    done = estimate(name, "-m", "gpt-4o", "--max-text", "1MB", "--json")
    found = json.loads(done.stdout)
    assert done.exit_code == 2
    assert reason in " ".join(f"{fault['place'] or ''}: {fault['reason']}" for fault in found["faults"])
    assert (found["texts"], found["complete"]) == (counted, False)


BAD_COMMANDS: dict[str, tuple[tuple[str, ...], str]] = {
    "no file": (("nothere.txt", "-m", "gpt-4o"), "nothere.txt: there is no such file"),
    "no match": (("*.nothing", "-m", "gpt-4o"), "nothing matches it as a pattern"),
    "no model": (("a.jsonl",), "Name models with --model or --author"),
    "unknown model": (("a.jsonl", "-m", "gpt-4oo"), "There is no model 'gpt-4oo'. Did you mean gpt-4o?"),
    "unknown author": (("a.jsonl", "-a", "OpenAl"), "There is no author 'OpenAl'. Did you mean OpenAI?"),
    "no share": (("a.jsonl", "-m", "gpt-4o", "--sample", "200%"), "is not between 0 and 100%"),
    "no sample": (("a.jsonl", "-m", "gpt-4o", "--sample", "0"), "--sample must be above 0"),
    "no size": (("a.jsonl", "-m", "gpt-4o", "--max-text", "big"), "is not a size such as"),
    "no output": (("a.jsonl", "-m", "gpt-4o", "--output-tokens", "-5"), "is neither tokens (500), a share (25%)"),
    "two columns": (
        ("a.jsonl", "-m", "gpt-4o", "--text-column", "title", "--text-column", "body"),
        "Invalid value for '--text-column': may be given once, not 2 times.",
    ),
    "no encoding": (("a.jsonl", "-m", "gpt-4o", "--encoding", "utf-99"), "is not an encoding"),
    "no store": (("foo://bucket/x", "-m", "gpt-4o"), "no such kind of store"),
    "full disk": (
        ("a.jsonl", "-m", "gpt-4o", "--html", "/dev/full"),
        "/dev/full: No space left on device. Finished parts are kept",
    ),
}


@pytest.mark.parametrize("case", BAD_COMMANDS)
def test_a_command_that_cannot_work_says_why(case: str) -> None:
    """One sentence, an exit status that is not 0, and no traceback."""
    write_jsonl(Path("a.jsonl"), ["text"])
    arguments, sentence = BAD_COMMANDS[case]
    done = estimate(*arguments)
    assert done.exit_code in (1, 2)
    assert sentence in done.stderr
    assert "Traceback" not in done.output


@pytest.mark.parametrize("form", ["text", "lines", "jsonl", "csv"])
def test_a_byte_order_mark_is_no_text(form: str, tmp_path: Path) -> None:
    """A file with a BOM of UTF-8 has the tokens of the same file without one."""
    content = {"jsonl": '"Bill me fairly."\n', "csv": "text\nBill me fairly.\n"}.get(form, "Bill me fairly.\n").encode()
    Path("plain").write_bytes(content)
    Path("marked").write_bytes(b"\xef\xbb\xbf" + content)
    plain, marked = (report(name, "-m", "gpt-4o", "--format", form)["models"] for name in ("plain", "marked"))
    assert marked == plain
    assert plain[0]["input_tokens"] > 0


def test_a_folder_without_what_gitignore_excludes(tmp_path: Path) -> None:
    """Excluded files are left out, and their number is printed."""
    Path("in", "deep").mkdir(parents=True)
    Path("in", ".gitignore").write_text("*.log\n")
    Path("in", "deep", ".gitignore").write_text("!wanted.log\n")
    for name in ("a.txt", "a.log", "deep/b.log", "deep/wanted.log"):
        Path("in", name).write_text("Bill me fairly.")
    found = report("in", "-m", "gpt-4o")
    assert found["texts"] == 2
    assert "2 files and folders were left out by .gitignore; name one to have it counted." in found["assumptions"]


def test_a_huge_text_needs_no_memory(tmp_path: Path) -> None:
    """A line that is a whole file, and one between others, are refused with their sizes; other lines are counted."""
    with Path("huge.txt").open("wb") as file:
        file.truncate(HUGE)
    with Path("line.txt").open("wb") as file:
        file.write(b"first\n")
        file.truncate(HUGE)
        file.seek(0, os.SEEK_END)
        file.write(b"\nlast\n")
    names = ["huge.txt", "line.txt", "--format", "lines"]
    process = subprocess.Popen(
        [sys.executable, "-m", "service", "estimate", *names, "-m", "gpt-4o", "--json"],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    watched = Watched(process)
    found = json.loads(process.communicate()[0])
    assert watched.stop() < HUGE
    assert found["texts"] == 2
    assert [fault["reason"][:33] for fault in found["faults"]] == [
        "a line of 400,000,000 bytes is ov",
        "a line of 399,999,995 bytes is ov",
    ]


def test_standard_input_and_authors() -> None:
    """`-` is read in any format, `--author` takes every model of an author, in any case of letters."""
    found = report("-", "--format", "jsonl", "-a", "openai", text=b'"one text"\n"another"\n')
    assert found["texts"] == 2
    assert {"gpt-4o", "gpt-4"} <= {model["model"] for model in found["models"]}
    counts = {model["model"]: model["input_tokens"] for model in found["models"]}
    assert counts["gpt-4o"] == 3


def test_every_text_can_be_written_and_their_costs_are_the_total(tmp_path: Path) -> None:
    """The rows of the CSV and of the Parquet file are the same, and add up to the totals to the last decimal."""
    path = write_jsonl(Path("a.jsonl"), list(texts(200, seed=5)))
    asked = (path, "-m", "gpt-4o", "-m", "gemini-2.5-pro", "--output-tokens", "25%")
    found = report(*asked, "--documents", "rows.csv")
    report(*asked, "--documents", "rows.parquet")
    with Path("rows.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    table = import_module("pyarrow.parquet").read_table("rows.parquet").to_pylist()
    assert len(rows) == len(table) == 200
    for model in found["models"]:
        name = model["model"]
        assert sum(Decimal(row[f"{name} cost_usd"]) for row in rows) == model["cost_usd"]
        assert [Decimal(row[f"{name} cost_usd"]) for row in rows] == [row[f"{name} cost_usd"] for row in table]
        assert sum(row[f"{name} tokens"] for row in table) == model["input_tokens"]


def test_the_page_has_everything_in_it(tmp_path: Path) -> None:
    """The HTML page names models, exact costs, assumptions and faults, escapes names, and loads nothing."""
    write_jsonl(Path("<b>.jsonl"), [{"text": "one"}, {"text": 5}])
    found = report("<b>.jsonl", "-m", "gpt-4o", "-m", "claude-opus-4-5", "--estimate", "--html", "page.html")
    page = Path("page.html").read_text(encoding="utf-8")
    assert all(model["model"] in page and str(model["cost_usd"]) in page for model in found["models"])
    assert page.count("<svg") == 3
    assert "Only the texts are counted" in page
    assert "is not a text but int" in page
    assert "<b>" not in page
    assert not any(mark in page for mark in ("http://", "https://", "<script", "src="))


def test_nulls_and_empty_texts(registry: Registry) -> None:
    """Nulls are left out with their number; an empty text is a call of no tokens."""
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    parquet.write_table(arrow.table({"text": ["a", None, "", None]}), "a.parquet")
    found = report("a.parquet", "-m", "gpt-4o")
    assert (found["texts"], found["nulls"], found["complete"]) == (2, 2, True)
    assert found["models"][0]["input_tokens"] == 1


def test_prices_are_those_of_the_day() -> None:
    """`--as-of` prices the same tokens as the book does on that day."""
    write_jsonl(Path("a.jsonl"), ["word " * 1_000])
    book = PriceBook.from_package()
    day = book.history("gpt-4o")[0].effective_from
    done = CliRunner().invoke(main, ["estimate", "a.jsonl", "-m", "gpt-4o", "--as-of", str(day), "--json"])
    model = json.loads(done.stdout, parse_float=Decimal)["models"][0]
    assert model["cost_usd"] == book.call_cost("gpt-4o", Usage(model["input_tokens"]), Terms(day)).total


def test_an_interrupted_run_goes_on_where_it_was() -> None:
    """Ctrl-C ends with status 130 and keeps what is done; --resume gives the totals of a run in one go."""
    some = [f"{number} " + "and the log says what the lorry weighs " * 25 for number in range(4_500)]
    for number in range(3):
        path = write_jsonl(Path(f"{number}.jsonl"), some)
        assert path.stat().st_size > MIN_SHARD_BYTES / 2, "two files have to be two parts"
    command = [sys.executable, "-m", "service", "estimate", "*.jsonl", "-m", "gpt-4o", "--workers", "1", "--json"]
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    process = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True)
    eventually(
        lambda: process.poll() is not None or any(lines.stat().st_size for lines in Path("data").rglob("shards.jsonl")),
        within=120,
    )
    process.send_signal(signal.SIGINT)
    assert "Repeat the command with --resume to continue." in process.communicate()[1]
    assert process.returncode == 130
    resumed, whole = (
        subprocess.run([*command, *option], env=environ, capture_output=True, text=True, check=True)
        for option in (["--resume"], [])
    )
    assert json.loads(resumed.stdout) == json.loads(whole.stdout)
    assert resumed.stderr == ""
    assert not list(Path("data").rglob("shards.jsonl"))
