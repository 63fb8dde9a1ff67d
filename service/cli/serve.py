"""`weighbridge serve`: what others may have taken comes first, then all that has to be ready before the first call."""

import errno
import gc
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import click

from service.cli.configuration import configuration, prepared_folder
from service.cli.loading import Loading
from service.observability.line_stream import standard_lines
from service.runtime.data_dir import HERE
from service.runtime.process_limits import spare_address_space
from service.runtime.settings import Settings
from service.runtime.startup import PortUnavailable, block_imports, gc_paused, listen
from service.storage.embedded_valkey import EmbeddedValkey
from service.storage.errors import StoreError
from weighbridge_base.files import owner_only_files

if TYPE_CHECKING:
    from service.http.server import Server

FAULTS = (PortUnavailable, StoreError, OSError)
# redis would make numbers of its own for the first, and structlog paint tracebacks with the others.
UNASKED = ("opentelemetry", "rich", "better_exceptions")


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@click.option("--workers", type=click.IntRange(1, 256), help="Worker processes.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Folder of the embedded stores.")
@click.option("--demo", is_flag=True, help="Print a working key of the account demo.")
def serve(host: str | None, port: int | None, workers: int | None, data_dir: Path | None, demo: bool) -> None:
    """Serve the API until Ctrl-C or SIGTERM."""
    options = {"host": host, "port": port, "workers": workers, "data_dir": data_dir}
    current = configuration(options)
    settings = current.settings
    if current.sources["data_dir"] == "default" and settings.data_dir == HERE:
        click.echo(f"Using {HERE.resolve()}, which has data already; WEIGHBRIDGE_DATA_DIR names another.", err=True)
    spare_address_space()
    try:
        with standard_lines(), owner_only_files(), ExitStack() as running:
            with gc_paused():
                server = _prepared(settings, demo, running)
                gc.freeze()  # forked workers share what the collector does not touch
            server.run()
    except FAULTS as error:
        raise click.ClickException(_sentence(error, settings.data_dir)) from None


def _sentence(error: Exception, folder: Path) -> str:
    """Why the service does not start; of a full disk the system says neither which it is nor what to do."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"The disk of the data folder {folder} is full: free some space, then start again."
    return str(error)


def _prepared(settings: Settings, demo: bool, running: ExitStack) -> "Server":
    """Take the address, begin the store, load vocabularies; meanwhile import what is needed for the rest."""
    folder = prepared_folder(settings)
    listener = running.enter_context(listen(settings.host, settings.port))
    counters = _counters(settings, folder, running)
    loading = Loading(settings)
    running.callback(loading.close)
    server: Server = libraries().prepared(settings, folder, listener, counters, loading, demo, running)
    return server


def libraries() -> ModuleType:
    """The module that prepares the rest, imported with all libraries that the server needs, and no others."""
    with block_imports(*UNASKED):
        return import_module("service.cli.preparation")


def _counters(settings: Settings, folder: Path, running: ExitStack) -> EmbeddedValkey | str:
    """The URL of the counters' store; without a setting, an embedded store that was begun."""
    if settings.redis_url is not None:
        return settings.redis_url.get_secret_value()
    embedded = EmbeddedValkey(folder)
    running.callback(embedded.stop)
    embedded.begin()
    return embedded
