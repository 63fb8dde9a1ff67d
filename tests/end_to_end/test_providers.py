"""Providers' counts through the served API."""

from pathlib import Path

import httpx2

from tests.end_to_end.server import running
from tests.service.tokens.providers import fake_provider

TEXT = "Felis nunc phasellus arcu ad bibendum elementum taciti."


def test_a_provider_counts_only_where_an_estimate_is_asked_for(tmp_path: Path) -> None:
    """With the setting, `estimate` is answered by the provider; after it is gone, by the estimate, and never an error.
    The key is nowhere in the server's output."""
    with fake_provider.running() as fake:
        settings = {
            "PROVIDER_COUNTS": "anthropic",
            "ANTHROPIC_API_KEY": fake_provider.KEY,
            "ANTHROPIC_URL": fake.url,
            "LOG_LEVEL": "debug",
        }
        with running(tmp_path / "data", settings) as server:

            def entry(text: str = TEXT, **flags: bool) -> dict[str, object]:
                body = {"input": text, "type": "text", "models": ["claude-opus-4-5"], **flags}
                headers = {"X-Api-Key": server.demo_key}
                answer = httpx2.post(f"{server.url}/v1/tokens/count", json=body, headers=headers)
                assert answer.status_code == 200
                found: dict[str, object] = answer.json()[0]
                return found

            assert entry()["token_count"] is entry(detail=True)["token_count"] is None
            assert fake.asked == []
            counted = entry(estimate=True)
            assert (counted["token_count"], counted["method"]) == (18, "provider")
            assert (counted["vocabulary"], counted["estimator"], counted["estimate_error"]) == (None, None, None)
            assert counted["token_cost"]
            fake.status = 500
            assert entry(estimate=True)["method"] == "provider"  # remembered
            estimated = entry(TEXT + " ", estimate=True)
            assert (estimated["method"], estimated["estimator"]) == ("estimate", "claude-3")
            server.stop()
            assert "provider_count_failed" in server.text
            assert fake_provider.KEY not in server.text
