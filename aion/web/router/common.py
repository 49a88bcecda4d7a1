"""What the routers share: how a request finds its desk, and the errors that every route may answer."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec

from fastapi import Request
from starlette.responses import Response

from aion.web.desk import Desk
from aion.web.security.login import address_of
from aion.web.security.store import DeskStore, DeskStoreError, Identity
from aion.web.status.document import ErrorAnswer

NOT_FOUND: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorAnswer, "description": "A name that cannot be one."},
    404: {"model": ErrorAnswer, "description": "Nothing of that name."},
    409: {"model": ErrorAnswer, "description": "The file is there but cannot be trusted; the detail says where."},
}

UNAVAILABLE: dict[int | str, dict[str, Any]] = {
    503: {"model": ErrorAnswer, "description": "The disk does not answer, or the desk is stopping."},
}
SNAPSHOT_ANSWERS: dict[int | str, dict[str, Any]] = {
    304: {"description": "What the page holds is what is on disk."},
    **UNAVAILABLE,
}
STREAM_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "A stream that ends only when somebody leaves."},
    404: {"model": ErrorAnswer, "description": "There is no such topic."},
    **UNAVAILABLE,
}
CHANGES: dict[int | str, dict[str, Any]] = {
    **NOT_FOUND,
    409: {"model": ErrorAnswer, "description": "As things stand it cannot be done; the detail says why."},
    503: {"model": ErrorAnswer, "description": "It cannot be written, or not be put into the audit."},
}


WHOLE_AT_ONCE = 4
_whole = threading.BoundedSemaphore(WHOLE_AT_ONCE)
Asked = ParamSpec("Asked")


def whole(answers: Callable[Asked, Response]) -> Callable[Asked, Response]:
    """Return a route that answers with whole documents, so that only a few of it are in memory at once."""

    @wraps(answers)
    def alone(*asked: Asked.args, **named: Asked.kwargs) -> Response:
        with _whole:
            return answers(*asked, **named)

    return alone


def desk_of(request: Request) -> Desk:
    """Return the desk whose app answers `request`."""
    desk: Desk = request.app.state.desk
    return desk


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody who changes something, and the audit that is told."""

    who: str
    address: str
    store: DeskStore

    def record(self, what: str, before: Any, after: Any) -> None:
        """Write one line of the audit.

        Raises:
            DeskStoreError: it cannot be written.
        """
        self.store.record(self.who, self.address, what, before, after)

    def recorded(self, what: str, before: Any, after: Any) -> AbstractContextManager[None]:
        """Return what writes one line of the audit together with what is done inside; as `DeskStore.recorded`."""
        return self.store.recorded(self.who, self.address, what, before, after)


def actor_of(request: Request) -> Actor:
    """Return who asks for a change.

    Raises:
        DeskStoreError: this desk has no audit, so that nothing can be changed.
    """
    identity: Identity = request.scope["aion.identity"]
    return Actor(identity.who, address_of(request.scope), store_of(request))


def store_of(request: Request) -> DeskStore:
    """Return what holds passwords, tokens and audit.

    Raises:
        DeskStoreError: the data folder cannot be written.
    """
    store = desk_of(request).store
    if store is None:
        raise DeskStoreError("this desk cannot write desk.sqlite: it has no tokens and no audit")
    return store
