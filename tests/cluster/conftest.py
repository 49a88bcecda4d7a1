"""A real server for a file's tests."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.here import Machines, Play, Scenario
from tests.cluster.machine import Cluster, cluster


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with cluster(tmp_path_factory.mktemp("cluster")) as made:
        made.server()
        yield made


@pytest.fixture
def play(server: Cluster, tmp_path: Path) -> Play:
    """Run a scenario with a machine of its own."""

    def run(scenario: Scenario) -> None:
        machines = Machines(server.url, tmp_path, f"m{abs(hash(tmp_path)) % 10**9}")
        machines.bots.mkdir()
        machines.desk.mkdir()

        async def main() -> None:
            try:
                async with asyncio.timeout(100):
                    await scenario(machines)
            finally:
                for task in machines.tasks:
                    task.cancel()
                await asyncio.gather(*machines.tasks, return_exceptions=True)

        asyncio.run(main())

    return run
