"""What an account pays besides the price, as it stands in answers: apart from the price, which it never changes."""

from decimal import Decimal

from pricing_data.book.overrides import Markup
from service import wire


def markup_values(markup: Markup, usd: Decimal | None) -> dict[str, wire.Value]:
    """Return the properties of a mark-up on an amount; without an amount its own is null."""
    return {"markup_percent": markup.percent, "markup_cost": None if usd is None else markup.amount(usd)}


def markup_properties(markup: Markup, usd: Decimal | None) -> str:
    """Return the same as the inside of a JSON object."""
    return wire.properties(markup_values(markup, usd))
