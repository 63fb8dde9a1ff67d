"""Columns of Polars and DuckDB: the counts of the HTTP API and the costs of single calls, in whole columns."""

import json
import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import httpx2
import polars
import pytest

from corpus_cost.columns import Columns, register_duckdb, register_polars
from corpus_cost.errors import NoAnswer
from pricing_data import PriceBook, Terms, Usage
from tests.corpus_cost.conftest import DAY
from tests.corpus_cost.corpora import texts
from tests.end_to_end.server import running
from tokenizer_registry import Registry
from tokenizer_registry.chat.count import count_request

COUNT = int(os.environ.get("COLUMN_TEXTS", "300"))
ROWS: list[str | None] = [*texts(COUNT - 4, seed=8), "", None, "\x00", None]
MODELS = ["gpt-4o", "claude-2.1"]
NO_LIMITS = {"RATE_LIMIT_PER_SECOND": "1000000", "QUOTA_PER_MONTH": "1000000", "LOG_LEVEL": "warning"}


@pytest.fixture(scope="module")
def columns(registry: Registry, book: PriceBook) -> Columns:
    """Columns at one day's prices, known to Polars."""
    made = Columns(registry, book, DAY)
    register_polars(made)
    return made


@pytest.fixture
def database(columns: Columns) -> duckdb.DuckDBPyConnection:
    """A database in memory with the functions and a table of rows."""
    connection = duckdb.connect()
    register_duckdb(connection, columns)
    connection.execute("CREATE TABLE rows (number INTEGER, text VARCHAR)")
    connection.register("frame", polars.DataFrame({"number": range(len(ROWS)), "text": ROWS}).to_arrow())
    connection.execute("INSERT INTO rows SELECT * FROM frame")
    return connection


def polars_answers(model: str) -> list[tuple[int | None, Decimal | None]]:
    """Counts and costs by Polars, in batches of a lazy query."""
    text = polars.col("text")
    frame = polars.LazyFrame({"text": ROWS}).select(
        count=getattr(text, "tokens").count(model),  # noqa: B009 (the namespace is registered when the tests run)
        cost=getattr(text, "tokens").cost(model),  # noqa: B009
    )
    return frame.collect().rows()


def duckdb_answers(database: duckdb.DuckDBPyConnection, model: str) -> list[tuple[Any, ...]]:
    """Counts and costs by DuckDB."""
    query = "SELECT token_count(text, $1), token_cost(text, $1) FROM rows ORDER BY number"
    return database.execute(query, [model]).fetchall()


def api_answers(folder: Path) -> dict[str, list[int]]:
    """Counts by the HTTP API, of all rows that are not null."""
    found: dict[str, list[int]] = {model: [] for model in MODELS}
    with running(folder / "data", NO_LIMITS) as server, httpx2.Client(base_url=server.url) as client:
        for text in filter(lambda row: row is not None, ROWS):
            body = {"input": text, "type": "text", "models": MODELS}
            answer = client.post("/v1/tokens/count", json=body, headers={"X-Api-Key": server.demo_key})
            for entry in answer.raise_for_status().json():
                found[entry["model"]].append(entry["token_count"])
    return found


def test_all_three_ways_count_alike(tmp_path: Path, database: duckdb.DuckDBPyConnection, book: PriceBook) -> None:
    """Polars and DuckDB have the API's count of every text and its exact cost; a null stays null, nothing counts 0."""
    asked = api_answers(tmp_path)
    for model in MODELS:
        counts = iter(asked[model])
        expected = [None if text is None else next(counts) for text in ROWS]
        assert expected[-4:-2] == [0, None]
        answers = [
            (None, None) if count is None else (count, book.call_cost(model, Usage(count), Terms(DAY)).total)
            for count in expected
        ]
        assert polars_answers(model) == answers
        assert duckdb_answers(database, model) == answers


def test_models_can_be_a_column(database: duckdb.DuckDBPyConnection, registry: Registry) -> None:
    """Each row is counted for its own model; a row without one is null."""
    query = "SELECT token_count(text, CASE number % 3 WHEN 0 THEN 'gpt-4o' WHEN 1 THEN 'claude-2.1' END) FROM rows"
    found = [row[0] for row in database.execute(f"{query} ORDER BY number").fetchall()]
    names = ["gpt-4o", "claude-2.1", None]
    expected = [
        None if text is None or (model := names[number % 3]) is None else registry.count(text, [model])[0].tokens
        for number, text in enumerate(ROWS)
    ]
    assert found == expected


def test_a_column_is_priced_at_the_tier_of_each_text(columns: Columns, book: PriceBook) -> None:
    """Texts on both sides of a tier cost in a column what they cost as single calls."""
    rows = ["a", "word " * 127_999, "word " * 128_001]
    array = polars.Series(rows).to_arrow()
    counts = columns.counted(array, "gemini-1.5-flash").to_pylist()
    costs = columns.priced(array, "gemini-1.5-flash").to_pylist()
    assert costs == [book.call_cost("gemini-1.5-flash", Usage(count), Terms(DAY)).total for count in counts]
    assert counts[1] <= 128_000 < counts[2]


@pytest.mark.parametrize(
    ("model", "sentence"),
    [("gpt-4oo", "unknown model 'gpt-4oo'"), ("titan-text-lite-v1", "titan-text-lite-v1 has no count: not published")],
)
def test_a_model_that_cannot_be_counted_is_told(
    model: str, sentence: str, columns: Columns, database: duckdb.DuckDBPyConnection
) -> None:
    """Both libraries end the query with the sentence that names the model."""
    with pytest.raises(NoAnswer, match=sentence):
        polars_answers(model)
    with pytest.raises(duckdb.Error, match=sentence):
        duckdb_answers(database, model)


def test_a_model_without_a_price_has_no_cost(registry: Registry, book: PriceBook) -> None:
    """No cost is made up for a day before the first price."""
    early = Columns(registry, book, date(2001, 1, 1))
    with pytest.raises(NoAnswer, match="gpt-4o: no price is known on 2001-01-01"):
        early.priced(polars.Series(["a"]).to_arrow(), "gpt-4o")


TALKS: list[Any] = [
    [{"role": "user", "content": "Where is it?"}],
    None,
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hi"}],
]


def test_chats_are_counted_with_their_frames(
    columns: Columns, database: duckdb.DuckDBPyConnection, registry: Registry
) -> None:
    """A column of messages has in Polars, and as JSON in DuckDB, the counts of single requests; a null stays null."""
    bodies = [None if talk is None else {"messages": talk} for talk in TALKS]
    expected = [body and count_request(registry, "openai_chat", body, "gpt-4o").tokens for body in bodies]
    frame = polars.DataFrame({"messages": TALKS})
    tokens = getattr(polars.col("messages"), "tokens")  # noqa: B009
    assert frame.select(tokens.count_chat("gpt-4o"))["messages"].to_list() == expected
    database.register("talks", frame.to_arrow())
    query = (
        "SELECT chat_token_count(CASE WHEN messages IS NULL THEN NULL ELSE to_json(messages) END, 'gpt-4o') FROM talks"
    )
    assert [row[0] for row in database.execute(query).fetchall()] == expected


def test_estimates_of_chats_are_asked_for(columns: Columns, registry: Registry) -> None:
    """A chat with a tool has no exact count, and a value that is no chat has none at all."""
    request = {"messages": TALKS[0], "tools": [{"type": "function", "function": {"name": "f"}}]}
    rows = polars.Series(
        [json.dumps(request), "hello", "7", "[" * 10_000, '{"messages": [{"role": "wizard"}]}']
    ).to_arrow()
    assert columns.counted_chats(rows, "gpt-4o").to_pylist() == [None] * 5
    counted = count_request(registry, "openai_chat", request, "gpt-4o")
    assert counted.method == "estimate"
    assert columns.counted_chats(rows, "gpt-4o", estimate=True).to_pylist() == [counted.tokens, *[None] * 4]
    with pytest.raises(NoAnswer, match=r"claude-2\.1 has no count of chats"):
        columns.counted_chats(rows, "claude-2.1")
