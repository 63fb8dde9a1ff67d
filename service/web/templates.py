"""Jinja2 templates. All that is put into them is escaped; what is missing is a fault."""

import shlex
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from pricing_data import plain

FIGURE_SPACE = "\u2007"


class Templates:
    """The templates of this package, with what every page knows: `shared`."""

    def __init__(self, asset: Callable[[str], str], shared: Mapping[str, Any]) -> None:
        self._environment = Environment(
            loader=PackageLoader("service.web", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters |= {"plain": plain, "thousands": thousands, "aligned": aligned, "code": code}
        self._environment.filters["quoted"] = shlex.quote
        self._environment.globals |= {"asset": asset, **shared}

    def render(self, name: str, values: Mapping[str, Any]) -> str:
        """The text of a page or of a part of one."""
        return self._environment.get_template(name).render(values)


def code(text: str) -> Markup:
    """The text, with what stands between backticks as code."""
    parts = enumerate(text.split("`"))
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part) for number, part in parts
    )


def thousands(number: int) -> str:
    """`1,234,567`."""
    return f"{number:,}"


def aligned(value: Decimal, decimals: int) -> tuple[str, str]:
    """The plain number, and the spaces of a digit's width that bring its point under those of its column."""
    text = plain(value)
    missing = decimals - len(text.partition(".")[2]) + ("." not in text and decimals > 0)
    return text, FIGURE_SPACE * max(0, missing)
