"""Documents of the watchdog: the state of each process, present alarms, cleared alarms."""

from typing import Literal

from pydantic import Field

from aion.scalar import Key, Name, Number, Text, UtcTime
from aion.store.document.base import Document

AlarmKind = Literal["process", "missed_cycle", "dead_bot", "stale_feed", "disk", "clock", "login", "check", "alerts"]
Level = Literal["warning", "error"]


class WatchedProcess(Document):
    """One process that `aion up` keeps running."""

    state: Literal["running", "waiting", "stopped"] = Field(description="waiting: to be started again.")
    pid: int | None = None
    started_at: UtcTime | None = Field(None, description="Wall time of the newest start.")
    restarts: int = Field(0, ge=0, description="Since `aion up` started.")
    ended: Text = Field("", description="How it ended last and why, e.g. `killed by SIGKILL`.")
    ended_at: UtcTime | None = None
    starts_at: UtcTime | None = Field(None, description="Wall time at which it is started again.")


class Alarm(Document):
    """One problem, present or cleared."""

    kind: AlarmKind = Field(
        description="process: one ended or does not answer; missed_cycle: a bot is past its `due_at`; dead_bot: far "
        "past it, or in error; stale_feed: bars are overdue; disk: nearly full; clock: it jumped; login: refused "
        "for long, after too many wrong passwords; check: an added check found something; alerts: not sent."
    )
    level: Level
    subject: str = Field(max_length=64, description="Bot, process, feed or folder.")
    bot: Name | None = None
    text: Text = Field(description="A sentence for people.")
    since: UtcTime
    cleared_at: UtcTime | None = Field(None, description="When all was clear again.")
    alerted_at: UtcTime | None = Field(None, description="When an alert was last handed out.")


class Watch(Document):
    """`watch/watch.json`: the watchdog's report; written when something changes."""

    schema_: str = Field(alias="schema")
    written_at: UtcTime
    state: Literal["running", "stopped"] = Field("running", description="stopped: ended in order.")
    processes: dict[Key, WatchedProcess] = Field(default_factory=dict)
    alarms: dict[Key, Alarm] = Field(default_factory=dict, description="What is wrong now.")
    cleared: dict[Key, Alarm] = Field(default_factory=dict, description="What was wrong, the newest 20.")


class Heartbeat(Document):
    """`watch/bots.json`: the bots' process is alive, and how long its cycles took; every few seconds."""

    schema_: str = Field(alias="schema")
    written_at: UtcTime
    pid: int
    started_at: UtcTime
    cycles: int = Field(0, ge=0, description="Since it started.")
    cycle_seconds: Number = Field(0, ge=0, description="What they took together.")
    cycle_buckets: dict[Key, int] = Field(
        default_factory=dict, description="Cycles that took no longer than the key says, e.g. `le_0.01`."
    )


class Proof(Document):
    """`watch/proof.json`: whoever feeds the folder from another machine says that all is there; every few seconds.

    A folder without it is its own source. Times are taken by the clocks of one machine each, never compared.
    """

    schema_: str = Field(alias="schema")
    epoch: str = Field(
        min_length=1, max_length=64, description="Of the feeder: another one after each of its starts."
    )
    n: int = Field(ge=0, description="Grows with each proof of an epoch; one that is not larger proves nothing.")
    every_s: Number = Field(
        1, gt=0, le=1200, description="Seconds between two proofs; without a new one for three times that, and 3 s "
        "at least, what the folder holds is held."
    )  # fmt: skip
    behind_s: Number = Field(
        0, ge=0, description="Seconds from the moment as of which all is there to the writing of this file."
    )
