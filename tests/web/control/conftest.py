"""A desk to ask."""

from collections.abc import Callable

import pytest

from tests.web.conftest import RunningDesk


@pytest.fixture
def kept(start_desk: Callable[..., RunningDesk]) -> RunningDesk:
    """A desk with an audit, over one intraday bot, one swing bot and a foreign one."""
    desk = start_desk()
    desk.write.cycle(5, ["orb_ny"])
    desk.write.swing("swing_1w")
    desk.write.swing("theirs")
    return desk
