"""Where the desk listens, and who may reach it: without a password only this machine."""

import errno
import ipaddress
import socket
from collections.abc import Iterable

from aion.config import LOOPBACK_HOSTS
from aion.errors import ConfigError

BACKLOG = 4096  # connections that may wait to be accepted; Linux allows no more by default


def check_host(host: str, *, has_password: bool) -> None:
    """Refuse to listen where others could read an account's numbers without a password.

    Raises:
        ConfigError: `host` is not a loopback address and there is no password.
    """
    if has_password or is_loopback(host):
        return
    raise ConfigError(
        f"AION_HOST={host} would open this desk to everyone who can reach this machine, and no password is set: "
        "remove AION_HOST (127.0.0.1), or set one with `aion password set` or AION_PASSWORD"
    )


def is_loopback(host: str) -> bool:
    """Return True if `host` names this machine only."""
    if host.lower() in LOOPBACK_HOSTS:
        return True
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return False
    return (getattr(found, "ipv4_mapped", None) or found).is_loopback


def allowed_hosts(host: str, others: Iterable[str] = ()) -> frozenset[str]:
    """Return the names that a `Host` header may carry for a desk that listens on `host`; `others` are the user's."""
    return frozenset({*LOOPBACK_HOSTS, host.lower(), *(name.lower() for name in others)})


def is_address(name: str) -> bool:
    """Return True if `name` is an IP address: DNS rebinding needs a name, so an address cannot be one."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


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
