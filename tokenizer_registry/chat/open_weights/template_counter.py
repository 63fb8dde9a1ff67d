"""One request rendered with one template, and the tokens of what comes out."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from tokenizer_registry.chat.context import CountingContext
from tokenizer_registry.chat.json_texts import parsed
from tokenizer_registry.chat.open_weights.conversation import messages_of
from tokenizer_registry.chat.open_weights.provenance import MARK, UserTextMarker, marker_of, texts_between
from tokenizer_registry.chat.open_weights.sandbox import examined_texts, render
from tokenizer_registry.chat.open_weights.shipped import ChatTemplate

DEVELOPER: Final = "developer"


class Rendering(NamedTuple):
    """What a template gave: the texts between its control tokens.

    `doubt` is how many tokens it may be off, because the template looks at the texts and would give another layout.
    """

    texts: list[str]
    doubt: int = 0

    @property
    def controls(self) -> int:
        """The control tokens that the template wrote."""
        return len(self.texts) - 1


class TemplateCounter:
    """Renders one request with one template and counts the outcome. `options` go to the template as they are.

    With `parses_results`, results of tools that are JSON are given to the template as values, and it writes the JSON.
    """

    def __init__(
        self, context: CountingContext, template: ChatTemplate, options: dict[str, Any], *, parses_results: bool = False
    ) -> None:
        self._context = context
        self._template = template
        self._options = options
        messages = messages_of(context.request, takes_images=bool(template.image))
        self._messages = list(map(_with_parsed_result, messages)) if parses_results else messages
        whole = MARK.join(_strings(self._messages))
        self._examined = [text for text in sorted(examined_texts(template.name)) if text in whole]

    def rendering(self, tools: list[dict[str, Any]]) -> Rendering:
        """Return what the template gives with these tools. Raise as `render` does.

        Templates look for their own markers in answers, to take thoughts out. They are shown them where that changes
        no number of control tokens.
        """
        safe = self._render(tools, marker_of(self._template.controls))
        if not self._examined:
            return safe
        shown = self._render(tools, marker_of(self._template.controls, tuple(self._examined)))
        if shown.controls == safe.controls:
            return shown
        return safe._replace(doubt=abs(self.tokens(safe) - self.tokens(shown)))

    def tokens_when_parsed(self, tools: list[dict[str, Any]]) -> int | None:
        """Return what a host counts that parses control tokens in all texts; None if no text has any."""
        controls, written = self._template.controls, MARK.join(_strings([self._messages, tools]))
        found = [token for token in controls.tokens if token in written]
        return self.tokens(self._render(tools, UserTextMarker(controls, found))) if found else None

    def _render(self, tools: list[dict[str, Any]], marker: UserTextMarker) -> Rendering:
        template = self._template
        variables = marker.mark(self._options) | {
            "messages": [_marked(message, marker) for message in self._messages],
            "tools": marker.mark(tools) or None,
            "documents": None,
            "add_generation_prompt": True,
            "bos_token": template.bos,
            "eos_token": template.eos,
        }
        today = self._context.at or datetime.now(UTC).date()
        return Rendering(texts_between(render(template.name, variables, today), template.controls))

    def tokens(self, rendering: Rendering) -> int:
        """Return the tokens of a rendering: one for each control token, and those of the texts between."""
        texts = rendering.texts
        if self._template.controls.leads_with_space:
            texts = [text.removeprefix(" ") for text in texts]
        self._context.texts.count_ahead(texts)
        return rendering.controls + sum(map(self._context.texts.count, texts))


def without_end(rendering: Rendering, end: str) -> Rendering:
    """Return a rendering without an end of the developer's message, as in gpt-oss's format."""
    texts = [
        text.removesuffix(end) if before == DEVELOPER else text
        for before, text in zip(("", *rendering.texts), rendering.texts, strict=False)
    ]
    return rendering._replace(texts=texts)


def _with_parsed_result(message: dict[str, Any]) -> dict[str, Any]:
    is_result = message["role"] == "tool" and message["content"]
    return message | {"content": parsed(message["content"])} if is_result else message


def _marked(message: dict[str, Any], marker: UserTextMarker) -> dict[str, Any]:
    """Mark what the user wrote; roles are of a fixed set."""
    return {key: value if key == "role" else marker.mark(value) for key, value in message.items()}


def _strings(value: Any) -> Iterator[str]:
    """Yield the strings in the values of messages."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)
