"""Columns of Arrow: tokens and exact costs of whole arrays. Nulls stay null, an empty text has 0 tokens."""

from datetime import date
from decimal import Decimal
from typing import Any

from estimation.engines import count_texts
from estimation.errors import NoAnswer
from estimation.extras import need
from pricing_data import PriceBook
from pricing_data.price import Price, Rates
from tokenizer_registry import Registry, RegistryError
from tokenizer_registry.vocabulary import TokenCounter

PURPOSE = "Counting columns"
# A price has at most 12 decimals and a count 19 digits: no product is rounded, and 38 digits are what Arrow has.
PRICE_DIGITS, COUNT_DIGITS, DECIMALS = 18, 19, 12


class Columns:
    """Counts and prices arrays of texts. Costs are of input alone, each text one call, in USD at one day's prices."""

    def __init__(self, registry: Registry, book: PriceBook, day: date) -> None:
        self._registry = registry
        self._book = book
        self._day = day

    def counted(self, texts: Any, model: str) -> Any:
        """An array of int64 from one of strings; null where a text is null, or cannot be cut into tokens.

        Raises NoAnswer for a model that is not known or has no public vocabulary.
        """
        arrow, compute = need("pyarrow", PURPOSE), need("pyarrow.compute", PURPOSE)
        counter = self._counter(model)
        counts = arrow.array(count_texts(counter, texts.drop_null().to_pylist()), arrow.int64())
        if not texts.null_count:
            return counts
        return compute.replace_with_mask(arrow.nulls(len(texts), arrow.int64()), texts.is_valid(), counts)

    def priced(self, texts: Any, model: str) -> Any:
        """An array of decimal128(38, 12) from one of strings, null where the count is.

        Raises NoAnswer, also for a model without a price.
        """
        counts = self.counted(texts, model)
        price = self._book.price(model, self._day)
        if price is None:
            raise NoAnswer(f"{model}: no price is known on {self._day}")
        return self._products(counts, price)

    def _counter(self, model: str) -> TokenCounter:
        try:
            reason = self._registry.why_uncounted(model)
            if reason is None:
                return self._registry.vocabulary(str(self._registry.models[model].vocabulary))
        except RegistryError as fault:
            raise NoAnswer(str(fault)) from None
        raise NoAnswer(f"{model} has no count: {reason}")

    def _products(self, counts: Any, price: Price) -> Any:
        arrow, compute = need("pyarrow", PURPOSE), need("pyarrow.compute", PURPOSE)
        rates = _decimal(arrow, _input(price, price.tariff.rates))
        for tier in price.tariff.tiers:
            reached = compute.greater(counts, tier.above_tokens)
            rates = compute.if_else(reached, _decimal(arrow, _input(price, tier.rates)), rates)
        costs = compute.multiply(counts.cast(arrow.decimal128(COUNT_DIGITS, 0)), rates)
        fee = price.tariff.rates.per_call
        if fee is None:
            return costs
        return compute.add(costs, _decimal(arrow, fee)).cast(arrow.decimal128(38, DECIMALS))


def _input(price: Price, rates: Rates) -> Decimal:
    if rates.input is None:
        raise NoAnswer(f"{price.model}: no price for input is known")
    return rates.input


def _decimal(arrow: Any, amount: Decimal) -> Any:
    return arrow.scalar(amount, arrow.decimal128(PRICE_DIGITS, DECIMALS))
