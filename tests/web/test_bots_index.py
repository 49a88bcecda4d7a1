"""The index of all bots and the card of each, over HTTP and on a stream."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from aion.web.bundle.document import BotCard, BotRowAlone, BotsIndex, BotsTotals
from tests.live.patching import merge

from .conftest import RunningDesk
from .stream import events

INDEX, CARD = "/api/bots/index", "/api/bots/card/intraday/theirs"
TOTALS, ROW = "/api/bots/totals", "/api/bots/row/intraday/theirs"


def test_get_after_each_write_then_row_and_card_are_what_was_written(desk: RunningDesk) -> None:
    assert desk.get(CARD).status_code == desk.get(ROW).status_code == 404
    for number in range(30):
        desk.write.day("theirs", number, equity=100.0 + number)
        index = desk.get(INDEX).raise_for_status().json()
        card = desk.get(CARD).raise_for_status().json()
        assert index["bots"]["intraday/theirs"]["equity"] == card["bot"]["equity"] == 100.0 + number
        assert index["totals"]["USD"]["equity"] == 100.0 + number
        row, totals = desk.get(ROW).raise_for_status().json(), desk.get(TOTALS).raise_for_status().json()
        assert row["bot"] == index["bots"]["intraday/theirs"] and row["errors"] == {}
        assert totals["totals"] == index["totals"] and "bots" not in totals
    BotsTotals.model_validate(totals)
    BotRowAlone.model_validate(row)
    BotsIndex.model_validate(index)
    BotCard.model_validate(card)
    assert card["bot"] == desk.bots()["intraday"]["bots"]["theirs"]
    for path in (INDEX, CARD, ROW, TOTALS):
        first = desk.get(path)
        assert desk.get(path, headers={"if-none-match": first.headers["etag"]}).status_code == 304
        plain = desk.get(path, headers={"accept-encoding": "identity"})
        assert plain.json() == first.json() and first.headers["content-encoding"] == "gzip"
        assert first.headers["cache-control"].startswith("no-store")
        assert desk.client.head(path).headers["content-length"] == first.headers["content-length"]
        assert desk.client.post(path).status_code == 405
        assert desk.get(path.replace("/api/", "/api/backend/")).json() == first.json()


@pytest.mark.parametrize(
    "path",
    ["intraday/nosuch", "other/theirs", "intraday/..%2ftheirs", "intraday/a%20b", "intraday/", "swing/theirs/x"],
)
def test_card_of_a_bot_that_cannot_be_then_404_with_a_sentence(shared_desk: RunningDesk, path: str) -> None:
    for route in ("card", "row"):
        answer = shared_desk.get(f"/api/bots/{route}/{path}")
        assert answer.status_code == 404
        assert answer.json()["error"] == "NotFound" and answer.json()["detail"].startswith("there is no ")


def test_hundreds_of_bots_some_broken_then_none_is_left_out_and_each_broken_one_is_named(desk: RunningDesk) -> None:
    for number in range(299, -1, -1):  # the first makes the folder
        if number % 10:
            desk.write.day(f"b{number:03d}", 1, equity=0.1)
        else:
            desk.write.layout.sim_log("2022-05-19", f"b{number:03d}").write_bytes(b"{")
    index = desk.get(INDEX).json()
    assert len(index["bots"]) + len(index["unread"]) == 300
    assert set(index["unread"]) == {f"intraday/b{number:03d}" for number in range(0, 300, 10)}
    assert all("errors" in each and each["errors"] for each in index["unread"].values())
    assert index["totals"]["USD"]["equity"] == 27.0 and index["totals"]["USD"]["bots"] == 270
    alone = desk.get("/api/bots/row/intraday/b000").json()
    assert "bot" not in alone and alone["errors"] == index["unread"]["intraday/b000"]["errors"]
    desk.write.day("b000", 2)
    index = desk.get(INDEX).json()
    assert "intraday/b000" in index["bots"] and len(index["unread"]) == 29


def test_change_of_one_bot_then_its_viewer_gets_its_card_and_all_get_its_row(
    start_desk: Callable[..., RunningDesk],
) -> None:
    desk = start_desk(heartbeat_s=0.3)
    for number in range(60):
        desk.write.day(f"b{number}", 1)
    with events(desk, "topics=index,bot/intraday/b1,bot/swing/late&patches=index") as stream:
        held: dict[str, Any] = {}
        while len(held) < 2:
            name, data = next(stream)
            if name not in ("hello", "hb"):
                held[name] = data
            elif name == "hello":
                assert data["bot/swing/late"] == "" and data["bot/intraday/b1"] and data["index"]
        desk.write.day("b1", 2, equity=7.5)
        seen = set()
        while seen != {"patch", "bot/intraday/b1"}:
            name, data = next(stream)
            if name == "patch":
                assert data["topic"] == "index" and data["base"] == held["index"]["etag"] and data["of"] == "bots"
                assert list(data["patches"][-1]["bots"]) == ["intraday/b1"], "the row that changed, no other"
                assert len(json.dumps(data)) < 2_000
                seen.add(name)
            elif name == "bot/intraday/b1":
                assert data["bot"]["equity"] == 7.5
                seen.add(name)
        desk.write.swing("late", 1)
        while next(stream)[0] != "bot/swing/late":
            pass
    tag = desk.get("/api/bots/card/intraday/b1").headers["etag"]
    with events(desk, f"topics=bot/intraday/b1&have=bot/intraday/b1:{tag}") as stream:
        assert [next(stream)[0] for _ in range(3)] == ["hello", "hb", "hb"], "what the page has is not sent again"


def test_page_comes_with_an_earlier_index_then_its_stream_begins_with_the_change(
    start_desk: Callable[..., RunningDesk],
) -> None:
    desk = start_desk(heartbeat_s=60)
    for number in range(60):
        desk.write.day(f"b{number}", 1)
    earlier = desk.get(INDEX).json()
    for equity in (7.5, 8.5):
        desk.write.day("b1", 2, equity=equity)
        desk.write.day("b2", 2, equity=equity)
        newest = desk.get(INDEX).json()

    def first(tag: str, more: str = "&patches=index") -> tuple[str, dict[str, Any]]:
        with events(desk, f"topics=index{more}&have={quote(f'index:{tag}')}") as stream:
            assert next(stream)[0] == "hello"
            return next(stream)

    name, data = first(earlier["etag"])
    assert (name, data["topic"], data["base"]) == ("patch", "index", earlier["etag"])
    assert list(data["patches"][-1]["bots"]) == ["intraday/b1", "intraday/b2"]
    for patch in data["patches"]:
        earlier = merge(earlier, patch)
    assert earlier == newest, "no viewer had it pushed before"
    assert first('W/"0"') == ("index", newest), "a version that this desk never had is the base of nothing"
    assert first(earlier["etag"], "&beats=1")[0] == "hb", "what the page has is not sent again"
    desk.write.day("b1", 3, equity=9.5)
    assert first(earlier["etag"], "")[0] == "index", "a page that understands no patches gets the whole"


def test_bot_of_another_mode_comes_to_lead_then_the_rows_of_all_others_say_so(
    start_desk: Callable[..., RunningDesk],
) -> None:
    desk = start_desk(heartbeat_s=60)
    for name in ("a", "b"):
        desk.write.day(name, 1, mode="paper")
    with events(desk, "topics=row/intraday/a") as stream:
        while next(stream)[0] != "row/intraday/a":
            pass
        for number in range(2, 12):
            mode = ("paper", "replay")[number % 2]
            desk.write.day("b", number, mode=mode)
            row = desk.get("/api/bots/row/intraday/a").json()
            assert bool(row["errors"]) == (mode == "replay"), "a GET has what the write of another bot alters"
        desk.write.day("b", 12, mode="live")
        while True:
            name, data = next(stream)
            if name == "row/intraday/a" and "of mode paper" in str(data["errors"]) and "live" in str(data["errors"]):
                break
        assert data["bot"]["errors"] == data["errors"]


def test_live_bots_beside_a_desk_of_another_mode_have_totals_of_their_own(desk: RunningDesk) -> None:
    desk.write.cycle(1, ["orb_ny"])
    desk.write.swing("dry", mode="paper", currency="USDT")
    for name in ("real", "other"):
        desk.write.swing(name, mode="live", currency="USDT")
    desk.write.swing("tested", mode="backtest")
    found = desk.get("/api/bots/index").json()
    assert found["mode"] == "replay" and list(found["totals"]) == ["USD"] and found["totals"]["USD"]["bots"] == 1
    apart = found["totals_apart"]
    assert {mode: {name: each["bots"] for name, each in of.items()} for mode, of in apart.items()} == {
        "live": {"USDT": 2}, "paper": {"USDT": 1},
    }  # fmt: skip
    assert apart["live"]["USDT"]["equity"] == 202_000 and apart["live"]["USDT"]["net"] == 2_000
    problem = found["bots"]["swing/real"]["errors"]["swing.real"]
    assert problem["kind"] == "mixed_mode" and "is not in the desk's totals" in problem["reason"]
    desk.write.swing("other", mode="paper", currency="USDT")
    apart = desk.get("/api/bots/totals").json()["totals_apart"]
    assert apart["live"]["USDT"]["bots"] == 1 and apart["paper"]["USDT"]["bots"] == 2, "it moves with its mode"
    for name in ("dry", "real", "other"):
        desk.write.layout.swing_rolling(name).unlink()
    assert "totals_apart" not in desk.get("/api/bots/index").json()


def test_subscription_to_names_that_are_too_many_or_cannot_be_then_it_is_refused(shared_desk: RunningDesk) -> None:
    many = ",".join(f"bot/swing/b{number}" for number in range(501))
    assert shared_desk.get(f"/api/events?topics={many}").json()["error"] == "TooManyTopics"
    huge = ",".join(f"b{number}" for number in range(8_000))
    assert shared_desk.get(f"/api/events?topics={huge}").status_code in (400, 414, 431)
    for name in ("bot/other/x", "bot/swing/a b", "bot/swing/", "bot/x", "bot/swing/../x"):
        assert shared_desk.get("/api/events", params={"topics": name}).status_code == 404
