"""Bars that come when they come leave in order, once, and everything odd about them is counted."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from aion.market.feed.batcher import Gatherer
from aion.market.provider.protocol import Answer
from aion.market.series import AHEAD
from tests.market.feed.batch import GRACE, START, WAIT, bar, gatherer, minute, offer, taken


def test_moment_leaves_as_soon_as_all_symbols_have_spoken() -> None:
    made = gatherer()
    offer(made, bar("A", 1), at=1.05)
    assert taken(made, 1.1) == []
    offer(made, bar("B", 1), at=1.1)
    assert taken(made, 1.1) == [(1, "AB")]
    assert taken(made, 5) == []


def test_moment_waits_for_a_symbol_that_is_late_and_no_longer_than_its_wait() -> None:
    made = gatherer()
    offer(made, bar("A", 1), at=1.05)
    assert taken(made, 1.36) == []
    assert taken(made, 1.4) == [(1, "A")]
    offer(made, bar("B", 0), bar("B", 1), bar("B", 2), at=2.1)
    offer(made, bar("A", 2), at=2.1)
    assert taken(made, 2.1) == [(2, "AB")]


def test_bar_of_a_moment_that_has_left_is_late_and_counted_once() -> None:
    made = gatherer()
    made.know([bar("B", 0)])
    offer(made, bar("A", 1), at=1.05)
    assert taken(made, 1.5) == [(1, "A")]
    for _ in range(3):
        offer(made, bar("B", 1), at=1.6)
    assert made.tally.late == 1 and taken(made, 1.6) == []


def test_after_an_outage_the_first_symbol_does_not_leave_the_others_behind() -> None:
    made = gatherer()
    offer(made, *(bar("A", count) for count in range(1, 61)), at=60.1)
    assert taken(made, 60.1) == []  # all of it is older than the wait, but nobody has asked for B yet
    offer(made, *(bar("B", count) for count in range(1, 61)), at=60.2)
    assert taken(made, 60.2) == [(count, "AB") for count in range(1, 61)]
    assert made.tally.late == 0


def test_minute_in_which_nobody_traded_is_not_waited_for() -> None:
    made = gatherer()
    offer(made, at=1.05, silent=(minute(1),))
    offer(made, bar("B", 1), at=1.05)
    assert taken(made, 1.05) == [(1, "B")]
    assert made.tally.silent == 1 and made.dropped == {("A", "2026-11-24"): 1}


def test_same_bar_again_is_nothing_and_another_one_is_a_revision_that_changes_nothing() -> None:
    made = gatherer("A")
    offer(made, bar("A", 1), at=1.05)
    assert taken(made, 1.1) == [(1, "A")]
    offer(made, bar("A", 1), at=2)
    assert (made.tally.revised, made.tally.late) == (0, 0)
    for _ in range(3):
        offer(made, bar("A", 1, "101"), at=2)
    assert made.tally.revised == 1 and taken(made, 2.5) == []
    assert made.newest["A"].close == 100


def test_revision_before_its_moment_left_is_what_leaves() -> None:
    made = gatherer()
    offer(made, bar("A", 1), at=1.05)
    offer(made, bar("A", 1, "101"), at=1.1)
    offer(made, bar("B", 1), at=1.1)
    (batch,) = made.ready(minute(1.1))
    assert batch.bars["A"].close == 101 and made.tally.revised == 1


def test_bar_twice_in_one_answer_is_a_duplicate() -> None:
    made = gatherer("A")
    offer(made, bar("A", 1), bar("A", 1), at=1.05)
    assert made.tally.duplicate == 1 and taken(made, 1.1) == [(1, "A")]


def test_gap_is_counted_by_minutes_of_open_sessions_alone() -> None:
    made = gatherer("A")
    made.know([bar("A", 0)])
    offer(made, bar("A", 4), at=4.05)
    assert taken(made, 4.5) == [(4, "A")] and made.tally.missing == 3
    ny = Gatherer("minute", {"A": "XNAS"}, START, WAIT, GRACE)
    friday = replace(bar("A", 0), ts=datetime(2026, 11, 27, 18, 0, tzinfo=UTC))  # the half-day after Thanksgiving
    ny.know([friday])
    monday = replace(friday, ts=datetime(2026, 11, 30, 14, 32, tzinfo=UTC))
    ny.offer("A", Answer([monday]), monday.ts)
    assert len(ny.ready(monday.ts + GRACE)) == 1 and ny.tally.missing == 1  # 14:31, the session's first


def test_bar_outside_a_session_is_refused() -> None:
    ny = Gatherer("minute", {"A": "XNAS"}, START, WAIT, GRACE)
    evening = replace(bar("A", 0), ts=datetime(2026, 11, 24, 22, 0, tzinfo=UTC))
    ny.offer("A", Answer([evening]), evening.ts)
    assert ny.tally.refused == 1 and ny.ready(evening.ts + timedelta(hours=1)) == []


def test_price_that_jumps_is_handed_over_for_the_bots_to_judge() -> None:
    made = gatherer("A")
    made.know([bar("A", 0)])
    offer(made, bar("A", 1, "5", "5"), at=1.05)
    assert taken(made, 1.1) == [(1, "A")] and not made.tally.refused


def test_symbol_that_is_gone_is_not_waited_for() -> None:
    made = gatherer()
    made.leave_out("B", "delisted")
    offer(made, bar("A", 1), at=1.05)
    assert taken(made, 1.05) == [(1, "A")]


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 12), st.integers(0, 3)), max_size=60), st.data())
def test_whatever_comes_in_whatever_order_leaves_in_order_and_once(
    events: list[tuple[str, int, int]], data: st.DataObject
) -> None:
    made = gatherer()
    left: list[tuple[datetime, str]] = []
    early: list[tuple[datetime, str]] = []
    now = 1.0
    for symbol, count, change in events:
        now += data.draw(st.sampled_from([0.0, 0.1, 0.5, 1.0]))
        offer(made, bar(symbol, count, str(100 + change)), at=now)
        for batch in made.ready(minute(now)):
            # what lies in the future is handed over for the bots to refuse, and comes again in its time
            (early if batch.ts > minute(now) + AHEAD else left).extend((batch.ts, name) for name in batch.bars)
    left += [(batch.ts, name) for batch in made.ready(minute(now + 60)) for name in batch.bars]
    assert [ts for ts, _ in left] == sorted(ts for ts, _ in left)
    assert len(left) == len(set(left)) and len(early) == len(set(early)) == made.tally.refused
    assert made.ready(minute(now + 120)) == []


def test_days_of_a_stock_close_with_their_sessions() -> None:
    made = Gatherer("day", {"A": "XNAS"}, START, WAIT, GRACE)
    before = replace(bar("A", 0), ts=datetime(2026, 11, 24, 21, tzinfo=UTC))
    made.know([before])
    friday = replace(before, ts=datetime(2026, 11, 27, 18, tzinfo=UTC))
    made.offer("A", Answer([friday]), friday.ts)
    assert [batch.ts for batch in made.ready(friday.ts)] == [friday.ts]
    assert made.tally.missing == 1  # Wednesday; Thursday was Thanksgiving
