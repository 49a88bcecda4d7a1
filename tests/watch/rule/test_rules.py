"""Alert rules over state files: what is told, once, and what becomes of it; by clocks that the test moves."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aion.clock import iso
from aion.config import Settings
from aion.store.document.alert import AlertHistory
from aion.store.document_file import read_document
from aion.store.file import write_json
from aion.store.layout import DESK, Layout
from aion.watch.alert import Message
from aion.watch.machine import Clocks
from aion.watch.rule.watch import RuleWatch
from tests.web.sample import sim_log, swing_rolling

TUESDAY = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
FILL = {"side": "buy", "quantity": 10, "price": 190.2, "symbol": "AAPL"}


def fill(minute: int, **more: Any) -> dict[str, Any]:
    return {**FILL, "ts": f"2022-05-19T14:{minute:02}Z", **more}


class Room:
    """A data folder, clocks, and who watches by its rules."""

    def __init__(self, root: Path) -> None:
        self.layout = Layout(root / "data")
        self.layout.root.mkdir()
        self.at = TUESDAY
        self.steady_s = 1000.0
        self.got: list[Message] = []
        self.why = ""
        self.said: list[str] = []
        self.watch = self.begin()

    def begin(self, *, has_service: bool = True) -> RuleWatch:
        clocks = Clocks(lambda: self.at.timestamp(), lambda: self.steady_s, lambda: self.steady_s)
        urls = ("json://127.0.0.1",) if has_service else ()
        settings = Settings(data=self.layout.root, alerts={"name": "Desk", "urls": urls})  # type: ignore[arg-type]
        say = lambda level, text: self.said.append(f"{level}: {text}")  # noqa: E731
        self.watch = RuleWatch(settings, self.layout, say, self if has_service else None, clocks)
        return self.watch

    def send(self, message: Message, done: Callable[[str], None]) -> None:
        self.got.append(message)
        done(self.why)

    def rules(self, *rules: dict[str, Any], version: int = 1, **plan: Any) -> None:
        value = {"schema": "aion/alert_rules/1", "version": version, "saved_at": iso(self.at), "saved_by": "ana"}
        value |= {"rules": {f"r{number}": rule for number, rule in enumerate(rules)}, "plan": plan}
        write_json(self.layout.alert_rules, value)

    def write(self, bot: str = "trend", **more: Any) -> None:
        write_json(self.layout.swing_rolling(bot), swing_rolling(bot) | {"fills": {}, "trades": {}} | more)

    def look(self, seconds: float = 1.0) -> list[str]:
        """Let time pass and look; return the bodies of what was sent."""
        self.at += timedelta(seconds=seconds)
        self.steady_s += seconds
        before = len(self.got)
        self.watch.look()
        return [message.body for message in self.got[before:]]

    def history(self) -> list[tuple[str, str]]:
        self.look()  # what became of a message is written at the next look
        found, _ = read_document(self.layout.alerts_sent, "alert_history")
        assert isinstance(found, AlertHistory)
        return [(each.kind, each.became) for each in found.sent.values()]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_fill_when_it_comes_then_it_is_told_once_and_what_was_there_is_not(room: Room) -> None:
    room.rules({"kind": "fill"})
    room.write(fills={"f1": fill(1)})
    assert room.look() == []
    room.write(fills={"f1": fill(1), "f2": fill(2, reason="breakout", side="sell", realized_pnl=-12.5)})
    assert room.look() == ["trend sold 10 AAPL at 190.2, realized -12.50: breakout"]
    assert room.got[-1].title == "Desk: trend sold 10 AAPL at 190.2, realized -12.50: breakout"
    assert room.look() == [] and room.history() == [("fill", "sent")]


def test_fill_when_the_watchdog_was_away_then_it_is_told_after_the_restart_and_nothing_again(room: Room) -> None:
    room.rules({"kind": "fill", "bot": "trend"})
    room.write(fills={"f1": fill(1)})
    room.write("other", fills={})
    room.look()
    room.write(fills={"f1": fill(1), "f2": fill(1), "f3": fill(3)})
    room.write("other", fills={"f9": fill(9)})
    room.begin()
    assert len(room.look()) == 1 and room.got[-1].body.count("trend bought") == 2, "f2 has the time of f1"
    room.begin()
    assert room.look() == []


def test_fill_when_another_run_begins_then_its_first_fills_are_not_news(room: Room) -> None:
    room.rules({"kind": "fill"})
    room.write(run="1", fills={"f1": fill(30)})
    room.look()
    room.write(run="2", fills={"g1": fill(1)})
    assert room.look() == []
    room.write(run="2", fills={"g1": fill(1), "g2": fill(2)})
    assert len(room.look()) == 1


def test_stop_when_a_fill_says_so_by_source_or_reason_then_it_is_told(room: Room) -> None:
    room.rules({"kind": "stop_hit"})
    room.write(fills={})
    room.look()
    fills = {
        "f1": fill(1, price_source="stop"), "f2": fill(2, reason="trailing_stop_loss"),
        "f3": fill(3, reason="nonstop"), "f4": fill(4, reason="target"),
    }  # fmt: skip
    room.write(fills=fills)
    assert [line.split(",")[0] for line in room.look()[0].split("\n")] == ["trend: stop hit"] * 2


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ({"limit": 100, "unit": "money"}, "trend has lost 150.00 USD (limit 100 USD) on 2022-05-19"),
        ({"limit": 1, "unit": "percent"}, "trend has lost 1.48 % of its equity (limit 1 %) on 2022-05-19"),
    ],
)
def test_day_loss_when_the_limit_is_passed_then_it_is_told_once_a_day(
    room: Room, rule: dict[str, Any], said: str
) -> None:
    def lose(net: float, day: str) -> None:
        pnl = {"gross": net, "fees": 0, "slippage": 0, "net": net, "day": day}
        room.write(day=day, equity=10_000.0, day_pnl=pnl, currency="USD")

    room.rules({"kind": "day_loss", **rule})
    lose(-50, "2022-05-19")
    assert room.look() == []
    lose(-150, "2022-05-19")
    assert room.look() == [said]
    lose(-151, "2022-05-19")
    assert room.look() == []
    lose(-20, "2022-05-20")
    assert room.look() == []
    lose(-200, "2022-05-20")
    assert len(room.look()) == 1


def test_drawdown_when_it_goes_to_and_fro_at_the_limit_then_it_is_told_once(room: Room) -> None:
    def fall(part: float) -> list[str]:
        room.write(stats={"drawdown": part})
        return room.look()

    room.rules({"kind": "drawdown", "limit": 10})
    assert fall(0.09) == []
    assert fall(0.101) == ["trend is 10.1 % below its top (limit 10 %)"]
    assert fall(0.099) == [] and fall(0.102) == [] and fall(0.079) == []
    assert len(fall(0.11)) == 1


def test_no_fill_when_the_time_has_passed_then_it_is_told_until_one_comes(room: Room) -> None:
    room.rules({"kind": "no_fill", "minutes": 30})
    room.write(fills={"f1": fill(0)}, as_of="2022-05-19T14:29Z")
    assert room.look() == []
    room.write(fills={"f1": fill(0)}, as_of="2022-05-19T14:31Z")
    assert room.look() == ["trend has had no fill for 31 min 0 s of market time, since its last one"]
    room.write(fills={"f1": fill(0)}, as_of="2022-05-19T15:31Z")
    assert room.look() == []
    room.write(fills={"f1": fill(0), "f2": fill(40)}, as_of="2022-05-19T15:31Z")
    assert len(room.look()) == 1


def test_missed_cycle_when_due_is_past_then_it_is_told_once_for_each(room: Room) -> None:
    room.rules({"kind": "missed_cycle"})
    room.write(due_at=iso(room.at + timedelta(seconds=5)))
    assert room.look() == []
    assert "missed its cycle due at" in room.look(600)[0]
    assert room.look(600) == []
    room.write(due_at=iso(room.at + timedelta(seconds=5)))
    assert room.look() == [] and len(room.look(600)) == 1


def test_kill_switch_and_refusal_when_they_come_then_they_are_told(room: Room) -> None:
    room.rules({"kind": "kill_switch"}, {"kind": "control_refused", "bot": "trend"})
    room.write(control_answers={"c20220519T140000-1": "refused: it was flat"})
    assert room.look() == []
    answers = {"c20220519T140000-1": "refused: it was flat", "c20220519T150000-2": "refused: it is flat"}
    room.write(control_answers=answers)
    assert room.look() == ["trend refused a request: it is flat"]
    for name in ("trend", DESK):
        write_json(room.layout.kill(name), {"schema": "aion/kill/1", "bot": name, "killed_at": iso(room.at)})
    assert room.look()[0].split("\n") == ["The kill switch of all bots is on", "The kill switch of trend is on"]
    assert room.look() == []


def test_machine_when_its_proof_stops_then_it_is_told_once(room: Room) -> None:
    layout = Layout(room.layout.machines / "m1")

    def prove(number: int) -> None:
        write_json(
            layout.proof,
            {"schema": "aion/proof/1", "epoch": "e", "n": number, "written_at": iso(room.at), "every_s": 1},
        )

    room.rules({"kind": "held_machine"}, {"kind": "fill"})
    write_json(layout.swing_rolling("far"), swing_rolling("far") | {"fills": {}})
    prove(1)
    room.look()
    prove(2)
    assert room.look() == []
    write_json(layout.swing_rolling("far"), swing_rolling("far") | {"fills": {"f1": fill(1)}})
    assert room.look() == ["far bought 10 AAPL at 190.2"], "bots of other machines too"
    assert room.look(10) == ["Nothing comes from machine m1 any more; its figures are held"]
    assert room.look(10) == []
    prove(3)
    assert room.look() == []
    room.look(0.1)
    assert len(room.look(20)) == 1


def test_quiet_hours_when_they_end_then_what_came_is_sent_together(room: Room) -> None:
    room.rules({"kind": "fill"}, zone="Europe/Berlin", quiet_from="12:30", quiet_to="14:00")  # it is 13:00 there
    room.write(fills={})
    room.look()
    fills = {}
    for minute in (1, 2):
        fills[f"f{minute}"] = fill(minute)
        room.write(fills=dict(fills))
        assert room.look() == []
    assert room.history() == [("fill", "quiet")] * 2
    room.begin()
    sent = room.look(3600)
    assert len(sent) == 1 and sent[0].count("bought") == 2 and "2 from the quiet hours" in room.got[-1].title
    assert room.history() == [("fill", "sent")] * 2


def test_hour_when_it_is_full_then_the_rest_is_counted_in_the_next_message(room: Room) -> None:
    room.rules({"kind": "fill"}, most_an_hour=2)
    fills: dict[str, Any] = {}
    for minute in range(5):
        room.write(fills=dict(fills))
        room.look()
        fills[f"f{minute}"] = fill(minute)
    room.write(fills=dict(fills))
    room.look()
    assert len(room.got) == 2 and [became for _, became in room.history()][2:] == ["over_limit"] * 3
    room.write(fills={**fills, "last": fill(9)})
    assert room.look(3600)[0].split("\n")[1] == "3 before it were not sent: over 2 messages an hour"


def test_summary_when_its_time_comes_then_currencies_and_modes_are_apart(room: Room) -> None:
    room.rules(zone="UTC", daily_at="18:00")
    for bot, currency, net in (("a", "USD", 10), ("b", "USD", 20), ("c", "JPY", 500)):
        room.write(bot, currency=currency, mode="paper", equity=1000.0, start_equity=1000.0 - net, total_pnl={})
    assert room.look() == []
    room.write("a", currency="USD", mode="paper", equity=1005.0, start_equity=990.0, total_pnl={})
    body = room.look(6 * 3600 + 1)[0].split("\n")
    assert body == [
        "paper, JPY: +0.00 in the last day, 1 bot (c +0.00)",
        "paper, USD: +5.00 in the last day, 2 bots (a +5.00, b +0.00)",
    ]
    assert room.look() == [] and len(room.look(86_400)) == 1


def test_message_when_it_fails_or_has_nowhere_to_go_then_the_history_says_why(room: Room) -> None:
    room.rules({"kind": "fill"})
    room.write(fills={})
    room.look()
    room.why = "json://*** did not take it"
    room.write(fills={"f1": fill(1)})
    room.look()
    room.look()
    room.begin(has_service=False)
    room.write(fills={"f1": fill(1), "f2": fill(2)})
    room.look()
    room.look()
    found, _ = read_document(room.layout.alerts_sent, "alert_history")
    assert isinstance(found, AlertHistory)
    assert [each.detail.split(":")[0] for each in found.sent.values()] == ["json", "no service is set"]
    assert found.services == 0 and found.version == 1


def test_rules_when_they_cannot_be_read_then_those_before_stay_and_it_is_said(room: Room) -> None:
    room.rules({"kind": "fill"})
    room.write(fills={})
    room.look()
    room.layout.alert_rules.write_bytes(b'{"schema": "aion/alert_rules/1", "version": 2')
    room.write(fills={"f1": fill(1)})
    assert len(room.look()) == 1
    found, _ = read_document(room.layout.alerts_sent, "alert_history")
    assert isinstance(found, AlertHistory)
    assert found.version == 1 and "as they were before" in found.error


def test_state_when_it_is_torn_or_odd_then_its_neighbour_is_told_all_the_same(room: Room) -> None:
    room.rules({"kind": "fill"}, {"kind": "drawdown", "limit": 1}, {"kind": "day_loss", "limit": 1, "unit": "money"})
    room.write(fills={})
    odd = {"fills": [1], "stats": 7, "day_pnl": {"net": "x"}, "equity": True, "as_of": 5, "control_answers": {"a": 1}}
    room.write("odd", **odd)
    room.look()
    room.layout.swing_rolling("torn").write_bytes(b'{"torn')
    write_json(room.layout.sim_log("2022-05-19", "day"), sim_log("day", 3) | {"fills": {"f1": 3}})
    room.write("odd", **odd, fills_total=1)
    room.write(fills={"f1": fill(1)})
    assert room.look() == ["trend bought 10 AAPL at 190.2"] and not room.said


def test_reason_when_it_has_line_breaks_or_turns_text_then_the_message_is_one_plain_line(room: Room) -> None:
    room.rules({"kind": "fill"})
    room.write(fills={})
    room.look()
    room.write(fills={"f1": fill(1, reason="one\ntwo \u202eeerht\x1b[31m")})
    assert room.look() == ["trend bought 10 AAPL at 190.2: one two ?eerht?[31m"]
