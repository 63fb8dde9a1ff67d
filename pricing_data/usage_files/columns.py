"""The meanings of a file's columns: those that the user states, else those of the file's layout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from pricing_data.usage_files.layout import CHARGES, IGNORE, MEANINGS, ExportLayout, plain_name

# Meanings that a file must not have twice with different values; dates, models and charges may differ in form.
MAY_NOT_DIFFER = frozenset(MEANINGS) - {"model", "date", *CHARGES, IGNORE}


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """The user's options for a file: the day of rows without one, meanings of columns, and the format of numbers."""

    as_of: date | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    separator: str | None = None
    decimal_comma: bool | None = None


class DuplicateColumn(NamedTuple):
    """An unused column, and the used one with the same meaning."""

    meaning: str
    name: str
    place: int
    used_name: str
    used_place: int


def places_of(layout: ExportLayout, header: Sequence[str], columns: Mapping[str, str]) -> list[tuple[str, int]]:
    """Return each meaning with the index of its column: as the user states, else by the layout."""
    own = {
        columns[name.strip()]: place for place, name in enumerate(header) if columns.get(name.strip(), IGNORE) != IGNORE
    }
    plain = {
        plain_name(name): place for place, name in reversed(list(enumerate(header))) if name.strip() not in columns
    }
    found = {
        meaning: next((plain[name] for name in names if name in plain), None)
        for meaning, names in layout.columns.items()
    }
    known = {meaning: place for meaning, place in found.items() if place is not None}
    return list({**known, **own}.items())


def unknown_columns(
    layout: ExportLayout, header: Sequence[str], places: Sequence[tuple[str, int]], columns: Mapping[str, str]
) -> list[tuple[str, int]]:
    """Return the name and index of each column that the layout does not know."""
    used = {place for _, place in places}
    known = {name for names in layout.columns.values() for name in names} | set(layout.without_effect)
    return [
        (name.strip(), place)
        for place, name in enumerate(header)
        if place not in used
        and columns.get(name.strip()) != IGNORE
        and (plain_name(name) not in known or name.strip() in columns)
    ]


def duplicates_of(
    layout: ExportLayout, header: Sequence[str], places: Sequence[tuple[str, int]], columns: Mapping[str, str]
) -> list[DuplicateColumn]:
    """Return the unused columns whose meaning another column already has."""
    used = dict(places)
    meanings = {name: meaning for meaning, names in layout.columns.items() for name in names}
    return [
        DuplicateColumn(meaning, name.strip(), place, header[used[meaning]].strip(), used[meaning])
        for place, name in enumerate(header)
        if place not in used.values()
        and name.strip() not in columns
        and (meaning := meanings.get(plain_name(name))) in used
    ]


def meaning_given_twice(columns: Mapping[str, str]) -> tuple[str, str] | None:
    """Return two columns to which the user gave the same meaning, None if there are none."""
    first: dict[str, str] = {}
    for name, meaning in columns.items():
        if meaning != IGNORE and first.setdefault(meaning, name) != name:
            return first[meaning], name
    return None


def without_effect_of(layout: ExportLayout, header: Sequence[str]) -> dict[str, str]:
    """Return the columns that are known to have no effect on a price, with the reason."""
    there = {plain_name(name): name.strip() for name in header}
    return {there[name]: reason for name, reason in layout.without_effect.items() if name in there}


def column_option(text: str) -> tuple[str, str]:
    """Return column and meaning of an option "NAME=OURS". Raise ValueError with a sentence for the user."""
    name, equals, meaning = text.rpartition("=")
    if not equals or not name or meaning not in MEANINGS:
        raise ValueError(f"{text!r} is not NAME=OURS, where OURS is one of {', '.join(MEANINGS)}.")
    return name, meaning
