"""The settings for commands, and the folder that they name: faults end the command."""

from collections.abc import Mapping
from pathlib import Path

import click

from service.runtime import data_dir as data_folder
from service.runtime.settings import Configuration, Settings, SettingsError, load


class WrongConfiguration(click.ClickException):
    """Ends a command before it began."""

    exit_code = 2


def configuration(options: Mapping[str, object] | None = None) -> Configuration:
    """The settings from the environment, with the command's options over them; all faults end the command."""
    try:
        return load(options=options)
    except SettingsError as error:
        raise WrongConfiguration(str(error)) from None


def prepared_folder(settings: Settings) -> Path:
    """The data folder, ready for use; one that cannot be used ends the command."""
    try:
        return data_folder.prepare(settings.data_dir, lambda sentence: click.echo(sentence, err=True))
    except data_folder.DataFolderUnusable as error:
        raise click.ClickException(str(error)) from None
