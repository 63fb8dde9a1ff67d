"""Measure the error bands and write tokenizer_registry/estimates.toml, from scripts/estimates/estimators.toml.

    python -m scripts.build_estimates [--out FILE] [--spread NAME]

The bands are measured on the texts of tokenizer_registry/approximation/corpus with the vocabularies that are shipped.
With --spread, what one estimator's band rests on is printed by kind of text, and nothing is written.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from scripts.estimates.plan import Planned, read_plan, taken_models
from scripts.estimates.spread import Counts, Pair, bands, counted, pairs
from tokenizer_registry import Registry
from tokenizer_registry.approximation.estimators import Basis, ScriptClass
from tokenizer_registry.approximation.samples import samples
from tokenizer_registry.catalogue import TomlValue, toml_tables

ROOT = Path(__file__).parent.parent
PLAN = Path(__file__).parent / "estimates" / "estimators.toml"
HEADER = "# Written by scripts/build_estimates.py from scripts/estimates/estimators.toml. Do not edit.\n"

Bands = Mapping[ScriptClass, tuple[Decimal, Decimal]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the estimators' table, or print one estimator's band. Return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--out", type=Path, default=ROOT / "tokenizer_registry" / "estimates.toml")
    parser.add_argument("--spread", metavar="NAME", help="print what this estimator's band rests on")
    options = parser.parse_args(arguments)
    registry, plan = Registry.from_package(), read_plan(PLAN)
    counts = counts_for(registry, plan)
    if options.spread:
        planned = next(planned for planned in plan if planned.name == options.spread)
        print(report(pairs_of(planned, counts)))
        return 0
    taken = taken_models(plan, registry.models.values())
    rows = [row(planned, bands_of(planned, counts), taken[planned.name]) for planned in plan]
    options.out.write_text(HEADER + "\n" + "\n".join(rows), encoding="utf-8")
    print(f"{options.out}: {len(plan)} estimators for {sum(map(len, taken.values()))} models")
    return 0


def counts_for(registry: Registry, plan: Iterable[Planned]) -> Counts:
    """The counts of all texts with every vocabulary that a measured band needs."""
    measured = [planned for planned in plan if planned.margin is None]
    names = dict.fromkeys(name for planned in measured for name in (planned.vocabulary, *planned.peers))
    return counted([*names], samples(), lambda name, text: registry.counter(name).count(text))


def bands_of(planned: Planned, counts: Counts) -> Bands:
    """The measured bands, or the margin on either side."""
    if planned.margin is not None:
        return {script: (-Decimal(planned.margin), Decimal(planned.margin)) for script in ScriptClass}
    return bands(pairs_of(planned, counts), samples())


def pairs_of(planned: Planned, counts: Counts) -> list[Pair]:
    """What the band is measured on."""
    return pairs(planned.vocabulary, planned.peers, samples(), counts, mirrored=planned.mirrored)


def row(planned: Planned, found: Bands, models: Sequence[str]) -> str:
    """The estimator's table in estimates.toml."""
    basis = Basis.SPREAD if planned.margin is None else Basis.RECONSTRUCTION
    values: dict[str, TomlValue] = {
        "name": planned.name,
        "vocabulary": planned.vocabulary,
        "basis": basis.value,
        "peers": tuple(planned.peers),
        "reason": planned.reason,
    }
    names = "".join(f"    {json.dumps(name)},\n" for name in models)
    errors: dict[str, TomlValue] = {script.value: (str(low), str(high)) for script, (low, high) in found.items()}
    head, error = toml_tables({"[[estimator]]": values}), toml_tables({"[estimator.error]": errors})
    return f"{head}\nmodels = [\n{names}]\n{error}\n"


def report(found: Sequence[Pair]) -> str:
    """For each kind of text the mean and the extremes of the errors, in percent, and which pairs these are."""
    lines = [f"{'kind':16}{'pairs':>6}{'mean':>8}{'low':>8}{'high':>8}  extremes"]
    for kind in dict.fromkeys(pair.kind for pair in found):
        mine = sorted((pair for pair in found if pair.kind == kind), key=lambda pair: pair.error)
        mean = sum(pair.error for pair in mine) / len(mine)
        figures = "".join(f"{float(value):8.1%}" for value in (mean, mine[0].error, mine[-1].error))
        ends = ", ".join(f"{pair.text} by {pair.peer}" for pair in (mine[0], mine[-1]))
        lines.append(f"{kind:16}{len(mine):6}{figures}  {ends}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
