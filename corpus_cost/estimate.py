"""The result of an estimate: tokens and cost of all texts for each model, and what could not be read."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal, NamedTuple

from corpus_cost.chat_counting import ChatSums
from corpus_cost.errors import TextFault
from corpus_cost.intervals import Interval
from corpus_cost.pricing import Cost, Metering, Way, price_sums
from corpus_cost.totals import Meter, Partial, Sums
from corpus_cost.workload import Workload
from pricing_data.cost import add
from tokenizer_registry import ErrorBand
from tokenizer_registry.approximation.estimators import Basis


class ModelEstimate(NamedTuple):
    """The estimate of one model: tokens and cost (USD) of the texts that could be counted.

    `uncounted` is the number of texts that could not; `chats` are in the tokens. The cost is exactly the sum of the
    costs of single calls, one for each text; where it is None, `reason` says why. With a sample, tokens and cost have
    confidence intervals.
    """

    way: Way
    input_tokens: int | None
    output_tokens: int | None
    usd: Decimal | None
    reason: str | None = None
    uncounted: int = 0
    token_interval: Interval | None = None
    usd_interval: Interval | None = None
    chats: ChatSums = ChatSums()

    @property
    def method(self) -> Literal["exact", "estimate", "none"]:
        """Whether the tokens are exact."""
        if self.input_tokens is None:
            return "none"
        texts_are_estimated = self.way.method == "estimate" and self.input_tokens > self.chats.tokens
        return "estimate" if texts_are_estimated or self.chats.estimated_chats else "exact"

    @property
    def band(self) -> ErrorBand | None:
        """The error band of all tokens, None if they are exact."""
        if self.method != "estimate":
            return None
        if self.way.band is not None and not self.chats.tokens:
            return self.way.band
        texts, chats, whole = (self.input_tokens or 0) - self.chats.tokens, self.chats, Decimal(self.input_tokens or 1)
        edges = (self.way.band.low, self.way.band.high) if self.way.band else (Decimal(), Decimal())
        return ErrorBand(
            (texts * edges[0] + chats.low - chats.estimated_tokens) / whole,
            (texts * edges[1] + chats.high - chats.estimated_tokens) / whole,
            self.way.band.basis if self.way.band and texts else Basis.RECORDED,
        )


class SampleSize(NamedTuple):
    """The size of a sample: texts counted, points drawn, and bytes from which the points were drawn."""

    share: Decimal
    texts: int
    points: int
    measured_bytes: int


class Estimate(NamedTuple):
    """The estimates of all models, what was read, and what was not. `done` of `shards` shards are in the totals."""

    models: tuple[ModelEstimate, ...]
    total: Partial
    faults: tuple[TextFault, ...]
    workload: Workload
    sources: int
    hidden: int
    ignored: int
    shards: int
    done: int
    sample: SampleSize | None = None

    @property
    def is_whole(self) -> bool:
        """Return whether every text of every source is in the totals."""
        gaps = any(model.uncounted for model in self.models)
        return self.done == self.shards and not self.faults and not self.total.faulty and not gaps


def model_estimates(metering: Metering, total: Partial) -> tuple[ModelEstimate, ...]:
    """Return the estimate of each model from exact sums."""
    meters = {meter.counter: meter for meter in (*metering.meters, *metering.chat_meters)}
    return tuple(_model_estimate(way, meters, total) for way in metering.ways)


def _model_estimate(way: Way, meters: Mapping[str, Meter], total: Partial) -> ModelEstimate:
    if way.counter is None:
        return ModelEstimate(way, None, None, None, way.reason)
    if way.chats is None and total.chats and total.chats == total.texts:
        return ModelEstimate(way, None, None, None, way.no_chats, total.chats)
    names = [way.counter, *([way.chats.key] if way.chats else [])]
    whole, parts = Sums(), []
    for name in names:
        tiers = total.sums.get(name, (Sums(),) * meters[name].tiers)
        whole = whole.plus(sum_tiers(tiers))
        parts.append(price_sums(way.priced, meters[name], tiers))
    usd, reason = _added(parts)
    chats = total.chat_sums.get(way.chats.key, ChatSums()) if way.chats else ChatSums()
    return ModelEstimate(way, whole.input, whole.output, usd, reason, uncounted_texts(way, total), chats=chats)


def uncounted_texts(way: Way, total: Partial) -> int:
    """Return how many texts and chats a model has no count of."""
    chats = total.uncounted.get(way.chats.key, 0) if way.chats else total.chats
    return total.uncounted.get(way.counter or "", 0) + chats


def _added(parts: Sequence[Cost]) -> Cost:
    unknown = next((part for part in parts if part.usd is None), None)
    return unknown or Cost(add(*(part.usd for part in parts if part.usd is not None)))


def sum_tiers(tiers: Sequence[Sums]) -> Sums:
    """Return the sum over all tiers."""
    total = Sums()
    for tier in tiers:
        total = total.plus(tier)
    return total
