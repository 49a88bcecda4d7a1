"""Earlier days of a symbol in a real browser: their own session, lunch, half day and halts, from their own file."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from aion.clock import iso
from aion.market import calendar
from aion.store.document.base import to_json
from aion.store.file import write_json
from aion.store.layout import Layout

from .axe import assert_accessible
from .conftest import Watched, until
from .served import serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts

DAYS = {
    "lunch": ("hk", "XHKG", "2022-05-19", "Session 01:30 to 08:00 UTC, lunch 04:00 to 05:00."),
    "half day": ("hk", "XHKG", "2021-12-24", "Session 01:30 to 04:00 UTC, half day."),
    "halt": ("ny", "XNYS", "2020-03-09", "Session 13:30 to 20:00 UTC, halted 13:35 to 13:49."),
    "whole": ("ny", "XNYS", "2020-03-10", "Session 13:30 to 20:00 UTC."),
}


def write_day(data: Path, bot: str, mic: str, day: str) -> None:
    """Write a day file with a bar for each minute of the session in which there was trading."""
    [session] = calendar.sessions(mic, date.fromisoformat(day), date.fromisoformat(day))
    bars = {}
    at = session.open
    while at < session.close:
        at += timedelta(minutes=1)
        if session.has(at):
            price = 100 + (at.minute % 7) / 10
            bars[iso(at)] = [price, price + 0.1, price - 0.1, price, 500]
    now = datetime.now(UTC)
    write_json(
        Layout(data).sim_log(day, bot),
        {
            "schema": "aion/sim_log/1", "mode": "paper", "as_of": iso(session.close), "written_at": iso(now),
            "bot": bot, "day": day, "currency": "USD", "exchange": mic, "equity": 1000.0, "cash": 1000.0,
            "symbols": [bot.upper()], "bars": {bot.upper(): bars}, "tick": 0.01,
            "hours": to_json(calendar.hours_document(session)),
        },
    )  # fmt: skip


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data = tmp_path_factory.mktemp("days") / "data"
    for bot, mic, day, _ in DAYS.values():
        write_day(data, bot, mic, day)
    with serving(data) as found:
        yield found


@pytest.mark.parametrize("name", DAYS)
def test_day_when_opened_then_its_own_session_stands_over_and_behind_its_bars(
    url: str, page: Page, watched: Watched, name: str
) -> None:
    bot, _, day, said = DAYS[name]
    # what the chart writes on its canvas: the words of the bands
    page.add_init_script(
        "window.words = new Set(); const draw = CanvasRenderingContext2D.prototype.fillText;"
        "CanvasRenderingContext2D.prototype.fillText = function (text, ...more) {"
        " words.add(text); return draw.call(this, text, ...more); };"
    )
    page.goto(f"{url}/intraday/{bot.upper()}?day={day}")
    panel = page.locator(".day-panel")
    expect(panel).to_contain_text(said)
    page.locator(".candle-box.large canvas").first.wait_for()
    expected = {"lunch": {"pre", "lunch", "closed"}, "half day": {"pre", "half day"},
                "halt": {"pre", "halt", "closed"}, "whole": {"pre", "closed"}}[name]  # fmt: skip
    for word in expected:
        until(page, f"words.has({word!r})")
    seen = set(page.evaluate("[...words]")) & {"pre", "lunch", "half day", "halt", "closed", "no bars", "halted"}
    assert seen == expected, "no band of another day, and none for what was no gap"
    assert_accessible(page, ".day-panel")
    assert watched.errors == []
