"""Fresh snapshots of files, answered and pushed over SSE; knows nothing of trading, mounts in any FastAPI app."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aion.live.change import StreamRights
    from aion.live.disk.source import Entry, Tree
    from aion.live.http import NO_STORE, FamilyApp, SnapshotApp, StreamApp
    from aion.live.live import Live, LiveError, NoSuchKeyError
    from aion.live.push.connection import ConnectionProtocol
    from aion.live.snapshot import Snapshot
    from aion.live.tail import LogTail
    from aion.live.topic import Built, Family, Patch, Topic

__all__ = [
    "NO_STORE",
    "Built",
    "ConnectionProtocol",
    "Entry",
    "Family",
    "FamilyApp",
    "Live",
    "LiveError",
    "LogTail",
    "NoSuchKeyError",
    "Patch",
    "Snapshot",
    "SnapshotApp",
    "StreamApp",
    "StreamRights",
    "Topic",
    "Tree",
]

_PLACES = {
    "NO_STORE": "aion.live.http",
    "Built": "aion.live.topic",
    "ConnectionProtocol": "aion.live.push.connection",
    "Entry": "aion.live.disk.source",
    "Family": "aion.live.topic",
    "FamilyApp": "aion.live.http",
    "Live": "aion.live.live",
    "LiveError": "aion.live.live",
    "LogTail": "aion.live.tail",
    "NoSuchKeyError": "aion.live.live",
    "Patch": "aion.live.topic",
    "Snapshot": "aion.live.snapshot",
    "SnapshotApp": "aion.live.http",
    "StreamApp": "aion.live.http",
    "StreamRights": "aion.live.change",
    "Topic": "aion.live.topic",
    "Tree": "aion.live.disk.source",
}
"""Loaded when it is first asked for: a relay uses the looks at the disk alone, and no server."""


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = getattr(import_module(_PLACES[name]), name)
    globals()[name] = found
    return found
