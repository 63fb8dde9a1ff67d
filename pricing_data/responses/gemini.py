"""Usage of Gemini's generateContent: thoughts and prompts of tools stand beside the counts that they belong to."""

import re
from typing import NamedTuple

from pricing_data.errors import BadUsage, UnpricedProperty, shown
from pricing_data.responses.properties import Counts, Names, Properties, count, does_not_add_up, items, left_over
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
NAMES = Names(
    (
        *(PROMPT, CACHED, TOOLS, THOUGHTS, TOTAL),
        *ANSWERED,
        *ANSWERED_DETAILS,
        *("promptTokensDetails", "cacheTokensDetails", "toolUsePromptTokensDetails"),
        *("serviceTier", "trafficType"),
    )
)
MARKS = frozenset((PROMPT, CACHED, TOOLS, THOUGHTS, TOTAL, *ANSWERED, "promptTokensDetails"))
DETAIL = Names(("modality", "tokenCount"))
# Pages of documents cost what text and images cost, which is the same wherever it is known.
MODALITIES = ("TEXT", "IMAGE", "VIDEO", "AUDIO", "DOCUMENT")
UNSPECIFIED = "MODALITY_UNSPECIFIED"


class Kinds(NamedTuple):
    """Tokens by what they hold; the rest is text and documents."""

    audio: int = 0
    image: int = 0
    video: int = 0

    def plus(self, other: "Kinds") -> "Kinds":
        """Return the sums."""
        return Kinds(self.audio + other.audio, self.image + other.image, self.video + other.video)


NO_KINDS = Kinds()


def read(usage: Properties) -> Counts:
    """Return the counts of a `usageMetadata`, in JSON's names or Python's. Raise BadUsage, UnpricedProperty."""
    if PROMPT not in usage and any("_" in name for name in usage):
        usage = _in_camel_case(usage)
    ignored = left_over(usage, NAMES, PATH, owner=TITLE)
    if PROMPT not in usage and TOTAL not in usage:
        raise BadUsage(f"{PATH}.{PROMPT}", "this property is missing")
    prompt, cached, tools = (count(usage, name, PATH) for name in (PROMPT, CACHED, TOOLS))
    if cached > prompt:
        does_not_add_up(f"{PATH}.{CACHED}", (CACHED, cached), whole=(PROMPT, prompt))
    kinds = _kinds(usage, "promptTokensDetails", (PROMPT, prompt))
    if tools:
        kinds = kinds.plus(_kinds(usage, "toolUsePromptTokensDetails", (TOOLS, tools)))
    of_cached = _kinds_of_cached(usage, cached, kinds)
    output, thoughts, answered = _output(usage, prompt + tools)
    counts = Usage(
        prompt + tools, output, cached, 0, 0, kinds.audio, of_cached[0], kinds.image, of_cached[1], kinds.video,
        thoughts, answered.audio, answered.image,
    )  # fmt: skip
    return Counts(counts, ignored, _service(usage))


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


def _output(usage: Properties, taken: int) -> tuple[int, int, Kinds]:
    """Return all that was generated, the thoughts among it, and what kinds it is of."""
    name = ANSWERED[1] if ANSWERED[1] in usage else ANSWERED[0]
    answered, thoughts = count(usage, name, PATH), count(usage, THOUGHTS, PATH)
    total = count(usage, TOTAL, PATH) if usage.get(TOTAL) is not None else taken + answered + thoughts
    if usage.get(name) is None and THOUGHTS not in usage and PROMPT in usage:
        answered = max(total - taken, 0)
    if total != taken + answered + thoughts:
        parts = f"input {taken}, {name} {answered} and {THOUGHTS} {thoughts}"
        raise BadUsage(f"{PATH}.{TOTAL}", f"{total} is not the sum of {parts}")
    details = ANSWERED_DETAILS[ANSWERED.index(name)]
    kinds = _kinds(usage, details, (name, answered))
    if kinds.video:
        raise UnpricedProperty(f"{PATH}.{details}", f"{kinds.video} tokens of video: no price for such output is known")
    return answered + thoughts, thoughts, kinds


def _kinds(usage: Properties, name: str, whole: tuple[str, int]) -> Kinds:
    """Return the tokens of a count by kind. Raise BadUsage if they are more than it."""
    if not usage.get(name):
        return NO_KINDS
    path = f"{PATH}.{name}"
    found = dict.fromkeys(MODALITIES, 0)
    for number, detail in enumerate(items(usage, name, PATH)):
        left_over(detail, DETAIL, f"{path}[{number}]", owner=TITLE)
        modality, tokens = detail.get("modality", UNSPECIFIED), count(detail, "tokenCount", f"{path}[{number}]")
        if modality in found:
            found[modality] += tokens
        elif tokens:
            raise UnpricedProperty(f"{path}[{number}].modality", f"{shown(modality)} is not a known modality")
    if sum(found.values()) > whole[1]:
        does_not_add_up(path, ("tokenCount of all modalities", sum(found.values())), whole=whole)
    return Kinds(found["AUDIO"], found["IMAGE"], found["VIDEO"])


def _kinds_of_cached(usage: Properties, cached: int, kinds: Kinds) -> tuple[int | None, int | None]:
    """Return how many cached tokens are audio and images; None is not known."""
    if not cached or not usage.get("cacheTokensDetails"):
        return None, None
    found = _kinds(usage, "cacheTokensDetails", (CACHED, cached))
    return found.audio if kinds.audio or found.audio else None, found.image if kinds.image or found.image else None


def _service(usage: Properties) -> str | None:
    stated = [usage[name] for name in ("serviceTier", "trafficType") if usage.get(name)]
    for value in stated:
        if not isinstance(value, str):
            raise BadUsage(f"{PATH}.serviceTier", f"must be a service tier, not {shown(value)}")
    return stated[0] if stated else None


MAX_NAME_CHARACTERS = 100
