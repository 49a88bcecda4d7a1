"""What the routers share: how a request finds its desk, and the errors that every route may answer."""

from typing import Any

from fastapi import Request

from aion.web.desk import Desk
from aion.web.document import ErrorAnswer

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


def desk_of(request: Request) -> Desk:
    """Return the desk whose app answers `request`."""
    desk: Desk = request.app.state.desk
    return desk
