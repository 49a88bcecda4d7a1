"""Runs what belongs together until one of it ends."""

import asyncio
from collections.abc import Coroutine
from typing import Any

CANCEL_AGAIN_S = 0.5


async def together(*runs: Coroutine[Any, Any, None]) -> None:
    """Run all of `runs` until one of them ends, then end the others; raises what that one raised.

    A group of tasks cancels each once, and a client that waits with `asyncio.wait_for` of Python 3.11 may swallow it.
    """
    tasks = {asyncio.create_task(run) for run in runs}
    done: set[asyncio.Task[None]] = set()
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        while left := {task for task in tasks if not task.done()}:
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=CANCEL_AGAIN_S)
        ended = (*done, *(tasks - done))  # each error is looked at: else asyncio prints it
        failed = [error for task in ended if not task.cancelled() and (error := task.exception())]
    if failed:
        raise failed[0]
