"""The commands for several machines: `aion prove`, `aion relay push`, `pull` and `desk`."""

import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from aion.command.option import Config, Data, ParentPipe, settings_of
from aion.errors import ConfigError
from aion.terminal import say


def add_cluster(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    relays = typer.Typer(no_args_is_help=True, help="Carry state files between machines over NATS JetStream.")
    app.command("prove")(prove)
    app.add_typer(relays, name="relay")
    relays.command("push")(push)
    relays.command("pull")(pull)
    relays.command("desk")(desk)


Server = Annotated[
    list[str] | None, typer.Option("--server", help="URL of a NATS server, nats://host:4222; once for each.")
]
Machine = Annotated[str, typer.Option("--machine", help="Name of the bots' machine: letters, digits, - and _.")]
Machines = Annotated[
    str,
    typer.Option(
        "--machines",
        help="Names of the machines that the desk shows together, with commas between, or all; each gets a folder of "
        "its own in machines/.",
    ),
]
Replicas = Annotated[int, typer.Option("--replicas", help="Servers that keep each stream: 1, 3 or 5.")]
Ca = Annotated[Path | None, typer.Option("--ca", help="Certificate that signs those of the servers; turns TLS on.")]
MemberFolder = Annotated[
    Path | None,
    typer.Option("--member", help="Folder of this machine, as aion cluster made it; instead of --server."),
]


def push(
    server: Server = None,
    machine: Machine = "",
    replicas: Replicas = 1,
    ca: Ca = None,
    member: MemberFolder = None,
    config: Config = None,
    data: Data = None,
    parent_pipe: ParentPipe = None,
) -> None:
    """Publish what the bots of this machine write, and bring them what desks ask of them; until stopped."""
    from aion.cluster.relay import run_source

    settings = _started(config, data, parent_pipe)
    run_source(settings.data, *_joined(settings, "machine", server, machine, replicas, ca, member))


def pull(
    server: Server = None,
    machine: Machine = "",
    machines: Machines = "",
    replicas: Replicas = 1,
    ca: Ca = None,
    member: MemberFolder = None,
    config: Config = None,
    data: Data = None,
    parent_pipe: ParentPipe = None,
) -> None:
    """Keep a proved copy of what the bots of a machine write, and bring them what this desk asks; until stopped."""
    from aion.cluster.copies import run_copies
    from aion.cluster.relay import run_copy

    settings = _started(config, data, parent_pipe)
    engine, of = _joined(settings, "desk", server, machine, replicas, ca, member)
    if machine and machines:
        raise ConfigError("say either --machine, whose files become the data folder, or --machines")
    if of and not machines:
        return run_copy(settings.data, engine, of)
    names = [each.strip() for each in machines.split(",")] if machines else []
    if not names:
        raise ConfigError("no machine is named: say --machine, whose files become the data folder, or --machines")
    run_copies(settings.data, engine, () if names == ["all"] else names)


def member_of(settings: Any) -> Any:
    """Return who this machine is by `[cluster]`; None where that says nothing.

    Raises:
        ConfigError: the member's folder cannot be used.
    """
    if settings.cluster.config is None:
        return None
    from aion.cluster.rights.member import read_member

    return read_member(settings.cluster.config)


def relays_of(settings: Any, member: Any, arguments: Sequence[str]) -> dict[str, Sequence[str]]:
    """Return the commands of the relays that `aion up` runs for a member, by the name of their process."""
    if member is None:
        return {}
    if member.kind == "machine":
        return {"relay": ("relay", "push", *arguments)}
    of = () if settings.cluster.machine else ("--machines", "all")
    return {"relay": ("relay", "pull", *of, *arguments), "relay-desk": ("relay", "desk", *arguments)}


def _started(config: Path | None, data: Path | None, parent_pipe: int | None) -> Any:
    from aion.process.supervisor import follow_parent

    follow_parent(parent_pipe)
    return settings_of(config, data=data)


def _joined(
    settings: Any, kind: str, servers: list[str] | None, machine: str, replicas: int, ca: Path | None,
    folder: Path | None,
) -> tuple[Any, str]:  # fmt: skip
    """Return the engine, and the machine whose files are carried; empty where none is named."""
    from aion.cluster.relay import Engine, check_machine
    from aion.cluster.rights.member import read_member

    folder = folder if folder is not None or servers else settings.cluster.config
    if folder is None:
        if not servers:
            raise ConfigError(
                "no cluster is named: use --member with the folder that `aion cluster` made, [cluster] in aion.toml, "
                "or --server"
            )
        return Engine(servers, replicas, ca), check_machine(machine) if machine else ""
    member = read_member(folder)
    if member.kind != kind:
        ends = {"machine": "aion relay push", "desk": "aion relay pull"}
        raise ConfigError(f"{folder} is of {member.name}, a {member.kind}: it runs `{ends[member.kind]}`")
    if kind == "machine":
        if machine not in ("", member.name):
            raise ConfigError(f"--machine {machine} is not {member.name}, whose keys are in {folder}: leave it out")
        machine = member.name
    machine = machine or settings.cluster.machine
    return Engine.of(member), check_machine(machine) if machine else ""


def desk(
    server: Server = None,
    name: Annotated[
        str,
        typer.Option(
            "--name",
            help="Of this desk in the audit: letters, digits, - and _. Default: the member's, else the host's.",
        ),
    ] = "",
    replicas: Replicas = 1,
    ca: Ca = None,
    member: MemberFolder = None,
    config: Config = None,
    data: Data = None,
    parent_pipe: ParentPipe = None,
) -> None:
    """Share logins, tokens and the audit of this desk with the other desks of the engine; until stopped."""
    from aion.cluster.relay import run_desk

    settings = _started(config, data, parent_pipe)
    engine, _ = _joined(settings, "desk", server, "", replicas, ca, member)
    own = engine.member.name if engine.member is not None else socket.gethostname().partition(".")[0]
    run_desk(settings.data, engine, name or own)


def prove(
    file: Annotated[
        Path, typer.Argument(help="Proof to write; on the desk it is watch/proof.json in its data folder.")
    ],
    every: Annotated[float, typer.Option("--every", help="Seconds between two proofs, 0.2 to 1200.")] = 1.0,
    copy: Annotated[str, typer.Option("--copy", help="Command that copies the data folder to the desk.")] = "",
    deliver: Annotated[str, typer.Option("--deliver", help="Command that copies the proof after it.")] = "",
    once: Annotated[
        bool, typer.Option("--once", help="One proof, then end, for cron; status 1 if there was none.")
    ] = False,
) -> None:
    """Prove to a desk that a folder which is fed by rsync or NFS holds what this machine wrote; until stopped."""
    from aion.cluster.prove import Feed, Prover, command_of, prove_once

    if not 0.2 <= every <= 1200:
        raise ConfigError(f"--every {every:g} is outside 0.2 to 1200 seconds")
    prover, feed = Prover(file, every), Feed(command_of(copy, "--copy"), command_of(deliver, "--deliver"))
    if once:
        prover.go_on()
    was = ""
    while True:
        started = time.monotonic()
        why = prove_once(prover, feed)
        if why != was:
            say(why or "proved again", err=True)
        was = why
        if once:
            raise typer.Exit(1 if why else 0)
        time.sleep(max(0.0, started + every - time.monotonic()))
