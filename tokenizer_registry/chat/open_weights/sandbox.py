"""Rendering of chat templates as Hugging Face does, in a sandbox, within a bound of steps, time and size."""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextvars import ContextVar
from datetime import date
from functools import cache, partial
from typing import Any, Final

from jinja2 import Template, nodes, pass_context
from jinja2.ext import Extension, loopcontrols
from jinja2.parser import Parser
from jinja2.runtime import Context

from tokenizer_registry.chat.open_weights.environment import ChatEnvironment
from tokenizer_registry.chat.open_weights.kept_objects import made_once
from tokenizer_registry.chat.open_weights.shipped import shipped_templates

# Turns of loops and calls of macros. A chat of 1,000 messages takes about 5,000.
MAX_STEPS: Final = 200_000
# To ask for the time takes as long as most steps.
STEPS_UNTIMED: Final = 8
# Of the thread's own time: other work on the machine does not count.
MAX_RENDER_SECONDS: Final = 0.1
MAX_RENDERED_CHARACTERS: Final = 64_000_000


class RenderingTooLong(Exception):
    """A template took more steps, time or characters than it may."""


class RefusedByTemplate(Exception):
    """A template refuses a conversation, such as one where two messages of the user follow each other."""


class Effort:
    """What one rendering has taken so far."""

    __slots__ = ("_end", "_steps")

    def __init__(self) -> None:
        self._steps = 0
        self._end = time.thread_time() + MAX_RENDER_SECONDS

    def step(self) -> None:
        """Take one more step. Raise RenderingTooLong."""
        self._steps += 1
        if self._steps > MAX_STEPS or (self._steps % STEPS_UNTIMED == 0 and time.thread_time() > self._end):
            raise RenderingTooLong


_EFFORT: ContextVar[Effort] = ContextVar("effort of a rendering")


class GenerationTag(Extension):
    """Accepts `{% generation %}…{% endgeneration %}`, which marks answers for training."""

    tags = {"generation"}  # noqa: RUF012  as jinja2 has it

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Return what stands between the tags."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def render(name: str, variables: Mapping[str, Any], today: date) -> str:
    """Return what a shipped template gives for its variables.

    Raise RenderingTooLong, RefusedByTemplate, and whatever an expression in the template raises for odd variables.
    """
    return render_template(_shipped(name), variables, today)


def render_template(template: Template, variables: Mapping[str, Any], today: date) -> str:
    """Return what a compiled template gives. Raise as `render` does."""
    token = _EFFORT.set(Effort())
    try:
        return "".join(_bounded(template.generate(**variables, strftime_now=today.strftime)))
    finally:
        _EFFORT.reset(token)


def _bounded(chunks: Iterable[str]) -> Iterable[str]:
    length = 0
    for chunk in chunks:
        length += len(chunk)
        if length > MAX_RENDERED_CHARACTERS:
            raise RenderingTooLong
        yield chunk


@cache
def examined_texts(name: str) -> frozenset[str]:
    """Return the strings that a template looks for in texts: the operand of `in`, arguments of `split` and the like."""
    tree = _environment().parse(shipped_templates()[name].text)
    found = {compare.expr for compare in tree.find_all(nodes.Compare) if compare.ops[0].op in {"in", "notin"}}
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Getattr) and call.node.attr in _EXAMINING:
            found |= set(call.args)
    return frozenset(each.value for each in found if isinstance(each, nodes.Const) and isinstance(each.value, str))


_EXAMINING: Final = frozenset({"split", "rsplit", "startswith", "endswith", "replace", "find", "partition"})


@cache
def _shipped(name: str) -> Template:
    return compiled(shipped_templates()[name].text)


def compiled(text: str) -> Template:
    """Compile a template so that each turn of a loop and each call of a macro is a step."""
    environment = _environment()
    tree = environment.parse(text)
    for loop in tree.find_all(nodes.For):
        loop.iter = _filtered(loop.iter, "counted")
    for macro in tree.find_all(nodes.Macro):
        macro.body.insert(0, nodes.Output([_filtered(nodes.Const("", lineno=macro.lineno), "counted_once")]))
    tree.set_environment(environment)
    code = environment.compile(tree)
    return Template.from_code(environment, code, environment.globals)


def _filtered(node: Any, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


@cache
def _environment() -> ChatEnvironment:
    environment = ChatEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[GenerationTag, loopcontrols])
    environment.filters |= {"tojson": _to_json, "counted": _counted, "counted_once": _counted_once}
    environment.globals["raise_exception"] = _refuse
    return environment


# With the context as an argument, so that jinja2 does not work them out while it compiles.
@pass_context
def _counted(_context: Context, values: Any) -> Iterator[Any]:
    step: Callable[[], None] = _EFFORT.get().step
    for value in values:
        step()
        yield value


@pass_context
def _counted_once(_context: Context, text: str) -> str:
    _EFFORT.get().step()
    return text


def _refuse(reason: str) -> None:
    raise RefusedByTemplate(reason)


def _to_json(
    value: Any, ensure_ascii: bool = False, indent: Any = None, separators: Any = None, sort_keys: bool = False
) -> str:
    """Return JSON as transformers writes it: without escapes for HTML."""
    given = partial(
        json.dumps, value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
    )
    text: str = made_once(value, f"{ensure_ascii} {indent!r} {separators} {sort_keys}", given)
    return text
