"""What a caller demands of models, and the reason for which a model is left out."""

from datetime import date
from typing import NamedTuple

from tokenizer_registry import Model
from tokenizer_registry.facts import ModelFacts, value_of

# Reasons for which a model is left out, in the order in which they are checked: each model has the first that holds.
AUTHOR = "author"
WEIGHTS = "open_weights"
MODALITY = "modality"
NOT_RELEASED = "not_released"
RETIRED = "retired"
NO_PRICE = "no_price"
CONTEXT = "context"
OUTPUT_LIMIT = "output_limit"
NO_VOCABULARY = "no_vocabulary"
UNPRICED = "unpriced"
REASONS = (
    AUTHOR, WEIGHTS, MODALITY, NOT_RELEASED, RETIRED, NO_PRICE, CONTEXT, OUTPUT_LIMIT, NO_VOCABULARY, UNPRICED,
)  # fmt: skip
TEXT = "text"
INPUT_MODALITIES = (TEXT, "image", "audio", "video", "pdf")


class ModelConstraints(NamedTuple):
    """Demands on a model; None demands nothing. A fact that is not known does not meet a demand.

    `min_context` is the least context window, in tokens; `modality` is one that the model takes as input.
    """

    min_context: int | None = None
    authors: frozenset[str] | None = None
    open_weights: bool | None = None
    modality: str | None = None


class LeftOut(NamedTuple):
    """A model that is left out: one of REASONS, and a clause that says why."""

    model: str
    reason: str
    why: str


def unmet_constraint(
    model: Model, facts: ModelFacts, constraints: ModelConstraints, day: date, output_tokens: int
) -> LeftOut | None:
    """Return why a model does not serve on a day whatever the text is, apart from its price; None if it does."""
    return (
        _other_author(model, constraints)
        or _other_weights(model, facts, constraints)
        or _other_modality(model, facts, constraints, output_tokens)
        or _unavailable(model, facts, day)
        or _too_small(model, facts, constraints, output_tokens)
    )


def too_long(model: str, facts: ModelFacts, tokens: int, output_tokens: int) -> LeftOut | None:
    """Return a refusal if the input, or input and expected output together, exceed what is known of the context."""
    window, longest, needed = value_of(facts.context_window), value_of(facts.max_input_tokens), tokens + output_tokens
    if window is not None and needed > window:
        return LeftOut(model, CONTEXT, f"its context window is {window:,} tokens, and the call needs {needed:,}")
    if longest is not None and tokens > longest:
        return LeftOut(model, CONTEXT, f"its input is at most {longest:,} tokens, and the call has {tokens:,}")
    return None


def _other_author(model: Model, constraints: ModelConstraints) -> LeftOut | None:
    if constraints.authors is None or model.author in constraints.authors:
        return None
    return LeftOut(model.name, AUTHOR, f"its author is {model.author}")


def _other_weights(model: Model, facts: ModelFacts, constraints: ModelConstraints) -> LeftOut | None:
    wanted, known = constraints.open_weights, value_of(facts.open_weights)
    if wanted is None or known == wanted:
        return None
    why = "it is not known whether its weights are open" if known is None else f"its weights are {_OPEN[known]}"
    return LeftOut(model.name, WEIGHTS, why)


_OPEN = {True: "open", False: "not open"}


def _other_modality(
    model: Model, facts: ModelFacts, constraints: ModelConstraints, output_tokens: int
) -> LeftOut | None:
    """Return a refusal of a model that is known not to take or write text, or not known to take what is wanted."""
    taken, written = value_of(facts.input_modalities), value_of(facts.output_modalities)
    wanted = constraints.modality
    if wanted is not None and taken is None:
        return LeftOut(model.name, MODALITY, "it is not known what it takes as input")
    for modality in (TEXT, wanted):
        if modality is not None and taken is not None and modality not in taken:
            return LeftOut(model.name, MODALITY, f"it takes no {modality}")
    if output_tokens and written is not None and TEXT not in written:
        return LeftOut(model.name, MODALITY, "it writes no text")
    return None


def _unavailable(model: Model, facts: ModelFacts, day: date) -> LeftOut | None:
    released, retires = value_of(facts.released), value_of(facts.retires)
    if released is not None and released > day:
        return LeftOut(model.name, NOT_RELEASED, f"it was released on {released}")
    if retires is not None and retires <= day:
        return LeftOut(model.name, RETIRED, f"it was retired on {retires}")
    return None


def _too_small(model: Model, facts: ModelFacts, constraints: ModelConstraints, output_tokens: int) -> LeftOut | None:
    least, window, longest = constraints.min_context, value_of(facts.context_window), value_of(facts.max_output_tokens)
    if least is not None and (window is None or window < least):
        known = "is not known" if window is None else f"is {window:,} tokens"
        return LeftOut(model.name, CONTEXT, f"its context window {known}")
    if longest is not None and output_tokens > longest:
        return LeftOut(model.name, OUTPUT_LIMIT, f"its output is at most {longest:,} tokens")
    return None
