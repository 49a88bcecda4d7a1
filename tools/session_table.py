"""Write the session table that ships with Aion from `exchange_calendars`, or check that it is the same.

    python tools/session_table.py            # rewrite aion/market/session_table.csv.gz
    python tools/session_table.py --check    # compare with what is there; exit 1 on a difference

The table covers past years only, whose sessions do not change any more.
"""

import argparse
import gzip

from aion.clock import iso
from aion.market.calendar import RECORDED_FILE, RECORDED_FIRST, RECORDED_LAST, MarketSession, calculate

MARKETS = ("XNYS", "XLON", "XHKG")  # XNAS keeps the sessions of XNYS


def line(session: MarketSession) -> str:
    """Return one session as a line: mic, day, open, close, lunch start, lunch end, 1 for a half-day."""
    moments = (session.open, session.close, session.break_start, session.break_end)
    times = [iso(each) if each else "" for each in moments]
    return ",".join([session.mic, session.day.isoformat(), *times, str(int(session.half_day))])


def build() -> bytes:
    """Return the content of the file, the same bytes for the same sessions."""
    lines = [line(each) for mic in MARKETS for each in calculate(mic, RECORDED_FIRST, RECORDED_LAST)]
    return gzip.compress("".join(f"{each}\n" for each in lines).encode(), 9, mtime=0)


def main() -> int:
    """Rewrite or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    data = build()
    if parser.parse_args().check:
        same = RECORDED_FILE.is_file() and gzip.decompress(RECORDED_FILE.read_bytes()) == gzip.decompress(data)
        print("same" if same else "DIFFERENT", RECORDED_FILE.name)
        return 0 if same else 1
    RECORDED_FILE.write_bytes(data)
    print(f"{len(data)} bytes {RECORDED_FILE.name}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
