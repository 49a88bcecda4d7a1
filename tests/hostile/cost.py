"""State files that cost as much as they can, put before a real desk that four viewers look at.

    python -m tests.hostile.cost

Prints for each what the desk says of it, how much more memory the desk took at most, and the longest time that
somebody waited for another route meanwhile.
"""

import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import orjson
import psutil

from aion.store.document.bound import MAX_CONTAINERS, MAX_VALUES
from aion.store.file import MAX_FILE_BYTES, gzip_bytes
from aion.store.layout import Layout
from tests.fault.desk import PAGE, running, until
from tests.web.sample import Writer

NAME = "rolling_costly.json.gz"
VIEWERS = 4
ALLOWED_BYTES = 150 << 20
"""More memory for what is refused or ignored; what is intact is held once for each who asks for it."""
HEAD = {
    "schema": "aion/swing_rolling/1", "bot": "costly", "currency": "USD", "as_of": "2026-01-02T10:00Z", "equity": 1,
    "cash": 1,
}  # fmt: skip
FILL = b'{"ts":"2026-01-02T10:00Z","symbol":"A","side":"buy","quantity":1,"price":1.5}'
LIST, VALUES = MAX_CONTAINERS - 10, MAX_VALUES - 100
LONG = MAX_FILE_BYTES - 1_000


def _map(count: int, value: bytes) -> bytes:
    return b"{" + b",".join(b'"k%d":%b' % (number, value) for number in range(count)) + b"}"


DOCUMENTS: dict[str, Callable[[], tuple[bytes, bytes]]] = {
    "19 million `{}`, packed": lambda: (b"extra", b"[" + b"{}," * 19_000_000 + b"1]"),
    "as many `{}` as are let in": lambda: (b"extra", b"[" + b"{}," * LIST + b"1]"),
    "as many `[]`": lambda: (b"extra", b"[" + b"[]," * LIST + b"1]"),
    "as many numbers": lambda: (b"extra", b"[" + b"1.23456789e-300," * VALUES + b"1]"),
    "as many names": lambda: (b"extra", _map(VALUES // 2, b"1")),
    "one name again and again": lambda: (b"extra", b"{" + b'"k":{},' * LIST + b'"k":1}'),
    "1,000 levels, many times": lambda: (b"extra", b"[" + (b"[" * 999 + b"]" * 999 + b",") * (LIST // 1000) + b"1]"),
    "a million levels": lambda: (b"extra", b"[" * 1_000_000 + b"]" * 1_000_000),
    "a text of 16 MB in four bytes a letter": lambda: (b"extra", b'"' + b"x" * LONG + b'\xf0\x9f\x98\x80"'),
    "a name of 16 MB": lambda: (b"positions", b'{"' + b"x" * LONG + b'":{}}'),
    "an integer of 16 million digits": lambda: (b"extra", b"9" * LONG),
    "1e400": lambda: (b"cash", b"1e400"),
    "fills without a field": lambda: (b"fills", _map(LIST, b"{}")),
    "a fill with many wrong fees": lambda: (
        b"fills", b'{"f":' + FILL[:-1] + b',"fees":' + _map(VALUES // 3, b'"x"') + b"}}",
    ),
    "wrong times": lambda: (b"equity_curve", _map(VALUES // 2, b"1")),
    "a null behind long names": lambda: (
        b"extra", b'{"' + b"k" * 200_000 + b'":' + _map(VALUES // 3, b"1") + b',"z":null}',
    ),
    "as many sound fills": lambda: (b"fills", _map(VALUES // 14, FILL)),
}  # fmt: skip
"""A field and its value, by what it is."""


def document(what: str) -> bytes:
    """Return one of `DOCUMENTS` as the bytes of a state file."""
    name, value = DOCUMENTS[what]()
    return orjson.dumps({key: each for key, each in HEAD.items() if key != name.decode()})[:-1] + b',"%b":%b}' % (
        name, value,
    )  # fmt: skip


class Pulse(threading.Thread):
    """Asks whether the desk lives, again and again, and remembers the longest wait."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.longest_s = 0.0
        self._url = f"http://127.0.0.1:{port}/healthz"
        self._done = threading.Event()

    def run(self) -> None:
        with httpx.Client(trust_env=False, timeout=60) as client:
            client.get(self._url)
            while not self._done.wait(0.002):
                began = time.perf_counter()
                client.get(self._url).raise_for_status()
                self.longest_s = max(self.longest_s, time.perf_counter() - began)

    def stop(self) -> float:
        self._done.set()
        self.join()
        return self.longest_s


def peak(process: psutil.Process) -> int:
    """Return the most memory that a process has held since `forget_peak`, bytes."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) << 10


def forget_peak(process: psutil.Process) -> None:
    Path(f"/proc/{process.pid}/clear_refs").write_text("5")


def strain(folder: Path, chosen: list[str]) -> Iterator[tuple[str, str, int, float]]:
    """Yield for each document what the desk says, memory taken beyond the start's (bytes), longest wait (s)."""
    data = folder / "data"
    Writer(data).swing("mine", equity=1.0)
    target = Layout(data).swing / NAME
    with running("serve", data) as aion:
        aion.get()
        before = aion.root.memory_info().rss
        for what in chosen:
            packed = gzip_bytes(document(what), 9 if "packed" in what else 1)
            forget_peak(aion.root)
            pulse = Pulse(aion.port)
            pulse.start()
            partial = target.with_name(".partial")
            partial.write_bytes(packed)
            partial.rename(target)
            with ThreadPoolExecutor(VIEWERS) as viewers:
                list(viewers.map(aion.get, ["/api/swing/bots/costly", PAGE] * VIEWERS))
            page = aion.get().raise_for_status().json()
            longest = pulse.stop()
            told = page["errors"].get("swing.costly", {}).get("reason", "shown")
            if page["swing"]["bots"]["mine"]["equity"] != 1.0:
                raise AssertionError("the other bot is not shown")
            yield what, told, peak(aion.root) - before, longest
            target.unlink()
            until("the file is gone", lambda: "costly" not in aion.get().json()["swing"]["bots"])


def main() -> int:
    print("| file | the desk says | more memory | longest wait for another route |\n|---|---|---|---|")
    most = 0
    with tempfile.TemporaryDirectory(prefix="aion-cost-") as folder:
        for what, told, grown, longest in strain(Path(folder), list(DOCUMENTS)):
            most = max(most, grown)
            print(f"| {what} | {told[:100]} | {grown / 2**20:.0f} MB | {longest * 1000:.0f} ms |", flush=True)
    return 1 if most > 2 * ALLOWED_BYTES else 0


if __name__ == "__main__":
    sys.exit(main())
