"""State files over a real server: the same bytes, in order, proved; whatever is restarted, lost or wrong."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import nats
import pytest

from aion.cluster.folder import key_of
from aion.cluster.jetstream import first_of
from aion.cluster.link import FencedError, Item, LinkError, NobodyError
from aion.cluster.pull import Node
from aion.cluster.push import Publisher, list_subject, proof_subject, state_stream
from aion.cluster.relay import Engine, check_machine, relay
from aion.errors import ConfigError
from aion.store.layout import Layout
from tests.cluster.here import Machines, Play
from tests.cluster.machine import counted, counter, files, proof


def test_copy_has_the_same_files_times_and_no_more(play: Play) -> None:
    async def scenario(on: Machines) -> None:
        for n in range(20):
            counted(on.bots, n, f"bot{n}", 50_000)
        counted(on.bots, 1, "large", 9 << 20)  # several messages
        (on.bots / "intraday").mkdir()
        (on.bots / "intraday" / "sim_summary.json").write_bytes(b"{torn")
        (on.bots / "notes.txt").write_text("stays")
        counted(on.desk, 1, "stray")
        on.push()
        on.pull()
        await on.proved()
        assert on.is_same() and not (on.desk / "notes.txt").exists()
        path = "swing/rolling_bot3.json.gz"
        assert (on.desk / path).stat().st_mtime_ns == (on.bots / path).stat().st_mtime_ns
        (on.bots / path).unlink()
        await on.until(lambda: not (on.desk / path).exists())
        counted(on.bots, 2, "large", 5 << 20)
        await on.until(lambda: counter(on.desk, "large") == 2)
        os.symlink(on.bots / "notes.txt", on.bots / "swing" / "rolling_link.json.gz")
        link = on.desk / "swing" / "rolling_link.json.gz"
        await on.until(lambda: b"cannot be read where it was written" in link.read_bytes())

    play(scenario)


def test_summary_of_a_cycle_never_comes_before_what_it_names(play: Play) -> None:
    async def scenario(on: Machines) -> None:
        on.push()
        on.pull()
        folder = on.bots / "intraday"
        (folder / "sim_logs").mkdir(parents=True)
        names = [*(f"sim_logs/2026-01-05_b{n}.json" for n in range(30)), "rolling.json.gz", "sim_summary.json"]

        def write(cycle: int) -> None:
            for name in names:
                temporary = folder / ".next"
                temporary.write_text(json.dumps({"cycle": cycle}))
                os.replace(temporary, folder / name)

        def cycles() -> list[int]:
            last = json.loads((on.desk / "intraday" / names[-1]).read_bytes())["cycle"]
            rest = [json.loads((on.desk / "intraday" / name).read_bytes())["cycle"] for name in names[:-1]]
            return [last, *rest]

        for cycle in range(1, 40):
            write(cycle)
            await asyncio.sleep(0)
            if (on.desk / "intraday" / names[-1]).exists():
                last, *rest = cycles()
                assert last <= min(rest)
            if cycle % 8 == 0:
                await on.until(lambda at=cycle: cycles() == [at] * len(names))  # type: ignore[misc]

    play(scenario)


def test_node_resumes_where_it_was_and_a_publisher_says_all_again(play: Play) -> None:
    async def scenario(on: Machines) -> None:
        for n in range(5):
            counted(on.bots, n, f"bot{n}")
        push, pull = on.push(), on.pull()
        await on.proved()
        await on.stop(pull)
        counted(on.bots, 7, "bot1")
        (on.bots / "swing" / "rolling_bot2.json.gz").unlink()
        held = proof(on.desk)
        await asyncio.sleep(0)
        assert proof(on.desk) == held, "nobody proves meanwhile"
        pull = on.pull()
        await on.proved()
        assert on.is_same()
        await on.stop(push)
        (on.bots / "swing" / "rolling_bot3.json.gz").unlink()  # while nobody looks
        counted(on.bots, 8, "bot4")
        on.push()
        await on.until(on.is_same)
        await on.proved()

    play(scenario)


def test_lost_store_is_filled_again_from_the_bots_disk(play: Play) -> None:
    async def scenario(on: Machines) -> None:
        counted(on.bots, 1)
        on.push()
        on.pull()
        await on.proved()
        client = await nats.connect(list(on.engine.servers))
        await client.jetstream().delete_stream(state_stream(on.machine))
        await client.close()
        counted(on.bots, 2)
        await on.until(lambda: counter(on.desk) == 2)
        await on.proved()

    play(scenario)


def test_two_programs_cannot_publish_as_one_machine(play: Play, tmp_path: Path) -> None:
    async def scenario(on: Machines) -> None:
        counted(on.bots, 1)
        on.push()
        on.pull()
        await on.proved()
        second = Publisher(Layout(tmp_path / "other"), on.machine, on.said.append)
        with pytest.raises(ConfigError, match=r"is published by .*bots already: stop that one"):
            async with on.link() as link:
                await second.run(link)
        async with on.link() as link:  # what one that hung would do: put behind the back of the other
            last = (await link.mark(state_stream(on.machine))).last
            with pytest.raises(FencedError):
                await link.put(state_stream(on.machine), [Item("x.0", b"")], last - 1)
        await on.proved()

    play(scenario)


def test_machine_that_sends_other_than_it_says_is_never_proved(play: Play) -> None:
    async def scenario(on: Machines) -> None:
        stream = state_stream(on.machine)
        path = "swing/rolling_orb_ny.json.gz"
        head = {"Aion-Epoch": "e", "Aion-N": "1", "Aion-Pieces": "1", "Aion-Digest": "0" * 32}
        async with on.link() as link:
            last = (await link.mark(stream)).last
            last = await link.put(stream, [Item(f"{key_of(path)}.0", b"{}", {"Aion-Path": path, **head})], last)
            bad = {"Aion-Path": "../../outside.json", **head}
            last = await link.put(stream, [Item("bad.0", b"{}", bad)], last)
            await link.put(stream, [Item("odd.0", b"{}", {"Aion-Path": path, **head, "Aion-N": "many"})], last)

            async def answer() -> bytes:
                return json.dumps({"epoch": "e", "n": 0, "digest": "?", "who": "liar"}).encode()

            async def names() -> bytes:
                return path.encode()

            await link.answer(proof_subject(on.machine), answer)
            await link.answer(list_subject(on.machine), names)
            on.pull()
            await on.until(lambda: sum("is not what its publisher has" in text for text in on.said) > 0)
            assert proof(on.desk)[1] == 1, "only what says that the folder is fed"
            assert files(on.desk) == {} and not list(on.desk.parent.glob("outside*"))
            assert any("is no state file" in text for text in on.said)

    play(scenario)


def test_desk_starts_with_the_engine_down_and_says_so_once(tmp_path: Path) -> None:
    async def main() -> None:
        said: list[str] = []
        counted(tmp_path, 3)
        node = Node(Layout(tmp_path), "m1", said.append)
        task = asyncio.create_task(relay(Engine(["nats://127.0.0.1:1"]), [node.run], said.append))
        await asyncio.sleep(1.3)
        task.cancel()
        await asyncio.wait({task})
        assert len(said) == 1 and "nats://127.0.0.1:1 can be used" in said[0]
        assert counter(tmp_path) == 3 and proof(tmp_path)[1] == 1

    asyncio.run(main())


def test_question_that_nobody_answers_is_told_from_an_engine_that_does_not(play: Play) -> None:
    async def scenario(on: Machines) -> None:
        async with on.link() as link:
            with pytest.raises(NobodyError):
                await link.ask("AION_none_PROVE", 5)

            async def never() -> bytes:
                await asyncio.sleep(60)
                return b""

            await link.answer("AION_slow_PROVE", never)
            with pytest.raises(LinkError, match="does not answer"):
                await link.ask("AION_slow_PROVE", 0.1)

    play(scenario)


@pytest.mark.parametrize("name", ["a.b", "a b", "a>", "*", ""])
def test_name_of_a_machine_is_part_of_no_other_subject(name: str) -> None:
    with pytest.raises(ConfigError):
        check_machine(name)


def test_server_that_hangs_or_fails_costs_no_more_than_a_moment() -> None:
    async def main() -> None:
        ended: list[str] = []

        async def connect(name: str) -> str:
            try:
                await {"hangs": asyncio.Event().wait, "fails": fail, "answers": lambda: asyncio.sleep(0)}[name]()
            finally:
                ended.append(name)
            return name

        async def fail() -> None:
            raise OSError

        async with asyncio.timeout(5):
            assert await first_of(["hangs", "fails", "answers"], connect) == "answers"
            assert set(ended) == {"hangs", "fails", "answers"}, "none is left behind"
            assert await first_of(["fails", "fails"], connect) is None

    asyncio.run(main())


def test_relay_loads_no_server_and_no_database_so_that_it_stays_small() -> None:
    program = "import sys, aion.cluster.relay; print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    loaded = found.stdout.split()
    assert "aion.cluster.push" in loaded
    assert not {"fastapi", "starlette", "uvicorn", "sqlite3", "aion.web", "aion.config"} & set(loaded)
