"""The words that providers have for the ways in which a call is processed."""

from typing import Any

from pricing_data.price import STANDARD
from pricing_data.responses.faults import BadUsage, UnpricedProperty, shown

SERVICE_OF = {
    "standard": STANDARD,
    "default": STANDARD,
    "on_demand": STANDARD,
    "batch": "batch",
    "flex": "flex",
    "on_demand_flex": "flex",
    "priority": "priority",
    "on_demand_priority": "priority",
    "performance": "priority",
    "fast": "fast",
    "ultrafast": "ultrafast",
}
# What is bought ahead has no price by the token.
BOUGHT_AHEAD = frozenset(("scale", "provisioned_throughput", "reserved"))
# Providers whose word means another service: Groq asks for flex what it asks for others.
MEANT_BY = {("groq", "flex"): STANDARD}
WORDS = "standard, default, batch, flex, priority, fast, ultrafast"


def service_of(word: Any, provider: str | None = None, path: str = "service_tier") -> str:
    """Return the service of `pricing_data.price.SERVICES` that a provider's word means; null is the standard one.

    Raise BadUsage for an unknown word, UnpricedProperty for one that has no price by the token.
    """
    if word is None:
        return STANDARD
    if not isinstance(word, str):
        raise BadUsage(path, f"must be a word, not {shown(word)}")
    known = word.lower()
    if found := MEANT_BY.get((provider or "", known)) or SERVICE_OF.get(known):
        return found
    if known in BOUGHT_AHEAD:
        raise UnpricedProperty(path, f"{shown(word)} is bought ahead, and has no price by the token")
    if known == "auto":
        raise UnpricedProperty(path, '"auto" does not say in which tier the call was processed')
    raise BadUsage(path, f"{shown(word)} is not a known tier; there are {WORDS}")
