"""Random changes of a data folder: bots that come, go, break, change their mode, their currency or their names."""

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aion.store.layout import Layout
from tests.web.sample import Writer, at, curve

DAYS = ("2022-05-17", "2022-05-18", "2022-05-19")
NAMES = tuple(f"b{number}" for number in range(6))
JOB = ("orb_ny", "vwap")


class Changes:
    """Makes one random change after the other."""

    def __init__(self, root: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.write = Writer(root)
        self.layout = Layout(root)
        self.root = root
        self.minute = 0

    def __iter__(self) -> Iterator[str]:
        kinds = [self.day, self.day, self.day, self.swing, self.swing, self.remove, self.break_one, self.cycle,
                 self.torn, self.ask, self.kill, self.strange, self.flap]  # fmt: skip
        while True:
            self.minute += 1
            kind = self.random.choice(kinds)
            kind()
            yield kind.__name__

    def about(self) -> dict[str, Any]:
        """Return what a bot says, in ways that may differ."""
        rng = self.random
        equity = rng.choice([100.1, 0.1 + 0.2, 1e-9, 1e15 + 0.5, -5.0, 250_000.25])
        found: dict[str, Any] = {
            "currency": rng.choice(["USD", "USD", "GBP"]),
            "mode": rng.choice(["replay", "replay", "replay", "paper"]),
            "equity": equity,
            "cash": rng.choice([equity, equity / 3, None]),
            "decimals": rng.choice([None, None, 0, 4]),
            "start_equity": rng.choice([100.0, None]),
            "equity_curve": curve(rng.randrange(6), rng.choice([100.0, 90.0, -1.0])),
            "positions": {
                f"S{number}": {"quantity": rng.choice([1.5, -2, 0]), "average_price": 10.0}
                | rng.choice([{"last_price": 11.1}, {}])
                for number in range(rng.randrange(4))
            },
            "day_pnl": rng.choice([None, {"gross": 0.1, "fees": 0.2, "slippage": 0.3, "net": -0.4, "funding": 0.7}]),
        }
        if rng.random() < 0.5:
            found["total_pnl"] = {"gross": 1.0, "fees": 0.1, "slippage": 0.1, "net": 0.8, "since": at(0)}
        return {name: value for name, value in found.items() if value is not None}

    def day(self) -> None:
        about = self.about() | {"day": self.random.choice(DAYS)}
        about.pop("hold_curve", None)
        self.write.day(self.random.choice(NAMES), self.minute, hold_curve={}, **about)

    def swing(self) -> None:
        days = {"2022-05-17": {"gross": 1.0, "fees": 0.5, "slippage": 0.1, "net": 0.4}}
        self.write.swing(self.random.choice(NAMES[:3]), self.minute, days=days, **self.about())

    def some_file(self) -> Path | None:
        files = sorted(path for path in self.root.rglob("*.json*") if path.is_file())
        return self.random.choice(files) if files else None

    def remove(self) -> None:
        if (path := self.some_file()) is not None:
            path.unlink()

    def break_one(self) -> None:
        if (path := self.some_file()) is not None:
            path.write_bytes(b'{"broken')

    def flap(self) -> None:
        """Let a bot's file be another bot's."""
        files = sorted(self.layout.sim_logs.glob("2*_*.json")) if self.layout.sim_logs.is_dir() else []
        if files:
            path = self.random.choice(files)
            name = self.random.choice(NAMES)
            value = path.read_bytes().replace(path.stem[11:].encode(), name.encode())
            path.unlink()
            self.layout.sim_log(path.stem[:10], name).write_bytes(value)

    def cycle(self) -> None:
        self.write.cycle(self.minute, list(self.random.sample([*JOB, NAMES[0]], self.random.randrange(1, 4))))

    def torn(self) -> None:
        self.write.day(self.random.choice(JOB), self.minute + 1)

    def ask(self) -> None:
        name = self.random.choice([*NAMES, "orb_ny", "desk"])
        control_id = f"20220519T1{self.minute % 10}3000000Z-0000000{self.minute % 10}"
        target = self.root / "control" / name
        target.mkdir(parents=True, exist_ok=True)
        request = {"schema": "aion/control/1", "id": control_id, "action": "pause", "requested_at": at(1)}
        (target / f"{control_id}.json").write_text(json.dumps(request))

    def kill(self) -> None:
        target = self.root / "control" / self.random.choice(NAMES)
        target.mkdir(parents=True, exist_ok=True)
        (target / "kill.json").write_text(json.dumps({"schema": "aion/kill/1", "killed_at": at(1), "reason": "r"}))

    def strange(self) -> None:
        folder = self.layout.sim_logs
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"x{self.random.randrange(3)}.json").write_text("{}")
