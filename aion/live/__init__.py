"""Fresh snapshots of files, answered and pushed over SSE; knows nothing of trading, mounts in any FastAPI app."""

from aion.live.http import NO_STORE, SnapshotApp, StreamApp
from aion.live.live import Live, LiveError
from aion.live.push.connection import ConnectionProtocol
from aion.live.snapshot import Built, Snapshot, Topic
from aion.live.source import Entry, Tree
from aion.live.tail import LogTail

__all__ = [
    "NO_STORE",
    "Built",
    "ConnectionProtocol",
    "Entry",
    "Live",
    "LiveError",
    "LogTail",
    "Snapshot",
    "SnapshotApp",
    "StreamApp",
    "Topic",
    "Tree",
]
