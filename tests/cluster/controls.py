"""Requests at three desks while desks, relays and servers are killed: each is audited once and carried out once.

The bots are Aion's own with a ledger. Who asks does not repeat a question whose answer was cut off: nobody knows
whether that one was asked, but the audit and the ledger must agree about it.
"""

import json
import random
import sqlite3
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from aion.errors import LedgerError
from aion.ledger.query import read_ledger
from aion.store.layout import SUMMARY, Layout
from tests.cluster.machine import Part, until
from tests.cluster.servers import Servers
from tests.e2e.conftest import free_port

DESKS = ("d1", "d2", "d3")
PAUSE_S, DOWN_S = 1.5, 1.0  # between two kills, and until what was killed starts again
MORE_BOTS = 21  # beside those of a fresh desk
BOT = """
[bots.more{}]
kind = "intraday"
strategy = "opening_range_breakout"
symbols = ["MSFT"]
exchange = "XNAS"
currency = "USD"
cost = "us-equity"
cash = 100000
"""
AT_ONCE = 24  # requests of a bot that may wait for an answer: its folder keeps 50
ARRIVE_S = 120.0  # that the last ones have, once nothing is killed any more
LOOK_S = 0.3


@dataclass
class Found:
    """What was asked, and what came of it."""

    told: dict[str, str] = field(default_factory=dict)
    """Id by the token of each request that a desk said it took."""
    unknown: set[str] = field(default_factory=set)
    """Tokens of those whose answer was cut off."""
    refused: list[str] = field(default_factory=list)
    unheard: list[str] = field(default_factory=list)
    """Requests that a desk called done while no ledger had them."""
    kills: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass
class Desk:
    """One desk, its folder and its processes."""

    name: str
    data: Path
    url: str
    parts: dict[str, Part] = field(default_factory=dict)


def play(servers: Servers, count: int, seed: int, limit_s: float) -> Found:
    """Ask `count` times, or as often as `limit_s` seconds allow, with kills; then compare audits and ledger."""
    bots = servers.root / "bots"
    desks = _start(servers, bots)
    names = _names(bots)
    found, dice = Found(), random.Random(seed)
    started = time.monotonic()
    is_over = threading.Event()
    lock = threading.Lock()
    tokens = (f"n{number}" for number in range(count) if time.monotonic() - started < limit_s)
    asking = [
        threading.Thread(target=_ask, args=(desk, names, tokens, lock, found, bots, random.Random(seed + number)))
        for number, desk in enumerate(desks, 1)
    ]
    killing = threading.Thread(target=_kill, args=(servers, desks, is_over, found, dice))
    watching = threading.Thread(target=_watch, args=(desks, names, bots, is_over, found))
    for each in (*asking, killing, watching):
        each.start()
    for each in asking:
        each.join()
    is_over.set()
    killing.join()
    watching.join()
    with suppress(AssertionError):  # what is missing then is found below
        until(lambda: set(found.told.values()) <= _heard(bots).keys(), ARRIVE_S, 0.5)
    _settle(bots)
    found.seconds = time.monotonic() - started
    _judge(found, desks, bots)
    return found


def _start(servers: Servers, bots: Path) -> list[Desk]:
    servers.add("m1", "machine")
    for name in DESKS:
        servers.add(name, "desk")
    servers.start()
    bots.mkdir()
    (servers.root / "aion.toml").write_text("".join(BOT.format(number) for number in range(MORE_BOTS)))
    servers.part("bots", [sys.executable, "-m", "aion", "run", "--data", str(bots), "--speed", "1"])
    push = servers.end_of_relay("push", bots, "m1")
    desks = []
    for name in DESKS:
        data, port = servers.root / name, free_port()
        data.mkdir()
        desk = Desk(name, data, f"http://127.0.0.1:{port}")
        desk.parts["push"] = push
        desk.parts["pull"] = servers.end_of_relay("pull", data, name, "--machine", "m1")
        serve = [sys.executable, "-m", "aion", "serve", "--data", str(data), "--port", str(port)]
        desk.parts["serve"] = servers.part(f"serve-{name}", serve)
        desks.append(desk)
    until(lambda: len(_names(bots)) > 1, 90)
    for desk in desks:
        until(lambda desk=desk: _knows(desk, _names(bots)), 90, 0.2)  # type: ignore[misc]
    return desks


def _names(bots: Path) -> list[str]:
    """The day-trading bots that have written a state."""
    with suppress(FileNotFoundError):
        return sorted(json.loads((bots / SUMMARY).read_bytes())["bots"])
    return []


def _knows(desk: Desk, names: list[str]) -> bool:
    with suppress(httpx.HTTPError):
        urls = [f"{desk.url}/api/bots/{name}/control" for name in names]
        return all(httpx.get(url, trust_env=False, timeout=10).status_code == 200 for url in urls)
    return False


def _ask(
    desk: Desk, names: list[str], tokens: Iterator[str], lock: threading.Lock, found: Found, bots: Path,
    dice: random.Random,
) -> None:  # fmt: skip
    """Ask at one desk for as long as there are tokens."""
    client = httpx.Client(base_url=desk.url, trust_env=False, timeout=20, headers={"origin": desk.url})
    heard: set[str] = set()
    mine: dict[str, list[str]] = {name: [] for name in names}
    looked = 0.0
    while True:
        with lock:
            token = next(tokens, "")
        if not token:
            break
        name = dice.choice(names)
        while len(mine[name]) >= AT_ONCE // len(DESKS):
            if time.monotonic() - looked > LOOK_S:
                looked, heard = time.monotonic(), set(_heard(bots))
                for each in names:
                    mine[each] = [one for one in mine[each] if one not in heard]
            if len(mine[name]) >= AT_ONCE // len(DESKS):
                time.sleep(0.05)
        action = dice.choice(("pause", "resume", "pause", "resume", "flatten"))
        while True:
            try:
                answer = client.post(f"/api/bots/{name}/control", json={"action": action, "reason": token})
            except httpx.ConnectError:  # nothing was sent
                time.sleep(0.1)
                continue
            except httpx.HTTPError:
                found.unknown.add(token)
                break
            if answer.status_code == 429:
                time.sleep(0.2)
                continue
            if answer.status_code != 200:
                found.refused.append(f"{token}: {answer.status_code} {answer.text[:200]}")
                break
            found.told[token] = answer.json()["id"]
            mine[name].append(answer.json()["id"])
            break
    client.close()


def _kill(servers: Servers, desks: list[Desk], is_over: threading.Event, found: Found, dice: random.Random) -> None:
    """Kill something, wait, start it again."""
    while not is_over.wait(PAUSE_S * (0.5 + dice.random())):
        desk = dice.choice(desks)
        what = dice.choice(("serve", "pull", "push", "server"))
        part = dice.choice(list(servers.running.values())) if what == "server" else desk.parts[what]
        part.kill()
        found.kills[what] += 1
        is_over.wait(DOWN_S * dice.random())
        part.start()


def _watch(desks: list[Desk], names: list[str], bots: Path, is_over: threading.Event, found: Found) -> None:
    """Look at what desks call done, and whether a bot has heard it."""
    with httpx.Client(trust_env=False, timeout=10) as client:
        while not is_over.wait(LOOK_S):
            for desk in desks:
                for name in names:
                    with suppress(httpx.HTTPError, ValueError, KeyError):
                        requests = client.get(f"{desk.url}/api/bots/{name}/control").json()["requests"]
                        done = {each for each, line in requests.items() if line["state"] == "done"}
                        if missing := done - _heard(bots).keys():
                            found.unheard += [f"{desk.name} called {each} of {name} done" for each in missing]


def _heard(bots: Path) -> Counter[str]:
    """How often each request is in the ledger, by its id."""
    with suppress(LedgerError), read_ledger(Layout(bots).ledger) as ledger:
        return Counter(each.id for each in ledger.audits())
    return Counter()


def _settle(bots: Path) -> None:
    """Wait until the ledger has grown no more for three seconds: requests of unknown fate arrive too."""
    size, since = -1, time.monotonic()
    while time.monotonic() - since < 3:
        if (now := len(_heard(bots))) != size:
            size, since = now, time.monotonic()
        time.sleep(0.3)


def _judge(found: Found, desks: list[Desk], bots: Path) -> None:
    """Compare the audits of all desks with the ledger, by the token of each request."""
    audited: Counter[str] = Counter()
    for desk in desks:
        with closing(sqlite3.connect(f"file:{Layout(desk.data).desk}?mode=ro", uri=True)) as store:
            lines = store.execute("select after from audit where what like '% asked of %'").fetchall()
        audited.update(json.loads(after)["reason"] for (after,) in lines)
    with read_ledger(Layout(bots).ledger) as ledger:
        carried = Counter(each.reason for each in ledger.audits() if each.reason.startswith("n"))
    for token in sorted({*found.told, *found.unknown, *audited, *carried}):
        wanted = (1,) if token in found.told else (0, 1)
        if audited[token] not in wanted or carried[token] not in wanted or audited[token] != carried[token]:
            state = found.told.get(token, "its answer was cut off")
            found.wrong.append(
                f"{token} ({state}): audited {audited[token]} times, carried out {carried[token]} times"
            )
