"""Which columns of a file mean what: by what a person says of them, and else by the file's layout."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

from pricing_data.usage_files.layout import CHARGES, IGNORE, MEANINGS, ExportLayout, plain_name

# Days, names and charges may stand in a file in several forms. Of a count or a term there is one.
MAY_NOT_DIFFER = frozenset(MEANINGS) - {"model", "date", *CHARGES, IGNORE}


@dataclass(frozen=True, slots=True)
class ReadingOptions:
    """What a person says of a file: the day of rows without one, what columns mean, and how numbers are written."""

    as_of: date | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    separator: str | None = None
    decimal_comma: bool | None = None


class DuplicateColumn(NamedTuple):
    """A column that is not used, and the one of the same meaning that is used in its stead."""

    meaning: str
    name: str
    place: int
    used_name: str
    used_place: int


def places_of(layout: ExportLayout, header: Sequence[str], columns: Mapping[str, str]) -> list[tuple[str, int]]:
    """Return where each meaning stands, by what a person says of columns, and else by the layout."""
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
    """Return the columns that a layout does not know, and where they stand."""
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
    """Return the columns that hold what another column was taken for: names of the layout that were not used."""
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
    """Return two columns that a person gave the same meaning, None if there are none."""
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
    """Return what "name=ours" says. Raise ValueError with a sentence."""
    name, equals, meaning = text.rpartition("=")
    if not equals or not name or meaning not in MEANINGS:
        raise ValueError(f"{text!r} is not NAME=OURS, where OURS is one of {', '.join(MEANINGS)}.")
    return name, meaning
