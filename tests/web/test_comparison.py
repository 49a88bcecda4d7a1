"""Bots side by side: figures against numpy and by hand, spans that do not meet, bots that cannot be read."""

import random
from datetime import date, timedelta
from typing import Any

import numpy as np
import pytest

from tests.web.conftest import RunningDesk

Json = dict[str, Any]
START = date(2022, 1, 3)


def curve(returns: list[float], first: date = START, equity: float = 1000.0) -> dict[str, float]:
    found = {}
    for number, each in enumerate([0.0, *returns]):
        equity *= 1 + each
        found[f"{first + timedelta(days=number)}T20:00:00Z"] = equity
    return found


def compared(desk: RunningDesk, *bots: str) -> Json:
    found: Json = (
        desk.get("/api/portfolio/compare?" + "&".join(f"bot={bot}" for bot in bots)).raise_for_status().json()
    )
    return found


def write(desk: RunningDesk, bot: str, points: dict[str, float], **more: Any) -> None:
    value = {"positions": {}, "hold_curve": {}, "equity": list(points.values())[-1], **more}
    desk.write.swing(bot, equity_curve=points, **value)


def test_correlation_and_growth_are_those_of_numpy(desk: RunningDesk) -> None:
    rng = random.Random(5)
    market = [rng.gauss(0, 0.01) for _ in range(60)]
    made = {
        name: [each * part + rng.gauss(0, 0.01) for each in market]
        for name, part in (("a", 1), ("b", 0.5), ("c", -1))
    }
    for name, returns in made.items():
        write(desk, name, curve(returns))
    found = compared(desk, "a", "b", "c")
    assert (found["first"], found["last"]) == ("2022-01-03", "2022-03-04")
    values = np.corrcoef([made[name] for name in "abc"])
    pairs = {(each["one"], each["other"]): each for each in found["pairs"]}
    for one, other in (("a", "b"), ("a", "c"), ("b", "c")):
        expected = values["abc".index(one)]["abc".index(other)]
        assert pairs[one, other]["value"] == pytest.approx(expected, abs=1e-6) and pairs[one, other]["days"] == 60
    for line in found["bots"]:
        expected = np.cumprod(1 + np.array([0.0, *made[line["name"]]]))
        assert list(line["growth"].values()) == pytest.approx(list(expected), abs=1e-7)
        peaks = np.maximum.accumulate(expected)
        assert line["max_drawdown"] == pytest.approx(float(np.max(1 - expected / peaks)), abs=1e-7)
    (together,) = found["together"]
    worth = np.array([list(curve(made[name]).values()) for name in "abc"]).sum(axis=0)
    assert list(together["growth"].values()) == pytest.approx(list(worth / worth[0]), abs=1e-7)
    assert together["bots"] == ["a", "b", "c"]


def test_span_is_the_common_one_and_each_begins_there_at_one(desk: RunningDesk) -> None:
    write(desk, "long", curve([0.1] * 30))
    write(desk, "late", curve([0.0] * 10, START + timedelta(days=15)), currency="GBP")
    found = compared(desk, "long", "late")
    assert (found["first"], found["last"]) == ("2022-01-18", "2022-01-28")
    long, late = found["bots"]
    assert long["first"] == "2022-01-03" and next(iter(long["growth"].values())) == 1
    assert long["total_return"] == pytest.approx(1.1**10 - 1) and late["total_return"] == 0
    assert "together" not in found or found["together"] == [], "dollars and pounds are never added"
    assert found["pairs"][0]["days"] == 10 and "value" not in found["pairs"][0], "a line that never moves"


def test_deposits_are_no_result(desk: RunningDesk) -> None:
    points = curve([0.0] * 12)
    grown = {at: value + (500 if number >= 6 else 0) for number, (at, value) in enumerate(points.items())}
    write(desk, "paid", grown, flows={"f": {"ts": "2022-01-09T10:00:00Z", "amount": 500}})
    write(desk, "other", curve([0.01, -0.01] * 6))
    paid = compared(desk, "paid", "other")["bots"][0]
    assert paid["total_return"] == 0 and paid["max_drawdown"] == 0


def test_bots_without_a_common_day_or_a_curve_are_said_and_the_others_shown(desk: RunningDesk) -> None:
    write(desk, "old", curve([0.01] * 5))
    write(desk, "new", curve([0.01] * 5, START + timedelta(days=90)))
    found = compared(desk, "old", "new")
    assert "old is known until 2022-01-08 and new from 2022-04-03 on" in found["problem"] and "first" not in found
    write(desk, "single", curve([]))
    desk.write.layout.swing_rolling("torn").write_bytes(b"no gzip")
    found = compared(desk, "old", "single", "nobody", "torn")
    assert [each["name"] for each in found["bots"]] == ["old"] and set(found["missing"]) == {
        "single",
        "nobody",
        "torn",
    }
    assert found["missing"]["single"] == "it has one day that can be read: a curve needs two"
    assert desk.client.get(f"{desk.url}/api/portfolio/compare").status_code in (400, 422)
