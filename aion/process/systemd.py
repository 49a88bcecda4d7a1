"""Reports the state of a service to systemd (sd_notify(3)); does nothing if systemd does not run it."""

import asyncio
import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress


class Notifier:
    """Sends to the socket that `NOTIFY_SOCKET` names."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        """Args: environment: of this process; without `NOTIFY_SOCKET` nothing is sent."""
        address = environment.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address
        usec = environment.get("WATCHDOG_USEC", "")
        is_ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        self._every_s = int(usec) / 3e6 if usec.isdecimal() and is_ours else 0.0
        self._beat_at = 0.0
        self._said = ""

    def say(self, text: str) -> None:
        """Send `text` (`READY=1`, `STOPPING=1`, ...) once; a repetition is skipped."""
        if self._address and text != self._said:
            self._said = text
            self._send(text)

    def beat(self) -> None:
        """Tell systemd's watchdog that this process is alive, three times per interval."""
        now = time.monotonic()
        if self._every_s and now - self._beat_at >= self._every_s:
            self._beat_at = now
            self._send("WATCHDOG=1")

    def beat_in_loop(self) -> None:
        """In an event loop: report that the service is ready, and from then on that the loop runs."""
        self.say("READY=1")
        self._beat_on()

    def _beat_on(self) -> None:
        if self._address and self._every_s:
            self._send("WATCHDOG=1")
            asyncio.get_running_loop().call_later(self._every_s, self._beat_on)

    def _send(self, text: str) -> None:
        # a manager that is gone or full must not stop the service
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.setblocking(False)
            channel.sendto(text.encode(), self._address)
