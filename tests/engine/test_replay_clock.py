"""The clock of a replay: what has arrived, and what has not."""

from aion.bot.schedule import Pace
from aion.engine.replay_clock import Drive
from tests.bot.desk import VirtualWaiter, at


def test_jump_to_a_past_day_when_the_run_has_not_ended_yet_then_it_has_not_arrived() -> None:
    """Its run used to say done of a jump that the next run makes."""
    first, end = at("2022-05-18T13:30Z"), at("2022-06-18T20:00Z")
    drive = Drive(Pace(frozenset({"XNAS"}), 60, 1.0), VirtualWaiter(), real_time=False, first=first, end=end)
    drive.now = at("2022-05-20T14:00Z")
    assert drive.has_arrived(drive.now)
    assert drive.jump("2022-05-19") == ""
    assert not drive.has_arrived(drive.now)
