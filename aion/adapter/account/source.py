"""What the readers of all accounts have in common: they only read, and show their newest reading."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from aion.adapter.account.book import Book
from aion.adapter.account.document import Reading, document
from aion.adapter.problem import RefusedError
from aion.output.encode import Json
from aion.secret import attached_secret, variable_of

Compared = tuple[str, Decimal, Decimal]
"""A figure, as the account says it and as Aion works it out."""


class AccountSource(ABC):
    """One account, of which nothing is asked but what it holds."""

    rule: str
    takes_requests = False
    state = ("active", "")
    actions: tuple[str, ...] = ()

    def __init__(self, name: str) -> None:
        """Args: name: on the desk."""
        self.name = name
        self.book = Book()
        self.reading: Reading | None = None
        """The newest look; None before the first."""

    @abstractmethod
    async def look(self, now: datetime) -> None:
        """Read it.

        Raises:
            AionError: it cannot be read.
        """

    @abstractmethod
    def describe(self) -> str:
        """Return what answered, in a line for `aion attach --check`."""

    def compared(self) -> list[Compared]:
        """Return figures of the newest look that the account says and Aion works out too."""
        return []

    def document(self, now: datetime, due_at: datetime, more: Mapping[str, Any]) -> Json:
        """Return the state file of the newest look."""
        assert self.reading is not None
        return document(self.reading, self.book, self.rule, self.name, now, due_at, more)

    async def carry_out(self, action: str, value: str) -> str:
        """Refuse: an account is only read.

        Raises:
            RefusedError: always.
        """
        raise RefusedError(f"{action} is not possible: the account is only read")

    def left(self, action: str, value: str) -> str:
        """Return nothing: nothing was asked of it."""
        return ""

    async def close(self) -> None:
        """Let go of connections: of a file there are none."""
        return


def missing_keys(name: str) -> str:
    """Return the sentence for an account whose keys are not given."""
    key, secret = (variable_of(attached_secret(name, what)) for what in ("key", "secret"))
    return f"it has no keys: give them in {key} and {secret}, or in files that {key}_FILE and {secret}_FILE name"
