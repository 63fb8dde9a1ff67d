"""The answers of the provider's counting endpoint that the package records as evidence for its pieces."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple


class Answer(NamedTuple):
    """A message's text and the tokens that the endpoint counted, without those around the text."""

    text: str
    tokens: int


def witnesses(document: Mapping[str, Any]) -> Iterator[Answer]:
    """All of them, in the document's order; structural marks have none."""
    frame = document["meta"]["message_overhead"]
    for pieces in document["tokens"].values():
        for evidence in pieces.values():
            if "raw" in evidence:
                yield Answer(evidence["probe"], evidence["raw"] - frame)
