"""The portfolio as topics that exist while somebody asks for them: its totals, and each page of rows."""

from typing import Any

from aion.live.disk.source import Tree
from aion.live.topic import Built
from aion.store.document.base import made, to_json
from aion.web.bundle.pages import closes_by_day
from aion.web.bundle.portfolio.document import Portfolio
from aion.web.bundle.portfolio.row import MOST_EXPOSURES, Holders, exposures, position_page, query_of, trade_page
from aion.web.bundle.portfolio.span import Account, currency_totals
from aion.web.bundle.reader import DeskReader
from aion.web.bundle.reading import Desk

TOTALS = "totals"


class PortfolioTopics:
    """Builds what all bots together come to."""

    def __init__(self, reader: DeskReader) -> None:
        """Args: reader: reads the files; shared with the other topics."""
        self._reader = reader
        self._holders = Holders()

    def __call__(self, tree: Tree[Any], key: str) -> Built | None:
        """Return it as the files are now; None for a key that is none."""
        desk, revisit_in_s = self._reader.read(tree)
        if key == TOTALS:
            shown = to_json(_portfolio(desk, self._holders))
        else:
            query = query_of(key)
            if query is None:
                return None
            cards = desk.cards.values()
            is_held = query.part == "positions"
            shown = to_json(position_page(self._holders.of(cards), query) if is_held else trade_page(cards, query))
        return Built({name: value for name, value in shown.items() if name not in ("version", "etag")}, revisit_in_s)


def is_asked(key: str) -> bool:
    """Tell whether there can be a topic of a key."""
    return key == TOTALS or query_of(key) is not None


def _portfolio(desk: Desk, holders: Holders) -> Portfolio:
    accounts = []
    for key, card in desk.cards.items():
        accounts.append(Account(card.row, card.curve.closes, closes_by_day(desk, key), card.doc.flows.values()))
    for name, line in desk.lines.items():
        if ("intraday", name) not in desk.cards:
            accounts.append(Account(line, {}, closes_by_day(desk, ("intraday", name))))
    found = exposures(holders.of(desk.cards.values()))
    return made(Portfolio)(
        version=0,
        totals=currency_totals(accounts),
        exposure=found[:MOST_EXPOSURES],
        exposure_total=len(found),
    )
