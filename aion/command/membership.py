"""The commands that say who belongs to a cluster: `aion cluster init`, `add-machine`, `add-desk`, `remove`, ..."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from aion.terminal import say

SOON_DAYS = 30  # before a certificate expires, from which on it is called out


def add_membership(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    group = typer.Typer(no_args_is_help=True, help="Servers, machines and desks of a cluster: their keys and rights.")
    app.add_typer(group, name="cluster")
    group.command("init")(init)
    group.command("add-machine")(add_machine)
    group.command("add-desk")(add_desk)
    group.command("renew")(renew)
    group.command("remove")(remove)
    group.command("list")(list_all)


New = Annotated[Path, typer.Argument(help="New folder that holds the cluster's keys; keep it private.")]
Name = Annotated[str, typer.Argument(help="Name of a machine or desk: letters, digits, - and _.")]
Which = Annotated[str, typer.Argument(help="Name of a machine, a desk or a server.")]
Dir = Annotated[Path, typer.Option("--dir", help="Folder of the cluster, as `aion cluster init` made it.")]
Servers = Annotated[
    str, typer.Option("--servers", help="Names or addresses of 1, 3 or 5 servers, with :port if it is not 4222.")
]
HERE = Path("cluster")


def init(
    folder: New = HERE,
    servers: Servers = "localhost:4222,localhost:4223,localhost:4224",
) -> None:
    """Make keys and server configuration of a new cluster; by default of three servers on this machine."""
    from aion.cluster.rights import registry

    made = registry.init(folder, registry.parse_servers(servers), datetime.now(UTC))
    say(f"{folder}: a cluster of {len(made.servers)} servers. It holds the keys that let others in: keep it private.")
    for server in made.servers:
        say(f"  {server.name}: copy {folder / 'servers' / server.name} there; in it, run nats-server -c nats.conf")
    say(f"Next: aion cluster add-machine NAME --dir {folder}, aion cluster add-desk NAME --dir {folder}")


def add_machine(name: Name, folder: Dir = HERE) -> None:
    """Add a machine with bots: it may write its own state and read its own controls, nothing else."""
    _add(folder, name, "machine")


def add_desk(name: Name, folder: Dir = HERE) -> None:
    """Add a desk: it may read all states and write controls."""
    _add(folder, name, "desk")


def renew(name: Which, folder: Dir = HERE) -> None:
    """Make new keys for a machine, desk or server; the old ones of a member end when the servers reload."""
    from aion.cluster.rights import registry

    target = registry.renew(folder, name, datetime.now(UTC))
    say(f"{name} has new keys: copy {target} to it")
    _say_reload(folder)


def remove(name: Name, folder: Dir = HERE) -> None:
    """Remove a machine or desk: it is cut off when the servers reload."""
    from aion.cluster.rights import registry

    registry.remove(folder, name)
    say(f"{name} is removed; it is cut off once the servers have reloaded")
    _say_reload(folder)


def list_all(folder: Dir = HERE) -> None:
    """List servers, machines and desks, and when their certificates expire."""
    from aion.cluster.rights import registry

    found, now = registry.read(folder), datetime.now(UTC)
    kinds = {each.name: "server" for each in found.servers} | {each.name: each.kind for each in found.members}
    ends = registry.expiry(folder)
    for name, kind in kinds.items():
        at = ends.get(name)
        days = (at - now).days if at is not None else 0
        note = "" if days > SOON_DAYS else f"  renew it: aion cluster renew {name}"
        say(f"{kind:8} {name:24} {f'expires {at:%Y-%m-%d}' if at is not None else 'its folder is missing'}{note}")


def _add(folder: Path, name: str, kind: str) -> None:
    from aion.cluster.rights import registry

    target = registry.add(folder, name, "machine" if kind == "machine" else "desk", datetime.now(UTC))
    say(f"{name} is a {kind} of the cluster: copy {target} to it, and name the copy in its aion.toml:")
    say(f'  [cluster]\n  config = "{target.name}"')
    _say_reload(folder)


def _say_reload(folder: Path) -> None:
    say(f"Then copy members.conf of {folder / 'servers'}/* to each server, and run: nats-server --signal reload")
