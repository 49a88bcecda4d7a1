"""The socket that the desk listens on."""

import errno
import socket

from aion.errors import ConfigError

BACKLOG = 4096  # connections that may wait to be accepted; Linux allows no more by default


def bind(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to `host` and `port`.

    Raises:
        ConfigError: the port is taken, or the address is none of this machine's.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise ConfigError(f"AION_HOST={host} is no address of this machine: {error.strerror}") from None
    listener = socket.socket(family, kind, protocol)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                f"port {port} is in use by another program: choose one with `make run PORT={port + 1}` or AION_PORT"
            ) from None
        raise ConfigError(f"cannot listen on {host} port {port} (AION_HOST, AION_PORT): {error.strerror}") from None
    return listener


def address_of(host: str, listener: socket.socket, base_path: str = "") -> str:
    """Return the address of the first page of a desk that listens on `listener` below `base_path`."""
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}{base_path}/bots"
