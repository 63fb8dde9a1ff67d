"""Logs of other people's calls: shapes, numbers and days by the names that providers have."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.tokenizer_registry.chat.recorded_calls import package_registry
from tokenizer_registry.chat.check import all_shares, compare, main, table_of
from tokenizer_registry.chat.logs import LogFault, day_of, input_tokens, read_lines, read_log


def written(folder: Path, *rows: Any) -> Path:
    """Return a log of these rows."""
    path = folder / "log.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def row(**others: Any) -> dict[str, Any]:
    """Return a call of gpt-4o that its provider counted as 8."""
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    return {"api": "openai.chat", "model": "gpt-4o", "request": body, "usage": {"prompt_tokens": 8}} | others


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 8}, 8),
        ({"input_tokens": 3, "cache_creation_input_tokens": 4, "cache_read_input_tokens": 1}, 8),
        ({"inputTokens": 6, "cacheReadInputTokens": 2}, 8),
        ({"promptTokenCount": 8, "totalTokenCount": 20}, 8),
        ({}, None),
    ],
)
def test_all_input_is_added_up(usage: dict[str, int], tokens: int | None) -> None:
    """Cached or not, in every dialect."""
    assert input_tokens({"usage": usage}) == tokens


@pytest.mark.parametrize("recorded", ["2026-05-20T10:00:00Z", "1779271200", "Wed, 20 May 2026 10:00:00 GMT"])
def test_days_are_read_in_three_forms(recorded: str) -> None:
    """ISO 8601, seconds, and HTTP's."""
    assert day_of(recorded) == date(2026, 5, 20)


def test_what_is_no_day_is_none() -> None:
    """It is not guessed."""
    assert [day_of(text) for text in (None, "", "soon", "9" * 30, "2026-99-99")] == [None] * 5


def test_a_log_is_compared_and_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows without a number, of unknown models or that cannot be counted from the row are left out."""
    log = written(
        tmp_path,
        row(),
        row(usage={"prompt_tokens": 10}),
        row(model="gpt-900"),
        row(usage={}),
        row(api="smoke.signals"),
        row(offline=False),
        row(request={"messages": [{"role": "wizard"}]}),
    )
    shares = all_shares(compare(package_registry(), read_log(log)))
    assert [(each.rows, each.exact, each.within_3, each.in_band, each.worst) for each in shares] == [
        (2, 1, 2, 1, -2)
    ] * 2
    assert table_of(shares).splitlines()[-1].split() == ["2", "2", "50%", "100%", "50%", "-2", "all"]
    assert main([str(log)]) == 0
    assert "gpt-4o @ openai openai_chat: text" in capsys.readouterr().out
    assert main([]) == 2


def test_logged_sizes_and_thoughts_are_put_into_the_request(tmp_path: Path) -> None:
    """Where a digest stands for the bytes, and where a part is signed."""
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,<sha256:ab>"}}
    signed = {"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "x"}
    log = written(
        tmp_path,
        row(
            request={"messages": [{"role": "user", "content": [image]}]},
            media=[{"sha256": "ab", "width": 512, "height": 512}],
        ),
        row(
            api="gemini.generate",
            model="gemini-3-pro-preview",
            request={"contents": [{"parts": [{"text": "Hi"}]}, {"role": "model", "parts": [signed]}]},
            earlier_thoughts=[90],
        ),
    )
    first, second = compare(package_registry(), read_log(log))
    assert first.counted.parts.images.tokens == 85 + 170
    assert (second.counted.parts.tool_calls.tokens or 0) > 90


def test_a_line_that_is_no_object_is_named(tmp_path: Path) -> None:
    """By its number."""
    with pytest.raises(ValueError, match="line 2"):
        list(read_log(written(tmp_path, row(), 5)))


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"usage": {"input_tokens": 8, "cache_read_input_tokens": "x"}}, "cache_read_input_tokens"),
        ({"usage": {"prompt_tokens": -5}}, "prompt_tokens"),
        ({"usage": {"prompt_tokens": True}}, "prompt_tokens"),
        ({"usage": {"prompt_tokens": "8"}}, "prompt_tokens"),
        ({"usage": [8]}, "no usage"),
        ({"media": "a.png"}, "media"),
        ({"media": [1]}, "media"),
        ({"earlier_thoughts": 5}, "earlier_thoughts"),
        ({"earlier_thoughts": ["x"]}, "earlier_thoughts"),
    ],
)
def test_values_that_no_log_has_are_faults_of_their_line(more: dict[str, object], reason: str) -> None:
    """They are named, and end nothing."""
    row = {"request": {"model": "gpt-4o", "messages": []}, "usage": {"prompt_tokens": 8}, **more}
    (found,) = read_lines([json.dumps(row).encode()])
    assert isinstance(found, LogFault)
    assert reason in found.reason
