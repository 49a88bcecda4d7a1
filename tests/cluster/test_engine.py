"""Engines that cannot do what a relay needs: each is named, and all is there once the engine is right."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cluster.here import Machines
from tests.cluster.machine import Cluster, cluster, counted, counter, server_program, until
from tests.e2e.conftest import free_port

MIB = 1 << 20


def play(root: Path, wrong: str, scenario: Callable[[Machines, Callable[[str], None]], object]) -> None:
    """Run a scenario beside a server with a configuration, which it can start again with another one."""
    with cluster(root) as made:

        def start(config: str) -> None:
            made.end()
            (root / "nats.conf").write_text(config)
            (root / "server.console").unlink(missing_ok=True)
            _server(made, root / "nats.conf")

        start(wrong)
        machines = Machines(made.url, root, "m1")
        machines.bots.mkdir()
        machines.desk.mkdir()

        async def main() -> None:
            async with asyncio.timeout(60):
                await scenario(machines, start)  # type: ignore[misc]
            for task in machines.tasks:
                task.cancel()
            await asyncio.gather(*machines.tasks, return_exceptions=True)

        asyncio.run(main())


def _server(made: Cluster, config: Path) -> None:
    made.port = made.port or free_port()
    command = [server_program(), "-c", str(config), "-sd", str(config.parent / "store"), "-a", "127.0.0.1"]
    part = made.part("server", [*command, "-p", str(made.port)])
    until(lambda: "Server is ready" in part.said())


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ("jetstream { max_file_store: 1MB }", "store is full"),
        ("jetstream {}\nmax_payload: 2048", "set its max_payload to 8MB"),
        ("", "without JetStream: start them with -js"),
    ],
)
def test_engine_that_takes_too_little_is_named_and_gets_all_once_it_takes_it(
    tmp_path: Path, wrong: str, named: str
) -> None:
    async def scenario(on: Machines, start: Callable[[str], None]) -> None:
        for bot in range(20):
            (on.bots / "swing").mkdir(exist_ok=True)
            (on.bots / "swing" / f"rolling_b{bot}.json.gz").write_bytes(os.urandom(MIB // 8))
        on.push()
        on.pull()
        await on.until(lambda: any(named in said for said in on.said))
        assert not on.is_same()
        counted(on.bots, 7)
        start("jetstream {}\nmax_payload: 8MB")
        await on.proved()
        assert on.is_same() and counter(on.desk) == 7

    play(tmp_path, wrong, scenario)
