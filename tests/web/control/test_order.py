"""Requests are in the order of asking, whatever the clocks of the desks say that share a folder."""

import os
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aion.config import Settings
from aion.control.inbox import Inbox
from aion.store.control_id import order_of
from aion.store.document.action import Action
from aion.store.layout import DESK, Layout
from aion.web.control.request import Requests
from aion.web.reader import FileReader

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BOTS = ("orb_ny", "trend")


def desk(layout: Layout, ahead_s: float) -> Requests:
    """A desk whose clock is so many seconds ahead and stands still."""
    return Requests(layout, FileReader(layout), Settings(), lambda: NOW + timedelta(seconds=ahead_s))


def heard(layout: Layout) -> list[tuple[str, str]]:
    """What the bots read, in their order."""
    return [(each.target, each.action) for each in Inbox(layout, BOTS).requests({}, NOW)]


def test_flatten_asked_on_the_slower_desk_comes_behind_what_the_faster_one_asked_before(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    fast, slow = desk(layout, 5), desk(layout, 0)
    fast.ask(DESK, "resume", "ana", "")
    asked = slow.ask("orb_ny", "flatten", "ben", "")
    fast.ask("trend", "pause", "ana", "")
    assert heard(layout) == [(DESK, "resume"), ("orb_ny", "flatten"), ("trend", "pause")]
    assert slow.read("orb_ny").requests[asked.id].state == "requested"


ASKED = st.tuples(st.sampled_from([-60.0, 0.0, 5.0, 3600.0]), st.sampled_from([DESK, *BOTS]))


@settings(max_examples=30, deadline=None)
@given(st.lists(ASKED, min_size=2, max_size=8), st.sampled_from(["keep", "remove", "break"]))
def test_ids_of_any_desks_to_any_bots_are_in_the_order_of_asking(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[float, str]], noted: str
) -> None:
    layout = Layout(tmp_path_factory.mktemp("data"))
    ids = []
    for ahead_s, target in asked:
        ids.append(desk(layout, ahead_s).ask(target, "pause", "", "").id)
        if noted == "remove":  # as in a folder of an older version
            layout.newest_id.unlink()
        elif noted == "break":
            layout.newest_id.write_bytes(b"")
    assert ids == sorted(ids, key=order_of) and len(set(ids)) == len(ids)


def test_request_that_lies_far_ahead_holds_up_no_other(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    wrong = desk(layout, 3 * 86_400).ask("trend", "pause", "", "").id
    right = desk(layout, 0).ask("orb_ny", "flatten", "", "").id
    assert order_of(right)[0] < NOW + timedelta(seconds=1) < order_of(wrong)[0]
    assert heard(layout) == [("orb_ny", "flatten")]


def test_desks_that_ask_at_once_get_ids_one_after_the_other(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    given_to: list[str] = []

    def press(ahead_s: float, actions: list[Action]) -> Callable[[], None]:
        def run() -> None:
            given_to.extend(desk(layout, ahead_s).ask("orb_ny", action, "", "").id for action in actions)

        return run

    threads = [threading.Thread(target=press(ahead, ["pause", "resume"] * 5)) for ahead in (0, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set(given_to)) == 20
    assert len({order_of(each)[0] for each in given_to}) == 20, "no two at one time, which texts would have to order"
    assert sorted(name for name in os.listdir(layout.controls) if not name.startswith(".")) == ["orb_ny"]
