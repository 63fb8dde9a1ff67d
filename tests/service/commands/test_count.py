"""`weighbridge count` with estimates."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.commands.count import count

TEXT = "Felis nunc phasellus arcu ad bibendum elementum taciti."


def run(*arguments: str) -> str:
    """What the command prints; it has to succeed."""
    done = CliRunner().invoke(count, arguments, input=TEXT, env={"COLUMNS": "150"})
    assert done.exit_code == 0, done.output
    return done.output


def line(output: str, *words: str) -> str:
    """The one line with these words."""
    (found,) = [line for line in output.splitlines() if all(word in line for word in words)]
    return found


def test_estimates_are_marked_and_have_their_band() -> None:
    """An estimate has a tilde before count and cost, and its band; an exact count has neither."""
    output = run("-m", "claude-opus-4-5", "-m", "gpt-4o", "-m", "pplx-7b-online", "--estimate")
    assert "~19 (-1% to +1%)" in line(output, "claude-opus-4-5")
    assert "~0.0" in line(output, "claude-opus-4-5")
    assert "~" not in line(output, "gpt-4o")
    assert "no public vocabulary" in line(output, "pplx-7b-online")


def test_without_the_option_nothing_is_estimated() -> None:
    """The plain command shows no estimate, as a table or as JSON."""
    assert "no public vocabulary" in line(run("-m", "claude-opus-4-5"), "claude-opus-4-5")
    assert json.loads(run("-m", "claude-opus-4-5", "--json")) == [
        {"file": "-", "model": "claude-opus-4-5", "token_count": None, "token_cost": None}
    ]


def test_json_carries_the_method() -> None:
    """With the option each entry has method, estimator and band, null where there is nothing to say."""
    claude, exact = json.loads(run("-m", "claude-opus-4-5", "-m", "gpt-4o", "--estimate", "--json"))
    assert (claude["token_count"], claude["method"], claude["estimator"]) == (19, "estimate", "claude-3")
    assert claude["estimate_error"] == {"low": -0.01, "high": 0.01, "basis": "reconstruction"}
    assert (exact["token_count"], exact["method"]) == (14, "exact")
    assert (exact["estimator"], exact["estimate_error"]) == (None, None)


@pytest.mark.parametrize(("second", "shown"), [("Felis", "~19 (-14% to +22%)"), ("Привет", "~19 (-39% to +148%)")])
def test_a_total_has_the_widest_band(tmp_path: Path, second: str, shown: str) -> None:
    """The total of an English and a Russian file has the wider band of the two; two English ones keep theirs."""
    files = []
    for name, text in (("a", TEXT), ("b", second)):
        (tmp_path / name).write_text(text, encoding="utf-8")
        files.append(str(tmp_path / name))
    assert shown in line(run(*files, "-m", "grok-4", "--estimate"), "│ total ")
