"""Follows the bots' state files and tells people what their rules ask for.

It runs in a thread of the watchdog's process and shares only the disk with bots and desk; neither waits for it. A
file is read again only after it has changed. What was told is remembered in a file, so that a restart repeats
nothing and what happened meanwhile is told after it.
"""

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from aion.clock import iso
from aion.config import Settings
from aion.errors import StateError
from aion.store.document.alert import ALL, AlertPlan, AlertRule, AlertRules, SentAlert
from aion.store.document_file import read_document
from aion.store.file import Signature, read_json, write_json
from aion.store.layout import DESK, SIM_LOGS, SWING, Layout, Place, kill, listed
from aion.store.log.process_log import Say
from aion.store.log.redact import plain
from aion.store.machine import bot_id, machines_below
from aion.store.newest import newest_states
from aion.watch.alert import MOST_LINES, Message
from aion.watch.machine import Clocks
from aion.watch.rule import judge as judging
from aion.watch.rule.facts import Facts, read_facts
from aion.watch.rule.history import History
from aion.watch.rule.judge import Event, Memory, matches
from aion.watch.rule.pace import Hour, is_quiet, last_summary
from aion.watch.rule.summary import summary_of
from aion.web.proof import Source

LOOK_S = 1.0  # between two looks: what is found is on its way within two seconds of the write
NO_SERVICE = "no service is set: name one in urls of [alerts], or in AION_ALERT_URLS"
OVER_LIMIT = "over {most} messages an hour"


class Sender(Protocol):
    """Delivers messages."""

    def send(self, message: Message, done: Callable[[str], None]) -> None:
        """Queue a message; never blocks. `done` is called in another thread: with why it failed, or with nothing."""


@dataclass(slots=True)
class _Bot:
    """A bot that is followed."""

    path: Path
    signature: Signature | None = None
    facts: Facts | None = None
    rules: dict[str, AlertRule] = field(default_factory=dict)
    version: int = -1
    """Of the rules that it was judged by."""


class RuleWatch:
    """Judges all bots of a data folder by the rules that are saved in it."""

    def __init__(
        self, settings: Settings, layout: Layout, say: Say, sender: Sender | None = None, clocks: Clocks | None = None
    ) -> None:
        """Go on where the one before it ended.

        Args:
            settings: of `aion up`.
            layout: of the data folder.
            say: the log.
            sender: delivers messages; None where no service is set.
            clocks: for tests.
        """
        self._layout = layout
        self._say = say
        self._sender = sender
        self._clocks = clocks or Clocks()
        self._name = settings.alerts.name
        self._grace_s = settings.watch.grace_s
        self._kinds = settings.kinds
        self._history = History(layout, say, len(settings.alerts.urls))
        self._saved: Signature | None = None
        self._asked = "", ""
        """When a test was asked for last, and by whom."""
        self._rules: dict[str, AlertRule] = {}
        self._plan = AlertPlan()
        self._version = 0
        self._test_at = ""
        """When the test that was sent last was asked for."""
        self._names: dict[str, dict[str, frozenset[str]]] = {}
        """Names in the folders of states, by folder, by machine."""
        self._bots: dict[str, _Bot] = {}
        self._sources: dict[str, Source] = {}
        self._held_told: set[str] = set()
        self._killed: set[str] | None = None
        self._memory: dict[str, Memory] = {}
        self._before: dict[str, Any] = {}
        """By span, `daily` or `weekly`: when its summary was sent last, and each bot's net result then."""
        self._hour = Hour()
        self._waiting: list[str] = []
        """Ids of what came in the quiet hours."""
        self._unsent = 0
        """Events since the last message that were over the hour's limit."""
        self._outcomes: list[tuple[list[str], str]] = []
        self._kept: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._failed = ""
        self._recall()

    # life

    def start(self) -> threading.Thread:
        """Look every `LOOK_S` in a thread of its own until `stop`."""
        thread = threading.Thread(target=self._run, name="aion-rules", daemon=True)
        thread.start()
        return thread

    def stop(self) -> None:
        """End the thread."""
        self._over.set()

    def _run(self) -> None:
        while not self._over.wait(LOOK_S):
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - nobody would be told anything any more
                failed = f"{type(error).__name__}: {error}"
                if failed != self._failed:
                    self._say("error", f"the look at the alert rules failed: {failed[:500]}")
                self._failed = failed
            else:
                self._failed = ""

    # one look

    def look(self) -> None:
        """Look once: judge what has changed, hand over what is to be sent, write what became of it."""
        now = datetime.fromtimestamp(self._clocks.wall(), UTC)
        with self._lock:
            outcomes, self._outcomes = self._outcomes, []
        for keys, why in outcomes:
            self._history.become(keys, "not_sent" if why else "sent", why)
        self._read_rules()
        events: list[Event] = []
        if self._rules or self._plan.daily_at or self._plan.weekly_on:
            self._find_bots()
            for bot, followed in self._bots.items():
                events += self._look_at(bot, followed, now)
            events += self._kills()
            events += self._machines()
        self._tell(events, now)
        self._test(now)
        self._summaries(now)
        self._remember()
        self._history.write(now)

    def _read_rules(self) -> None:
        path = self._layout.alert_rules
        try:
            signature = Signature.of(os.lstat(path))
        except OSError:
            if self._saved is not None:
                self._saved, self._rules, self._plan, self._version = None, {}, AlertPlan(), 0
            return
        if signature == self._saved:
            return
        try:
            found, self._saved = read_document(path, "alert_rules")
        except FileNotFoundError:
            return
        except StateError as error:
            self._saved = signature
            self._history.tell(self._version, f"the rules are as they were before: {error}")
            self._say("error", f"the alert rules are as they were before: {error}")
            return
        assert isinstance(found, AlertRules)
        self._rules, self._plan, self._version = found.rules, found.plan, found.version
        self._asked = (iso(found.test_at), found.test_by) if found.test_at is not None else ("", "")
        for memory in self._memory.values():
            memory.fired = {name: said for name, said in memory.fired.items() if name in found.rules}
        self._held_told &= {f"{name} {machine}" for name in found.rules for machine in self._sources}
        self._history.tell(found.version, "")

    def _find_bots(self) -> None:
        """Follow the newest file of each bot, also of other machines; they change when a file comes or goes."""
        folders = {"": self._layout, **{name: Layout(self._layout.machines / name) for name in self._machine_names()}}
        names = {machine: _names(layout) for machine, layout in folders.items()}
        if names == self._names:
            return
        self._names = names
        places = {
            machine: newest_states(_places(found), {} if machine else self._kinds) for machine, found in names.items()
        }
        counts = Counter(bot for bots in places.values() for bot in bots)
        found: dict[str, _Bot] = {}
        for machine, bots in places.items():
            for bot, place in bots.items():
                key = bot_id(machine, bot) if counts[bot] > 1 else bot
                path = folders[machine].root / place.file
                before = self._bots.get(key)
                found[key] = before if before is not None and before.path == path else _Bot(path)
        self._bots = found
        for gone in self._memory.keys() - found.keys():
            del self._memory[gone]

    def _look_at(self, bot: str, followed: _Bot, now: datetime) -> Iterable[Event]:
        if followed.version != self._version:
            followed.rules = {name: rule for name, rule in self._rules.items() if matches(rule, bot)}
        is_changed = self._read(bot, followed)
        facts = followed.facts
        if facts is None:
            return []
        events: list[Event] = []
        memory = self._memory.setdefault(bot, Memory())
        if is_changed or followed.version != self._version:
            events += judging.judge(followed.rules, facts, memory)
            followed.version = self._version
        for name, rule in followed.rules.items():
            if rule.kind == "missed_cycle":
                events += judging.late(name, facts, memory, now, self._grace_s)
        return events

    def _read(self, bot: str, followed: _Bot) -> bool:
        """Read a bot's file if it has changed; while it cannot be read (the page shows that), nothing is new."""
        try:
            signature = Signature.of(os.lstat(followed.path))
            if signature == followed.signature:
                return False
            followed.facts = read_facts(followed.path, bot)
        except (OSError, StateError):
            return False
        followed.signature = signature
        return True

    def _kills(self) -> Iterable[Event]:
        """Yield each kill switch that was thrown since the look before."""
        try:
            names = os.listdir(self._layout.controls)
        except OSError:
            names = []
        root = self._layout.root
        killed = {
            name for name in names if Layout.place(kill(name)) is not None and os.path.lexists(root / kill(name))
        }
        before, self._killed = self._killed, killed
        for bot in sorted(killed - before) if before is not None else ():
            text = "The kill switch of all bots is on" if bot == DESK else f"The kill switch of {bot} is on"
            for name, rule in self._rules.items():
                if rule.kind == "kill_switch" and rule.is_on and (bot == DESK or rule.bot in (ALL, bot)):
                    yield Event(name, "kill_switch", text, None if bot == DESK else bot)

    def _machine_names(self) -> list[str]:
        return machines_below(self._layout.root)[0]

    def _machines(self) -> Iterable[Event]:
        """Yield each machine from which nothing comes any more."""
        rules = {name: rule for name, rule in self._rules.items() if rule.kind == "held_machine" and rule.is_on}
        if not rules:
            self._sources = {}
            return
        names = self._machine_names()
        self._sources = {
            name: self._sources.get(name) or Source(Layout(self._layout.machines / name).proof, name)
            for name in names
        }
        now_s = self._clocks.steady()
        for machine, source in self._sources.items():
            source.look(now_s)
            is_held = source.proved_s is not None and now_s - source.proved_s > source.limit_s + LOOK_S
            for name, rule in rules.items():
                key = f"{name} {machine}"
                if not is_held:
                    self._held_told.discard(key)
                elif key not in self._held_told and rule.bot in (ALL, machine):
                    self._held_told.add(key)
                    why = f": {source.problem}" if source.problem else ""
                    text = f"Nothing comes from machine {machine} any more{why}; its figures are held"
                    yield Event(name, "held_machine", text, machine=machine)

    # sending

    def _tell(self, events: list[Event], now: datetime) -> None:
        """Send what may be sent now; keep what came in the quiet hours."""
        keys = [
            self._history.add(
                SentAlert(at=now, rule=each.rule, kind=each.kind, bot=each.bot, machine=each.machine,
                          text=plain(each.text)[:2000], became="waiting")
            )
            for each in events
        ]  # fmt: skip
        if is_quiet(self._plan, now):
            self._history.become(keys, "quiet")
            self._waiting += keys
            return
        waited = [key for key in self._waiting if key in self._history.entries]
        self._waiting = []
        if not keys and not waited:
            return
        texts = [self._history.entries[key].text for key in (*waited, *keys)]
        self._send(texts, [*waited, *keys], now, f"{len(waited)} from the quiet hours" if waited else "")

    def _send(self, texts: list[str], keys: list[str], now: datetime, note: str = "", title: str = "") -> None:
        if self._sender is None:
            self._history.become(keys, "not_sent", NO_SERVICE)
            return
        now_s = now.timestamp()
        most = self._plan.most_an_hour
        if self._hour.is_full(most, now_s):
            self._unsent += len(texts)
            self._history.become(keys, "over_limit", OVER_LIMIT.format(most=most))
            return
        lines = texts[:MOST_LINES]
        if len(texts) > len(lines):
            lines.append(f"and {len(texts) - len(lines)} more; the Alerts page lists them")
        if self._unsent:
            lines.append(f"{self._unsent} before it were not sent: {OVER_LIMIT.format(most=most)}")
        self._unsent = 0
        self._hour.note(now_s)
        said = title or (texts[0][:120] if len(texts) == 1 else f"{len(texts)} alerts")
        body = "\n".join(lines if len(texts) > 1 or title or len(lines) > 1 else texts)
        message = Message(f"{self._name}: {said}{f' ({note})' if note else ''}", body, "info")
        self._history.become(keys, "waiting")
        self._sender.send(message, lambda why: self._note(keys, why))

    def _note(self, keys: list[str], why: str) -> None:
        with self._lock:
            self._outcomes.append((keys, why))

    def _test(self, now: datetime) -> None:
        """Send the message that somebody asked for, whatever the hour."""
        at, who = self._asked
        if not at or at == self._test_at:
            return
        self._test_at = at
        text = f"This is a test, asked for by {who or 'somebody'}: alerts of this desk reach you. Nothing is wrong."
        key = self._history.add(SentAlert(at=now, kind="test", text=text, became="waiting"))
        if self._sender is None:
            self._history.become([key], "not_sent", NO_SERVICE)
        else:
            self._sender.send(Message(f"{self._name} test", text, "info"), lambda why: self._note([key], why))

    def _summaries(self, now: datetime) -> None:
        facts = [each.facts for each in self._bots.values() if each.facts is not None]
        for span, weekly in (("daily", False), ("weekly", True)):
            due = last_summary(self._plan, now, weekly=weekly)
            if due is None:
                self._before.pop(span, None)
                continue
            nets = {each.bot: each.net for each in facts if each.net is not None}
            before = self._before.get(span)
            if before is None:  # just asked for: the first one comes at its time
                self._before[span] = {"at": due.timestamp(), "net": nets}
                continue
            if before["at"] >= due.timestamp() or is_quiet(self._plan, now):
                continue
            self._before[span] = {"at": due.timestamp(), "net": nets}
            words = "the last week" if weekly else "the last day"
            lines = summary_of(facts, before["net"], words) or ["There is no bot."]
            text = "\n".join(lines)
            entry = SentAlert(at=now, kind="summary", text=text[:2000], became="waiting")
            self._send(lines, [self._history.add(entry)], now, title=f"summary of {words}")

    # what is remembered

    def _recall(self) -> None:
        try:
            value, _ = read_json(self._layout.alert_state)
            self._memory = {
                bot: Memory(each["run"], each["newest"], each["at_newest"], each["refused"], each["fired"])
                for bot, each in value["bots"].items()
            }
            self._before, self._hour = value["summaries"], Hour(value["sent"])
            self._waiting, self._unsent = value["waiting"], value["unsent"]
            self._killed = set(value["killed"]) if "killed" in value else None
            self._held_told, self._test_at = set(value["held"]), value["test_at"]
            self._kept = value
        except FileNotFoundError:
            pass
        except (StateError, KeyError, TypeError, AttributeError) as error:
            self._memory = {}
            self._say("warning", f"what the alert rules had told is not known any more: {str(error)[:300]}")

    def _remember(self) -> None:
        value = {
            "bots": {
                bot: {"run": each.run, "newest": each.newest, "at_newest": each.at_newest, "refused": each.refused,
                      "fired": each.fired}
                for bot, each in self._memory.items()
            },
            "summaries": self._before, "sent": list(self._hour.sent), "waiting": self._waiting,
            "unsent": self._unsent,
            "held": sorted(self._held_told),
            "test_at": self._test_at,
            **({"killed": sorted(self._killed)} if self._killed is not None else {}),
        }  # fmt: skip
        if value == self._kept:
            return
        try:
            write_json(self._layout.alert_state, value)
        except OSError as error:
            self._say("error", f"what the alert rules told cannot be kept: {error.strerror}")
            return
        self._kept = value


def _names(layout: Layout) -> dict[str, frozenset[str]]:
    """Return the names in the folders of the bots' states, temporary files left out."""
    return {
        folder: frozenset(name for name in listed(layout.root / folder) if not name.startswith("."))
        for folder in (SIM_LOGS, SWING)
    }


def _places(names: Mapping[str, Iterable[str]]) -> Iterable[Place]:
    for folder, found in names.items():
        for name in sorted(found):
            if (place := Layout.place(f"{folder}/{name}")) is not None:
                yield place
