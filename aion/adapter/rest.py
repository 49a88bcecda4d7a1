"""Asks an HTTP API for JSON: one time limit for all of an answer, and a sentence for each failure."""

import asyncio
import os
import time
from base64 import b64encode
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

from aion.adapter.problem import AwayError, RefusedError
from aion.errors import printable
from aion.extras import need

LIMIT_S = 5.0  # of one request, from connecting to the last byte
MOST_BYTES = 32 << 20  # of an answer; 500 trades take under 2 MB
CLOCK_S = 10.0  # that two clocks may differ: the time of an answer has whole seconds, and servers keep it for one
CLOCK_MOVES_S = 3.0  # by which a difference that is known must change to be a new one
SHOWN = 160  # characters of an answer's own words in a sentence


class Rest:
    """One API. Close it when it is no longer needed."""

    def __init__(self, url: str, user: str, password: str, headers: Mapping[str, str] | None = None) -> None:
        """Make it; nothing is sent before `ask`.

        Args:
            url: its root, such as http://127.0.0.1:8080/api/v1.
            user: for HTTP basic authentication; empty for none.
            password: of the user.
            headers: of each request, for an API that takes keys in place of a user.
        """
        self._http = need("aiohttp", "attach")
        self._url, self._headers = url, dict(headers or {})
        self._credentials = "keys" if headers else "user and password"
        if user:
            self._headers["Authorization"] = f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"
        self.where = urlsplit(url).netloc
        """Host and port, as sentences name it."""
        self.ahead_s = 0.0
        """Seconds that its clock is ahead of this machine's; 0 where they agree or it does not say its time."""
        self._session: Any = None

    async def ask(self, path: str, method: str = "GET", body: Any = None) -> Any:
        """Return the JSON value that the API answers.

        Args:
            path: below the root, with its query.
            method: GET, POST or DELETE.
            body: JSON types; None for no body.

        Raises:
            AwayError: it did not answer in time, or not as an API does: it may do so later.
            RefusedError: it answered that it will not.
        """
        if self._session is None:
            connector = self._http.TCPConnector(limit=4, ttl_dns_cache=60)
            self._session = self._http.ClientSession(connector=connector, headers=self._headers, trust_env=False)
        data = None if body is None else orjson.dumps(body)
        try:
            async with asyncio.timeout(LIMIT_S):
                async with self._session.request(
                    method,
                    f"{self._url}{path}",
                    data=data,
                    headers={"Content-Type": "application/json"} if data is not None else None,
                    allow_redirects=False,
                ) as answer:
                    self._compare_clocks(answer.headers.get("Date"))
                    return self._value(path, answer.status, await _whole(answer))
        except TimeoutError:
            raise AwayError(f"{self.where} did not answer within {LIMIT_S:g} s") from None
        except self._http.ClientConnectorError as error:
            number = error.os_error.errno
            why = os.strerror(number) if number and number > 0 else str(error.os_error)
            raise AwayError(f"{self.where} cannot be reached: {printable(why)[:SHOWN]}") from None
        except (self._http.ClientError, OSError, ValueError) as error:
            raise AwayError(f"{self.where} broke off its answer: {printable(str(error))[:SHOWN]}") from None

    def _compare_clocks(self, said: str | None) -> None:
        if not said:
            return
        with suppress(ValueError, OverflowError):  # a header may hold anything
            ahead_s = parsedate_to_datetime(said).timestamp() + 0.5 - time.time()
            if abs(ahead_s) < CLOCK_S:
                self.ahead_s = 0.0
            elif abs(ahead_s - self.ahead_s) > CLOCK_MOVES_S:
                self.ahead_s = float(round(ahead_s))

    def _value(self, path: str, status: int, data: bytes) -> Any:
        where = f"{self.where} ({path.partition('?')[0]})"
        if status in (401, 403):
            raise RefusedError(f"{where} does not accept the {self._credentials} that it was given; check both")
        try:
            value = orjson.loads(data)
        except orjson.JSONDecodeError:
            value = None
        if status == 200 and value is not None:
            return value
        said = ""
        if isinstance(value, dict):
            said = str(value.get("error") or value.get("detail") or value.get("message") or "")
        said = f": {printable(said)[:SHOWN]}" if said else ""
        if status == 502 and said:  # freqtrade's own word for what it will not do
            raise RefusedError(said.rpartition(f"{path.partition('?')[0]}: ")[2].removeprefix(": "))
        if status in (404, 405, 422):
            raise RefusedError(f"{where} answered {status}{said}: it does not know this request")
        if status == 200:
            what = "a web page" if data.lstrip()[:1] == b"<" else "something that is not JSON"
            raise AwayError(f"{where} answered {what}: is the address that of its API?")
        raise AwayError(f"{where} answered {status}{said}")

    async def close(self) -> None:
        """Close its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


async def _whole(answer: Any) -> bytes:
    parts, size = [], 0
    async for part in answer.content.iter_any():
        size += len(part)
        if size > MOST_BYTES:
            raise ValueError(f"it is larger than {MOST_BYTES:,} bytes")
        parts.append(part)
    return b"".join(parts)
