"""`POST /v1/cost` with plans, and what an account pays besides."""

import json
import os
import subprocess
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.end_to_end.server import COMMAND, running

PATH = "/v1/cost"
PLAN = {"models": ["gpt-4o", "gpt-4o-mini", "gpt-99"], "input_tokens": "2k", "output_tokens": 500, "at": "2026-11-21"}


def body(answer: httpx2.Response) -> Any:
    """The answer's JSON, with exact numbers."""
    assert answer.status_code == 200, answer.text
    return json.loads(answer.text, parse_float=Decimal)


def test_plans_are_answered_the_cheapest_first(client: httpx2.Client) -> None:
    """Each plan has its costs by rising total, and the models without one with the reason."""
    answer = client.post(PATH, json={"plans": [{**PLAN, "calls": "1M", "monthly": True}, {**PLAN, "models": ["*"]}]})
    found = body(answer)
    first, every = found["plans"]
    assert [(cost["model"], cost["per_call"], cost["total"], cost["per_year"]) for cost in first["costs"]] == [
        ("gpt-4o-mini", Decimal("0.0006"), 600, 7200),
        ("gpt-4o", Decimal("0.01"), 10_000, 120_000),
    ]
    assert [entry["model"] for entry in first["unpriced"]] == ["gpt-99"]
    assert first["usage_per_call"] == {"input_tokens": 2_000, "output_tokens": 500}
    assert (first["calls"], first["monthly"], first["at"]) == (1_000_000, True, "2026-11-21")
    totals = [cost["total"] for cost in every["costs"]]
    assert totals == sorted(totals)
    assert len(totals) > 400
    assert all(entry["reason"] for entry in every["unpriced"])
    assert answer.headers["x-pricing-version"] == found["pricing_version"]


@pytest.mark.parametrize(
    ("request_body", "sentence"),
    [
        ({"plans": []}, "plans: must be a list of 1 to 100 plans."),
        ({"plans": [PLAN] * 101}, "plans: must be a list of 1 to 100 plans."),
        ({"plans": [{**PLAN, "models": ["*"]}] * 20}, "plans: send at most 10,000 models in all plans together."),
        ({"plans": [PLAN, 5]}, "plans[1].plan: must be an object, not 5."),
        ({"plans": [PLAN, {**PLAN, "calls": "many"}]}, "plans[1].calls: must be a whole number, 0 or more"),
        ({"plans": [PLAN], "at": "2026-01-01"}, "at: is not a property of a request with plans."),
    ],
)
def test_a_bad_plan_is_refused_by_its_place(client: httpx2.Client, request_body: Any, sentence: str) -> None:
    """One sentence names the plan, the property and its value."""
    answer = client.post(PATH, json=request_body)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(sentence)


def test_what_an_account_pays_besides_is_shown_apart(tmp_path: Path) -> None:
    """A mark-up stands beside unchanged costs, of usages and of plans; an account without one sees none."""
    environ = {**os.environ, "WEIGHBRIDGE_DATA_DIR": str(tmp_path / "data")}
    created = subprocess.run(
        [*COMMAND, "accounts", "create", "reseller"], env=environ, capture_output=True, text=True, check=True
    )
    account, own = created.stdout.split()[1], tmp_path / "own.toml"
    own.write_text(f'[[markup]]\naccount = "{account}"\npercent = "12.5"\n', encoding="utf-8")
    usage = {"model": "gpt-4o", "usage": {"prompt_tokens": 1_000, "completion_tokens": 0}, "at": "2026-11-21"}
    with running(tmp_path / "data", {"PRICE_OVERRIDES": str(own)}) as server:
        key, other = server.new_key("reseller"), server.new_key("other")
        with httpx2.Client(base_url=server.url, headers={"X-Api-Key": key}) as client:
            one, (of_list,) = body(client.post(PATH, json=usage)), body(client.post(PATH, json=[usage]))
            unpriced = body(client.post(PATH, json={**usage, "at": "2001-01-01"}))
            (planned,) = body(client.post(PATH, json={"plans": [PLAN]}))["plans"]
            client.headers["X-Api-Key"] = other
            without = body(client.post(PATH, json=usage))
    for found in (one, of_list):
        assert (found["total"], found["markup_percent"], found["markup_cost"]) == (
            Decimal("0.0025"), Decimal("12.5"), Decimal("0.0003125"),
        )  # fmt: skip
    assert (unpriced["total"], unpriced["markup_cost"]) == (None, None)
    assert [cost["markup_cost"] for cost in planned["costs"]] == [Decimal("0.000075"), Decimal("0.00125")]
    assert "markup_cost" not in without
