"""What a name was resolved to."""

from typing import NamedTuple


class ResolutionStep(NamedTuple):
    """One rewrite of a name: the rule, the name after it, and the evidence that allows it."""

    rule: str
    name: str
    evidence: str


class NameTerms(NamedTuple):
    """What a name says about its price besides the model.

    `host` sells the model (`bedrock`, `azure`, `openrouter`), None where its author does. `region` and `service` are as
    in the terms of a call; a mark that prices do not know (`online`, `fp8`) is a `service` too.
    """

    host: str | None = None
    region: str | None = None
    service: str | None = None
    is_fine_tuned: bool = False
    is_free: bool = False


class Resolution(NamedTuple):
    """The model that a name stands for. Without `steps` the name is the model's own."""

    name: str
    model: str
    steps: tuple[ResolutionStep, ...] = ()
    terms: NameTerms = NameTerms()
