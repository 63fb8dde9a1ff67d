"""Prices over HTTP: where they come from, what they were, and an operator's own."""

import json
import os
import subprocess
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2
import pytest

from pricing_data import PriceBook, plain
from pricing_data.book import PACKAGED
from service.tokens.model_facts import FACT_NAMES
from tests.end_to_end.server import COMMAND, running


def body(answer: httpx2.Response) -> Any:
    """The answer's JSON, with exact numbers."""
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_float=Decimal)


def counted(client: httpx2.Client, **fields: Any) -> httpx2.Response:
    """A count of two tokens of o3."""
    return client.post("/v1/tokens/count", json={"input": "hello world", "type": "text", "models": ["o3"], **fields})


def test_priced_replies_name_the_book(client: httpx2.Client) -> None:
    """Counts, models and prices say which book priced them; the default bodies have nothing more than before."""
    version = PriceBook.from_package().version
    models, count, prices = (
        client.get("/v1/tokens/models?name=o3"),
        counted(client),
        client.get("/v1/tokens/prices/o3"),
    )
    assert {answer.headers["X-Pricing-Version"] for answer in (models, count, prices)} == {version}
    assert models.content == b'[{"author":"OpenAI","name":"o3","display_name":"o3","price_per_input_token":0.000002}]'
    assert count.content == b'[{"model":"o3","token_count":2,"token_cost":0.000004}]'


@pytest.mark.parametrize(("day", "cost"), [("2025-06-10", "0.000004"), ("2025-06-09", "0.00002"), ("2020-01-01", None)])
def test_a_count_at_the_prices_of_a_day(client: httpx2.Client, day: str, cost: str | None) -> None:
    """`as_of` prices at that day: before a cut the older price, before the first price null, never zero."""
    (entry,) = body(counted(client, as_of=day))
    assert entry == {"model": "o3", "token_count": 2, "token_cost": Decimal(cost) if cost else None}


def test_a_count_costs_what_its_own_context_tier_asks(client: httpx2.Client) -> None:
    """A text beyond the bound of a tier is priced at that tier, the whole of it; a small one at the lowest."""
    text = " ".join(str(number % 9973) for number in range(60_000))
    models = ["gemini-2.5-pro", "qwen3-max"]
    asked = {"input": text, "models": models}
    gemini, qwen = body(counted(client, **asked))
    assert (gemini["token_count"], gemini["token_cost"]) == (293_067, Decimal("0.7326675"))
    assert (qwen["token_count"], qwen["token_cost"]) == (293_067, Decimal("0.879201"))
    for entry in body(counted(client, **asked, detail=True)):
        assert entry["token_cost"] == entry["token_count"] * entry["price_per_input_token"]
        assert entry["price_above_tokens"] in (128_000, 200_000)
    for entry in body(counted(client, models=models, detail=True)):
        assert entry["token_cost"] == entry["token_count"] * entry["price_per_input_token"]
        assert entry["price_above_tokens"] == 0


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ("2025-02-30", 'as_of: must be a date such as "2026-01-31", not "2025-02-30".'),
        ("yesterday", "as_of: must be a date"),
        ("20250601", "as_of: must be a date"),
        (20250601, "as_of: must be a date"),
        (None, "as_of: must be a date"),
        ("9999-01-01", "as_of: 9999-01-01 is not over yet"),
    ],
)
def test_bad_days_are_refused(client: httpx2.Client, value: object, sentence: str) -> None:
    """A date that is none, or has not come, is refused with a sentence."""
    answer = counted(client, as_of=value)
    assert answer.status_code == 400
    assert sentence in answer.json()["message"]


def test_models_in_detail(client: httpx2.Client) -> None:
    """`detail=true` adds what output and caches cost, date, source and state, and facts; other values are refused."""
    (entry,) = body(client.get("/v1/tokens/models?name=o3&detail=true"))
    sources = entry.pop("facts")
    facts = {name: entry.pop(name) for name in FACT_NAMES}
    assert (facts["context_window"], facts["input_modalities"]) == (200_000, ["text", "image", "pdf"])
    assert set(sources) == {name for name, value in facts.items() if value is not None}
    assert entry == {
        "author": "OpenAI", "name": "o3", "display_name": "o3", "price_per_input_token": Decimal("0.000002"),
        "price_per_output_token": Decimal("0.000008"), "price_per_cached_input_token": Decimal("0.0000005"),
        "vocabulary": "o200k_base", "price_effective_from": "2025-06-10", "price_source": "genai-prices 0.2.3",
        "price_state": "agreed",
    }  # fmt: skip
    plain_entry = body(client.get("/v1/tokens/models?name=o3&detail=false"))
    assert plain_entry == body(client.get("/v1/tokens/models?name=o3"))
    assert client.get("/v1/tokens/models?detail=1").status_code == 400


def test_the_history_of_a_price(client: httpx2.Client) -> None:
    """Every row has its days, its source and what others say; each ends where the next begins, the last is current."""
    found = body(client.get("/v1/tokens/prices/o3"))
    rows = found["history"]
    for earlier, later in pairwise(rows):
        assert earlier["effective_until"] == later["effective_from"]
        assert earlier["effective_until_at"] == later["effective_at"]
    (cut,) = [row for row in rows if row["effective_from"] == "2025-06-10"]
    before, newest = rows[rows.index(cut) - 1], rows[-1]
    assert (before["price_per_input_token"], cut["price_per_input_token"]) == (Decimal("0.00001"), Decimal("0.000002"))
    assert (newest["effective_until"], found["current"], found["overrides"]) == (None, newest, [])
    assert newest["source"]["entry"] == "openai/o3"


def test_every_rate_of_a_price_has_its_source_and_its_day(client: httpx2.Client) -> None:
    """Services, tiers and hours too, each with its path, unit, state and first day; the older properties agree."""
    current = body(client.get("/v1/tokens/prices/gemini-2.5-pro"))["current"]
    by_path = {rate["path"]: rate for rate in current["rates"]}
    assert by_path["input"]["rate"] == current["price_per_input_token"]
    assert by_path["input>200000"]["rate"] == current["tiers"][0]["price_per_input_token"]
    batch = by_path["batch.input>200000"]
    assert (batch["unit"], batch["service_tier"], batch["above_tokens"]) == ("input", "batch", 200_000)
    assert batch["rate"] == current["batch"]["tiers"][0]["price_per_input_token"]
    assert all(rate["since"] and rate["source"]["package"] and rate["state"] for rate in current["rates"])
    assert any(rate["not_before"] for rate in current["rates"])
    hourly = body(client.get("/v1/tokens/prices/deepseek-v4-flash"))["current"]
    (morning,) = [rate for rate in hourly["rates"] if rate["hours"] and rate["hours"]["starts"] == "09:00"][:1]
    assert morning["hours"] == {
        "starts": "09:00", "ends": "12:00", "weekdays": [1, 2, 3, 4, 5], "utc_offset_minutes": 480,
        "except_holidays": "cn",
    }  # fmt: skip
    assert hourly["effective_at"] == "2026-09-10T04:00:00Z"


def test_every_history_can_be_asked_for(client: httpx2.Client) -> None:
    """Each model of the catalogue has its page, priced or not, with its price in plain decimals."""
    for name in ("llama-3.2-1b", "llama-2-7b", "deepseek-v4-flash", "sonar-pro", "claude-haiku-5-5"):
        answer = client.get(f"/v1/tokens/prices/{name}")
        found = body(answer)
        assert found["model"] == name
        shown = found["current"] and plain(found["current"]["price_per_input_token"])
        assert shown is None or f'"price_per_input_token":{shown}' in answer.text


def test_an_unknown_model_has_no_prices(client: httpx2.Client) -> None:
    """A name that is no model is a 404 that names the nearest one."""
    answer = client.get("/v1/tokens/prices/gpt-4oo")
    assert answer.status_code == 404
    assert "Did you mean gpt-4o?" in answer.json()["message"]


OWN = """
[[override]]
model = "gpt-4o"
effective_from = 2026-01-01
input = "0.000001"
output = "0.000004"
replaces = "0.0000025"
url = "https://example.org/contract"
reason = "our contract"
"""


def test_an_operators_own_price(tmp_path: Path) -> None:
    """A cited price of the operator's wins from its day on, says that it is one, and is part of the version."""
    own = tmp_path / "own.toml"
    own.write_text(OWN, encoding="utf-8")
    with (
        running(tmp_path / "data", {"PRICE_OVERRIDES": str(own)}) as server,
        httpx2.Client(base_url=server.url, headers={"X-Api-Key": server.demo_key}) as client,
    ):
        (entry,) = body(counted(client, models=["gpt-4o"], detail=True))
        before = body(counted(client, models=["gpt-4o"], as_of="2025-12-31"))[0]
        version = client.get("/v1/tokens/models?name=gpt-4o").headers["X-Pricing-Version"]
        overrides = body(client.get("/v1/tokens/prices/gpt-4o"))["overrides"]
    assert (entry["token_cost"], entry["price_state"], entry["price_source"]) == (
        Decimal("0.000002"), "override", "own.toml 1",
    )  # fmt: skip
    assert before["token_cost"] == Decimal("0.000005")
    assert version.startswith(f"{PriceBook.from_package().version}.")
    assert [override["source"]["url"] for override in overrides] == ["https://example.org/contract"]


def test_what_an_account_pays_besides_is_shown_apart(tmp_path: Path) -> None:
    """With `detail` an account with a mark-up sees its share beside an unchanged cost; other accounts see none."""
    environ = {**os.environ, "WEIGHBRIDGE_DATA_DIR": str(tmp_path / "data")}
    created = subprocess.run(
        [*COMMAND, "accounts", "create", "reseller"], env=environ, capture_output=True, text=True, check=True
    )
    account, own = created.stdout.split()[1], tmp_path / "own.toml"
    own.write_text(f'[[markup]]\naccount = "{account}"\npercent = "12.5"\n', encoding="utf-8")
    with running(tmp_path / "data", {"PRICE_OVERRIDES": str(own)}) as server:
        own_key, other = server.new_key("reseller"), server.new_key("other")
        with httpx2.Client(base_url=server.url, headers={"X-Api-Key": own_key}) as client:
            (plain_entry,), (entry,) = body(counted(client)), body(counted(client, detail=True))
            (apart,) = body(counted(client, detail=True, models=["llama-3.2-1b"]))
            client.headers["X-Api-Key"] = other
            (without,) = body(counted(client, detail=True))
    assert plain_entry == {"model": "o3", "token_count": 2, "token_cost": Decimal("0.000004")}
    assert (entry["token_cost"], entry["markup_percent"], entry["markup_cost"]) == (
        Decimal("0.000004"), Decimal("12.5"), Decimal("0.0000005"),
    )  # fmt: skip
    assert (apart["token_cost"], apart["markup_cost"]) == (None, None)
    assert "markup_percent" not in without


def test_a_name_outside_the_catalogue_has_its_prices(tmp_path: Path) -> None:
    """An operator's own price of a name that the catalogue lacks is shown as any other."""
    name, own = "ft:gpt-4o-mini-2024-07-18:acme::AbC12", tmp_path / "own.toml"
    own.write_text(OWN.replace('"gpt-4o"', f'"{name}"').replace('replaces = "0.0000025"', ""), encoding="utf-8")
    with (
        running(tmp_path / "data", {"PRICE_OVERRIDES": str(own)}) as server,
        httpx2.Client(base_url=server.url, headers={"X-Api-Key": server.demo_key}) as client,
    ):
        found = body(client.get(f"/v1/tokens/prices/{name}"))
    assert (found["model"], found["current"]["price_per_input_token"]) == (name, Decimal("0.000001"))
    assert found["history"] == []


def test_faulty_prices_stop_the_start(tmp_path: Path) -> None:
    """A file of own prices with faults, or a damaged book, ends `serve` with every fault, before it listens."""
    own, book = tmp_path / "own.toml", tmp_path / "data" / "prices" / "prices.jsonl"
    own.write_text(OWN.replace('"0.000001"', '"free"').replace("https:", "page:"), encoding="utf-8")
    told = stopped(tmp_path / "data", {"WEIGHBRIDGE_PRICE_OVERRIDES": str(own)})
    assert "input is not a number: 'free'" in told
    assert "url must say where the price is published" in told
    book.parent.mkdir(parents=True)
    book.write_text(PACKAGED.read_text(encoding="utf-8").replace('"0.0000025"', '"0.0000026"', 1), encoding="utf-8")
    assert "has been edited, moved or taken out" in stopped(tmp_path / "data", {})


def stopped(data_dir: Path, settings: dict[str, str]) -> str:
    """What `serve` prints before it gives up."""
    environ = {**os.environ, **settings, "WEIGHBRIDGE_DATA_DIR": str(data_dir)}
    done = subprocess.run(
        [*COMMAND, "serve", "--port", "0"], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    return done.stdout + done.stderr
