"""The settings and the data folder for commands; faults end the command. Cheap to import: every command needs it."""

from collections.abc import Mapping
from pathlib import Path

import click

from service.runtime import data_dir as data_folder
from service.runtime.settings import Settings
from service.runtime.settings_loading import Configuration, SettingsError, load


class WrongConfiguration(click.ClickException):
    """Settings with faults. Ends the command with exit status 2 before it does anything."""

    exit_code = 2


def configuration(options: Mapping[str, object] | None = None) -> Configuration:
    """Return the settings of the environment; `options` of the command take precedence. Any fault ends the command."""
    try:
        return load(options=options)
    except SettingsError as error:
        raise WrongConfiguration(str(error)) from None


def prepare_folder(settings: Settings) -> Path:
    """Return the data folder, created and private to its owner; one that cannot be used ends the command."""
    try:
        return data_folder.prepare(settings.data_dir, lambda sentence: click.echo(sentence, err=True))
    except data_folder.DataFolderUnusable as error:
        raise click.ClickException(str(error)) from None
