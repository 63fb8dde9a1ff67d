"""Tokens and exact costs of whole columns of texts: Arrow arrays, Polars expressions and DuckDB functions.

Nulls stay null; an empty text has 0 tokens.
"""

import warnings
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

from corpus_cost.chat_counting import ChatCounters, count_value, why_no_chats
from corpus_cost.counting import JobCounters
from corpus_cost.errors import NoAnswer, import_extra
from corpus_cost.model_names import ModelNames
from corpus_cost.plain_chats import chat_model
from corpus_cost.readers.arrow_texts import ArrowTexts, with_offsets
from pricing_data import PriceBook, Terms
from pricing_data.named_prices import INPUT, find_price
from pricing_data.price import Price
from pricing_data.rate_card import RateCard, ReadyRates, rate_card
from tokenizer_registry import Registry, RegistryError
from tokenizer_registry.vocabulary import TokenCounter

PURPOSE = "Counting columns"
# A price has at most 12 decimals and a count at most 19 digits, so products fit the 38 digits of Arrow unrounded.
PRICE_DIGITS, COUNT_DIGITS, DECIMALS = 18, 19, 12


class Columns:
    """Counts and prices arrays of texts, each text the input of one call, in USD at the prices of one day."""

    def __init__(self, registry: Registry, book: PriceBook, day: date) -> None:
        self._names = ModelNames(registry, book)
        self._day = day

    def counted(self, texts: Any, model: str) -> Any:
        """Return an int64 array of tokens for an array of strings; null where a text is null or cannot be counted.

        Raise NoAnswer for a model that is not known or has no public vocabulary.
        """
        arrow, compute = import_extra("pyarrow", PURPOSE), import_extra("pyarrow.compute", PURPOSE)
        counter = self._counter(model)
        column = ArrowTexts(with_offsets(texts.drop_null()))
        counts = arrow.array(
            JobCounters({model: counter}, ChatCounters(self._names.registry, ())).count(column)[model], arrow.int64()
        )
        if not texts.null_count:
            return counts
        return compute.replace_with_mask(arrow.nulls(len(texts), arrow.int64()), texts.is_valid(), counts)

    def counted_chats(self, chats: Any, model: str, *, estimate: bool = False) -> Any:
        """Return an int64 array of tokens for an array of chats: lists of messages, or JSON of messages or requests.

        Each is counted whole, with its frame, tools and images; null where it is null, is no chat, or has no exact
        count; with `estimate`, estimates are among the numbers. Raise NoAnswer for a model of which no rule is known.
        """
        arrow = import_extra("pyarrow", PURPOSE)
        registry = self._names.registry
        try:
            reason = why_no_chats(registry, model)
            asked = chat_model(registry, model)
        except RegistryError as fault:
            raise NoAnswer(str(fault)) from None
        if reason is not None:
            raise NoAnswer(f"{model} has no count of chats: {reason}")
        counts = (count_value(registry, value, asked, estimate=estimate) for value in chats.to_pylist())
        return arrow.array(list(counts), arrow.int64())

    def priced(self, texts: Any, model: str) -> Any:
        """Return a decimal128(38, 12) array of costs for an array of strings, null where the count is null.

        Raise NoAnswer, also for a model without a price.
        """
        counts = self.counted(texts, model)
        found = self._names.counted(model)
        price = find_price(self._names.book, found.named, Terms(self._day)) if found else None
        if price is None or price.price is None:
            raise NoAnswer(f"{model}: {price.reason if price else 'unknown model'}")
        return self._products(counts, price.price, rate_card(price.price, price.terms.service, price.terms.region))

    def _counter(self, model: str) -> TokenCounter:
        registry = self._names.registry
        try:
            resolved = registry.names.resolve(model).model
            reason = registry.why_uncounted(resolved)
            if reason is None:
                return registry.vocabulary(str(registry.models[resolved].vocabulary))
        except RegistryError as fault:
            raise NoAnswer(str(fault)) from None
        raise NoAnswer(f"{model} has no count: {reason}")

    def _products(self, counts: Any, price: Price, card: RateCard) -> Any:
        arrow, compute = import_extra("pyarrow", PURPOSE), import_extra("pyarrow.compute", PURPOSE)
        rates = _decimal(arrow, _input_rate(price, card.base))
        for above_tokens, ready in reversed(card.tiers):
            reached = compute.greater(counts, above_tokens)
            rates = compute.if_else(reached, _decimal(arrow, _input_rate(price, ready)), rates)
        costs = compute.multiply(counts.cast(arrow.decimal128(COUNT_DIGITS, 0)), rates)
        fee = price.tariff.rates.per_call
        if fee is None:
            return costs
        return compute.add(costs, _decimal(arrow, fee)).cast(arrow.decimal128(38, DECIMALS))


def _input_rate(price: Price, ready: ReadyRates) -> Decimal:
    rate = ready.charged[INPUT]
    if rate is None:
        raise NoAnswer(f"{price.model}: no price for input is known")
    return rate


def _decimal(arrow: Any, amount: Decimal) -> Any:
    return arrow.scalar(amount, arrow.decimal128(PRICE_DIGITS, DECIMALS))


DUCKDB_PURPOSE = "DuckDB functions"


def register_duckdb(connection: Any, columns: Columns) -> None:
    """Register `token_count(text, model)`, `token_cost(text, model)` and the counts of chats with a DuckDB connection.

    Counts are BIGINT; the cost, of the text as input, is DECIMAL(38, 12) in USD. `chat_token_count(chat, model)` takes
    JSON, such as `to_json(messages)`, and is null without an exact count; `chat_token_estimate` also has estimates.
    Raise MissingExtra.
    """
    arrow = import_extra("pyarrow", DUCKDB_PURPOSE)
    text, money = "VARCHAR", f"DECIMAL(38, {DECIMALS})"
    functions = (
        ("token_count", _by_model(columns.counted, arrow.int64()), "BIGINT"),
        ("chat_token_count", _by_model(columns.counted_chats, arrow.int64()), "BIGINT"),
        ("chat_token_estimate", _by_model(partial(columns.counted_chats, estimate=True), arrow.int64()), "BIGINT"),
        ("token_cost", _by_model(columns.priced, arrow.decimal128(38, DECIMALS)), money),
    )
    for name, function, kind in functions:
        connection.create_function(name, function, [text, text], kind, type="arrow", null_handling="special")


def _by_model(answer: Callable[[Any, str], Any], kind: Any) -> Callable[[Any, Any], Any]:
    """Return a function of two columns, texts and models, that calls `answer` once for each model."""
    arrow, compute = import_extra("pyarrow", DUCKDB_PURPOSE), import_extra("pyarrow.compute", DUCKDB_PURPOSE)

    def function(texts: Any, models: Any) -> Any:
        texts, models = _one_array(texts), _one_array(models)
        names = models.unique().to_pylist()
        if len(names) == 1 and names[0] is not None:
            return answer(texts, names[0])
        answers = arrow.nulls(len(texts), kind)
        for name in names:
            if name is not None:
                rows = compute.fill_null(compute.equal(models, name), False)
                answers = compute.replace_with_mask(answers, rows, answer(texts.filter(rows), name))
        return answers

    return function


def _one_array(column: Any) -> Any:
    """Return a column as one array; it may consist of chunks."""
    return column.combine_chunks() if hasattr(column, "combine_chunks") else column


POLARS_PURPOSE = "Polars expressions"


def register_polars(columns: Columns) -> None:
    """Register the namespace `tokens` with Polars: `pl.col("text").tokens.count("gpt-4o")` and `.tokens.cost(...)`.

    `pl.col("messages").tokens.count_chat("gpt-4o")` counts chats. Counts are Int64; the cost, of the text as input, is
    Decimal(38, 12) in USD. A model without a count or price raises an error when the query runs. Raise MissingExtra.
    """
    polars = import_extra("polars", POLARS_PURPOSE)
    import_extra("pyarrow", POLARS_PURPOSE)

    class TokensNamespace:
        """The namespace `tokens` of one expression."""

        def __init__(self, expression: Any) -> None:
            self._expression = expression

        def count(self, model: str) -> Any:
            """Return the tokens of each text for a model."""
            return self._mapped(columns.counted, model, polars.Int64)

        def count_chat(self, model: str, *, estimate: bool = False) -> Any:
            """Return the tokens of each chat, exact ones alone unless estimates are asked for."""
            answer = partial(columns.counted_chats, model=model, estimate=estimate)

            def batch(series: Any) -> Any:
                return polars.Series(series.name, answer(series.to_arrow()), dtype=polars.Int64)

            return self._expression.map_batches(batch, return_dtype=polars.Int64, is_elementwise=True)

        def cost(self, model: str) -> Any:
            """Return the cost in USD of each text as input of a model."""
            return self._mapped(columns.priced, model, polars.Decimal(38, DECIMALS))

        def _mapped(self, answer: Callable[[Any, str], Any], model: str, kind: Any) -> Any:
            def batch(series: Any) -> Any:
                arrays = series.cast(polars.String).to_arrow()
                return polars.Series(series.name, answer(arrays, model), dtype=kind)

            return self._expression.map_batches(batch, return_dtype=kind, is_elementwise=True)

    with warnings.catch_warnings():
        # A notebook cell may run again, which overrides this same namespace.
        warnings.filterwarnings("ignore", "overriding existing custom namespace 'tokens'", UserWarning)
        polars.api.register_expr_namespace("tokens")(TokensNamespace)
