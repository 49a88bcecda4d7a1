"""What an account traded by market day, for costs that fall with volume."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal

from aion.model import ZERO, Fill
from aion.money import plain_text
from aion.trading.fee import CostModel


class TradedVolume:
    """The volume of the market days that still count for the tiers of a cost model."""

    def __init__(self, cost: CostModel) -> None:
        """Args: cost: says which days count, and what is counted."""
        self._cost = cost
        self._by_day: dict[date, Decimal] = {}

    def add(self, day: date, fills: Iterable[Fill]) -> None:
        """Add the fills of a market day."""
        for fill in fills:
            volume = fill.quantity if self._cost.tier_by == "units" else abs(fill.value)
            self._by_day[day] = self._by_day.get(day, ZERO) + volume

    def before(self, day: date) -> Decimal:
        """Return the volume that counts on `day`: that of days before it; what counts no more is forgotten."""
        days = self._cost.tier_days
        first = day - timedelta(days=days) if days else day.replace(day=1)
        self._by_day = {each: volume for each, volume in self._by_day.items() if each >= first}
        return sum((volume for each, volume in self._by_day.items() if each < day), ZERO)

    def state(self) -> dict[str, str]:
        """Return it as JSON types."""
        return {day.isoformat(): plain_text(volume) for day, volume in self._by_day.items()}

    def restore(self, state: Mapping[str, str]) -> None:
        """Take back what `state()` described."""
        self._by_day = {date.fromisoformat(day): Decimal(volume) for day, volume in state.items()}
