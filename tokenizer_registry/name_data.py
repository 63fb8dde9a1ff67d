"""The data behind names: aliases, prefixes, hosts and endings, read from names.toml at the first use."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

from tokenizer_registry.catalogue import TomlRow, read_catalogue

NAMES_FILE: Final = Path(__file__).parent / "names.toml"
SNAPSHOTS_FILE: Final = Path(__file__).parent / "name_snapshots.toml"


class NamePrefix(NamedTuple):
    """What a path before a name says. `author` made the model; `host` sells it, and is not named for `owner`'s models.

    `region` is where calls with the prefix are served; `regions` may follow the host in the path. `is_closed`: only the
    host's own aliases are names there. `has_vendors`: names there are VENDOR.NAME.
    """

    evidence: str
    author: str | None = None
    host: str | None = None
    owner: str | None = None
    region: str | None = None
    regions: frozenset[str] = frozenset()
    is_closed: bool = False
    has_vendors: bool = False


class NameEnding(NamedTuple):
    """What an ending of a name (":free", "-fp8") says.

    `same_price_for`: authors whose models cost the same with it. `only_for`, `hosts`: the authors whose models have it,
    and the hosts that write it; any if empty.
    """

    evidence: str
    service: str | None = None
    is_free: bool = False
    same_price_for: frozenset[str] = frozenset()
    only_for: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()


class PublishedAlias(NamedTuple):
    """A name that somebody published for a model; `host` where only that host calls it so.

    `needs_host`: without the host the name may mean another model.
    """

    name: str
    model: str
    evidence: str
    host: str | None = None
    needs_host: bool = False


class NameData(NamedTuple):
    """The contents of names.toml. Keys are in lower case; `plain_regions` cost nothing extra."""

    prefixes: Mapping[str, NamePrefix]
    leading_words: Mapping[str, NamePrefix]
    offers: Mapping[str, NameEnding]
    weights: Mapping[str, NameEnding]
    bedrock_regions: frozenset[str]
    plain_regions: frozenset[str]
    commitments: frozenset[str]
    aliases: tuple[PublishedAlias, ...]
    evidence: Mapping[str, str]


@cache
def shipped_name_data() -> NameData:
    """Return the data of the package, read once. Raise BadCatalogue."""
    return read_name_data(NAMES_FILE, SNAPSHOTS_FILE)


def read_name_data(path: Path, snapshots: Path) -> NameData:
    """Return the data of a file and the aliases of another. Raise BadCatalogue."""
    document, dated = read_catalogue(path), read_catalogue(snapshots)
    evidence, regions = _texts(document.table("evidence")), document.table("regions")
    prefixes = _organisations(document.table("organisations"), evidence["organisation"])
    prefixes |= {text: prefix for row in document.tables("prefix") for text, prefix in _prefixes(row)}
    found = NameData(
        prefixes=prefixes,
        leading_words={word: prefixes[word] for word in document.texts("leading_words")},
        offers={text: ending for row in document.tables("offer") for text, ending in _endings(row)},
        weights={text: ending for row in document.tables("weights") for text, ending in _endings(row)},
        bedrock_regions=frozenset(regions.texts("bedrock")),
        plain_regions=frozenset(regions.texts("plain")),
        commitments=frozenset(regions.texts("commitments")),
        aliases=tuple(alias for part in (document, dated) for row in part.tables("aliases") for alias in _aliases(row)),
        evidence=evidence,
    )
    regions.finish()
    document.finish()
    dated.finish()
    return found


def _organisations(row: TomlRow, evidence: str) -> dict[str, NamePrefix]:
    prefixes = {author: NamePrefix(evidence, author) for author in row.keys_left()}
    return {text: prefix for author, prefix in prefixes.items() for text in row.texts(author)}


def _prefixes(row: TomlRow) -> list[tuple[str, NamePrefix]]:
    prefix = NamePrefix(
        evidence=row.text("evidence"),
        author=row.optional_text("author"),
        host=row.optional_text("host"),
        owner=row.optional_text("owner"),
        region=row.optional_text("region"),
        regions=frozenset(row.texts("regions")),
        is_closed=row.flag("is_closed"),
        has_vendors=row.flag("has_vendors"),
    )
    found = [(text, prefix) for text in row.texts("paths")]
    row.finish()
    return found


def _endings(row: TomlRow) -> list[tuple[str, NameEnding]]:
    ending = NameEnding(
        evidence=row.text("evidence"),
        service=row.optional_text("service"),
        is_free=row.flag("is_free"),
        same_price_for=frozenset(row.texts("same_price_for")),
        only_for=frozenset(row.texts("only_for")),
        hosts=frozenset(row.texts("hosts")),
    )
    found = [(text, ending) for text in row.texts("endings")]
    row.finish()
    return found


def _aliases(row: TomlRow) -> list[PublishedAlias]:
    """Return the aliases of a group; its date is part of the evidence."""
    evidence, date, host = row.text("evidence"), row.optional_text("date"), row.optional_text("host")
    dated = f"{evidence} ({date})" if date else evidence
    needs_host = row.flag("needs_host")
    names = _texts(row.table("names"))
    found = [PublishedAlias(name, model, dated, host, needs_host) for name, model in names.items()]
    for key in ("source", "sha256", "licence"):
        row.optional_text(key)
    row.finish()
    return found


def _texts(row: TomlRow) -> dict[str, str]:
    """Return a table of strings."""
    return {key: row.text(key) for key in row.keys_left()}
