"""Twenty made-up bots with names of 40 characters, 50 positions each and sums of ten digits, in four currencies."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from aion.clock import iso
from aion.store.file import write_json
from aion.store.layout import Layout

BOTS, POSITIONS = 20, 50
AS_OF = datetime(2022, 5, 19, 15, tzinfo=UTC)
PLACES = (("USD", "XNAS"), ("GBP", "XLON"), ("HKD", "XHKG"), ("USD", "XNYS"), ("EUR", "XPAR"))
REASON = "close 250.10 above the high of the first fifteen minutes of the session by more than 12 basis points"
RULE = "Holds the fifty names with the highest return over 63 trading days, and never more than two per cent of each."


def name_of(number: int) -> str:
    """40 characters: the widest letter for every third bot; what tells them apart stands at the end."""
    return f"cross_sectional_momentum_large_capsx_{number:03}" if number % 3 else f"{'W' * 37}_{number:02}"


def is_swing(number: int) -> bool:
    return number >= BOTS // 2


def write_many(data: Path) -> None:
    """Write their state files below `data`."""
    for number in range(BOTS):
        state = state_of(number)
        layout = Layout(data)
        bot = name_of(number)
        write_json(layout.swing_rolling(bot) if is_swing(number) else layout.sim_log("2022-05-19", bot), state)


def at(minutes: int) -> str:
    return iso(AS_OF + timedelta(minutes=minutes))


def state_of(number: int) -> dict[str, Any]:
    """The whole state of one of them: cash + positions = equity, gross - fees - slippage = net."""
    currency, exchange = PLACES[number % len(PLACES)]
    scale = 10_000 if number == 4 else 100 if number % 2 else 1
    now = datetime.now(UTC)
    positions = {symbol(i): _position(i, scale) for i in range(POSITIONS)}
    cash = 200_000.0 * scale
    equity = round(cash + math.fsum(held["market_value"] for held in positions.values()), 2)
    gross = round(equity * (0.004 if number % 2 else -0.004), 2)
    pnl = {"gross": gross, "fees": 10.0 * scale, "slippage": 20.0 * scale, "net": round(gross - 30.0 * scale, 2)}
    fills = {f"f{i}": _fill(i, scale) for i in range(POSITIONS)}
    found: dict[str, Any] = {
        "schema": f"aion/{'swing_rolling' if is_swing(number) else 'sim_log'}/1", "mode": "paper", "cycle_id": "c1",
        "as_of": at(0), "written_at": iso(now), "due_at": iso(now + timedelta(hours=9)), "bot": name_of(number),
        "currency": currency, "exchange": exchange, "symbols": list(positions), "rule": RULE, "day": "2022-05-19",
        "equity": equity, "cash": cash, "start_equity": round(equity * 0.98, 2), "hold_name": "50 names",
        "hold_equity": round(equity * 1.01, 2), "positions": positions, "day_pnl": pnl, "total_pnl": pnl,
        "control_id": "", "rules": {"max_positions": 50}, "fills": fills,
        "stats": {"drawdown": 0.123456, "exposure": 0.98, "closed_trades": 50, "win_rate": 0.66,
                  "profit_factor": 1.93},
        "signals": {each: _signal(i) for i, each in enumerate(positions)},
        "equity_curve": {at(i - 300): round(equity * (0.99 + i / 30_000), 2) for i in range(301)},
        "hold_curve": {at(i - 300): round(equity * (1 + math.sin(i / 40) / 100), 2) for i in range(301)},
    }  # fmt: skip
    if is_swing(number):
        targets = {each: {"weight": 0.02, "rank": i + 1, "reason": REASON} for i, each in enumerate(positions)}
        return found | {"horizon": "1w", "targets": targets}
    return found | {"bars": {each: _bars() for each in list(positions)[:2]}}


def symbol(number: int) -> str:
    return f"SYM{number:03}{'.LONGEXCHANGE' if number % 9 == 0 else '.L'}"


def _position(number: int, scale: int) -> dict[str, Any]:
    price, quantity = 20.25 + number, 10 * (number + 1) * scale * (-1 if number % 7 == 3 else 1)
    return {
        "quantity": quantity, "average_price": 20.0 + number, "last_price": price, "weight": 0.02,
        "market_value": round(quantity * price, 2), "unrealized_pnl": round(quantity * 0.25, 2),
        "opened_at": at(-3000),
    }  # fmt: skip


def _fill(number: int, scale: int) -> dict[str, Any]:
    return {
        "ts": at(-number - 1), "symbol": symbol(number), "side": "buy", "quantity": 10 * scale,
        "price": 20.25 + number,
        "fee": 1.25 * scale, "slippage": 0.5 * scale, "reason": REASON,
    }  # fmt: skip


def _signal(number: int) -> dict[str, Any]:
    return {"ts": at(0), "action": "hold", "confidence": number / POSITIONS, "threshold": 0.5, "reason": REASON}


def _bars() -> dict[str, list[float]]:
    return {at(i - 300): [20, 26, 19, round(22 + math.sin(i / 20), 2), 1000 + i] for i in range(301)}
