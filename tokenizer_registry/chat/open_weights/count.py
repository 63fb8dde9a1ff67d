"""The count of a request to a model with open weights at a host."""

from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from tokenizer_registry.chat.context import CountingContext
from tokenizer_registry.chat.errors import BadChatRequest
from tokenizer_registry.chat.json_texts import compact
from tokenizer_registry.chat.open_weights.conversation import messages_of, tools_of
from tokenizer_registry.chat.open_weights.images import count_image
from tokenizer_registry.chat.open_weights.provenance import Marker, texts_between
from tokenizer_registry.chat.open_weights.sandbox import RefusedByTemplate, RenderingTooLong, examined_texts, render
from tokenizer_registry.chat.open_weights.shipped import ChatTemplate, shipped_templates
from tokenizer_registry.chat.parts import PartSum
from tokenizer_registry.chat.request import (
    MediaBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
    UnknownBlock,
)
from tokenizer_registry.chat.rules import Rule
from tokenizer_registry.chat.translation import SYSTEM_ROLES
from tokenizer_registry.errors import UncountableText

TEMPLATE: Final = "open-template"
# In place of a band: nothing is known.
UNKNOWN: Final = "unknown"
# Hosts that render the publisher's template by their own statement.
TEMPLATE_HOSTS: Final = frozenset({"vllm", "sglang", "transformers"})


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
    """Renders one request with one template and counts the outcome. `options` go to the template as they are."""

    def __init__(self, context: CountingContext, template: ChatTemplate, options: dict[str, Any]) -> None:
        self._context = context
        self._template = template
        self._options = options
        self._messages = messages_of(context.request, takes_images=bool(template.image))
        self._examined = [text for text in sorted(examined_texts(template.name)) if _any_contains(self._messages, text)]

    def rendering(self, tools: list[dict[str, Any]]) -> Rendering:
        """Return what the template gives with these tools. Raise as `render` does.

        Templates look for their own markers in answers, to take thoughts out. They are shown them where that changes
        no number of control tokens.
        """
        safe = self._render(tools, Marker(self._template.controls))
        if not self._examined:
            return safe
        shown = self._render(tools, Marker(self._template.controls, self._examined))
        if shown.controls == safe.controls:
            return shown
        return safe._replace(doubt=abs(self.tokens(safe) - self.tokens(shown)))

    def _render(self, tools: list[dict[str, Any]], marker: Marker) -> Rendering:
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
        texts, leads = rendering.texts, self._template.controls.leads_with_space
        return rendering.controls + sum(
            self._context.texts.count(text[1:] if leads and text.startswith(" ") else text) for text in texts
        )


def _marked(message: dict[str, Any], marker: Marker) -> dict[str, Any]:
    """Mark what the user wrote; roles are of a fixed set."""
    return {key: value if key == "role" else marker.mark(value) for key, value in message.items()}


def _any_contains(value: Any, text: str) -> bool:
    if isinstance(value, str):
        return text in value
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_any_contains(each, text) for each in inner)


def count_open_weights(context: CountingContext) -> None:
    """Add up all parts of a request to a model whose template is shipped."""
    rule = context.hosted_rule(TEMPLATE)
    template = shipped_templates()[rule.values["template"]]
    counter = TemplateCounter(context, template, _options(context, rule))
    tools = tools_of(context.request, describes_all=rule.values.get("describes_all", False))
    try:
        rendering = counter.rendering(tools)
        whole = counter.tokens(rendering)
        without_tools = counter.tokens(counter.rendering([])) if tools else whole
    except RefusedByTemplate as error:
        raise BadChatRequest("messages", f"are refused by the chat template of {context.model}: {error}") from error
    except RenderingTooLong:
        context.sums.text.lack(f"what the template {template.name} gives here, which takes too long to render")
        return
    except UncountableText:
        raise
    except Exception as error:
        context.sums.text.lack(f"what the template {template.name} gives here ({type(error).__name__})")
        return
    _share_out(context, rule, whole + _added(context, rule), whole - without_tools)
    _count_rest(context, template)
    _widen(context, rule, rendering.doubt)


def _added(context: CountingContext, rule: Rule) -> int:
    """Return what the host was measured to count beside the template."""
    has_system = any(turn.role in SYSTEM_ROLES for turn in context.request.turns)
    without_system = 0 if has_system else rule.values.get("without_system", 0)
    return int(rule.values.get("tokens", 0) + without_system)


def _options(context: CountingContext, rule: Rule) -> dict[str, Any]:
    """Return the host's own settings for a shape, and over them those of the request."""
    own = rule.values.get("options", {}) | rule.values.get(f"options_{context.request.shape}", {})
    return {**own, **context.request.template_options}


def _share_out(context: CountingContext, rule: Rule, whole: int, tools: int) -> None:
    """Put the whole into parts: texts and calls as they count alone, and all that is left into the frame."""
    sums, blocks = context.sums, [block for turn in context.request.turns for block in turn.blocks]
    calls = sum(_call_tokens(context, block) for block in blocks)
    text = sum(context.texts.count(block.text) for block in blocks if isinstance(block, TextBlock | ThinkingBlock))
    text = min(text, whole - tools)
    calls = min(calls, whole - tools - text)
    for part, tokens in ((sums.text, text), (sums.tool_calls, calls), (sums.tools, tools)):
        if tokens:
            part.add(tokens, rule.name)
    sums.frame.add(whole - text - calls - tools, rule.name)


def _call_tokens(context: CountingContext, block: Any) -> int:
    if isinstance(block, ToolCallBlock):
        return context.texts.count(block.name) + context.texts.count(compact(block.arguments))
    if isinstance(block, ToolResultBlock):
        return sum(context.texts.count(each.text) for each in block.blocks if isinstance(each, TextBlock))
    return 0


def _count_rest(context: CountingContext, template: ChatTemplate) -> None:
    """Images, and what no template knows."""
    request, sums = context.request, context.sums
    for turn in request.turns:
        for block in turn.blocks:
            _count_other(context, block, template)
    for tool in request.tools:
        if tool.builtin is not None:
            sums.tools.lack(f"what {tool.path} ({tool.builtin}) puts into the prompt")
    for missing in request.missing:
        sums.text.lack(missing)


def _count_other(context: CountingContext, block: Any, template: ChatTemplate) -> None:
    sums = context.sums
    if isinstance(block, MediaBlock):
        if block.kind == "image":
            count_image(context, block, template)
        else:
            part = sums.audio if block.kind == "audio" else sums.files
            part.lack(f"how {context.model} counts {block.path}")
    elif isinstance(block, UnknownBlock):
        sums.text.lack(f"what {block.path} ({block.kind}) costs")
    elif isinstance(block, ToolResultBlock):
        for inner in block.blocks:
            _count_other(context, inner, template)


def _widen(context: CountingContext, rule: Rule, doubt: int) -> None:
    """Make parts estimates where the host was not measured with this template, or was measured to differ."""
    sums, values, request = context.sums, rule.values, context.request
    is_measured, is_published = rule.name != TEMPLATE, context.host in TEMPLATE_HOSTS
    calls = sum(isinstance(block, ToolCallBlock) for turn in request.turns for block in turn.blocks)
    if doubt:
        sums.frame.widen(doubt, doubt, "open-examined-text")
    if values.get("is_kin") and not is_measured:
        context.widen(sums.frame, "open-kin")
    if not is_measured and not is_published:
        context.widen(sums.frame, "open-unmeasured-host")
    _doubt(context, sums.frame, values.get("text"), len(request.turns))
    if request.tools and request.tool_choice.mode != "none":
        band = values.get("tools", None if is_measured or is_published else "open-tools")
        _doubt(context, sums.tools, band, len(request.tools))
        if request.tool_choice.mode in {"named", "required"}:
            _doubt(context, sums.tools, values.get("choice"), 1)
    if calls:
        _doubt(context, sums.text, values.get("calls"), calls)
    if request.response_format is not None and not is_published:
        _doubt(context, sums.frame, values.get("schema", "open-schema"), 1)


def _doubt(context: CountingContext, part: PartSum, band: str | None, items: int) -> None:
    """Widen a part by a band; `unknown` leaves it without a number."""
    if band == UNKNOWN:
        part.lack(f"how {context.host} renders this for {context.model}")
    elif band is not None:
        context.widen(part, band, items)
