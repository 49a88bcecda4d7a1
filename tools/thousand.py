"""A thousand made-up bots of another program, in four currencies and both kinds, and a writer that moves them."""

import random
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from aion.clock import iso
from aion.store.file import write_json
from aion.store.layout import Layout

BOTS = 1000
CURRENCIES = ("USD", "EUR", "GBP", "HKD")
DAY = "2022-05-19"
AS_OF = datetime(2022, 5, 19, 15, tzinfo=UTC)
BASE = 100_000


def name_of(number: int) -> str:
    """Return the name of one of them."""
    return f"bot_{number:04}"


def is_swing(number: int) -> bool:
    """Tell whether it is a swing bot."""
    return number % 2 == 1


def path_of(data: Path, number: int) -> Path:
    """Return its state file."""
    layout, bot = Layout(data), name_of(number)
    return layout.swing_rolling(bot) if is_swing(number) else layout.sim_log(DAY, bot)


def state_of(number: int, equity: float) -> dict[str, Any]:
    """Return the state of one of them: cash + position = equity, gross - fees - slippage = net."""
    now = datetime.now(UTC)
    held = {
        "quantity": 100,
        "average_price": 19.0,
        "last_price": 20.0,
        "market_value": 2000.0,
        "unrealized_pnl": 100.0,
    }
    pnl = {"gross": equity - BASE + 3, "fees": 1.0, "slippage": 2.0, "net": equity - BASE}
    return {
        "schema": f"aion/{'swing_rolling' if is_swing(number) else 'sim_log'}/1", "mode": "paper", "cycle_id": "",
        "as_of": iso(AS_OF), "written_at": iso(now), "due_at": iso(now + timedelta(hours=9)), "bot": name_of(number),
        "currency": CURRENCIES[number % 4], "exchange": "", "symbols": [f"S{number % 50:02}"], "day": DAY,
        "rule": "Buys what rose over the last thirty bars.", "equity": equity, "cash": equity - 2000,
        "start_equity": BASE, "positions": {f"S{number % 50:02}": held}, "day_pnl": pnl, "total_pnl": pnl,
        "equity_curve": {iso(AS_OF - timedelta(minutes=60 - at)): BASE + at for at in range(60)},
        "stats": {"drawdown": number / 10_000, "closed_trades": 0},
        **({"horizon": "1w"} if is_swing(number) else {}),
    }  # fmt: skip


def write(data: Path, number: int, equity: float) -> None:
    """Write its state file anew."""
    write_json(path_of(data, number), state_of(number, equity))


def write_all(data: Path, bots: int = BOTS) -> None:
    """Write the state files of that many below `data`."""
    for number in range(bots):
        write(data, number, BASE + number)


class Writer:
    """Writes bots at a pace, each time with more equity than before, in a thread of its own."""

    def __init__(self, data: Path, bots: int = BOTS, pace: float = 50.0) -> None:
        """Args: data: the folder. bots: how many there are. pace: writes a second."""
        self._data, self._bots, self._pace = data, bots, pace
        self._random = random.Random(5)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.equity = {name_of(number): float(BASE + number) for number in range(bots)}
        """By bot, what was written last."""
        self.often: list[int] = []
        """Numbers of the bots that every second write goes to; of all where it is empty."""
        self.written = 0

    def __enter__(self) -> Self:
        """Begin to write."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Write no more."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        begun = time.monotonic()
        while not self._stop.wait(max(0.0, begun + self.written / self._pace - time.monotonic())):
            often = self.often if self.written % 2 else []
            number = self._random.choice(often) if often else self._random.randrange(self._bots)
            equity = self.equity[name_of(number)] + 1000
            write(self._data, number, equity)
            self.equity[name_of(number)] = equity
            self.written += 1
