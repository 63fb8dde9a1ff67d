"""The registry as commands see it: what is shipped, and what the data folder adds."""

from pathlib import Path

import click

from service.cli.configuration import configuration
from tokenizer_registry import BadCatalogue, Registry

VOCABULARIES_FOLDER = "vocabularies"


def extra_folder(data_dir: Path | None = None) -> Path:
    """Where fetched and private vocabularies are. Nothing is made."""
    return (data_dir or configuration().settings.data_dir) / VOCABULARIES_FOLDER


def load_registry(data_dir: Path | None = None) -> Registry:
    """All that is known; a catalogue that cannot be read ends the command with one sentence."""
    try:
        return Registry.from_package(extra_folder(data_dir), fast=configuration().settings.engine == "fast")
    except BadCatalogue as error:
        raise click.ClickException(str(error)) from None
