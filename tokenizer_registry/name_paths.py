"""Rewrites of what comes before a name: ARNs, resource names, hosts, regions, authors, the marks of fine-tuning."""

import re
from typing import Final

from tokenizer_registry.name_data import NameData
from tokenizer_registry.name_parts import NameForm, after_prefix, at_bedrock, priced_region

MAX_PREFIX_SEGMENTS: Final = 4
VERTEX_RESOURCE: Final = re.compile(
    r"(projects/[^/]+/locations/(?P<region>[^/]+)/)?publishers/(?P<author>[^/]+)/models/(?P<name>[^/]+)"
)
ARN_RESOURCES: Final = frozenset({"inference-profile", "foundation-model"})


def without_path(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form without ARN, path and the marks of fine-tuning; None if a part of them is unknown."""
    arn = _without_arn(form, data)
    path = arn and _without_segments(_without_fine_tuning(_with_slash(arn, data), data), data)
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
    return at_bedrock(opened, data, parts[3] if kind == "foundation-model" else None)


def _with_slash(form: NameForm, data: NameData) -> NameForm:
    """Return the form in which `openai:gpt-4o` is `openai/gpt-4o`."""
    provider, colon, name = form.name.partition(":")
    if not colon or not name or provider not in data.prefixes:
        return form
    return form.step("provider", f"{provider}/{name}", data.evidence["provider"])


def _without_segments(form: NameForm, data: NameData) -> NameForm | None:
    """Return the form without the path before the name: hosts, their regions, then the author."""
    found: NameForm | None = _without_vertex_resource(form, data)
    while found is not None and "/" in found.name:
        is_arn = found.name.startswith("arn:") and found.host == data.prefixes["bedrock"].host
        found = _without_arn(found, data) if is_arn else _without_segment(found, data)
    return found


def _without_vertex_resource(form: NameForm, data: NameData) -> NameForm:
    """Return the form in which `projects/P/locations/L/publishers/A/models/M` is `A/M`."""
    found = VERTEX_RESOURCE.fullmatch(form.name)
    if found is None:
        return form
    vertex = data.prefixes["vertex_ai"]
    plain = form.step("vertex resource", f"{found['author']}/{found['name']}", data.evidence["vertex resource"])
    region = priced_region(found["region"], data) if found["region"] else None
    return plain._replace(host=vertex.host, owner=vertex.owner, region=region)


def _without_segment(form: NameForm, data: NameData) -> NameForm | None:
    parts = form.name.split("/", MAX_PREFIX_SEGMENTS + 1)
    for number in range(min(MAX_PREFIX_SEGMENTS, len(parts) - 1), 0, -1):
        rest = form.name.split("/", number)[-1]
        if prefix := data.prefixes.get("/".join(parts[:number])):
            return after_prefix(form, prefix, rest)
    if parts[0] in form.regions:
        return form.step("region", rest, data.evidence["region"])._replace(region=priced_region(parts[0], data))
    if parts[0] in data.commitments and form.host:
        return form.step("commitment", rest, data.evidence["commitment"])._replace(service=parts[0])
    return None


def _without_fine_tuning(form: NameForm, data: NameData) -> NameForm:
    """Return the form of the base of a fine-tuned model: `ft:BASE:org::id`, `BASE.ft-id`."""
    base = ""
    if form.name.startswith("ft:"):
        base = form.name.split(":", 2)[1]
    elif ".ft-" in form.name:
        base = form.name.partition(".ft-")[0]
    return form.step("fine-tuned", base, data.evidence["fine-tuned"])._replace(is_fine_tuned=True) if base else form
