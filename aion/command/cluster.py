"""The commands for several machines: `aion prove`, `aion relay push`, `aion relay pull`."""

import time
from pathlib import Path
from typing import Annotated

import typer

from aion.command.option import Config, Data, settings_of
from aion.errors import ConfigError
from aion.terminal import say


def add_cluster(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    relays = typer.Typer(no_args_is_help=True, help="Carry state files between machines over NATS JetStream.")
    app.command("prove")(prove)
    app.add_typer(relays, name="relay")
    relays.command("push")(push)
    relays.command("pull")(pull)


Server = Annotated[list[str], typer.Option("--server", help="URL of a NATS server, nats://host:4222; once for each.")]
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


def push(
    server: Server,
    machine: Machine,
    replicas: Replicas = 1,
    ca: Ca = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Publish what the bots of this machine write, and bring them what desks ask of them; until stopped."""
    from aion.cluster.relay import Engine, run_source

    run_source(settings_of(config, data=data).data, Engine(server, replicas, ca), machine)


def pull(
    server: Server,
    machine: Machine = "",
    machines: Machines = "",
    replicas: Replicas = 1,
    ca: Ca = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Keep a proved copy of what the bots of a machine write, and bring them what this desk asks; until stopped."""
    from aion.cluster.copies import run_copies
    from aion.cluster.relay import Engine, run_copy

    root, engine = settings_of(config, data=data).data, Engine(server, replicas, ca)
    if bool(machine) == bool(machines):
        raise ConfigError("say either --machine, whose files become the data folder, or --machines")
    if machine:
        return run_copy(root, engine, machine)
    names = [each.strip() for each in machines.split(",")]
    run_copies(root, engine, () if names == ["all"] else names)


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
