"""`weighbridge vocab`: which vocabularies are shipped, and proof that they are what they should be."""

import json
from collections import Counter

import click
from rich.console import Console
from rich.table import Table

from tokenizer_registry import Check, Registry, verify


@click.group()
def vocab() -> None:
    """List and verify the vocabularies."""


@vocab.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def list_(as_json: bool) -> None:
    """List the vocabularies with their models, origin and licence."""
    registry = Registry.from_package()
    users = Counter(model.vocabulary for model in registry.models.values())
    rows = [
        {
            "name": spec.name,
            "format": spec.format,
            "models": users[spec.name],
            "origin": f"{spec.source.package} {spec.source.version}",
            "licence": spec.licence.name,
            "sha256": spec.sha256,
        }
        for spec in registry.vocabularies.values()
    ]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    table = Table("name", "format", "models", "origin", "licence")
    for row in rows:
        table.add_row(*(str(row[column]) for column in ("name", "format", "models", "origin", "licence")))
    Console().print(table)


@vocab.command("verify")
@click.argument("names", nargs=-1)
def verify_(names: tuple[str, ...]) -> None:
    """Check digests, recorded counts, and a megabyte of mixed text against the reference library."""
    registry = Registry.from_package()
    for name in names:
        if name not in registry.vocabularies:
            raise click.ClickException(f"There is no vocabulary {name!r}. `weighbridge vocab list` shows them.")
    chosen = names or tuple(registry.vocabularies)
    failed = [name for name in chosen if not _verified(registry, name)]
    if failed:
        raise click.ClickException(f"{len(failed)} of {len(chosen)} vocabularies failed: {', '.join(failed)}.")
    click.echo(f"{len(chosen)} of {len(chosen)} vocabularies verified.")


def _verified(registry: Registry, name: str) -> bool:
    click.echo(name)

    def say(check: Check) -> None:
        mark = click.style("ok    ", "green") if check.passed else click.style("FAILED", "red")
        click.echo(f"  {mark} {check.name}: {check.detail}")

    return verify(registry, name, say).passed
