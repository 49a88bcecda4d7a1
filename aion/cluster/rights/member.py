"""A member of a cluster: the folder that `aion cluster` made for a machine or a desk, and what is in it."""

import ssl
import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from aion.errors import ConfigError

CARD = "member.toml"
CERTIFICATE, KEY, SERVERS = "member.crt", "member.key", "servers.crt"


@dataclass(frozen=True, slots=True)
class Member:
    """Who this machine is in a cluster."""

    name: str
    kind: Literal["machine", "desk"]
    servers: tuple[str, ...]
    """URLs, such as `tls://10.0.0.1:4222`."""
    replicas: int
    """Servers that keep each stream."""
    expires: date
    """Last day of its keys."""
    folder: Path

    def is_expired(self, today: date) -> bool:
        """Tell whether its keys have expired."""
        return today > self.expires

    def tls(self) -> ssl.SSLContext:
        """Return what proves who this is, and checks who the servers are; the files are read anew each time.

        Raises:
            ConfigError: a file is missing, unreadable or damaged.
        """
        try:
            found = ssl.create_default_context(cafile=str(self.folder / SERVERS))
            found.load_cert_chain(self.folder / CERTIFICATE, self.folder / KEY)
        except OSError as error:
            raise ConfigError(
                f"the keys in {self.folder} cannot be used ({error.strerror or error}): copy the whole folder "
                f"members/{self.name} of the cluster here again"
            ) from None
        return found


def read_member(folder: Path) -> Member:
    """Return the member whose folder this is.

    Raises:
        ConfigError: it is none.
    """
    path = folder / CARD
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}): name the folder that `aion cluster add-machine` or "
            "`add-desk` made, copied to this machine"
        ) from None
    except ValueError as error:
        raise ConfigError(f"{path} is damaged: {error}") from None
    name, kind = _text(found, "name", path), _text(found, "kind", path)
    servers, replicas = found.get("servers"), found.get("replicas")
    if kind not in ("machine", "desk"):
        raise ConfigError(f"{path}: kind {kind!r} is neither machine nor desk")
    if not isinstance(servers, list) or not servers or not all(isinstance(each, str) for each in servers):
        raise ConfigError(f"{path}: servers must be a list of URLs")
    if type(replicas) is not int or replicas not in (1, 3, 5):
        raise ConfigError(f"{path}: replicas {replicas!r} is not 1, 3 or 5")
    expires = found.get("expires")
    if type(expires) is not date:
        raise ConfigError(f"{path}: expires is not a day such as 2028-12-31")
    return Member(name, kind, tuple(servers), replicas, expires, folder)  # type: ignore[arg-type]


def _text(found: dict[str, Any], key: str, path: Path) -> str:
    value = found.get(key)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{path}: {key} is missing")
    return value
