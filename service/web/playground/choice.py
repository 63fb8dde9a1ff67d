"""What a visitor has chosen: models, a filter and a vocabulary, from a query or a form, and into a link."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from service.web.forms import Form
from tokenizer_registry import Model, Registry

EVERY_AUTHOR = "*"
USUAL_VOCABULARY = "o200k_base"
# Well known, of many authors, large and small. Names that the catalogue does not have are left out.
USUAL = (
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
class Choice:
    """Models as they were named, authors all of whose models with a price are meant, and what they come to.

    `only` is the author that is shown, or empty; `unknown` are names of an old link.
    """

    named: tuple[str, ...]
    authors: tuple[str, ...]
    only: str
    vocabulary: str
    models: tuple[str, ...]
    unknown: tuple[str, ...] = ()
    usual: bool = False

    @property
    def link(self) -> str:
        """The address that restores the choice; it never has the text."""
        fields = [("models", name) for name in self.named if not self.usual]
        fields += [("author", name) for name in self.authors]
        fields += [("only", self.only)] if self.only else []
        fields += [("vocabulary", self.vocabulary)] if self.vocabulary != USUAL_VOCABULARY else []
        return f"/?{urlencode(fields)}" if fields else "/"


class Choices:
    """Reads choices; `priced` are the models that have a price today."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.authors = tuple(sorted({model.author for model in registry.models.values()}))
        self.usual = tuple(name for name in USUAL if name in registry.models)

    def of(self, form: Form, priced: Mapping[str, object] | frozenset[str]) -> Choice:
        """The choice of a query or a form; what it does not know is left out and reported."""
        named = tuple(dict.fromkeys(form.all("models")))
        authors = tuple(name for name in dict.fromkeys(form.all("author")) if name in (EVERY_AUTHOR, *self.authors))
        known = tuple(name for name in named if name in self.registry.models)
        listed = known if known or authors else self.usual
        usual = not authors and set(listed) == set(self.usual)
        whole = [name for name, model in self.registry.models.items() if name in priced and _by(model, authors)]
        only = form.one("only") if form.one("only") in self.authors else ""
        models = [name for name in dict.fromkeys([*listed, *whole]) if only in ("", self.registry.models[name].author)]
        vocabulary = form.one("vocabulary")
        return Choice(
            listed,
            authors,
            only,
            vocabulary if vocabulary in self.registry.vocabularies else USUAL_VOCABULARY,
            tuple(models),
            tuple(name for name in named if name not in self.registry.models),
            usual,
        )


def _by(model: Model, authors: Sequence[str]) -> bool:
    return EVERY_AUTHOR in authors or model.author in authors
