"""Viewers of the Bots page of `bench/many.py`, in one process: what each is sent, and how late it is.

python -m bench.viewer PORT BOTS VIEWERS FORM SETTLING_S SECONDS [bad]

With `bad`, bots that `Fleet.spoil` makes bad are not counted: it is asked what they do to the others.
"""

import asyncio
import json
import sys
import time
import zlib
from datetime import datetime
from typing import Any

from bench.fleet import is_spoilt
from bench.tool import quantile, raise_limits

SCREENS = ((7, 4), (17, 4), (0, 8))
"""Rows and cards that a window of 1280 x 720 subscribes to: just opened, at the table, among the cards."""


def topics(bots: int, viewer: int, viewers: int, form: str) -> list[str]:
    """Return what one viewer sees: a third of them stand at the top, the others each at a place of their own."""
    rows, cards = SCREENS[viewer % len(SCREENS)]
    start = 0 if viewer % len(SCREENS) == 0 else viewer * bots // viewers
    shown = [(start + each) % bots for each in range(min(max(rows, cards), bots))]
    names = [f"{'swing' if form == 'foreign' and each % 2 else 'intraday'}/synthetic_{each:04}" for each in shown]
    return ["totals", "index", *(f"row/{name}" for name in names[:rows]), *(f"bot/{name}" for name in names[:cards])]


READERS = 6  # of two viewers at each screen what comes is looked into


class Viewer:
    """One open stream; it takes patches, as a page does."""

    def __init__(self, *, is_reader: bool, is_bad: bool = False) -> None:
        """Args: is_reader: True to look into what comes; is_bad: True to leave out bots that are bad."""
        self._is_bad = is_bad
        self.bytes = 0
        self.late_ms: list[float] = []
        self._unpack = zlib.decompressobj(31) if is_reader else None
        self._text = b""
        self._raw = b""
        self.is_counting = False
        self.sent: dict[str, int] = {}
        """Bytes of the events, not compressed, by topic."""

    async def run(self, port: int, wanted: list[str]) -> None:
        """Read until it is cancelled."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        query = f"topics={','.join(wanted)}&patches={','.join(wanted)}"
        writer.write(
            f"GET /api/events?{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept-Encoding: gzip\r\n\r\n".encode()
        )
        head = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head:
            raise ConnectionError(head.decode())
        while data := await reader.read(1 << 18):
            if self.is_counting:
                self.bytes += len(data)
            if self._unpack is not None:
                self._take(data, time.time())
        raise ConnectionError("the desk closed the stream")

    def _take(self, data: bytes, now_s: float) -> None:
        assert self._unpack is not None
        self._raw += data
        while True:
            size, line_end, more = self._raw.partition(b"\r\n")
            if not line_end or len(more) < int(size, 16) + 2:
                break
            self._text += self._unpack.decompress(more[: int(size, 16)])
            self._raw = more[int(size, 16) + 2 :]
        *events, self._text = self._text.split(b"\n\n")
        for event in events if self.is_counting else ():
            name = event.partition(b"\n")[0].removeprefix(b"event: ").decode()
            value = json.loads(event.partition(b"data: ")[2] or b"{}")
            topic = value["topic"] if name == "patch" else name
            self.sent[topic.partition("/")[0]] = self.sent.get(topic.partition("/")[0], 0) + len(event)
            if self._is_bad and topic.startswith(("row/", "bot/")) and is_spoilt(topic):
                continue
            if topic.startswith(("row/", "bot/")) and (at := _written_at(name, value)):
                self.late_ms.append((now_s - datetime.fromisoformat(at).timestamp()) * 1000)


def _written_at(name: str, value: dict[str, Any]) -> str:
    shown = value["patches"][-1] if name == "patch" else value
    return str((shown.get("bot") or {}).get("written_at", ""))


async def watch(
    port: int, bots: int, viewers: int, form: str, settling_s: float, seconds: float, *, is_bad: bool
) -> dict[str, Any]:
    """Return the bytes a second of a viewer, and how late rows were."""
    found = [Viewer(is_reader=number < READERS, is_bad=is_bad) for number in range(viewers)]
    tasks = [
        asyncio.create_task(each.run(port, topics(bots, number, viewers, form))) for number, each in enumerate(found)
    ]
    await asyncio.sleep(settling_s)
    for each in found:
        each.is_counting = True
    await asyncio.sleep(seconds)
    for each in found:
        each.is_counting = False
    if ended := [task for task in tasks if task.done()]:
        ended[0].result()
    for task in tasks:
        task.cancel()
    rates = [each.bytes / seconds for each in found]
    late = [value for each in found for value in each.late_ms]
    return {
        "bytes_s": sum(rates) / len(rates), "most_bytes_s": max(rates), "events": len(late),
        "p50_ms": quantile(late, 0.5), "p99_ms": quantile(late, 0.99), "plain_bytes": found[0].sent,
    }  # fmt: skip


def main() -> None:
    """Watch, and print what was seen."""
    raise_limits()
    port, bots, viewers, form, settling, seconds, *more = sys.argv[1:]
    found = asyncio.run(
        watch(int(port), int(bots), int(viewers), form, float(settling), float(seconds), is_bad=more == ["bad"])
    )
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
