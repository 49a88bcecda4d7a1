"""A kill switch or a flatten that is taken back: which exits go, which stay, and what each request came to."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from aion.market.action import CorporateAction
from aion.store.layout import DESK, Layout
from tests.bot.desk import (
    ListFeed,
    VirtualWaiter,
    ask,
    at,
    audits,
    daily,
    document,
    id_of,
    instrument,
    kill_switch,
    replay,
    settings,
    swing_bot,
)
from tests.control.play import Person, Step, when

NAMES = ("AAA", "BBB", "CCC")
START = at("2024-01-16T00:00Z")
ENDLESS = 10_000


def tape(days: int = 18, given: tuple[CorporateAction, ...] = (), **prices: list[float]) -> ListFeed:
    bars = [
        each
        for name in NAMES
        for each in daily(name, "2024-01-02", prices.get(name, [100.0 + i for i in range(days)]))
    ]
    feed = ListFeed({name: instrument(name) for name in NAMES}, day=bars)
    feed.given = given
    return feed


def play(data: Path, *steps: Step, feed: ListFeed | None = None, **changes: object) -> Person:
    person = Person(data, *steps, limit_s=ENDLESS)
    bots = {"s": swing_bot(NAMES, rules={"stop_loss": "0.1", "take_profit": "0.5"})}
    made = settings(data, **{"bots": bots, "speed": 3600, "start": START, "closed_gap_s": 20, **changes})
    replay(made, feed or tape(), VirtualWaiter(person))
    assert not person.steps
    return person


def state(data: Path) -> dict:
    return document(Layout(data).swing_rolling("s"))


def held(data: Path) -> dict[str, float]:
    return {symbol: each["quantity"] for symbol, each in state(data)["positions"].items()}


def exits(data: Path) -> list[str]:
    """Symbols with an exit at the market that rests."""
    return sorted(each["symbol"] for each in state(data)["open_orders"].values() if each["type"] == "market")


def levels(data: Path) -> dict[str, tuple[float | None, float | None]]:
    return {
        symbol: (each.get("stop_loss"), each.get("take_profit")) for symbol, each in state(data)["positions"].items()
    }


def said(data: Path, action: str) -> list[str]:
    return [row.reason for row in audits(Layout(data).ledger) if row.action == action]


def looked(count: int, act: Callable[[], object]) -> Step:
    """Act after so many looks at the desk."""
    seen: list[int] = []

    def step(summary: dict) -> bool:
        seen.append(1)
        if len(seen) < count:
            return False
        act()
        return True

    return step


SETTLED = "2024-01-19T20:00Z"  # the first purchases are held then
LATER = "2024-01-17T21:00Z"


def clear(data: Path, target: str) -> None:
    Layout(data).kill(target).unlink()


@pytest.mark.parametrize("target", ["s", DESK])
def test_kill_switch_when_cleared_before_the_open_then_its_exits_go_and_all_is_held_as_before(
    tmp_path: Path, target: str
) -> None:
    seen: dict[str, object] = {}

    def note(name: str) -> None:
        seen[name] = (held(tmp_path), exits(tmp_path), levels(tmp_path), state(tmp_path)["state"])

    play(
        tmp_path,
        when(SETTLED, lambda: note("before")),
        looked(1, lambda: kill_switch(tmp_path, target)),
        looked(4, lambda: note("killed")),
        looked(1, lambda: clear(tmp_path, target)),
        looked(4, lambda: note("cleared")),
    )
    before, killed, cleared = (seen[name] for name in ("before", "killed", "cleared"))
    assert before[0] and set(before[0]) == set(NAMES) and before[1] == []
    assert killed[1] == sorted(NAMES) and killed[3] == "stopped"
    assert cleared == before, "exits are gone; stops and targets rest again as they did"
    assert held(tmp_path) == before[0], "and nothing is sold later"
    assert said(tmp_path, "clear") == ["kill switch cleared; 3 exits (AAA, BBB, CCC) cancelled"]


def test_kill_switch_when_cleared_to_keep_the_exits_then_they_fill(tmp_path: Path) -> None:
    asked: list[str] = []

    def keep() -> None:
        asked.append(ask(tmp_path, "s", "clear", 1, "keep"))
        clear(tmp_path, "s")

    seen: list[list[str]] = []
    play(
        tmp_path,
        when(SETTLED, lambda: kill_switch(tmp_path, "s")),
        looked(4, keep),
        looked(4, lambda: seen.append(exits(tmp_path))),
        when("2024-01-22T21:00Z", lambda: seen.append(sorted(held(tmp_path)))),
    )
    assert seen == [sorted(NAMES), []]
    assert said(tmp_path, "clear")[0] == "kill switch cleared; 3 exits (AAA, BBB, CCC) kept"
    assert state(tmp_path)["control_answers"] == {asked[0]: "done"}


def test_request_to_keep_exits_when_the_switch_stays_then_it_is_refused_and_counts_for_no_later_clearing(
    tmp_path: Path,
) -> None:
    seen: list[list[str]] = []
    play(
        tmp_path,
        when(SETTLED, lambda: kill_switch(tmp_path, "s")),
        looked(2, lambda: ask(tmp_path, "s", "clear", 1, "keep")),
        looked(80, lambda: seen.append(state(tmp_path)["control_error"])),
        looked(1, lambda: clear(tmp_path, "s")),
        looked(4, lambda: seen.append(exits(tmp_path))),
        speed=36,
    )
    assert seen == ["the kill switch is still there", []]


def test_kill_of_all_when_cleared_while_the_bots_own_is_on_then_its_exits_stay(tmp_path: Path) -> None:
    seen: list[object] = []
    play(
        tmp_path,
        when(SETTLED, lambda: (kill_switch(tmp_path, DESK), kill_switch(tmp_path, "s", "mine"))),
        looked(4, lambda: clear(tmp_path, DESK)),
        looked(4, lambda: seen.append((exits(tmp_path), state(tmp_path)["state"], state(tmp_path)["state_reason"]))),
        looked(1, lambda: clear(tmp_path, "s")),
        looked(4, lambda: seen.append((exits(tmp_path), state(tmp_path)["state"]))),
    )
    assert seen[0] == (sorted(NAMES), "stopped", "stopped by kill switch, 00:00 UTC: mine")
    assert seen[1] == ([], "active")


@pytest.mark.parametrize("target", ["s", DESK])
def test_kill_switch_when_cleared_while_a_flatten_is_not_done_then_its_exits_stay_as_the_state_said(
    tmp_path: Path, target: str
) -> None:
    seen: list[tuple[list[str], str, bool]] = []

    def note() -> None:
        shown = state(tmp_path)
        seen.append((sorted(shown["leaving"]), shown["state"], "flatten" in shown))

    play(
        tmp_path,
        when(SETTLED, lambda: ask(tmp_path, "s", "flatten", 1)),
        looked(4, lambda: (note(), kill_switch(tmp_path, target))),
        looked(4, lambda: (note(), clear(tmp_path, target))),
        looked(4, note),
    )
    names = sorted(NAMES)
    assert seen == [(names, "paused", False), (names, "stopped", True), (names, "paused", False)]
    assert said(tmp_path, "clear") == ["kill switch cleared"] and held(tmp_path) == {}


def test_kill_switch_when_cleared_while_the_process_is_down_then_its_exits_go_at_the_start(tmp_path: Path) -> None:
    held_before: dict[str, float] = {}

    class Stop(Exception):
        pass

    def stop() -> None:
        held_before.update(held(tmp_path))
        assert exits(tmp_path) == sorted(NAMES)
        raise Stop

    with pytest.raises(Stop):
        play(tmp_path, when(SETTLED, lambda: kill_switch(tmp_path, "s")), looked(5, stop))
    clear(tmp_path, "s")
    play(tmp_path, looked(1, lambda: None))
    assert held(tmp_path) == held_before and exits(tmp_path) == []
    assert all(stop is not None for stop, _ in levels(tmp_path).values())


def test_kill_switch_when_its_exits_are_filled_then_clearing_changes_nothing(tmp_path: Path) -> None:
    seen: list[dict[str, float]] = []
    play(
        tmp_path,
        when(SETTLED, lambda: kill_switch(tmp_path, "s")),
        when("2024-01-22T21:00Z", lambda: clear(tmp_path, "s")),
        looked(4, lambda: seen.append(held(tmp_path))),
    )
    assert seen == [{}] and said(tmp_path, "clear") == ["kill switch cleared"]


def test_kill_switch_when_a_split_comes_meanwhile_then_the_levels_are_those_of_the_new_unit(tmp_path: Path) -> None:
    ex_date = at("2024-01-22T00:00Z").date()
    action = CorporateAction("AAA", ex_date, "split", Decimal(2))
    prices = [100.0 + i for i in range(18)]
    halved = [price if number < 13 else price / 2 for number, price in enumerate(prices)]
    seen: dict[str, tuple] = {}
    play(
        tmp_path,
        when(SETTLED, lambda: seen.update(before=levels(tmp_path)["AAA"])),
        looked(1, lambda: kill_switch(tmp_path, "s")),
        looked(4, lambda: clear(tmp_path, "s")),
        looked(4, lambda: seen.update(after=levels(tmp_path)["AAA"])),
        feed=tape(given=(action,), AAA=halved),
    )
    assert seen["before"] == seen["after"]


# flatten and resume


def test_flatten_when_positions_are_still_open_then_it_is_accepted_and_done_only_when_they_are_gone(
    tmp_path: Path,
) -> None:
    asked = id_of(1)
    answers: list[str] = []
    outcomes: list[str] = []

    def look() -> None:
        answers.append(state(tmp_path)["control_answers"][asked])
        outcomes.append(audits(Layout(tmp_path).ledger)[-1].outcome)

    play(
        tmp_path,
        when(SETTLED, lambda: ask(tmp_path, "s", "flatten", 1)),
        looked(4, look),
        when("2024-01-22T21:00Z", look),
    )
    assert answers == ["accepted: 3 positions (AAA, BBB, CCC) still open", "done"]
    assert outcomes == ["accepted", "done"] and state(tmp_path)["state"] == "paused"
    assert len(audits(Layout(tmp_path).ledger)) == 1


def test_flatten_when_the_process_starts_again_before_the_open_then_it_is_done_afterwards(tmp_path: Path) -> None:
    class Stop(Exception):
        pass

    def stop() -> None:
        raise Stop

    with pytest.raises(Stop):
        play(tmp_path, when(SETTLED, lambda: ask(tmp_path, "s", "flatten", 1)), looked(4, stop))
    assert state(tmp_path)["control_answers"][id_of(1)].startswith("accepted")
    play(tmp_path, looked(1, lambda: None))
    assert state(tmp_path)["control_answers"] == {id_of(1): "done"} and held(tmp_path) == {}
    assert [row.outcome for row in audits(Layout(tmp_path).ledger)] == ["done"]


@pytest.mark.parametrize(("value", "left"), [(None, 3), ("cancel", 3), ("keep", 0)])
@pytest.mark.parametrize("target", ["s", DESK])
def test_flatten_when_resumed_before_it_is_flat_then_it_is_superseded_and_its_exits_go_unless_kept(
    tmp_path: Path, value: str | None, left: int, target: str
) -> None:
    seen: list[list[str]] = []
    play(
        tmp_path,
        when(SETTLED, lambda: ask(tmp_path, target, "flatten", 1)),
        looked(4, lambda: ask(tmp_path, target, "resume", 2, value)),
        looked(4, lambda: seen.append(exits(tmp_path))),
        when("2024-01-22T21:00Z", lambda: seen.append(sorted(held(tmp_path)))),
    )
    assert len(seen[0]) == 3 - left and len(seen[1]) == left
    clock = document(Layout(tmp_path).sim_summary)["clock"]
    answers = (state(tmp_path) if target == "s" else clock)["control_answers"]
    assert answers == {id_of(1): "superseded: it was resumed before it was flat", id_of(2): "done"}
    outcomes = {row.id: row.outcome for row in audits(Layout(tmp_path).ledger)}
    assert outcomes == answers


def test_requests_of_one_look_then_each_has_its_own_outcome_by_its_exact_id(tmp_path: Path) -> None:
    def many() -> None:
        for number, (action, value) in enumerate(
            (("pause", None), ("resume", "sideways"), ("resume", None), ("flatten", None), ("speed", "9")), start=1
        ):
            ask(tmp_path, "s", action, number, value)

    play(tmp_path, when(SETTLED, many), looked(4, lambda: None))
    expected = {
        id_of(1): "superseded: resume was asked right after it",
        id_of(2): "refused: resume takes keep or cancel as its value, not sideways",
        id_of(3): "superseded: flatten was asked right after it",
        id_of(4): "done",
        id_of(5): "refused: speed is for all bots together, not for one",
    }
    assert state(tmp_path)["control_answers"] == expected
    assert {row.id: row.outcome for row in audits(Layout(tmp_path).ledger)} == expected


def test_flatten_of_all_when_one_bot_is_resumed_then_that_is_said(tmp_path: Path) -> None:
    bots = {name: swing_bot(NAMES) for name in ("s", "t")}
    play(
        tmp_path,
        when(SETTLED, lambda: ask(tmp_path, DESK, "flatten", 1)),
        looked(4, lambda: ask(tmp_path, "t", "resume", 2)),
        looked(4, lambda: None),
        bots=bots,
    )
    answers = document(Layout(tmp_path).sim_summary)["clock"]["control_answers"]
    assert answers == {id_of(1): "done: but for t, resumed before"}
    other = document(Layout(tmp_path).swing_rolling("t"))
    assert other["positions"] and other["state"] == "active" and held(tmp_path) == {}
