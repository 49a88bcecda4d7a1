"""What the workers of the tests answer with: they are other processes and import it."""

import os
import signal
import time


def make():
    return answer


def answer(task: int) -> tuple[int, int]:
    """Return the task and the process; 13 kills its process, 14 ends it, 15 never comes back."""
    if task == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    if task == 14:
        os._exit(3)
    if task == 15:
        while True:
            time.sleep(60)
    return task, os.getpid()
