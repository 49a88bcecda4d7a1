"""A short form of `python -m tests.cluster`: real processes, three of its faults, once each."""

from collections.abc import Iterator

import pytest

from tests.cluster.fault import BACK_S, FAULTS, HELD_S, Desk, play, start
from tests.cluster.machine import cluster

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with cluster(tmp_path_factory.mktemp("cluster")) as made:
        found = start(made)
        yield found
        found.end()


@pytest.mark.parametrize("name", ["publisher hangs", "store wiped", "node killed"])
def test_desk_holds_what_it_has_and_is_verified_again_soon_after(desk: Desk, name: str) -> None:
    held_s, back_s = play(desk, name)
    assert held_s < HELD_S
    assert back_s < BACK_S + 2 * FAULTS[name][2] + 1, "on a machine that runs other tests"
    assert desk.seen.lies == []
