"""How often a password may be tried, over all workers and restarts of a desk: `desk.sqlite` remembers.

A try is taken from two buckets: the sender's own, and one that many senders share. Who has logged in before, from
the same browser or the same address, shares a bucket with others of that role alone, so that no crowd of strangers,
and no viewers, lock an admin out. A browser that has logged in has its own bucket too, wherever it is: others behind
the same address cannot empty it. A login that succeeds gives back what it took.

Only a try that is let through is written, so that no flood writes more than `ALL_TRIES` lines at once and then one in
`ALL_REFILL_S` for each kind of sender; what is full again is forgotten.

Source: "Slow Down Online Guessing Attacks with Device Cookies", OWASP.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aion.web.http.limit import MAX_ADDRESSES, network_of, refilled
from aion.web.security.lockout import Lockouts
from aion.web.security.store import DeskStore, Identity, Role, hash_key

TRIES = 5
REFILL_S = 10.0
"""Seconds after which a sender has one try more."""
ALL_TRIES = 60
ALL_REFILL_S = 1.0
FULL_S = max(TRIES * REFILL_S, ALL_TRIES * ALL_REFILL_S)
"""Seconds after which everything is full again, whatever was taken."""
FAMILIAR_S = 90 * 86_400.0
"""Seconds for which a browser or an address that has logged in is known."""
MAX_FAMILIAR = 1000  # of a role; beyond it who was away longest is forgotten
_ALL = ""  # stands for all strangers together
STRANGERS = {
    _ALL: "everybody who has not logged in before",
    "familiar viewer": "all viewers who have logged in before",
    "familiar admin": "all admins who have logged in before",
}
"""Those who share a bucket, for people."""
_DEVICE = "device "  # before the hash of what a browser was given at its login


@dataclass(frozen=True, slots=True)
class _Sender:
    own: str
    shared: str
    role: Role | None
    """Under which it has logged in before."""


class TryLimit:
    """Tries of a password that are left."""

    def __init__(self, store: DeskStore, now_s: Callable[[], float] = time.time) -> None:
        """Go on with what is known.

        Args:
            store: what all workers share.
            now_s: a clock in seconds that all workers and the next start share.
        """
        self._store = store
        self._now_s = now_s
        self._refused: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()
        self._lockouts = Lockouts(store)

    def take(self, address: str, device: str = "") -> float:
        """Take one try; return 0, or the seconds to wait when there is none.

        Args:
            address: of whoever tries.
            device: what its browser was given at an earlier login; empty for one that has none.

        Raises:
            DeskStoreError: it cannot be written down: nobody may try.
        """
        now = self._now_s()
        with self._store.write() as write:
            write(
                "update tried set at = ? where at > ?", now, now
            )  # the clock went back: nobody waits for it to come again
            sender = self._sender(write, address, device, now)
            found = write("select * from tried where name in (?, ?)", sender.shared, sender.own)
            known = {name: (left, at) for name, left, at in found}
            all_left, all_wait_s = refilled(known.get(sender.shared, (ALL_TRIES, now)), now, ALL_TRIES, ALL_REFILL_S)
            left, wait_s = refilled(known.get(sender.own, (TRIES, now)), now, TRIES, REFILL_S)
            is_let_in = not (all_wait_s or wait_s)
            if is_let_in:
                write("delete from tried where at <= ?", now - FULL_S)
                write(
                    "insert or replace into tried values (?, ?, ?), (?, ?, ?)",
                    sender.shared,
                    all_left - 1,
                    now,
                    sender.own,
                    left - 1,
                    now,
                )
        if not is_let_in:
            self._lockouts.note(sender.shared if all_wait_s else sender.own, now)
            return max(all_wait_s, wait_s)
        with self._lock:
            self._refused.pop(network_of(address), None)
        return 0.0

    def is_news(self, address: str) -> bool:
        """Tell whether this worker now refuses `address` for the first time since a try: the audit hears of it."""
        key = network_of(address)
        with self._lock:
            is_first = key not in self._refused
            self._refused[key] = None
            while len(self._refused) > MAX_ADDRESSES:
                self._refused.popitem(last=False)
        return is_first

    def role_of(self, address: str, device: str = "") -> Role | None:
        """Return the role under which the sender has logged in before, None for a stranger."""
        with self._store.write() as write:
            return self._sender(write, address, device, self._now_s()).role

    def give_back(self, address: str, device: str = "") -> None:
        """Give the last try back: the password was not looked at."""
        with self._store.write() as write:
            self._give_back(write, self._sender(write, address, device, self._now_s()))

    def forgive(self, address: str, role: Role, device: str = "") -> None:
        """Give back what was taken, for a password was right, and know the sender from now on.

        An admin gets all tries back, a viewer the last one alone: its password must not buy tries of the admin's.
        """
        now = self._now_s()
        with self._store.write() as write:
            sender = self._sender(write, address, device, now)
            self._give_back(write, sender)
            if role == "admin":
                write("delete from tried where name = ?", sender.own)
            names = {network_of(address)} | ({sender.own} if sender.role else set())
            for name in names:
                _remember(write, name, role, now)

    @staticmethod
    def _give_back(write: Callable[..., list[Any]], sender: _Sender) -> None:
        for name, most in ((sender.own, TRIES), (sender.shared, ALL_TRIES)):
            write("update tried set left = min(?, left + 1) where name = ?", most, name)

    @staticmethod
    def _sender(write: Callable[..., list[Any]], address: str, device: str, now: float) -> _Sender:
        network = network_of(address)
        by_device = _DEVICE + hash_key(device) if device else network
        found = dict(
            write(
                "select name, role from familiar where name in (?, ?) and at > ?",
                by_device,
                network,
                now - FAMILIAR_S,
            )
        )
        own = by_device if by_device in found else network
        role: Role | None = found.get(own)
        return _Sender(own, f"familiar {role}" if role else _ALL, role)


def give_device(store: DeskStore, identity: Identity) -> str:
    """Return by what the browser of a session is known from now on, at a login after this session too."""
    device = hash_key(f"device {identity.key}")
    with store.write() as write:
        _remember(write, _DEVICE + hash_key(device), identity.role, store.now_s())
    return device


def _remember(write: Callable[..., list[Any]], name: str, role: Role, now: float) -> None:
    write(
        "insert into familiar values (?, ?, ?) on conflict (name) do update set at = excluded.at, "
        "role = case when role = 'admin' then role else excluded.role end",
        name,
        role,
        now,
    )
    write("delete from familiar where at <= ?", now - FAMILIAR_S)
    write(
        "delete from familiar where name in "
        "(select name from familiar where role = ? order by at desc limit -1 offset ?)",
        role,
        MAX_FAMILIAR,
    )
