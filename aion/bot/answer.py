"""What becomes of a request, as a text that the state files carry: a word, and more after a colon."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from aion.bot.exit_orders import count_of
from aion.trading.portfolio import Portfolio

DONE = "done"
ACCEPTED = "accepted"
"""Begun; what it asks for has not come about yet."""
REFUSED = "refused: "
SUPERSEDED = "superseded: "
KEPT = 20  # newest answers in a state file


class Holder(Protocol):
    """A bot, as far as an answer needs it."""

    name: str
    portfolio: Portfolio


def shown_answers(answers: Mapping[str, str], holders: Iterable[Holder]) -> dict[str, str]:
    """Return `answers` with what is left to do in those that are accepted.

    Args:
        answers: by id, oldest first.
        holders: the bots that they are about.
    """
    if ACCEPTED not in answers.values():
        return dict(answers)
    left = [symbol for holder in holders for symbol in holder.portfolio.symbols]
    more = f": {count_of(left, 'position')} still open" if left else ""
    return {each: f"{said}{more}" if said == ACCEPTED else said for each, said in answers.items()}


def error_of(outcome: str) -> str:
    """Return why a request was refused, or an empty text."""
    return outcome.removeprefix(REFUSED) if outcome.startswith(REFUSED) else ""


def newest(answers: Mapping[str, str]) -> dict[str, str]:
    """Return the newest of the answers; they are in order."""
    return dict(list(answers.items())[-KEPT:])
