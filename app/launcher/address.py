"""Bind the address at which the web process serves, so that it stays bound while that is replaced."""

import errno
import socket

BACKLOG = 1024


class CannotListen(Exception):
    """The address cannot be bound."""


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket; raise `CannotListen` with what to do."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
        except OSError:
            listener.close()
            raise
    except OSError as error:
        advice = (
            "; set PROCESSION_PORT to another one, or to 0 for a free port" if error.errno == errno.EADDRINUSE else ""
        )
        raise CannotListen(f"cannot listen on {host}:{port}: {error.strerror}{advice}") from None
    listener.listen(BACKLOG)
    return listener
