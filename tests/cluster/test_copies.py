"""Several machines in one desk's folder: a copy and a proof of each; one that is silent holds no other."""

import asyncio
import json
from pathlib import Path

import pytest

from aion.cluster.copies import Copies, run_copies
from aion.cluster.push import Publisher, machine_of_stream, state_stream
from aion.cluster.relay import Engine
from aion.cluster.shared import Shared
from aion.errors import ConfigError
from aion.store.layout import Layout
from aion.store.machine import RELAY_REPORT
from tests.cluster.here import Machines, Play
from tests.cluster.machine import counted, counter, files, proof


def test_each_machine_has_a_copy_of_its_own_and_what_is_asked_reaches_it(play: Play) -> None:
    async def scenario(on: Machines) -> None:
        names = [f"{on.machine}{letter}" for letter in "ab"]
        bots = {name: on.bots / name for name in names}
        copies = {name: on.desk / "machines" / name for name in names}
        ends = {}
        for n, name in enumerate(names):
            counted(bots[name], n, "orb", 10_000)
            on.end(Shared(Layout(bots[name]), name, on.said.append, is_source=True).run)
            ends[name] = on.end(Publisher(Layout(bots[name]), name, on.said.append).run)
        await on.until(lambda: all(any(name in each for each in on.said) for name in names))
        pulling = asyncio.create_task(Copies(on.desk, on.engine, on.said.append).run(()))
        on.tasks.append(pulling)
        for name in names:
            await on.proved(copies[name])
            assert files(copies[name]) == files(bots[name]), "of all that publish, each in its own folder"
        kill = copies[names[1]] / "control" / "orb" / "kill.json"
        kill.parent.mkdir(parents=True)
        kill.write_text("{}")
        await on.until(lambda: (bots[names[1]] / "control" / "orb" / "kill.json").exists())
        assert not (bots[names[0]] / "control").exists()
        report = json.loads((copies[names[0]] / RELAY_REPORT).read_text())
        assert report["said"] == "" and abs(report["clock_offset_s"]) < 5 and report["round_trip_s"] < 5
        await on.stop(ends[names[0]])
        await on.until(
            lambda: "nobody publishes" in json.loads((copies[names[0]] / RELAY_REPORT).read_text())["said"]
        )
        before = proof(copies[names[0]])
        counted(bots[names[1]], 77, "orb")
        await on.proved(copies[names[1]])
        assert counter(copies[names[1]], "orb") == 77 and proof(copies[names[0]]) == before
        await on.stop(pulling)
        on.tasks.remove(pulling)

    play(scenario)


def test_folder_that_cannot_be_written_costs_that_machine_only(play: Play) -> None:
    async def scenario(on: Machines) -> None:
        names = [f"{on.machine}{letter}" for letter in "ab"]
        (on.desk / "machines").mkdir()
        (on.desk / "machines" / names[0]).symlink_to(on.bots)
        counted(on.bots / "b", 5, "orb")
        on.end(Publisher(Layout(on.bots / "b"), names[1], on.said.append).run)
        pulling = asyncio.create_task(Copies(on.desk, on.engine, on.said.append).run(names))
        on.tasks.append(pulling)
        await on.proved(on.desk / "machines" / names[1])
        assert any(f"machines/{names[0]}/ cannot be written: it is a link" in each for each in on.said)
        assert not (on.bots / "watch").exists(), "nothing is written through a link"
        await on.stop(pulling)
        on.tasks.remove(pulling)

    play(scenario)


def test_names_that_no_machine_can_have_are_refused(tmp_path: Path) -> None:
    for names in (["M1"], ["data"], ["a/b"], [""], ["a", "a"]):
        with pytest.raises(ConfigError, match=r"machine"):
            run_copies(tmp_path, Engine(["nats://127.0.0.1:1"]), names)
    assert [machine_of_stream(each) for each in (state_stream("m1"), "AION_m1_ASKED", "KV_x")] == ["m1", "", ""]
