"""What a stream begins with, made ready before it opens, so that nothing of it takes the event loop's time.

A client that names a version which is still remembered gets the patch from it, not the whole anew.
"""

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

from aion.live.delta import patch_event
from aion.live.live import Live
from aion.live.push.lane import Frame
from aion.live.snapshot import Snapshot

log = logging.getLogger(__name__)


class CatchUp(NamedTuple):
    """A patch from the version that one client has."""

    etag: str
    """Of the version that it leads to."""
    frame: Frame


async def ready(
    live: Live[Any], topics: Sequence[str], have: Mapping[str, str], patched: Sequence[str]
) -> dict[str, CatchUp]:
    """Update `topics`, let all streams have them as they are now, and make what a new stream is to be sent of them.

    Args:
        live: has the topics.
        topics: of the new stream.
        have: ETags of what its client has of them.
        patched: those of them for which it understands patches.

    Returns:
        By topic, the patch that is enough for this client. Of all others the whole is ready.
    """
    await live.fresh_for_stream(topics)
    found: dict[str, CatchUp] = {}
    for topic in topics:
        snapshot = live.held(topic)
        if snapshot is None:
            continue
        etag = have.get(topic, snapshot.etag)
        if etag != snapshot.etag and topic in patched and snapshot.patch_from is not None:
            patch = await live.in_build_thread(partial(_patch, etag, snapshot))
            if patch is not None:
                found[topic] = CatchUp(snapshot.etag, Frame(*patch))
                continue
        await live.prepare(snapshot)
    return found


def _patch(etag: str, snapshot: Snapshot) -> tuple[bytes, bytes] | None:
    try:
        return patch_event(etag, snapshot)
    except Exception:  # the edge to a builder's patch: without it the whole is sent
        log.exception("topic %s: its change cannot be told as a patch", snapshot.topic)
        return None
