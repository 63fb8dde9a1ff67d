"""The sandbox of jinja2 for chat templates, with the values that they mostly ask for found first."""

from types import BuiltinMethodType
from typing import Any, Final

from jinja2.runtime import LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import Namespace

from tokenizer_registry.chat.open_weights.kept_objects import KeptObject

_DICT_ATTRIBUTES: Final = frozenset(dir(dict))
# `format` and `format_map` are wrapped by the sandbox.
_STRING_METHODS: Final = frozenset(
    name for name in dir(str) if not name.startswith("_") and name not in {"format", "format_map"}
)
_LOOP_VALUES: Final = frozenset({"first", "last", "index", "index0", "revindex", "revindex0", "length"})


class ChatEnvironment(ImmutableSandboxedEnvironment):
    """The sandbox itself takes some 20 checks for each attribute, none of which concerns the cases that are found here.

    They are items of objects, methods of strings, values of namespaces and the places of loops.
    """

    def getattr(self, obj: Any, attribute: str) -> Any | Undefined:
        """Return what the sandbox returns."""
        kind = type(obj)
        if (kind is dict or kind is KeptObject) and attribute not in _DICT_ATTRIBUTES:
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        if kind is str and attribute in _STRING_METHODS:
            return getattr(obj, attribute)
        if kind is LoopContext and attribute in _LOOP_VALUES:
            return getattr(obj, attribute)
        if kind is Namespace and not attribute.startswith("_"):
            value = getattr(obj, attribute, None)
            if value is not None and type(value) is not BuiltinMethodType:
                return value
        return super().getattr(obj, attribute)
