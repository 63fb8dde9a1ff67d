"""`weighbridge count --chat`: whole requests with their parts, in every shape, with estimates and gaps labelled."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from service.cli.main import main
from tests.bad_chats import BAD_CHATS, BAD_NAMES, BadChat
from tests.images import png

TALK = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is the weight of a lorry?"}]
TOOL = {"type": "function", "function": {"name": "weigh", "parameters": {"type": "object", "properties": {}}}}


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use a data folder of the test's own, and the test's folder as working folder."""
    monkeypatch.setenv("WEIGHBRIDGE_DATA_DIR", str(tmp_path / ".data"))
    monkeypatch.chdir(tmp_path)


def count(body: Any, *arguments: str) -> Result:
    """Return the outcome of the command for one request in a file."""
    Path("call.json").write_text(body if isinstance(body, str) else json.dumps(body), encoding="utf-8")
    return CliRunner().invoke(main, ["count", "--chat", "call.json", *arguments])


def entry(body: Any, *arguments: str) -> dict[str, Any]:
    """Return the only entry of the JSON output."""
    (found,) = json.loads(count(body, "--json", *arguments).stdout)
    return dict(found)


def test_a_chat_has_its_frame() -> None:
    """The provider counts 3 tokens and the role for each message, and 3 for the answer: 12 of text, 23 in all."""
    found = entry({"messages": TALK}, "-m", "gpt-4o")
    assert (found["token_count"], found["method"], found["parts"]["frame"]["tokens"]) == (23, "exact", 11)
    assert found["token_cost"] == 0.0000575


@pytest.mark.parametrize(
    "body",
    [
        {"messages": TALK[1:]},
        TALK[1:],
        {"input": "What is the weight of a lorry?", "model": "gpt-4o"},
        {"contents": [{"role": "user", "parts": [{"text": "What is the weight of a lorry?"}]}]},
        {"messages": [{"role": "user", "content": [{"text": "What is the weight of a lorry?"}]}]},
    ],
)
def test_every_shape_is_recognised(body: Any) -> None:
    """The same question costs the same in every provider's shape."""
    assert count(body, "-m", "gpt-4o", "-q").stdout == "16\n"


def test_a_shape_may_be_named() -> None:
    """What is not recognised, or is recognised wrongly, is read as the option says."""
    found = count({"message": "hello"}, "-m", "gpt-4o", "-q")
    assert (found.exit_code, "has the shape of no provider's request" in found.stderr) == (2, True)
    assert count({"message": "hello"}, "-m", "gpt-4o", "-q", "--shape", "cohere_chat").stdout == "8\n"


def test_the_models_own_name_is_used() -> None:
    """Without --model the request's own model counts; with it, that one."""
    assert entry({"model": "gpt-5", "messages": TALK})["resolved_model"] == "gpt-5"
    assert entry({"model": "gpt-5", "messages": TALK}, "-m", "gpt-4o")["resolved_model"] == "gpt-4o"


def test_an_estimate_is_labelled() -> None:
    """A count whose rule is not exact has ~ and its bounds, and each part too."""
    found = count({"messages": TALK, "tools": [TOOL]}, "-m", "gpt-4o")
    headings, cells = (line.split("\t") for line in found.stdout.splitlines())
    row = dict(zip(headings, cells, strict=True))
    assert row["tokens"].startswith("~")
    assert " to " in row["tokens"]
    assert (row["text"], row["frame"], row["tools"][0], row["USD"][0]) == ("12", "11", "~", "~")


def test_an_image_is_counted_from_its_header() -> None:
    """An image of one tile costs 85 and 170 tokens; one by address has no size, so the request has no count."""
    whole = {"type": "image_url", "image_url": {"url": png(512, 512)}}
    linked = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    body = {"messages": [{"role": "user", "content": [whole]}]}
    assert entry(body, "-m", "gpt-4o")["parts"]["images"]["tokens"] == 255
    body = {"messages": [{"role": "user", "content": [linked]}]}
    found = count(body, "-m", "gpt-4o")
    assert found.exit_code == 2
    assert "messages[0].content[0]" in found.stderr
    assert "width" in found.stderr
    assert entry(body, "-m", "gpt-4o")["token_count"] is None


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ('{"messages": [', "it is not JSON"),
        ('{"messages": []}\n{"messages": []}', "`weighbridge estimate` counts one on each line"),
        ("[" * 100_000, "nested too deep"),
        ({"messages": [{"role": "wizard", "content": "hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": "\ud800"}]}, "surrogate"),
        ({"messages": TALK, "model": "gpt-400"}, "There is no model 'gpt-400'"),
        ("7", "has the shape of no provider's request"),
    ],
)
def test_a_fault_is_named_and_nothing_is_counted(body: Any, fault: str) -> None:
    """A file without a request that can be counted is reported with the place of the fault."""
    options = () if isinstance(body, dict) and "model" in body else ("-m", "gpt-4o")
    found = count(body, *options)
    assert (found.exit_code, found.stdout) == (2, "")
    assert fault in found.stderr


@pytest.mark.parametrize("bad", BAD_CHATS, ids=BAD_NAMES)
def test_what_is_not_known_has_no_number(bad: BadChat) -> None:
    """Status 2, no number, and what is missing or where the fault is."""
    found = count(bad.body, "-m", bad.model, "--shape", bad.shape)
    assert found.exit_code == 2
    assert bad.words in " ".join(found.stderr.split())
    quiet = count(bad.body, "-m", bad.model, "--shape", bad.shape, "-q")
    assert not any(character.isdigit() for character in quiet.stdout)


def test_a_faulty_file_leaves_the_others(tmp_path: Path) -> None:
    """The other files are counted, with status 2."""
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    found = count({"messages": TALK}, "bad.json", "-m", "gpt-4o", "-q")
    assert (found.exit_code, found.stdout) == (2, "23\n")
