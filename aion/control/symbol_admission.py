"""Symbols that somebody lets in again, although their price jumped as after a split that nobody declared.

The bots' screens take the next bar then, whatever its price. The ledger keeps what was said, so that a process that
starts again lets in the same bars.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from aion.bot.account import BotAccount
from aion.clock import iso, parse_iso
from aion.ledger.query import LedgerReader

_NOTE = "let_in"  # note in the ledger: by symbol the market times after which its first bar was let in


class Admissions:
    """What was let in during one run."""

    def __init__(self, bots: Mapping[str, BotAccount], ledger: LedgerReader) -> None:
        """Let in again what the ledger knows of; to be called before the bots are handed any bar.

        Args:
            bots: of the run, by name.
            ledger: of the run.
        """
        self._bots = bots
        self._times: dict[str, list[str]] = json.loads(ledger.notes(_NOTE) or "{}")
        for symbol, times in self._times.items():
            for at in times:
                for bot in self.bots_of(symbol):
                    bot.let_in(symbol, parse_iso(at))

    def bots_of(self, symbol: str) -> list[BotAccount]:
        """Return the bots that trade `symbol`."""
        return [bot for bot in self._bots.values() if symbol in bot.actions.symbols]

    def ask(self, symbol: str, at: datetime) -> str:
        """Let `symbol` in from market time `at` on; return why not, or an empty text."""
        bots = self.bots_of(symbol)
        if not bots:
            known = sorted({each for bot in self._bots.values() for each in bot.actions.symbols})
            return f"no bot trades {symbol or 'a symbol without a name'}; they trade {', '.join(known)}"
        if not any(bot.is_left_out(symbol) for bot in bots):
            return f"{symbol} is not left out: its bars are traded on"
        self._times.setdefault(symbol, []).append(iso(at))
        for bot in bots:
            bot.let_in(symbol, at)
        return ""

    def notes(self) -> dict[str, str]:
        """Return what the ledger has to remember."""
        return {_NOTE: json.dumps(self._times)} if self._times else {}
