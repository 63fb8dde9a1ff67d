"""Attributes in templates have the values that jinja2's own sandbox gives."""

from collections.abc import Callable
from typing import Any

import pytest
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tokenizer_registry.chat.open_weights.environment import ChatEnvironment
from tokenizer_registry.chat.open_weights.kept_objects import KeptObject

OBJECTS: dict[str, Callable[[], Any]] = {
    "object": lambda: {"role": "user", "items": 1, "none": None},
    "kept object": lambda: KeptObject({"role": "user", "items": 1, "made": 2}),
    "string": lambda: "a text",
    "list": lambda: ["a"],
    "number": lambda: 3,
}
NAMES = sorted({*dir(str), *dir(dict), *dir(list), "role", "none", "made", "missing", "_Namespace__attrs", "mro"})
LOOP = "{% for each in [1, 2, 3] %}{{ loop.NAME }},{% endfor %}"
NAMESPACE = "{% set ns = namespace(role='user', count=none, f=''.format) %}{{ ns.NAME }}{{ ns.NAME is defined }}"


def outcome(environment: ImmutableSandboxedEnvironment, work: Callable[[ImmutableSandboxedEnvironment], str]) -> str:
    """Return the text of a value, or the kind of the error."""
    try:
        return work(environment)
    except Exception as error:
        return type(error).__name__


@pytest.mark.parametrize("kind", OBJECTS)
@pytest.mark.parametrize("name", NAMES)
def test_an_attribute_is_the_sandbox_s(kind: str, name: str) -> None:
    """The same value, or undefined for the same reason."""
    value = OBJECTS[kind]()
    theirs = dict(value) if kind == "kept object" else value

    def text(environment: ImmutableSandboxedEnvironment) -> str:
        found = environment.getattr(value if isinstance(environment, ChatEnvironment) else theirs, name)
        return f"{type(found).__name__} {'' if callable(found) else found}"

    assert outcome(ChatEnvironment(), text) == outcome(ImmutableSandboxedEnvironment(), text)


@pytest.mark.parametrize("source", [LOOP, NAMESPACE])
@pytest.mark.parametrize(
    "name", ["first", "last", "index", "index0", "length", "role", "count", "f", "missing", "__class__"]
)
def test_loops_and_namespaces_have_what_the_sandbox_gives(source: str, name: str) -> None:
    """Rendered by both."""

    def text(environment: ImmutableSandboxedEnvironment) -> str:
        return environment.from_string(source.replace("NAME", name)).render().partition(" at 0x")[0]

    assert outcome(ChatEnvironment(), text) == outcome(ImmutableSandboxedEnvironment(), text)


def test_an_internal_attribute_is_refused() -> None:
    """As without the short ways."""
    with pytest.raises(SecurityError):
        ChatEnvironment().from_string("{{ ''.__class__.mro() }}").render()
