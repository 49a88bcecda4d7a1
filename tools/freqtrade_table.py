"""Print a table of what freqtrade says and what Aion shows, live and from its database.

Start `tools/freqtrade_dry_run.py` for each situation first, then, with Aion's Python:

    .venv/bin/python tools/freqtrade_table.py NAME=FOLDER:PORT:START_MONEY ...

Status 1 if a figure differs in the eighth decimal.
"""

import asyncio
import base64
import json
import sys
import urllib.request
from datetime import UTC, datetime
from typing import Any

from aion.adapter.freqtrade_source import FreqtradeSource
from aion.section import AttachSettings

USER, PASSWORD = "aion", "secret"
HALF_A_DIGIT = 5e-9


def ask(port: int, path: str) -> Any:
    """Return what the API of a bot answers."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/v1{path}")
    request.add_header("Authorization", "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode())
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


async def read(name: str, password: str, **table: Any) -> Any:
    """Return the state file of a bot."""
    source = FreqtradeSource(name, AttachSettings(kind="freqtrade", **table), password, "")
    now = datetime.now(UTC)
    try:
        await source.look(now)
        return source.document(now, now, {})
    finally:
        await source.close()


def shown(value: Any) -> dict[str, float]:
    """Return the figures of a state file by name."""
    stats, held = value["stats"], value["positions"].values()
    return {
        "closed profit": sum(each["realized_pnl"] for each in value["trades"].values()),
        "free money": value["cash"],
        "balance": value["equity"],
        "open profit": sum(each["unrealized_pnl"] for each in held),
        "funding of open trades": sum(each.get("funding", 0) for each in held),
        "max drawdown": stats.get("max_drawdown", 0),
        "drawdown": stats.get("drawdown", 0),
        "winning trades": stats["wins"],
        "trades with resting orders": len({each["symbol"] for each in value["open_orders"].values()}),
    }


def said(port: int) -> dict[str, float]:
    """Return the same figures as freqtrade says them."""
    balance, profit, status = ask(port, "/balance"), ask(port, "/profit"), ask(port, "/status")
    return {
        "closed profit": profit["profit_closed_coin"],
        "free money": next(each["free"] for each in balance["currencies"] if each["currency"] == balance["stake"]),
        "balance": balance["total"],
        "open profit": sum(each["profit_abs"] for each in status),
        "funding of open trades": sum(each["funding_fees"] or 0 for each in status),
        "max drawdown": profit["max_drawdown"],
        "drawdown": profit["current_drawdown"],
        "winning trades": profit["winning_trades"],
        "trades with resting orders": sum(each["has_open_orders"] for each in status),
    }


def main(arguments: list[str]) -> int:
    """Print the table."""
    print("| situation and figure | freqtrade | Aion, live | Aion, database |\n|---|--:|--:|--:|")
    differing = 0
    for argument in arguments:
        name, _, where = argument.partition("=")
        folder, port, start = where.rsplit(":", 2)
        url, database = f"http://127.0.0.1:{port}", f"{folder}/trades.sqlite"
        live = shown(asyncio.run(read(name, PASSWORD, url=url, user=USER)))
        kept = shown(asyncio.run(read(name, "", database=database, wallet=start)))
        for what, figure in said(int(port)).items():
            row = (figure, live[what], kept[what])
            differing += max(row) - min(row) >= HALF_A_DIGIT
            print(f"| {name}: {what} | " + " | ".join(f"{each:.8f}" for each in row) + " |")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
