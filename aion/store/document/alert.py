"""Documents of the alerts that people ask for: the rules, and what was sent by them."""

import re
from datetime import UTC, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from aion.scalar import Above, Key, Name, Short, Text, UtcTime
from aion.store.document.base import Document

RuleKind = Literal[
    "fill", "stop_hit", "day_loss", "drawdown", "no_fill", "missed_cycle", "kill_switch", "control_refused",
    "held_machine",
]  # fmt: skip
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
ALL = "*"
"""In place of a bot's id: all bots, also those that come later."""
MOST_RULES = 2_000
MOST_SENT = 500
"""Entries of the history, the newest."""
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
NEEDS = {"day_loss": ("limit", "unit"), "drawdown": ("limit",), "no_fill": ("minutes",)}
"""Fields that a rule of a kind must have; a rule of another kind has none of them."""


def _zone(value: str) -> str:
    try:
        datetime.now(UTC).astimezone(ZoneInfo(value))
    except (KeyError, ValueError, OSError):
        raise ValueError(f"there is no time zone {value[:80]!r}: name one such as Europe/Berlin, or UTC") from None
    return value


def _clock_time(value: str) -> str:
    if not _TIME.fullmatch(value):
        raise ValueError(f"{value[:20]!r} is not a time of day such as 22:30")
    return value


Zone = Annotated[str, Field(max_length=64), AfterValidator(_zone)]
ClockTime = Annotated[str, Field(max_length=20), AfterValidator(_clock_time)]


class AlertRule(Document):
    """One rule: what to tell, of which bot."""

    kind: RuleKind = Field(
        description="fill: each order that was carried out; stop_hit: a position that a stop closed; day_loss: the "
        "market day's net loss is larger than `limit`; drawdown: it is deeper than `limit` per cent; no_fill: none "
        "for `minutes` of market time; missed_cycle: the bot is past its `due_at`; kill_switch: it stops the bot; "
        "control_refused: the bot refused a request; held_machine: nothing comes from a machine any more."
    )
    bot: Annotated[str, Field(min_length=1, max_length=97)] = Field(
        ALL, description="Id of a bot, or `*` for all of them; of `held_machine`, of a machine."
    )
    limit: Above | None = Field(None, description="Of day_loss and drawdown.")
    unit: Literal["money", "percent"] | None = Field(
        None, description="Of `limit` of day_loss: money in the account's currency, or per cent of the equity before."
    )
    minutes: Annotated[int, Field(ge=1, le=525_600)] | None = Field(None, description="Of no_fill.")
    is_on: bool = True
    note: Short = ""

    @model_validator(mode="after")
    def _check(self) -> "AlertRule":
        needed = NEEDS.get(self.kind, ())
        for name in ("limit", "unit", "minutes"):
            if (getattr(self, name) is not None) != (name in needed):
                raise ValueError(f"{name}: {'is missing' if name in needed else f'is not for {self.kind}'}")
        if self.kind == "drawdown" and self.limit is not None and self.limit >= 100:
            raise ValueError("limit: a drawdown is below 100 per cent")
        return self


class AlertPlan(Document):
    """When alerts are sent, whatever the rule."""

    zone: Zone = Field("UTC", description="IANA time zone of the times of day.")
    quiet_from: ClockTime | None = Field(
        None, description="From then on nothing is sent; what comes is kept and sent together at `quiet_to`."
    )
    quiet_to: ClockTime | None = None
    most_an_hour: int = Field(30, ge=1, le=1000, description="Messages an hour; what is more is counted in the next.")
    daily_at: ClockTime | None = Field(None, description="When the day's summary is sent; absent for none.")
    weekly_on: Weekday | None = Field(
        None, description="Day on which the week's summary is sent, at `daily_at` or 18:00; absent for none."
    )

    @model_validator(mode="after")
    def _check(self) -> "AlertPlan":
        if (self.quiet_from is None) != (self.quiet_to is None):
            raise ValueError("quiet_to: quiet hours have a beginning and an end")
        if self.quiet_from is not None and self.quiet_from == self.quiet_to:
            raise ValueError("quiet_to: quiet hours must not end when they begin")
        return self


class AlertRules(Document):
    """`alerts/rules.json`: what people want to be told, saved on the desk."""

    schema_: str = Field(alias="schema")
    version: int = Field(ge=0, description="Grows by one each save; a save names the version it edited. 0: none yet.")
    saved_at: UtcTime | None = None
    saved_by: str = Field("", max_length=64)
    rules: dict[Key, AlertRule] = Field(default_factory=dict, max_length=MOST_RULES)
    plan: AlertPlan = Field(default_factory=AlertPlan)
    test_at: UtcTime | None = Field(None, description="When somebody asked for a test message last.")
    test_by: str = Field("", max_length=64)


class SentAlert(Document):
    """One event that a rule told of, or a summary."""

    at: UtcTime = Field(description="Wall time at which it was found.")
    rule: Key | None = Field(None, description="Its rule; absent for summaries and tests.")
    kind: RuleKind | Literal["summary", "test"]
    bot: str | None = Field(None, max_length=97)
    machine: Name | None = None
    text: Text = Field(description="A sentence for people.")
    became: Literal["waiting", "sent", "not_sent", "quiet", "over_limit"] = Field(
        description="waiting: being sent; quiet: kept until quiet hours end; over_limit: counted in the next message."
    )
    detail: Text = Field("", description="Why it was not sent.")


class AlertHistory(Document):
    """`alerts/sent.json`: what was found by the rules and what became of it; written by the watchdog."""

    schema_: str = Field(alias="schema")
    written_at: UtcTime
    version: int = Field(0, ge=0, description="Version of the rules that are in force.")
    error: Text = Field("", description="Why the newest rules are not in force.")
    services: int = Field(0, ge=0, description="Services of `[alerts]` that messages go to.")
    sent: dict[Key, SentAlert] = Field(default_factory=dict, description="By id, the newest last.")
    latest: int = Field(0, ge=0, description="Number in the newest id; it only grows.")
