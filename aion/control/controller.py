"""Carrying out what the desk asks for: controls, kill switches and saved rules, each of them once.

A request is done when its record is in the ledger, in the same transaction as what it did to the accounts: a process
that dies before finds the request again, one that dies after finds its record. The state files come after that and
are the answer to the desk.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol, get_args

from aion.bot import answer
from aion.bot.account import BotAccount
from aion.bot.answer import ACCEPTED, DONE, REFUSED, SUPERSEDED
from aion.bot.exit_orders import count_of
from aion.bot.quarantine import forgive
from aion.bot.settings_check import merged_rules
from aion.clock import parse_iso
from aion.config import Rules
from aion.control.answered import ANOTHER_RUN, EXACT, NO_OTHER_RUN, OF_NO_RUN, known_in
from aion.control.inbox import Inbox, Request
from aion.control.symbol_admission import Admissions
from aion.errors import ConfigError, StateError
from aion.ledger.ledger import Ledger
from aion.output.encode import Json
from aion.output.envelope import Stamp
from aion.store.control_id import asked_at
from aion.store.document.action import WITH_EXITS, Action, Exits, RunAction
from aion.store.document.request import BotConfig
from aion.store.layout import DESK
from aion.store.log.process_log import ProcessLog
from aion.trading.events import Audit

CLEARED_WITHIN = timedelta(seconds=10)  # the desk removes the switch's file right after it asked to keep exits
SKIPPED = "an earlier version of Aion skipped it, because of a file beside it that is no request; ask again"
_SINCE = "controls_since"  # note in older ledgers: wall time before which a request is of no run that is known


class Steering(Protocol):
    """What the desk may do with the clock of a run; each returns why not, or an empty text."""

    now: datetime
    """Market time of the newest bars."""

    def set_speed(self, value: str) -> str:
        """Run at `value` market seconds per real second; 0 holds the run still."""
        ...

    def jump(self, value: str) -> str:
        """Go to the market day `value`."""
        ...

    @property
    def begin_again_at(self) -> datetime | None:
        """Set when another run shall begin at that market time."""
        ...


@dataclass(slots=True)
class News:
    """What the desk asks for and is not carried out yet."""

    requests: list[Request] = field(default_factory=list)
    kills: dict[str, str] = field(default_factory=dict)
    """Bots whose kill switch changed, with why they must stop; an empty text when it was taken back."""
    configs: list[str] = field(default_factory=list)
    """Bots whose saved rules are another file."""
    has_other_left_aside: bool = False
    """True when other files than before are left aside."""

    def __bool__(self) -> bool:
        return bool(self.requests or self.kills or self.configs or self.has_other_left_aside)


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
        now = stamp.wall.now()
        known = known_in(ledger, inbox.ids(now), now)
        self._answers = known.answers
        self._skipped = known.skipped
        if not known.skipped and ledger.notes(EXACT) is None:
            ledger.note(EXACT, "1")
        since = ledger.notes(_SINCE)
        self._since = parse_iso(since) if since else None
        self._open: dict[tuple[str, str], set[str]] = {}
        """Target and id of what is accepted and not done -> the bots that were resumed before they were flat."""
        for target in (DESK, *self._bots):
            answers = self._answers.get(target, {})
            self._open |= {(target, each): set() for each, said in answers.items() if said == ACCEPTED}
        self._actions = {(each.target, each.id): each.action for each in ledger.audits()}
        """What was asked for, by target and id; of the runs before, only a jump is still under way."""
        self.settled: list[tuple[str, str, str]] = []
        """Target, id and outcome of what has come about or was overtaken, for the next commit."""
        for target, answers in self._answers.items():
            for control_id in [each for each, said in answers.items() if said == ANOTHER_RUN]:
                answers[control_id] = NO_OTHER_RUN
                self.settled.append((target, control_id, NO_OTHER_RUN))
        self.left_aside: dict[str, str] = {}
        """Files that are not acted on: path below the data folder -> why, the first few."""
        self.killed = ""
        """Why the kill switch of all bots stops them; empty when it is clear."""
        for name, bot in self._bots.items():
            if found := self._answers.get(name):
                bot.control_id = next(reversed(found))
                bot.control_answers = answer.newest(found)

    def clock_fields(self) -> Json:
        """Return what the clock's document says of the requests to all bots, of their kill switch and the folders."""
        value: Json = {}
        if answers := self._answers.get(DESK):
            value["control_id"] = next(reversed(answers))
            if error := answer.error_of(answers[value["control_id"]]):
                value["control_error"] = error
            leaving = [bot for bot in self._bots.values() if bot.standing.leaving]
            value["control_answers"] = answer.shown_answers(answer.newest(answers), leaving)
        if self.killed:
            value["killed"] = self.killed
        if self.left_aside:
            value["left_aside"] = self.left_aside
        return value

    def look(self) -> News:
        """Return what is asked for and not carried out yet."""
        news = News()
        now = self._stamp.wall.now()
        # switches first: what is asked with the clearing of one is written before the switch goes
        killed = self._inbox.killed(DESK)
        own = {name: self._inbox.killed(name) for name in self._bots}
        for request in self._inbox.requests(self._answers, now):
            if self._is_of_no_run(request, now):
                self._answers.setdefault(request.target, {})[request.id] = OF_NO_RUN
            elif request.action == "clear" and (killed if request.target == DESK else own[request.target]):
                asked = asked_at(request.id)
                if asked is None or not timedelta(0) <= now - asked < CLEARED_WITHIN:
                    news.requests.append(request)
            else:
                news.requests.append(request)
        if self._inbox.left_aside != self.left_aside:
            self._say_left_aside(self._inbox.left_aside)
            news.has_other_left_aside = True
        if killed != self.killed:
            self.killed = killed
        for name, bot in self._bots.items():
            reason = killed or own[name]
            if reason != bot.standing.killed:
                news.kills[name] = reason
            if self._inbox.has_new_config(name):
                news.configs.append(name)
        return news

    def _is_of_no_run(self, request: Request, now: datetime) -> bool:
        since = self._since
        return since is not None and since <= now and request.at is not None and request.at < since

    def _say_left_aside(self, found: Mapping[str, str]) -> None:
        for path, why in found.items():
            if path not in self.left_aside:
                self._log.warning(f"{path} is left aside: it {why}")
        self.left_aside = dict(found)

    def carry_out(self, news: News, ts: datetime, steering: Steering) -> Carried:
        """Carry `news` out at market time `ts`; the caller commits what came of it, then writes the files."""
        carried = Carried()
        kept = {each.target for each in news.requests if each.action == "clear" and each.value == "keep"}
        for name, reason in news.kills.items():
            self._kill(self._bots[name], reason, ts, carried, is_kept=bool(kept & {name, DESK}))
        for name in news.configs:
            self._take_rules(self._bots[name], ts, carried)
        for request in news.requests:
            self._answer(request, ts, steering, carried)
        for bot in carried.bots.values():
            bot.settle(ts)
        return carried

    def settle(self, *, has_arrived: bool) -> bool:
        """Note which accepted requests have come about; tell whether anything is `settled`.

        Args:
            has_arrived: True when no jump and no catching up is under way.
        """
        for (target, control_id), resumed in list(self._open.items()):
            action = self._actions.get((target, control_id), "")
            bots = self._named(target)
            if action == "flatten" and not any(bot.standing.leaving for bot in bots):
                but = f": but for {', '.join(sorted(resumed))}, resumed before" if resumed else ""
                self._end(target, control_id, f"{DONE}{but}")
            elif action != "flatten" and has_arrived:
                self._end(target, control_id, DONE)
        return bool(self.settled)

    def _end(self, target: str, control_id: str, outcome: str) -> None:
        """Note what came of an accepted request."""
        self._open.pop((target, control_id), None)
        self.settled.append((target, control_id, outcome))
        self._note_answer(target, control_id, outcome)

    def _note_answer(self, target: str, control_id: str, outcome: str) -> None:
        answers = self._answers.setdefault(target, {})
        answers[control_id] = outcome
        if target in self._bots:
            self._bots[target].control_answers = answer.newest(answers)

    # controls

    def _answer(self, request: Request, ts: datetime, steering: Steering, carried: Carried) -> None:
        bots = self._bots_of(request)
        what = " ".join(part for part in (request.action, request.value) if part)
        outcome = self._carry(request, bots, ts, steering, carried)
        why_not = answer.error_of(outcome)
        if request.target != DESK:
            bots[0].control_id, bots[0].control_error = request.id, why_not
            carried.bots[request.target] = bots[0]
        if why_not:
            for bot in bots:
                bot.broker.note(ts, "refused", f"{what}: {why_not}")
                carried.bots[bot.name] = bot
        key = (request.target, request.id)
        if outcome == ACCEPTED:
            self._open[key] = set()
            self._actions[key] = request.action
        self._note_answer(*key, outcome)
        if not why_not:
            self._overtake(request, carried)
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

    def _carry(
        self, request: Request, bots: list[BotAccount], ts: datetime, steering: Steering, carried: Carried
    ) -> str:
        """Do what a request asks for; return what came of it."""
        action, value = request.action, request.value
        if (request.target, request.id) in self._skipped:
            carried.notes[EXACT] = "1"
            return f"{REFUSED}{SKIPPED}"
        if action in get_args(RunAction):
            if request.target != DESK:
                return f"{REFUSED}{action} is for all bots together, not for one"
            if action == "admit":
                why_not = self._admit(request, steering.now, ts, carried)
            else:
                why_not = steering.set_speed(value) if action == "speed" else steering.jump(value)
            if why_not or action != "jump":
                return f"{REFUSED}{why_not}" if why_not else DONE
            return ACCEPTED if steering.begin_again_at is None else ANOTHER_RUN
        if action in WITH_EXITS and value not in ("", *get_args(Exits)):
            return f"{REFUSED}{action} takes keep or cancel as its value, not {value}"
        if action == "clear":
            stopped = self.killed if request.target == DESK else self._inbox.killed(request.target)
            return f"{REFUSED}the kill switch is still there" if stopped else DONE
        if action == "resume":
            forgive(bots, self._ledger)
        for bot in bots:
            self._steer(bot, request, ts, carried)
            carried.bots[bot.name] = bot
        return ACCEPTED if action == "flatten" and any(bot.standing.leaving for bot in bots) else DONE

    def _steer(self, bot: BotAccount, request: Request, ts: datetime, carried: Carried) -> None:
        standing = bot.standing
        if request.action == "resume":
            was_leaving, standing.paused, standing.leaving = standing.leaving, "", ""
            said = _take_back(bot, ts, f"resumed, {request.text}", is_kept=request.value == "keep")
            bot.broker.note(ts, "resume", f"{request.text}{said}")
            if was_leaving:
                self._overtake_flatten(bot, request)
            return
        bot.broker.note(ts, request.action, request.text)
        standing.paused = request.paused_text
        if request.action == "flatten":
            standing.leaving = f"flatten, {request.text}"
            bot.leave_all(ts)

    def _overtake_flatten(self, bot: BotAccount, request: Request) -> None:
        """Note that `bot` was resumed before it was flat."""
        for (target, control_id), resumed in list(self._open.items()):
            if self._actions.get((target, control_id)) != "flatten" or target not in (bot.name, DESK):
                continue
            resumed.add(bot.name)
            if target != DESK or request.target == DESK:
                self._end(target, control_id, f"{SUPERSEDED}it was resumed before it was flat")

    def _overtake(self, request: Request, carried: Carried) -> None:
        """End what `request` makes void: a jump under way, and what was asked at the same look and undone by it."""
        if request.action == "jump":
            for target, control_id in list(self._open):
                if self._actions.get((target, control_id)) == "jump" and control_id != request.id:
                    self._end(target, control_id, f"{SUPERSEDED}another jump was asked for")
        undone = _UNDONE_BY.get(request.action, ())
        for number, audit in enumerate(carried.audits):
            if audit.target == request.target and audit.outcome == DONE and audit.action in undone:
                outcome = f"{SUPERSEDED}{request.action} was asked right after it"
                carried.audits[number] = replace(audit, outcome=outcome)
                self._note_answer(audit.target, audit.id, outcome)

    def _bots_of(self, request: Request) -> list[BotAccount]:
        """Return the bots that a request concerns."""
        if request.action == "admit" and (found := self._admissions.bots_of(request.value)):
            return found
        return self._named(request.target)

    def _named(self, target: str) -> list[BotAccount]:
        return list(self._bots.values()) if target == DESK else [self._bots[target]]

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

    def _kill(self, bot: BotAccount, reason: str, ts: datetime, carried: Carried, *, is_kept: bool) -> None:
        was, bot.standing.killed = bot.standing.killed, reason
        if reason:
            bot.broker.note(ts, "kill", reason)
            bot.leave_all(ts)
            said = reason
        else:
            said = f"kill switch cleared{_take_back(bot, ts, 'the kill switch was cleared', is_kept=is_kept)}"
            bot.broker.note(ts, "clear", f"{said}; it was {was}")
        carried.bots[bot.name] = bot
        action = "kill" if reason else "clear"
        audit_id = bot.broker.ids.next("a", ts)
        carried.audits.append(Audit(bot.name, audit_id, ts, self._wall(ts), action, DONE, reason=reason or said))
        self._log.warning(f"{bot.name}: {said}", bot=bot.name, market_time=ts)

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
        self._record_rules(bot, "refused", f"saved rules: {error}", f"{REFUSED}{error}", version, config, ts, carried)

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


_UNDONE_BY: dict[Action, tuple[Action, ...]] = {
    "pause": ("resume",), "flatten": ("resume",), "resume": ("pause", "flatten"), "speed": ("speed",),
}  # fmt: skip
"""Actions that never had an effect when another comes at the same look."""


def _take_back(bot: BotAccount, ts: datetime, why: str, *, is_kept: bool) -> str:
    """Take back the exits of `bot` that nothing asks for any more, or keep them; return what was done."""
    found = bot.leaving.stay(bot.broker, bot.standing, ts, why, is_kept=is_kept)
    return f"; {count_of(found, 'exit')} {'kept' if is_kept else 'cancelled'}" if found else ""


def _difference(before: Rules, after: Rules) -> str:
    old, new = before.as_json(), after.as_json()
    changed: Iterable[str] = (f"{name} {old[name]} -> {new[name]}" for name in new if new[name] != old[name])
    return ", ".join(changed)
