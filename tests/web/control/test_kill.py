"""The kill switch while everything else stands still: held locks, a full thread pool, a locked audit, a slow disk."""

import os
import signal
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from aion.control.inbox import Inbox
from aion.store import lock
from aion.store.layout import Layout
from aion.web.control import kill, request
from tests.holder import STRANGE, held
from tests.process.crew import ready_pids, wait_for, workers
from tests.web.conftest import RunningDesk
from tests.web.sample import Writer

Json = dict[str, Any]
Start = Callable[..., RunningDesk]
CROWD = 45  # more than the threads that answer ordinary requests
POOL = 40  # threads that answer requests, each with one that waits
FOR_EVER_S = 600.0


@pytest.fixture
def desk(start_desk: Start) -> RunningDesk:
    found = start_desk()
    found.write.cycle(5, ["orb_ny"])
    found.write.swing("theirs", control_id="")
    return found


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another program writes to the SQLite file at `path` and does not come to an end."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("begin immediate")
    try:
        yield
    finally:
        other.execute("rollback")
        other.close()


def throw(desk: RunningDesk, bot: str = "desk", reason: str = "now") -> httpx.Response:
    with httpx.Client(base_url=desk.url, trust_env=False, timeout=60) as client:
        return client.put(f"/api/bots/{bot}/kill", json={"reason": reason})


def pause(desk: RunningDesk, bot: str = "orb_ny") -> httpx.Response:
    with httpx.Client(base_url=desk.url, trust_env=False, timeout=FOR_EVER_S) as client:
        return client.post(f"/api/bots/{bot}/control", json={"action": "pause"})


def audit(desk: RunningDesk) -> list[Json]:
    lines: list[Json] = desk.get("/api/audit").json()["lines"]
    return lines


def is_stopped(layout: Layout, bot: str = "desk") -> bool:
    return Inbox(layout, []).killed(bot) != ""


def test_kill_when_a_lock_is_held_and_the_thread_pool_is_full_then_it_is_answered_before_all_of_them(
    desk: RunningDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "LOCK_WAIT_S", FOR_EVER_S)
    with ThreadPoolExecutor(CROWD) as crowd:
        with held(desk.write.layout.controls / ".lock"):
            waiting = [crowd.submit(pause, desk) for _ in range(CROWD)]
            wait_for(lambda: sum("AnyIO" in each.name for each in threading.enumerate()) >= POOL)
            for bot in ("desk", "orb_ny", "theirs"):
                answer = throw(desk, bot)
                assert answer.status_code == 200 and answer.json()["kill"]["reason"] == "now", answer.text
                assert is_stopped(desk.write.layout, bot)
            assert not any(each.done() for each in waiting)
        assert [each.result().status_code for each in waiting] == [200] * CROWD


def in_audit(desk: RunningDesk) -> list[Json]:
    """The audit, read by another program: no thread of the desk answers."""
    found = sqlite3.connect(f"file:{desk.write.layout.desk}?mode=ro", uri=True)
    found.row_factory = sqlite3.Row
    lines = [dict(row) for row in found.execute("select * from audit order by number desc")]
    found.close()
    return lines


def test_requests_when_a_lock_is_held_then_each_is_refused_in_time_with_the_reason(
    desk: RunningDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "LOCK_WAIT_S", 0.2)
    with held(desk.write.layout.controls / ".lock"), ThreadPoolExecutor(CROWD) as crowd:
        answers = [each.result() for each in [crowd.submit(pause, desk) for _ in range(CROWD)]]
    assert {answer.status_code for answer in answers} == {503}
    assert answers[0].json()["detail"] == (
        "pause of orb_ny could not be written: another request or program has held control/.lock for over 0.2 s; "
        "nothing was asked"
    )
    assert list((desk.write.layout.controls / "orb_ny").glob("c*")) == []
    assert pause(desk).status_code == 200


@pytest.mark.parametrize("what", STRANGE)
def test_requests_when_the_lock_is_no_regular_file_then_they_are_refused_and_the_kill_is_not(
    desk: RunningDesk, what: str
) -> None:
    make, said = STRANGE[what]
    for folder in (desk.write.layout.controls, desk.write.layout.configs):
        folder.mkdir()
        make(folder / ".lock")
    refused = pause(desk)
    assert refused.status_code == 503 and f"control/.lock {said}" in refused.json()["detail"]
    rules = desk.client.put("/api/bots/orb_ny/rules", json={"version": 0, "rules": {"stop_loss": 0.02}})
    assert rules.status_code == 503 and f"config/.lock {said}" in rules.json()["detail"]
    assert throw(desk).status_code == 200 and is_stopped(desk.write.layout)


def test_kill_when_the_audit_is_locked_then_it_is_thrown_and_put_on_record_afterwards(
    desk: RunningDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kill, "AFTER_S", 0.2)
    with locked(desk.write.layout.desk):
        assert throw(desk, reason="crash").json()["kill"]["reason"] == "crash"
        assert is_stopped(desk.write.layout)
        assert in_audit(desk) == []
        refused = desk.client.delete("/api/bots/desk/kill")
        assert refused.status_code == 503 and "who threw the kill switch" in refused.json()["detail"]
        assert is_stopped(desk.write.layout), "what is not on record is not cleared"
    wait_for(lambda: in_audit(desk))
    assert desk.client.delete("/api/bots/desk/kill").status_code == 200
    cleared, thrown = audit(desk)
    assert (thrown["what"], thrown["who"], thrown["address"]) == ("kill switch of desk thrown", "local", "127.0.0.1")
    assert thrown["after"]["reason"] == "crash" and cleared["before"] == thrown["after"]
    log = (desk.write.layout.root / "logs" / "web.jsonl").read_text()
    assert "kill switch of desk thrown by local" in log and "tried until it is" in log


def test_kill_when_the_desk_ends_before_the_audit_is_told_then_the_next_start_tells_it(
    tmp_path: Path, start_desk: Start
) -> None:
    layout = Layout(tmp_path / "data")
    layout.root.mkdir()
    with workers(layout.root, 2) as (process, url):
        Writer(layout.root).cycle(5, ["orb_ny"])
        with locked(layout.desk), httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            assert client.put("/api/bots/orb_ny/kill", json={"reason": "gone"}).status_code == 200
            for pid in [process.pid, *ready_pids(process)]:
                os.kill(pid, signal.SIGKILL)
    (layout.kill("swing_1w")).parent.mkdir()
    layout.kill("swing_1w").write_text("{")  # by nobody: it stops, and there is nothing to tell
    desk = start_desk()
    line = wait_for(lambda: in_audit(desk))[0]
    assert (line["what"], line["who"]) == ("kill switch of orb_ny found thrown", "desk")
    assert '"reason":"gone"' in line["after"]
    second = start_desk()
    assert throw(second, "orb_ny").status_code == 200
    assert [line["what"] for line in audit(second)] == [
        "kill switch of orb_ny thrown", "kill switch of orb_ny found thrown",
    ]  # fmt: skip


def test_kill_when_the_disk_does_not_flush_then_the_bots_are_told_and_it_is_answered(
    desk: RunningDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kill, "AFTER_S", 0.2)
    is_over = threading.Event()
    monkeypatch.setattr(request, "flush", lambda _path: is_over.wait(60))
    assert throw(desk).status_code == 200
    assert is_stopped(desk.write.layout)
    assert "has not flushed it" in (desk.write.layout.root / "logs" / "web.jsonl").read_text()
    is_over.set()


def test_kill_when_the_disk_does_not_answer_then_503_says_that_nobody_knows(
    desk: RunningDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kill, "WRITE_S", 0.2)
    is_over = threading.Event()
    monkeypatch.setattr(request, "write_document", lambda *_given, **_more: is_over.wait(60))
    with ThreadPoolExecutor(100) as crowd:
        answers = [each.result() for each in [crowd.submit(throw, desk) for _ in range(100)]]
    assert {answer.status_code for answer in answers} == {503}
    assert "check whether control/desk/kill.json exists" in answers[0].json()["detail"]
    assert threading.active_count() < 100 + kill.MOST_THREADS
    monkeypatch.undo()
    is_over.set()
    wait_for(lambda: throw(desk).status_code == 200)


def test_kill_when_many_throw_it_at_once_then_each_is_answered_and_on_record(desk: RunningDesk) -> None:
    with ThreadPoolExecutor(20) as crowd:
        answers = [each.result() for each in [crowd.submit(throw, desk, "desk", f"r{n}") for n in range(20)]]
    assert {answer.status_code for answer in answers} == {200}
    wait_for(lambda: len(in_audit(desk)) == 20)
    assert is_stopped(desk.write.layout)
    assert list(desk.write.layout.controls.glob("desk/.*")) == [], "no temporary file stays"


def test_kill_when_there_is_no_audit_then_it_is_thrown_all_the_same(start_desk: Start) -> None:
    desk = start_desk(make_folder=False)
    desk.write.cycle(5, ["orb_ny"])
    assert throw(desk).status_code == 200
    assert is_stopped(desk.write.layout)
    assert "this desk has no audit" in (desk.write.layout.root / "logs" / "web.jsonl").read_text()


def test_kill_when_another_worker_stands_still_then_the_other_one_takes_it(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    layout.root.mkdir()
    with workers(layout.root, 2) as (process, url):
        stuck = ready_pids(process)[0]
        os.kill(stuck, signal.SIGSTOP)
        try:
            for _ in range(10):
                assert httpx.put(f"{url}/api/bots/desk/kill", trust_env=False, timeout=20).status_code == 200
        finally:
            os.kill(stuck, signal.SIGCONT)
    assert is_stopped(layout)


def test_kill_when_its_body_is_too_long_or_never_ends_then_others_are_not_held_up(desk: RunningDesk) -> None:
    assert desk.client.put("/api/bots/desk/kill", json={"reason": "x" * 100_000}).status_code == 413
    assert desk.client.put("/api/bots/desk/kill", json={"reason": "x" * 501}).status_code == 422

    def drip() -> Iterator[bytes]:
        yield b'{"reason": "'
        while not is_over.wait(0.05):
            yield b"x"

    is_over = threading.Event()
    with ThreadPoolExecutor(8) as crowd, httpx.Client(base_url=desk.url, trust_env=False, timeout=60) as slow:
        pending = [crowd.submit(slow.put, "/api/bots/desk/kill", content=drip()) for _ in range(8)]
        assert throw(desk).status_code == 200
        assert not any(each.done() for each in pending)
        is_over.set()
        for each in pending:
            assert each.result().status_code == 422
