"""Names of models over a small catalogue and an empty price book, for tests."""

from datetime import date
from pathlib import Path

from corpus_cost.model_names import ModelNames
from pricing_data import PriceBook
from pricing_data.book.lines import BookLines
from tokenizer_registry import Model, Registry


def names_of_models(*names: str, author: str = "OpenAI") -> ModelNames:
    """Return the names of models of one author, none of which has a vocabulary or a price."""
    models = [Model(name, author, name, reason="made up") for name in names]
    book = PriceBook(BookLines(Path("none"), (), (), date(2026, 1, 1), (), ""))
    return ModelNames(Registry(models, (), Path("none")), book)
