"""Makes tokenizer_registry/name_snapshots.toml: dated names that a price source lists for a model of the catalogue.

python -m scripts.snapshot_names    write the file

OpenRouter's dated names are those that genai-prices lists in the entry of a plain name, with the same words. Azure's
are those that LiteLLM lists at the prices of the plain name. No other dated name is taken for a snapshot.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from pricing_data.refresh.model_rules import read_pins
from pricing_data.refresh.sources import genai_prices, litellm
from pricing_data.refresh.sources.package_file import PinnedPackage, read_member
from pricing_data.refresh.sources.python_literal import ConstructorCall
from scripts.build_prices import CACHE, PINS, ROOT
from tokenizer_registry.catalogue import toml_lines
from tokenizer_registry.name_index import spelling
from tokenizer_registry.names import NameResolver
from tokenizer_registry.registry import Registry

TARGET = ROOT / "tokenizer_registry" / "name_snapshots.toml"
DATE = re.compile(r"-(?P<date>\d{8}|\d{4}-\d{2}-\d{2}|\d{4}|\d{2}-\d{2})$")
HEAD = """\
# Dated names that a price source has for a model of the catalogue, under its plain name. Made by
# python -m scripts.snapshot_names from the wheels below (MIT), read as data.
"""


def openrouter_snapshots(resolver: NameResolver, text: str) -> Iterator[tuple[str, str]]:
    """Yield each dated name of an entry of OpenRouter and the model of the entry's own name."""
    for provider, entry in genai_prices.models(text):
        found = resolver.find(str(entry.get("id"))) if provider.get("id") == "openrouter" else None
        if found is None:
            continue
        for name in equal_names(entry.get("match")):
            if is_snapshot(name, str(entry.get("id"))) and not is_known(resolver, name):
                yield name.rpartition("/")[2], found.model


def equal_names(rule: object) -> Iterator[str]:
    """Yield the names that a rule of genai-prices lists one by one."""
    if isinstance(rule, ConstructorCall):
        value = next(iter(rule.fields.values()), None)
        if rule.name == "ClauseEquals":
            yield str(value)
        elif rule.name == "ClauseOr" and isinstance(value, list):
            for inner in value:
                yield from equal_names(inner)


def is_snapshot(name: str, plain: str) -> bool:
    """Return whether a name has the author and words of a plain name and a date, the plain name's own if it has one."""
    author, _, dated = name.lower().rpartition("/")
    plain_author, _, own = plain.lower().rpartition("/")
    date, own_date = DATE.search(dated), DATE.search(own)
    if date is None or author != plain_author:
        return False
    if own_date is not None and not date["date"].endswith(own_date["date"]):
        return False
    return words(DATE.sub("", dated)) == words(DATE.sub("", own))


def words(name: str) -> list[str]:
    """Return the words and numbers of a name, sorted."""
    return sorted(spelling(name).split("-"))


def azure_snapshots(resolver: NameResolver, entries: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield each dated name of Azure that costs what the plain name costs, and the model of that."""
    for key, entry in entries.items():
        plain = DATE.sub("", key)
        found = resolver.find(plain) if key.startswith("azure/") and plain in entries else None
        if found and plain != key and not is_known(resolver, key) and prices(entry) == prices(entries[plain]):
            yield key.rpartition("/")[2], found.model


def is_known(resolver: NameResolver, name: str) -> bool:
    """Return whether a name resolves without this script's own file."""
    found = resolver.find(name)
    return found is not None and not any(TARGET.name in step.evidence for step in found.steps)


def prices(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return the price fields of an entry."""
    return {name: value for name, value in entry.items() if "cost" in name}


def table(host: str, pin: PinnedPackage, names: Mapping[str, str]) -> list[str]:
    """Return the lines of one group of aliases."""
    evidence = f"{pin.package} {pin.version}: listed under the plain name ({TARGET.name})"
    group = {"host": host, "evidence": evidence, "source": pin.wheel, "sha256": pin.sha256, "licence": "MIT"}
    quoted = {json.dumps(name): model for name, model in sorted(names.items())}
    return ["", "[[aliases]]", *toml_lines(group), "[aliases.names]", *toml_lines(quoted)]


def main() -> int:
    """Write the file. Return the exit status."""
    pins, resolver = read_pins(PINS).packages, Registry.from_package().names
    genai, lite = pins["genai-prices"], pins["litellm"]
    text = read_member(CACHE, genai, genai_prices.MEMBER).decode("utf-8")
    entries = json.loads(read_member(CACHE, lite, litellm.MEMBER), parse_float=Decimal)
    lines = table("openrouter", genai, dict(openrouter_snapshots(resolver, text)))
    lines += table("azure", lite, dict(azure_snapshots(resolver, entries)))
    TARGET.write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
