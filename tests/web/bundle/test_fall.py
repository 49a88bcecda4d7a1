"""Which drawdown a bot's card shows, and where it comes from."""

from datetime import UTC, datetime
from typing import Any

import pytest

from aion.store.document.state import SwingRolling
from aion.web.bundle.controls import Asked
from aion.web.bundle.curve import Fall, drawdown
from aion.web.bundle.document import DrawdownOf
from aion.web.bundle.fall import fall_of
from aion.web.bundle.view import Bound, Card, cut

CURVE = {"2022-05-19T13:31Z": 1000.0, "2022-05-19T13:32Z": 410.0, "2022-05-19T13:33Z": 900.0}
PNL = {"gross": 1, "net": 1, "since": "2022-01-03T14:30Z"}
FIRST = datetime(2022, 5, 19, 13, 31, tzinfo=UTC)
SEEN = Fall(0.1, 0.59, FIRST)


def doc(**more: Any) -> SwingRolling:
    said = {"schema": "aion/swing_rolling/1", "bot": "theirs", "as_of": "2022-05-19T13:33Z", "currency": "USD",
            "equity": 900.0, "equity_curve": CURVE}  # fmt: skip
    return SwingRolling.model_validate(said | more)


def told(doc: SwingRolling, points: dict[str, float]) -> tuple[Fall | None, DrawdownOf | None]:
    return fall_of(doc, points, drawdown(points), foreign=True)


def test_fall_when_the_file_says_none_then_it_is_the_curves_since_its_first_point() -> None:
    assert told(doc(), CURVE) == (SEEN, DrawdownOf(source="curve", since=FIRST))


def test_fall_when_the_curve_falls_deeper_than_the_file_says_then_the_curves_is_shown_and_both_are_told() -> None:
    stats = {"drawdown": 0.0, "max_drawdown": 0.02, "peak_at": "2022-05-19T13:33Z", "closed_trades": 3}
    figures, about = told(doc(stats=stats), CURVE)
    assert figures == SEEN, "drawdown, deepest and peak are of one source"
    assert about == DrawdownOf(source="curve", since=FIRST, file=0.02)


def test_fall_when_only_the_present_drawdown_contradicts_the_curve_then_all_of_it_is_the_curves() -> None:
    figures, about = told(doc(stats={"drawdown": 0.01, "max_drawdown": 0.7}), CURVE)
    assert figures == SEEN and about == DrawdownOf(source="curve", since=FIRST, file=0.7)


def test_fall_when_the_file_counts_more_than_its_curve_shows_then_the_files_is_shown_and_the_curves_told() -> None:
    stats = {"drawdown": 0.2, "max_drawdown": 0.8}
    figures, about = told(doc(stats=stats, total_pnl=PNL), CURVE)
    assert figures == Fall(**stats)
    assert about == DrawdownOf(source="file", since=datetime(2022, 1, 3, 14, 30, tzinfo=UTC), curve=0.59)


@pytest.mark.parametrize("stats", [{"max_drawdown": 0.59004}, {"drawdown": 0.09997, "max_drawdown": 0.589995}])
def test_fall_when_they_differ_by_rounding_alone_then_nothing_is_told(stats: dict[str, float]) -> None:
    assert told(doc(stats=stats), CURVE) == (Fall(**stats), DrawdownOf(source="file"))


def test_fall_when_there_is_neither_then_there_is_none() -> None:
    assert told(doc(stats={"closed_trades": 3}), {}) == (None, None)
    assert told(doc(), {"2022-05-19T13:31Z": -4.0, "2022-05-19T13:32Z": -9.0}) == (None, None)


def test_card_when_its_curve_is_cut_to_any_size_then_it_falls_as_deep_as_the_figure_beside_it() -> None:
    from aion import performance

    curve = {f"2022-05-{day:02}T{hour:02}:00Z": 1000.0 + hour for day in range(1, 29) for hour in range(24)}
    curve["2022-05-11T07:00Z"] = 410.0
    card = Card(doc(equity_curve=curve), "swing", "file", Asked(), foreign=True)
    for points in (0, 4, 12, 60, 300):
        shown = cut(card.whole, Bound(0, points))
        assert round(performance.max_drawdown(shown.equity_curve.values()), 6) == shown.stats.max_drawdown > 0.59


def test_card_when_the_file_says_no_net_then_it_is_what_the_equities_say() -> None:
    def net(**more: Any) -> Any:
        return Card(doc(**more), "swing", "file", Asked(), foreign=True).whole.net

    assert net(start_equity=1000.0) == -100.0
    assert net(start_equity=1000.0, total_pnl={"gross": 7.0, "net": 5.0}) == 5.0
    assert net() is None
