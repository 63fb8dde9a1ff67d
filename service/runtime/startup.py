"""Starting a process: the listening socket, the garbage collector, and imports that are not needed."""

import gc
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """Disable the garbage collector in the block.

    Objects that are imported and loaded at the start stay; collecting would take a fifth of the start.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def block_imports(*packages: str) -> Iterator[None]:
    """Make imports of these packages fail in the block, as if they were not installed.

    Some libraries import optional packages that the service does not use, which would cost time and memory.
    """
    found = {name: sys.modules.get(name) for name in packages}
    sys.modules |= dict.fromkeys(packages)  # type: ignore[arg-type]  # None makes the import system raise ImportError
    try:
        yield
    finally:
        for name, module in found.items():
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module


class PortUnavailable(Exception):
    """The address cannot be bound. The message is a sentence for the user."""


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket for all workers; port 0 selects a free port. Raise PortUnavailable."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        bound = socket.socket(family)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(2048)
    except OSError as error:
        raise PortUnavailable(
            f"Cannot listen on {host} port {port}: {error.strerror or error}. "
            "Choose another with --port or WEIGHBRIDGE_PORT; port 0 takes a free one."
        ) from None
    return bound
