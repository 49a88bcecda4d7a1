"""Record what a running freqtrade answers, and its database at the same moment, for the tests.

Start `tools/freqtrade_dry_run.py` for `spot` and `futures` first, then:

    scratch/bin/python tools/freqtrade_answers.py SPOT_FOLDER SPOT_PORT FUTURES_FOLDER FUTURES_PORT > FILE

Of the spot bot it records a moment with a lock and an order that rests, and one after a force exit, a cancelled
order and a deleted lock.
"""

import base64
import json
import sqlite3
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

READ = ("/show_config", "/status", "/balance", "/profit", "/locks", "/trades?limit=500&offset=0&order_by_id=true")
TABLES = ("trades", "orders", "wallet_history", "pairlocks")
UNUSED = {"strategy_version", "minimal_roi", "unfilledtimeout", "order_types", "exit_pricing", "entry_pricing"}


def ask(port: int, path: str, method: str = "GET", body: Any = None) -> Any:
    """Return what the API of a bot answers."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1{path}", method=method)
    request.add_header("Authorization", "Basic " + base64.b64encode(b"aion:secret").decode())
    data = None if body is None else json.dumps(body).encode()
    if data is not None:
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, data, timeout=20) as answer:
        return json.load(answer)


def rows(folder: str) -> dict[str, list[dict[str, Any]]]:
    """Return the tables of its database without what is empty."""
    connection = sqlite3.connect(Path(folder) / "trades.sqlite")
    connection.row_factory = sqlite3.Row
    found = {}
    for table in TABLES:
        lines = connection.execute(f"SELECT * FROM {table} ORDER BY id")
        found[table] = [{name: each for name, each in dict(row).items() if each is not None} for row in lines]
    connection.close()
    return found


def moment(folder: str, port: int) -> dict[str, Any]:
    """Return all that Aion asks, and the database."""
    answers = {path.partition("?")[0]: ask(port, path) for path in READ}
    answers["/show_config"] = {name: each for name, each in answers["/show_config"].items() if name not in UNUSED}
    return {"answers": answers, "rows": rows(folder)}


def main(spot: str, spot_port: int, futures: str, futures_port: int) -> None:
    """Print the moments as JSON."""
    ask(spot_port, "/locks", "POST", [{"pair": "BTC/USDT", "until": "2099-01-01T00:00:00Z", "reason": "news"}])
    entry = {"pair": "LTC/USDT", "price": 50, "ordertype": "limit", "side": "long"}
    ask(spot_port, "/forceenter", "POST", entry)
    time.sleep(3)
    made = {"spot": moment(spot, spot_port), "futures": moment(futures, futures_port)}
    held = next(each for each in ask(spot_port, "/status") if each["pair"] == "XRP/USDT")
    ask(spot_port, "/forceexit", "POST", {"tradeid": str(held["trade_id"])})
    ask(spot_port, "/locks/1", "DELETE")
    time.sleep(4)
    made["spot after"] = moment(spot, spot_port)
    print(json.dumps(made, separators=(",", ":")).replace('{"trade_id"', '\n{"trade_id"').replace('{"id"', '\n{"id"'))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
