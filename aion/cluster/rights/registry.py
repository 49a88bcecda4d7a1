"""The folder of a cluster: who belongs to it, the authorities' keys, and what is copied to servers and members.

    cluster.json          servers and members
    authority/            keys that sign; they never leave this folder
    servers/<name>/       configuration and keys of a server
    members/<name>/       card and keys of a machine or desk

A folder comes whole or not at all, and none is ever overwritten.
"""

import json
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from aion.cluster.rights.accounts import MONITOR, Certified, Kind, Server, members_text, server_text
from aion.cluster.rights.authority import Pair, ends_at, make_authority, make_certificate
from aion.cluster.rights.member import CARD, CERTIFICATE, KEY, SERVERS
from aion.errors import ConfigError, StateError
from aion.store.file import read_json, write_bytes, write_json
from aion.store.layout import check_name
from aion.store.lock import alone

RECORD = "cluster.json"
MEMBERS_CONF = "members.conf"
MEMBERS = "members.crt"
MOST_PORT = 65_535 - MONITOR
_SERVER = re.compile(
    r"(?:\[(?P<v6>[0-9a-f:]+)\]|(?P<host>[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?))(?::(?P<port>[0-9]{1,5}))?"
)
COUNTS = (1, 3, 5)
"""Servers of a cluster: an even number survives no more than one fewer."""


Authorities = Mapping[str, Pair]
"""That of `servers`, and that of `members`."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """What is known of a cluster."""

    servers: tuple[Server, ...]
    members: tuple[Certified, ...] = ()

    def member(self, name: str) -> Certified | None:
        """Return the member of that name, None if there is none."""
        return next((each for each in self.members if each.name == name), None)


def parse_servers(text: str) -> tuple[Server, ...]:
    """Return the servers of `host1,host2:4223,[::1]:4224`.

    Raises:
        ConfigError: there are not 1, 3 or 5, one is no host, or two are the same.
    """
    found = tuple(_server(each.strip()) for each in text.split(","))
    if len({each.name for each in found}) != len(found):
        raise ConfigError(f"--servers {text!r} names a server twice")
    if len(found) not in COUNTS:
        raise ConfigError(
            f"--servers {text!r} names {len(found)} servers: name 1, 3 or 5. Three survive the loss of one; "
            "two are lost with either of them"
        )
    return found


def init(folder: Path, servers: Sequence[Server], now: datetime) -> Cluster:
    """Make a cluster of `servers` with no members in a new `folder`.

    Raises:
        ConfigError: the folder has something in it, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(f"{folder} is not empty: name a new folder. Nothing was written")
    made = Cluster(tuple(servers))
    authorities = {"servers": make_authority("Aion servers", now), "members": make_authority("Aion members", now)}
    beside = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        beside.mkdir(mode=stat.S_IRWXU, parents=True)
        for server in servers:
            _write_folder(beside / "servers" / server.name, _server_files(made, server, authorities, now))
        _write_folder(
            beside / "authority",
            {f"{name}.{what}": data for name, pair in authorities.items()
             for what, data in (("crt", pair.certificate), ("key", pair.key))},
        )  # fmt: skip
        (beside / "members").mkdir(mode=stat.S_IRWXU)
        _keep(beside, made)
        if folder.exists():
            folder.rmdir()
        beside.rename(folder)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return made


def read(folder: Path) -> Cluster:
    """Return the cluster whose folder this is.

    Raises:
        ConfigError: it is none.
    """
    try:
        found, _ = read_json(folder / RECORD)
        servers = tuple(Server(str(each["host"]), int(each["port"])) for each in found["servers"])
        members = tuple(
            Certified(str(each["name"]), _kind(each["kind"]), str(each["subject"])) for each in found["members"]
        )
    except FileNotFoundError:
        raise ConfigError(f"{folder} is no folder of a cluster: make one with `aion cluster init {folder}`") from None
    except (StateError, KeyError, TypeError, ValueError) as error:
        raise ConfigError(f"{folder / RECORD} is damaged ({error}): restore it from a backup") from None
    return Cluster(servers, members)


def add(folder: Path, name: str, kind: Kind, now: datetime) -> Path:
    """Add a machine or desk; return the folder to copy to it.

    Raises:
        ConfigError: the name is taken or cannot be one, or the folder cannot be read or written.
    """
    if "." in check_name(kind, name):
        raise ConfigError(f"{kind} {name!r} has a dot: use letters, digits, '-' and '_'")
    with _opened(folder) as cluster:
        if (other := cluster.member(name)) is not None:
            raise ConfigError(
                f"{name} is a {other.kind} of this cluster already: choose another name, or make new keys for it "
                f"with `aion cluster renew {name}`"
            )
        return _certify(folder, cluster, name, kind, now)


def renew(folder: Path, name: str, now: datetime) -> Path:
    """Make new keys for a member or server; return its folder. A member's old keys end when the servers reload.

    Raises:
        ConfigError: there is none of that name, or a folder cannot be read or written.
    """
    with _opened(folder) as cluster:
        if (member := cluster.member(name)) is not None:
            others = replace(cluster, members=tuple(each for each in cluster.members if each.name != name))
            return _certify(folder, others, name, member.kind, now)
        for server in cluster.servers:
            if server.name == name:
                target = folder / "servers" / name
                _replace_folder(target, _server_files(cluster, server, _authorities(folder), now))
                return target
        raise _unknown(cluster, name)


def remove(folder: Path, name: str) -> None:
    """Remove a member: its keys are refused from the next reload of the servers on.

    Raises:
        ConfigError: there is no member of that name, or the folder cannot be read or written.
    """
    with _opened(folder) as cluster:
        if cluster.member(name) is None:
            raise _unknown(cluster, name)
        left = replace(cluster, members=tuple(each for each in cluster.members if each.name != name))
        _keep(folder, left)
        _tell_servers(folder, left)
        shutil.rmtree(folder / "members" / name, ignore_errors=True)


def expiry(folder: Path) -> dict[str, datetime]:
    """Return when the certificate of each server and member expires, by name."""
    found = {}
    for path in sorted((*folder.glob("servers/*/server.crt"), *folder.glob(f"members/*/{CERTIFICATE}"))):
        found[path.parent.name] = ends_at(path.read_bytes())
    return found


@contextmanager
def _opened(folder: Path) -> Iterator[Cluster]:
    """Hold the folder against other commands."""
    read(folder)  # a folder that is none is left as it is
    try:
        with alone(folder):
            yield read(folder)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be changed: {error.strerror or error}") from None


def _certify(folder: Path, cluster: Cluster, name: str, kind: Kind, now: datetime) -> Path:
    member = Certified(name, kind, f"{kind}-{name}-{secrets.token_hex(6)}")
    authorities = _authorities(folder)
    pair = make_certificate(authorities["members"], member.subject, now)
    urls = [f"tls://{each.address}" for each in cluster.servers]
    card = (
        "# Written by `aion cluster`. This folder proves who this machine is: keep it to yourself.\n"
        f"name = {json.dumps(name)}\nkind = {json.dumps(kind)}\nservers = {json.dumps(urls)}\n"
        f"replicas = {min(3, len(cluster.servers))}\nexpires = {ends_at(pair.certificate):%Y-%m-%d}\n"
    )
    target = folder / "members" / name
    _replace_folder(
        target,
        {
            CARD: card.encode(), CERTIFICATE: pair.certificate, KEY: pair.key,
            SERVERS: authorities["servers"].certificate,
        },
    )  # fmt: skip
    known = replace(cluster, members=(*cluster.members, member))
    _keep(folder, known)
    _tell_servers(folder, known)
    return target


def _server_files(
    cluster: Cluster, server: Server, authorities: Mapping[str, Pair], now: datetime
) -> dict[str, bytes]:
    pair = make_certificate(authorities["servers"], server.name, now, server.host)
    return {
        "nats.conf": server_text(server, cluster.servers).encode(),
        MEMBERS_CONF: members_text(cluster.members).encode(),
        "server.crt": pair.certificate, "server.key": pair.key,
        SERVERS: authorities["servers"].certificate, MEMBERS: authorities["members"].certificate,
    }  # fmt: skip


def _authorities(folder: Path) -> dict[str, Pair]:
    try:
        return {
            name: Pair(
                (folder / "authority" / f"{name}.crt").read_bytes(),
                (folder / "authority" / f"{name}.key").read_bytes(),
            )
            for name in ("servers", "members")
        }
    except OSError as error:
        raise ConfigError(
            f"{error.filename} cannot be read ({error.strerror}): without the authority's keys nobody can be added"
        ) from None


def _tell_servers(folder: Path, cluster: Cluster) -> None:
    for server in cluster.servers:
        write_bytes(
            folder / "servers" / server.name / MEMBERS_CONF, members_text(cluster.members).encode(), durable=True
        )


def _keep(folder: Path, cluster: Cluster) -> None:
    write_json(folder / RECORD, asdict(cluster), durable=True)


def _write_folder(target: Path, files: Mapping[str, bytes]) -> None:
    """Write a folder that is not there, for its owner alone."""
    target.parent.mkdir(mode=stat.S_IRWXU, exist_ok=True)
    target.mkdir(mode=stat.S_IRWXU)
    for name, data in files.items():
        descriptor = os.open(target / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)


def _replace_folder(target: Path, files: Mapping[str, bytes]) -> None:
    """Put a whole folder in the place of `target`, if there is one."""
    beside, old = (target.with_name(f".{target.name}.{secrets.token_hex(4)}") for _ in range(2))
    try:
        _write_folder(beside, files)
        if target.exists():
            target.rename(old)
        beside.rename(target)
    except OSError as error:
        raise ConfigError(f"{target} cannot be written: {error.strerror}") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _server(text: str) -> Server:
    found = _SERVER.fullmatch(text)
    port = int(found["port"] or 4222) if found is not None else 0
    if found is None or not 1 <= port <= MOST_PORT:
        raise ConfigError(
            f"{text!r} is no server: use its name or address, and its port if that is not 4222, such as 10.0.0.1:4223"
        )
    return Server(found["v6"] or found["host"], port)


def _kind(value: object) -> Kind:
    if value == "machine" or value == "desk":
        return value
    raise ValueError(f"kind {value!r}")


def _unknown(cluster: Cluster, name: str) -> ConfigError:
    known = ", ".join(sorted(each.name for each in cluster.members)) or "none yet"
    return ConfigError(f"{name!r} does not belong to this cluster; its members: {known}")
