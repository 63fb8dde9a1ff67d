"""Usage of Gemini's generateContent: thoughts and prompts of tools stand beside the counts that they belong to."""

import re
from typing import NamedTuple

from pricing_data.errors import BadUsage, UnpricedProperty, shown
from pricing_data.responses.properties import (
    Properties,
    PropertyNames,
    UsageCounts,
    count_at,
    ignored_properties,
    objects_at,
    raise_not_a_sum,
)
from pricing_data.usage import Usage

PATH = "usageMetadata"
TITLE = "Gemini's generateContent"
PROMPT, CACHED, TOOLS, THOUGHTS, TOTAL = (
    "promptTokenCount",
    "cachedContentTokenCount",
    "toolUsePromptTokenCount",
    "thoughtsTokenCount",
    "totalTokenCount",
)
# The Live API has other names for what is answered.
ANSWERED = ("candidatesTokenCount", "responseTokenCount")
ANSWERED_DETAILS = ("candidatesTokensDetails", "responseTokensDetails")
NAMES = PropertyNames(
    (
        *(PROMPT, CACHED, TOOLS, THOUGHTS, TOTAL),
        *ANSWERED,
        *ANSWERED_DETAILS,
        *("promptTokensDetails", "cacheTokensDetails", "toolUsePromptTokensDetails"),
        *("serviceTier", "trafficType"),
    )
)
MARKS = frozenset((PROMPT, CACHED, TOOLS, THOUGHTS, TOTAL, *ANSWERED, "promptTokensDetails"))
DETAIL = PropertyNames(("modality", "tokenCount"))
# Pages of documents cost what text and images cost, which is the same wherever it is known.
MODALITIES = ("TEXT", "IMAGE", "VIDEO", "AUDIO", "DOCUMENT")
UNSPECIFIED = "MODALITY_UNSPECIFIED"


class ModalityTokens(NamedTuple):
    """Tokens by what they hold; the rest is text and documents."""

    audio: int = 0
    image: int = 0
    video: int = 0

    def plus(self, other: "ModalityTokens") -> "ModalityTokens":
        """Return the sums."""
        return ModalityTokens(self.audio + other.audio, self.image + other.image, self.video + other.video)


NO_MODALITIES = ModalityTokens()


def read(usage: Properties) -> UsageCounts:
    """Return the counts of a `usageMetadata`, in JSON's names or Python's. Raise BadUsage, UnpricedProperty."""
    if PROMPT not in usage and any("_" in name for name in usage):
        usage = _in_camel_case(usage)
    ignored = ignored_properties(usage, NAMES, PATH, owner=TITLE)
    if PROMPT not in usage and TOTAL not in usage:
        raise BadUsage(f"{PATH}.{PROMPT}", "this property is missing")
    prompt, cached, tools = (count_at(usage, name, PATH) for name in (PROMPT, CACHED, TOOLS))
    if cached > prompt:
        raise_not_a_sum(f"{PATH}.{CACHED}", (CACHED, cached), whole=(PROMPT, prompt))
    kinds = _tokens_by_modality(usage, "promptTokensDetails", (PROMPT, prompt))
    if tools:
        kinds = kinds.plus(_tokens_by_modality(usage, "toolUsePromptTokensDetails", (TOOLS, tools)))
    of_cached = _cached_by_modality(usage, cached, kinds)
    output, thoughts, answered = _output(usage, prompt + tools)
    counts = Usage(
        prompt + tools, output, cached, 0, 0, kinds.audio, of_cached[0], kinds.image, of_cached[1], kinds.video,
        thoughts, answered.audio, answered.image,
    )  # fmt: skip
    return UsageCounts(counts, ignored, _service(usage))


def _in_camel_case(usage: Properties) -> Properties:
    """Return a usage with the names of JSON in place of those that the Python library has."""
    found: dict[str, object] = {}
    for name, value in usage.items():
        if isinstance(value, list):
            value = [
                {_camel(key): part for key, part in item.items()} if isinstance(item, dict) else item for item in value
            ]
        if _camel(name) in found:
            raise BadUsage(f"{PATH}.{shown(name)[1:-1]}", f"is there twice, as {_camel(name)} too")
        found[_camel(name)] = value
    return found


def _camel(name: str) -> str:
    return re.sub("_([a-z])", lambda found: found[1].upper(), name) if len(name) <= MAX_NAME_CHARACTERS else name


def _output(usage: Properties, taken: int) -> tuple[int, int, ModalityTokens]:
    """Return all that was generated, the thoughts among it, and what kinds it is of."""
    name = ANSWERED[1] if ANSWERED[1] in usage else ANSWERED[0]
    answered, thoughts = count_at(usage, name, PATH), count_at(usage, THOUGHTS, PATH)
    total = count_at(usage, TOTAL, PATH) if usage.get(TOTAL) is not None else taken + answered + thoughts
    if usage.get(name) is None and THOUGHTS not in usage and PROMPT in usage:
        answered = max(total - taken, 0)
    if total != taken + answered + thoughts:
        parts = f"input {taken}, {name} {answered} and {THOUGHTS} {thoughts}"
        raise BadUsage(f"{PATH}.{TOTAL}", f"{total} is not the sum of {parts}")
    details = ANSWERED_DETAILS[ANSWERED.index(name)]
    kinds = _tokens_by_modality(usage, details, (name, answered))
    if kinds.video:
        raise UnpricedProperty(f"{PATH}.{details}", f"{kinds.video} tokens of video: no price for such output is known")
    return answered + thoughts, thoughts, kinds


def _tokens_by_modality(usage: Properties, name: str, whole: tuple[str, int]) -> ModalityTokens:
    """Return the tokens of a count by kind. Raise BadUsage if they are more than it."""
    if not usage.get(name):
        return NO_MODALITIES
    path = f"{PATH}.{name}"
    found = dict.fromkeys(MODALITIES, 0)
    for number, detail in enumerate(objects_at(usage, name, PATH)):
        ignored_properties(detail, DETAIL, f"{path}[{number}]", owner=TITLE)
        modality, tokens = detail.get("modality", UNSPECIFIED), count_at(detail, "tokenCount", f"{path}[{number}]")
        if modality in found:
            found[modality] += tokens
        elif tokens:
            raise UnpricedProperty(f"{path}[{number}].modality", f"{shown(modality)} is not a known modality")
    if sum(found.values()) > whole[1]:
        raise_not_a_sum(path, ("tokenCount of all modalities", sum(found.values())), whole=whole)
    return ModalityTokens(found["AUDIO"], found["IMAGE"], found["VIDEO"])


def _cached_by_modality(usage: Properties, cached: int, kinds: ModalityTokens) -> tuple[int | None, int | None]:
    """Return how many cached tokens are audio and images; None is not known."""
    if not cached or not usage.get("cacheTokensDetails"):
        return None, None
    found = _tokens_by_modality(usage, "cacheTokensDetails", (CACHED, cached))
    return found.audio if kinds.audio or found.audio else None, found.image if kinds.image or found.image else None


def _service(usage: Properties) -> str | None:
    stated = [usage[name] for name in ("serviceTier", "trafficType") if usage.get(name)]
    for value in stated:
        if not isinstance(value, str):
            raise BadUsage(f"{PATH}.serviceTier", f"must be a service tier, not {shown(value)}")
    return stated[0] if stated else None


MAX_NAME_CHARACTERS = 100
