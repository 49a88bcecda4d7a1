"""Fresh snapshots of files, answered and pushed over SSE; knows nothing of trading, mounts in any FastAPI app."""

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
