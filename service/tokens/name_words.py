"""How a name was resolved, in sentences and as JSON."""

from collections.abc import Iterator

from service.http import json
from tokenizer_registry.names import NameTerms, Resolution


def resolution_entry(found: Resolution) -> dict[str, json.Value]:
    """Return the steps from a name to its model, each with its evidence, and what the name says about its price."""
    steps: list[json.Value] = [
        {"rule": step.rule, "name": step.name, "evidence": step.evidence} for step in found.steps
    ]
    return {"steps": steps, "name_terms": terms_entry(found.terms)}


def terms_entry(terms: NameTerms) -> dict[str, json.Value]:
    """Return what a name says about its price besides the model."""
    return {
        "host": terms.host,
        "region": terms.region,
        "service_tier": terms.service,
        "fine_tuned": terms.is_fine_tuned,
        "free": terms.is_free,
    }


def resolution_lines(found: Resolution) -> Iterator[str]:
    """Yield a line for each step from a name to its model, then one about the price if the name says something."""
    for step in found.steps:
        yield f"{step.rule}: {step.name} ({step.evidence})"
    said = ", ".join(_terms_words(found.terms))
    if said:
        yield f"for the price: {said}"


def _terms_words(terms: NameTerms) -> Iterator[str]:
    if terms.host:
        yield f"sold by {terms.host}"
    if terms.region:
        yield f"region {terms.region}"
    if terms.service:
        yield f"service tier {terms.service}"
    if terms.is_fine_tuned:
        yield "fine-tuned"
    if terms.is_free:
        yield "a free offer"
