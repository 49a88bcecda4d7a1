"""`aion doctor`: checks what Aion needs from the machine; each failure says what to do."""

import errno
import grp
import http.client
import json
import os
import shutil
import ssl
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from aion.clock import iso, parse_iso
from aion.config import LOOPBACK_HOSTS, Settings
from aion.errors import AionError
from aion.store.file import write_bytes
from aion.store.layout import DESK_STORE, LEDGER, LOGS, Layout
from aion.store.private import is_shared, open_to_others

MIN_WATCHES = 8192
MIN_INSTANCES = 64
LEAST_PYTHON = (3, 11)
EXTRAS = {"alpaca": "alpaca-py", "ccxt": "ccxt", "yahoo": "yfinance", "alerts": "apprise", "parquet": "pyarrow"}
"""Package of each extra."""
FEED_S = 30.0  # what a feed gets to answer
STREAM_S = 8.0  # what a proxy gets to hand on the greeting and two heartbeats, which come within four
LIMITS = Path("/proc/sys/fs/inotify")


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check."""

    name: str
    is_fine: bool
    text: str
    todo: str = ""
    """What to do when it is not fine."""


def checks(settings: Settings, url: str = "", token: str = "") -> Iterator[Check]:
    """Yield each check as soon as it is done.

    Args:
        settings: of the desk.
        url: address under which others reach the desk, to check the proxy in front; `""` to skip this.
        token: bearer token for `url`.
    """
    yield _python()
    yield from _extras(settings)
    yield _folder(settings.data)
    yield _disk(settings)
    yield from _events(settings.data)
    yield _broadcast()
    yield _clock()
    yield _port(settings)
    yield _address(settings)
    yield _feed(settings)
    yield from _closures(settings)
    if url:
        yield proxy(url, token)


def as_json(found: list[Check]) -> str:
    """Return the checks as JSON, for a program."""
    lines = [{"name": each.name, "fine": each.is_fine, "text": each.text, "todo": each.todo} for each in found]
    return json.dumps({"fine": all(each.is_fine for each in found), "checks": lines}, indent=2)


def _python() -> Check:
    shown = ".".join(str(part) for part in sys.version_info[:3])
    is_fine = sys.version_info[:2] >= LEAST_PYTHON
    least = ".".join(str(part) for part in LEAST_PYTHON)
    return Check("python", is_fine, f"Python {shown}", "" if is_fine else f"use Python {least} or newer")


def _extras(settings: Settings) -> Iterator[Check]:
    needed = {settings.feed} | ({"alerts"} if settings.alerts.urls else set())
    for extra, package in EXTRAS.items():
        try:
            yield Check(f"extra {extra}", True, f"{package} {version(package)}")
        except PackageNotFoundError:
            if extra in needed:
                todo = f"pip install 'aion[{extra}]'"
                yield Check(f"extra {extra}", False, f"{package} is not installed, and the settings need it", todo)


def _folder(folder: Path) -> Check:
    probe = Layout(folder).probe
    try:
        write_bytes(probe, b"x")
        probe.unlink()
    except OSError as error:
        text = f"{folder} cannot be written: {error.strerror}"
        return Check(
            "permissions", False, text, f"choose another folder with AION_DATA, or chown it to uid {os.getuid()}"
        )
    foreign = [name for name in (LEDGER, DESK_STORE) if not _is_ours(folder / name)]
    if foreign:
        text = f"{' and '.join(foreign)} in {folder} cannot be written by this user"
        return Check("permissions", False, text, f"run as the user who made them, or chown them to uid {os.getuid()}")
    text = f"{folder} can be written"
    if is_shared(folder):
        text += f"; it is shared with the group {_group(folder)} on purpose: its setgid bit or access list says so"
    if open_entries := open_to_others(folder):
        names = ", ".join(path.name for path in open_entries)
        text += (
            f"; other users of this machine may read or block {names}: the next start closes that, "
            f"and chmod 700 {folder} does so now"
        )
    return Check("permissions", True, text)


def _group(folder: Path) -> str:
    number = folder.stat().st_gid
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def _is_ours(path: Path) -> bool:
    return not path.exists() or os.access(path, os.R_OK | os.W_OK)


def _disk(settings: Settings) -> Check:
    place = next(each for each in (settings.data, *settings.data.absolute().parents) if each.exists())
    free, least = shutil.disk_usage(place).free, settings.watch.disk_free_mb << 20
    text = f"{free / 1e9:.1f} GB free on the disk of {settings.data}"
    return Check(
        "disk", free >= least, text, "" if free >= least else "make room: the ledger and the state files need it"
    )


def _events(folder: Path) -> Iterator[Check]:
    if sys.platform != "linux":
        yield Check("inotify", True, "changes are found by comparing file times: this system has no inotify")
        return
    place = list(_place(folder))
    yield from place
    if any(each.name == "inotify" for each in place):
        return
    for name, least in (("max_user_watches", MIN_WATCHES), ("max_user_instances", MIN_INSTANCES)):
        try:
            allowed = int((LIMITS / name).read_text())
        except (OSError, ValueError):
            yield Check("inotify", True, f"inotify: this system does not say its {name}")
            continue
        is_fine = allowed >= least
        todo = "" if is_fine else f"sysctl fs.inotify.{name}={least}"
        yield Check("inotify", is_fine, f"inotify: {name} is {allowed}", todo)


def _place(folder: Path) -> Iterator[Check]:
    """Return where the folder is, and which part of it sends no events."""
    from aion.live.disk.source import scan  # noqa: PLC0415 - only this command needs it
    from aion.live.disk.watcher import open_watcher  # noqa: PLC0415 - only this command needs it
    from aion.web.bundle.topic import FOLDERS, accepts  # noqa: PLC0415 - only this command needs it

    real = os.path.realpath(folder)
    if real != str(folder.absolute()):
        yield Check("place", True, f"{folder} is {real}, by a link: the desk follows it if it changes")
    try:
        watcher = open_watcher(folder, (*FOLDERS, LOGS), accepts)
        linked = sorted(path for path, signature in scan(folder, FOLDERS, accepts).items() if signature.is_linked)
    except OSError as error:
        reason = error.strerror or str(error)
        yield Check("inotify", True, f"changes in {folder} are found by comparing file times: {reason}")
        return
    if watcher is not None:
        compared = ", ".join(sorted(set(watcher.compared()) - {str(folder)})[:3])  # an empty folder is compared too
        watcher.close()
        if compared:
            text = f"no event reports where {compared} leads: each request checks it, which is a little slower"
            yield Check("place", True, text)
    if linked:
        text = f"{len(linked)} state files have another name (hard links), such as {linked[0]}"
        yield Check("links", True, f"{text}: what is written in place there is seen too")


def _broadcast() -> Check:
    from aion.live.push.uring import SLOTS, tried_batch  # noqa: PLC0415 - only this command needs it

    try:
        tried_batch().close()
    except OSError as error:
        why = {
            errno.ENOSYS: "this system has none",
            errno.EINVAL: "it needs Linux 5.18 or newer",
            errno.EPERM: "it is forbidden here, by seccomp or the sysctl kernel.io_uring_disabled",
            errno.EACCES: "it is forbidden here, by a security module",
        }.get(error.errno or 0, str(error))
        text = f"a broadcast uses one system call per viewer, which is fine; io_uring would need fewer: {why}"
        return Check("io_uring", True, text)
    return Check("io_uring", True, f"a broadcast sends to {SLOTS} viewers with one system call (io_uring)")


def _clock() -> Check:
    before, steady = time.time(), time.monotonic()
    time.sleep(0.05)
    jump = abs((time.time() - before) - (time.monotonic() - steady))
    now = datetime.now(UTC)
    if now < parse_iso("2026-01-01T00:00Z"):
        return Check("clock", False, f"the clock says {iso(now)}, before this program was made", "set the clock")
    is_fine = jump < 0.5
    text = "the clock runs evenly" if is_fine else f"the clock jumped by {jump:.3f} s in 0.05 s"
    return Check("clock", is_fine, text, "" if is_fine else "let one service alone set the clock (chrony, NTP)")


def _port(settings: Settings) -> Check:
    from aion.web.http.host import bind  # noqa: PLC0415 - only this command needs it

    try:
        bind(settings.host, settings.port).close()
    except AionError as error:
        todo = "stop the program that uses it (another desk?), or change AION_HOST or AION_PORT"
        return Check("port", False, str(error), todo)
    return Check("port", True, f"{settings.host} port {settings.port} is free")


def _address(settings: Settings) -> Check:
    from aion.web.security.command import would_have_password  # noqa: PLC0415 - only this command needs it

    if settings.host in LOOPBACK_HOSTS:
        return Check("address", True, f"the desk listens on {settings.host}, for this machine only")
    try:
        has_password = would_have_password(settings)
    except AionError as error:
        return Check("address", False, str(error), "repair desk.sqlite first")
    text = f"the desk listens on {settings.host}, for others too"
    return Check("address", has_password, text, "" if has_password else "set a password first: aion password set")


def _feed(settings: Settings) -> Check:
    from aion.market.feed import open_feed  # noqa: PLC0415 - only this command needs it
    from aion.market.feed.online import OnlineFeed  # noqa: PLC0415 - only this command needs it
    from aion.market.feed.tape import Tape  # noqa: PLC0415 - only this command needs it

    said: list[Check] = []

    def ask() -> None:
        try:
            feed = open_feed(settings.feed, settings)
        except AionError as error:
            said.append(
                Check("feed", False, str(error), "or use the recorded feed, which needs nothing: --feed recorded")
            )
        else:
            if isinstance(feed, Tape | OnlineFeed) and feed.complaints:
                todo = "put it right; the rest works"
                said.append(Check("feed", False, "; ".join(feed.complaints), todo))
                return
            said.append(Check("feed", True, f"the feed {settings.feed} answers"))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(FEED_S)
    if said:
        return said[0]
    text = f"the feed {settings.feed} has not answered for {FEED_S:g} s"
    return Check("feed", False, text, "check whether this machine reaches the provider")


def _closures(settings: Settings) -> Iterator[Check]:
    """Name the user's own table of closures, and each exchange of which it has days."""
    if not settings.closures:
        return
    from aion.market.own_day import read_own_days  # noqa: PLC0415 - only this command needs it

    try:
        days, wrong = read_own_days(Path(settings.closures).expanduser())
    except AionError as error:
        yield Check("closures", False, str(error), "put it right, or take `closures` out of the settings")
        return
    count = Counter(each.mic for each in days)
    named = ", ".join(f"{mic} {number}" for mic, number in sorted(count.items())) or "none"
    text = f"days of {settings.closures} that count before the calendars: {named}"
    if wrong:
        yield Check("closures", False, f"{text}; {'; '.join(wrong[:5])}", "put these lines right; the others count")
    else:
        yield Check("closures", True, text)


def proxy(url: str, token: str = "", limit_s: float = STREAM_S) -> Check:
    """Open a stream at `url` as a browser does, and check that its events arrive when they are sent.

    Args:
        url: address of the desk as others know it, e.g. `https://desk.example.org`.
        token: bearer token; empty for a desk without a password.
        limit_s: timeout for the greeting and two heartbeats.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # brackets, or a port, that cannot be one
        return _no_address(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return _no_address(url)
    began = time.monotonic()
    secure = ssl.create_default_context() if parts.scheme == "https" else None
    made = (
        http.client.HTTPSConnection(parts.hostname, port, timeout=limit_s, context=secure)
        if secure
        else http.client.HTTPConnection(parts.hostname, port, timeout=limit_s)
    )
    headers = {"accept": "text/event-stream"} | ({"authorization": f"Bearer {token}"} if token else {})
    try:
        made.request("GET", f"{parts.path.rstrip('/')}/events/bots?beats=1", headers=headers)
        answer = made.getresponse()
        if answer.status != 200:
            return _refused(url, answer.status)
        beats = 0
        while beats < 2:
            line = answer.readline()
            if not line:
                return Check("proxy", False, f"{url} ended the stream at once", "see the log of the proxy")
            beats += line.strip() == b"event: hb"
            if time.monotonic() - began > limit_s:
                raise TimeoutError
    except TimeoutError:
        text = f"{url} delays events: greeting and two heartbeats did not arrive within {limit_s:g} s"
        return Check(
            "proxy", False, text, "turn buffering off: proxy_buffering off (nginx), flush_interval -1 (Caddy)"
        )
    except ssl.SSLCertVerificationError as error:
        text = f"the certificate of {url} is not trusted: {error.verify_message}"
        return Check("proxy", False, text, "renew it, or check that it is for this name and from a trusted authority")
    except ValueError:  # a name or token that no request can carry; the error's text may repeat the token
        return Check(
            "proxy", False, f"{url} or the token has characters that are not allowed in a request", "correct them"
        )
    except (OSError, http.client.HTTPException) as error:
        return Check("proxy", False, f"{url} does not answer: {error}", "check that proxy and desk run, and the name")
    finally:
        made.close()
    return Check("proxy", True, f"{url} passes events on: two heartbeats within {time.monotonic() - began:.1f} s")


def _no_address(url: str) -> Check:
    return Check("proxy", False, f"{url[:100]} is not an address", "give it as https://desk.example.org")


def _refused(url: str, status: int) -> Check:
    todo = {
        401: "give a token: aion token make doctor, then AION_TOKEN",
        421: "the proxy must pass Host on as it came, and AION_HOSTS must name it",
        502: "the desk does not run, or the proxy asks at another port",
    }.get(status, "see the log of the desk and of the proxy")
    return Check("proxy", False, f"{url} answered {status} to a stream", todo)
