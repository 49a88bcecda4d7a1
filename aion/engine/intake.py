"""Which bars of a batch the bots take: each later than those before it, and within a window around their clock.

A bar that is refused is a recorded decision of each bot that trades its symbol, once until a good one comes; nobody
fills, marks or thinks on it, and the rest of the batch goes on.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from aion.bot.account import BotAccount
from aion.clock import iso
from aion.market.feed import Batch, Kind
from aion.trading.bar_window import Window


class Intake:
    """Stands between a feed and the bots of one run."""

    def __init__(self, bots: Iterable[BotAccount], window: Window, cursors: Mapping[Kind, datetime]) -> None:
        """Args: bots: of the run; window: how old and new; cursors: up to where bars were dealt with, by kind."""
        self._bots: dict[Kind, list[BotAccount]] = {"minute": [], "day": []}
        for bot in bots:
            self._bots["minute" if bot.settings.kind == "intraday" else "day"].append(bot)
        self._window = window
        self._newest = dict(cursors)
        self._out: set[tuple[Kind, str]] = set()

    def admit(self, batch: Batch, now: datetime) -> tuple[Batch | None, list[BotAccount]]:
        """Return the bars that may be traded on (None when there are none), and the bots that refused others.

        Args:
            batch: of the feed.
            now: the bots' clock: the wall's while bars come as they happen, else that of the bars delivered.
        """
        ts, kind = batch.ts, batch.kind
        refused: dict[str, str] = {}
        why = self._window.refusal(ts, now, self._newest[kind], is_daily=kind == "day")
        for symbol, bar in batch.bars.items():
            if bar.ts != ts:
                refused[symbol] = f"a bar of {iso(bar.ts)} came with those of {iso(ts)}"
            elif why:
                refused[symbol] = why
        if not refused and not self._out:
            self._newest[kind] = ts
            return batch, []
        bars = {symbol: bar for symbol, bar in batch.bars.items() if symbol not in refused}
        if bars:
            self._newest[kind] = ts
        noted = self._note(kind, refused, now)
        self._out = (self._out | {(kind, symbol) for symbol in refused}) - {(kind, symbol) for symbol in bars}
        return (Batch(ts, kind, bars) if bars else None), noted

    def _note(self, kind: Kind, refused: Mapping[str, str], now: datetime) -> list[BotAccount]:
        noted: dict[str, BotAccount] = {}
        for symbol, why in refused.items():
            if (kind, symbol) in self._out:
                continue
            for bot in self._bots[kind]:
                if symbol in bot.actions.symbols:
                    bot.refuse_bar(symbol, why, now)
                    noted[bot.name] = bot
        return list(noted.values())
