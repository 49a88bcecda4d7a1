"""Runs a bot's strategy: with a time limit, checks of its signals, and replayed bars when units change."""

import traceback
from collections.abc import Iterable, Mapping
from typing import Any

from aion.clock import iso
from aion.config import BotSettings
from aion.market.action import CorporateAction
from aion.model import Bar, Signal
from aion.strategy import hang_killer, time_limit
from aion.strategy.bar_history import Past, is_due
from aion.strategy.base import Moment, Strategy
from aion.strategy.registry import make_strategy


class FaultError(Exception):
    """The strategy failed; the message says how, `__cause__` is the exception that it raised."""


class Mind:
    """The strategy of one bot."""

    def __init__(self, name: str, settings: BotSettings, symbols: tuple[str, ...] | None = None) -> None:
        """Make the strategy of the bot `name`.

        Args:
            name: of the bot.
            settings: of it.
            symbols: that the strategy is told of; None for those of the settings.

        Raises:
            ConfigError: an invalid strategy or parameter.
        """
        self._settings = settings
        self.symbols = settings.symbols if symbols is None else symbols
        """Present names of the symbols that the strategy is told of."""
        self._known = frozenset(self.symbols)
        self._early: list[CorporateAction] = []
        """Renames of before its first bars."""
        self._label = hang_killer.label_of(name)
        self.strategy: Strategy = self._made()
        self._past = Past(self.strategy.look_back, with_dividends=getattr(self.strategy, "total_return", False))

    def _made(self) -> Strategy:
        settings = self._settings
        return make_strategy(settings.strategy, settings.kind, self.symbols, settings.parameters)

    def think(self, bars: Mapping[str, Bar], moment: Moment, actions: Iterable[CorporateAction]) -> dict[str, Signal]:
        """Return the strategy's signals for `bars`.

        Args:
            bars: by symbol, all closing at `moment.ts`.
            moment: session and holdings.
            actions: all known ones, in order; those that took effect since the previous bars are applied first.

        Raises:
            FaultError: it raised, took too long or returned something invalid.
        """
        past = self._past
        if moment.day != past.day:
            known = list(actions)
            due = [action for action in known if is_due(action, past.day, moment.day)]
            changed = [action for action in due if past.apply(action, bars)]
            if not past.day:
                self._early = [
                    each for each in known if each.kind == "rename" and each.ex_date.isoformat() <= moment.day
                ]
            if self._rename(due) or changed:
                self._tell_again()
        if self._early and self._rename(self._early_renames(bars)):
            self._tell_again()
        if not bars.keys() <= self._known:  # of what the bot got and does not name
            bars = {symbol: bar for symbol, bar in bars.items() if symbol in self._known}
        signals = self._call(bars, moment) if bars else {}  # none may be traded on: a rule is never handed nothing
        past.take(bars, moment)
        return signals

    def _early_renames(self, bars: Mapping[str, Bar]) -> list[CorporateAction]:
        """Return early renames that these bars bear out: the symbol may be another company's since."""
        found = [each for each in self._early if each.into in bars and each.symbol not in bars]
        self._early = [each for each in self._early if each.symbol not in bars and each.into not in bars]
        return found

    def _rename(self, actions: Iterable[CorporateAction]) -> bool:
        """Tell whether symbols have another name by these actions, and take it."""
        names = list(self.symbols)
        for action in actions:
            if action.kind == "rename" and action.symbol in names:
                names = [action.into if name == action.symbol else name for name in names if name != action.into]
        if tuple(names) == self.symbols:
            return False
        self.symbols = tuple(names)
        self._known = frozenset(names)
        return True

    def forget(self, symbol: str) -> None:
        """Drop the past of `symbol` from the strategy, because its earlier prices no longer apply.

        Raises:
            FaultError: as `think`.
        """
        if self._past.forget(symbol):
            self._tell_again()

    def _tell_again(self) -> None:
        self.strategy = self._made()
        for bars, moment in self._past:
            if bars:
                self._call(bars, moment)

    def _call(self, bars: Mapping[str, Bar], moment: Moment) -> dict[str, Signal]:
        try:
            with time_limit.limit(time_limit.LIMIT_S, self._label):
                returned: Any = self.strategy.on_bars(bars, moment)
            return time_limit.check_signals(returned, bars, moment.ts)
        except time_limit.TooSlowError:
            time_limit.disarm()
            raise FaultError(f"took longer than {time_limit.LIMIT_S:g} s at {iso(moment.ts)}") from None
        except time_limit.NonsenseError as error:
            raise FaultError(str(error)[:300]) from None
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            what = f"raised {type(error).__name__}: {str(error)[:200]} (line {last.lineno} of {last.name})"
            raise FaultError(what) from error
