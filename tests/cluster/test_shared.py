"""What desks ask of bots on another machine: there once, in order, and a stop that only a person takes back."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import nats

from aion.cluster.shared import CURSOR, asked_stream
from aion.config import Settings
from aion.control.inbox import Inbox
from aion.store.layout import DESK, Layout
from aion.web.control.request import Requests
from aion.web.reader import FileReader
from tests.cluster.here import Machines, Play

BOTS = ("orb_ny", "trend")


class Desk:
    """A desk with a folder and a clock of its own."""

    def __init__(self, root: Path, ahead_s: float = 0.0) -> None:
        self.root = root
        layout = Layout(root)
        now = datetime.now(UTC)
        self.asks = Requests(layout, FileReader(layout), Settings(), lambda: now + timedelta(seconds=ahead_s))


def heard(data: Path) -> list[tuple[str, str]]:
    """What the bots of a folder read, in their order."""
    found = Inbox(Layout(data), BOTS).requests({}, datetime.now(UTC) + timedelta(minutes=1))
    return [(each.target, each.action) for each in found]


def killed(data: Path, bot: str = DESK) -> bool:
    return bool(Inbox(Layout(data), BOTS).killed(bot))


def desks(on: Machines) -> tuple[Desk, Desk]:
    """Two desks, whose clocks are 5 s apart, and the bots' machine, all joined."""
    fast, slow = Desk(on.desk.parent / "fast", 5), Desk(on.desk.parent / "slow")
    for each in (fast, slow):
        each.root.mkdir()
        on.share(each.root)
    on.share(on.bots, is_source=True)
    return fast, slow


def test_flatten_of_the_slower_desk_is_carried_out_behind_what_it_saw_and_never_done_unheard(play: Play) -> None:
    async def scenario(on: Machines) -> None:
        fast, slow = desks(on)
        fast.asks.ask(DESK, "resume", "ana", "")
        await on.until(lambda: len(heard(slow.root)) == 1)
        asked = slow.asks.ask("orb_ny", "flatten", "ben", "")
        await on.until(lambda: heard(on.bots) == [(DESK, "resume"), ("orb_ny", "flatten")])
        await on.until(lambda: heard(fast.root) == heard(on.bots))
        for desk in (fast, slow):
            assert desk.asks.read("orb_ny").requests[asked.id].state == "requested"

    play(scenario)


def test_requests_asked_while_the_link_is_cut_come_once_when_it_is_back(play: Play) -> None:
    async def scenario(on: Machines) -> None:
        on.share(on.bots, is_source=True)
        desk = Desk(on.desk)
        for _ in range(3):
            desk.asks.ask("orb_ny", "pause", "ana", "")
        share = on.share(on.desk)
        await on.until(lambda: len(heard(on.bots)) == 3)
        await on.stop(share)
        desk.asks.ask("orb_ny", "resume", "ana", "")
        (Layout(on.desk).root / ".relay-asked.json").unlink()  # as after a restored backup
        on.share(on.desk)
        await on.until(lambda: len(heard(on.bots)) == 4)
        assert heard(on.bots) == [("orb_ny", "pause")] * 3 + [("orb_ny", "resume")]

    play(scenario)


def test_stop_thrown_on_one_desk_stops_the_bots_and_another_desk_may_take_it_back(play: Play) -> None:
    async def scenario(on: Machines) -> None:
        fast, slow = desks(on)
        fast.asks.throw(DESK, "ana", "too much risk")
        await on.until(lambda: killed(on.bots) and killed(slow.root))
        assert slow.asks.clear(DESK, "ben", is_kept=True)
        await on.until(lambda: not killed(on.bots) and not killed(fast.root))
        assert heard(on.bots) == [(DESK, "clear")]

    play(scenario)


def test_stop_that_was_thrown_apart_stands_though_another_desk_cleared_the_one_before(play: Play) -> None:
    async def scenario(on: Machines) -> None:
        fast, slow = Desk(on.desk.parent / "fast"), Desk(on.desk.parent / "slow")
        for each in (fast, slow):
            each.root.mkdir()
        on.share(on.bots, is_source=True)
        on.share(fast.root)
        apart = on.share(slow.root)
        fast.asks.throw("trend", "ana", "first")
        await on.until(lambda: killed(on.bots, "trend") and killed(slow.root, "trend"))
        await on.stop(apart)
        slow.asks.throw("trend", "ben", "second")
        fast.asks.clear("trend", "ana")
        await on.until(lambda: not killed(on.bots, "trend"))
        on.share(slow.root)
        await on.until(lambda: killed(on.bots, "trend") and killed(fast.root, "trend"))
        assert "second" in Inbox(Layout(on.bots), BOTS).killed("trend")

    play(scenario)


def test_engine_that_is_gone_clears_nothing(play: Play) -> None:
    async def scenario(on: Machines) -> None:
        desk = Desk(on.desk)
        share, source = on.share(on.desk), on.share(on.bots, is_source=True)
        desk.asks.throw(DESK, "ana", "")
        await on.until(lambda: killed(on.bots))
        await on.stop(share)
        await on.stop(source)
        desk.asks.clear(DESK, "ana")  # cut off: nobody hears it
        client = await nats.connect(list(on.engine.servers))
        await client.jetstream().delete_stream(asked_stream(on.machine))
        await client.close()
        on.share(on.bots, is_source=True)
        other = on.desk.parent / "other"
        other.mkdir()
        on.share(other)
        await on.until(lambda: killed(other))
        assert killed(on.bots)

    play(scenario)


def test_rules_saved_later_without_the_version_before_lose(play: Play) -> None:
    async def scenario(on: Machines) -> None:
        def save(data: Path, version: int, stop: float) -> None:
            path = Layout(data).config("trend")
            path.parent.mkdir(exist_ok=True)
            temporary = path.with_name(".tmp")
            value = {"schema": "aion/bot_config/1", "bot": "trend", "version": version, "stop": stop}
            temporary.write_text(json.dumps(value))
            temporary.rename(path)

        def saved(data: Path) -> str:
            return Layout(data).config("trend").read_text()

        fast, slow = on.desk.parent / "fast", on.desk.parent / "slow"
        on.share(on.bots, is_source=True)
        for each in (fast, slow):
            each.mkdir()
        on.share(fast)
        apart = on.share(slow)
        save(fast, 1, 0.1)
        await on.until(lambda: saved(slow) == saved(on.bots) == saved(fast))
        await on.stop(apart)
        save(slow, 2, 0.2)
        save(fast, 2, 0.3)
        await on.until(lambda: "0.3" in saved(on.bots))
        on.share(slow)
        await on.until(lambda: "0.3" in saved(slow))
        assert "0.3" in saved(on.bots) and "0.3" in saved(fast)

    play(scenario)


def test_note_of_what_all_have_forgets_requests_that_are_removed_so_that_it_stays_small(play: Play) -> None:
    async def scenario(on: Machines) -> None:
        on.bots.mkdir(exist_ok=True)
        desk = Desk(on.desk)
        on.share(on.desk)
        on.share(on.bots, is_source=True)
        asked = [desk.asks.ask("orb_ny", "pause", "ana", "").id for _ in range(3)]
        await on.until(lambda: len(heard(on.bots)) == 3)
        for data in (on.desk, on.bots):
            Layout(data).control("orb_ny", asked[0]).unlink()
        await on.until(lambda: all(asked[0] not in (data / CURSOR).read_text() for data in (on.desk, on.bots)))
        assert all(asked[2] in (data / CURSOR).read_text() for data in (on.desk, on.bots))
        assert not Layout(on.bots).control("orb_ny", asked[0]).exists()

    play(scenario)


def test_request_of_a_desk_that_was_cut_off_reaches_the_bots_behind_many_newer_ones(play: Play) -> None:
    async def scenario(on: Machines) -> None:
        away, other = Desk(on.desk.parent / "away"), Desk(on.desk.parent / "other", 5)
        for each in (away, other):
            each.root.mkdir()
        away.asks.ask("orb_ny", "flatten", "ana", "")
        for _ in range(60):
            other.asks.ask("orb_ny", "pause", "ben", "")
        on.share(on.bots, is_source=True)
        on.share(other.root)
        await on.until(lambda: len(heard(on.bots)) == 60)
        on.share(away.root)
        await on.until(lambda: ("orb_ny", "flatten") in heard(on.bots))
        other.asks.ask("orb_ny", "pause", "ben", "")
        await on.until(lambda: len(heard(on.bots)) == 62)

    play(scenario)
