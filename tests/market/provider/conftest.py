"""A server that speaks the protocols of Alpaca and Yahoo."""

from collections.abc import Iterator

import pytest

from tests.market.provider.stock import StockServer


@pytest.fixture
def server() -> Iterator[StockServer]:
    made = StockServer()
    made.url = made.start()
    yield made
    made.stop()
