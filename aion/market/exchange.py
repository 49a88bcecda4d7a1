"""Exchanges by ISO 10383 code: where each is, its clock, its currency, and by whose hours it trades.

They are those whose sessions `exchange_calendars` knows, and two that need none: markets that never close, and
currencies, which close at the weekend.
"""

import csv
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from aion.errors import ConfigError

ALWAYS = "24/7"
"""Pseudo exchange of markets that never close; its sessions are UTC days."""
WEEKDAYS = "24/5"
"""Pseudo exchange of currencies; its sessions are the UTC days from Monday to Friday."""
FILE = Path(__file__).with_name("exchange.csv")


@dataclass(frozen=True, slots=True)
class Exchange:
    """What people call an exchange and where its clock is."""

    mic: str
    city: str
    timezone: str
    """IANA name."""
    currency: str
    """ISO 4217, of most of what it trades; empty where that says nothing."""
    hours: str
    """Code of the exchange by whose hours it trades: Nasdaq's are those of the New York Stock Exchange."""


def _read() -> dict[str, Exchange]:
    with FILE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {row["mic"]: Exchange(**{**row, "hours": row["hours"] or row["mic"]}) for row in rows}


EXCHANGES = _read()
_COMMON = ("XNYS", "XNAS", "XLON", "XHKG", "XETR", "XTKS", "CMES", WEEKDAYS, ALWAYS)
_NAMES = {
    "NYSE": "XNYS", "NASDAQ": "XNAS", "AMEX": "XASE", "ARCA": "XNYS", "ARCX": "XNYS", "BATS": "XNYS", "LSE": "XLON",
    "HKEX": "XHKG", "HKG": "XHKG", "XETRA": "XETR", "FWB": "XFRA", "JPX": "XTKS", "TSE": "XTKS", "TSX": "XTSE",
    "ASX": "XASX", "SIX": "XSWX", "SSE": "XSHG", "SGX": "XSES", "KRX": "XKRX", "BSE": "XBOM", "NSE": "XBOM",
    "B3": "BVMF", "JSE": "XJSE", "CME": "CMES", "CBOT": "CMES", "COMEX": "CMES", "NYMEX": "CMES", "ICE": "IEPA",
    "CFE": "XCBF", "EUREX": "XEUR", "FX": WEEKDAYS, "FOREX": WEEKDAYS, "CRYPTO": ALWAYS, "BINANCE": ALWAYS,
}  # fmt: skip
"""What people call them elsewhere."""


def exchange_of(mic: str) -> Exchange:
    """Return the exchange of `mic`.

    Raises:
        ConfigError: it is unknown; the message says what is likely meant.
    """
    found = EXCHANGES.get(mic)
    if found is None:
        meant = _NAMES.get(mic.upper()) or next(iter(get_close_matches(mic.upper(), EXCHANGES, 1)), None)
        hint = f"use {meant}" if meant else f"use an ISO 10383 code such as {', '.join(_COMMON)}"
        raise ConfigError(f"exchange {mic[:80]!r} is unknown; {hint} (all are in docs/feeds.md)")
    return found
