"""Models with their price and facts, and the orders in which lists of them are shown, on pages and by the command."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pricing_data import Price
from tokenizer_registry import Model
from tokenizer_registry.facts import ModelFacts, value_of

# A number in a name, unless it is a size in billions or a date: the generation of the model.
GENERATION = re.compile(r"(?<![\d.])(\d{1,2}(?:\.\d+)?)(?![\d.]*[bm]?\d)(?!\.?\d*[bm]\b)", re.ASCII)
DATE = re.compile(r"-\d{4}-\d\d-\d\d|-\d{6,8}(?!\d)", re.ASCII)
FAMILY = re.compile(r"[a-z]+", re.ASCII)


class CatalogueRow(NamedTuple):
    """A model with its price on a day, and what is known of it."""

    model: Model
    price: Price | None
    facts: ModelFacts

    @property
    def is_priced(self) -> bool:
        """Return whether its input has a price."""
        return self.price is not None and self.price.input is not None


class Order(NamedTuple):
    """An order of models: its name on pages, the value that is compared, and whether the largest comes first.

    All values are of one type; None is not known, and comes last in both directions.
    """

    words: str
    value: Callable[[CatalogueRow], Any]
    largest_first: bool = False


def name_key(name: str) -> tuple[str, float, str]:
    """Return a key by family, then newest generation first: claude-opus-5, claude-3-opus, claude-2, gpt-5, gpt-4o."""
    family = FAMILY.match(name)
    generation = GENERATION.search(DATE.sub("", name))
    return family[0] if family else name, -float(generation[1]) if generation else 0.0, name


ORDERS: Mapping[str, Order] = {
    "released": Order("Newest first", lambda each: value_of(each.facts.released), largest_first=True),
    "name": Order("Name", lambda each: name_key(each.model.name)),
    "context": Order("Context window", lambda each: value_of(each.facts.context_window), largest_first=True),
    "price": Order("Input price", lambda each: each.price.input if each.price else None),
    "output-price": Order("Output price", lambda each: each.price.output if each.price else None),
    "cached-price": Order("Cached price", lambda each: each.price.cached_input if each.price else None),
    "modalities": Order("Modalities", lambda each: _modalities(each.facts), largest_first=True),
    "retires": Order("Retirement", lambda each: value_of(each.facts.retires)),
}
NEWEST_FIRST = "released"


def in_order(models: Sequence[CatalogueRow], order: str, *, reverse: bool = False) -> list[CatalogueRow]:
    """Return models sorted, those of equal values by name, and those of unknown values last."""
    value, largest_first = ORDERS[order].value, ORDERS[order].largest_first
    by_name = sorted(models, key=lambda each: name_key(each.model.name))
    known = [each for each in by_name if value(each) is not None]
    unknown = [each for each in by_name if value(each) is None]
    return sorted(known, key=value, reverse=largest_first is not reverse) + unknown


def _modalities(facts: ModelFacts) -> int | None:
    """Return how many kinds of input the model takes."""
    taken = value_of(facts.input_modalities)
    return len(taken) if taken else None
