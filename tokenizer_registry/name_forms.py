"""Fixed rewrites: takes apart the forms in which providers, hosts and clouds write a model's name."""

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from tokenizer_registry.name_data import NameData, NameEnding, NamePrefix

MAX_PREFIX_SEGMENTS: Final = 4
BEDROCK_VERSION: Final = re.compile(r"-v\d+$")
FIREWORKS_POINT: Final = re.compile(r"(?<=\d)p(?=\d)")
FIREWORKS_V: Final = re.compile(r"\b(llama|qwen)-v(?=\d)")
VERTEX_RESOURCE: Final = re.compile(
    r"(projects/[^/]+/locations/(?P<region>[^/]+)/)?publishers/(?P<author>[^/]+)/models/(?P<name>[^/]+)"
)
VERTEX_DEFAULT: Final = "default"
VERTEX_FIRST: Final = "-001"
ARN_RESOURCES: Final = frozenset({"inference-profile", "foundation-model"})


class ResolutionStep(NamedTuple):
    """One rewrite of a name: the rule, the name after it, and the evidence that allows it."""

    rule: str
    name: str
    evidence: str


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


def forms(name: str, data: NameData) -> Iterator[NameForm]:
    """Yield the forms of a name, each with one more rewrite; the name itself comes first.

    None come after a part that is not known.
    """
    form = NameForm(name)
    if name != name.lower():
        form = form.step("case", name.lower(), data.evidence["case"])
    yield form
    opened = _opened(form, data)
    if opened is None:
        return
    yield from _endings(opened, data)


def _opened(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form without ARN, path and the marks of fine-tuning; None if a part of them is unknown."""
    arn = _without_arn(form, data)
    path = arn and _without_path(_without_fine_tuning(arn, data), data)
    return path and _without_fine_tuning(path, data)


def _without_arn(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form of the model or profile that an ARN of Bedrock names."""
    if not form.name.startswith("arn:"):
        return form
    parts = form.name.split(":", 5)
    kind, _, rest = parts[-1].partition("/")
    if len(parts) < 6 or parts[2] != "bedrock" or kind not in ARN_RESOURCES:
        return None
    opened = form.step("arn", rest, data.evidence["arn"])
    return _at_bedrock(opened, data, parts[3] if kind == "foundation-model" else None)


def _without_path(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form without the path before the name: hosts, their regions, then the author."""
    found: NameForm | None = _without_vertex_resource(form, data)
    while found is not None and "/" in found.name:
        found = _without_segment(found, data)
    return found


def _without_vertex_resource(form: NameForm, data: NameData) -> NameForm:
    """Return the form in which `projects/P/locations/L/publishers/A/models/M` is `A/M`."""
    found = VERTEX_RESOURCE.fullmatch(form.name)
    if found is None:
        return form
    vertex = data.prefixes["vertex_ai"]
    plain = form.step("vertex resource", f"{found['author']}/{found['name']}", data.evidence["vertex resource"])
    region = _priced(found["region"], data) if found["region"] else None
    return plain._replace(host=vertex.host, owner=vertex.owner, region=region)


def _without_segment(form: NameForm, data: NameData) -> NameForm | None:
    parts = form.name.split("/", MAX_PREFIX_SEGMENTS + 1)
    for number in range(min(MAX_PREFIX_SEGMENTS, len(parts) - 1), 0, -1):
        rest = form.name.split("/", number)[-1]
        if prefix := data.prefixes.get("/".join(parts[:number])):
            return _after(form, prefix, rest)
    if parts[0] in form.regions:
        return form.step("region", rest, data.evidence["region"])._replace(region=_priced(parts[0], data))
    if parts[0] in data.commitments and form.host:
        return form.step("commitment", rest, data.evidence["commitment"])._replace(service=parts[0])
    return None


def _after(form: NameForm, prefix: NamePrefix, rest: str, rule: str = "prefix") -> NameForm | None:
    """Return the form after a prefix; None where it says another author, or a host after the author."""
    author = prefix.author or (prefix.owner if form.author or form.host not in (None, prefix.host) else None)
    if form.author and author != form.author:
        return None
    found = form.step(rule, rest, prefix.evidence)._replace(author=author)
    if prefix.host is None or form.host is not None:
        return found
    return found._replace(
        host=prefix.host,
        owner=prefix.owner,
        regions=prefix.regions,
        is_closed=prefix.is_closed,
        has_vendors=prefix.has_vendors,
    )


def _without_fine_tuning(form: NameForm, data: NameData) -> NameForm:
    """Return the form of the base of a fine-tuned model: `ft:BASE:org::id`, `BASE.ft-id`."""
    base = ""
    if form.name.startswith("ft:"):
        base = form.name.split(":", 2)[1]
    elif ".ft-" in form.name:
        base = form.name.partition(".ft-")[0]
    return form.step("fine-tuned", base, data.evidence["fine-tuned"])._replace(is_fine_tuned=True) if base else form


def _endings(form: NameForm, data: NameData) -> Iterator[NameForm]:
    """Yield the forms of what is left of a name: with its ending, then without the ending that marks an offer."""
    yield from _rewritten(form, data)
    plain = _without_offer(form, data)
    if plain is not None:
        yield from _rewritten(plain, data)


def _rewritten(form: NameForm, data: NameData) -> Iterator[NameForm]:
    """Yield the form and, for each rewrite that applies to it, the form after it."""
    yield form
    for rewrite in (
        _without_bedrock_region,
        _without_vendor,
        _without_bedrock_revision,
        _without_bedrock_version,
        _with_version,
        _without_first_version,
        _fireworks_points,
        _without_weights,
        _without_leading_word,
        _without_leading_word,
    ):
        rewritten = rewrite(form, data)
        if rewritten is not None:
            yield rewritten
            form = rewritten


def _without_offer(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form without the ending that marks an offer, such as `:free`."""
    ending = _ending(form, data.offers)
    if ending is None:
        return None
    offer = data.offers[ending]
    return form.step("offer", form.name.removesuffix(ending), offer.evidence)._replace(
        service=offer.service, same_price_for=offer.same_price_for, only_for=offer.only_for, is_free=offer.is_free
    )


def _without_bedrock_region(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form without the region in front of `us.anthropic.claude-…`."""
    region, _, rest = form.name.partition(".")
    if region not in data.bedrock_regions or _vendor(rest, data) is None:
        return None
    return _at_bedrock(form.step("region", rest, data.evidence["region"]), data, _priced(region, data))


def _without_vendor(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form without the vendor in front of `anthropic.claude-…`."""
    vendor = _vendor(form.name, data)
    if vendor is None or not (form.has_vendors or form.host is None):
        return None
    _, _, rest = form.name.partition(".")
    found = _after(form, NamePrefix(data.evidence["bedrock id"], vendor), rest, "bedrock id")
    return _at_bedrock(found, data, form.region) if found and form.host is None else found


def _without_bedrock_revision(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form without the `:0` of Bedrock's `-v1:0`, and the context length after it."""
    name, colon, _ = form.name.partition(":")
    bedrock = data.prefixes["bedrock"].host
    if not colon or (form.host != bedrock and (form.host is not None or BEDROCK_VERSION.search(name) is None)):
        return None
    return _at_bedrock(form.step("bedrock version", name, data.evidence["bedrock version"]), data, form.region)


def _without_bedrock_version(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form without the `-v1` at the end of a name of Bedrock."""
    name = BEDROCK_VERSION.sub("", form.name)
    if name == form.name or form.host != data.prefixes["bedrock"].host:
        return None
    return form.step("bedrock version", name, data.evidence["bedrock version"])


def _with_version(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form in which Vertex's `@20250929` is the date at the end, and `@default` nothing."""
    head, at, version = form.name.partition("@")
    vertex = data.prefixes["vertex_ai"]
    if not at or not head or form.host not in (None, vertex.host):
        return None
    name = head if version == VERTEX_DEFAULT else f"{head}-{version}"
    found = form.step("vertex version", name, data.evidence["vertex version"])
    return found._replace(host=vertex.host, owner=vertex.owner)


def _without_first_version(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form without the `-001` that `@001` has become: the first packaging of the model on Vertex."""
    if not form.steps or form.steps[-1].rule != "vertex version" or not form.name.endswith(VERTEX_FIRST):
        return None
    return form.step("vertex version", form.name.removesuffix(VERTEX_FIRST), data.evidence["vertex version"])


def _fireworks_points(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form in which the `llama-v3p1` of Fireworks is `llama-3.1`."""
    fireworks = data.prefixes["fireworks_ai"]
    name = FIREWORKS_V.sub(r"\1-", FIREWORKS_POINT.sub(".", form.name))
    if name == form.name or form.host not in (None, fireworks.host):
        return None
    return form.step("fireworks version", name, data.evidence["fireworks version"])._replace(host=fireworks.host)


def _without_weights(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form without the ending that says in which format the weights are."""
    ending = _ending(form, data.weights)
    if ending is None:
        return None
    weights = data.weights[ending]
    plain = form.step("weights", form.name.removesuffix(ending), weights.evidence)
    return plain._replace(service=weights.service or form.service, only_for=weights.only_for or form.only_for)


def _without_leading_word(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form without the author's name in front of `meta-llama-3-8b`."""
    word, _, rest = form.name.partition("-")
    prefix = data.leading_words.get(word)
    return _after(form, prefix, rest, "leading word") if prefix and rest else None


def _vendor(name: str, data: NameData) -> str | None:
    """Return whose model a dotted name of Bedrock is."""
    first, point, rest = name.partition(".")
    vendor = data.prefixes.get(first) if point and rest else None
    return vendor and (vendor.author or vendor.owner)


def _at_bedrock(form: NameForm, data: NameData, region: str | None) -> NameForm:
    bedrock = data.prefixes["bedrock"]
    return form._replace(host=bedrock.host, owner=bedrock.owner, has_vendors=True, region=region)


def _ending(form: NameForm, endings: Mapping[str, NameEnding]) -> str | None:
    """Return the first of the endings that this host writes and that leaves something of the name."""
    for ending, meaning in endings.items():
        if form.name.endswith(ending) and form.name != ending and (not meaning.hosts or form.host in meaning.hosts):
            return ending
    return None


def _priced(region: str, data: NameData) -> str | None:
    """Return the region, None if it is the plain one."""
    return None if region in data.plain_regions else region
