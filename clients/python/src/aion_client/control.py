"""What the desk asks of a bot, what the bot answered, and the state that follows from it."""

from __future__ import annotations

import threading
from typing import Any, Callable

from aion_client.argument import text
from aion_client.inbox import Inbox

MOST_ANSWERS = 50
FINAL = ("done", "refused", "superseded")
ACTIONS = ("pause", "resume", "flatten")


class Ask:
    """One request; answer it with `done`, `accepted` or `refused`."""

    def __init__(self, answer: Callable[[Ask, str, str], None], action: str, **about: str) -> None:
        """Args: answer: takes the answer; action: what is asked; about: id, by, reason, value."""
        self.action = action
        """`pause` (open nothing), `resume`, `flatten` (close all, then stay paused), `kill` (close all and stop),
        `clear` (the kill switch is off again)."""
        self.id = about.get("id", "")
        """Of the request; empty for a kill switch."""
        self.by = about.get("by", "")
        """Who asked, as the desk knows them."""
        self.reason = about.get("reason", "")
        self.value = about.get("value", "")
        self._answer = answer

    def done(self, detail: str = "") -> None:
        """Say that it is carried out: the state becomes `paused`, `active` or `stopped`."""
        self._answer(self, "done", detail)

    def accepted(self, detail: str = "") -> None:
        """Say that it is begun; `asks()` gives it again until it is done or refused."""
        self._answer(self, "accepted", detail)

    def refused(self, reason: str) -> None:
        """Say why it is not carried out."""
        self._answer(self, "refused", reason)

    def __repr__(self) -> str:
        return f"Ask({self.action!r}, id={self.id!r}, by={self.by!r}, reason={self.reason!r})"


class Controls:
    """The requests to one bot, by their exact ids."""

    def __init__(self, inbox: Inbox, lock: threading.RLock, touch: Callable[[], None]) -> None:
        """Args: inbox: reads them; lock: of the bot; touch: tells that the state has changed."""
        self.inbox = inbox
        self.lock = lock
        self.state = "active"
        """`active`, `paused` or `stopped`."""
        self._touch = touch
        self._reason = self._paused = self._error = ""
        self._newest: str | None = None  # id of the newest request that was answered; None: it reads none
        self._answers: dict[str, str] = {}

    def open_asks(self) -> list[Ask]:
        """Return what is asked and not answered for good, oldest first; the caller holds the lock."""
        if self._newest is None:
            self._newest = ""
            self._touch()
        found = []
        requests = self.inbox.requests()
        waiting = [each for each in requests if self._answers.get(each, "").split(":")[0] not in FINAL]
        resumes = [index for index, each in enumerate(waiting) if requests[each]["action"] == "resume"]
        for index, each in enumerate(waiting):
            about = dict(requests[each])
            ask = Ask(self._answer, about.pop("action"), **about)
            if ask.action not in ACTIONS:
                self._answer(ask, "refused", f"this bot knows {', '.join(ACTIONS)}")
            elif ask.action != "resume" and resumes and index < resumes[-1]:
                self._answer(ask, "superseded", "resumed before it was done")
            else:
                found.append(ask)
        killed = self.inbox.killed()
        if killed is not None and self.state != "stopped":
            found.insert(0, Ask(self._answer, "kill", reason=killed))
        elif killed is None and self.state == "stopped":
            self._set_state()
            self._touch()
            found.append(Ask(self._answer, "clear", reason="the kill switch is off again"))
        return found

    def document(self) -> dict[str, Any]:
        """Return the fields of the state file."""
        found: dict[str, Any] = {"state": self.state}
        if self._newest is not None:
            found.update(control_id=self._newest, control_answers=dict(self._answers))
        said = {"state_reason": self._reason, "paused": self._paused, "control_error": self._error}
        return {**found, **{name: each for name, each in said.items() if each}}

    def restore(self, document: dict[str, Any]) -> None:
        """Take over what `document` said before a restart."""
        self._answers = dict(document.get("control_answers", {}))
        self._newest = document.get("control_id") if self._answers else None
        self._paused = str(document.get("paused", ""))
        self._set_state()
        if document.get("state") == "stopped":
            self.state, self._reason = "stopped", str(document.get("state_reason", ""))

    def _answer(self, ask: Ask, word: str, detail: str) -> None:
        detail = text(detail, 500)
        with self.lock:
            if ask.action == "kill":
                if word == "done":
                    self.state = "stopped"
                self._reason = ask.reason if word == "done" else detail
            elif ask.id:
                self._answers[ask.id] = f"{word}: {detail}" if detail else word
                while len(self._answers) > MOST_ANSWERS:
                    del self._answers[next(iter(self._answers))]
                self._newest = max(self._newest or "", ask.id)
                self._error = detail if word == "refused" else ""
                if word == "done":
                    by = f" by {ask.by}" if ask.by else ""
                    paused = f"paused{by}: {ask.reason}" if ask.reason else f"paused{by}"
                    self._paused = "" if ask.action == "resume" else paused
                    if self.state != "stopped":
                        self._set_state()
            self._touch()

    def _set_state(self) -> None:
        self.state = "paused" if self._paused else "active"
        self._reason = self._paused
