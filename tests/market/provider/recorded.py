"""Providers over recorded answers."""

import re
from typing import Any

from curl_cffi import requests as curl

from aion.clock import FixedClock
from aion.market.provider.alpaca import AlpacaProvider
from aion.market.provider.protocol import Provider
from aion.market.provider.yahoo import YahooProvider
from tests.market.provider.stock import END, StockServer


class LocalSession(curl.Session):  # type: ignore[type-arg]
    """Yahoo's hosts are the server of the test."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._base_of_test = url

    def request(self, method: Any, url: str, *args: Any, **options: Any) -> Any:
        url = re.sub(r"https://[a-z0-9.]*yahoo\.com", self._base_of_test, url)
        return super().request(method, url, *args, **options)


def alpaca(server: StockServer) -> Provider:
    return AlpacaProvider("key", "secret", server.url)


def yahoo(server: StockServer) -> Provider:
    return YahooProvider(LocalSession(server.url), FixedClock(END))
