"""How long after a rename a change is on the wire, and in the page of a real browser."""

import re
import shutil
import socket
import subprocess
import time
import zlib
from typing import Any

from bench import data
from bench.load import monotonic
from bench.peer import Aion
from bench.tool import OUT, ROOT, Missing, python, quantile

WIRE_BUNDLE = 35_000
WIRE_WRITES = 400
PAGE_WRITES = 220


def wire(writes: int = WIRE_WRITES) -> dict[str, Any]:
    """Rename, then wait for the whole event at one client; the pauses in between differ, so that nothing beats."""
    aion = Aion(_fresh(OUT / "state-wire", WIRE_BUNDLE))
    try:
        found = {"bundle_bytes": len(data.bundle_bytes(aion.folder))}
        for name, is_gzip in (("identity", False), ("gzip", True)):
            took = _wire_times(aion, writes, is_gzip=is_gzip)
            found[name] = _summary(took)
        return found
    finally:
        aion.stop()


def _fresh(folder: Any, size: int) -> Any:
    shutil.rmtree(folder, ignore_errors=True)
    return data.sized_folder(folder, size) if size else data.copy_real(folder)


def _summary(took_s: list[float]) -> dict[str, float]:
    ordered = [each * 1000 for each in took_s]
    return {
        "p50_ms": quantile(ordered, 0.5),
        "p99_ms": quantile(ordered, 0.99),
        "most_ms": max(ordered),
        "count": len(ordered),
    }


def _wire_times(aion: Aion, writes: int, *, is_gzip: bool) -> list[float]:
    link = socket.create_connection(("127.0.0.1", aion.port), 10)
    try:
        accept = "Accept-Encoding: gzip\r\n" if is_gzip else ""
        head = "\r\n".join(("Host: 127.0.0.1", *aion.headers))
        link.sendall(f"GET /events/bots HTTP/1.1\r\n{head}\r\n{accept}\r\n".encode())
        unpack = zlib.decompressobj(31) if is_gzip else None
        text = b""
        raw = b""
        while b"\r\n\r\n" not in raw:
            raw += link.recv(1 << 18)
        raw = raw.partition(b"\r\n\r\n")[2]

        def wait_for(mark: bytes) -> float:
            """Read until the event that holds `mark` is here as a whole."""
            nonlocal raw, text
            while True:
                text, raw = text + _chunks(raw, unpack, rest := []), rest[0]
                at = text.find(mark)
                if at >= 0 and (end := text.find(b"\n\n", at)) >= 0:
                    text = text[end + 2 :]
                    return monotonic()
                got = link.recv(1 << 18)
                if not got:
                    raise ConnectionError("the desk closed the stream")
                raw += got

        wait_for(b"event: bots\n")
        took = []
        for number in range(writes):
            time.sleep(0.005 + 0.0037 * (number % 7))
            began = aion.publish()
            mark = b'"equity":%.1f' % (100_000.5 + aion.number)
            took.append(wait_for(mark) - began)
        return took
    finally:
        link.close()


def _chunks(raw: bytes, unpack: Any, rest: list[bytes]) -> bytes:
    """Return what whole chunks of chunked coding at the start of `raw` carry; what is left goes to `rest`."""
    found = b""
    while True:
        size, line_end, more = raw.partition(b"\r\n")
        if not line_end or len(more) < int(size, 16) + 2:
            rest.append(raw)
            return found
        part = more[: int(size, 16)]
        raw = more[int(size, 16) + 2 :]
        found += unpack.decompress(part) if unpack else part


def page(writes: int = PAGE_WRITES) -> dict[str, Any]:
    """Rename, then wait until the figure stands in the Bots page of Chromium, as its own clock says."""
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - a part of the bench only
    except ImportError:
        raise Missing("playwright: the page is measured in a real browser") from None
    done = subprocess.run([python(), "tools/browser.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Missing("a Chromium for the page's part")
    program = re.findall(r"browser (.+)", done.stdout)[0]
    aion = Aion(_fresh(OUT / "state-page", WIRE_BUNDLE))
    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--disable-quic", "--no-first-run"]  # fmt: skip
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=flags)
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            tab = context.new_page()
            url = f"http://127.0.0.1:{aion.port}"
            answer = context.request.post(
                f"{url}/api/session", data={"password": "a password of the bench"}, headers={"origin": url}
            )
            if not answer.ok:
                raise Missing(f"a login for the page's part: {answer.status} {answer.text()[:200]}")
            tab.add_init_script(WATCH)
            tab.goto(f"{url}/bots")
            tab.wait_for_selector("text=bench", timeout=20_000)
            tab.wait_for_timeout(1500)
            began: dict[str, float] = {}
            for number in range(writes):
                before = time.time() - monotonic()
                began_at = aion.publish()
                began[f"{100_000.5 + aion.number:,.2f}"] = before + began_at
                tab.wait_for_timeout(45 + 7 * (number % 5))
            tab.wait_for_timeout(500)
            seen: dict[str, float] = tab.evaluate("window.seenFigures")
            browser.close()
        took = [seen[text] / 1000 - at for text, at in began.items() if text in seen]
        return _summary(took) | {"writes": writes, "seen": len(took)}
    finally:
        aion.stop()


WATCH = """
window.seenFigures = {};
const look = (text) => {
  for (const found of text.match(/1[0-9]{2},[0-9]{3}\\.[0-9]{2}/g) ?? [])
    window.seenFigures[found] ??= performance.timeOrigin + performance.now();
};
new MutationObserver((changes) => {
  for (const change of changes) {
    if (change.type === "characterData") look(change.target.data);
    for (const node of change.addedNodes) look(node.textContent ?? "");
  }
}).observe(document, { subtree: true, childList: true, characterData: true });
"""
