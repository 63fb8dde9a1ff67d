"""Which estimator each model has, and that estimates are given only on request."""

from decimal import Decimal
from pathlib import Path

import pytest

from tokenizer_registry import BadCatalogue, Count, Registry, UnknownModel, UnknownVocabulary
from tokenizer_registry.approximation.estimators import Basis, ErrorBand, Estimator, read_estimators

TEXT = "Felis nunc phasellus arcu ad bibendum elementum taciti."
ROW = """
[[estimator]]
name = "large"
vocabulary = "deepseek-v3"
basis = "spread"
peers = ["o200k_base"]
reason = "of that size"
models = ["grok-4"]
[estimator.error]
ascii = ["-0.1", "0.2"]
accented = ["-0.1", "0.2"]
scripts = ["-0.1", "0.2"]
"""


@pytest.fixture(scope="module")
def registry() -> Registry:
    """Return the shipped registry, with models and estimators."""
    return Registry.from_package()


def read(tmp_path: Path, text: str) -> tuple[Estimator, ...]:
    """Return the estimators of a file with this text, for one model and two vocabularies."""
    path = tmp_path / "estimates.toml"
    path.write_text(text, encoding="utf-8")
    return read_estimators(path, {"grok-4"}, {"deepseek-v3", "o200k_base"})


def test_estimates_come_only_where_asked_for(registry: Registry) -> None:
    """A model without a vocabulary gets a labelled estimate on request, otherwise none; an exact count stays exact."""
    names = ["claude-opus-4-5", "gpt-4o", "grok-4", "pplx-7b-online", "claude-opus-4-5"]
    plain, estimated = registry.count(TEXT, names), registry.count(TEXT, names, estimate=True)
    assert [count.method for count in plain] == ["none", "exact", "none", "none", "none"]
    assert [count.method for count in estimated] == ["estimate", "exact", "estimate", "none", "estimate"]
    assert estimated[1] == plain[1] == Count(14, "o200k_base", "exact")
    assert estimated[3] == plain[3] == Count(None, None, "none")
    margin = ErrorBand(Decimal("-0.01"), Decimal("0.01"), Basis.RECONSTRUCTION)
    assert estimated[0] == estimated[4] == Count(19, None, "estimate", "claude-3", margin)


def test_every_estimate_has_a_band_around_it(registry: Registry) -> None:
    """Every estimated model has a band that contains 0, and whose lower side is above -100 percent."""
    counts = registry.count(TEXT, list(registry.models), estimate=True)
    estimated = [count for count in counts if count.method == "estimate"]
    assert len(estimated) > 100
    for count in estimated:
        assert count.tokens
        assert count.vocabulary is None
        assert count.estimator in registry.estimates.estimators
        assert count.error is not None
        assert -1 < count.error.low <= 0 <= count.error.high


@pytest.mark.parametrize("text", ["", "a", " a\n", "😀" * 50])
def test_the_empty_text_is_nothing(registry: Registry, text: str) -> None:
    """Every estimate of the empty text is 0, and that of a visible text is not."""
    counts = registry.count(text, list(registry.models), estimate=True)
    assert {count.tokens == 0 for count in counts if count.method == "estimate"} == {text == ""}


def test_a_vocabulary_wins_over_an_estimator(registry: Registry) -> None:
    """A model with a vocabulary is never estimated, even if an estimator lists it."""
    here = [name for name, model in registry.models.items() if model.vocabulary in registry.vocabularies]
    assert here
    assert all(registry.estimator(name) is None for name in here)
    assert registry.estimator("grok-4") is registry.estimates.estimators["large"]
    with pytest.raises(UnknownModel):
        registry.estimator("gpt-9")


def test_reconstructions_are_no_vocabularies(registry: Registry) -> None:
    """Reconstructions count by name, are loaded once, and return no tokens."""
    assert not set(registry.estimates.reconstructions) & set(registry.vocabularies)
    assert registry.counter("claude-3-reconstruction") is registry.counter("claude-3-reconstruction")
    assert registry.counter("claude-3-reconstruction").name == "claude-3-reconstruction"
    assert not hasattr(registry.counter("claude-3-reconstruction"), "encode")
    with pytest.raises(UnknownVocabulary):
        registry.vocabulary("claude-3-reconstruction")
    with pytest.raises(UnknownVocabulary):
        registry.counter("x900k")


def test_preload_loads_every_reconstruction() -> None:
    """Each reconstruction is reported once it is loaded."""
    heard: list[str] = []
    registry = Registry.from_package()
    registry.estimates.preload(heard.append)
    assert heard == list(registry.estimates.reconstructions)


def test_every_licence_travels_along(registry: Registry) -> None:
    """Each reconstruction has its licence beside it, and is listed as usable for estimates only."""
    folder = Path(__file__).parents[3] / "tokenizer_registry" / "approximation" / "LICENSES"
    for spec in registry.estimates.reconstructions.values():
        assert "estimate only" in spec.licence.name
        assert all((folder / file).stat().st_size > 0 for file in spec.licence.files)


def test_a_row_is_read(tmp_path: Path) -> None:
    """Every field of a row is read."""
    (estimator,) = read(tmp_path, ROW)
    assert (estimator.name, estimator.vocabulary, estimator.models) == ("large", "deepseek-v3", ("grok-4",))
    assert set(estimator.bands.values()) == {ErrorBand(Decimal("-0.1"), Decimal("0.2"), Basis.SPREAD)}


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('"deepseek-v3"', '"v9"', "no vocabulary 'v9'"),
        ('["o200k_base"]', '["v9"]', "no vocabulary 'v9'"),
        ('["grok-4"]', '["grok-9"]', "no model 'grok-9'"),
        ('["grok-4"]', '["grok-4", "grok-4"]', "'grok-4' is taken"),
        ('"spread"', '"guess"', "basis must be one of reconstruction, spread"),
        ('ascii = ["-0.1", "0.2"]', "", "ascii must be two decimals"),
        ('ascii = ["-0.1", "0.2"]', 'ascii = ["-0.1", "x"]', "ascii must be two decimals"),
        ('ascii = ["-0.1", "0.2"]', 'ascii = ["-1", "0.2"]', "must be from above -1 to 0"),
        ('ascii = ["-0.1", "0.2"]', 'ascii = ["0.1", "0.2"]', "must be from above -1 to 0"),
        ('reason = "of that size"', "", "reason is missing"),
        ('reason = "of', 'why = "x"\nreason = "of', "unknown key why"),
        ("[estimator.error]", "[estimator.error]\nmore = []", "unknown key more"),
    ],
)
def test_each_fault_of_a_row_is_named(tmp_path: Path, old: str, new: str, fault: str) -> None:
    """An invalid row is refused with a sentence that names the fault."""
    with pytest.raises(BadCatalogue, match=fault):
        read(tmp_path, ROW.replace(old, new))


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    """Two estimators of the same name are refused."""
    again = ROW.replace('["grok-4"]', "[]")
    with pytest.raises(BadCatalogue, match="'large' is taken by an earlier estimator"):
        read(tmp_path, ROW + again)
