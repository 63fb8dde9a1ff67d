"""The count of a request to a model with open weights at a host."""

from typing import Any, Final, NamedTuple

from tokenizer_registry.chat.context import CountingContext
from tokenizer_registry.chat.errors import BadChatRequest
from tokenizer_registry.chat.json_texts import compact
from tokenizer_registry.chat.open_weights.conversation import tools_of
from tokenizer_registry.chat.open_weights.images import count_image
from tokenizer_registry.chat.open_weights.sandbox import RefusedByTemplate, RenderingTooLong
from tokenizer_registry.chat.open_weights.shipped import ChatTemplate, shipped_templates
from tokenizer_registry.chat.open_weights.template_counter import TemplateCounter, without_end
from tokenizer_registry.chat.parts import PartSum
from tokenizer_registry.chat.request import (
    MediaBlock,
    ResponseFormat,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
    UnknownBlock,
)
from tokenizer_registry.chat.rules import Rule, find_band
from tokenizer_registry.chat.translation import SYSTEM_ROLES
from tokenizer_registry.errors import UncountableText

TEMPLATE: Final = "open-template"
# What templates are given for OpenAI's JSON mode.
JSON_MODE: Final = {"type": "json_object"}
# In place of a band: nothing is known.
UNKNOWN: Final = "unknown"
# Hosts that render the publisher's template by their own statement.
TEMPLATE_HOSTS: Final = frozenset({"vllm", "sglang", "transformers"})
# Hosts that encode texts apart from control tokens, so that a control string in a text stays text.
KEEPING_HOSTS: Final = frozenset({"mistral"})


class Rendered(NamedTuple):
    """The tokens of a rendered request: the whole, those of its tools and of JSON mode, and the doubts about them.

    `parsed` is what a host counts that parses control strings in texts, `bare` without what the template writes behind
    instructions, which another renderer leaves out; `doubt` is how far the layout may be off.
    """

    whole: int
    tools: int
    json_mode: int
    parsed: int
    bare: int
    doubt: int


def count_open_weights(context: CountingContext) -> None:
    """Add up all parts of a request to a model whose template is shipped."""
    rule = context.hosted_rule(TEMPLATE)
    template = shipped_templates()[rule.values["template"]]
    try:
        rendered = _rendered(context, rule, template)
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
    _share_out(context, rule, rendered)
    _count_rest(context, template)
    _widen(context, rule, rendered)


def _rendered(context: CountingContext, rule: Rule, template: ChatTemplate) -> Rendered:
    values, options = rule.values, _options(context, rule)
    counter = TemplateCounter(context, template, options, parses_results=values.get("parses_results", False))
    tools = tools_of(
        context.request,
        describes_all=values.get("describes_all", False),
        is_bare=values.get("bare_functions", False),
    )
    rendering = counter.rendering(tools)
    whole = counter.tokens(rendering)
    without_tools = counter.tokens(counter.rendering([])) if tools else whole
    parsed = whole if context.host in KEEPING_HOSTS else counter.tokens_when_parsed(tools) or whole
    json_mode = 0
    if values.get("shows_json_mode") and _is_json_mode(context.request.response_format):
        showing = TemplateCounter(context, template, options | {"response_format": JSON_MODE})
        json_mode = showing.tokens(showing.rendering(tools)) - whole
    end = values.get("behind_instructions")
    bare = counter.tokens(without_end(rendering, end)) if end else whole
    return Rendered(whole, whole - without_tools, json_mode, parsed, bare, rendering.doubt)


def _is_json_mode(response_format: ResponseFormat | None) -> bool:
    """Whether any JSON is asked for, without a schema."""
    return response_format is not None and response_format.schema is None


def _added(context: CountingContext, rule: Rule) -> int:
    """Return what the host was measured to count beside the template."""
    has_system = any(turn.role in SYSTEM_ROLES for turn in context.request.turns)
    without_system = 0 if has_system else rule.values.get("without_system", 0)
    return int(rule.values.get("tokens", 0) + without_system)


def _options(context: CountingContext, rule: Rule) -> dict[str, Any]:
    """Return the host's own settings for a shape, and over them those of the request."""
    own = rule.values.get("options", {}) | rule.values.get(f"options_{context.request.shape}", {})
    return {**own, **context.request.template_options}


def _share_out(context: CountingContext, rule: Rule, rendered: Rendered) -> None:
    """Put the whole into parts: texts and calls as they count alone, and all that is left into the frame."""
    sums, blocks = context.sums, [block for turn in context.request.turns for block in turn.blocks]
    whole, tools = rendered.whole + _added(context, rule), rendered.tools
    calls = sum(_call_tokens(context, block) for block in blocks)
    text = sum(context.texts.count(block.text) for block in blocks if isinstance(block, TextBlock | ThinkingBlock))
    text = min(text, whole - tools)
    calls = min(calls, whole - tools - text)
    given = (sums.text, text), (sums.tool_calls, calls), (sums.tools, tools), (sums.schema, rendered.json_mode)
    for part, tokens in given:
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


def _widen(context: CountingContext, rule: Rule, rendered: Rendered) -> None:
    """Make parts estimates where the host was not measured with this template, or was measured to differ."""
    sums, values, request = context.sums, rule.values, context.request
    is_measured, is_published = rule.name != TEMPLATE, context.host in TEMPLATE_HOSTS
    calls = sum(isinstance(block, ToolCallBlock) for turn in request.turns for block in turn.blocks)
    if rendered.doubt:
        sums.frame.widen(rendered.doubt, rendered.doubt, "open-examined-text")
    for other, reason in ((rendered.parsed, "open-written-controls"), (rendered.bare, "open-instructions")):
        if other != rendered.whole:
            sums.frame.widen(max(rendered.whole - other, 0), max(other - rendered.whole, 0), reason)
    if values.get("is_kin") and not is_measured:
        context.widen(sums.frame, "open-kin")
    if not is_measured and not is_published:
        context.widen(sums.frame, "open-unmeasured-host")
    _doubt(context, sums.frame, values.get("text"), len(request.turns))
    if request.tools and request.tool_choice.mode != "none":
        band = values.get(f"tools_{request.shape}") or values.get("tools") or _usual_band(is_measured or is_published)
        _doubt(context, sums.tools, band, len(request.tools))
        if request.tool_choice.mode in {"named", "required"}:
            _doubt(context, sums.tools, values.get("choice"), 1)
    if calls:
        _doubt(context, sums.text, values.get("calls"), calls)
    if request.response_format is not None and not is_published:
        _doubt_schema(context, values.get("schema", "open-schema"), request.response_format)


def _doubt_schema(context: CountingContext, band: str, wanted: ResponseFormat) -> None:
    """Widen by what a host may write for a schema, or, in place of its usual frame, leave out."""
    sums = context.sums
    if band == UNKNOWN:
        _doubt(context, sums.schema, band, 1)
        return
    tokens = 0 if wanted.schema is None else context.texts.count(compact(wanted.schema))
    below, above = find_band(band, context.generation.name).bounds(tokens, 1)
    sums.schema.widen(0, above, band)
    if below:
        sums.frame.widen(below, 0, band)


def _usual_band(is_known: bool) -> str | None:
    return None if is_known else "open-tools"


def _doubt(context: CountingContext, part: PartSum, band: str | None, items: int) -> None:
    """Widen a part by a band; `unknown` leaves it without a number."""
    if band == UNKNOWN:
        part.lack(f"how {context.host} renders this for {context.model}")
    elif band is not None:
        context.widen(part, band, items)
