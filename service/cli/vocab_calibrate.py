"""`weighbridge vocab calibrate`: compare a model's counts with those of its provider."""

import asyncio
import math
import statistics
from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

import click

from service.cli.catalogue import known_names, load_registry
from service.cli.configuration import configuration
from service.cli.progress import progress
from service.cli.table import CellValue, Column, print_table, say
from service.http import json
from service.tokens.providers.client import ProviderClient
from service.tokens.providers.endpoints import CountingProvider, MessageCounter, ProviderFault, provider_of
from tokenizer_registry import Registry
from tokenizer_registry.approximation.samples import SampleText, samples


class CountComparison(NamedTuple):
    """Two counts of one text. `inside` is true if the provider's count lies within our error band."""

    sample: SampleText
    ours: int
    theirs: int
    inside: bool

    @property
    def error(self) -> float:
        """Return the relative difference of the provider's count from ours."""
        return self.theirs / self.ours - 1


@click.command()
@click.option("--model", "-m", "name", required=True, help="Model of a provider whose API key is set.")
@click.option("--samples", "-n", "wanted", type=click.IntRange(1), help="Number of texts to send (default: all).")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def calibrate(name: str, wanted: int | None, as_json: bool) -> None:
    """Compare a model's counts with its provider's.

    The texts are part of the package and are sent to the provider.
    """
    registry = load_registry()
    (known,) = known_names(registry, [name])
    model = registry.names.resolve(known).model
    provider = _provider(registry, model)
    chosen = _choose_samples(wanted)
    try:
        compared = asyncio.run(_compare(registry, provider, model, chosen))
    except ProviderFault as fault:
        raise click.ClickException(f"{fault}.") from None
    method = registry.count("", [model], estimate=True)[0]
    counted_with = method.estimator or method.vocabulary
    if as_json:
        entries: list[json.Value] = [_entry(one) for one in compared]
        click.echo(json.encode({"model": model, "counted_with": counted_with, "samples": entries}))
        return
    _print(compared)
    inside = sum(one.inside for one in compared)
    say(f"{model}, counted with {counted_with}: {inside} of {len(compared)} texts lie within the error band.")


def _provider(registry: Registry, model: str) -> CountingProvider:
    settings = configuration().settings
    provider = provider_of(settings, registry.models[model])
    if provider is None:
        raise click.ClickException(
            f"No key for the provider of {model!r}: set WEIGHBRIDGE_ANTHROPIC_API_KEY, WEIGHBRIDGE_GOOGLE_API_KEY or "
            "WEIGHBRIDGE_OPENAI_API_KEY."
        )
    if registry.count("", [model], estimate=True)[0].tokens is None:
        raise click.ClickException(f"There is neither a vocabulary nor an estimator for {model!r}.")
    return provider


def _choose_samples(wanted: int | None) -> list[SampleText]:
    """Return the first texts, taking one kind after the other, so that a few texts are of many kinds."""
    every = samples()
    kinds = [[sample for sample in every if sample.kind == kind] for kind in dict.fromkeys(one.kind for one in every)]
    turns = [sample for turn in zip_longest(*kinds) for sample in turn if sample is not None]
    return turns[:wanted]


async def _compare(
    registry: Registry, provider: CountingProvider, model: str, chosen: Sequence[SampleText]
) -> list[CountComparison]:
    client = ProviderClient(configuration().settings.provider_timeout_seconds)
    counter = MessageCounter(provider, client)
    compared = []
    try:
        with progress(f"asking {provider.name}", len(chosen)) as advance:
            for sample in chosen:
                compared.append(_compare_counts(registry, model, sample, await counter.count(model, sample.text)))
                advance()
    finally:
        await client.close()
    return compared


def _compare_counts(registry: Registry, model: str, sample: SampleText, theirs: int) -> CountComparison:
    count = registry.count(sample.text, [model], estimate=True)[0]
    ours = count.tokens or 0
    low, high = (count.error.low, count.error.high) if count.error else (0, 0)
    inside = math.floor(ours * (1 + low)) <= theirs <= math.ceil(ours * (1 + high))
    return CountComparison(sample, ours, theirs, inside)


def _print(compared: Sequence[CountComparison]) -> None:
    numbers = (Column(heading, "number") for heading in ("number", "mean error", "spread", "worst"))
    rows: list[tuple[CellValue, ...]] = []
    kinds = dict.fromkeys(one.sample.kind for one in compared)
    groups = [(kind, [one for one in compared if one.sample.kind == kind]) for kind in kinds]
    for kind, group in [*groups, ("all", list(compared))]:
        errors = [one.error for one in group]
        worst = max(group, key=lambda one: abs(one.error))
        spread = (f"{statistics.fmean(errors):+.2%}", f"{statistics.pstdev(errors):.2%}", f"{worst.error:+.2%}")
        text = f"{worst.sample.name}: {worst.ours} here, {worst.theirs} there"
        rows.append((kind, len(group), *spread, text))
    print_table((Column("texts", "name"), *numbers, Column("the worst text")), rows)


def _entry(one: CountComparison) -> json.Value:
    return {
        "kind": one.sample.kind,
        "name": one.sample.name,
        "token_count": one.ours,
        "provider_token_count": one.theirs,
        "within_band": one.inside,
    }
