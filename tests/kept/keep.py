"""Keeps a folder: `python -m tests.kept.keep folder` writes one anew, `... bundle` only what a desk makes of it.

`folder.tar.xz` is a data folder in the middle of a session, ledger included, with two files that somebody else wrote:
one that says all that a bot may say, one with entries that cannot be read. `answers.json.xz` is what a desk of the
version that wrote them showed of it.
"""

import io
import lzma
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import orjson

from aion.config import Settings
from aion.live.disk.source import Tree, scan
from aion.store.document.base import to_json
from aion.store.file import gzip_bytes
from aion.store.layout import Layout
from aion.web.bundle.pages import Page, bots_bundle, intraday_bundle
from aion.web.bundle.topic import TreeFiles, accepts, load_file
from aion.web.state import load
from tests.bot.desk import at, recorded, replay, settings

HERE = Path(__file__).parent
FOLDER, ANSWERS = HERE / "folder.tar.xz", HERE / "answers.json.xz"
BOTS = ("orb_ny", "vwap_ldn", "swing_4w")
STOP = at("2022-05-19T14:20Z")


def desk(data: Path) -> Settings:
    """Return the settings of the kept run."""
    made = settings(data)
    return made.model_copy(update={"bots": {name: made.bots[name] for name in BOTS}})


def unpack(data: Path) -> None:
    """Put the kept folder at `data`."""
    with tarfile.open(FOLDER) as kept:
        kept.extractall(data, filter="data")


def answers(data: Path) -> dict[str, Any]:
    """Return what a desk shows of the folder at `data`: its bundles, and each document by path."""
    tree: Tree[Any] = Tree(data, load_file)
    tree.update(scan(data, ("intraday", "swing"), accepts), set())
    read = Page().read(TreeFiles(tree))
    paths = sorted(path.relative_to(data).as_posix() for path in data.rglob("*.json*"))
    documents = {path: to_json(load(data / path, path)) for path in paths if _is_state(path)}
    found = {"bots": bots_bundle(read), "intraday": intraday_bundle(read), "documents": documents}
    made: dict[str, Any] = orjson.loads(orjson.dumps(found))
    return made


def _is_state(path: str) -> bool:
    place = Layout.place(path)
    return place is not None and place.kind in ("sim_log", "rolling", "sim_summary", "swing_rolling", "bot_activity")


def _foreign(data: Path) -> None:
    """Write what others write: all that a bot may say, and what cannot be read."""
    at_noon = {"as_of": "2022-05-19T16:00:00+02:00", "mode": "replay", "currency": "USDT"}
    part = {"multiplier": 100, "leverage": 5, "account": "sub-1"}
    fill = {"ts": "2022-05-19T13:40:00Z", "symbol": "BTC-USD", "side": "buy", "quantity": 0.25, "price": 30000.5,
            "fee": -0.1, "fee_currency": "BNB", "fee_value": -0.03, "fees": {"rebate": -0.1}, "funding": 0.4,
            "slippage": 0.5, "realized_pnl": 3, "reason": "because", "order_id": "o-1", "price_source": "limit",
            "decided_at": "2022-05-19T13:39:00Z", "known_at": "2022-05-19T13:41:00Z", **part,
            "bar": {"ts": "2022-05-19T13:41:00Z", "open": 1, "high": 3, "low": 1, "close": 2}}  # fmt: skip
    order = {"ts": fill["ts"], "symbol": "BTC-USD", "side": "buy", "quantity": 1, "type": "stop_limit",
             "status": "partially_filled", "filled_quantity": 0.25, "limit_price": 30001, "stop_price": 29990,
             "reason": "r", "detail": "d", "account": "sub-1"}  # fmt: skip
    trade = {"symbol": "BTC-USD", "side": "sell", "quantity": 1, "entry_price": 3, "exit_price": 2, "borrow": 0.1,
             "opened_at": fill["decided_at"], "ts": fill["ts"], "fees": 0.2, "slippage": 0.1, "funding": -1,
             "stake": 10, "return": 0.1, "realized_pnl": 1, "reason": "out", **part}  # fmt: skip
    held = {"quantity": 0.25, "average_price": 30000.5, "last_price": 30100, "opened_at": fill["ts"],
            "marked_at": fill["known_at"], "stop_loss": 29000, "take_profit": 32000, "margin": 10,
            "liquidation_price": 1, "funding": 0.1, "stake": 5, "carried": "no bar",
            "symbol": "BTC-USD", **part}  # fmt: skip
    signal = {"ts": fill["ts"], "action": "buy", "confidence": 0.75, "threshold": 0.5, "reason": "up",
              "strategy": "mine", "bot": "full", "rank": 1, "candidates": 9}  # fmt: skip
    full = at_noon | {
        "schema": "aion/sim_log/2", "bot": "full", "day": "2022-05-19", "run": "x1", "cycle_id": "c9", "seq": 9,
        "written_at": "2022-05-19T14:00:01Z", "due_at": "2022-05-19T14:01:01Z", "kind": "finished",
        "finished_at": "2022-05-19T14:00:00Z", "exchange": "BINANCE", "strategy": "mine", "rule": "buys",
        "symbols": ["BTC-USD"], "equity": 1000.5, "cash": 900, "start_equity": 1000, "account": "main",
        "return": 0.01, "stake": 5, "margin": 10, "leverage": 2, "hold_equity": 1001, "hold_name": "BTC",
        "flows": {"d1": {"ts": "2022-05-19T13:00:00Z", "amount": 50}}, "price_basis": "adjusted", "tick": 0.1,
        "note": "n", "state": "paused", "state_reason": "asked", "paused": "p", "flatten": "f",
        "leaving": {"BTC-USD": "o-1"}, "control_id": "k1", "control_error": "no", "control_answers": {"k1": "done"},
        "rules": {"max_positions": 3, "is_on": True, "word": "w", "share": 0.5}, "config_version": 2,
        "config_error": "bad", "day_pnl": {"gross": 2, "fees": 1, "slippage": 0, "net": 1, "net_return": 0.001},
        "total_pnl": {"gross": 3, "fees": 1, "slippage": 0.5, "borrow": 0.5, "funding": 1, "net": 2,
                      "since": "2022-05-18T00:00:00Z"},
        "positions": {"long": held}, "fills": {"f1": fill}, "trades": {"t1": trade}, "signals": {"BTC-USD": signal},
        "equity_curve": {"2022-05-19T13:00:00Z": 1000, "2022-05-19T15:30:00+02:00": 990,
                         "2022-05-19T14:00:00Z": 1000.5},
        "hold_curve": {"2022-05-19T13:00:00Z": 1000, "2022-05-19T14:00:00Z": 1001},
        "stats": {"drawdown": 0.001, "peak_at": "2022-05-19T13:00:00Z", "max_drawdown": 0.02, "exposure": 0.5,
                  "closed_trades": 40, "wins": 21, "win_rate": 0.525, "profit_factor": 1.1, "turnover": 3},
        "dropped_bars": 1, "bars_seen": 2, "orders": {"o1": order},
        "decisions": {"d1": {"ts": fill["ts"], "symbol": "BTC-USD", "action": "buy", "reason": "r",
                             "confidence": 0.5, "order_id": "o-1"}},
        "flat_by": "2022-05-19T20:00:00Z", "hours": {"opens_at": "2022-05-19T00:00:00Z", "half_day": True},
        "halts": {"BTC-USD": {"2022-05-19T10:00:00Z": "2022-05-19T11:00:00Z"}},
        "bars": {"BTC-USD": {"2022-05-19T13:41:00Z": [1, 3, 1, 2, 5]}}, "theirs": {"anything": [1, 2]},
    }  # fmt: skip
    torn = at_noon | {
        "schema": "aion/swing_rolling/1", "bot": "torn", "horizon": "2w", "equity": 10, "leverage": -1,
        "days": {"2022-05-18": {"gross": 1, "net": 1}}, "targets": {"A": {"weight": 0.5, "rank": 1, "score": 2}},
        "preview": {"as_of": fill["ts"], "turnover": 0.1, "orders": {"A": {"side": "buy", "quantity": 1, "price": 2,
                    "value": 2, "weight": 0.5}}},
        "open_orders": {"o1": order, "o2": order | {"side": "both"}}, "fills": {"f1": fill | {"price": "?"}},
        "trades": {"t1": trade | {"quantity": None}, "t2": trade}, "positions": {"A": held, "B": {"quantity": "x"}},
        "equity_curve": {"yesterday": 1, "2022-05-19T14:00:00Z": 10}, "next_mark_at": "2022-05-20T20:00:00Z",
    }  # fmt: skip
    layout = Layout(data)
    layout.sim_log("2022-05-19", "full").write_bytes(orjson.dumps(full))
    layout.swing_rolling("torn").write_bytes(gzip_bytes(orjson.dumps(torn)))


def _keep_folder() -> None:
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        replay(desk(data), feed=recorded(STOP))
        for activity in sorted((data / "swing" / "bot_logs" / "4w").iterdir())[:-2]:
            activity.unlink()
        _foreign(data)
        with tarfile.open(FOLDER, "w:xz") as kept:
            for path in sorted(data.rglob("*.*")):
                if path.is_file() and not path.name.startswith(".") and path.suffix not in (".lock", ".jsonl"):
                    _add(kept, path.relative_to(data).as_posix(), path.read_bytes())


def _add(kept: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = len(data), int(STOP.timestamp()), 0o640
    kept.addfile(info, io.BytesIO(data))


def _keep_answers() -> None:
    with tempfile.TemporaryDirectory() as name:
        unpack(Path(name))
        ANSWERS.write_bytes(lzma.compress(orjson.dumps(answers(Path(name)))))


if __name__ == "__main__":
    if sys.argv[1:] == ["folder"]:
        _keep_folder()
    _keep_answers()
