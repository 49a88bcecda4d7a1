"""What was found by the rules and what became of it: `alerts/sent.json`."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from aion.clock import iso
from aion.errors import StateError
from aion.store.document.alert import MOST_SENT, AlertHistory, SentAlert
from aion.store.document.base import to_json
from aion.store.document.kind import schema_name
from aion.store.document_file import read_document, write_document
from aion.store.layout import Layout
from aion.store.log.process_log import Say

LOST = "the watchdog ended before the message was delivered"
Became = Literal["waiting", "sent", "not_sent", "quiet", "over_limit"]


class History:
    """Keeps the newest entries and writes them when they have changed."""

    def __init__(self, layout: Layout, say: Say, services: int) -> None:
        """Go on with the entries of the watchdog before; what it was sending when it ended was perhaps not sent.

        Args: layout: of the data folder; say: the log; services: how many messages go to.
        """
        self._services = services
        self._path = layout.alerts_sent
        self._say = say
        self._failed = ""
        self._is_changed = True
        self.version = 0
        """Of the rules in force."""
        self.error = ""
        """Why the newest are not in force."""
        self.entries: dict[str, SentAlert] = {}
        self._latest = 0
        try:
            before, _ = read_document(self._path, "alert_history")
        except FileNotFoundError:
            return
        except StateError as error:
            say("warning", f"the history of alerts begins anew: {error}")
            return
        assert isinstance(before, AlertHistory)
        self.entries, self._latest = dict(before.sent), before.latest
        self.become((key for key, each in self.entries.items() if each.became == "waiting"), "not_sent", LOST)

    def add(self, entry: SentAlert) -> str:
        """Add an entry; return its id."""
        self._latest += 1
        key = f"a{self._latest}"
        self.entries[key] = entry
        for old in list(self.entries)[:-MOST_SENT]:
            del self.entries[old]
        self._is_changed = True
        return key

    def become(self, keys: Iterable[str], became: Became, detail: str = "") -> None:
        """Note what became of entries; those that are too old to be kept are passed over."""
        for key in list(keys):
            if (entry := self.entries.get(key)) is not None:
                self.entries[key] = entry.model_copy(update={"became": became, "detail": detail[:2000]})
                self._is_changed = True

    def tell(self, version: int, error: str) -> None:
        """Note which rules are in force."""
        if (version, error) != (self.version, self.error):
            self.version, self.error, self._is_changed = version, error, True

    def write(self, now: datetime) -> None:
        """Write the file if something has changed."""
        if not self._is_changed:
            return
        document = AlertHistory(
            schema_=schema_name("alert_history"), written_at=now, version=self.version, error=self.error[:2000],
            services=self._services, sent=self.entries, latest=self._latest,
        )  # fmt: skip
        try:
            write_document(self._path, {**to_json(document), "written_at": iso(now)})
        except OSError as error:
            why = f"{self._path.name} cannot be written: {error.strerror}"
            if why != self._failed:
                self._say("error", why)
            self._failed = why
            return
        self._failed, self._is_changed = "", False
