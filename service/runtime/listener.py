"""The socket on which the service listens."""

import socket


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
