"""Lists of models: by family and generation, and unknown values last in both directions."""

from dataclasses import replace
from datetime import date

import pytest

from service.tokens.model_orders import ORDERS, CatalogueRow, in_order, name_key
from tokenizer_registry import Model
from tokenizer_registry.facts import NO_FACTS, Fact


@pytest.mark.parametrize(
    "names",
    [
        ["claude-opus-5", "claude-opus-4-5", "claude-3-opus-20240229", "claude-2.1", "claude-1", "claude-instant-1"],
        ["gpt-6-sol", "gpt-5", "gpt-5-2025-08-07", "gpt-4o-2024-05-13", "gpt-3.5-turbo-0125", "gpt-oss-120b"],
        ["llama-4-scout-17b-16e", "llama-3.3-70b-instruct", "llama-2-7b", "llama-65b"],
        ["qwen3.8-max", "qwen2.5-0.5b-instruct", "qwen-plus-2025-12-01", "qwen-turbo"],
    ],
)
def test_newest_generation_of_a_family_first(names: list[str]) -> None:
    """A size in billions and a date are no generation."""
    generations = [name_key(name)[1] for name in names]
    assert generations == sorted(generations)
    assert len({name_key(name)[0] for name in names}) == 1


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("order", ORDERS)
def test_unknown_values_come_last(order: str, reverse: bool) -> None:
    """In both directions, and models of equal values by name."""
    sizes = {"b-2": 8_000, "a-1": 8_000, "c": None, "d": 128_000}
    models = [listed(name, size) for name, size in sizes.items()]
    names = [each.model.name for each in in_order(models, order, reverse=reverse)]
    assert sorted(names) == sorted(sizes)
    if order in ("context", "released", "retires"):
        assert names[-1] == "c"
        assert names.index("a-1") < names.index("b-2") or reverse
        assert (names[0] == "d") is (ORDERS[order].largest_first is not reverse)


def listed(name: str, size: int | None) -> CatalogueRow:
    """Return a model whose facts grow with a size."""
    if size is None:
        return CatalogueRow(Model(name, "Nobody", name), None, NO_FACTS)
    day = Fact(date.fromordinal(size), "made", "single", date(2026, 1, 1))
    window = Fact(size, "made", "single", date(2026, 1, 1))
    return CatalogueRow(
        Model(name, "Author", name), None, replace(NO_FACTS, context_window=window, released=day, retires=day)
    )
