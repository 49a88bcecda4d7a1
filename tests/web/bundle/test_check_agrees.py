"""`aion schema --check` says of a file what the desk does with it, whatever value of it is broken, at any depth."""

import json
import tempfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from aion.store.file import gzip_bytes
from aion.store.layout import Layout
from aion.store.schema import check_file
from aion.web.bundle.document import BotsPageBundle
from aion.web.bundle.pages import Page
from tests.web.bundle.folder import Folder, assert_is

Json = dict[str, Any]
Where = tuple[str | int, ...]

FILL = {"ts": "2026-11-30T06:50Z", "symbol": "BTC/USDT", "side": "buy", "quantity": 0.02, "price": 60000,
        "fee": -0.006, "fees": {"commission": -0.006}, "order_id": "o1", "decided_at": "2026-11-30T06:49Z",
        "bar": {"ts": "2026-11-30T06:50Z", "open": 1, "high": 3, "low": 1, "close": 2, "volume": 5}}  # fmt: skip
TRADE = {"symbol": "BTC/USDT", "side": "buy", "quantity": 1, "entry_price": 1.5, "exit_price": 2,
         "opened_at": "2026-11-30T06:40Z", "ts": "2026-11-30T06:50Z", "realized_pnl": 0.5}  # fmt: skip
ORDER = {"ts": "2026-11-30T06:50Z", "symbol": "BTC/USDT", "side": "sell", "quantity": 0.02, "type": "stop_limit",
         "status": "partially_filled"}  # fmt: skip
ACCOUNT: Json = {
    "mode": "paper", "run": "1", "cycle_id": "c1", "seq": 3, "bot": "perp", "currency": "USDT", "decimals": 2,
    "as_of": "2026-11-30T06:50Z", "written_at": "2026-11-30T06:50Z", "due_at": "2026-11-30T06:51Z",
    "equity": 1008.506, "cash": 908.506, "start_equity": 1000, "account": "usdm", "margin": 100, "leverage": 1.5,
    "return": 0.008506, "symbols": ["BTC/USDT", "ETH/USDT"], "exchange": "", "strategy": "carry", "note": "a caveat",
    "total_pnl": {"gross": 10, "fees": -0.006, "funding": -1.5, "net": 8.506, "since": "2026-11-01T00:00Z"},
    "day_pnl": {"gross": 1, "fees": 0, "slippage": 0, "net": 1},
    "positions": {
        "long": {"symbol": "BTC/USDT", "quantity": 0.02, "average_price": 60000, "last_price": 60500, "margin": 100,
                 "liquidation_price": 55300, "funding": -1.5},
        "short": {"symbol": "BTC/USDT", "quantity": -0.01, "average_price": 60800, "last_price": 60500},
    },
    "fills": {"f1": FILL, "f2": FILL | {"side": "sell", "fee_currency": "BNB", "fee_value": 0.26}},
    "trades": {"t1": TRADE, "t2": TRADE | {"realized_pnl": -1}},
    "signals": {"BTC/USDT": {"ts": "2026-11-30T06:50Z", "action": "hold", "confidence": 0.5}},
    "flows": {"w1": {"ts": "2026-11-30T06:41Z", "amount": -5}, "w2": {"ts": "2026-11-30T06:42Z", "amount": 7}},
    "equity_curve": {"2026-11-30T06:40Z": 1000, "2026-11-30T06:50Z": 1008.506},
    "hold_curve": {"2026-11-30T06:40Z": 1000, "2026-11-30T06:50Z": 1001},
    "stats": {"drawdown": 0.01, "max_drawdown": 0.02, "closed_trades": 2, "wins": 1},
    "rules": {"max_positions": 3, "stop_loss": 0.1, "allow_short": True, "note": "x"},
    "control_answers": {"c20261124T225901-1": "done"}, "state": "active",
}  # fmt: skip
SWING = ACCOUNT | {
    "schema": "aion/swing_rolling/2", "horizon": "1w", "day": "2026-11-29",
    "days": {"2026-11-28": {"gross": 1, "fees": 0, "slippage": 0, "net": 1}},
    "open_orders": {"o1": ORDER}, "targets": {"BTC/USDT": {"weight": 0.3, "rank": 1}},
    "preview": {"as_of": "2026-11-30T06:50Z", "turnover": 0.3, "cost": 4.58, "orders": {
        "BTC/USDT": {"side": "buy", "quantity": 1, "price": 2, "value": 2, "weight": 0.3}}},
}  # fmt: skip
DAY = ACCOUNT | {
    "schema": "aion/sim_log/2", "day": "2026-11-30", "orders": {"o1": ORDER},
    "decisions": {"d1": {"ts": "2026-11-30T06:50Z", "symbol": "BTC/USDT", "action": "buy"}},
    "bars": {"BTC/USDT": {"2026-11-30T06:49Z": [1, 2, 1, 2, 5], "2026-11-30T06:50Z": [1, 2, 1, 2, 5]}},
    "halts": {"BTC/USDT": {"2026-11-30T06:45Z": "2026-11-30T06:46Z"}},
    "hours": {"opens_at": "2026-11-30T00:00Z", "half_day": False, "halts": {
        "2026-11-30T06:45Z": "2026-11-30T06:46Z"}},
}  # fmt: skip
FILES = {
    "swing": (SWING, lambda root: Layout(root).swing_rolling("perp")),
    "intraday": (DAY, lambda root: Layout(root).sim_log("2026-11-30", "perp")),
}
OTHER: list[Any] = [
    None, "", "word", "17", "NaN", "1.5", " ", "2026-11-30T06:50", "2026-13-45T06:50Z", "2026-11-30T06:50:00+02:00",
    float("nan"), float("inf"), 0, -0.0, -1, 7, 1.5, 5e-324, 1e100, -1e100, 1e101, 1e300, 10**30, 10**400, True,
    False, [], {}, [1], [[]], {"a": 1}, {"17": 1}, {"": None}, "x" * 3000, "\u202e\x00", [1, 2, 3, 4, 5],
]  # fmt: skip


def places(value: Any, where: Where = ()) -> list[Where]:
    """Return the place of each value of a document, at every depth."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, each in items for found in [(*where, key), *places(each, (*where, key))]]


@st.composite
def broken(draw: st.DrawFn) -> tuple[str, str | int, Json]:
    """A kind of bot, the field of its document in which one value was changed, and the document."""
    kind = draw(st.sampled_from(list(FILES)))
    value = deepcopy(FILES[kind][0])
    *above, last = draw(st.sampled_from(places(value)))
    inside: Any = value
    for each in above:
        inside = inside[each]
    match draw(st.sampled_from(("replace", "remove", "rename", "move", "add"))):
        case "remove":
            del inside[last]
        case "rename" if isinstance(inside, dict):
            inside[draw(st.sampled_from(("17", "", "x" * 200, "schema", "2026-11-30", "2026-11-30T06:51Z", "y")))] = (
                inside.pop(last)
            )
        case "move":  # the value of another place stands here
            found: Any = value
            for each in draw(st.sampled_from(places(value))):
                found = found[each]
            inside[last] = deepcopy(found)
        case "add" if isinstance(inside, dict):
            inside[draw(st.sampled_from(("z", "18", "", "left_out", "kind")))] = draw(st.sampled_from(OTHER))
        case _:
            inside[last] = draw(st.sampled_from(OTHER))
    return kind, above[0] if above else last, value


def told(kind: str, value: Json) -> tuple[list[str], list[str], Json]:
    """Return what the check says of a document, what the desk does, and its bundle, without their endings."""
    with tempfile.TemporaryDirectory() as root:
        path = FILES[kind][1](Path(root))
        path.parent.mkdir(parents=True)
        data = json.dumps(value).encode()
        path.write_bytes(gzip_bytes(data) if path.suffix == ".gz" else data)
        errors, _ = check_file(path)
        bundle = Folder(Path(root)).build(Page())
    assert_is(BotsPageBundle, bundle)
    name = f"{path.name}: "
    assert all(each.startswith(name) for each in errors)
    checked = [each.removeprefix(name).removesuffix(": left out, the rest is shown") for each in errors]
    problem = bundle["errors"].get(f"{kind}.perp", {"kind": "", "reason": ""})
    reason = problem["reason"].partition(" left out: ")[2] if problem["kind"] == "left_out" else problem["reason"]
    return checked, [each for each in reason.split("; ") if each], bundle


@pytest.fixture(scope="module")
def whole() -> dict[str, Json]:
    """What the bundle says of a bot of each kind whose file has nothing wrong."""
    return {kind: told(kind, value)[2][kind]["bots"]["perp"] for kind, (value, *_) in FILES.items()}


@given(broken())
@settings(max_examples=400, deadline=None)
@example(("swing", "equity", SWING | {"equity": 5e-324}))
def test_check_when_any_one_value_is_broken_then_it_says_what_the_desk_leaves_out(
    whole: dict[str, Json], case: tuple[str, str | int, Json]
) -> None:
    kind, field, value = case
    checked, left_out, bundle = told(kind, value)
    shown = bundle[kind]["bots"].get("perp")
    if shown is None:  # refused, and the check says so first
        (problem,) = bundle["errors"].values()
        assert problem["kind"] in ("unreadable", "left_aside", "mixed_mode", "mixed_run")
        assert checked and checked[0] == problem["reason"].split(" (and ")[0]
        return
    assert checked == left_out
    # what the file says in its other fields is shown as before; some figures are made of the changed one
    made = {"equity": {"positions", "stats"}, "equity_curve": {"hold_curve", "stats"}}
    for name in FILES[kind][0].keys() & whole[kind].keys() - {field} - made.get(str(field), {"stats"}):
        assert name not in value or shown.get(name) == whole[kind][name], name


@pytest.mark.parametrize("least", [5e-324, 1e-200])
def test_bundle_when_numbers_are_as_large_and_small_as_can_be_then_it_is_json_without_what_cannot_be_said(
    least: float,
) -> None:
    held = {"quantity": 1e100, "average_price": 1, "last_price": 1e100, "multiplier": 1e100}
    tiny = {"quantity": least, "average_price": 1, "last_price": 1, "market_value": 1e100}
    curve = {"2026-11-30T06:40Z": least, "2026-11-30T06:45Z": 1e100, "2026-11-30T06:50Z": -1e100}
    value = SWING | {"equity": least, "positions": {"a": held, "b": tiny}, "equity_curve": curve}
    del value["stats"]
    checked, left_out, bundle = told("swing", value)
    assert (checked, left_out) == ([], [])
    shown = bundle["swing"]["bots"]["perp"]
    assert shown["equity"] == least and shown["positions"]["b"]["market_value"] == 1e100
    assert not {"market_value", "weight"} & shown["positions"]["a"].keys()


def test_check_when_a_document_is_good_then_neither_says_anything() -> None:
    for kind, (value, _) in FILES.items():
        checked, left_out, bundle = told(kind, value)
        assert (checked, left_out) == ([], []) and bundle["errors"] == {}


@pytest.mark.parametrize("count", [3, 25])
def test_check_when_many_entries_are_broken_then_it_names_them_and_the_desk_the_first(count: int) -> None:
    fills = {f"f{number}": FILL | {"side": "hodl"} for number in range(count)}
    checked, left_out, bundle = told("swing", SWING | {"fills": fills | {"good": FILL}})
    assert len(checked) == count
    assert left_out == [*checked[:20], f"{count - 20} more"] if count > 20 else left_out == checked
    assert list(bundle["swing"]["bots"]["perp"]["fills"]) == ["good"]
    assert orjson.dumps(bundle)
