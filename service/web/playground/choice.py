"""The choice of a visitor: what to count, models, a filter and a vocabulary, from a query or a form, and as a link."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from service.web.forms import WebForm
from tokenizer_registry import Model, Registry

EVERY_AUTHOR = "*"
# What may be counted: a text, a chat that is typed, or a whole request as JSON.
TEXT, CHAT, REQUEST = MODES = ("text", "chat", "request")
DEFAULT_VOCABULARY = "o200k_base"
# The default models: well known, of many authors, large and small. Names that the catalogue lacks are skipped.
DEFAULT_MODELS = (
    "gpt-5.6",
    "gpt-5.4-mini",
    "gpt-5-nano",
    "gpt-4o",
    "claude-sonnet-5-5",
    "claude-haiku-5-5",
    "gemini-3.1-pro-preview",
    "gemini-2.5-flash-lite",
    "mistral-large-2512",
    "mistral-small-2506",
    "deepseek-v4.1-flash",
    "qwen3.8-max",
    "qwen3.8-flash",
    "kimi-k3",
    "glm-5.3",
    "minimax-m3",
    "jamba-1.5-mini",
    "grok-4.7",
)


@dataclass(frozen=True, slots=True)
class PlaygroundChoice:
    """The chosen models.

    `named` are models by name, `authors` stand for all their priced models, and `models` are the resulting models.
    `only` restricts these to one author, if it is not empty. `unknown` are names that stand for no model.
    """

    named: tuple[str, ...]
    authors: tuple[str, ...]
    only: str
    vocabulary: str
    models: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    usual: bool = False
    mode: str = TEXT

    @property
    def link(self) -> str:
        """Return the URL that restores the choice. It never contains what is counted."""
        fields = [("mode", self.mode)] if self.mode != TEXT else []
        fields += [("models", name) for name in self.named if not self.usual]
        fields += [("author", name) for name in self.authors]
        fields += [("only", self.only)] if self.only else []
        fields += [("vocabulary", self.vocabulary)] if self.vocabulary != DEFAULT_VOCABULARY else []
        return f"/?{urlencode(fields)}" if fields else "/"


class ChoiceReader:
    """Reads the choice of a query or a form."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.authors = tuple(sorted({model.author for model in registry.models.values()}))
        self.usual = tuple(name for name in DEFAULT_MODELS if name in registry.models)

    def of(self, form: WebForm, priced: Mapping[str, object] | frozenset[str]) -> PlaygroundChoice:
        """Return the choice. `priced` are the models with a price today; unknown names are reported in the choice."""
        named = tuple(dict.fromkeys(form.all("models")))
        authors = tuple(name for name in dict.fromkeys(form.all("author")) if name in (EVERY_AUTHOR, *self.authors))
        found = {name: self.registry.names.find(name) for name in named}
        known = tuple(dict.fromkeys(each.model for each in found.values() if each is not None))
        listed = known if known or authors else self.usual
        usual = not authors and set(listed) == set(self.usual)
        whole = [name for name, model in self.registry.models.items() if name in priced and _by(model, authors)]
        only = form.one("only") if form.one("only") in self.authors else ""
        models = [name for name in dict.fromkeys([*listed, *whole]) if only in ("", self.registry.models[name].author)]
        vocabulary = form.one("vocabulary")
        return PlaygroundChoice(
            listed,
            authors,
            only,
            vocabulary if vocabulary in self.registry.vocabularies else DEFAULT_VOCABULARY,
            tuple(models),
            tuple(name for name, each in found.items() if each is None),
            usual,
            form.one("mode") if form.one("mode") in MODES else TEXT,
        )


def _by(model: Model, authors: Sequence[str]) -> bool:
    return EVERY_AUTHOR in authors or model.author in authors
