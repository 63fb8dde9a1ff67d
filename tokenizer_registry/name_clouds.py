"""Rewrites of what clouds and hosts put into names: vendors, regions and versions of Bedrock, Vertex AI, Fireworks."""

import re
from typing import Final

from tokenizer_registry.name_data import NameData, NamePrefix
from tokenizer_registry.name_parts import NameForm, after_prefix, at_bedrock, priced_region

BEDROCK_CONTEXT: Final = re.compile(r"(?<=:\d):\d+k$")
# Another revision than 0 may be another model: claude-v2:1 is Claude 2.1.
BEDROCK_REVISION: Final = re.compile(r":0$")
BEDROCK_ID: Final = re.compile(r"[a-z0-9_-]+\.[a-z]")
BEDROCK_VERSION: Final = re.compile(r"-v\d+$")
FIREWORKS_POINT: Final = re.compile(r"(?<=\d)p(?=\d)")
FIREWORKS_V: Final = re.compile(r"\b(llama|qwen)-v(?=\d)")
VERTEX_DEFAULT: Final = "default"
VERTEX_FIRST: Final = "-001"


def named_by_vendor(form: NameForm, data: NameData) -> NameForm:
    """Return the form as one of Bedrock's if it is VENDOR.NAME: the point separates no version there."""
    is_bedrock = form.host is None and BEDROCK_ID.match(form.name) and _vendor(form.name, data)
    return at_bedrock(form, data, form.region) if is_bedrock else form


def without_bedrock_region(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form without the region in front of `us.anthropic.claude-…`."""
    region, _, rest = form.name.partition(".")
    if region not in data.bedrock_regions or _vendor(rest, data) is None:
        return None
    return at_bedrock(form.step("region", rest, data.evidence["region"]), data, priced_region(region, data))


def without_vendor(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form without the vendor in front of `anthropic.claude-…`."""
    vendor = _vendor(form.name, data)
    if vendor is None or not (form.has_vendors or form.host is None):
        return None
    _, _, rest = form.name.partition(".")
    found = after_prefix(form, NamePrefix(data.evidence["bedrock id"], vendor), rest, "bedrock id")
    return at_bedrock(found, data, form.region) if found and form.host is None else found


def without_bedrock_context(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form without the context length after the revision of Bedrock: `-v1:0:48k`."""
    return _without_packaging(form, BEDROCK_CONTEXT, data)


def without_bedrock_revision(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form without the `:0` of Bedrock's `-v1:0`."""
    return _without_packaging(form, BEDROCK_REVISION, data)


def without_bedrock_version(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form without the `-v1` at the end of a name of Bedrock."""
    name = BEDROCK_VERSION.sub("", form.name)
    if name == form.name or form.host != data.prefixes["bedrock"].host:
        return None
    return form.step("bedrock version", name, data.evidence["bedrock version"])


def with_vertex_version(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form in which Vertex's `@20250929` is the date at the end, and `@default` nothing."""
    head, at, version = form.name.partition("@")
    vertex = data.prefixes["vertex_ai"]
    if not at or not head or form.host not in (None, vertex.host):
        return None
    name = head if version == VERTEX_DEFAULT else f"{head}-{version}"
    found = form.step("vertex version", name, data.evidence["vertex version"])
    return found._replace(host=vertex.host, owner=vertex.owner)


def without_vertex_first(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form without the `-001` that `@001` has become: the first packaging of the model on Vertex."""
    if not form.steps or form.steps[-1].rule != "vertex version" or not form.name.endswith(VERTEX_FIRST):
        return None
    return form.step("vertex version", form.name.removesuffix(VERTEX_FIRST), data.evidence["vertex version"])


def with_fireworks_points(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form in which the `llama-v3p1` of Fireworks is `llama-3.1`."""
    fireworks = data.prefixes["fireworks_ai"]
    name = FIREWORKS_V.sub(r"\1-", FIREWORKS_POINT.sub(".", form.name))
    if name == form.name or form.host not in (None, fireworks.host):
        return None
    return form.step("fireworks version", name, data.evidence["fireworks version"])._replace(host=fireworks.host)


def _without_packaging(form: NameForm, ending: re.Pattern[str], data: NameData) -> NameForm | None:
    """Return the form without an ending that only ids of Bedrock have."""
    name = ending.sub("", form.name)
    is_bedrock = form.host == data.prefixes["bedrock"].host
    if name == form.name or not (is_bedrock or (form.host is None and BEDROCK_VERSION.search(name.partition(":")[0]))):
        return None
    return at_bedrock(form.step("bedrock version", name, data.evidence["bedrock version"]), data, form.region)


def _vendor(name: str, data: NameData) -> str | None:
    """Return whose model a dotted name of Bedrock is."""
    first, point, rest = name.partition(".")
    vendor = data.prefixes.get(first) if point and rest else None
    return vendor and (vendor.author or vendor.owner)
