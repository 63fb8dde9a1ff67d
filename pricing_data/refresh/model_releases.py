"""The release day of each model, and how far back a book's prices reach."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pricing_data.book import PriceBook
from pricing_data.data import DATA
from pricing_data.errors import DamagedCuration

PATH = DATA / "model_releases.toml"


@dataclass(frozen=True, slots=True)
class ModelRelease:
    """The day of a model's release, and what states it: a package, its version and its entry, or "name"."""

    released: date
    source: str


def read_model_releases(path: Path = PATH) -> Mapping[str, ModelRelease]:
    """Return the releases by model name. Raise DamagedCuration, which names the model, or OSError."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))["models"]
    except (ValueError, KeyError) as fault:
        raise DamagedCuration(path, "models", str(fault)) from fault
    return MappingProxyType({model: _release(path, model, entry) for model, entry in raw.items()})


def _release(path: Path, model: str, entry: Any) -> ModelRelease:
    match entry:
        case {"released": datetime()}:
            pass
        case {"released": date() as released, "source": str(source), **others} if source and not others:
            return ModelRelease(released, source)
    raise DamagedCuration(path, model, f"must be {{ released = DAY, source = TEXT }}, not {entry!r:.80}")


DAYS = (date(2025, 1, 1), date(2025, 7, 1), date(2026, 1, 1))
# A price that begins this soon after the release, or before it, reaches back to it.
MAX_DELAY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Coverage:
    """`priced_on` has the count of priced models by day; `since_release` of `released` reach back to their release."""

    priced_on: Mapping[date, int]
    since_release: int
    released: int


def coverage(book: PriceBook, releases: Mapping[str, ModelRelease]) -> Coverage:
    """Return how far a book reaches back, of the models that have a price and a known day of release."""
    firsts = {model: book.history(model)[0].effective_from for model in book.histories}
    known = {model: first for model, first in firsts.items() if model in releases}
    soon = sum(first <= releases[model].released + MAX_DELAY for model, first in known.items())
    return Coverage({day: sum(first <= day for first in firsts.values()) for day in DAYS}, soon, len(known))
