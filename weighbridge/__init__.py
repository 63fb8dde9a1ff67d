"""Weighbridge: exact token counts and exact prices of calls to language models.

>>> import weighbridge
>>> weighbridge.count("hello", "gpt-4o")
1

Everything here is local: nothing is sent or downloaded. The functions use the vocabularies and prices of this package;
the service `weighbridge serve` and the command line also know an operator's own.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tokenizer_registry.chat.parts import ChatCount
    from weighbridge.chats import count_chat
    from weighbridge.choosing import cheapest
    from weighbridge.counting import count, models, resolve
    from weighbridge.priced_counts import TextCount, counts
    from weighbridge.pricing import cost, price

__all__ = [
    "ChatCount",
    "TextCount",
    "cheapest",
    "cost",
    "count",
    "count_chat",
    "counts",
    "models",
    "price",
    "resolve",
]

# The module of each name, imported at the first use: a count needs no prices.
_MODULES = {
    "ChatCount": "tokenizer_registry.chat.parts",
    "cheapest": "weighbridge.choosing",
    "count_chat": "weighbridge.chats",
    **dict.fromkeys(("count", "models", "resolve"), "weighbridge.counting"),
    **dict.fromkeys(("TextCount", "counts"), "weighbridge.priced_counts"),
    **dict.fromkeys(("cost", "price"), "weighbridge.pricing"),
}


def __getattr__(name: str) -> Any:
    """Return a public name from its module. Raise AttributeError."""
    if name == "__version__":
        return version("weighbridge")
    if name not in _MODULES:
        raise AttributeError(f"module 'weighbridge' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
