"""Who made a model, worked out from the id that a price source uses."""

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pricing_data.data import DATA

AUTHORS = DATA / "authors.toml"
REGIONS = r"(?:(?:us|eu|apac|global|regional|jp|au|ca)\.)?"
OFFERS = re.compile(r":(free|extended|beta|nitro|thinking|online|batch)$")
BEDROCK_ENDING = re.compile(r"-v\d+:\d+$")
TITAN_ENDING = re.compile(r":\d+$")


@dataclass(frozen=True)
class Author:
    """One author: the prefixes of its ids, and the providers of each source that are the author itself."""

    name: str
    prefixes: Sequence[str]
    genai_prices: Sequence[str] = field(default=())
    litellm: Sequence[str] = field(default=())
    model_prices: Sequence[str] = field(default=())
    own_names: str | None = None

    def sells(self, package: str, provider: str) -> bool:
        """Whether a provider of a price source is this author."""
        return provider in getattr(self, package.replace("-", "_"))

    def made(self, name: str) -> bool:
        """Whether a name sold by this author is one of its own models."""
        return self.own_names is None or re.match(self.own_names, name) is not None


def read_authors() -> tuple[Author, ...]:
    """The table of authors."""
    raw = tomllib.loads(AUTHORS.read_text(encoding="utf-8"))
    return tuple(Author(**entry) for entry in raw["author"])


def author_of(authors: Sequence[Author], package: str, provider: str, upstream_id: str) -> tuple[Author, str] | None:
    """The author of an upstream id and the model's tidied name; None where it is not known."""
    parts = upstream_id.split("/")
    name = tidy(parts[-1])
    prefixes = {prefix: author for author in authors for prefix in author.prefixes}
    dotted = re.fullmatch(rf"{REGIONS}([a-z0-9-]+)\.(.+)", parts[-1])
    if len(parts) > 1 and parts[-2].lower() in prefixes:
        found = prefixes[parts[-2].lower()]
    elif dotted and dotted[1] in prefixes:
        found, name = prefixes[dotted[1]], tidy(dotted[2])
    else:
        sellers = [author for author in authors if author.sells(package, provider)]
        if not sellers:
            return None
        found = sellers[0]
    return (found, name) if found.made(name) else None


def tidy(name: str) -> str:
    """A name in lower case without the words by which hosts mark an offer."""
    plain = OFFERS.sub("", name.lower().replace("_", "-")).split("@")[0]
    return TITAN_ENDING.sub("", plain) if plain.startswith("titan") else BEDROCK_ENDING.sub("", plain)


def spellings(name: str) -> Iterator[str]:
    """The name, and the spelling with hyphens for dots that some sources use."""
    yield name
    yield name.replace(".", "-")
