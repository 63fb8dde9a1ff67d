"""`weighbridge cost`: responses and usages in files, on standard input, on lines, with the terms of options."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli.main import main

USAGE = {"prompt_tokens": 1_000, "completion_tokens": 200, "total_tokens": 1_200}
RESPONSE = {"id": "x", "object": "chat.completion", "created": 1_790_000_000, "model": "gpt-4o", "usage": USAGE}


@pytest.fixture(autouse=True)
def _no_own_book(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("WEIGHBRIDGE_DATA_DIR", str(tmp_path / "data"))


def run(given: str | Any, *options: str) -> Result:
    """The command on standard input."""
    text = given if isinstance(given, str) else json.dumps(given)
    return CliRunner().invoke(main, ["cost", "-", *options], input=text)


def test_a_response_is_shown_line_by_line() -> None:
    """Each line has what is charged, its rate, its row and its source; the total and its terms follow."""
    told = run(RESPONSE)
    assert told.exit_code == 0
    header, input_line, output_line = (line.split("\t") for line in told.stdout.splitlines())
    assert header[:5] == ["charged for", "count", "USD a million", "USD each", "cost, USD"]
    assert input_line[:5] == ["input", "1000", "2.5", "", "0.0025"]
    assert output_line[:5] == ["output", "200", "10", "", "0.002"]
    assert input_line[6].startswith("gpt-4o@")
    assert "gpt-4o costs 0.0045 USD as of its own time, 2026-09-21T14:13:20Z." in told.stderr


@pytest.mark.parametrize(
    ("given", "options", "total"),
    [
        (RESPONSE, ["--service-tier", "batch"], 0.00225),
        (USAGE, ["-m", "gpt-4o", "--at", "2026-10-01"], 0.0045),
        ({"usage": USAGE}, ["-m", "gpt-4o", "--at", "2026-10-01T10:00:00+02:00"], 0.0045),
        ({"response": RESPONSE, "service_tier": "batch"}, [], 0.00225),
        ({"response": RESPONSE, "service_tier": "batch"}, ["--service-tier", "default"], 0.0045),
        (
            {"prompt_tokens": 1_000, "completion_tokens": 100, "total_tokens": 1_200},
            ["-m", "gpt-4o", "--provider", "xai", "--at", "2026-10-01"],
            0.0045,
        ),
    ],
)
def test_options_win_over_what_stands_in_the_file(given: Any, options: list[str], total: float) -> None:
    """A bare usage needs a model; other terms may be given for it or for a response."""
    told = run(given, "--json", *options)
    assert told.exit_code == 0
    assert json.loads(told.stdout)["total"] == total


def test_a_list_and_lines_are_priced_one_by_one(tmp_path: Path) -> None:
    """A row each, and the sum of those that have a cost; what was not priced is named, and the status is 2."""
    items = [RESPONSE, USAGE, {**USAGE, "dream_tokens": 5}, {**USAGE, "prompt_tokens": -1}]
    lines = tmp_path / "usages.jsonl"
    lines.write_text("\n".join(map(json.dumps, items)) + "\n", encoding="utf-8")
    for told in (run(items, "-m", "gpt-4o"), CliRunner().invoke(main, ["cost", str(lines), "-m", "gpt-4o"])):
        assert told.exit_code == 2
        rows = [line.split("\t") for line in told.stdout.splitlines()][1:]
        assert [row[4] for row in rows] == ["0.0045", "0.0045", "", ""]
        assert rows[2][5] == "usage.dream_tokens: 5 is not a known property of OpenAI"
        assert rows[3][5] == "usage.prompt_tokens: must be a whole number, 0 or more, not -1"
        assert "2 of 4 usages cost 0.009 USD, by the price book " in told.stderr
    answers = json.loads(run(items, "-m", "gpt-4o", "--json").stdout)
    assert [answer["total"] for answer in answers] == [0.0045, 0.0045, None, None]


@pytest.mark.parametrize(
    ("given", "options", "sentence"),
    [
        ("", [], "The body is not JSON"),
        ("nonsense", [], "The body is not JSON: expected ident at column 2."),
        ('{"a": 1,\n"b": }', [], "The body is not JSON: expected value at line 2 column 6."),
        ('{"usage": {}}\n{"usage": }\n', [], "Line 2: The body is not JSON: expected value at column 11."),
        ("5", [], "item: must be an object, not 5."),
        (USAGE, [], "model: this property is missing."),
        (USAGE, ["-m", "gpt-4oo"], 'model: unknown model "gpt-4oo" (did you mean gpt-4o?).'),
        (RESPONSE, ["--at", "tomorrow"], "at: must be a day such as"),
        (RESPONSE, ["--service-tier", "turbo"], 'service_tier: "turbo" is not a known tier'),
        (
            RESPONSE,
            ["--provider", "anthropic"],
            "usage.prompt_tokens: 1000 is of the shape openai-chat, and",
        ),
    ],
)
def test_what_cannot_be_read_ends_the_command(given: Any, options: list[str], sentence: str) -> None:
    """One sentence with the property and its value, and status 1."""
    told = run(given, *options)
    assert told.exit_code == 1
    assert told.stderr.startswith(f"Error: {sentence}")


def test_it_takes_a_file() -> None:
    """Without one it says so; one that is not there is named."""
    runner = CliRunner()
    assert "Name a FILE with a response or a usage" in runner.invoke(main, ["cost"]).stderr
    assert runner.invoke(main, ["cost", "no.json"]).stderr == "Error: Cannot read no.json: No such file or directory.\n"
