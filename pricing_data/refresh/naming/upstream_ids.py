"""Which entry of each price source sells a model, proposed for a person to accept."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from pricing_data.refresh.naming.authors import Author, author_of, spellings
from pricing_data.refresh.source_snapshot import SourceSnapshot
from pricing_data.refresh.sources import genai_prices
from pricing_data.refresh.sources.package_file import PinnedPackage, read_member
from pricing_data.refresh.sources.python_literal import ConstructorCall

GENAI = "genai-prices"


def exact_ids(authors: Sequence[Author], snapshot: SourceSnapshot) -> dict[tuple[str, str], str]:
    """By author and name, the key under which the author itself sells that very name."""
    found: dict[tuple[str, str], str] = {}
    for key, offers in sorted(snapshot.offers.items(), key=lambda item: (len(item[0]), item[0])):
        source = offers[-1].source
        known = author_of(authors, snapshot.package, source.provider, source.id)
        if known and known[0].sells(snapshot.package, source.provider):
            found.setdefault((known[0].name, known[1]), key)
    return found


def match(ids: Mapping[tuple[str, str], str], author: str, name: str) -> str | None:
    """The key for a model, whichever way its name is spelt there."""
    by_spelling = {(maker, spelt): key for (maker, sold), key in ids.items() for spelt in spellings(sold)}
    return next((key for spelt in spellings(name) if (key := by_spelling.get((author, spelt)))), None)


class GenaiRules:
    """The rules by which genai-prices itself finds a model, used here only to propose an id."""

    def __init__(self, folder: Path, pin: PinnedPackage, authors: Sequence[Author]) -> None:
        text = read_member(folder, pin, genai_prices.MEMBER).decode("utf-8")
        self._models = list(genai_prices.models(text))
        self._authors = {author.name: author for author in authors}

    def propose(self, author: str, name: str) -> str | None:
        """The key of the first model of the author's own provider that answers to this name."""
        for provider, model in self._models:
            if not self._authors[author].sells(GENAI, str(provider.get("id"))):
                continue
            rule = model.get("match")
            if isinstance(rule, ConstructorCall) and fits(rule, name):
                return f"{provider.get('id')}/{model.get('id')}"
        return None


def fits(rule: ConstructorCall, name: str) -> bool:
    """Whether a name answers to a rule of genai-prices. Raises ValueError for an unknown rule."""
    match rule.name, list(rule.fields.values()):
        case "ClauseEquals", [str(text)]:
            return name == text.lower()
        case "ClauseStartsWith", [str(text)]:
            return name.startswith(text.lower())
        case "ClauseEndsWith", [str(text)]:
            return name.endswith(text.lower())
        case "ClauseContains", [str(text)]:
            return text.lower() in name
        case "ClauseRegex", [str(text)]:
            return re.search(text, name) is not None
        case "ClauseOr", [list(rules)]:
            return any(fits(inner, name) for inner in rules)
        case "ClauseAnd", [list(rules)]:
            return all(fits(inner, name) for inner in rules)
    raise ValueError(f"unknown rule: {rule.name}")
