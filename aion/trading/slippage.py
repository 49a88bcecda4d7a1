"""What it costs to take the market's price: half a spread and the impact of our own order.

    price = reference x (1 +- (half spread + impact)), rounded to the tick against us
    half spread = max(half_spread_bps, half a tick, half a spread in units of the price)
    impact = IMPACT x sigma x sqrt(quantity / volume)

`sigma` is the volatility of the very bar, from its range: sigma = ln(high / low) / (2 sqrt(ln 2)).

Sources: the square root in Almgren, Thum, Hauptmann and Li, "Direct estimation of equity market impact", Risk 18(7),
2005, and Toth et al., "Anomalous price impact and the critical nature of liquidity", Physical Review X 1, 2011, both
with a factor of order one; sigma from Parkinson, "The extreme value method for estimating the variance of the rate of
return", Journal of Business 53(1), 1980. The half spreads are assumptions, stated in each model.
"""

from dataclasses import dataclass
from decimal import Decimal
from math import log, sqrt

from aion.model import ZERO, Bar, Instrument, Side
from aion.trading.order_check import to_tick

BPS = Decimal(10_000)
IMPACT = 1.0  # order of one in both studies
PARKINSON = 2 * sqrt(log(2))


@dataclass(frozen=True, slots=True)
class SlippageModel:
    """How much worse than the bar's price a market or stop order fills; limit orders pay none."""

    name: str
    half_spread_bps: Decimal
    """Half the quoted spread, basis points of the price."""
    has_tick_floor: bool
    """True where the spread is at least one tick, so that half a tick is the least."""
    has_impact: bool
    source: str
    half_spread: Decimal = ZERO
    """Half the quoted spread in units of the price, where that is more."""

    def price(self, side: Side, reference: Decimal, quantity: Decimal, bar: Bar, instrument: Instrument) -> Decimal:
        """Return the price paid or got per unit: never better than `reference`, rounded to the tick against us.

        Args:
            side: of the fill.
            reference: price of the bar that it starts from.
            quantity: > 0.
            bar: the bar it fills in; without volume, or at prices that are not above 0, there is no impact.
            instrument: gives the tick.
        """
        cost = abs(reference) * self.half_spread_bps / BPS
        if self.has_tick_floor:
            cost = max(cost, instrument.tick / 2, self.half_spread)
        if self.has_impact and bar.high > bar.low > 0 and bar.volume:
            sigma = log(bar.high / bar.low) / PARKINSON
            share = sqrt(min(1.0, float(quantity / bar.volume)))
            cost += abs(reference) * Decimal(repr(round(IMPACT * sigma * share, 9)))
        return to_tick(reference + cost * side.sign, side, instrument)


_MODELS = (
    SlippageModel(
        "large-cap",
        Decimal("1.0"),
        True,
        True,
        "Quoted spreads of US and UK large caps are 1 to 4 bp (effective spread about 2 bp for S&P 500 names: SEC, "
        "'Order competition rule' proposal, release 34-96495, 2022, section VII).",
    ),
    SlippageModel(
        "tick-bound",
        Decimal("1.0"),
        True,
        True,
        "Liquid Hong Kong names quote one tick nearly all the time, so half a tick is what counts (HKEX, "
        "'Consultation paper on proposed phase 1 reduction of minimum spreads', 2024).",
    ),
    SlippageModel(
        "adjusted",
        Decimal("2.0"),
        False,
        True,
        "Adjusted prices have no tick; 2 bp is twice the half spread of a US large cap, for the opening auction.",
    ),
    SlippageModel(
        "crypto",
        Decimal("2.0"),
        True,
        True,
        "Top-of-book spreads of BTC and ETH against USDT at large venues are below 1 bp; 2 bp leaves room.",
    ),
    SlippageModel("none", ZERO, False, False, "No slippage: for tests of the accounting alone."),
)
SLIPPAGE_MODELS = {model.name: model for model in _MODELS}
"""By name."""
