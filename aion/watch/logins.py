"""Detects logins that are refused for too long: somebody is guessing, and others may be locked out."""

from collections.abc import Iterator
from pathlib import Path

from aion.watch.finding import Finding
from aion.web.security.lockout import read_lockouts
from aion.web.security.tries import STRANGERS

LASTS_S = 60.0  # from the first refusal to the newest: a person who mistypes is let in long before


class LoginWatch:
    """Checks who is refused."""

    def __init__(self, desk: Path) -> None:
        """Args: desk: path of `desk.sqlite`."""
        self._desk = desk

    def look(self, now_s: float) -> Iterator[Finding]:
        """Yield the findings at `now_s`, seconds since 1970, without addresses, which only the audit shows."""
        lasting = {each.name for each in read_lockouts(self._desk, now_s) if each.at - each.since >= LASTS_S}
        for name in sorted(lasting & STRANGERS.keys()):
            text = (
                f"logins of {STRANGERS[name]} have been refused for over a minute: too many wrong passwords. "
                "The audit says from where. `aion token make` on this machine gives a way in that no guessing closes."
            )
            yield Finding(f"login.{name.replace(' ', '_') or 'all'}", "login", "warning", "logins", text)
        if lasting - STRANGERS.keys():
            text = (
                "logins from an address have been refused for over a minute: somebody there keeps trying passwords. "
                "The audit says from where. Others are let in."
            )
            yield Finding("login.address", "login", "warning", "logins", text)
