"""State of an online feed and its symbols."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from aion.market.feed.batcher import Tally


@dataclass(frozen=True, slots=True)
class SymbolHealth:
    """State of one symbol of a feed."""

    state: str
    """ok, late, gone or refused."""
    last_bar_at: datetime | None
    """Close of its newest bar."""
    text: str = ""


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """State of a feed; the page gets it through the state documents."""

    state: str
    """ok, late or down."""
    text: str
    """For people; empty when all is well."""
    answered_at: datetime | None
    """Wall time of the newest good answer."""
    symbols: Mapping[str, SymbolHealth]
    tally: Tally

    def without(self, left_out: Mapping[str, str]) -> "FeedHealth":
        """Return it with why the bots leave symbols out, by symbol; one that is late or gone stays so."""
        said = {
            symbol: replace(self.symbols[symbol], state="refused", text=why)
            for symbol, why in left_out.items()
            if symbol in self.symbols and self.symbols[symbol].state == "ok"
        }
        if not said:
            return self
        text = self.text
        if self.state == "ok":
            text = "; ".join([*filter(None, [text]), *(f"{name}: {each.text}" for name, each in said.items())])
        return replace(self, symbols={**self.symbols, **said}, text=text)
