"""A name on its way to a model, and what each part taken off it says."""

from typing import NamedTuple

from tokenizer_registry.name_data import NameData, NamePrefix
from tokenizer_registry.resolution import ResolutionStep


class NameForm(NamedTuple):
    """A name on its way to a model, in lower case, with what the parts taken off it say."""

    name: str
    steps: tuple[ResolutionStep, ...] = ()
    author: str | None = None
    host: str | None = None
    owner: str | None = None
    regions: frozenset[str] = frozenset()
    is_closed: bool = False
    has_vendors: bool = False
    region: str | None = None
    service: str | None = None
    same_price_for: frozenset[str] = frozenset()
    only_for: frozenset[str] = frozenset()
    is_fine_tuned: bool = False
    is_free: bool = False

    def step(self, rule: str, name: str, evidence: str) -> "NameForm":
        """Return the form with another name, and the step that led to it."""
        return self._replace(name=name, steps=(*self.steps, ResolutionStep(rule, name, evidence)))


def after_prefix(form: NameForm, prefix: NamePrefix, rest: str, rule: str = "prefix") -> NameForm | None:
    """Return the form after a prefix; None for a second author or host."""
    author = prefix.author or (prefix.owner if form.author or form.host not in (None, prefix.host) else None)
    if form.author and author != form.author:
        return None
    if prefix.host and form.host and prefix.host != form.host and author is None:
        return None
    found = form.step(rule, rest, prefix.evidence)._replace(author=author)
    if prefix.host is None or form.host is not None:
        return found
    return found._replace(
        host=prefix.host,
        owner=prefix.owner,
        region=prefix.region,
        regions=prefix.regions,
        is_closed=prefix.is_closed,
        has_vendors=prefix.has_vendors,
    )


def at_bedrock(form: NameForm, data: NameData, region: str | None) -> NameForm:
    bedrock = data.prefixes["bedrock"]
    return form._replace(host=bedrock.host, owner=bedrock.owner, has_vendors=True, region=region)


def priced_region(region: str, data: NameData) -> str | None:
    """Return the region, None if it is the plain one."""
    return None if region in data.plain_regions else region
