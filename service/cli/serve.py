"""`weighbridge serve`: take the address, start the stores, load and import everything else, then run the server."""

import errno
import gc
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import click

from service.cli.configuration import configuration, prepare_folder
from service.cli.serve_loading import Loading
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
# redis would record metrics with the first, and structlog format tracebacks with the others.
BLOCKED = ("opentelemetry", "rich", "better_exceptions")


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 picks a free one.")
@click.option("--workers", type=click.IntRange(1, 256), help="Worker processes.")
@click.option("--data-dir", type=click.Path(path_type=Path), help="Data folder, with the embedded stores.")
@click.option("--demo", is_flag=True, help="Print a working API key of the account `demo`.")
def serve(host: str | None, port: int | None, workers: int | None, data_dir: Path | None, demo: bool) -> None:
    """Serve the API until Ctrl-C or SIGTERM."""
    options = {"host": host, "port": port, "workers": workers, "data_dir": data_dir}
    current = configuration(options)
    settings = current.settings
    if current.sources["data_dir"] == "default" and settings.data_dir == HERE:
        click.echo(
            f"Using existing data in {HERE.resolve()}. Set WEIGHBRIDGE_DATA_DIR to use another folder.", err=True
        )
    spare_address_space()
    try:
        with standard_lines(), owner_only_files(), ExitStack() as running:
            with gc_paused():
                server = _prepare(settings, demo, running)
                gc.freeze()  # workers share memory that the garbage collector never writes to
            server.run()
    except FAULTS as error:
        raise click.ClickException(_start_fault(error, settings.data_dir)) from None


def _start_fault(error: Exception, folder: Path) -> str:
    """Return why the service does not start. The error of a full disk does not name the folder, so this does."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return f"The disk of the data folder {folder} is full: free some space, then start again."
    return str(error)


def _prepare(settings: Settings, demo: bool, running: ExitStack) -> "Server":
    """Take the address, start the store and load vocabularies; import the server's libraries meanwhile."""
    folder = prepare_folder(settings)
    listener = running.enter_context(listen(settings.host, settings.port))
    counters = _counters(settings, folder, running)
    loading = Loading(settings)
    running.callback(loading.close)
    server: Server = libraries().prepare_server(settings, folder, listener, counters, loading, demo, running)
    return server


def libraries() -> ModuleType:
    """Import and return the module that prepares the server, without libraries that it would import but not use."""
    with block_imports(*BLOCKED):
        return import_module("service.cli.serve_preparation")


def _counters(settings: Settings, folder: Path, running: ExitStack) -> EmbeddedValkey | str:
    """Return the URL of the counters' store; without the setting, an embedded store that has been started."""
    if settings.redis_url is not None:
        return settings.redis_url.get_secret_value()
    embedded = EmbeddedValkey(folder)
    running.callback(embedded.stop)
    embedded.begin()
    return embedded
