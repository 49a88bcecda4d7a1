"""A bots' process in small: trades on a fixed tape, commits each cycle, and prints each cycle once it is on disk.

Run by `test_ledger_kill.py`, which kills it: `python ledger_writer.py FILE BATCH`.
"""

import sys
from contextlib import ExitStack, nullcontext
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from aion.ledger.ledger import BotCycle, Ledger
from aion.market.calendar import MarketSession
from aion.market.grid import MINUTES
from aion.model import Bar, EquityPoint, Instrument, Side
from aion.trading.broker import PaperBroker
from aion.trading.cost import cost_model
from aion.trading.portfolio import Portfolio

CYCLES = 400
BOTS = ("one", "two")


def make_tape(start: MarketSession) -> list[Bar]:
    """Return bars whose prices only arithmetic made; they test the ledger, not a strategy."""
    bars = []
    for number in range(CYCLES):
        price = Decimal(100) + Decimal(number % 37) / 10 - Decimal(number % 11) / 7
        price = price.quantize(Decimal("0.01"))
        ts = start.open + timedelta(minutes=number + 1)
        bars.append(Bar("MSFT", ts, price, price + 1, price - 1, price, Decimal(10_000)))
    return bars


def main(path: Path, batch: int) -> None:
    """Go on from what the ledger holds to the end of the tape."""
    opened = datetime(2022, 5, 19, 13, 30, tzinfo=UTC)
    session = MarketSession("XNAS", date(2022, 5, 19), opened, opened + timedelta(days=1))
    with Ledger(path, "replay", "1") as ledger, ExitStack() as stack:
        brokers, cursor = {}, opened
        for name in BOTS:
            portfolio = Portfolio("USD", Decimal(100_000))
            broker = make_broker(name, portfolio)
            saved = ledger.load_account(name)
            if saved is None:
                ledger.open_account(name, portfolio.cash, opened, state_of(broker))
            else:
                cursor = saved.cursor
                broker = make_broker(name, Portfolio.from_state(saved.state["portfolio"]))
                broker.restore(saved.state["broker"])
            brokers[name] = broker
        print("ready", flush=True)
        tape, waiting = make_tape(session), []
        stack.enter_context(ledger.batch() if batch > 1 else nullcontext())
        for bar in tape:
            if bar.ts <= cursor:
                continue
            waiting.append(bar.ts)
            ledger.commit([cycle(broker, bar, session) for broker in brokers.values()])
            if len(waiting) == batch or bar is tape[-1]:
                ledger.flush()
                print("\n".join(ts.isoformat() for ts in waiting), flush=True)
                waiting.clear()
        print("done", flush=True)


def make_broker(name: str, portfolio: Portfolio) -> PaperBroker:
    """Return a broker of bot `name`."""
    instruments = {"MSFT": Instrument("MSFT", "XNAS", "USD")}
    return PaperBroker(name, "1", portfolio, instruments, cost_model("us-equity"), grid=MINUTES)


def state_of(broker: PaperBroker) -> dict[str, object]:
    """Return what the process needs to go on."""
    return {"portfolio": broker.portfolio.state(), "broker": broker.state()}


def cycle(broker: PaperBroker, bar: Bar, session: MarketSession) -> BotCycle:
    """Run one cycle: in and out all the time, with brackets at rest."""
    broker.on_bar(bar, session)
    minute = int((bar.ts - session.open).total_seconds() // 60)
    if minute % 5 == 1:
        stop, target = bar.close - 2, bar.close + 2
        order = broker.order("MSFT", Side.BUY, Decimal(700), bar.ts, "entry", stop_loss=stop, take_profit=target)
        broker.submit(order)
    elif minute % 5 == 4:
        broker.flatten("MSFT", bar.ts, "exit")
    broker.note(bar.ts, "hold", f"minute {minute}")
    equity = [EquityPoint(bar.ts, broker.portfolio.equity())]
    cash = broker.portfolio.cash
    return BotCycle(
        broker.bot, f"c{minute}", bar.ts, "2022-05-19", cash, state_of(broker), broker.take_changes(), equity
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
