"""`weighbridge calls check`: the table, JSON, the threshold and the exit status."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli.main import main

HELLO = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use a data folder of the test's own, and the test's folder as working folder."""
    monkeypatch.setenv("WEIGHBRIDGE_DATA_DIR", str(tmp_path / ".data"))
    monkeypatch.chdir(tmp_path)


def check(charged: list[int], *arguments: str, more: str = "") -> Result:
    """Return the outcome for a log of the same call, which is 8 tokens, with these numbers of its provider."""
    rows: list[Any] = [{"request": HELLO, "usage": {"prompt_tokens": tokens}} for tokens in charged]
    Path("log.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows) + more, encoding="utf-8")
    return CliRunner().invoke(main, ["calls", "check", "log.jsonl", *arguments])


def test_the_table_has_residuals_by_model_and_part() -> None:
    """Exact numbers, for a program that reads the table."""
    found = check([8, 8, 10])
    headings, cells = (line.split("\t") for line in found.stdout.splitlines())
    assert found.exit_code == 0
    assert dict(zip(headings, cells, strict=True)) == {
        "model": "gpt-4o",
        "host": "openai",
        "parts": "text",
        "calls": "3",
        "counted": "3",
        "exact": "2",
        "±3": "3",
        "in band": "2",
        "charged": "26",
        "residual": "-2",
        "worst": "-2",
    }


@pytest.mark.parametrize(
    ("threshold", "status"), [("8%", 0), ("7%", 1), ("0.67", 0), ("0.66", 1), ("0", 1), ("nonsense", 2), ("-1", 2)]
)
def test_a_group_above_the_threshold_ends_with_1(threshold: str, status: int) -> None:
    """2 of 26 tokens are 7.7 %, and two thirds of a token a call."""
    assert check([8, 8, 10], "--threshold", threshold).exit_code == status


def test_lines_that_cannot_be_compared_end_with_2() -> None:
    """They are named; a group above the threshold has precedence."""
    found = check([8], more="{\n")
    assert found.exit_code == 2
    assert "Line 2 was not compared: it is not JSON." in found.stderr
    assert check([9], "--threshold", "1%", more="{\n").exit_code == 1


def test_json_has_everything() -> None:
    """Groups with their sums and the lines that are in none."""
    found = json.loads(check([8, 10], "--json", "--threshold", "1%", more="7\n").stdout)
    assert found["not_compared"] == [{"line": 3, "reason": "it is no JSON object"}]
    (group,) = found["groups"]
    assert (group["model"], group["parts"], group["residual_tokens"]) == ("gpt-4o", ["text"], -2)
    assert group["is_above_threshold"] is True
