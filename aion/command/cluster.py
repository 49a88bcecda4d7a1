"""The commands for several machines: `aion prove`."""

import time
from pathlib import Path
from typing import Annotated

import typer

from aion.errors import ConfigError
from aion.terminal import say


def add_cluster(app: typer.Typer) -> None:
    """Add the commands of this module to `app`."""
    app.command("prove")(prove)


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
