"""Facts of models, dated and sourced: sizes, modalities, abilities, dates and licence. docs/facts.md has the rules.

The file has JSON lines. The first names the sources by key: `{"sources": {"m1": ["opencode-linux-x64 1.18.34",
"2026-11-28"], …}}`, the release and the day. Each other line has the facts of one model, in order of names:
`{"model": "gpt-5", "entries": ["m1 openai/gpt-5", "l gpt-5"], "context_window": [[400000, 0]], …}`. A fact is a list
of values, the one that counts first, each with the places in `entries` of those that state it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from tokenizer_registry.errors import BadCatalogue

Value = TypeVar("Value")
# single: one source states it; agreed: two or more state the same; disputed: they differ, the first in order of
# precedence counts; decided: a person chose it, with a reason.
FactState = Literal["single", "agreed", "disputed", "decided"]


@dataclass(frozen=True, slots=True)
class Fact(Generic[Value]):
    """One fact: its value, the source that states it, and every other statement of it.

    `recorded_at` is the day on which the source was read; for an old release of it, the day of that release.
    """

    value: Value
    source: str
    state: FactState
    recorded_at: date
    others: tuple[tuple[str, Value], ...] = ()


def value_of(fact: Fact[Value] | None) -> Value | None:
    """Return the value of a fact, None if it is not known."""
    return None if fact is None else fact.value


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What is known of a model; None where no source states it. Sizes are in tokens.

    `context_window` is input and output together where the author counts so; `max_input_tokens` is stated only where
    it is less than the window. Embeddings have no `max_output_tokens`. Modalities are `text`, `image`, `audio`,
    `video`, `pdf`, `embedding`. `knowledge_cutoff` is a year, month or day as the source states it. `licence` is that
    of open weights.
    """

    context_window: Fact[int] | None = None
    max_output_tokens: Fact[int] | None = None
    input_modalities: Fact[tuple[str, ...]] | None = None
    output_modalities: Fact[tuple[str, ...]] | None = None
    reasoning: Fact[bool] | None = None
    tools: Fact[bool] | None = None
    knowledge_cutoff: Fact[str] | None = None
    released: Fact[date] | None = None
    retires: Fact[date] | None = None
    licence: Fact[str] | None = None
    open_weights: Fact[bool] | None = None
    max_input_tokens: Fact[int] | None = None


NO_FACTS = ModelFacts()
MODALITIES = ("text", "image", "audio", "video", "pdf", "embedding")
SIZES = ("context_window", "max_output_tokens", "max_input_tokens")
FLAGS = ("reasoning", "tools", "open_weights")
DAYS = ("released", "retires")
LISTS = ("input_modalities", "output_modalities")
# Sources whose key begins with this letter are decisions by a person. Their entries name the source in full, as do
# those of a key without a release.
DECISION = "d"

CUTOFF = re.compile(r"\d{4}(-\d\d(-\d\d)?)?", re.ASCII)
LINE = re.compile(r'\{"model":"([^"\\]+)",', re.ASCII)


def read_facts(path: Path) -> "FactsFile":
    """Return the facts of each model of a file of JSON lines. Raise BadCatalogue.

    The names are read and their order is verified here, the facts of a model at their first use.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise BadCatalogue(path, "file", error.strerror or "cannot be read") from error
    except UnicodeDecodeError as error:
        raise BadCatalogue(path, "file", str(error)) from error
    numbers: dict[str, int] = {}
    before = ""
    for number, line in enumerate(lines[1:], start=2):
        found = LINE.match(line)
        if found is None or found[1] <= before:
            raise BadCatalogue(path, f"line {number}", f"must begin with model, a name after {before!r}")
        before = found[1]
        numbers[before] = number
    return FactsFile(path, _sources(path, lines[0] if lines else ""), lines, numbers)


class FactsFile(Mapping[str, ModelFacts]):
    """The facts of each model of a file, parsed at their first use. Safe to use from many threads.

    Any method that needs the facts of a model raises BadCatalogue if its line is bad.
    """

    def __init__(
        self, path: Path, sources: Mapping[str, tuple[str, date]], lines: list[str], numbers: Mapping[str, int]
    ) -> None:
        self.path = path
        self.sources = sources
        self._lines = lines
        self._numbers = numbers
        self._parsed: dict[str, ModelFacts] = {}

    def __getitem__(self, model: str) -> ModelFacts:
        found = self._parsed.get(model)
        if found is None:
            found = self._parsed[model] = self._parse(model, self._numbers[model])
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)

    def _parse(self, model: str, number: int) -> ModelFacts:
        where = f"line {number} ({model})"
        try:
            raw: dict[str, Any] = json.loads(self._lines[number - 1])
            del raw["model"]
            entries = [self._entry(entry) for entry in raw.pop("entries")]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise BadCatalogue(self.path, where, f"is not a line of facts: {error!r}") from error
        facts = {}
        for name, values in raw.items():
            try:
                facts[name] = _fact(name, values, entries)
            except (ValueError, TypeError, LookupError) as error:
                raise BadCatalogue(self.path, f"{where}, {name}", f"is no fact: {values!r:.200}") from error
        return ModelFacts(**facts)

    def _entry(self, text: str) -> "_Entry":
        key, _, entry = text.partition(" ")
        release, day = self.sources[key]
        is_decision = key.startswith(DECISION)
        return _Entry(f"{release} {entry}" if release and not is_decision else entry, day, is_decision)


class FactsOfModels(Mapping[str, ModelFacts]):
    """The facts of some models: NO_FACTS for one of which nothing is known."""

    def __init__(self, models: Mapping[str, object], known: Mapping[str, ModelFacts]) -> None:
        self._models = models
        self._known = known

    def __getitem__(self, model: str) -> ModelFacts:
        found = self._known.get(model, NO_FACTS)
        if found is NO_FACTS and model not in self._models:
            raise KeyError(model)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._models)

    def __len__(self) -> int:
        return len(self._models)


@dataclass(frozen=True, slots=True)
class _Entry:
    source: str
    day: date
    is_decision: bool


def _sources(path: Path, line: str) -> dict[str, tuple[str, date]]:
    try:
        sources = json.loads(line)["sources"]
        return {key: (str(release), date.fromisoformat(day)) for key, (release, day) in sources.items()}
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise BadCatalogue(path, "line 1", f"must name the sources: {error!r}") from error


def _fact(name: str, values: list[list[Any]], entries: list[_Entry]) -> Fact[Any]:
    """Return a fact from its values and the places of their entries. Raise ValueError, TypeError or LookupError."""
    stated = [(entries[place], value) for raw, *places in values for value in (_value(name, raw),) for place in places]
    (first, value), *others = stated
    if not all(len(item) > 1 for item in values):
        raise ValueError("a value without an entry")
    state: FactState = "decided" if first.is_decision else "single"
    if others and not first.is_decision:
        state = "disputed" if len(values) > 1 else "agreed"
    return Fact(value, first.source, state, first.day, tuple((entry.source, other) for entry, other in others))


def _value(name: str, raw: Any) -> Any:
    """Return the value of a fact as its type. Raise ValueError, TypeError or LookupError."""
    if name in SIZES and type(raw) is int and raw > 0:
        return raw
    if name in FLAGS and isinstance(raw, bool):
        return raw
    if name in DAYS:
        return date.fromisoformat(raw)
    if name in LISTS and raw and all(item in MODALITIES for item in raw) and isinstance(raw, list):
        return tuple(raw)
    if (name == "knowledge_cutoff" and CUTOFF.fullmatch(raw)) or (name == "licence" and isinstance(raw, str) and raw):
        return raw
    raise ValueError(raw)
