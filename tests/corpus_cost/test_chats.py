"""Corpora of chats: the same totals as a loop over single requests, in every kind of file; faults and gaps named."""

import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from corpus_cost.estimate import Estimate
from corpus_cost.execution import estimate_corpus
from corpus_cost.totals import from_json, to_json
from corpus_cost.workload import Output, ReadOptions, Workload
from pricing_data import PriceBook
from service.cli.main import main
from tests.corpus_cost.chat_corpora import TOOL, bodies, looped_chats, write_rows
from tests.corpus_cost.conftest import DAY
from tests.corpus_cost.corpora import texts
from tests.corpus_cost.counted import looped, totals
from tokenizer_registry import Registry
from tokenizer_registry.chat.count import count_request

MODELS = ("gpt-4o", "gpt-5", "gemini-2.5-pro")
BODIES = bodies(150)
Requests = list[tuple[str, dict[str, Any]]]
REQUESTS: Requests = [("openai_chat", body) for body in BODIES]
TALK = {"messages": [{"role": "user", "content": "What is the weight of a lorry?"}]}


def estimated(path: Path, registry: Registry, book: PriceBook, *models: str, **options: Any) -> Estimate:
    """Return the estimate of one file."""
    workload = options.pop("workload", Workload(DAY))
    return estimate_corpus([str(path)], models or MODELS, workload, registry=registry, book=book, workers=2, **options)


def as_messages(path: Path) -> Path:
    """OpenAI's messages, one chat on each line."""
    return write_rows(path / "a.jsonl", BODIES)


def as_openai_batch(path: Path) -> Path:
    """Lines of a batch file of OpenAI."""
    lines = [
        {"custom_id": str(place), "method": "POST", "url": "/v1/chat/completions", "body": {**body, "model": "gpt-4o"}}
        for place, body in enumerate(BODIES)
    ]
    return write_rows(path / "a.jsonl", lines)


def as_parquet(path: Path) -> Path:
    """A column of messages, and one of tools; every struct has every property."""
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    rows = [{"messages": body["messages"], "tools": json.dumps(body.get("tools", []))} for body in BODIES]
    plain = [row for row in rows if isinstance(row["messages"][0]["content"], str)]
    table = arrow.table({name: [row[name] for row in plain] for name in ("messages", "tools")})
    parquet.write_table(table, path / "a.parquet", row_group_size=40)
    return path / "a.parquet"


def as_parquet_parts(path: Path) -> Path:
    """A column of messages whose contents are lists of parts: every part has every property, or null."""
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    chats = [body["messages"] for body in BODIES if not isinstance(body["messages"][0]["content"], str)]
    parquet.write_table(arrow.table({"messages": chats}), path / "a.parquet")
    return path / "a.parquet"


def as_parquet_json(path: Path) -> Path:
    """A column of messages as JSON."""
    arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    columns = {name: [json.dumps(body.get(name)) for body in BODIES] for name in ("messages", "tools")}
    parquet.write_table(arrow.table(columns), path / "a.parquet")
    return path / "a.parquet"


TEXTUAL: Requests = [each for each in REQUESTS if isinstance(each[1]["messages"][0]["content"], str)]
ILLUSTRATED: Requests = [("openai_chat", {"messages": body["messages"]}) for _, body in REQUESTS]
ILLUSTRATED = [each for each in ILLUSTRATED if not isinstance(each[1]["messages"][0]["content"], str)]
FILES: list[tuple[Callable[[Path], Path], Requests]] = [
    (as_messages, REQUESTS),
    (as_openai_batch, REQUESTS),
    (as_parquet, TEXTUAL),
    (as_parquet_parts, ILLUSTRATED),
    (as_parquet_json, REQUESTS),
]


@pytest.mark.parametrize(("make", "requests"), FILES)
def test_every_kind_of_file_gives_the_totals_of_a_loop(
    make: Callable[[Path], Path], requests: Requests, tmp_path: Path, registry: Registry, book: PriceBook
) -> None:
    """Tokens and the exact cost of each model are those of single requests with their frames."""
    workload = Workload(DAY, Output(tokens=7))
    found = estimated(make(tmp_path), registry, book, workload=workload)
    assert found.is_whole, found.faults
    assert (found.total.texts, found.total.chats) == (len(requests), len(requests))
    assert totals(found) == {model: looped_chats(registry, book, model, requests, workload) for model in MODELS}


def test_anthropic_batches_and_sharegpt_are_read(tmp_path: Path, registry: Registry, book: PriceBook) -> None:
    """Each line is the request that it stands for."""
    anthropic = {"model": "claude-opus-4-5", "system": "Be brief.", "max_tokens": 9, **TALK}
    gemini = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}
    turns = [
        ("system", "Be brief."),
        ("human", "hi"),
        ("function_call", '{"name": "weigh", "arguments": {"plate": 1}}'),
    ]
    turns += [("observation", "7 t"), ("gpt", "Seven tons.")]
    shared = {
        "conversations": [{"from": who, "value": value} for who, value in turns],
        "tools": json.dumps([TOOL["function"]]),
    }
    lines = [{"custom_id": "a", "params": anthropic}, {"key": "b", "request": gemini}, shared, TALK["messages"]]
    call = {"id": "call_0", "type": "function", "function": {"name": "weigh", "arguments": '{"plate": 1}'}}
    meant = {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "hi"},
            {"role": "assistant", "tool_calls": [call]},
            {"role": "tool", "content": "7 t"},
            {"role": "assistant", "content": "Seven tons."},
        ],
        "tools": [TOOL],
    }
    requests: Requests = [("anthropic_messages", anthropic), ("gemini_contents", gemini)]
    requests += [("openai_chat", meant), ("openai_chat", TALK)]
    found = estimated(write_rows(tmp_path / "a.jsonl", lines), registry, book, "gpt-4o")
    assert found.faults == ()
    assert totals(found)["gpt-4o"] == looped_chats(registry, book, "gpt-4o", requests, Workload(DAY))


def test_texts_and_chats_of_one_file_are_added(tmp_path: Path, registry: Registry, book: PriceBook) -> None:
    """A row with a string in the text column is a text, whatever stands beside it."""
    some = list(texts(40, seed=3))
    rows = [row for text, body in zip(some, BODIES, strict=False) for row in ({"text": text, **TALK}, body)]
    found = estimated(write_rows(tmp_path / "a.jsonl", rows), registry, book, "gpt-4o")
    one = looped(registry, book, "gpt-4o", [(text, 0) for text in some], Workload(DAY))
    other = looped_chats(registry, book, "gpt-4o", REQUESTS[:40], Workload(DAY))
    assert (found.total.texts, found.total.chats) == (80, 40)
    assert totals(found)["gpt-4o"] == (one[0] + other[0], 0, one[2] + other[2])


def test_exact_and_estimated_chats_are_kept_apart(tmp_path: Path, registry: Registry, book: PriceBook) -> None:
    """Their numbers, tokens and bounds are sums over single requests, and the whole is labelled."""
    (model,) = estimated(as_messages(tmp_path), registry, book, "gpt-4o").models
    counts = [count_request(registry, shape, body, "gpt-4o") for shape, body in REQUESTS]
    exact = [count for count in counts if count.method == "exact"]
    guessed = [count for count in counts if count.method == "estimate"]
    assert exact
    assert guessed
    assert model.chats == (
        len(exact),
        sum(count.tokens or 0 for count in exact),
        len(guessed),
        sum(count.tokens or 0 for count in guessed),
        sum(count.low for count in guessed),
        sum(count.high or 0 for count in guessed),
    )
    assert model.method == "estimate"
    assert model.band is not None
    assert round((1 + model.band.high) * (model.input_tokens or 0)) == sum(count.high or 0 for count in counts)


def test_faulty_lines_are_named_and_the_rest_is_counted(tmp_path: Path, registry: Registry, book: PriceBook) -> None:
    """A line that its provider would refuse is a fault of its own; what lacks a size has no count for any model."""
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    rows: list[Any] = [
        {"messages": [{"role": "wizard", "content": "hi"}]},
        {"messages": "hi"},
        {"custom_id": "a", "url": "/v1/embeddings", "body": {"input": "hi"}},
        {"conversations": [{"from": "wizard", "value": "hi"}]},
        {"conversations": [{"from": "function_call", "value": "{"}]},
        {"messages": [{"role": "user", "content": "\ud800"}]},
        {"messages": [{"role": "user", "content": [image]}]},
        b'{"messages": [',
        TALK,
    ]
    found = estimated(write_rows(tmp_path / "a.jsonl", rows), registry, book, "gpt-4o")
    assert found.models[0].input_tokens == 16
    assert (found.total.chats, found.total.faulty, found.models[0].uncounted) == (3, 6, 2)
    assert not found.is_whole
    reasons = [fault.reason for fault in found.faults]
    wanted = [
        *("messages[0].role", "no column 'text'", "the url '/v1/embeddings'", "conversations[0].from", "not JSON"),
        *("it is not JSON", "no count for gpt-4o", "no count for gpt-4o: images: messages[0].content[0]: width"),
    ]
    assert [words for words in wanted if not any(words in reason for reason in reasons)] == []


def test_sound_with_a_price_of_its_own_has_no_sum(tmp_path: Path, registry: Registry, book: PriceBook) -> None:
    """A sum of tokens has one price: a chat whose sound costs other than its text is named."""
    sound = {"inlineData": {"mimeType": "audio/mp3", "data": "AAAA"}, "seconds": 600}
    chats = [{"contents": [{"role": "user", "parts": parts}]} for parts in ([{"text": "Hi"}], [{"text": "Hi"}, sound])]
    found = estimated(write_rows(tmp_path / "a.jsonl", chats), registry, book, "gemini-2.5-flash", "gemini-2.5-pro")
    flash, pro = found.models
    assert (flash.uncounted, pro.uncounted) == (1, 0)
    assert any("a price of its audio" in fault.reason for fault in found.faults)


def test_a_model_without_rules_has_a_reason_and_no_number(tmp_path: Path, registry: Registry, book: PriceBook) -> None:
    """Chats of a model of which no frame is known are not counted as if they had none."""
    found = estimated(as_messages(tmp_path), registry, book, "claude-2.1", "gpt-4o")
    unknown, known = found.models
    assert (unknown.input_tokens, unknown.usd, unknown.uncounted) == (None, None, len(BODIES))
    assert unknown.reason
    assert known.input_tokens
    assert not found.is_whole


@pytest.mark.parametrize("shard_bytes", [2_000, 20_000])
def test_parts_of_any_size_hold_each_chat_once(
    shard_bytes: int, tmp_path: Path, registry: Registry, book: PriceBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However lines fall over the edges of parts, and after the journal."""
    monkeypatch.setattr("corpus_cost.planning.MIN_SHARD_BYTES", shard_bytes)
    found = estimated(as_messages(tmp_path), registry, book, "gpt-4o")
    assert found.shards > 2
    assert totals(found)["gpt-4o"] == looped_chats(registry, book, "gpt-4o", REQUESTS, Workload(DAY))
    assert from_json(json.loads(json.dumps(to_json(found.total)))) == found.total


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Result:
    """Return the outcome of the command, with a data folder of its own."""
    monkeypatch.setenv("WEIGHBRIDGE_DATA_DIR", str(folder / ".data"))
    return CliRunner().invoke(main, ["estimate", "--as-of", DAY.isoformat(), *arguments])


def test_lines_count_for_their_own_models_if_none_is_named(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each line for its model alone; one without, or of an unknown one, is a fault."""
    named = ["gpt-4o", "gpt-5", "gpt-4o", "openai/gpt-4o", "gpt-900", None]
    rows = [{"custom_id": "a", "url": "/v1/chat/completions", "body": {**TALK, "model": name}} for name in named]
    path = write_rows(tmp_path / "a.jsonl", rows)
    found = json.loads(run(tmp_path, monkeypatch, str(path), "--json").stdout)
    one = {name: count_request(registry, "openai_chat", TALK, name).tokens or 0 for name in ("gpt-4o", "gpt-5")}
    assert {model["model"]: model["input_tokens"] for model in found["models"]} == {
        "gpt-4o": 2 * one["gpt-4o"],
        "gpt-5": one["gpt-5"],
        "openai/gpt-4o": one["gpt-4o"],
    }
    assert [fault["reason"].partition(";")[0] for fault in found["faults"]] == [
        "unknown model 'gpt-900'",
        "its line names no model",
    ]
    asked = json.loads(run(tmp_path, monkeypatch, str(path), "-m", "gpt-5", "--json").stdout)
    assert [model["input_tokens"] for model in asked["models"]] == [len(rows) * one["gpt-5"]]


def test_a_sample_holds_the_total(tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """The total of all chats is in the interval, three times as wide: one sample in twenty misses its own."""
    many = bodies(1_500, seed=7)
    path = write_rows(tmp_path / "a.jsonl", many)
    whole = sum(count_request(registry, "openai_chat", body, "gpt-4o").tokens or 0 for body in many)
    found = json.loads(run(tmp_path, monkeypatch, str(path), "-m", "gpt-4o", "--sample", "30%", "--json").stdout)
    low, high = found["models"][0]["input_tokens_interval"]
    assert 2 * low - high <= whole <= 2 * high - low
    assert found["sample"]["texts"] < len(many)


def test_the_table_of_all_has_a_row_for_each_chat(
    tmp_path: Path, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens of texts and chats stand in the same column."""
    path = write_rows(tmp_path / "a.jsonl", [{"text": "hello"}, *BODIES[:5]])
    done = run(tmp_path, monkeypatch, str(path), "-m", "gpt-4o", "--documents", str(tmp_path / "all.csv"))
    assert done.exit_code == 0, done.output
    lines = (tmp_path / "all.csv").read_text(encoding="utf-8").splitlines()[1:]
    wanted = [1, *(count_request(registry, "openai_chat", body, "gpt-4o").tokens for body in BODIES[:5])]
    assert sorted(int(line.split(",")[3]) for line in lines) == sorted(count or 0 for count in wanted)


def test_chats_of_a_column_with_a_name_of_its_own(tmp_path: Path, registry: Registry, book: PriceBook) -> None:
    """`--text-column` names a column of messages too."""
    path = write_rows(tmp_path / "a.jsonl", [{"talk": body["messages"]} for _, body in TEXTUAL])
    found = estimated(path, registry, book, "gpt-4o", reading=ReadOptions("talk"))
    plain: Requests = [("openai_chat", {"messages": body["messages"]}) for _, body in TEXTUAL]
    assert totals(found)["gpt-4o"] == looped_chats(registry, book, "gpt-4o", plain, Workload(DAY))
