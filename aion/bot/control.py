"""Carrying out what the desk asks for: controls, kill switches and saved rules, each of them once.

A request is done when its record is in the ledger, in the same transaction as what it did to the accounts: a process
that dies before finds the request again, one that dies after finds its record. The state files come after that and
are the answer to the desk.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from aion.bot.account import BotAccount
from aion.bot.admission import Admissions
from aion.bot.envelope import Stamp
from aion.bot.fit import merged_rules
from aion.bot.inbox import Inbox, Request
from aion.bot.process_log import ProcessLog
from aion.bot.record import Json, rules_json
from aion.bot.stuck import forgive
from aion.clock import iso, parse_iso
from aion.config import Rules
from aion.errors import ConfigError, StateError
from aion.store.layout import DESK
from aion.store.request import BotConfig
from aion.trading.ledger import Ledger
from aion.trading.query import LedgerReader
from aion.trading.record import Audit

DONE = "done"
_REFUSED = "refused: "
_ANSWERED = "answered:"  # note in the ledger: newest request carried out before the run, by target
_SINCE = "controls_since"  # note in the ledger: wall time before which a request is of no run that is known


class Steering(Protocol):
    """What the desk may do with the clock of a run; each returns why not, or an empty text."""

    now: datetime
    """Market time of the newest bars."""

    def set_speed(self, value: str) -> str:
        """Run at `value` market seconds a wall second; 0 holds the run still."""
        ...

    def jump(self, value: str) -> str:
        """Go to the market day `value`."""
        ...


@dataclass(slots=True)
class News:
    """What the desk asks for and is not carried out yet."""

    requests: list[Request] = field(default_factory=list)
    kills: dict[str, str] = field(default_factory=dict)
    """Bots whose kill switch changed, with why they must stop; an empty text when it was taken back."""
    configs: list[str] = field(default_factory=list)
    """Bots whose saved rules are another file."""

    def __bool__(self) -> bool:
        return bool(self.requests or self.kills or self.configs)


@dataclass(slots=True)
class Carried:
    """What came of it, for one commit."""

    audits: list[Audit] = field(default_factory=list)
    bots: dict[str, BotAccount] = field(default_factory=dict)
    """Bots that changed, by name."""
    notes: dict[str, str] = field(default_factory=dict)
    """What the ledger has to remember beside them."""


class Controller:
    """Looks into the inbox and carries out what is there, for the bots of one run."""

    def __init__(
        self,
        inbox: Inbox,
        ledger: Ledger,
        bots: Mapping[str, BotAccount],
        stamp: Stamp,
        log: ProcessLog,
        admissions: Admissions,
    ) -> None:
        """Take over what the ledger knows; the bots must have been restored from it.

        Args:
            inbox: of these bots.
            ledger: of the run.
            bots: by name.
            stamp: tells the wall time of the records.
            log: of the process.
            admissions: let symbols in again.
        """
        self._admissions = admissions
        self._inbox = inbox
        self._ledger = ledger
        self._bots = dict(bots)
        self._stamp = stamp
        self._log = log
        self.answered = answered_in(ledger)
        """Newest request carried out, by target."""
        for name, bot in self._bots.items():
            bot.control_id = bot.control_id or self.answered.get(name, "")
        since = ledger.notes(_SINCE)
        self._since = parse_iso(since) if since else None
        self.killed = ""
        """Why the kill switch of all bots stops them; empty when it is clear."""
        self.error = ""
        """Why the newest request to all bots was refused; empty when it was carried out."""
        newest = [audit for audit in ledger.audits(DESK) if audit.id == self.answered.get(DESK)]
        if newest and newest[-1].outcome != DONE:
            self.error = newest[-1].outcome.removeprefix(_REFUSED)

    def look(self) -> News:
        """Return what is asked for and not carried out yet."""
        news = News()
        for request in self._inbox.requests(self.answered):
            if self._since is not None and request.at is not None and request.at < self._since:
                self.answered[request.target] = max(request.id, self.answered.get(request.target, ""))
            else:
                news.requests.append(request)
        killed = self._inbox.killed(DESK)
        if killed != self.killed:
            self.killed = killed
        for name, bot in self._bots.items():
            reason = killed or self._inbox.killed(name)
            if reason != bot.standing.killed:
                news.kills[name] = reason
            if self._inbox.has_new_config(name):
                news.configs.append(name)
        return news

    def carry_out(self, news: News, ts: datetime, steering: Steering) -> Carried:
        """Carry `news` out at market time `ts`; the caller commits what came of it, then writes the files."""
        carried = Carried()
        for name, reason in news.kills.items():
            self._kill(self._bots[name], reason, ts, carried)
        for name in news.configs:
            self._take_rules(self._bots[name], ts, carried)
        for request in news.requests:
            self._answer(request, ts, steering, carried)
        for bot in carried.bots.values():
            bot.settle(ts)
        return carried

    # controls

    def _answer(self, request: Request, ts: datetime, steering: Steering, carried: Carried) -> None:
        bots = self._bots_of(request)
        what = " ".join(part for part in (request.action or "request", request.value) if part)
        why_not = request.error
        if not why_not and request.action in ("speed", "jump", "admit"):
            if request.target != DESK:
                why_not = f"{request.action} is for all bots together, not for one"
            elif request.action == "speed":
                why_not = steering.set_speed(request.value)
            elif request.action == "admit":
                why_not = self._admit(request, steering.now, ts, carried)
            else:
                why_not = steering.jump(request.value)
        elif not why_not:
            if request.action == "resume":
                forgive(bots, self._ledger)
            for bot in bots:
                _steer(bot, request, ts)
                carried.bots[bot.name] = bot
        self.answered[request.target] = request.id
        if request.target == DESK:
            self.error = why_not
        else:
            bots[0].control_id, bots[0].control_error = request.id, why_not
            carried.bots[request.target] = bots[0]
        if why_not:
            for bot in bots:
                bot.broker.note(ts, "refused", f"{what}: {why_not}")
                carried.bots[bot.name] = bot
        outcome = f"{_REFUSED}{why_not}" if why_not else DONE
        carried.audits.append(
            Audit(
                request.target,
                request.id,
                ts,
                self._wall(ts),
                request.action,
                outcome,
                request.value,
                request.by,
                request.reason,
            )
        )
        whose = "all bots" if request.target == DESK else request.target
        said = f"{what} for {whose}, {request.text}: {outcome}"
        self._log.info(said, market_time=ts, request_id=request.request_id or None)

    def _bots_of(self, request: Request) -> list[BotAccount]:
        """Return the bots that a request concerns."""
        if request.target != DESK:
            return [self._bots[request.target]]
        if request.action == "admit" and (found := self._admissions.bots_of(request.value)):
            return found
        return list(self._bots.values())

    def _admit(self, request: Request, now: datetime, ts: datetime, carried: Carried) -> str:
        """Let a symbol in again; return why not."""
        why_not = self._admissions.ask(request.value, now)
        if why_not:
            return why_not
        carried.notes |= self._admissions.notes()
        for bot in self._admissions.bots_of(request.value):
            bot.broker.note(ts, "admit", f"the next bar of {request.value} is let in, {request.text}", request.value)
            carried.bots[bot.name] = bot
        return ""

    # kill switches

    def _kill(self, bot: BotAccount, reason: str, ts: datetime, carried: Carried) -> None:
        was = bot.standing.killed
        bot.standing.killed = reason
        if reason:
            bot.broker.note(ts, "kill", reason)
            bot.leave_all(ts)
        else:
            bot.standing.leaving = ""
            bot.broker.note(ts, "clear", f"the kill switch was taken back; it was: {was}")
        carried.bots[bot.name] = bot
        action = "kill" if reason else "clear"
        audit_id = bot.broker.ids.next("a", ts)
        carried.audits.append(Audit(bot.name, audit_id, ts, self._wall(ts), action, DONE, reason=reason or was))
        self._log.warning(reason or "the kill switch was taken back", bot=bot.name, market_time=ts)

    # rules

    def _take_rules(self, bot: BotAccount, ts: datetime, carried: Carried) -> None:
        config: BotConfig | None = None
        own: Json = {}
        try:
            config = self._inbox.config(bot.name)
            if config is not None:
                own = dict(config.rules)
            rules = merged_rules(bot.base, own)
        except (StateError, ConfigError) as error:
            self._refuse_rules(bot, config, str(error), ts, carried)
            return
        version = config.version if config is not None else 0
        is_same = version == bot.config_version and not bot.config_error
        difference = _difference(bot.settings.rules, rules)
        bot.set_rules(rules)
        bot.config_version, bot.own_rules, bot.config_error = version, own, ""
        if is_same:
            return
        text = difference or "nothing is different"
        said = f"rules of version {version}: {text}" if version else f"the rules of the settings again: {text}"
        self._record_rules(bot, "rules", said, DONE, version, config, ts, carried)

    def _refuse_rules(
        self, bot: BotAccount, config: BotConfig | None, why: str, ts: datetime, carried: Carried
    ) -> None:
        error = f"version {config.version}: {why}" if config is not None else why
        if error == bot.config_error:
            return
        bot.config_error = error
        version = config.version if config is not None else 0
        self._record_rules(
            bot, "refused", f"saved rules: {error}", f"{_REFUSED}{error}", version, config, ts, carried
        )

    def _record_rules(
        self,
        bot: BotAccount,
        action: str,
        text: str,
        outcome: str,
        version: int,
        config: BotConfig | None,
        ts: datetime,
        carried: Carried,
    ) -> None:
        bot.broker.note(ts, action, text)
        by = config.saved_by if config is not None else ""
        audit_id = bot.broker.ids.next("a", ts)
        carried.audits.append(Audit(bot.name, audit_id, ts, self._wall(ts), "rules", outcome, str(version), by, text))
        carried.bots[bot.name] = bot
        self._log.write("info" if outcome == DONE else "warning", text, bot=bot.name, market_time=ts)

    def _wall(self, ts: datetime) -> datetime:
        return ts if self._stamp.is_deterministic else self._stamp.wall.now()


def answered_in(ledger: LedgerReader) -> dict[str, str]:
    """Return the newest request that was carried out in or before the run of `ledger`, by target."""
    answered = ledger.notes_under(_ANSWERED)
    for audit in ledger.audits():
        if audit.action in ("kill", "clear", "rules"):
            continue
        answered[audit.target] = max(audit.id, answered.get(audit.target, ""))
    return answered


def begin_controls(ledger: Ledger, answered: Mapping[str, str] | None, now: datetime) -> None:
    """Tell a new ledger which requests are not for its run.

    Args:
        ledger: that was just made.
        answered: `answered_in` of the run before; None when there is none, and all requests before now are old.
        now: wall time.
    """
    if answered is None:
        ledger.note(_SINCE, iso(now))
    for target, control_id in (answered or {}).items():
        ledger.note(f"{_ANSWERED}{target}", control_id)


def _steer(bot: BotAccount, request: Request, ts: datetime) -> None:
    standing = bot.standing
    bot.broker.note(ts, request.action, request.text)
    if request.action == "resume":
        standing.paused = standing.leaving = ""
        return
    standing.paused = f"entries are paused, {request.text}"
    if request.action == "flatten":
        standing.leaving = f"flatten, {request.text}"
        bot.leave_all(ts)


def _difference(before: Rules, after: Rules) -> str:
    old, new = rules_json(before), rules_json(after)
    changed: Iterable[str] = (f"{name} {old[name]} -> {new[name]}" for name in new if new[name] != old[name])
    return ", ".join(changed)
