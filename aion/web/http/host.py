"""Who may reach the desk: without a password only this machine."""

import ipaddress
from collections.abc import Iterable

from aion.config import LOOPBACK_HOSTS
from aion.errors import ConfigError


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
