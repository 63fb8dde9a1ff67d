"""`import weighbridge` counts and prices without the service, and says what to pass where an argument is wrong."""

import doctest
import json
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import weighbridge
from tokenizer_registry import UncountableText, UnknownModel

MODULES = tuple(f"weighbridge{name}" for name in ("", ".choosing", ".counting", ".priced_counts", ".pricing"))


@pytest.mark.parametrize("name", MODULES)
def test_examples_answer_as_shown(name: str) -> None:
    """Every example of a docstring gives what it shows."""
    found = doctest.testmod(import_module(name))
    assert found.attempted
    assert not found.failed


def test_every_public_name_has_a_docstring() -> None:
    """`__all__` is complete, and help() explains each name."""
    for name in weighbridge.__all__:
        assert getattr(weighbridge, name).__doc__, name
        assert name in dir(weighbridge)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    """As in any other module."""
    with pytest.raises(AttributeError, match="no attribute 'token_count'"):
        _ = weighbridge.token_count


def test_a_string_in_place_of_a_list_says_what_to_pass() -> None:
    """Each character of a name would be taken for a model otherwise."""
    with pytest.raises(TypeError, match=r"pass \['gpt-4o'\], or use weighbridge.count"):
        weighbridge.counts("x", "gpt-4o")


@pytest.mark.parametrize(
    ("text", "model", "sentence"),
    [
        (b"x", "gpt-4o", "decode the bytes first"),
        (None, "gpt-4o", "text must be a str, not NoneType"),
        ("x", ["gpt-4o"], r"weighbridge.counts\(text, models\) takes several"),
        ("x", 4, "model must be a str"),
    ],
)
def test_arguments_of_the_wrong_type(text: Any, model: Any, sentence: str) -> None:
    """A TypeError names the argument and the next step."""
    with pytest.raises(TypeError, match=sentence):
        weighbridge.count(text, model)


def test_names_of_the_wrong_type() -> None:
    """A list of models has names only."""
    with pytest.raises(TypeError, match="not int"):
        weighbridge.counts("x", ["gpt-4o", 4])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="list of names, not int"):
        weighbridge.counts("x", 4)  # type: ignore[arg-type]


def test_an_unknown_model_and_a_text_that_is_none() -> None:
    """Errors carry the name; a lone surrogate is no text."""
    with pytest.raises(UnknownModel, match="gpt-99"):
        weighbridge.count("x", "gpt-99")
    with pytest.raises(UnknownModel, match=r"x'… \(100000 characters\)") as long:
        weighbridge.count("x", "x" * 100_000)
    assert len(str(long.value)) < 500
    with pytest.raises(UncountableText):
        weighbridge.count("\ud800", "gpt-4o")


def test_counts_keep_order_names_and_reasons() -> None:
    """A generator will do; the same model twice is answered twice; a missing count has its reason."""
    found = weighbridge.counts("hello", (name for name in ("GPT-4o", "gpt-4o", "claude-opus-4-5")))
    assert [each.model for each in found] == ["GPT-4o", "gpt-4o", "claude-opus-4-5"]
    assert [each.resolved_model for each in found] == ["gpt-4o", "gpt-4o", "claude-opus-4-5"]
    assert [each.tokens for each in found] == [1, 1, None]
    assert found[2].reason
    assert found[2].cost is None
    estimated = weighbridge.counts("hello", ["claude-opus-4-5"], estimate=True)[0]
    assert estimated.method == "estimate"
    assert estimated.error is not None
    assert estimated.cost == Decimal(estimated.tokens or 0) * Decimal("0.000005")


def test_the_cheapest_models_cost_what_the_others_do() -> None:
    """The ranking is sorted, its costs are those of `counts` for input alone, and each model is in one of its lists."""
    at = datetime(2026, 11, 1, 12, tzinfo=UTC)
    ranking = weighbridge.cheapest("A text to send.", min_context=100_000, at=at)
    costs = [each.usd for each in ranking.models]
    assert costs == sorted(costs)
    alone = weighbridge.counts("A text to send.", [each.model for each in ranking.models], at=at)
    assert [each.cost for each in alone] == costs
    assert len(ranking.models) + len(ranking.left_out) == len(weighbridge.models())
    with pytest.raises(ValueError, match="no author 'Nobody'"):
        weighbridge.cheapest("x", authors=["Nobody"])


@pytest.mark.parametrize(
    ("output_tokens", "options", "fault", "sentence"),
    [
        (-1, {}, ValueError, "output_tokens must be from 0"),
        (1.5, {}, TypeError, "output_tokens must be an int, not float"),
        (True, {}, TypeError, "output_tokens must be an int, not bool"),
        (10**30, {}, ValueError, "output_tokens must be from 0"),
        (1, {"min_context": 0}, ValueError, "min_context must be from 1"),
        (1, {"modality": "smell"}, ValueError, "modality must be one of text, image"),
        (1, {"service_tier": "fastest"}, ValueError, "service_tier must be one of standard"),
        (1, {"open_weights": "yes"}, TypeError, "open_weights must be True, False or None"),
        (1, {"authors": "OpenAI"}, TypeError, r"authors must be a list of names: pass \['OpenAI'\]"),
        (1, {"authors": [5]}, TypeError, "authors must be a list of names, each a str, not int"),
    ],
)
def test_demands_that_no_model_could_meet(
    output_tokens: Any, options: dict[str, Any], fault: type[Exception], sentence: str
) -> None:
    """They are refused by name, as over HTTP, instead of an empty ranking."""
    with pytest.raises(fault, match=sentence):
        weighbridge.cheapest("x", output_tokens, **options)


@pytest.mark.parametrize(
    ("name", "usd"),
    [
        ("gpt-4o:batch", "0.00000125"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "0.0000033"),
        ("gpt-4o:extended", None),
        ("ft:gpt-4o-2024-08-06:acme::id", None),
    ],
)
def test_a_price_has_the_service_and_the_region_of_the_name(name: str, usd: str | None) -> None:
    """The rate is the one that `cost` charges, or there is none."""
    found = weighbridge.price(name, date(2026, 10, 1))
    charged = weighbridge.cost({"prompt_tokens": 1, "completion_tokens": 0}, model=name, at=date(2026, 10, 1)).total
    assert charged == (None if usd is None else Decimal(usd))
    assert (found and found.input) == charged


def test_the_tiers_of_a_price_are_those_of_the_region() -> None:
    """A prompt of more than 200,000 tokens costs 6 USD by the million, and a tenth more in a region of Bedrock."""
    found = weighbridge.price("us.anthropic.claude-sonnet-4-5-20250929-v1:0", date(2026, 10, 1))
    assert found is not None
    assert [(tier.above_tokens, tier.rates.input) for tier in found.tariff.tiers] == [(200_000, Decimal("0.0000066"))]


def test_an_instant_needs_a_zone() -> None:
    """A price depends on the instant; a local time is not one."""
    with pytest.raises(ValueError, match="no time zone"):
        weighbridge.price("gpt-4o", datetime(2026, 1, 1))
    with pytest.raises(TypeError, match=r"at must be a datetime\.date"):
        weighbridge.price("gpt-4o", "2026-01-01")  # type: ignore[arg-type]
    assert weighbridge.price("gpt-4o", date(2020, 1, 1)) is None


def test_it_works_beside_another_package_called_service(tmp_path: Path) -> None:
    """A folder `service/` of the user's own is neither needed nor imported."""
    (tmp_path / "service").mkdir()
    (tmp_path / "service" / "__init__.py").write_text("raise RuntimeError('not ours')")
    program = (
        "import sys, json, weighbridge as w; "
        "found = [w.count('hello', 'openai/GPT-4o'), float(w.counts('hello', ['gpt-4o'])[0].cost)]; "
        "w.price('gpt-4o'); w.resolve('gpt-4o'); w.models('AI21'); w.cheapest('hello'); "
        "print(json.dumps([*found, 'service' in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [1, 0.0000025, False]
