"""Starting a process: the listening socket, the garbage collector, and imports that are not needed."""

import gc
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """For the time of the block nothing is collected.

    What is imported and loaded at a start stays; looking through it again and again would take a fifth of the time.
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
    """For the time of the block these packages are as if they were not installed, for whatever is imported in it.

    Some libraries import what they find, for uses that are not ours: it would cost time at each start, and memory.
    """
    found = {name: sys.modules.get(name) for name in packages}
    sys.modules |= dict.fromkeys(packages)  # type: ignore[arg-type]  # None is how the import system marks it
    try:
        yield
    finally:
        for name, module in found.items():
            del sys.modules[name]
            if module is not None:
                sys.modules[name] = module


class PortUnavailable(Exception):
    """The address cannot be listened on. The message is one sentence for a person."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that the workers will share; port 0 takes a free one. Raises PortUnavailable."""
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
