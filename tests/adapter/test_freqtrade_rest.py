"""A freqtrade bot over REST: figures, controls and faults, against answers recorded from the real program."""

import asyncio
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing as closing_database
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aion.adapter import rest
from aion.adapter.attached import AttachedBot
from aion.adapter.check import check_lines
from aion.adapter.freqtrade_source import FreqtradeSource
from aion.adapter.problem import RefusedError
from aion.clock import parse_iso
from aion.config import Settings
from aion.control.inbox import Request
from aion.section import AttachSettings
from aion.store.control_id import make_id
from aion.store.document_file import read_document
from aion.store.file import read_json, write_json
from aion.store.layout import Layout
from tests.adapter import freqtrade_db
from tests.adapter.freqtrade_api import MOMENTS, PASSWORD, USER, Api, serving

NOW = datetime(2026, 11, 30, 21, 37, 30, tzinfo=UTC)  # when the answers were recorded


@pytest.fixture
def api() -> Iterator[Api]:
    with serving() as found:
        yield found


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "LIMIT_S", 0.3)


class Desk:
    """One attached bot whose looks a test takes one by one."""

    def __init__(self, folder: Path, url: str, password: str = PASSWORD, **table: Any) -> None:
        self.layout = Layout(folder / "data")
        self.settings = AttachSettings(kind="freqtrade", url=url, user=USER if url else "", **table)
        self.said: list[tuple[str, str]] = []
        self.source = FreqtradeSource("ft", self.settings, password, "")
        self.bot = AttachedBot(
            "ft", self.source, self.layout, 1.0, lambda level, text: self.said.append((level, text))
        )
        self.now = NOW
        self.count = 0

    def say(self, level: str, text: str) -> None:
        self.said.append((level, text))

    async def look(self, times: int = 1) -> dict[str, Any]:
        for _ in range(times):
            self.now += timedelta(seconds=1)
            if self.source.known is not None:
                self.source.known.look_again()
            await self.bot.step(self.now)
        return self.state()

    def state(self) -> dict[str, Any]:
        return read_json(self.layout.swing_rolling("ft"))[0]

    def ask(self, action: Any, value: str = "") -> str:
        self.count += 1
        control_id = make_id(datetime.now(UTC) + timedelta(seconds=self.count), None, "a")
        self.take(control_id, action, value)
        return control_id

    def take(self, control_id: str, action: Any, value: str = "") -> None:
        self.bot.take(Request("ft", control_id, action, value, "ana"))


def ran(body: Any) -> Any:
    return asyncio.run(body)


async def closing(desk: Desk, body: Any) -> Any:
    try:
        return await body
    finally:
        await desk.bot.close()


def database(folder: Path, moment: str) -> Path:
    rows = MOMENTS[moment]["rows"]
    path = folder / "trades.sqlite"
    known = {"trades": _named("record version 2", 0), "orders": _named("record version 2", 1)}
    kept = {
        table: [{name: each for name, each in row.items() if name in known[table]} for row in rows[table]]
        for table in known
    }
    return freqtrade_db.write(
        path,
        "record version 2",
        kept["trades"],
        kept["orders"],
        history=rows["wallet_history"],
        locks=rows["pairlocks"],
    )


def _named(schema: str, table: int) -> set[str]:
    return {part.strip().split(" ")[0] for part in freqtrade_db.SCHEMAS[schema][table].split(",")}


@pytest.mark.parametrize("moment", MOMENTS)
def test_figures_are_freqtrades_own_over_rest_and_from_the_database(tmp_path: Path, moment: str) -> None:
    said = MOMENTS[moment]["answers"]
    with serving(moment) as api:
        desk = Desk(tmp_path, api.url)
        live = ran(closing(desk, desk.look()))
    assert live["equity"] == said["/balance"]["total"]
    own = next(each for each in said["/balance"]["currencies"] if each["currency"] == "USDT")
    assert live["cash"] == own["free"] and live["start_equity"] == 1000
    for name, figure in (("max_drawdown", "max_drawdown"), ("drawdown", "current_drawdown")):
        assert live["stats"][name] == said["/profit"][figure]
    assert live["stats"]["closed_trades"] == said["/profit"]["closed_trade_count"]
    assert sum(each["realized_pnl"] for each in live["trades"].values()) == pytest.approx(
        said["/profit"]["profit_closed_coin"], abs=5e-9
    )
    for trade in said["/status"]:
        if trade["amount"]:
            held = live["positions"][trade["pair"]]
            assert held["unrealized_pnl"] == trade["profit_abs"] and held["last_price"] == trade["current_rate"]
            assert held.get("funding", 0) == pytest.approx(trade["funding_fees"] or 0, abs=5e-9)
    assert {key.removeprefix("l") for key in live["locks"]} == {str(each["id"]) for each in said["/locks"]["locks"]}
    path = database(tmp_path, moment)
    prices = {each["pair"]: each["current_rate"] for each in said["/status"]}
    alone = Desk(tmp_path / "alone", "", database=str(path), wallet=1000)
    kept = ran(closing(alone, alone.look()))
    assert kept["cash"] == pytest.approx(live["cash"], abs=5e-9)
    for name in ("trades", "locks", "stats"):
        assert kept[name] == pytest.approx(live[name]) if name == "stats" else _same(kept[name], live[name])
    assert {each["limit_price"] for each in kept["open_orders"].values()} == {
        each["limit_price"] for each in live["open_orders"].values()
    }
    for pair, held in kept["positions"].items():
        if held["last_price"] == prices[pair]:
            assert held["unrealized_pnl"] == live["positions"][pair]["unrealized_pnl"]


def _same(one: Any, two: Any) -> bool:
    assert json.loads(json.dumps(one)).keys() == two.keys()
    for key in one:
        for name, each in one[key].items():
            assert each == (pytest.approx(two[key][name], abs=5e-9) if isinstance(each, float) else two[key][name])
    return True


def test_file_is_a_valid_document_and_is_not_written_again_without_news(tmp_path: Path, api: Api) -> None:
    desk = Desk(tmp_path, api.url)

    async def look() -> None:
        first = await desk.look()
        read_document(desk.layout.swing_rolling("ft"), "swing_rolling")
        assert await desk.look() == first
        api.answers["/status"][0]["current_rate"] *= 1.01
        second = await desk.look()
        pair = api.answers["/status"][0]["pair"]
        moved = second["positions"][pair]["market_value"] - first["positions"][pair]["market_value"]
        assert second["seq"] > first["seq"] and second["equity"] == pytest.approx(first["equity"] + moved, abs=2e-8)

    ran(closing(desk, look()))
    assert desk.said == []


def test_control_is_done_when_freqtrade_shows_it(tmp_path: Path, api: Api) -> None:
    desk = Desk(tmp_path, api.url)

    async def steer() -> None:
        assert {"pause", "stop", "force_exit"} <= set((await desk.look())["actions"])
        paused = desk.ask("pause")
        value = await desk.look()
        assert value["control_answers"] == {paused: "done"} and value["state"] == "paused"
        assert "paused in freqtrade" in value["state_reason"] and "resume" in value["actions"]
        resumed = desk.ask("resume")
        assert (await desk.look())["control_answers"][resumed] == "done"
        order = next(iter(value["open_orders"]))
        missing, lock = desk.ask("force_exit", "NONE/USDT"), desk.ask("delete_lock", "l77")
        value = await desk.look()
        assert "no open trade or order NONE/USDT" in value["control_answers"][missing]
        assert "no lock l77" in value["control_answers"][lock]
        sold = desk.ask("force_exit", "XRP/USDT")
        value = await desk.look(2)
        assert value["control_answers"][sold] == "done" and "XRP/USDT" not in value["positions"]
        assert order in value["open_orders"]

    ran(closing(desk, steer()))
    held = next(each for each in MOMENTS["spot"]["answers"]["/status"] if each["pair"] == "XRP/USDT")
    assert api.told == [
        ("POST", "/stopentry", None),
        ("POST", "/start", None),
        ("POST", "/forceexit", {"tradeid": str(held["trade_id"])}),
    ]


def test_control_that_freqtrade_refuses_says_its_reason(tmp_path: Path, api: Api) -> None:
    desk = Desk(tmp_path, api.url)

    async def steer() -> None:
        await desk.look()
        api.refusal = "trader is not running"
        sold = desk.ask("force_exit", "XRP/USDT")
        value = await desk.look()
        assert value["control_answers"][sold] == "refused: trader is not running"
        assert value["control_error"] == "trader is not running"
        api.fault, api.refusal = "hang", ""
        await desk.look()
        waits = desk.ask("stop")
        value = await desk.look()
        assert value["actions"] == [] and "cannot be reached now" in value["control_answers"][waits]

    ran(closing(desk, steer()))
    assert all(path == "/forceexit" for _, path, _ in api.told)


def test_control_without_a_visible_effect_stays_requested(tmp_path: Path, api: Api) -> None:
    desk = Desk(tmp_path, api.url)

    async def steer() -> None:
        await desk.look()
        api.is_deaf = True  # it answers that it did, and nothing changes
        asked = {desk.ask("stop"), desk.ask("delete_lock", "l1"), desk.ask("force_exit", "XRP/USDT")}
        value = await desk.look(3)
        assert not asked & set(value["control_answers"])
        api.is_deaf = False
        api.become("spot after")
        api.answers["/show_config"]["state"] = "stopped"
        assert set((await desk.look())["control_answers"].values()) == {"done"}

    ran(closing(desk, steer()))
    assert len(api.told) == 3  # each was sent once


def test_request_is_sent_once_whatever_lies_in_its_folder(tmp_path: Path, api: Api) -> None:
    desk = Desk(tmp_path, api.url)

    async def steer() -> list[str]:
        await desk.look()
        early = make_id(datetime.now(UTC) - timedelta(hours=1), None, "a")
        desk.take(early, "stop")  # of before this bot was attached
        asked = [desk.ask("pause" if number % 2 == 0 else "resume") for number in range(2)]
        step = asyncio.create_task(desk.look())
        while not step.done():  # the folder is looked at while it is sent
            for control_id in asked:
                desk.take(control_id, "pause")
            await asyncio.sleep(0)
        await desk.look()
        return [early, *asked]

    ids = ran(closing(desk, steer()))
    again = Desk(tmp_path, api.url)

    async def restart() -> None:
        for control_id in ids:
            again.take(control_id, "stop")
        again.count = 10
        again.ask("pause")
        await again.look(2)

    ran(closing(again, restart()))
    assert [path for _, path, _ in api.told] == ["/stopentry", "/start", "/stopentry"]


def test_kill_switch_stops_entries_and_sells_and_goes_on_when_cleared(tmp_path: Path, api: Api) -> None:
    desk = Desk(tmp_path, api.url)

    async def steer() -> None:
        await desk.look()
        desk.bot.kill("stopped by kill switch, 12:04 UTC")
        value = await desk.look(2)
        assert value["state"] == "stopped" and value["state_reason"].startswith("stopped by kill switch")
        refused = desk.ask("resume")
        assert "kill switch is on" in (await desk.look())["control_answers"][refused]
        desk.bot.kill("")
        assert (await desk.look(2))["state"] == "active"

    ran(closing(desk, steer()))
    assert [path for _, path, _ in api.told][:2] == ["/stopentry", "/forceexit"]
    assert api.told[-1][1] == "/start" and api.told[1][2] == {"tradeid": "all"}


FAULTS = {
    "hang": "did not answer within 0.3 s",
    "drip": "did not answer within 0.3 s",
    "html": "answered a web page: is the address that of its API?",
    "500": "answered 500",
    "half": "answered something that is not JSON",
    "cut": "broke off its answer",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_keeps_the_last_good_state_with_its_age_and_says_why(tmp_path: Path, api: Api, fault: str) -> None:
    desk = Desk(tmp_path, api.url)

    async def look() -> None:
        before = await desk.look()
        api.fault = fault
        value = await desk.look(2)
        assert FAULTS[fault] in value["state_reason"] and value["state"] == "error"
        for name in ("equity", "positions", "as_of", "trades"):
            assert value[name] == before[name]
        assert value["actions"] == []
        api.fault = ""
        value = await desk.look()
        assert value["state"] == "active" and value["as_of"] > before["as_of"]

    ran(closing(desk, look()))
    assert [level for level, _ in desk.said] == ["warning", "info"]  # a fault is logged once


def test_database_is_read_while_the_api_is_away(tmp_path: Path, api: Api) -> None:
    desk = Desk(tmp_path, api.url, database=str(database(tmp_path, "spot")))

    async def look() -> None:
        before = await desk.look()
        api.fault = "500"
        value = await desk.look()
        assert value["note"].startswith("Read from its database") and value["state"] == "active"
        assert value["cash"] == pytest.approx(before["cash"], abs=5e-9) and value["start_equity"] == 1000
        assert value["actions"] == []

    ran(closing(desk, look()))


def _times(value: dict[str, Any]) -> dict[str, datetime]:
    """Return the times of a state file that freqtrade wrote."""
    found = {key: each["opened_at"] for key, each in value["positions"].items()}
    found |= {key: each["until"] for key, each in value["locks"].items()}
    for part in ("trades", "fills", "open_orders"):
        found |= {key: each["ts"] for key, each in value[part].items()}
    return {key: parse_iso(at) for key, at in found.items()}


@pytest.mark.parametrize(
    ("ahead_s", "how"),
    [(7384, "about 2 h 3 min ahead of"), (-640, "about 11 min behind"), (31, "about 30 s ahead of")],
)
def test_wrong_clock_of_the_other_side_moves_its_times_and_none_of_ours(
    tmp_path: Path, api: Api, ahead_s: int, how: str
) -> None:
    desk = Desk(tmp_path, api.url, database=str(database(tmp_path, "spot")))

    async def look() -> None:
        before = await desk.look()
        assert "clock" not in before["note"]
        api.ahead_s = ahead_s
        for fault in ("", "500"):  # over REST, and from the database while that does not answer
            api.fault = fault
            value = await desk.look(2)
            assert f"clock of freqtrade's machine is {how} this machine's" in value["note"]
            shifts = {_times(before)[key] - at for key, at in _times(value).items() if key in _times(before)}
            assert len(shifts) == 1 and abs(shifts.pop().total_seconds() - ahead_s) < 3
            assert desk.now - timedelta(seconds=3) < parse_iso(value["as_of"]) <= desk.now
            assert abs(parse_iso(value["due_at"]) - datetime.now(UTC)) < timedelta(minutes=2)
            assert value["equity"] == pytest.approx(before["equity"]) or fault
        api.fault, api.ahead_s = "", 0
        assert _times(await desk.look(2)) == _times(before)

    ran(closing(desk, look()))


def test_database_with_times_to_come_says_that_a_clock_is_wrong(tmp_path: Path) -> None:
    desk = Desk(tmp_path, "", database=str(database(tmp_path, "spot")), wallet=1000)
    newest = max(
        each["order_filled_date"] for each in MOMENTS["spot"]["rows"]["orders"] if each.get("order_filled_date")
    )
    desk.now = datetime.fromisoformat(newest).replace(tzinfo=UTC) - timedelta(hours=1)
    assert "is still to come" in ran(closing(desk, desk.look()))["note"]


def test_wrong_password_and_unknown_programs_are_named_on_the_card(tmp_path: Path, api: Api) -> None:
    wrong = Desk(tmp_path / "a", api.url, password="other")
    assert "does not accept the user and password" in ran(closing(wrong, wrong.look()))["problem"]
    api.answers["/show_config"] = {"name": "another program"}
    other = Desk(tmp_path / "b", api.url)
    assert "its API is not freqtrade's" in ran(closing(other, other.look()))["problem"]
    api.answers["/show_config"] = {**MOMENTS["spot"]["answers"]["/show_config"], "api_version": 1.1}
    older = Desk(tmp_path / "c", api.url)
    assert "version 1.1, of an older freqtrade" in ran(closing(older, older.look()))["problem"]


@pytest.mark.parametrize(
    ("path", "change"),
    [
        ("/balance", {"total": "much"}),
        ("/balance", {"currencies": 7}),
        ("/profit", {"closed_trade_count": None}),
        ("/status", [{"trade_id": 1}]),
        ("/status", {"error": "x"}),
    ],
)
def test_value_that_is_none_of_freqtrade_shows_no_figure(tmp_path: Path, api: Api, path: str, change: Any) -> None:
    if isinstance(change, dict) and isinstance(api.answers[path], dict):
        api.answers[path] |= change
    else:
        api.answers[path] = change
    desk = Desk(tmp_path, api.url)
    value = ran(closing(desk, desk.look()))
    assert value["problem"] and "equity" not in value


def test_file_of_another_bot_is_not_overwritten(tmp_path: Path, api: Api) -> None:
    layout = Layout(tmp_path / "data")
    desk = Desk(tmp_path, api.url)
    ran(closing(desk, desk.look()))
    value = json.loads(json.dumps(desk.state())) | {"rule": "momentum"}
    write_json(layout.swing_rolling("ft"), value)
    with pytest.raises(RefusedError, match=r"written by another program .momentum.: choose another name"):
        Desk(tmp_path, api.url)


def test_second_writer_is_noticed(tmp_path: Path, api: Api) -> None:
    desk, twin = Desk(tmp_path, api.url), Desk(tmp_path, api.url)

    async def look() -> None:
        await desk.look()
        await twin.look()
        api.answers["/status"][0]["current_rate"] *= 1.01
        assert "Another program writes" in (await desk.look())["note"]
        await twin.bot.close()

    ran(closing(desk, look()))
    assert desk.said[0][0] == "error"


def test_row_that_no_page_can_show_leaves_the_last_good_state_with_the_reason(tmp_path: Path, api: Api) -> None:
    desk = Desk(tmp_path, api.url)

    async def look() -> None:
        good = await desk.look()
        right = api.answers["/status"][0]["pair"]
        api.answers["/status"][0]["pair"] = "X" * 500 + "/USDT"
        for _ in range(2):
            bad = await desk.look()
            assert bad["state"] == "error" and "cannot be shown" in bad["state_reason"]
            assert bad["positions"] == good["positions"] and bad["as_of"] == good["as_of"]
        api.answers["/status"][0]["pair"] = right
        assert (await desk.look())["state"] == "active"

    ran(closing(desk, look()))


def test_two_stakes_are_asked_for_and_then_told_apart_by_the_database(
    tmp_path: Path, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = database(tmp_path, "spot")
    first = api.answers["/trades"]["trades"][0]
    first["quote_currency"] = "BTC"
    with closing_database(sqlite3.connect(path)) as connection, connection:
        connection.execute("update trades set stake_currency = 'BTC' where id = ?", (first["trade_id"],))

    def look(name: str, **table: Any) -> dict[str, Any]:
        desk = Desk(tmp_path / name, api.url, **table)
        return ran(closing(desk, desk.look()))

    unsaid = look("unsaid")
    assert "adds trades in BTC, USDT together: choose one with `currency`" in unsaid["problem"]
    assert "equity" not in unsaid
    alone = look("alone", currency="USDT")
    assert "equity" not in alone and "give `database` too" in alone["problem"]
    both = {
        currency: look(currency, currency=currency, database=str(path), wallet=wallet)
        for currency, wallet in (("USDT", 1000), ("BTC", 1))
    }
    monkeypatch.setenv("AION_ATTACH_FT_PASSWORD", PASSWORD)
    checked = AttachSettings(kind="freqtrade", url=api.url, user=USER, currency="BTC", database=str(path), wallet=1)
    lines = list(check_lines(Settings(data=tmp_path / "data"), {"ft": checked}))
    assert all(is_good for _, is_good in lines) and lines[0][0].startswith("ft: note its API adds trades")
    key = f"t{first['trade_id']}"
    assert list(both["BTC"]["trades"]) == [key] and key not in both["USDT"]["trades"]
    for currency, value in both.items():
        assert value["currency"] == currency and "Read from its database: its API adds trades" in value["note"]
    closed = sum(each["realized_pnl"] for each in both["BTC"]["trades"].values())
    assert both["BTC"]["equity"] == pytest.approx(1 + closed, abs=5e-9)


def test_trade_of_this_moment_is_not_opened_later_than_now_where_the_clock_is_wrong(tmp_path: Path, api: Api) -> None:
    desk = Desk(tmp_path, api.url)
    api.ahead_s = 3600.9  # of which whole seconds are said
    api.answers["/status"][0]["open_timestamp"] = int((NOW.timestamp() + 1 + 3602.4) * 1000)
    value = ran(closing(desk, desk.look()))
    opened = [parse_iso(each["opened_at"]) for each in value["positions"].values()]
    assert max(opened) == parse_iso(value["as_of"])


@pytest.mark.parametrize("moment", MOMENTS)
def test_present_drawdown_that_an_older_version_does_not_say_is_the_same(tmp_path: Path, moment: str) -> None:
    with serving(moment) as api:
        said = api.answers["/profit"].pop("current_drawdown")
        desk = Desk(tmp_path, api.url)
        assert ran(closing(desk, desk.look()))["stats"]["drawdown"] == pytest.approx(said, abs=5e-9)


def test_currency_that_is_not_its_stake_is_named(tmp_path: Path, api: Api) -> None:
    desk = Desk(tmp_path, api.url, currency="EUR")
    assert "its stake currency is USDT, not EUR" in ran(closing(desk, desk.look()))["problem"]
