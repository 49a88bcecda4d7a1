"""One bot at work: its account, its strategy and the record of what it did, as its documents show them."""

from collections.abc import Container, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from aion.bot.action_watch import ENDS, ActionWatch
from aion.bot.answer import shown_answers
from aion.bot.buy_and_hold import BuyAndHold
from aion.bot.exit_orders import Leaving, is_leaving, note_exit
from aion.bot.figures import positions_json, stats_json
from aion.bot.halts import HaltWatch
from aion.bot.price import FeedPrices
from aion.bot.settings_check import instruments_of, merged_rules
from aion.bot.state import Standing, State
from aion.clock import iso, parse_iso
from aion.config import BotSettings, Rules
from aion.errors import ConfigError
from aion.ledger.ledger import BotCycle, SavedAccount
from aion.ledger.query import LedgerReader
from aion.market import calendar
from aion.market.action import CorporateAction
from aion.market.calendar import MarketSession
from aion.market.feed import Feed, Kind
from aion.market.grid import Grid
from aion.market.jump import Screen, Screened
from aion.model import ZERO, Bar, EquityPoint, Signal, Trade
from aion.money import unit_json
from aion.output.day_record import Peak, Record
from aion.output.encode import Json, number, result_json, signal_json
from aion.store.log.process_log import ProcessLog
from aion.strategy.base import Moment, Strategy
from aion.strategy.runner import FaultError, Mind
from aion.trading.broker import PaperBroker
from aion.trading.cost import cost_model
from aion.trading.events import Changes
from aion.trading.portfolio import Portfolio
from aion.trading.risk import DeskGate, Limits, RiskGate

HINDSIGHT = (
    "These symbols were chosen because they did well later, so past results look better than they would have been."
)
ADJUSTED = "Prices are adjusted for splits and dividends: they are not prices that were quoted."

NOTHING = Changes()  # shared, never added to


class BotAccount:
    """The part that intraday and swing bots share. It trades on bars and changes nothing on disk."""

    def __init__(self, name: str, settings: BotSettings, run: str, feed: Feed, log: ProcessLog, started_at: datetime):
        """Make a bot with its start money.

        Args:
            name: of the bot.
            settings: its symbols, strategy, costs and rules.
            run: name of the run.
            feed: where its bars come from.
            log: of the process.
            started_at: market time at which its account begins.

        Raises:
            ConfigError: a strategy, parameter, cost model or symbol that cannot work.
        """
        self.name = name
        self.settings = settings
        self.log = log
        self.started_at = started_at
        kind: Kind = "minute" if settings.kind == "intraday" else "day"
        self.actions = ActionWatch(settings, feed, kind, instruments_of(name, settings, feed, kind))
        """What it knows of corporate actions."""
        self.instruments = self.actions.instruments
        self.mind = Mind(name, settings, self.actions.names)
        """Its strategy, and what that was handed."""
        self._screen = Screen(self.actions.known, kind, self.instruments)
        self._jumped: set[str] = set()
        self._run = run
        self._bar_grid = Grid(feed.interval, feed.anchor) if kind == "minute" else None
        self.portfolio = Portfolio(settings.currency, settings.cash, settings.decimals)
        self.halts = HaltWatch(feed, self.actions.symbols)
        self._prices = FeedPrices(feed)
        self._funding = feed.funding(frozenset(self.instruments))
        self.broker = self._make_broker()
        self.gate = RiskGate(self.portfolio, Limits.of(settings.rules))
        """What limits its entries."""
        self.desk_gate: DeskGate | None = None
        """What limits those of all bots together; the run sets it."""
        self.day = ""
        """Market day of the newest bars."""
        self.cursor = started_at
        """Market time of the newest bars."""
        self.cycle_id = ""
        self.cycles = 0
        self.hold = BuyAndHold(settings.cash, self.actions.names, self.portfolio.unit, self.actions.later)
        self.record = Record()
        self.peak = Peak()
        self.signals: dict[str, Signal] = {}
        self.marked_at: dict[str, datetime] = {}
        self.realized: list[float] = []
        self._closed_trades: list[Trade] = []
        self.equity_sum = 0.0
        self.equity_points = 0
        self.standing = Standing()
        self.leaving = Leaving()
        """Exits that a flatten or a kill switch ordered."""
        self.control_id = ""
        """Id of the newest request of the desk that was answered."""
        self.control_error = ""
        """Why that request was refused."""
        self.control_answers: dict[str, str] = {}
        """What became of the newest requests, by id."""
        self.base = settings
        """The settings as they were read at the start."""
        self.own_rules: Json = {}
        """Rules saved on the desk, which stand above those of the settings."""
        self.config_version = 0
        """Of the saved rules in force, 0 for none."""
        self.config_error = ""
        """Why the newest saved rules were not taken."""
        self.caveat = ""
        """What its run wants a reader to know of its results; empty for nothing."""
        self.is_saved = True
        """False while nothing goes on from its cycles: a backtest that died is run again from its first bar."""
        self.bars_seen = 0
        self.dropped_bars = 0
        self._changes = Changes()
        self._points: list[EquityPoint] = []
        self._newest = settings.cash, number(settings.cash)  # equity, and the number that documents have of it

    def _make_broker(self) -> PaperBroker:
        broker = PaperBroker(
            self.name,
            self._run,
            self.portfolio,
            self.instruments,
            cost_model(self.settings.cost, self.settings.own_cost),
            grid=self._bar_grid,
            halts=self.halts.book,
            allow_short=self.settings.rules.allow_short,
            price_of=self._prices,
            funding=self._funding,
        )
        return self.actions.serve(broker)

    @property
    def state(self) -> State:
        """How it stands, as its documents say it."""
        return self.standing.state

    @property
    def equity(self) -> Decimal:
        """Cash plus market values at the newest marks, money."""
        return self.portfolio.equity()

    def think(self, bars: Mapping[str, Bar], moment: Moment) -> dict[str, Signal]:
        """Return the strategy's signals; if it raises, stalls or returns nonsense the bot is in state `error`."""
        if self.standing.fault:
            return {}
        try:
            signals = self.mind.think(bars, moment, self.actions.known)
        except FaultError as fault:
            self._stop(fault, moment.ts)
            return {}
        self.signals.update(signals)
        return signals

    def _stop(self, fault: FaultError, ts: datetime) -> None:
        """Put the bot in state `error`; it enters nothing more, and the exits that rest stay."""
        self.standing.fault = f"strategy {self.settings.strategy} {fault}"
        cause = fault.__cause__
        error = cause if isinstance(cause, Exception) else None
        self.log.error(self.standing.fault, error=error, bot=self.name, market_time=ts)

    @property
    def strategy(self) -> Strategy:
        """Its rule; made anew when a split changes the unit of its past."""
        return self.mind.strategy

    def watch(self, bars: Mapping[str, Bar], ts: datetime, positions: Mapping[str, Decimal]) -> dict[str, Signal]:
        """Bring the strategy up to `ts` without trading: warm-up before a start or after a restart.

        Args:
            bars: of its symbols, all closing at `ts`.
            ts: market time.
            positions: signed quantities that were held after these bars.

        Returns:
            What the strategy thinks of them.
        """
        session = calendar.session_at(self.settings.exchange, ts)
        if session is None:
            return {}
        bars = self._look_at(bars, session, positions).bars
        return self.think(bars, Moment(ts, session.day.isoformat(), session.open, session.close, positions))

    def _look_at(self, bars: Mapping[str, Bar], session: MarketSession, held: Container[str]) -> Screened:
        """Return which bars may be traded on; the strategy forgets the past of a symbol at a new level."""
        found = self._screen.admit(self.actions.of_day(bars, session.day), session.day, held)
        for symbol in found.begun:
            try:
                self.mind.forget(symbol)
            except FaultError as fault:
                self._stop(fault, bars[symbol].ts)
        return found

    def set_rules(self, rules: Rules) -> None:
        """Trade by `rules` from now on; orders at rest stay as they are."""
        self.settings = self.settings.model_copy(update={"rules": rules})
        self.broker.set_allow_short(rules.allow_short)
        self.gate.limits = Limits.of(rules)

    def halt(self, symbol: str) -> str:
        """Return why nothing may be entered in `symbol` now, whatever its size and strength, or an empty text."""
        return (
            self.standing.reason
            or self.broker.corporate.why(symbol)
            or self.gate.halted()
            or self.gate.brake(symbol)
            or (self.desk_gate.refusal(self.settings.currency) if self.desk_gate is not None else "")
        )

    def entered(self, symbol: str) -> None:
        """Note for the limits that an entry into `symbol` was ordered."""
        self.gate.entered(symbol)
        if self.desk_gate is not None:
            self.desk_gate.entered()

    def leave_all(self, ts: datetime) -> None:
        """As `Leaving.leave`; to be called at each cycle: an exit that found no bar to fill in is ordered again."""
        self.leaving.leave(self.broker, self.standing, ts)

    def exit(self, symbol: str, ts: datetime, reason: str, confidence: float | None = None) -> None:
        """Withdraw the orders of `symbol` and order its position closed, with the decision."""
        note_exit(self.broker, self.broker.flatten(symbol, ts, reason), confidence)

    def is_leaving(self, symbol: str) -> bool:
        """Tell whether orders rest that close the whole position at the next open."""
        return is_leaving(self.broker, symbol)

    def close_out(self, reason: str) -> tuple[str, ...]:
        """Withdraw all orders and close what is held at its mark, costs included: no bar comes any more.

        Returns:
            Symbols that were closed; one that cash cannot buy back stays.
        """
        session = calendar.session_around(self.settings.exchange, self.cursor)
        held = self.portfolio.symbols
        self.broker.cancel_all(self.cursor, reason)
        if session is not None:
            for symbol in held:
                if self.broker.close_at(self.newest_bar(symbol), session, reason):
                    self.broker.note(self.cursor, "exit", reason, symbol)
        self.settle(self.cursor)
        point = EquityPoint(self.cursor, self.equity, self.hold.equity)
        self._points.append(point)
        self.record.see(point)
        self.peak.see(point.ts, number(point.equity))
        return tuple(symbol for symbol in held if not self.portfolio.quantity(symbol))

    def newest_bar(self, symbol: str) -> Bar:
        """Return the bar of the cursor that marked what is held of `symbol`, or its mark as one price."""
        mark = self.portfolio.marks[symbol]
        return Bar(symbol, self.cursor, mark, mark, mark, mark, ZERO)

    def settle(self, ts: datetime) -> None:
        """Take what a control made the broker do at market time `ts` into the record, outside a cycle."""
        self.gather()

    def learn_actions(self, feed: Feed) -> None:
        """Take the corporate actions that `feed` knows of; a feed that delivers as it happens learns of more."""
        self._screen.learn(self.actions.learn(feed))

    def is_left_out(self, symbol: str) -> bool:
        """Tell whether `symbol` is not traded on, because its price jumped."""
        return symbol in self._jumped

    def why_left_out(self, symbol: str) -> str:
        """Return why `symbol` is not traded on and how it comes back, or an empty text."""
        return self._screen.why_out(symbol)

    def let_in(self, symbol: str, at: datetime) -> None:
        """Trade on the first bar of `symbol` that closes after market time `at`, whatever its price."""
        self._screen.let_in(symbol, at)

    def admit(self, bars: Mapping[str, Bar], session: MarketSession, ts: datetime) -> Mapping[str, Bar]:
        """Begin `session` with its corporate actions, and return the bars that may be traded on.

        A jump like that of an undeclared split is a recorded decision, once until the price is back.
        """
        if self.actions.known or self.broker.corporate.is_open:
            for action in self.actions.begin(self.broker, session, bars, self.log):
                self._took_effect(action, session.day)
            self.actions.say_ended(self.broker, bars, session.day, ts)
        found = self._look_at(bars, session, self.portfolio.symbols)
        if not (found.refused or found.admitted or found.begun or self._jumped):
            return found.bars
        for symbol, why in found.refused.items():
            if symbol not in self._jumped:
                self.broker.note(ts, "refused", why, symbol)
                self.log.warning(why, bot=self.name, market_time=ts)
        for symbol, why in found.admitted.items():
            self.broker.note(ts, "admitted", why, symbol)
            self.log.warning(why, bot=self.name, market_time=ts)
        corporate = self.broker.corporate
        for symbol in found.refused:
            corporate.doubt(symbol, session.day, self.actions.known)
        for symbol in self._jumped & found.bars.keys():
            corporate.believe(symbol)
        for symbol in found.begun:
            self.hold.begin_again(found.bars[symbol])
        if found.refused or self._jumped:
            self._jumped = {*(symbol for symbol in self._jumped if symbol not in found.bars), *found.refused}
        return found.bars

    def _took_effect(self, action: CorporateAction, day: date) -> None:
        """Take an action that was booked, or concerned nothing that is held, into what is known of its symbol."""
        self.hold.apply(action)
        symbol, mark = action.symbol, self.portfolio.marks.get(action.symbol)
        if mark is not None and (symbol in self._jumped or action.ex_date < day):  # later than the screen took it
            self._screen.settle(symbol, mark, day)
        if action.kind in ENDS:
            self.signals.pop(symbol, None)
            at = self.marked_at.pop(symbol, None)
            if at is not None and action.kind == "rename":
                self.marked_at[action.into] = at

    def refuse_bar(self, symbol: str, why: str, ts: datetime) -> None:
        """Record at market time `ts`, or its own when that is later, that a bar of `symbol` was not taken."""
        ts = max(ts, self.cursor)
        self.broker.note(ts, "refused", why, symbol)
        self.log.warning(f"{symbol}: {why}", bot=self.name, market_time=ts)
        self.settle(ts)

    def gather(self) -> Changes:
        """Take what the broker did since the last call into the record, and return it."""
        if not self.broker.book.changes:
            return NOTHING
        changes = self.broker.take_changes()
        self.record.add(changes)
        for trade in changes.trades:
            self._closed(trade)
        self._changes.add(changes)
        return changes

    def mark(self, bars: Mapping[str, Bar], ts: datetime) -> None:
        """Note the marks and the equity after the bars of `ts`; the broker has marked the portfolio."""
        hold, instruments, marked_at = self.hold, self.instruments, self.marked_at
        for symbol, bar in bars.items():
            if bar.volume or instruments[symbol].trades(bar):
                hold.see(bar)
                marked_at[symbol] = ts
        equity = self.portfolio.equity()
        point = EquityPoint(ts, equity, hold.equity)
        self._points.append(point)
        self.record.see(point)
        self.gate.see(ts, self._closed_trades, equity)
        if self._closed_trades:
            self._closed_trades = []
        if equity is not self._newest[0]:  # of a flat account it is the cash, and the same at each mark
            self._newest = equity, number(equity)
        self.peak.see(ts, self._newest[1])
        self.equity_sum += self._newest[1]
        self.equity_points += 1

    def _closed(self, trade: Trade) -> None:
        self.realized.append(number(trade.realized_pnl))
        self._closed_trades.append(trade)

    # documents

    def fields(self) -> Json:
        """Return the fields that both kinds of document share, without envelope and record."""
        settings, portfolio = self.settings, self.portfolio
        value: Json = {
            "bot": self.name,
            **unit_json(portfolio.unit),
            "exchange": settings.exchange,
            "strategy": settings.strategy,
            "rule": self.strategy.rule,
            "symbols": list(self.mind.symbols),
            "equity": number(self.equity),
            "cash": number(portfolio.cash),
            "start_equity": number(portfolio.start_cash),
            "hold_equity": number(self.hold.equity),
            "hold_name": self.hold.name,
            "price_basis": self.price_basis,
            "tick": number(min(each.tick for each in self.instruments.values())),
            "state": self.state,
            "rules": settings.rules.as_json(),
            "config_version": self.config_version,
            "total_pnl": result_json(portfolio.total_result(), self.started_at),
            "positions": positions_json(portfolio, self.broker, self.marked_at),
            "fills": self.record.fills,
            "trades": self.record.trades,
            "signals": {symbol: signal_json(signal, self.name) for symbol, signal in sorted(self.signals.items())},
            "equity_curve": self.record.equity,
            "hold_curve": self.record.hold,
            "stats": stats_json(portfolio, self.realized, self.peak, self._average_equity()),
            "dropped_bars": self.dropped_bars,
            "bars_seen": self.bars_seen,
        }
        if self.standing.reason:
            value["state_reason"] = self.standing.reason
        for name in ("control_id", "control_error", "config_error"):
            if said := getattr(self, name):
                value[name] = said
        if self.control_answers:
            value["control_answers"] = shown_answers(self.control_answers, [self])
        value |= self.leaving.fields(self.broker, self.standing)
        adjusted = f"{HINDSIGHT} {ADJUSTED}" if self.price_basis == "adjusted" else ""
        if note := " ".join(each for each in (self.caveat, adjusted, self.broker.funding.caveat()) if each):
            value["note"] = note
        return value

    def _average_equity(self) -> float:
        return self.equity_sum / self.equity_points if self.equity_points else number(self.equity)

    @property
    def price_basis(self) -> str:
        """`adjusted` when any of its instruments is, else `raw`."""
        is_adjusted = any(each.price_basis == "adjusted" for each in self.instruments.values())
        return "adjusted" if is_adjusted else "raw"

    # to and from the ledger

    def take_cycle(self) -> BotCycle:
        """Return all that happened since the last call, for one commit to the ledger; all of it is of `day`."""
        cycle = BotCycle(
            bot=self.name,
            cycle_id=self.cycle_id,
            cursor=self.cursor,
            day=self.day if self.cycle_id else "",  # what is asked before the first bar is of no market day
            cash=self.portfolio.cash,
            state=self.save() if self.is_saved else None,
            changes=self._changes,
            equity=self._points,
            seq=self.cycles,
        )
        self._changes, self._points = Changes(), []
        return cycle

    def save(self) -> dict[str, Any]:
        """Return what the bot needs to go on after a restart, as JSON types."""
        return {
            "started_at": iso(self.started_at),
            "day": self.day,
            "portfolio": self.portfolio.state(),
            "broker": self.broker.state(),
            "hold": self.hold.state(),
            "marked_at": {symbol: iso(at) for symbol, at in self.marked_at.items()},
            "peak": [self.peak.equity, iso(self.peak.at) if self.peak.at else "", self.peak.max_drawdown],
            "average": [self.equity_sum, self.equity_points],
            "control": [self.control_id, self.control_error],
            "standing": self.standing.saved(),
            "exits": self.leaving.saved(),
            "gate": self.gate.state(),
            "jumped": sorted(self._jumped),
            "ended": sorted(self.actions.ended),
            "config": [self.config_version, self.own_rules, self.config_error],
        }

    def restore(self, saved: SavedAccount, ledger: LedgerReader) -> None:
        """Become the bot that was committed last; strategy and bars follow by `watch`."""
        state = saved.state
        self.cycle_id, self.cursor, self.cycles = saved.cycle_id, saved.cursor, saved.seq
        self.started_at = parse_iso(state["started_at"])
        self.day = state["day"]
        self.portfolio = Portfolio.from_state(state["portfolio"])
        self.broker = self._make_broker()
        self.broker.restore(state["broker"])
        self.hold.restore(state["hold"])
        self.marked_at = {symbol: parse_iso(at) for symbol, at in state["marked_at"].items()}
        peak, at, deepest = state["peak"]
        self.peak = Peak(peak, parse_iso(at) if at else None, max_drawdown=deepest)
        self.equity_sum, self.equity_points = state["average"]
        self.control_id, self.control_error = state["control"]
        self.gate = RiskGate(self.portfolio, Limits.of(self.settings.rules))
        self._jumped = set(state.get("jumped", ()))
        self.actions.ended = set(state.get("ended", ()))
        for symbol in self.portfolio.symbols:
            self._screen.know(symbol, self.portfolio.marks[symbol])
        if "gate" in state:  # not in ledgers of before the limits
            self.gate.restore(state["gate"])
        fault, self.standing = self.standing.fault, Standing.from_saved(state["standing"])
        self.standing.fault = fault
        self.leaving.restore(state.get("exits"), self.broker, self.standing.exit_reason)
        self.config_version, self.own_rules, self.config_error = state["config"]
        if self.own_rules:
            try:
                self.set_rules(merged_rules(self.base, self.own_rules))
            except ConfigError as error:  # the settings have changed meanwhile
                self.config_error = str(error)
        if self.peak.at is not None and peak > 0:
            self.peak.drawdown = (peak - number(self.equity)) / peak
        self.realized = [number(trade.realized_pnl) for trade in ledger.changes(self.name).trades]
