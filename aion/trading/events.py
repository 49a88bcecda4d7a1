"""What trading leaves behind beside orders, fills and trades: cash movements, results, ids.

Plain values without I/O; the ledger stores them and the bots write them to the state files.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from aion.clock import compact, iso, parse_iso
from aion.fact import quickly_made
from aion.model import ZERO, Decision, Fill, OrderRecord, Trade

_MAX_OWNER = 72  # an id stays under the 128 characters that a key of a state file may have


@dataclass(frozen=True, slots=True)
class Audit:
    """One thing that people did to the bots: a control, a kill switch, saved rules; and what came of it."""

    target: str
    """Name of a bot, or `desk` for the bots' process as a whole."""
    id: str
    """Of the request; with the target it is unique, so that nothing is carried out twice."""
    ts: datetime
    """Market time at which it was carried out."""
    at: datetime
    """Wall time of that."""
    action: str
    """pause, resume, flatten, speed, jump, admit, kill, clear or rules."""
    outcome: str
    """`done`, `accepted` until it is, or `refused` or `superseded` and why."""
    value: str = ""
    by: str = ""
    reason: str = ""


@quickly_made
@dataclass(frozen=True, slots=True)
class CashMovement:
    """One change of an account's cash; their sum is the cash, to the last digit."""

    id: str
    """Id of the fill that caused it, else `m` first."""
    ts: datetime
    kind: str
    """deposit, fill, financing, borrow, funding, dividend, merger, delisting, or cash for a part left over: split,
    stock_dividend, spin_off."""
    amount: Decimal
    """Money; + is gained, - is paid."""
    symbol: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """Result of a span, money: gross - fees - slippage - borrow + funding = net, always."""

    fees: Decimal
    """Of all fills; below 0 where rebates are more."""
    slippage: Decimal
    """>= 0."""
    net: Decimal
    """Change of equity over the span, deposits left out."""
    start_equity: Decimal
    """Equity at the start of the span."""
    borrow: Decimal = ZERO
    """Charged for nights, >= 0: borrow fees of shorts, financing of longs."""
    funding: Decimal = ZERO
    """Of perpetuals: received above 0, paid below 0."""

    @property
    def gross(self) -> Decimal:
        """What the span would have given without costs."""
        gross = self.net + self.fees + self.slippage + self.borrow
        return gross - self.funding if self.funding else gross

    @property
    def net_return(self) -> float | None:
        """Net / equity at the start, a fraction; None when that was not positive."""
        return float(self.net / self.start_equity) if self.start_equity > 0 else None


@dataclass(slots=True)
class Changes:
    """What happened to one account since the newest commit, each list in order of time."""

    orders: dict[str, OrderRecord] = field(default_factory=dict)
    """Newest record by order id."""
    fills: list[Fill] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)
    movements: list[CashMovement] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.orders or self.fills or self.trades or self.movements or self.decisions)

    def add(self, more: "Changes") -> None:
        """Take what happened after these."""
        self.orders.update(more.orders)
        self.fills += more.fills
        self.trades += more.trades
        self.movements += more.movements
        self.decisions += more.decisions


class IdMaker:
    """Makes ids from run, bot, market time and a counter within that time.

    A cycle that is repeated from the same state makes the same ids, so that a double booking is seen as one.
    """

    def __init__(self, run: str, bot: str) -> None:
        """Args: run: name of the run; bot: name of the bot."""
        owner = f"{run}-{bot}"
        if len(owner) > _MAX_OWNER:
            digest = hashlib.blake2b(owner.encode(), digest_size=6).hexdigest()
            owner = f"{owner[: _MAX_OWNER - 13]}-{digest}"
        self._owner = owner
        self._ts: dict[str, datetime] = {}
        self._count: dict[str, int] = {}
        self._newest: tuple[datetime | None, str] = (None, "")

    def next(self, letter: str, ts: datetime) -> str:
        """Return the next id of the kind `letter` (o, f, d, m) at market time `ts`.

        It names the newest time of its kind where `ts` is earlier: what concerns a session's open may be found later.
        """
        newest = self._ts.get(letter)
        if newest is not None and ts <= newest:
            ts = newest
            self._count[letter] += 1
        else:
            self._ts[letter] = ts
            self._count[letter] = 1
        if self._newest[0] != ts:
            self._newest = (ts, compact(ts))
        return f"{letter}{self._owner}-{self._newest[1]}-{self._count[letter]}"

    def state(self) -> dict[str, list[Any]]:
        """Return the counters as JSON types."""
        return {letter: [iso(ts), self._count[letter]] for letter, ts in self._ts.items()}

    def restore(self, state: Mapping[str, Sequence[Any]]) -> None:
        """Take back what `state()` described."""
        self._ts = {letter: parse_iso(each[0]) for letter, each in state.items()}
        self._count = {letter: int(each[1]) for letter, each in state.items()}


NIGHTS = frozenset(("borrow", "financing"))
"""Kinds of movements that are charges for nights."""
NO_RESULT = Result(ZERO, ZERO, ZERO, ZERO)
