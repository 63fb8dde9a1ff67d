"""The price of a model as a caller names it: at its host, in its region and service, or none with the reason."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pricing_data.book import PriceBook
from pricing_data.call_cost import call_cost
from pricing_data.dates import utc_day
from pricing_data.errors import BadUsage, UnpricedUsage
from pricing_data.host_terms import host_terms
from pricing_data.named_models import NamedModel
from pricing_data.price import RATE_FIELDS, STANDARD, Price, Rates, Tariff, Tier
from pricing_data.rate_card import ReadyRates, input_rate, rate_card, tier_reached
from pricing_data.usage import Terms, Usage

INPUT = RATE_FIELDS.index("input")
FINE_TUNED = "a fine-tuned model has a price of its own, which is not known"
FREE = "a free offer has terms of its own, and no price by the token is known"


class InputRate(NamedTuple):
    """USD per input token, and the bound of the context tier that it is for; None is not known."""

    usd: Decimal | None
    above_tokens: int | None


class NamedPrice(NamedTuple):
    """The row that prices a name and the terms of a call by it; without a row, or without rates, `reason` says why."""

    price: Price | None
    terms: Terms
    reason: str | None = None

    @property
    def is_standard(self) -> bool:
        """Return whether the row's own rates apply: those of the standard service without a factor of a region."""
        return self.terms.service == STANDARD and self.terms.region is None

    @property
    def rates(self) -> Rates:
        """Return the rates of a call below the first context tier, with the factor of the region; none if unknown."""
        if self.price is None:
            return Rates()
        if self.is_standard:
            return self.price.tariff.rates
        return _rates(rate_card(self.price, self.terms.service, self.terms.region).base)

    @property
    def row(self) -> Price | None:
        """Return the row with the rates, tiers and hours of the call's service and region alone."""
        if self.price is None or self.is_standard:
            return self.price
        card = rate_card(self.price, self.terms.service, self.terms.region)
        tiers = tuple(Tier(above, _rates(ready)) for above, ready in reversed(card.tiers))
        hours = tuple(replace(window, rates=_rates(card.windows[window])) for window in card.schedule)
        return replace(self.price, tariff=Tariff(_rates(card.base), tiers, schedule=hours))

    def input_rate(self, input_tokens: int) -> InputRate:
        """Return the rate of a call with this many input tokens."""
        price, terms = self.price, self.terms
        if price is None:
            return InputRate(None, None)
        if self.is_standard:
            return InputRate(input_rate(price, input_tokens), tier_reached(price, input_tokens))
        ready = rate_card(price, terms.service, terms.region).reached(input_tokens, terms.at)
        return InputRate(ready.charged[INPUT], ready.rating.above_tokens)

    def input_cost(self, usage: Usage) -> Decimal | None:
        """Return the cost of the input of a call in USD, each part at its own rate; None without a price.

        Raise UnpricedUsage if a part has no rate.
        """
        return None if self.price is None else call_cost(self.price, usage, self.terms).input


def find_price(book: PriceBook, named: NamedModel, stated: Terms) -> NamedPrice:
    """Return the price of a name on the given terms, or the reason why there is none. Raise nothing."""
    try:
        terms = named.terms(stated)
        price = price_of(book, named, terms.at)
        if price is None:
            return NamedPrice(None, terms, no_price(book, named.model, terms.at))
        found = NamedPrice(price, terms)
        if not found.is_standard:
            rate_card(price, terms.service, terms.region)
        return found
    except UnpricedUsage as fault:
        return NamedPrice(None, stated, fault.reason)
    except BadUsage as fault:
        return NamedPrice(None, stated, str(fault))


def price_of(book: PriceBook, named: NamedModel, at: date) -> Price | None:
    """Return the row that prices a name at an instant or on a day, None if the book has none then.

    Raise UnpricedUsage if the row of the model is not that of the name.
    """
    if named.is_plain:
        return book.price(named.model, at)
    if named.is_fine_tuned:
        return _fine_tuned(book, named, at)
    price = book.price(named.model, at)
    if price is None:
        return None
    if named.is_free and (price.input, price.output or Decimal()) != (Decimal(), Decimal()):
        raise UnpricedUsage(named.model, FREE)
    if named.host is None or any(own.row is price for own in book.overrides.get(named.model, ())):
        return price
    return host_terms().sold_by(named.host, price, named.author)


def no_price(book: PriceBook, model: str, at: date) -> str:
    """Return why the book has no price of a model at an instant or on a day."""
    if book.history(model) or book.overrides.get(model):
        return book.why_unpriced(model, utc_day(at))
    return f"no price of {model} is known"


def _rates(ready: ReadyRates) -> Rates:
    return Rates(**dict(zip(RATE_FIELDS, ready.charged, strict=True)))


def _fine_tuned(book: PriceBook, named: NamedModel, at: date) -> Price | None:
    """Return the row for models that are fine-tuned from the model, which is called `ft:` and the model's name."""
    own = f"ft:{named.model}"
    if own not in book.histories and own not in book.overrides:
        raise UnpricedUsage(named.model, FINE_TUNED)
    return book.price(own, at)
