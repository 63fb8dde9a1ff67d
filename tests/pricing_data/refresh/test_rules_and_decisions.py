"""The curated files of rules and decisions: every slip is refused and named, and the packaged ones say why."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from pricing_data.errors import DamagedCuration
from pricing_data.refresh.decisions import decision_for, read_decisions
from pricing_data.refresh.model_rules import read_model_rules
from pricing_data.refresh.provider_rules import read_provider_rules, values_from_rules
from pricing_data.refresh.tariff_values import place_of, tariff_of, values_of
from scripts.build_prices import UPSTREAM

RULE = 'providers = ["x"]\nmodels = ["*"]\nfactor = "0.5"\nsince = 2025-01-01\nurl = "https://example.org"\n'
DECISION = 'model = "a"\npaths = ["input"]\nreason = "r"\n'


@pytest.mark.parametrize("rest", ["", 'rates = ["input"]\nregion = "us"', 'rates = ["input"]\nfactr = "1"'])
def test_a_bad_rule_is_named(tmp_path: Path, rest: str) -> None:
    """A rule without rates or region, with both, or with a misspelt field is refused."""
    path = tmp_path / "rules.toml"
    path.write_text(f"[[rule]]\n{RULE}{rest}\n", encoding="utf-8")
    with pytest.raises(DamagedCuration) as caught:
        read_provider_rules(path)
    assert caught.value.entry == "rule 1"


@pytest.mark.parametrize(
    "rest",
    [
        "",
        'take = "litellm"\nunknown = true',
        'value = "0.1"',
        'value = "a lot"\nurl = "https://example.org"',
        'take = "litellm"\nvalu = "1"',
        'take = "litellm"\nmodels = ["b"]',
    ],
)
def test_a_bad_decision_is_named(tmp_path: Path, rest: str) -> None:
    """A decision without a verdict, with two, with an uncited value or a misspelt field is refused."""
    path = tmp_path / "decisions.toml"
    path.write_text(f"[[decision]]\n{DECISION}{rest}\n", encoding="utf-8")
    with pytest.raises(DamagedCuration) as caught:
        read_decisions(path)
    assert caught.value.entry == "decision 1"


def test_packaged_decisions_are_about_models_and_paths() -> None:
    """Each decision names a model of the catalogue and a path that a tariff can have; each rule cites a page."""
    known = read_model_rules(UPSTREAM)
    for model, decisions in read_decisions().items():
        assert model in known
        for decision in decisions:
            if decision.path == "schedule":
                continue
            path = decision.path.replace("*", "input")
            value = decision.value or Decimal("0.000001")
            assert place_of(path) is not None
            assert values_of(tariff_of({path: value})) == {path: value}
            assert decision.reason
    assert all((rule.source.url or "").startswith("https://") for rule in read_provider_rules())


def test_a_decision_holds_from_its_instant_until_another_one() -> None:
    """The price of DeepSeek's promotion held until 16:00 UTC of its last day."""
    decisions = read_decisions()["deepseek-chat"]
    found = decision_for(decisions, "input", datetime(2025, 2, 8, 15, 59, tzinfo=UTC))
    assert found is not None
    assert found.value == Decimal("0.00000014")
    assert decision_for(decisions, "input", datetime(2025, 2, 8, 16, tzinfo=UTC)) is None


def test_rules_see_what_earlier_rules_gave() -> None:
    """A batch halves what a cache costs by an earlier rule, in every tier, and nothing before its day."""
    rules = [
        rule for rule in read_provider_rules() if rule.concerns("claude-opus-4-6", {"anthropic"}, {"cached_input"})
    ]
    values = {"input": Decimal("0.000005"), "input>200000": Decimal("0.00001")}
    given = {path: value for path, value, _ in values_from_rules(rules, values, datetime(2026, 3, 1, tzinfo=UTC))}
    assert given["batch.cached_input"] == Decimal("0.00000025")
    assert given["batch.cache_write>200000"] == Decimal("0.00000625")
    assert given["region.us"] == Decimal("1.1")
    assert list(values_from_rules(rules, values, datetime(2024, 8, 1, tzinfo=UTC))) == []
