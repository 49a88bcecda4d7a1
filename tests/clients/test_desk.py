"""A bot of one's own beside a running desk: what it says is shown, what the desk asks reaches it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aion_client import Bot

from aion.config import Settings
from tests.clients.books import read_state
from tests.web.conftest import RunningDesk, running


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningDesk]:
    """One desk for all bots of this file, each under its own name."""
    folder = tmp_path_factory.mktemp("desk")
    (folder / "data").mkdir()
    with running(Settings(data=folder / "data", rescan_interval_s=60), folder / "static") as found:
        yield found


def shown(desk: RunningDesk, bot: Bot) -> dict[str, Any]:
    assert bot.flush()
    bundle = desk.bots()
    assert not [each for each in bundle["errors"].values() if each.get("bot") == bot.name]
    found: dict[str, Any] = bundle["swing"]["bots"][bot.name]
    return found


def ask(desk: RunningDesk, path: str, method: str = "POST", **body: Any) -> dict[str, Any]:
    found: dict[str, Any] = desk.client.request(method, path, json=body or None).raise_for_status().json()
    return found


def data_of(desk: RunningDesk) -> Path:
    return desk.app.desk.settings.data


def test_figures_on_the_desk_equal_a_plain_sum(desk: RunningDesk) -> None:
    now = datetime.now(UTC)
    fills = [
        ("A", "buy", 3, 10.1, 0.01),
        ("A", "sell", 1, 10.7, 0.01),
        ("B", "sell", 2, 5.5, -0.02),
        ("A", "sell", 2, 9.9, 0.01),
    ]
    with Bot("sums", currency="EUR", start=1000, every="1h", data=data_of(desk)) as bot:
        for number, (symbol, side, quantity, price, fee) in enumerate(fills):
            bot.fill(symbol, side, quantity, price, fee=fee, at=now + timedelta(seconds=number), tag=f"rule {number}")
        bot.mark({"B": 5.25}, at=now + timedelta(seconds=9))
        view = shown(desk, bot)
        cash = 1000 - sum(
            (1 if side == "buy" else -1) * quantity * price + fee for _, side, quantity, price, fee in fills
        )
        assert view["cash"] == pytest.approx(cash, abs=1e-12)
        assert view["equity"] == pytest.approx(cash - 2 * 5.25, abs=1e-12)
        assert view["net"] == pytest.approx(cash - 2 * 5.25 - 1000, abs=1e-12)
        assert view["positions"]["B"]["unrealized_pnl"] == 0.5
        [trade] = view["trades"].values()
        assert trade["realized_pnl"] == pytest.approx(10.7 + 2 * 9.9 - 3 * 10.1 - 0.03, abs=1e-12)
        assert view["stats"]["closed_trades"] == 1 and view["drawdown_of"]["source"] == "file"
        rows = ask(desk, "/api/bots/sums/history/fills", "GET")["fills"]
        assert [row["reason"] for row in rows.values()] == ["rule 3", "rule 2", "rule 1", "rule 0"]
        trade_id = next(iter(view["trades"]))
        day = str(datetime.fromisoformat(trade["ts"]).date())
        chain = ask(desk, f"/api/bots/sums/history/trades/{trade_id}?day={day}", "GET")
        assert len(chain["fills"]) == 3 and not chain["missing"], "the fills behind the trade"


def test_pause_resume_and_flatten_when_asked_on_the_desk_then_answered_by_the_bot(desk: RunningDesk) -> None:
    path = "/api/bots/steered/control"
    with Bot("steered", start=100, every="1m", data=data_of(desk), strict=True) as bot:
        bot.fill("A", "buy", 1, 10)
        assert bot.flush() and ask(desk, path, "GET")["answers"] is False, "it has not asked yet"
        assert list(bot.asks()) == []
        assert bot.flush() and ask(desk, path, "GET")["answers"] is True
        ask(desk, path, action="pause", reason="lunch")
        [pause] = bot.asks()
        assert (pause.action, pause.reason) == ("pause", "lunch")
        pause.done()
        view = shown(desk, bot)
        assert view["state"] == "paused" and "lunch" in view["state_reason"] and bot.is_paused
        assert view["asked"]["request"]["state"] == "done" and list(bot.asks()) == []
        ask(desk, path, action="flatten")
        [flatten] = bot.asks()
        flatten.accepted("A is being sold")
        assert shown(desk, bot)["asked"]["request"]["state"] == "accepted"
        bot.fill("A", "sell", 1, 11)
        [flatten] = bot.asks()
        flatten.done()
        assert shown(desk, bot)["asked"]["request"]["state"] == "done"
        ask(desk, path, action="resume")
        next(bot.asks()).refused("the exchange is in maintenance")
        request = shown(desk, bot)["asked"]["request"]
        assert (request["state"], request["detail"]) == ("refused", "the exchange is in maintenance")
        ask(desk, path, action="flatten")
        ask(desk, path, action="resume")
        [resume] = bot.asks()
        resume.done()
        assert shown(desk, bot)["state"] == "active" and not bot.is_paused
        states = [each["state"] for each in ask(desk, path, "GET")["requests"].values()]
        assert states == ["done", "superseded", "refused", "done", "done"]
    with Bot("steered", data=data_of(desk)) as bot:
        assert list(bot.asks()) == [], "what was answered before a restart is not asked again"


def test_kill_switch_when_thrown_then_the_bot_stops_until_it_is_cleared(desk: RunningDesk) -> None:
    with Bot("stopped", start=100, data=data_of(desk), strict=True) as bot:
        list(bot.asks())
        bot.flush()
        ask(desk, "/api/bots/stopped/kill", "PUT", reason="wrong universe")
        assert bot.is_killed and bot.is_paused
        [kill] = bot.asks()
        assert kill.action == "kill" and "wrong universe" in kill.reason
        kill.done()
        assert shown(desk, bot)["state"] == "stopped" and list(bot.asks()) == []
    with Bot("stopped", data=data_of(desk)) as bot:
        assert list(bot.asks()) == [] and shown(desk, bot)["state"] == "stopped", "over a restart too"
        ask(desk, "/api/bots/stopped/kill", "DELETE")
        assert [each.action for each in bot.asks()] == ["clear"]
        assert shown(desk, bot)["state"] == "active" and not bot.is_killed


@pytest.mark.parametrize("content", ["", "{", "[]"])
def test_kill_switch_that_cannot_be_read_then_stops_to_be_safe(tmp_path: Path, content: str) -> None:
    with Bot("mine", data=tmp_path) as bot:
        switch = tmp_path / "control/desk/kill.json"
        switch.parent.mkdir(parents=True)
        switch.write_text(content)
        assert bot.is_killed and "stopped to be safe" in next(bot.asks()).reason
        switch.unlink()
        switch.symlink_to("nowhere")
        assert bot.is_killed


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("note", "{}"), ("c20301399T000000-1", "{}"), ("{now}", "{"), ("{now}", "{}"), ("{old}", "valid"),
        ("{now}", "of another"), ("{now}", "link"),
    ],
)  # fmt: skip
def test_file_that_is_no_request_then_nothing_is_asked(tmp_path: Path, name: str, content: str) -> None:
    with Bot("mine", data=tmp_path) as bot:
        now = datetime.now(UTC) + timedelta(seconds=1)
        name = name.format(now=f"c{now:%Y%m%dT%H%M%S}-1", old=f"c{now - timedelta(days=8):%Y%m%dT%H%M%S}-1")
        path = tmp_path / "control/mine" / f"{name}.json"
        path.parent.mkdir(parents=True)
        target = "other" if content == "of another" else "mine"
        valid = f'{{"schema": "aion/control/1", "id": "{name}", "bot": "{target}", "action": "pause"}}'
        if content == "link":
            path.symlink_to("nowhere")
        else:
            path.write_text(valid if content in ("valid", "of another") else content)
        assert list(bot.asks()) == []
        if name.startswith("c2") and content == "of another":
            path.write_text(valid.replace("other", "mine"))
            assert list(bot.asks()) == [], "a request is written once"


def test_request_that_the_client_does_not_know_then_refused_by_name(desk: RunningDesk) -> None:
    with Bot("modest", data=data_of(desk)) as bot:
        list(bot.asks())
        now = datetime.now(UTC) + timedelta(seconds=1)
        name = f"c{now:%Y%m%dT%H%M%S}-1"
        path = data_of(desk) / "control/modest" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'{{"schema": "aion/control/1", "id": "{name}", "bot": "modest", "action": "jump"}}')
        assert list(bot.asks()) == []
        assert bot.flush()
        answers = read_state(data_of(desk), "modest")["control_answers"]
        assert answers == {name: "refused: this bot knows pause, resume, flatten"}
