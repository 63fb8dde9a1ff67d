"""Which statement of a fact counts, for one model.

The order: a decision by a person; models.dev, which states window, input and output apart; LiteLLM; genai-prices; the
author's own page. Of each source the newest edition whose entry states the fact counts, and only the author's own
entries. Where the author has none, hosts count: the value that most of them state, of equally many the larger, since a
host may offer less than the model can do but no more. Of open weights a host's yes counts before any no, which some
hosts write for all models.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scripts.model_facts.entries import GENAI_PRICES, LITELLM, MODELS_DEV, Entries, Entry
from scripts.model_facts.statements import Stated, is_embedding, stated

KINDS = (MODELS_DEV, LITELLM, GENAI_PRICES)
# Their pages state a most input below the window, beside a most output: the two together may exceed the window.
INPUT_BOUND_AUTHORS = ("Alibaba", "ByteDance")
SIZES = ("context_window", "max_input_tokens", "max_output_tokens")
PLAIN_FACTS = ("output_modalities", "reasoning", "tools", "knowledge_cutoff", "retires", "open_weights")
# Of hosts that agree, this many are named.
MAX_HOSTS_NAMED = 2


@dataclass(frozen=True, slots=True)
class Statement:
    """A value, and the source that states it as the file names it."""

    value: Stated
    source: str


Statements = Sequence[Statement]


def facts_of(
    author: str, entries: Entries, decisions: Mapping[str, Statement], defaults: Mapping[str, Statement]
) -> dict[str, Statements]:
    """Return the statements of each fact, the one that counts first; those of hosts where the author has none."""
    own, hosts = _OwnFacts(author, entries.own).all(), _host_facts(entries)
    found = {}
    for fact in sorted({*own, *hosts, *decisions, *defaults}):
        decided = [decisions[fact]] if fact in decisions else []
        found[fact] = [*decided, *_after_decision(own.get(fact, ()), defaults.get(fact), hosts.get(fact, ()))]
    return consistent(found)


def _after_decision(own: Statements, default: Statement | None, hosts: Statements) -> Statements:
    """Return the author's entries, or what its page states and hosts do; beside entries a page that differs."""
    if not own:
        return [default, *hosts] if default else hosts
    return [*own, default] if default and default.value != own[0].value else own


def consistent(facts: Mapping[str, Statements]) -> dict[str, Statements]:
    """Return the facts without those that the others rule out.

    Embeddings have no most output and neither reason nor call tools; a most input is stated only below the window.
    """
    left_out: set[str] = set()
    if _first(facts, "output_modalities") == ("embedding",):
        left_out |= {"max_output_tokens", "max_input_tokens", "reasoning", "tools"}
    window, bound = _first(facts, "context_window"), _first(facts, "max_input_tokens")
    if isinstance(window, int) and isinstance(bound, int) and bound >= window:
        left_out.add("max_input_tokens")
    return {fact: statements for fact, statements in facts.items() if fact not in left_out}


def _first(facts: Mapping[str, Statements], fact: str) -> Stated | None:
    return facts[fact][0].value if fact in facts else None


class _OwnFacts:
    """What the author's own entries state."""

    def __init__(self, author: str, entries: Sequence[Entry]) -> None:
        self.author = author
        self.embedding = is_embedding(entries)
        self.stated: dict[str, dict[str, Statement]] = defaultdict(dict)
        for entry in entries:
            for fact, value in stated(entry).items():
                self.stated[fact].setdefault(entry.edition.kind, Statement(value, entry.source))

    def all(self) -> dict[str, Statements]:
        """Return the statements of each fact that is stated."""
        found = {fact: self.of(fact) for fact in PLAIN_FACTS}
        windows, bounds = self._windows()
        found |= {"context_window": windows, "max_input_tokens": bounds, "max_output_tokens": self._outputs()}
        found["input_modalities"] = self._inputs()
        if self.embedding:
            found["output_modalities"] = [s for s in found["output_modalities"] if s.value == ("embedding",)]
            found["max_output_tokens"] = []
        return {fact: statements for fact, statements in found.items() if statements}

    def of(self, fact: str) -> list[Statement]:
        """Return one statement a source, in order of precedence."""
        return [self.stated[fact][kind] for kind in KINDS if kind in self.stated[fact]]

    def _windows(self) -> tuple[Statements, Statements]:
        """Return the statements of the window and of the most input; LiteLLM's number is one of the two."""
        windows, bounds = self.of("context_window"), self.of("max_input_tokens")
        number = self.stated["litellm_input"].get(LITELLM)
        if number is None:
            return windows, bounds
        if self._is_bound(number, windows, bounds):
            return windows, [*bounds, number]
        return sorted([*windows, number], key=_kind_order), bounds

    def _is_bound(self, number: Statement, windows: Statements, bounds: Statements) -> bool:
        """Return whether LiteLLM's most input is a bound below the window, rather than the window."""
        if self.embedding or any(number.value == window.value for window in windows):
            return False
        if any(number.value == bound.value for bound in bounds):
            return True
        if not windows:
            return self.author in INPUT_BOUND_AUTHORS
        missing = int(windows[0].value) - int(number.value)  # type: ignore[arg-type]
        outputs = [int(output.value) for output in self.of("max_output_tokens")]  # type: ignore[arg-type]
        if self.author in INPUT_BOUND_AUTHORS:
            return 0 < missing <= max(outputs, default=0)
        return missing in outputs

    def _outputs(self) -> Statements:
        """Return the statements of the most output; one that repeats the window counts where no other is stated."""
        return self.of("max_output_tokens") or self.of("output_to_window")

    def _inputs(self) -> Statements:
        """Return the statements of modalities; an open list counts alone, or if it has more than the full one."""
        full, some = self.of("input_modalities"), self.of("some_inputs")
        if not full:
            return some
        missing = [s for s in some if not set(s.value) <= set(full[0].value)]  # type: ignore[arg-type]
        return [*full, *(s for s in missing if s.source not in {f.source for f in full})]


def _host_facts(entries: Entries) -> dict[str, Statements]:
    """Return what hosts state, most of them first. One entry a host and source counts, that of the newest edition."""
    votes: dict[str, dict[Stated, list[str]]] = defaultdict(lambda: defaultdict(list))
    embedding = is_embedding(entries.hosts)
    seen: set[tuple[str, str]] = set()
    for entry in entries.hosts:
        if (host := (entry.edition.kind, entry.seller)) not in seen:
            seen.add(host)
            for fact, value in stated(entry).items():
                votes[HOST_FACTS.get(fact, fact)][value].append(entry.source)
    if embedding:
        votes.pop("max_output_tokens", None)
        votes["output_modalities"] = {("embedding",): votes["output_modalities"][("embedding",)]}
    found = {fact: _by_votes(values) for fact, values in votes.items() if fact in HOST_FACTS.values()}
    if weights := found.get("open_weights"):
        found["open_weights"] = sorted(weights, key=lambda statement: not statement.value)
    return found


# What a host's entry is read for. LiteLLM's most input counts as the window: hosts state no bound below it.
HOST_FACTS = {
    "context_window": "context_window",
    "litellm_input": "context_window",
    "max_output_tokens": "max_output_tokens",
    "input_modalities": "input_modalities",
    "output_modalities": "output_modalities",
    "reasoning": "reasoning",
    "tools": "tools",
    "knowledge_cutoff": "knowledge_cutoff",
    "open_weights": "open_weights",
}


def _by_votes(values: dict[Stated, list[str]]) -> Statements:
    """Return the values by the number of hosts that state them: the first with two hosts, the others with one."""
    ordered = sorted(values.items(), key=lambda item: (len(item[1]), _rank(item[0])), reverse=True)
    named = [Statement(value, source) for value, sources in ordered[:1] for source in sources[:MAX_HOSTS_NAMED]]
    return [*named, *(Statement(value, sources[0]) for value, sources in ordered[1:])]


def _rank(value: Stated) -> tuple[int, str]:
    if isinstance(value, tuple):
        return len(value), ",".join(value)
    return (int(value), "") if isinstance(value, (bool, int)) else (0, value)


def _kind_order(statement: Statement) -> int:
    return {"m": 0, "l": 1, "g": 2}[statement.source[0]]
