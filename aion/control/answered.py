"""Which requests a run has answered already, by their exact ids; what older ledgers say of it is read here too."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from aion.bot.answer import ACCEPTED, DONE, REFUSED, SUPERSEDED
from aion.ledger.ledger import Ledger
from aion.ledger.query import LedgerReader
from aion.store.control_id import asked_at, order_of, why_not

Answers = dict[str, dict[str, str]]
"""What became of each request, by target and id."""

MOST_CARRIED = 1000  # answers that a new run takes over, of each target
EXACT = "controls_exact"  # note in the ledger: it keeps exact ids
ANOTHER_RUN = f"{ACCEPTED}: another run begins there"
NO_OTHER_RUN = f"{REFUSED}the bots were restarted before the other run began; ask again"
OF_NO_RUN = f"{SUPERSEDED}it was asked before this ledger was made"
_ANSWERED = "answered:"  # note in the ledger: what became of requests before the run, by target
_OF_THE_BOTS = ("kill", "clear", "rules")  # rows of an older audit that are no requests


@dataclass(slots=True)
class Known:
    """What a ledger knows of requests."""

    answers: Answers = field(default_factory=dict)
    skipped: set[tuple[str, str]] = field(default_factory=set)
    """Target and id of those that an older version left undone because of a file that is no request."""


def known_in(ledger: LedgerReader, present: Mapping[str, Iterable[str]], now: datetime) -> Known:
    """Return what the ledger of a run knows.

    Args:
        ledger: of the run.
        present: ids of the requests that lie there, by target.
        now: wall time.
    """
    known = Known()
    is_exact = ledger.notes(EXACT) is not None
    floors: dict[str, str] = {}
    poisoned: set[str] = set()

    def take(target: str, control_id: str, outcome: str) -> None:
        if asked_at(control_id) is not None:
            known.answers.setdefault(target, {})[control_id] = outcome
        if is_exact:
            return
        if why_not(control_id, now) and _is_behind_all(control_id, now):
            poisoned.add(target)
        elif asked_at(control_id) is not None:
            floors[target] = max(floors.get(target, control_id), control_id, key=order_of)

    for target, text in ledger.notes_under(_ANSWERED).items():
        carried = json.loads(text) if text.startswith("{") else {text: DONE}
        for control_id, outcome in carried.items():
            take(target, control_id, outcome)
    for audit in ledger.audits():
        if asked_at(audit.id) is not None or audit.action not in _OF_THE_BOTS:
            take(audit.target, audit.id, audit.outcome)
    if not is_exact:
        _take_older(known, floors, poisoned, present, now)
    for target, answers in known.answers.items():
        known.answers[target] = {each: answers[each] for each in sorted(answers, key=order_of)}
    return known


def _is_behind_all(control_id: str, now: datetime) -> bool:
    """Tell whether an older version, which compared ids as texts, took all requests of now for answered."""
    return control_id > f"c{now:%Y%m%dT%H%M%S}"


def _take_older(
    known: Known,
    floors: Mapping[str, str],
    poisoned: Iterable[str],
    present: Mapping[str, Iterable[str]],
    now: datetime,
) -> None:
    """Take over what a ledger of before exact ids meant: all up to the newest one answered were done."""
    for target, ids in present.items():
        answers = known.answers.setdefault(target, {})
        for each in ids:
            if each in answers:
                continue
            if target in floors and order_of(each) <= order_of(floors[target]):
                answers[each] = DONE
            elif target in poisoned and not why_not(each, now):
                known.skipped.add((target, each))


def begin_controls(
    ledger: Ledger, before: Answers | None, present: Mapping[str, Iterable[str]], now: datetime
) -> None:
    """Tell a new ledger which requests are not for its run.

    Args:
        ledger: that was just made.
        before: what became of the requests of the run before; None when there is none: what lies there is old.
        present: ids of the requests that lie there, by target.
        now: wall time.
    """
    if before is None:
        before = {
            target: {each: OF_NO_RUN for each in ids if order_of(each)[0] < now and not why_not(each, now)}
            for target, ids in present.items()
        }
    for target, answers in before.items():
        newest = sorted(answers, key=order_of)[-MOST_CARRIED:]
        carried = {each: _carried(answers[each]) for each in newest}
        if carried:
            ledger.note(f"{_ANSWERED}{target}", json.dumps(carried))
    ledger.note(EXACT, "1")


def _carried(outcome: str) -> str:
    """Return what an answer of one run is in the next."""
    if outcome == ANOTHER_RUN:
        return ACCEPTED  # until the run that it asked for is at its day
    return f"{SUPERSEDED}another run began first" if outcome.startswith(ACCEPTED) else outcome
