"""Workers: every task is answered once, whatever happens to a process."""

import os
from contextlib import closing

from aion.sweep.pool import run_all
from tests.sweep.answer import make


def lost(task: int, why: str) -> tuple[int, str]:
    return task, why


def test_dead_worker_costs_its_task_alone() -> None:
    found = dict(run_all(make, [1, 13, 2, 14, *range(20, 30)], lost, 2))
    assert found[13] == "its process was ended by SIGKILL" and found[14] == "its process ended with status 3"
    whole = [task for task, value in found.items() if isinstance(value, int)]
    assert sorted(whole) == [1, 2, *range(20, 30)]
    assert os.getpid() not in found.values()


def test_workers_are_ended_with_whoever_waits_for_them() -> None:
    with closing(run_all(make, [15, 1], lost, 2)) as answers:
        task, pid = next(answers)
        assert task == 1
    # the worker that never comes back is killed and waited for, else the line above would not end
    assert not os.path.exists(f"/proc/{pid}")


def test_no_more_processes_than_asked_for() -> None:
    assert len({pid for _, pid in run_all(make, list(range(10)), lost, 1)}) == 1
