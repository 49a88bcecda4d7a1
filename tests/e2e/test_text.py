"""What strangers write in any field is text on every page: HTML, right-to-left, very long words, emoji."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from aion.store.document.state import SimLog, SwingRolling
from aion.store.file import write_json
from aion.store.layout import Layout

from .axe import assert_accessible
from .conftest import Watched, until
from .served import serving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]  # one test has a dozen dialogs and two restarts

HTML = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script><b>bold</b>&amp;"
STRANGE = {
    "html": HTML,
    "rtl": "\u202e\u0645\u0631\u062d\u0628\u0627 \u05e9\u05dc\u05d5\u05dd abc",
    "long": "w" * 400,
    "emoji": "🚀📉👩‍👩‍👧‍👦 \u0301\u0301",
}
NOW = datetime(2022, 5, 19, 14, 30, tzinfo=UTC)


def at(minutes: int) -> str:
    return (NOW + timedelta(minutes=minutes)).isoformat()


def state(kind: str, bot: str, text: str) -> dict[str, Any]:
    """A whole state of a bot whose every free text is `text`, cut to what the field may hold."""
    short, symbol = text[:64], f"S {text[:100]}"
    fill = {"ts": at(-3), "symbol": symbol, "side": "buy", "quantity": 2, "price": 10.5, "fee": 1, "slippage": 0.5,
            "fees": {text[:120]: 1}, "reason": text, "order_id": "o1", "price_source": text, "decided_at": at(-4),
            "bar": {"ts": at(-3), "open": 10, "high": 11, "low": 9, "close": 10.5, "volume": 5}}  # fmt: skip
    order = {"ts": at(-4), "symbol": symbol, "side": "buy", "quantity": 2, "status": "open", "reason": text,
             "detail": text}  # fmt: skip
    trade = {"symbol": symbol, "side": "buy", "quantity": 1, "entry_price": 10, "exit_price": 11,
             "opened_at": at(-9), "ts": at(-2), "realized_pnl": 1, "reason": text}  # fmt: skip
    signal = {"ts": at(0), "action": text[:32], "confidence": 0.7, "threshold": 0.5, "reason": text,
              "strategy": short, "bot": bot, "rank": 1, "candidates": 2}  # fmt: skip
    found: dict[str, Any] = {
        "schema": f"aion/{kind}/1", "mode": "paper", "cycle_id": text[:128], "as_of": at(0), "written_at": at(0),
        "bot": bot, "currency": "USD", "exchange": text[:16], "strategy": short, "rule": text, "symbols": [symbol],
        "equity": 1000, "cash": 979, "start_equity": 990, "hold_equity": 995, "hold_name": short, "note": text,
        "state": "error", "state_reason": text, "paused": text, "flatten": text,
        "control_id": text, "control_error": text, "config_error": text,
        "rules": {text[:120]: text[:120]}, "positions": {symbol: {"quantity": 2, "average_price": 10,
                                                                  "last_price": 10.5, "carried": text}},
        "day": "2022-05-19", "day_pnl": {"gross": 11.5, "fees": 1, "slippage": 0.5, "net": 10},
        "total_pnl": {"gross": 11.5, "fees": 1, "slippage": 0.5, "net": 10},
        "fills": {f"f{text[:100]}": fill}, "trades": {f"t{text[:100]}": trade}, "signals": {symbol: signal},
        "equity_curve": {at(-2): 990, at(-1): 995, at(0): 1000},
    }  # fmt: skip
    if kind == "sim_log":
        decision = {"ts": at(-4), "symbol": symbol, "action": text[:32], "reason": text, "order_id": "o1"}
        bars = {at(minute): [10, 11, 9, 10.5, 100] for minute in range(-5, 1)}
        found |= {"orders": {"o1": order}, "decisions": {"d1": decision}, "bars": {symbol: bars}}
    else:
        planned = {"side": "sell", "quantity": 1, "price": 10, "value": 10, "cost": 1, "weight": 0, "reason": text}
        found |= {"horizon": text[:8], "targets": {symbol: {"weight": 0.5, "reason": text}},
                  "open_orders": {"o1": order}, "preview": {"as_of": at(0), "orders": {symbol: planned},
                                                            "turnover": 0.1, "cost": 1}}  # fmt: skip
    return found


def texts_of(model: Any, value: dict[str, Any]) -> set[str]:
    """Names of the fields of a document that are free text and that `value` does not fill with something strange."""
    free = {name for name, field in model.model_fields.items() if field.annotation in (str, str | None)}
    return {name for name in free if not isinstance(value.get(name), str)} - {"schema_"}


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    data: Path = tmp_path_factory.mktemp("strange") / "data"
    layout = Layout(data)
    for name, text in STRANGE.items():
        write_json(layout.sim_log("2022-05-19", f"day_{name}"), state("sim_log", f"day_{name}", text))
        write_json(layout.swing_rolling(f"swing_{name}"), state("swing_rolling", f"swing_{name}", text))
    layout.logs.mkdir(parents=True, exist_ok=True)
    lines = [{"ts": at(0), "level": "error", "process": text[:32], "event": text, "bot": text, "cycle_id": text,
              text: text} for text in STRANGE.values()]  # fmt: skip
    (layout.logs / "strange.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with serving(data) as found:
        yield found


def test_every_free_text_of_a_bot_is_filled_with_something_strange() -> None:
    for kind, model in (("sim_log", SimLog), ("swing_rolling", SwingRolling)):
        value = state(kind, "b", HTML)
        model.model_validate(value)
        assert texts_of(model, value) <= {"run", "memo"}, kind


PAGES = [
    "/bots",
    "/intraday",
    "/alerts",
    "/logs",
    "/portfolio",
    "/system",
    *(f"/bots/{kind}_{name}" for kind in ("day", "swing") for name in STRANGE),
]


@pytest.mark.parametrize("width", [1440, 390])
def test_page_when_strangers_write_anything_then_it_is_text(
    url: str, page: Page, watched: Watched, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{url}/bots")
    for path in PAGES:
        page.goto(f"{url}{path}")
        page.get_by_text("STREAMING", exact=True).wait_for()
        part = {"/bots": ".card", "/intraday": ".symbols", "/alerts": ".alerts", "/logs": ".log-line",
                "/system": "#routes-title", "/portfolio": ".portfolio .rows",
                }.get(path, ".rows.trades .opener")  # fmt: skip
        page.locator(part).first.wait_for()
        if path.startswith("/bots/"):
            page.locator(part).first.click()
            page.locator(".chain").first.wait_for()
            page.get_by_role("radio", name="By symbol").check(force=True)
            page.locator("[aria-label='Closed trades by symbol, table']").wait_for()
        if path == "/logs":
            page.locator(part).first.click()
            page.locator(".line-pane").wait_for()
        assert page.title() != "owned", path
        made = "main img, main script, main b b, main [onerror]"
        assert page.evaluate(f"document.querySelectorAll({made!r}).length") == 0, path
        if path in ("/bots", "/logs", "/bots/swing_html"):
            assert page.get_by_text("<b>bold</b>").count() > 0, path
        until(page, "document.documentElement.scrollWidth <= innerWidth")
    assert watched.errors == []


def test_symbol_page_when_its_name_is_html_then_it_is_text(url: str, page: Page, watched: Watched) -> None:
    page.goto(f"{url}/intraday")
    page.locator(".day-panel h3 a").first.wait_for()
    for name in STRANGE:
        page.goto(f"{url}/intraday")
        page.locator(".day-panel", has_text=f"day_{name}").locator("h3 a").evaluate("link => link.click()")
        page.locator(".candle-box.large canvas").first.wait_for()
        assert page.locator("h1").inner_text().startswith("S "), name
        assert page.locator("main img, main script").count() == 0 and page.title() != "owned"
        until(page, "document.documentElement.scrollWidth <= innerWidth")
    assert_accessible(page)
    assert watched.errors == []
