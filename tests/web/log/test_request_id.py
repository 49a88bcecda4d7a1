"""One request or cycle can be followed through the logs of desk and bots, and no log is written into from outside."""

import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from aion.config import Settings, default_bots
from aion.control.inbox import Inbox
from aion.store.layout import Layout
from aion.store.log.process_log import ProcessLog
from aion.store.log.redact import plain
from tests.web.conftest import RunningDesk

ESCAPES = "a\x1b[31mred\x1b]0;title\x07\r\nlevel=error forged\u2028\u202egnol\x9b2J"


def lines(desk: RunningDesk) -> list[dict[str, Any]]:
    text = (desk.write.layout.logs / "web.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_answer_has_the_id_that_was_given_or_one_of_its_own(desk: RunningDesk) -> None:
    given = desk.get("/api/bots/page", headers={"x-request-id": "proxy-17.a"})
    assert given.headers["x-request-id"] == "proxy-17.a"
    own = [desk.get(path).headers["x-request-id"] for path in ("/healthz", "/api/nothing", "/api/bots/page")]
    assert len(set(own)) == 3 and all(re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]+", each) for each in own)
    said = [line for line in lines(desk) if line.get("request_id") == "proxy-17.a"]
    assert said and "Response time" in said[0]["event"]


@pytest.mark.parametrize("bad", ["", "a b", "x" * 65, "../etc", "<b>", "a;b", "-x"])
def test_id_that_could_do_harm_is_replaced(shared_desk: RunningDesk, bad: str) -> None:
    found = shared_desk.get("/api/bots/page", headers={"x-request-id": bad}).headers["x-request-id"]
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]+", found)


def test_request_to_a_bot_carries_its_id_to_the_bots_half(desk: RunningDesk) -> None:
    bot = next(iter(default_bots()))
    body = {"action": "pause", "reason": "lunch"}
    asked = desk.client.post(f"/api/bots/{bot}/control", json=body, headers={"x-request-id": "r-42"})
    assert asked.status_code == 200 and "request_id" not in asked.json()
    found = Inbox(desk.write.layout, [bot]).requests({}, datetime.now(UTC))
    assert [(each.action, each.request_id) for each in found] == [("pause", "r-42")]
    assert any(line.get("request_id") == "r-42" and "pause asked" in line["event"] for line in lines(desk))


def test_cycle_of_the_bots_is_named_when_its_bundle_is_built(desk: RunningDesk) -> None:
    desk.write.cycle(7, ["orb_ny"])
    desk.bots()
    desk.get("/api/intraday/snapshot").raise_for_status()
    built = {
        line["topic"] for line in lines(desk) if line.get("cycle_id") == "c7" and line["event"] == "bundle built"
    }
    assert built == {"bots", "intraday"}


def test_escapes_and_line_breaks_never_reach_a_log_or_a_terminal(tmp_path: Path) -> None:
    for form in ("text", "json"):
        console = io.StringIO()
        bots = ProcessLog(Layout(tmp_path / form), "bots", console=console, console_format=form)  # type: ignore[arg-type]
        bots.warning(ESCAPES, bot=ESCAPES, note=ESCAPES)
        bots.close()
        web = ProcessLog(Layout(tmp_path / form), "web", "info", console=console, console_format=form)
        web.warning(ESCAPES, note=ESCAPES)
        web.close()
        assert console.getvalue().count("\n") == 2, "one line each"
        files = [path.read_text("utf-8") for path in (tmp_path / form / "logs").iterdir()]
        for text in (console.getvalue(), *files):
            said = text.replace("\n", "")
            assert said.isprintable() and "\\u001b" not in said and "\\r" not in said and "\\n" not in said


def test_json_format_writes_the_lines_of_the_file_to_the_console(tmp_path: Path) -> None:
    console = io.StringIO()
    log = ProcessLog(Layout(tmp_path), "bots", console=console, console_format="json")
    log.info("cycle complete", cycle_id="1-x", password="hunter2")
    log.close()
    line = json.loads(console.getvalue())
    assert line["cycle_id"] == "1-x" and line["password"] == "***"
    assert (tmp_path / "logs" / "bots.jsonl").read_text() == console.getvalue()
    assert Settings(log_format="json").log_format == "json"


def test_plain_text_has_no_secret_and_no_control_character() -> None:
    assert plain("token=abc password: x\x00y") == "token=*** password: ***"
    assert plain(ESCAPES).isprintable()
