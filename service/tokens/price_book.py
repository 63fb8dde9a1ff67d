"""The price book in use: the refreshed one or the packaged one, with the operator's own prices applied."""

from collections.abc import Container
from datetime import date
from pathlib import Path

from pricing_data import BadPricesFile, PriceBook
from pricing_data.book import PACKAGED
from pricing_data.book.overrides import PricesFile, read_prices_file
from pricing_data.dates import begin_of

FOLDER, BOOK, NOTES = "prices", "prices.jsonl", "prices.notes.jsonl"


def refreshed_path(data_dir: Path) -> Path:
    """Return the path of the refreshed price book in the data folder."""
    return data_dir / FOLDER / BOOK


def notes_path(book_path: Path) -> Path:
    """Return the path of the notes that belong to a price book."""
    return book_path.with_name(NOTES)


def newest_book(data_dir: Path) -> tuple[PriceBook, Path]:
    """Return the newer of the packaged and the refreshed book, and its path. Raise DamagedBook, OSError."""
    packaged, path = PriceBook.from_package(), refreshed_path(data_dir)
    if not path.exists():
        return packaged, PACKAGED
    refreshed = PriceBook.from_file(path)
    newer = refreshed.refreshed_at >= packaged.refreshed_at
    return (refreshed, path) if newer else (packaged, PACKAGED)


def book_in_use(data_dir: Path, overrides_path: Path | None, models: Container[str]) -> PriceBook:
    """Return the newest book with the operator's own prices applied. Raise PricingError with every fault, OSError."""
    book, _ = newest_book(data_dir)
    if not overrides_path:
        return book
    own = own_prices(overrides_path, models)
    return book.with_overrides(own.overrides, own.markups)


def lapsed(book: PriceBook, today: date) -> list[str]:
    """Return a sentence for each of the operator's own prices that is no longer valid, or never was."""
    return [
        f"your own price of {model} from {standing.row.effective_from} is no longer valid: {standing.ended}"
        for model, own in book.overrides.items()
        for standing in own
        if standing.ends is not None and standing.ends <= begin_of(today)
    ]


def outside_catalogue(book: PriceBook, models: Container[str]) -> list[str]:
    """Return the names of the operator's own prices that the catalogue lacks: new models, or misspelt ones."""
    return [name for name in book.overrides if name not in models]


def own_prices(path: Path, models: Container[str]) -> PricesFile:
    """Return the operator's own prices and mark-ups. Raise BadPricesFile with every fault.

    Overrides may name models outside the catalogue, such as fine-tuned ones; rows that a refresh uses may not.
    """
    own = read_prices_file(path, free=True)
    if unknown := tuple(f"{name} is not a model of the catalogue" for name in own.renewed_models if name not in models):
        raise BadPricesFile(path, unknown)
    return own
