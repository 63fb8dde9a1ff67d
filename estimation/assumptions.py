"""What an estimate rests on, in sentences: part of every outcome, so that no number travels without them."""

from collections.abc import Iterator

from estimation.estimate import Estimate
from estimation.workload import Workload


def assumptions(found: Estimate) -> tuple[str, ...]:
    """The sentences."""
    return (*_read(found), *_asked(found.workload), *_sampled(found), *_estimated(found))


def _read(found: Estimate) -> Iterator[str]:
    total = found.total
    if found.sample is None:
        read = f"{_many(total.texts, 'text')} of {_many(total.bytes, 'byte')} in {_many(found.sources, 'source')}"
        yield f"{read}; each text is one call."
    if total.nulls:
        yield f"{_many(total.nulls, 'null')} left out."
    if found.hidden:
        yield f"{found.hidden:,} hidden files and folders were left out; name one to have it counted."
    if found.ignored:
        yield f"{found.ignored:,} files and folders were left out by .gitignore; name one to have it counted."


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _asked(workload: Workload) -> Iterator[str]:
    kind = "for batches " if workload.batch else ""
    yield f"Prices {kind}are those of {workload.day} (UTC), in USD, at the tier that each text reaches by itself."
    yield "Only the texts are counted: no instructions around them, no markers of chats."
    output = workload.output
    if output.tokens:
        yield f"Each text is answered with {output.tokens:,} tokens."
    elif output.ratio:
        yield f"Each text is answered with {float(output.ratio):.2%} of its tokens, to the nearest whole one."
    elif output.column:
        yield f"The tokens of each answer are in the column {output.column!r}."
    else:
        yield "No answers are priced; --output-tokens adds them."
    if workload.cached_share:
        yield f"Of each text's tokens {float(workload.cached_share):.2%} are read from a cache, rounded down."


def _sampled(found: Estimate) -> Iterator[str]:
    if (sample := found.sample) is not None:
        yield (
            f"From a sample: {sample.texts:,} texts, drawn by {sample.points:,} points spread evenly over "
            f"{sample.measured_bytes:,} bytes. The intervals hold the totals of a full count with 95 % confidence; "
            "they say nothing about output or prices that turn out otherwise."
        )


def _estimated(found: Estimate) -> Iterator[str]:
    if any(model.way.method == "estimate" for model in found.models):
        yield "~ marks models without a public vocabulary: the band says how far off their tokens may be."
