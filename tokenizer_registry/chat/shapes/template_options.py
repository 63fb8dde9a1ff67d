"""What hosts of open models pass on from a request to the chat template."""

from typing import Any, Final

from tokenizer_registry.chat.request import JsonObject
from tokenizer_registry.chat.shapes.fields import Field

_PROPERTIES: Final = frozenset(("chat_template", "chat_template_kwargs", "reasoning", "reasoning_effort", "thinking"))


def template_options(body: Field) -> JsonObject:
    """Return the variables of a request in OpenAI's shapes. Raise BadChatRequest for a template in the request."""
    if _PROPERTIES.isdisjoint(body.mapping()):
        return {}
    options = body.get("chat_template_kwargs")
    given = options.optional_mapping() or {}
    for place in (body, options) if given else (body,):
        template = place.get("chat_template")
        if template.value is not None:
            raise template.fault("is not rendered: a request cannot bring its own template")
    return {**_effort(body), **_thinking(body), **given}


def _effort(body: Field) -> dict[str, Any]:
    """OpenAI's effort, which turns thinking off with `none`."""
    reasoning = body.get("reasoning")
    found = reasoning.get("effort").value if isinstance(reasoning.value, dict) else None
    effort = body.get("reasoning_effort").value or found
    if not isinstance(effort, str):
        return {}
    return {"reasoning_effort": effort} | (_thinks(False) if effort == "none" else {})


def _thinking(body: Field) -> dict[str, Any]:
    """`thinking` as DeepSeek and Z.ai have it."""
    thinking = body.get("thinking").value
    return _thinks(thinking.get("type") == "enabled") if isinstance(thinking, dict) else {}


def _thinks(enabled: bool) -> dict[str, Any]:
    """The names that templates have for one thing."""
    return {"thinking": enabled, "enable_thinking": enabled}
