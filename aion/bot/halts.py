"""What a bot does about halts of its symbols: it says so once, and opens nothing in them; its orders wait."""

from datetime import datetime

from aion.clock import iso
from aion.market.feed import Feed
from aion.market.halt import HaltBook
from aion.output.encode import Json
from aion.trading.broker import PaperBroker


class HaltWatch:
    """The halts of a bot's symbols."""

    def __init__(self, feed: Feed, symbols: tuple[str, ...]) -> None:
        """Args: feed: knows the halts; symbols: of the bot."""
        self._symbols = symbols
        self.book = HaltBook(feed.halts(frozenset(symbols)))

    def note(self, broker: PaperBroker, before: datetime, ts: datetime) -> None:
        """Record each halt of something ordered or held that began since the cycle before; ask before anything fills.

        Args:
            broker: of the bot.
            before: market time of the cycle before.
            ts: market time of this one.
        """
        if not self.book.symbols:
            return
        for symbol in self._symbols:
            for halt in self.book.of(symbol):
                if not before <= halt.start < ts or (broker.terms.grid is None and ts > halt.end):
                    continue
                orders, held = len(broker.open_orders(symbol)), broker.portfolio.quantity(symbol)
                what = [f"{orders} {'orders wait' if orders > 1 else 'order waits'}"] if orders else []
                what += [f"{held:f} held cannot be sold"] if held > 0 else []
                what += [f"{-held:f} sold short cannot be bought back"] if held < 0 else []
                if what:
                    broker.note(ts, "halt", f"{halt.text()}: {', '.join(what)}", symbol)

    def refusal(self, symbol: str, ts: datetime) -> str:
        """Return why nothing is opened in `symbol` at market time `ts`, or an empty text."""
        halt = self.book.at(symbol, ts)
        return halt.text() if halt is not None else ""

    def document(self, opens: datetime, closes: datetime) -> Json:
        """Return the halts between two times by symbol: start -> end, both within them."""
        shown: Json = {}
        for symbol in self._symbols:
            spans = ((max(each.start, opens), min(each.end, closes)) for each in self.book.of(symbol))
            found = {iso(start): iso(end) for start, end in spans if start < end}
            if found:
                shown[symbol] = found
        return shown
