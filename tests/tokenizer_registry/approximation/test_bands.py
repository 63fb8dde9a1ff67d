"""Error bands: which band applies to a text, and that the shipped bands are the measured ones."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.build_estimates import PLAN, bands_of, counts_for
from scripts.estimates.plan import read_plan, taken_models
from scripts.estimates.spread import bands, counted, pairs
from tokenizer_registry import Registry
from tokenizer_registry.approximation.estimators import ScriptClass, script_of
from tokenizer_registry.approximation.samples import SampleText, samples


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("", ScriptClass.ASCII),
        ("plain", ScriptClass.ASCII),
        ("x" * 199 + "é", ScriptClass.ASCII),
        ("x" * 198 + "é", ScriptClass.ACCENTED),
        ("xxxé", ScriptClass.ACCENTED),
        ("xxé", ScriptClass.SCRIPTS),
        ("中文", ScriptClass.SCRIPTS),
    ],
)
def test_the_kind_of_a_text(text: str, script: ScriptClass) -> None:
    """Up to 5 in 1,000 characters outside ASCII are ASCII, up to a quarter accented, more are other scripts."""
    assert script_of(text) is script


@given(text=st.text(st.sampled_from("aé中"), max_size=300))
def test_the_kind_is_a_matter_of_shares(text: str) -> None:
    """The kind of a text depends on shares, so a repeated text is of the same kind."""
    assert script_of(text * 3) is script_of(text)


def test_every_kind_of_text_is_measured() -> None:
    """The corpus has at least ten texts in each kind, so that no band rests on one of them."""
    found = [script_of(sample.text) for sample in samples()]
    assert all(found.count(script) >= 10 for script in ScriptClass)


def test_the_shipped_bands_are_the_measured_ones() -> None:
    """Measured again on the shipped corpus with the shipped vocabularies, every band equals that in estimates.toml."""
    registry, plan = Registry.from_package(), read_plan(PLAN)
    counts = counts_for(registry, plan)
    for planned in plan:
        shipped = registry.estimates.estimators[planned.name]
        measured = {script: (band.low, band.high) for script, band in shipped.bands.items()}
        assert bands_of(planned, counts) == measured, "run `make estimates`"
        assert (shipped.vocabulary, shipped.peers, shipped.reason) == (
            planned.vocabulary,
            planned.peers,
            planned.reason,
        )


def test_the_documentation_has_the_bands() -> None:
    """docs/estimates.md has a row for each estimator, with its vocabulary and its bands in percent."""
    text = (Path(__file__).parents[3] / "docs" / "estimates.md").read_text(encoding="utf-8").replace("−", "-")
    for name, estimator in Registry.from_package().estimates.estimators.items():
        ranges = [f"{band.low * 100:.0f} to {band.high * 100:+.0f} %" for band in estimator.bands.values()]
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `{name}` | {estimator.vocabulary} |")]
        assert row.endswith(f"| {' | '.join(ranges)} |")


def test_the_shipped_models_are_the_planned_ones() -> None:
    """Every model without a vocabulary that a pattern matches is listed, with that estimator."""
    registry, plan = Registry.from_package(), read_plan(PLAN)
    for name, models in taken_models(plan, registry.models.values()).items():
        assert set(models) <= set(registry.estimates.estimators[name].models), "run `make estimates`"


def test_every_pattern_is_of_use() -> None:
    """Each pattern of the plan matches some model in the catalogue."""
    registry = Registry.from_package()
    for planned in read_plan(PLAN):
        for pattern in planned.patterns:
            alone = replace(planned, patterns=(pattern,))
            assert any(map(alone.takes, registry.models.values())), f"{planned.name}: {pattern}"


def test_a_mirrored_band_is_as_wide_the_other_way() -> None:
    """A peer that needs half the tokens implies a model that needs twice as many."""
    sample = SampleText("a", "b", "text")
    found = pairs("own", ["half"], [sample], {"own": [100], "half": [50]}, mirrored=True)
    assert [float(pair.error) for pair in found] == [-0.5, 1.0]


def test_a_band_is_the_range_of_the_errors_outward() -> None:
    """By hand: against 100 tokens, peers with 90 and 131 give -10 % and 31 %; the vocabulary itself is left out."""
    texts = [SampleText("a", name, text) for name, text in (("1", "text"), ("2", "xxxé"), ("3", "中文"))]
    tokens = {"own": 100, "less": 90, "more": 131}
    counts = counted([*tokens], texts, lambda name, _: tokens[name])
    found = bands(pairs("own", ["own", "less", "more"], texts, counts), texts)
    assert found == dict.fromkeys(ScriptClass, (Decimal("-0.10"), Decimal("0.31")))
